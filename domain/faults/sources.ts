import type { Said } from '../said.ts';
import type { Fault } from './fault.ts';

/** Where it was found: a connector and what was asked of it, or a setting of it. */
interface Place {
  place: string;
}

/** How long an answer asks to be left alone (Retry-After), and how long it is, in seconds. */
interface Waits {
  asked?: number;
  granted?: number;
}

function waitInWords({ asked, granted }: Waits): Said | null {
  if (asked === undefined || granted === undefined) return null;
  if (asked <= granted) return { zh: `，要求 ${asked} 秒后再问`, en: `, asks to be left alone for ${asked} s` };
  return {
    zh: `，要求 ${asked} 秒后再问，超过 longestWait，${granted} 秒后再问`,
    en: `, asks to be left alone for ${asked} s, more than longestWait: is asked again in ${granted} s`,
  };
}

interface OutsideWindow {
  stream: string;
  window: string;
  records: number;
  /** Of the first of them. */
  keys: readonly string[];
}

interface TotalCapped extends Place {
  window: string;
  total: number;
  parts: number;
}

const AGAIN = {
  zh: '无需操作，系统会自动重试；若持续出现请联系该单位',
  en: 'nothing to do, it is asked again; ask the department if it goes on',
};

const SHAPES = {
  number: { zh: '整数', en: 'a whole number' },
  text: { zh: '文本', en: 'text' },
  records: { zh: '记录的列表', en: 'a list of records' },
  token: { zh: '令牌', en: 'a token' },
  time: { zh: '时间', en: 'a time' },
};
/** What JSON has in that place, as an answer’s reader names it. */
const TYPES: Readonly<Record<string, string>> = {
  nothing: '空',
  null: ' null',
  'a list': '列表',
  'a string': '文本',
  'a number': '数字',
  'a boolean': '真假值',
  'a object': '对象',
};
const NO_JSON = {
  markup: { zh: '是网页', en: 'a web page' },
  cut: { zh: '被截断或有乱码', en: 'truncated or garbled' },
  repeated: { zh: '记录之外有重复的字段', en: 'a field beside the records is there twice' },
};
const READ_BY = { windows: '时段', batches: '批次' };

