import type { Fault } from './fault.ts';

/** Faults of files: those that records are read from, those of certificates, and where these are kept. */
export const FILES = {
  'folder-missing': {
    kind: 'configuration',
    brief: '目录不存在或无权读取',
    say: ({ place, why }: { place: string; why: string }) => ({
      zh: `${place}：无法读取（${why}）`,
      en: `${place} cannot be read (${why})`,
    }),
    cure: {
      zh: '修正地址中的目录，或请该单位授权',
      en: 'correct the folder in address, create it, or let the hub’s user read it',
    },
  },
  'file-refused': {
    kind: 'configuration',
    brief: '源端不提供该文件',
    say: ({ place, status }: { place: string; status: number }) => ({
      zh: `${place}：答复 ${status}`,
      en: `${place}: answered ${status}`,
    }),
    cure: { zh: '修正连接器文件中的地址', en: 'correct address' },
  },
  'file-unreadable': {
    kind: 'configuration',
    brief: '文件不存在或无法读取',
    say: ({ file, why }: { file: string; why: string }) => ({
      zh: `${file}：无法读取（${why}）`,
      en: `${file}: cannot be read (${why})`,
    }),
    cure: { zh: '核对文件名和读取权限', en: 'name a file that can be read' },
  },
  'file-gone': {
    kind: 'transient',
    brief: '文件已被移走或内容已变',
    say: (facts: { place: string; file: string; taken?: true } | { place: string; status: number }) => {
      if ('status' in facts)
        return {
          zh: `${facts.place}：答复 ${facts.status}，文件已不在`,
          en: `${facts.place}: answered ${facts.status}`,
        };
      return facts.taken
        ? {
            zh: `${facts.place}：文件 ${facts.file} 已不在，或内容与取走时不同`,
            en: `${facts.place}: the file ${facts.file} is gone, or has another content than when it was taken`,
          }
        : { zh: `${facts.place}：文件 ${facts.file} 已不在`, en: `${facts.place}: the file ${facts.file} is gone` };
    },
    cure: {
      zh: '系统会再次查找；放回原文件，没有的向该单位索取',
      en: 'it is looked for again; put the same file back, or ask the department for it',
    },
  },
  'file-incomplete': {
    kind: 'transient',
    brief: '文件尚未传完',
    say: (facts: { file: string } & ({ sidecar: string } | { broken: string } | { countLine: true })) => {
      const { file } = facts;
      if ('sidecar' in facts)
        return {
          zh: `${file}：校验和与 ${facts.sidecar} 所写不符`,
          en: `${file}: its checksum is not what ${facts.sidecar} says`,
        };
      if ('broken' in facts)
        return { zh: `${file}：无法解压（${facts.broken}）`, en: `${file}: cannot be unpacked (${facts.broken})` };
      return {
        zh: `${file}：最后一行不是 complete.countLine 所指的行数`,
        en: `${file}: its last line is not the one with the number of rows, as complete.countLine has it`,
      };
    },
    cure: {
      zh: '无需操作，系统会自动重试；若持续出现请联系该单位',
      en: 'it is probably still being written and is tried again; ask the department if it goes on',
    },
  },
  'file-broken': {
    kind: 'configuration',
    brief: '文件损坏或格式有误',
    say: ({ file, ...found }: { file: string } & FileBreak) => {
      const { zh, en } = brokenBy(found);
      return { zh: `${file}：${zh}`, en: `${file}: ${en}` };
    },
    cure: {
      zh: '请该单位重新提供该文件',
      en: 'ask the department for a corrected file; nothing of this one is lost meanwhile',
    },
  },
  'file-kind': {
    kind: 'configuration',
    brief: '不支持这种文件',
    say: ({ file, formats }: { file: string; formats: readonly string[] }) => ({
      zh: `${file}：不支持这种文件，应为 ${formats.join('、')} 之一`,
      en: `${file}: found another kind of file, expected one of ${formats.join(', ')}`,
    }),
    cure: { zh: '另存为支持的格式', en: 'save it as one of these' },
  },
  'file-format': {
    kind: 'configuration',
    brief: '从文件名看不出格式',
    say: ({ file }: { file: string }) => ({
      zh: `${file}：从文件名看不出格式，应为 .csv、.xlsx、.xls 或 .jsonl`,
      en: `${file}: found no format in its name, expected .csv, .xlsx, .xls or .jsonl`,
    }),
    cure: { zh: '另存为 csv、xlsx、xls 或 jsonl', en: 'save it as one of these' },
  },
  'file-encoding': {
    kind: 'configuration',
    say: ({ file }: { file: string }) => ({
      zh: `${file}：既不是 UTF-8，也不是 GB 18030`,
      en: `${file}: found bytes that are neither UTF-8 nor GB 18030`,
    }),
    cure: { zh: '另存为 UTF-8', en: 'save it as UTF-8' },
  },
  'file-columns': {
    kind: 'configuration',
    brief: '文件的列名不对',
    say: (facts: { file: string } & ({ reserved: string } | { columns: readonly string[]; key: string })) => {
      const { file } = facts;
      if ('reserved' in facts)
        return {
          zh: `${file} 的列名“${facts.reserved}”为保留名称，不可使用`,
          en: `${file}: found the column “${facts.reserved}”, expected the name of a field`,
        };
      const { columns, key } = facts;
      return {
        zh: `${file} 的列为 ${columns.join('、') || '（无）'}，缺少源端主键“${key}”`,
        en: `${file}: found ${columns.join(', ') || 'no columns'}, expected “${key}” with the source’s key as text`,
      };
    },
    cure: {
      zh: '按数据源的字段名修改列名',
      en: 'rename the columns as the source names its fields, which ./hub connector explain shows; __proto__, constructor and prototype are refused as names',
    },
  },
  'file-empty': {
    kind: 'configuration',
    say: ({ file }: { file: string }) => ({
      zh: `${file} 中没有记录`,
      en: `${file}: found no records, expected some below the names of their columns`,
    }),
    cure: { zh: '请提交有记录的文件', en: 'hand in the file with the records' },
  },
  'file-elsewhere': {
    kind: 'configuration',
    brief: '文件地址不在该单位的接口上',
    say: ({ place }: { place: string }) => ({
      zh: `${place}：文件地址不在 baseUrl 的主机上`,
      en: `${place}: its address is not on the host of baseUrl`,
    }),
    cure: {
      zh: '请该单位提供其接口上的地址；凭据不会发往别处',
      en: 'ask the department for addresses of its gateway: credentials are not sent elsewhere',
    },
  },
  'file-too-large': {
    kind: 'configuration',
    brief: '文件超过大小上限',
    say: (facts: { limitBytes: number } | { workbook: string; megabytes: number; most: number }) =>
      'workbook' in facts
        ? {
            zh: `${facts.workbook}：工作簿有 ${facts.megabytes} MB，上限为 ${facts.most} MB`,
            en: `${facts.workbook}: a workbook of ${facts.megabytes} MB, expected at most ${facts.most}`,
          }
        : {
            zh: `文件超过上限 ${facts.limitBytes.toLocaleString('en')} 字节`,
            en: `A file is larger than the ${facts.limitBytes.toLocaleString('en')} bytes that are allowed`,
          },
    cure: {
      zh: '请该单位改用 csv 或拆分文件，或调大 maxFile',
      en: 'ask the department what it is; of a workbook, which is opened whole, in twenty times its size, ask for csv; or raise the limit, for example maxFile',
    },
  },
  // Where files are kept
  'file-hash': {
    kind: 'system',
    say: ({ hash }: { hash: string }) => ({
      zh: `“${hash}”不是文件的散列值`,
      en: `“${hash}” is not the hash of a file`,
    }),
  },
  'file-missing': {
    kind: 'system',
    say: ({ hash, place }: { hash: string; place: string }) => ({
      zh: `${place} 中没有文件 ${hash}`,
      en: `The file ${hash} is not in ${place}`,
    }),
    cure: { zh: '从备份恢复该文件，或重新取得', en: 'restore it from the backup, or have it fetched again' },
  },
  'file-store-away': {
    kind: 'transient',
    say: ({ place, why }: { place: string; why: string }) => ({
      zh: `${place} 没有完整的答复（${why}）`,
      en: `${place} gives no complete answer (${why})`,
    }),
    cure: {
      zh: '无需操作，系统会自动重试；若持续出现请检查该服务器',
      en: 'nothing to do, it is asked again; look after the server if it goes on',
    },
  },
  'file-store-refused': {
    kind: 'configuration',
    say: (facts: { place: string } & ({ answer: string } | { why: string })) =>
      'answer' in facts
        ? { zh: `${facts.place} 拒绝了枢纽（${facts.answer}）`, en: `${facts.place} refuses the hub (${facts.answer})` }
        : {
            zh: `${facts.place} 无法读写（${facts.why}）`,
            en: `${facts.place} cannot be written or read: ${facts.why}`,
          },
    cure: (facts: { answer: string } | { why: string }) =>
      'answer' in facts
        ? {
            zh: '修正 hub.yaml 的 files.s3：endpoint、region、bucket 及密钥；须有 GetObject、PutObject 和 ListBucket 权限',
            en: 'correct files.s3 in hub.yaml: endpoint, region, bucket and keys, which need GetObject, PutObject and ListBucket',
          }
        : {
            zh: '让枢纽的用户可以写入，或修改 hub.yaml 的 files.folder',
            en: 'let the hub’s user write there, or set files.folder in hub.yaml',
          },
  },
  'file-store-full': {
    kind: 'system',
    say: ({ place, why }: { place: string; why: string }) => ({
      zh: `${place} 无法写入，空间不足（${why}）`,
      en: `${place} cannot be written or read: ${why}`,
    }),
    cure: { zh: '腾出磁盘空间', en: 'make room on its disk' },
  },
  'file-store-broken': {
    kind: 'system',
    say: (facts: { place: string } & ({ answer: string } | { why: string } | { lost: true })) => {
      if ('answer' in facts)
        return {
          zh: `${facts.place} 拒绝了枢纽（${facts.answer}）`,
          en: `${facts.place} refuses the hub (${facts.answer})`,
        };
      if ('why' in facts)
        return {
          zh: `${facts.place} 无法读写（${facts.why}）`,
          en: `${facts.place} cannot be written or read: ${facts.why}`,
        };
      return {
        zh: `${facts.place} 读出的内容与写入的不同`,
        en: `${facts.place} does not give back what was written to it`,
      };
    },
    cure: { zh: '检查存放文件的磁盘或服务器', en: 'look after the disk or the server that keeps the files' },
  },
} satisfies Record<string, Fault>;

