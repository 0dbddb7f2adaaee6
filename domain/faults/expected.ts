import type { Said } from '../said.ts';
import { worded, type Worded } from './fault.ts';

interface Among {
  among: readonly string[];
}
const addressLike = (example: string): Said => ({ zh: `形如 ${example} 的地址`, en: `an address such as ${example}` });

/**
 * What should stand in a setting, a cell or a field, by a code: schemas and sheets name it with {@link expected}, and it
 * is put into words where a fault is told.
 */
export const EXPECTED = {
  // Texts, names, numbers, times
  text: { zh: '文本', en: 'text' },
  value: { zh: '一个值', en: 'a value' },
  'at-most-characters': ({ most }: { most: number }) => ({
    zh: `至多 ${most} 个字符`,
    en: `at most ${most} characters`,
  }),
  'plain-text': { zh: '不含控制字符的文本', en: 'a text without control characters' },
  'no-control': { zh: '不含控制字符的文本', en: 'no control characters' },
  'without-hash': { zh: '不含 # 的名称', en: 'a name without #' },
  duration: {
    zh: '带单位的数：ms、s、m、h 或 d，例如 30s',
    en: 'a number with its unit: ms, s, m, h or d, for example 30s',
  },
  overlap: { zh: '带单位的数，2h 或 5000rows', en: 'a number with its unit, 2h or 5000rows' },
  'overlap-time': { zh: '时长，例如 2h', en: 'a time such as 2h' },
  'overlap-rows': { zh: '行数，例如 5000rows', en: 'rows such as 5000rows' },
  'overlap-none': { zh: '不填 overlap：全量快照包含全部记录', en: 'no overlap: a snapshot has all rows' },
  'time-of-day': {
    zh: '写在引号中的时刻，例如 "21:30" 或 "24:00"',
    en: 'a time of day in quotes, for example "21:30" or "24:00"',
  },
  hours: {
    zh: '写在引号中的起止时刻，例如 "08:30-17:30"',
    en: 'two times of day in quotes, for example "08:30-17:30"',
  },
  date: { zh: '形如 2026-01-31 的日期', en: 'a date in the form 2026-01-31' },
  instant: ({ example }: { example: string }) => ({
    zh: `形如 ${example} 的时间`,
    en: `an instant such as ${example}`,
  }),
  time: ({ example }: { example?: string }) =>
    example === undefined
      ? { zh: '时间', en: 'a time' }
      : { zh: `形如 ${example} 的时间`, en: `a time such as ${example}` },
  'time-passed': { zh: '已过去的时间', en: 'a time that has passed' },
  'yes-no': { zh: 'true 或 false', en: 'true or false' },
  slug: {
    zh: '小写字母、数字和单个连字符，例如 park-permits',
    en: 'lower-case letters, digits and single hyphens, for example park-permits',
  },
  'other-name': {
    zh: '其他名称：__proto__、constructor 和 prototype 不可使用',
    en: 'another name: __proto__, constructor and prototype are refused',
  },
  'own-id': { zh: '不重复的标识', en: 'an id of its own' },
  'one-of': ({ among }: Among) => ({ zh: `${among.join('、')} 之一`, en: `one of ${among.join(', ')}` }),
  'e-mail': { zh: '电子邮箱地址', en: 'an e-mail address' },
  'own-secret': {
    zh: '单独的密钥：每个接收方、每次轮换各用一个',
    en: 'a secret of its own: one for each receiver, and another at each change',
  },
  'secret-reference': {
    zh: '密钥的出处，{env: 名称} 或 {file: 路径}',
    en: 'a reference to the secret, {env: NAME} or {file: path}',
  },
  // Codes
  'credit-code': { zh: '18 位统一社会信用代码', en: 'an 18-character 统一社会信用代码' },
  'credit-code-text': { zh: '18 位统一社会信用代码，文本格式', en: 'an 18-character 统一社会信用代码, as text' },
  'unit-code': { zh: '该单位的 18 位统一社会信用代码', en: 'the 18-character 统一社会信用代码 of the unit' },
  'type-code': { zh: '21 位证照类型代码', en: 'a 21-character 证照类型代码' },
  'area-code': {
    zh: '写在引号中的 GB/T 2260 行政区划代码，例如 "320200"',
    en: 'a GB/T 2260 area code in quotes, for example "320200"',
  },
  'rule-id': { zh: '规则编号，例如 EO-8e', en: 'a rule id, for example EO-8e' },
  // Connectors
  'url-like': ({ example }: { example: string }) => addressLike(example),
  'base-url': {
    zh: '形如 https://dept.example.gov.cn/api 的地址，或 {env: 名称}',
    en: 'an address such as https://dept.example.gov.cn/api, or {env: NAME}',
  },
  'below-base': { zh: 'baseUrl 之下、以 / 开头的地址', en: 'an address below baseUrl that begins with /' },
  'below-base-key': {
    zh: 'baseUrl 之下、以 / 开头的地址；{key} 为消息自己的键',
    en: 'an address below baseUrl that begins with /; {key} is the message’s own key',
  },
  placeholders: ({ among }: Among) => ({
    zh: `只用占位符 ${among.join(' ')}`,
    en: `only the placeholders ${among.join(' ')}`,
  }),
  'list-placeholders': {
    zh: '只用 {page} {offset} {size} {cursor}：清单整份读取，不分时段',
    en: 'only {page} {offset} {size} {cursor}: the list is read whole, not by windows',
  },
  'list-paging': {
    zh: '其他分页方式：清单整份读取，不分时段',
    en: 'another way of paging: the list is read whole, not by windows',
  },
  'paging-end': {
    zh: 'total、more、untilEmpty 三者恰好一个：系统据此判断一个时段已读完',
    en: 'exactly one of total, more and untilEmpty, by which the hub knows that a window is complete',
  },
  'paging-next': {
    zh: 'page.by 为 cursor 或 next 时填写 next，其他情况不填',
    en: 'next where page.by is cursor or next, and nowhere else',
  },
  'batches-of-return': { zh: 'batches，因为 delivery 为 return', en: 'batches, because delivery is return' },
  'return-of-batches': { zh: '有 batches 时写 delivery: return', en: 'delivery: return beside batches' },
  'window-field': {
    zh: '按其划分时段的时间字段',
    en: 'the field with the time that windows are asked by',
  },
  'window-column': {
    zh: '按其划分时段的时间列',
    en: 'the column with the time that windows are asked by',
  },
  'count-endpoint': { zh: '计数接口，因为答复中没有总数', en: 'a count endpoint, because the answer has no total' },
  'count-instead': {
    zh: '改用计数接口：每个切片的总数只是它自己的',
    en: 'a count endpoint instead: each slice would have a total of its own',
  },
  use: {
    zh: '要读取的数据流、目录、异议工单或发送目标，至少一项',
    en: 'a stream to read, a catalog, disputes, or an outbound target to send to',
  },
  'field-rule': {
    zh: '字段名，或 {from, constant, default, lookup, dates}',
    en: 'the name of a field, or {from, constant, default, lookup, dates}',
  },
  'holders-rule': {
    zh: '列出持证主体的字段，{split: "、;"} 或 {rows: true}',
    en: 'the field that lists the holders, {split: "、;"} or {rows: true}',
  },
  identifier: { zh: '不加引号的表名或 schema.表名', en: 'a name, or schema.name, without quotes' },
  'database-scheme': ({ among }: Among) => ({
    zh: `以 ${among.join('、')} 开头的地址`,
    en: `an address that begins with ${among.join(', ')}`,
  }),
  'address-without-secret': {
    zh: '不含口令的地址；口令另以引用写在旁边',
    en: 'the address without its secret; the password is a reference beside it',
  },
  'database-address': {
    zh: '形如 mysql://hub@10.1.2.3:3306/certs 或 sqlite:/data/certs.db 的地址，或 {env: 名称}',
    en: 'an address such as mysql://hub@10.1.2.3:3306/certs or sqlite:/data/certs.db, or {env: NAME}',
  },
  select: { zh: '末尾不带分号的 SELECT', en: 'a SELECT without a closing semicolon' },
  'table-or-query': { zh: 'table 和 query 恰好一个', en: 'either table or query' },
  'snapshot-of-deletes': { zh: '有 deletes 时写 cursor: snapshot', en: 'cursor: snapshot beside deletes' },
  'sequence-of-return': {
    zh: 'cursor: {sequence: 列}，因为 delivery 为 return',
    en: 'cursor: {sequence: column}, because delivery is return',
  },
  'file-name': { zh: '不含目录的文件名', en: 'a file name without folders' },
  'file-folder': {
    zh: '目录、sftp://user@host/folder 或 https://host/folder',
    en: 'a folder, sftp://user@host/folder or https://host/folder',
  },
  'file-address': {
    zh: '目录，例如 /data/drop、sftp://user@host:22/folder、https://host/folder，或 {env: 名称}',
    en: 'a folder such as /data/drop, sftp://user@host:22/folder, https://host/folder, or {env: NAME}',
  },
  'count-line': {
    zh: '以括号标出条数的正则表达式，例如 ^total=(\\d+)$',
    en: 'an expression with the count in brackets, for example ^共(\\d+)条$',
  },
  fingerprint: {
    zh: '指纹，例如由 ssh-keyscan | ssh-keygen -lf - 得出的 SHA256:…',
    en: 'a fingerprint such as SHA256:… of ssh-keyscan | ssh-keygen -lf -',
  },
  'host-fingerprint': { zh: 'SFTP 服务器密钥的指纹', en: 'the fingerprint of the SFTP server’s key' },
  'date-once': { zh: '{date} 至多一次', en: '{date} once' },
  'format-untold': ({ among }: Among) => ({
    zh: `${among.join('、')} 之一，因为从文件名看不出`,
    en: `one of ${among.join(', ')}, because the name does not tell`,
  }),
  'whole-file': {
    zh: '如何得知文件完整：{marker: .ok}、{countLine: …} 或 {checksum: …}',
    en: 'how a file is known to be whole: {marker: .ok}, {countLine: …} or {checksum: …}',
  },
  'no-lines': {
    zh: '标志文件或校验和：只有 csv 和 jsonl 才有行',
    en: 'a marker or a checksum: only csv and jsonl have lines',
  },
  'full-of-deletes': { zh: '有 deletes 时写 content: full', en: 'content: full beside deletes' },
  'dated-name': {
    zh: '含 {date} 而不含 * 的文件名：HTTP 目录不能列出文件',
    en: 'a name with {date} and without *: over HTTP a folder cannot be listed',
  },
  // Profiles and calendars
  term: {
    zh: '{workingDays: 5}、same-day（自然日，24:00）或 {minutes: 30}',
    en: '{workingDays: 5}, same-day (calendar day, 24:00) or {minutes: 30}',
  },
  'term-or-order': {
    zh: '{workingDays: 5}、same-day（自然日，24:00）、{minutes: 30} 或 by-order',
    en: '{workingDays: 5}, same-day (calendar day, 24:00), {minutes: 30} or by-order',
  },
  'term-or-target': {
    zh: 'term 和 target 只填一个：target 用于法规没有规定期限的事项',
    en: 'either term or target: a target is for duties that the regulation sets no number for',
  },
  'term-needed': {
    zh: 'term；法规没有规定期限的填 target',
    en: 'a term, or a target where the regulation sets no number',
  },
  'order-alone': {
    zh: '具体期限：by-order 只用于限期整改',
    en: 'a length: by-order is for rectification alone',
  },
  'marks-instead': {
    zh: 'marks：该数据源按现状查询证照，事件会丢失',
    en: 'marks instead: this source is asked for certificates as they are, and would lose events',
  },
  'event-time': { zh: '事件时间所在字段', en: 'the field with the time of the event' },
  'same-day-events': {
    zh: 'same-day：全生命周期事件按日监测',
    en: 'same-day: events are watched by their days',
  },
  'starts-of': ({ among, duty }: Among & { duty: string }) => ({
    zh: `${among.join('、')} 之一：${duty} 由这些事件起算`,
    en: `one of ${among.join(', ')}, which ${duty} can start with`,
  }),
  'increment-rule': ({ among }: Among) => ({
    zh: `含事项 increment 的规则：${among.join('、') || '没有'}`,
    en: `a rule with the duty increment: ${among.join(', ') || 'none'}`,
  }),
  'receipt-rule': {
    zh: '含事项 dispute-receipt 且有 target 的规则：disputes.receipt 为 acknowledged',
    en: 'a rule with the duty dispute-receipt and a target: disputes.receipt is acknowledged',
  },
  'draft-uncited': {
    zh: '不填：送审稿不是法规，文书不能引用',
    en: 'nothing: a draft (送审稿) is not law, and no document cites it',
  },
  'order-of-law': {
    zh: '督办等名称：法规有责令改正且规则含 rectification、term 为 by-order 时才称责令',
    en: 'a name such as 督办: 责令 is for a regulation in force that has it, with a rule of rectification whose term is by-order',
  },
  'notice-of-law': {
    zh: '督办函等名称：法规有通报的，写明条款 article 才称通报',
    en: 'a name such as 督办函: 通报 is for a regulation that has it, with its article',
  },
  'order-first': {
    zh: '不填：没有规则含事项 rectification 且 term 为 by-order，文书无从引用条款',
    en: 'nothing: there is no rule with the duty rectification and the term by-order that the document could rest on',
  },
  'one-item': { zh: '只归入一项的来源', en: 'what leads to one item only' },
  'lead-days': ({ rule }: { rule: string }) => ({
    zh: `${rule} 在到期前多少天提醒，{leadDays: 30}`,
    en: `how long before the end, {leadDays: 30}, for ${rule}`,
  }),
  'no-expiry': { zh: '不填：没有规则含事项 expiry', en: 'nothing: no rule has the duty expiry' },
  'date-of-year': ({ year }: { year: number }) => ({
    zh: `${year} 年的日期，或 ${year - 1} 年 12 月的日期`,
    en: `a date of ${year}, or of December ${year - 1}`,
  }),
  'real-day': { zh: '存在的日期', en: 'a day that there is' },
  'each-date-once': { zh: '每个日期只列一次', en: 'each date once' },
  'not-off': { zh: '未列入 off 的日期', en: 'a date that is not in off as well' },
  weekend: {
    zh: '星期六或星期日：其他日子本来就是工作日',
    en: 'a Saturday or Sunday: other days are working days anyway',
  },
  // The catalog, lists of uses, completed cases, reports of use, contact persons
  'face-field': { zh: '照面信息（face）中的字段名', en: 'the name of a field of face (照面信息)' },
  'record-decoded': { zh: '有字段的记录，UTF-8 编码', en: 'a record with fields, in UTF-8' },
  once: { zh: '一次', en: 'it once' },
  'known-types': { zh: '有目录条目的类型', en: 'types that have an entry' },
  'words-of': ({ among }: Among) => ({ zh: `${among.join('、')} 之一`, en: `one of ${among.join('、')}` }),
  'code-and-name': { zh: '代码和名称，以空格隔开', en: 'a code and a name, with a space between' },
  years: { zh: '年数；长期的不填', en: 'a number of years, or nothing for 长期' },
  'field-streams': {
    zh: '字段及其数据流，例如 status: province-return > housing-permits',
    en: 'a field and its streams, for example status: province-return > housing-permits',
  },
  'code-of-sheet': ({ sheet }: { sheet: string }) => ({
    zh: `工作表“${sheet}”中的代码`,
    en: `a code of the sheet ${sheet}`,
  }),
  'field-name': { zh: '字段名', en: 'the name of a field' },
  'known-type': ({ nearest }: { nearest: string | null }) =>
    nearest === null
      ? { zh: '目录中的证照类型代码（目录为空）', en: 'a 证照类型代码 of the catalog, which is empty' }
      : {
          zh: `目录中的证照类型代码，最接近的是 ${nearest}`,
          en: `a 证照类型代码 of the catalog, of which ${nearest} is the nearest`,
        },
  'scenario-once': { zh: '每个事项的每个场景对同一类证照只列一次', en: 'each scenario of an item once for each type' },
  'shared-field': ({ among }: Among) => ({
    zh: `证照字段${among.length > 0 ? `，照面信息有 ${among.join('、')}` : ''}`,
    en: `a field of certificates${among.length > 0 ? `, of their face ${among.join(', ')}` : ''}`,
  }),
  'case-map': {
    zh: '含 case、completedAt、mode 及 key 或 number 的对象',
    en: 'a map with case, completedAt, mode and key or number',
  },
  'only-fields': ({ among }: Among) => ({ zh: `只有 ${among.join('、')}`, en: `only ${among.join(', ')}` }),
  'case-number': { zh: '办件编号', en: 'the number of the case (办件编号)' },
  'case-once': ({ number }: { number: number }) => ({
    zh: `每个办件只列一次；第 ${number} 条已有`,
    en: `each case once; number ${number} has it`,
  }),
  'unit-name': { zh: '单位名称', en: 'the name of the unit' },
  month: { zh: '月份，例如 2026-10', en: 'a month, for example 2026-10' },
  count: { zh: '整数，没有的填 0', en: 'a whole number, 0 where there was none' },
  'at-most-of': ({ name, most }: { name: string; most: number }) => ({
    zh: `不超过${name}，即 ${most}`,
    en: `at most ${name}, ${most}`,
  }),
  'contact-role': { zh: 'operator 或 leader', en: 'operator or leader' },
  person: { zh: '姓名', en: 'the person’s name' },
  phone: { zh: '数字的电话号码', en: 'a phone number in digits' },
  webhook: { zh: '以 https:// 开头的地址', en: 'an address that begins with https://' },
  'some-reach': { zh: '--email、--phone、--webhook 至少一项', en: 'at least one of --email, --phone and --webhook' },
} satisfies Record<string, Worded>;