/** Faults of sources and of what connectors say of them. */
export const SOURCES = {
  // The way to the source
  'source-away': {
    kind: 'transient',
    brief: '连不上源端',
    say: (facts: Place & ({ why: string } | { broken: string })) =>
      'why' in facts
        ? { zh: `${facts.place}：没有应答（${facts.why}）`, en: `${facts.place} does not answer (${facts.why})` }
        : {
            zh: `${facts.place}：没有完整的答复（${facts.broken}）`,
            en: `${facts.place}: no complete answer (${facts.broken})`,
          },
    cure: AGAIN,
  },
  'source-timeout': {
    kind: 'transient',
    brief: '源端未在限定时间内答复',
    say: ({ place }: Place) => ({ zh: `${place}：未在限定时间内答复`, en: `${place}: no answer in time` }),
    cure: AGAIN,
  },
  'answer-slow': {
    kind: 'transient',
    brief: '源端的答复太慢',
    say: ({ place, longestMs }: Place & { longestMs: number }) => ({
      zh: `${place}：${longestMs / 1000} 秒内没有答复完，已中止`,
      en: `${place}: the answer was not complete within ${longestMs / 1000} s, and was given up`,
    }),
    cure: {
      zh: '减小 page.size；该单位的线路确实慢的，调大 longestAnswer',
      en: 'lower page.size; if the line to the department is that slow, raise longestAnswer',
    },
  },
  'source-failing': {
    kind: 'transient',
    brief: '源端内部出错',
    say: (facts: Place & (({ status: number } & Waits) | { why: string })) =>
      'status' in facts
        ? {
            zh: `${facts.place}：答复 ${facts.status}${waitInWords(facts)?.zh ?? ''}`,
            en: `${facts.place}: answered ${facts.status}${waitInWords(facts)?.en ?? ''}`,
          }
        : { zh: `${facts.place}：出错（${facts.why}）`, en: `${facts.place} failed (${facts.why})` },
    cure: AGAIN,
  },
  'rate-limited': {
    kind: 'transient',
    brief: '源端限制了访问频率',
    say: ({ place, status, ...waits }: Place & { status: number } & Waits) => ({
      zh: `${place}：答复 ${status}，访问过于频繁${waitInWords(waits)?.zh ?? ''}`,
      en: `${place}: answered ${status}${waitInWords(waits)?.en ?? ''}`,
    }),
    cure: AGAIN,
  },
  'outside-hours': {
    kind: 'transient',
    brief: '不在源端允许访问的时段',
    say: ({ connector, opens }: { connector: string; opens: string }) => ({
      zh: `${connector} 在 ${opens} 之前不允许访问`,
      en: `${connector} may not be asked before ${opens}`,
    }),
    cure: {
      zh: '无需操作，到开放时段自动继续；时段见连接器文件的 hours 和 maintenance',
      en: 'nothing to do, it goes on then; see hours and maintenance in the connector’s file',
    },
  },
  'address-invalid': {
    kind: 'configuration',
    brief: '源端地址无效',
    say: (facts: Place & ({ schemes: readonly string[] } | { why: string })) =>
      'why' in facts
        ? { zh: `${facts.place}：地址无效（${facts.why}）`, en: `${facts.place}: ${facts.why}` }
        : {
            zh: `${facts.place}：不是数据库地址，应为 scheme://user@host:port/database，scheme 为 ${facts.schemes.join('、')} 之一`,
            en: `${facts.place}: found no address of a database, expected scheme://user@host:port/database with one of ${facts.schemes.join(', ')}`,
          },
    cure: { zh: '修正连接器文件中的地址', en: 'correct the address in the connector’s file' },
  },
  'address-parameter': {
    kind: 'configuration',
    brief: '源端地址的参数无法照办',
    say: ({ place, name, known }: Place & { name: string; known: readonly string[] }) => ({
      zh: `${place}：不认识参数 ${name}，可用的有 ${known.join('、') || '（无）'}`,
      en: `${place}: found the parameter ${name}, expected one of ${known.join(', ') || 'none'}`,
    }),
    cure: {
      zh: '改正或删去该参数：不能照办的参数不会被忽略',
      en: 'correct or remove it: a parameter that cannot be honoured is not passed over',
    },
  },
  'tls-refused': {
    kind: 'configuration',
    brief: '无法与源端建立加密连接',
    say: ({ place, why }: Place & { why: string }) => ({
      zh: `${place}：无法建立加密连接（${why}）`,
      en: `${place}: no encrypted connection (${why})`,
    }),
    cure: {
      zh: '请该单位启用 TLS，并用 sslrootcert=文件 指明其根证书；确知网络可信的，可在地址后写 sslmode=require（不核验证书）或 sslmode=disable（不加密）',
      en: 'have the server offer TLS, and name its root certificate by sslrootcert=file in the address; in a network that can be trusted sslmode=require encrypts without a check, and sslmode=disable does not encrypt',
    },
  },
  'foreign-address': {
    kind: 'configuration',
    brief: '下一页指向了另一个系统',
    say: ({ place, origin }: Place & { origin: string }) => ({
      zh: `${place}：下一页的地址在 ${origin}，属于另一个系统`,
      en: `${place}: the next page is said to be at ${origin}, which is another system`,
    }),
    cure: {
      zh: '向该单位索取对外地址，写入 baseUrl',
      en: 'ask the department for its outer address, and write that into baseUrl',
    },
  },
  'host-key': {
    kind: 'configuration',
    brief: '服务器指纹未配置或不符',
    say: (facts: Place & ({ found: string; expected: string } | { found: null })) =>
      facts.found === null
        ? {
            zh: `${facts.place}：没有 hostKey，应为服务器密钥的指纹（用 ssh-keyscan 取得密钥，再用 ssh-keygen -lf - 得出）`,
            en: `${facts.place}: found no hostKey, expected the fingerprint of the server’s key (ssh-keyscan the server; ssh-keygen -lf - tells SHA256:…)`,
          }
        : {
            zh: `${facts.place}：服务器的密钥为 ${facts.found}，配置的是 ${facts.expected}`,
            en: `${facts.place} has the key ${facts.found}, expected ${facts.expected}`,
          },
    cure: {
      zh: '先向该单位核实服务器及其密钥，再填写或修改 hostKey',
      en: 'ask the department whether this is its server’s key, and only then write it into hostKey',
    },
  },
  'driver-missing': {
    kind: 'configuration',
    brief: '缺少该数据库的驱动程序',
    say: ({ scheme, driver }: { scheme: string; driver: string }) => ({
      zh: `${scheme}：没有安装驱动包 ${driver}`,
      en: `${scheme}: the package ${driver} is not installed`,
    }),
    cure: {
      zh: '用 npm install 安装该驱动包后重试；枢纽不自带',
      en: 'npm install it; the hub does not bring it along',
    },
  },
  // What the source allows
  unauthorised: {
    kind: 'configuration',
    brief: '源端拒绝了凭据',
    say: (facts: Place & ({ status: number } | { field: string; found: string } | { why: string })) => {
      const { place } = facts;
      if ('status' in facts)
        return {
          zh: `${place}：答复 ${facts.status}，凭据被拒绝`,
          en: `${place}: answered ${facts.status}, the credentials are refused`,
        };
      if ('field' in facts)
        return {
          zh: `${place}：${facts.field} = ${facts.found}，含义为未授权`,
          en: `${place}: found ${facts.field} = ${facts.found}, which means: not authorised`,
        };
      return { zh: `${place}：凭据被拒绝（${facts.why}）`, en: `${place} refuses the credentials (${facts.why})` };
    },
    cure: {
      zh: '核对连接器引用的用户、口令或密钥，以及该单位授予的权限',
      en: 'check the values behind auth, or user, password and privateKey, in the connector’s file, and what the department has granted',
    },
  },
  'token-refused': {
    kind: 'transient',
    brief: '源端不认刚签发的令牌',
    say: ({ place }: Place) => ({
      zh: `${place}：对刚签发的令牌答复 401`,
      en: `${place}: answered 401 to a token that it has just issued`,
    }),
    cure: {
      zh: '无需操作，系统会自动重试；若持续出现请向该单位核实令牌的权限',
      en: 'it is asked again; if it goes on, ask the department what its tokens allow',
    },
  },
  'request-refused': {
    kind: 'configuration',
    brief: '源端不接受这个请求',
    say: ({ place, status }: Place & { status: number }) => ({
      zh: `${place}：答复 ${status}`,
      en: `${place}: answered ${status}`,
    }),
    cure: { zh: '核对连接器文件中的路径、方法和请求内容', en: 'check path, method and body' },
  },
  'request-redirected': {
    kind: 'configuration',
    brief: '源端转向了另一个地址',
    say: ({ place, status, to }: Place & { status: number; to: string }) => ({
      zh: `${place}：答复 ${status}，转向了 ${to || '别处'}`,
      en: `${place}: answered ${status}, which leads to ${to || 'nowhere'}`,
    }),
    cure: {
      zh: '转向登录页的，核对凭据；源端换了地址的，将新地址写入 baseUrl',
      en: 'if that is a page to sign in, check the credentials; if the source has moved, write its address into baseUrl',
    },
  },
  'statement-refused': {
    kind: 'configuration',
    brief: '数据库不接受这个查询',
    say: ({ place, why }: Place & { why: string }) => ({ zh: `${place}：${why}`, en: `${place}: ${why}` }),
    cure: {
      zh: '核对表名、列名，以及该用户的读取权限',
      en: 'check the names of table and columns, and what the user may read',
    },
  },
  'value-mistyped': {
    kind: 'configuration',
    brief: '有值与其类型不符',
    say: ({ place, why }: Place & { why: string }) => ({
      zh: `${place}：有值与其类型不符（${why}）`,
      en: `${place}: a value does not fit its type (${why})`,
    }),
    cure: {
      zh: '核对查询、各列的类型和 timeFormat',
      en: 'check the query, the types of its columns, and timeFormat',
    },
  },
  'source-refused': {
    kind: 'transient',
    brief: '源端以错误码答复',
    say: ({
      place,
      field,
      found,
      expected,
    }: Place & { field: string; found: string; expected: readonly string[] }) => ({
      zh: `${place}：${field} = ${found}，应为 ${expected.join(' 或 ')}`,
      en: `${place}: found ${field} = ${found}, expected ${expected.join(' or ')}`,
    }),
    cure: {
      zh: '按接口手册查该错误码；系统会继续重试',
      en: 'look the code up in the gateway’s manual; it is asked again meanwhile',
    },
  },
  signing: {
    kind: 'configuration',
    brief: '请求签名失败',
    say: ({ place, algorithm, why }: Place & { algorithm: string; why: string }) => ({
      zh: `${place}：${algorithm} 运算失败（${why}）`,
      en: `${place}: ${algorithm} failed: ${why}`,
    }),
    cure: {
      zh: '核对密钥的长度和编码，以及签名步骤的输入',
      en: 'check the length and the encoding of the key, and what the step works on',
    },
  },
  'template-name': {
    kind: 'configuration',
    brief: '模板引用了不存在的名称',
    say: ({ place, name, names }: Place & { name: string; names: readonly string[] }) => ({
      zh: `${place}：没有名称 {${name}}，可用的有 ${names.join('、')}`,
      en: `${place}: found {${name}}, expected one of ${names.join(', ')}`,
    }),
    cure: {
      zh: '修正名称，或在 auth.values、auth.steps 中补上',
      en: 'correct the name, or add it to auth.values or auth.steps',
    },
  },
  // What it answers
  'empty-body': {
    kind: 'transient',
    brief: '源端的答复没有内容',
    say: ({ place }: Place) => ({
      zh: `${place}：答复没有内容，应为 JSON`,
      en: `${place}: found an empty body, expected JSON`,
    }),
    cure: {
      zh: AGAIN.zh,
      en: 'the source answered without content; ask the department if it goes on',
    },
  },
  'broken-body': {
    kind: 'transient',
    brief: '源端的答复不完整或不是 JSON',
    say: ({ place, characters, is }: Place & { characters: number; is: keyof typeof NO_JSON }) => ({
      zh: `${place}：答复的 ${characters} 个字符不是完整的 JSON（${NO_JSON[is].zh}）`,
      en: `${place}: found ${characters} characters that are no complete JSON (${NO_JSON[is].en})`,
    }),
    cure: {
      zh: AGAIN.zh,
      en: 'the source’s answer was cut off or is an error page; it is asked again',
    },
  },
  'xml-answer': {
    kind: 'transient',
    brief: '源端以 XML 答复，应为 JSON',
    say: ({ place, root }: Place & { root: string }) => ({
      zh: `${place}：答复是 XML（根元素 ${root}），应为 JSON`,
      en: `${place}: found XML (its root is ${root}), expected JSON`,
    }),
    cure: {
      zh: '系统会继续重试；接口本来就返回 XML 的，请该单位提供 JSON 接口，或改 path 和请求头使其返回 JSON',
      en: 'it is asked again; if its interface speaks XML, ask the department for one that answers in JSON, or for the path that does',
    },
  },
  'soap-fault': {
    kind: 'transient',
    brief: '源端的 SOAP 服务报错',
    say: ({ place, code, reason }: Place & { code: string; reason: string }) => ({
      zh: `${place}：SOAP 服务报错 ${code}${reason && `（${reason}）`}，应为 JSON`,
      en: `${place}: found the SOAP fault ${code}${reason && ` (${reason})`}, expected JSON`,
    }),
    cure: {
      zh: '系统会继续重试；枢纽不发 SOAP 请求，请该单位提供 JSON 接口',
      en: 'it is asked again; the hub sends no SOAP requests: ask the department for an interface that answers in JSON',
    },
  },
  'answer-shape': {
    kind: 'configuration',
    brief: '答复中没有配置所指的字段',
    say: ({
      place,
      found,
      path,
      expected,
      fields,
    }: Place & { found: string; path: string; expected: keyof typeof SHAPES; fields: string }) => ({
      zh: `${place}：“${path}”处应为${SHAPES[expected].zh}（现为${TYPES[found] ?? found}），答复的字段有 ${fields}`,
      en: `${place}: found ${found} at “${path}”, expected ${SHAPES[expected].en}; the answer has the fields ${fields}`,
    }),
    cure: {
      zh: '按答复的实际字段修正配置中的路径',
      en: 'correct the path',
    },
  },
  'page-too-large': {
    kind: 'configuration',
    brief: '一页数据超过上限',
    say: ({ place }: Place) => ({
      zh: `${place}：答复超过 maxPage 的上限`,
      en: `${place}: the answer is larger than maxPage allows`,
    }),
    cure: { zh: '减小 page.size，或调大 maxPage', en: 'lower page.size or raise maxPage' },
  },
  'repeated-page': {
    kind: 'transient',
    brief: '源端重复返回同一页',
    say: ({ stream, page }: { stream: string; page: number }) => ({
      zh: `${stream}：第 ${page} 页与之前的一页相同`,
      en: `${stream}: page ${page} repeats an earlier page`,
    }),
    cure: {
      zh: '若持续出现，核对分页参数（path、page.first）',
      en: 'if it goes on, the gateway ignores the page number: check path and page.first',
    },
  },
  'short-page': {
    kind: 'transient',
    brief: '一页的记录少于源端所称',
    say: ({ place, records, least }: Place & { records: number; least: number }) => ({
      zh: `${place}：有 ${records} 条记录，应为 ${least} 条`,
      en: `${place}: found ${records} records, expected ${least}`,
    }),
    cure: AGAIN,
  },
  'list-short': {
    kind: 'transient',
    brief: '清单条目少于源端所称',
    say: ({ entries, total }: { entries: number; total: number }) => ({
      zh: `清单有 ${entries} 条，应为 ${total} 条`,
      en: `the list: found ${entries} entries, expected ${total}`,
    }),
    cure: { zh: AGAIN.zh, en: 'nothing to do, the list is read again' },
  },
  'source-moved': {
    kind: 'transient',
    brief: '读取期间源端数据有变动',
    say: (facts: { before: number; after: number; batch: string | undefined } | { page: number }) => {
      if ('page' in facts)
        return {
          zh: `第 ${facts.page} 页已经入库，内容与这次不同`,
          en: `page ${facts.page} is in already, with other records`,
        };
      const { before, after, batch } = facts;
      return {
        zh: `读取期间源端数据有变动：${before} 条变为 ${after} 条${batch === undefined ? '' : `（批次 ${batch}）`}`,
        en: `the source changed while it was read: ${before} records became ${after}${batch === undefined ? '' : ` in batch ${batch}`}`,
      };
    },
    cure: { zh: '无需操作，该时段会重新读取', en: 'nothing to do, the window is read again' },
  },
  'source-contract': {
    kind: 'configuration',
    brief: '源端字段发生了变化',
    say: ({ stream, field, change, found }: { stream: string; field: string; change: Said; found: string }) => ({
      zh: `${stream}：源端字段 ${field} ${change.zh}（${found}）`,
      en: `${stream}: the source’s field ${field} is ${change.en} (${found})`,
    }),
    cure: {
      zh: '修正字段映射，或放宽 contract 中对应的处置方式',
      en: 'mend the mapping, or set what contract does with such a change to another value than stop',
    },
  },
  'too-many-rejects': {
    kind: 'configuration',
    brief: '问题数据比例过高，已停止入库',
    say: ({
      stream,
      rejected,
      read,
      limit,
    }: {
      stream: string;
      rejected: number;
      read: number;
      limit: 'most' | 'share';
    }) => ({
      zh: `${stream}：读取 ${read} 条，其中 ${rejected} 条被拒收，超过 rejects.${limit}`,
      en: `${stream}: ${rejected} of ${read} records were rejected, more than rejects.${limit} allows`,
    }),
    cure: {
      zh: '预览数据并修正映射；确属源端问题的，可调整 rejects 上限',
      en: 'look at ./hub connector preview; mend the mapping, or raise the limit',
    },
  },
  'charset-wrong': {
    kind: 'configuration',
    brief: '名称多为乱码，已停止入库',
    say: ({ stream, garbled, read }: { stream: string; garbled: number; read: number }) => ({
      zh: `${stream}：读取 ${read} 条，其中 ${garbled} 条的名称疑似乱码，超过 rejects.garbled`,
      en: `${stream}: the names of ${garbled} of ${read} records look garbled, more than rejects.garbled allows`,
    }),
    cure: {
      zh: '用 charset（文件为 encoding）写明源端的字符集；确属源端数据问题的，可调整 rejects.garbled',
      en: 'name the source’s character set in charset (encoding for files); if the data itself is garbled, raise rejects.garbled',
    },
  },
  'outside-window': {
    kind: 'configuration',
    brief: '源端返回了所问时段之外的记录',
    say: ({ stream, window, records, keys }: OutsideWindow) => ({
      zh: `${stream}：请求 ${window}，返回的记录中有 ${records} 条的更新时间为空、无法识别或不在其中：${keys.join('、')}`,
      en: `${stream}: asked for ${window}, found ${records} records whose time of change is none, unreadable or not in it: ${keys.join(', ')}`,
    }),
    cure: {
      zh: '核对 path 中的起止参数、window.format、window.end 和 record.updatedAt；都无误的，请该单位按所给时段筛选，并补正这些记录的更新时间',
      en: 'check from and to in path, window.format, window.end and record.updatedAt; if these are right, ask the department to filter by them, and to correct the times of these records',
    },
  },
  'time-misspelt': {
    kind: 'configuration',
    brief: '时间列的写法不一，不能按时段读取',
    say: ({ place, column, rows, format }: Place & { column: string; rows: number; format: string }) => ({
      zh: `${place}：${column} 列有 ${rows} 行的时间不合 timeFormat（${format}），按文本比较会漏读或错序`,
      en: `${place}: ${rows} rows have a ${column} that is not written as timeFormat: ${format} says: compared as text they are missed, or come out of order`,
    }),
    cure: {
      zh: '改用 query，将该列转换为时间类型（例如 SELECT t.*, CAST(gxsj AS timestamp) AS changed_at FROM t），并以其为 record.updatedAt；各行写法一致、只是与 timeFormat 不符的，改正 timeFormat',
      en: 'use a query that makes it a column of times (for example SELECT t.*, CAST(gxsj AS timestamp) AS changed_at FROM t), and that as record.updatedAt; where all rows are written alike, but in another form, correct timeFormat',
    },
  },
  'total-capped': {
    kind: 'transient',
    brief: '源端的总数有上限',
    say: ({ place, window, total, parts }: TotalCapped) => ({
      zh: `${place}：${window} 的总数为 ${total}，各段之和为 ${parts}，总数有上限，超出的整段读不到`,
      en: `${place}: the total of ${window} is ${total}, that of its parts ${parts}: the source caps its totals, and hands out no more of one window`,
    }),
    cure: {
      zh: '系统自动分段读取；为减少请求，可调小该数据流的 slice，使一个时段不超过上限',
      en: 'it is read in parts; to save requests lower slice of the stream, so that a window holds fewer',
    },
  },
  'error-answer': {
    kind: 'transient',
    brief: '源端的答复是错误，而非无数据',
    say: ({ place, field, found }: Place & { field: string; found: string }) => ({
      zh: `${place}：没有记录，而 ${field} = ${found}，是错误而非无数据`,
      en: `${place}: found no records beside ${field} = ${found}, which is an error and not an empty window`,
    }),
    cure: {
      zh: '按接口手册查该答复；并在连接器文件的 response.success 中写明成功的取值，例如 {field: success, values: ["true"]}',
      en: 'look the answer up in the gateway’s manual, and write into response.success of the connector’s file what means success, for example {field: success, values: ["true"]}',
    },
  },
  'mapping-refuses-all': {
    kind: 'configuration',
    brief: '样本中没有一条记录能通过映射',
    say: {
      zh: '样本中没有一条记录能通过映射',
      en: 'the mapping accepts no record of the sample',
    },
    cure: {
      zh: '用“预览”查看原因，并修正映射',
      en: './hub connector preview shows why; ./hub connector discover drafts the mapping',
    },
  },
  'no-batch': {
    kind: 'configuration',
    brief: '源端现在没有可看的批次',
    say: ({ stream }: { stream: string }) => ({
      zh: `${stream}：源端现在没有可看的批次，请等它交付后再试`,
      en: `${stream} has no batch to look at now`,
    }),
    cure: { zh: '等源端交付后再试', en: 'wait until the source has delivered something' },
  },
  'not-asked': {
    kind: 'configuration',
    brief: '该数据由对方推送，不能主动读取',
    say: { zh: '该数据由对方推送，不能主动读取', en: 'an inbox is pushed to, and cannot be read' },
    cure: { zh: '等对方推送，或请对方补推', en: 'see ./hub connector status' },
  },
  'read-otherwise': {
    kind: 'configuration',
    brief: '数据流改了读取方式，原先安排的读取已中止',
    say: ({ now, planned }: { now: keyof typeof READ_BY; planned: keyof typeof READ_BY }) => ({
      zh: `源端现按${READ_BY[now]}读取，这次读取原按${READ_BY[planned]}安排`,
      en: `the source is read by ${now}, and this was planned for one that is read by ${planned}`,
    }),
    cure: {
      zh: '在控制台恢复该数据流，系统会重新安排',
      en: 'resume the stream in the console, or restart the hub: what is due is planned again',
    },
  },
  'read-once': {
    kind: 'configuration',
    say: ({ stream, connectorKind }: { stream: string; connectorKind: string }) => ({
      zh: `${stream} 读自 ${connectorKind}：已取走的批次在源端已不存在，请部门重新交付`,
      en: `${stream} is read from ${connectorKind}: a batch that was taken is not there any more`,
    }),
    cure: {
      zh: '请部门重新交付：将相应行重新置为待取，或重新推送',
      en: 'ask the department to deliver it once more: to set the rows to open again, or to push them again',
    },
  },
  'stream-paused': {
    kind: 'configuration',
    brief: '数据流已暂停',
    say: ({ stream, reason }: { stream: string; reason: string }) => ({
      zh: `${stream} 已暂停：${reason}`,
      en: `${stream} is paused: ${reason}`,
    }),
    cure: { zh: '排除暂停原因后恢复', en: 'mend it, then restart the hub' },
  },
  // Of what no stream is read
  'catalog-unknown': {
    kind: 'configuration',
    say: ({ connector }: { connector: string }) => ({
      zh: `没有配置发布目录的连接器“${connector}”`,
      en: `No connector “${connector}” with a catalog is configured`,
    }),
    cure: {
      zh: '在该连接器的文件中加上 catalog 一节，见 docs/catalog.md',
      en: 'add a section catalog to its file, see docs/catalog.md',
    },
  },
  'disputes-unknown': {
    kind: 'configuration',
    say: ({ connector }: { connector: string }) => ({
      zh: `没有配置提供异议工单的连接器“${connector}”`,
      en: `No connector “${connector}” that lists disputes is configured`,
    }),
    cure: {
      zh: '在该连接器的文件中加上 disputes 一节，见 docs/connectors/README.md',
      en: 'add a section disputes to its file, see docs/connectors/README.md',
    },
  },
  'target-unknown': {
    kind: 'configuration',
    say: ({ target }: { target: string }) => ({
      zh: `没有配置发送目标“${target}”`,
      en: `No outbound target “${target}” is configured`,
    }),
    cure: { zh: '在某个连接器的 outbound 中加上它', en: 'add it to outbound of a connector' },
  },
  'seal-results': {
    kind: 'configuration',
    brief: '电子印章服务没有给出结果的位置',
    say: ({ target, stream }: { target: string; stream: string }) => ({
      zh: `${stream} 的发送目标“${target}”没有写明签章结果在哪里`,
      en: `The outbound target “${target}” of ${stream} does not say where its results are`,
    }),
    cure: { zh: '为该目标加上 results', en: 'add results to it' },
  },
  'run-going-on': {
    kind: 'configuration',
    status: 409,
    say: ({ run }: { run: string }) => ({
      zh: '同类运行正在进行，请待其结束',
      en: `${run}: a run of it is going on`,
    }),
    cure: { zh: '等它结束后再试', en: 'wait until it has ended' },
  },
} satisfies Record<string, Fault>;