/** What a file can hold too much of. */
const TOO_MUCH = {
  entries: { zh: '个部件', en: 'parts' },
  bytes: { zh: '字节（解压后）', en: 'bytes when it is unpacked' },
  cells: { zh: '个单元格', en: 'cells' },
  characters: { zh: '个字符', en: 'characters' },
  megabytes: { zh: ' MB 内存', en: 'MB of memory' },
  seconds: { zh: ' 秒', en: 'seconds' },
} as const;

/** What a file is broken by. */
export type FileBreak =
  | { is: 'archive'; files: number }
  | { is: 'encrypted' }
  | { is: 'rows'; why: string }
  | { is: 'line'; most: number }
  | { is: 'sheet'; sheets: readonly string[]; expected: string }
  | { is: 'sheets'; sheets: readonly string[] }
  | { is: 'header'; row: number }
  | { is: 'columns'; row: number; columns: number; missing: readonly string[]; content: FileContent }
  | { is: 'quote'; row: number }
  | { is: 'unopened'; why: string; content?: FileContent }
  | { is: 'too-much'; what: keyof typeof TOO_MUCH; most: number };

/** What the first bytes of a file are, in words. */
const CONTENTS = {
  empty: { zh: '文件没有内容', en: 'the file has no content' },
  html: { zh: '内容是网页', en: 'the file is an HTML page' },
  markup: { zh: '内容是 XML', en: 'the file is XML' },
  json: { zh: '内容以 JSON 开头', en: 'the file begins as JSON does' },
  zip: { zh: '内容是压缩包或 xlsx', en: 'the file is an archive or a workbook (zip)' },
  gzip: { zh: '内容是 gzip 压缩包', en: 'the file is compressed by gzip' },
  office: { zh: '内容是旧版 Office 文件', en: 'the file is an old Office file' },
  pdf: { zh: '内容是 PDF', en: 'the file is a PDF' },
  text: { zh: '内容是文本', en: 'the file is text' },
} as const;
export type FileContent = keyof typeof CONTENTS;