type Code = keyof typeof EXPECTED;
type FactsOf<C extends Code> = (typeof EXPECTED)[C] extends (facts: infer Facts) => Said ? [facts: Facts] : [];

/** Names what is expected, as the message of a check. */
export const expected = <C extends Code>(code: C, ...[facts]: FactsOf<C>): string =>
  facts === undefined ? code : `${code} ${JSON.stringify(facts)}`;

/** What is expected, in words. Messages of others, such as those of a kind of one’s own, are as they are. */
export function expectedInWords(message: string): Said {
  const [, code = '', facts] = /^(\S+)(?: (\{.*\}))?$/s.exec(message) ?? [];
  if (!Object.hasOwn(EXPECTED, code)) return { zh: message, en: message };
  return worded(EXPECTED[code as Code], facts === undefined ? {} : JSON.parse(facts));
}

/** What is wrong, after the place where it is. */
export const placed = (place: string | Said, { zh, en }: Said): Said =>
  typeof place === 'string'
    ? { zh: `${place}：${zh}`, en: `${place}: ${en}` }
    : { zh: `${place.zh}：${zh}`, en: `${place.en}: ${en}` };

/** Chinese words before others, which stand apart unless they are Chinese, too. */
const before = (words: string, text: string): string => `${words}${/^[\w{/.#-]/.test(text) ? ' ' : ''}${text}`;

/** That something else is expected. */
export const shouldBe = ({ zh, en }: Said): Said => ({ zh: before('应为', zh), en: `expected ${en}` });

/** What stands there, null for nothing, and what is expected instead; how to mend it. */
export function foundInstead(found: Said | string | null, expectation: Said, cure?: Said): Said {
  const there = typeof found === 'string' ? { zh: found, en: found } : found;
  const { zh, en } = shouldBe(expectation);
  return {
    zh: `${there ? before('现为', there.zh) : '没有填写'}，${zh}${cure ? `；${cure.zh}` : ''}`,
    en: `found ${there?.en ?? 'nothing'}, ${en}${cure ? `; ${cure.en}` : ''}`,
  };
}

/** A row of a sheet, counted from 1. */
export const rowPlace = (row: number): Said => ({ zh: `第 ${row} 行`, en: `row ${row}` });

/** That a file is no workbook. */
export const unopenable = (why: string): Said => ({
  zh: `不能作为工作簿打开（${why}）`,
  en: `cannot be opened as a workbook (${why})`,
});