function brokenBy(found: FileBreak): { zh: string; en: string } {
  switch (found.is) {
    case 'archive':
      return {
        zh: `压缩包内有 ${found.files} 个文件，应为 1 个`,
        en: `the archive has ${found.files} files, expected one`,
      };
    case 'encrypted':
      return { zh: '压缩包已加密', en: 'the archive is encrypted' };
    case 'rows':
      return { zh: `行的格式有误（${found.why}）`, en: found.why };
    case 'line':
      return { zh: `有一行超过 ${found.most} 个字符`, en: `a line of more than ${found.most} characters` };
    case 'sheet':
      return {
        zh: `工作表有 ${found.sheets.join('、')}，没有“${found.expected}”，请修正 sheet`,
        en: `found the sheets ${found.sheets.join(', ')}, expected “${found.expected}”: correct sheet`,
      };
    case 'header':
      return {
        zh: `第 ${found.row} 行为空，应为列名，请修正 header`,
        en: `row ${found.row} is empty, expected the names of the columns: correct header`,
      };
    case 'sheets':
      return {
        zh: `工作表 ${found.sheets.join('、')} 也有数据，没有读取，请在 sheet 中指明读哪一个`,
        en: `there are records that are not read on ${found.sheets.join(', ')}: name the sheet to be read in sheet`,
      };
    case 'columns': {
      const content = CONTENTS[found.content];
      return {
        zh: `${content.zh}，第 ${found.row} 行的 ${found.columns} 列中没有列名 ${found.missing.join('、')}`,
        en: `${content.en}, and the ${found.columns} columns of row ${found.row} have no ${found.missing.join(', ')}`,
      };
    }
    case 'quote':
      return {
        zh: `第 ${found.row} 行的引号没有闭合，并入了其后的行`,
        en: `a quote of row ${found.row} does not close and takes in the rows after it`,
      };
    case 'unopened': {
      if (found.content === undefined)
        return { zh: `不是能打开的工作簿（${found.why}）`, en: `cannot be opened as a workbook (${found.why})` };
      const content = CONTENTS[found.content];
      return { zh: `${content.zh}，无法打开（${found.why}）`, en: `${content.en} and cannot be opened (${found.why})` };
    }
    case 'too-much': {
      const { zh, en } = TOO_MUCH[found.what];
      const most = found.most.toLocaleString('en');
      return {
        zh: `打开它需要超过 ${most}${zh}，请拆分或改用 csv`,
        en: `takes more than ${most} ${en} to open: split it, or use csv`,
      };
    }
  }
}
