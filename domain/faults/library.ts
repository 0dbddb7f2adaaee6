import { inLines, type Fault, type Lines } from './fault.ts';

/** Faults of the catalog, certificates and their files, seals, and the sheets that go with them. */
export const LIBRARY = {
  'entry-unknown': {
    kind: 'configuration',
    say: ({ types, approved }: { types: readonly string[]; approved: boolean }) => ({
      zh: `${types.join('、')}：目录中没有${approved ? '已批准的' : '该'}条目`,
      en: `${types.join(', ')}: no ${approved ? 'approved' : 'such'} entry`,
    }),
    cure: { zh: '用 ./hub catalog list 查看', en: './hub catalog list shows them' },
  },
  'draft-unknown': {
    kind: 'configuration',
    say: ({ types }: { types: readonly string[] }) => ({
      zh: types.length > 0 ? `${types.join('、')}：没有草案` : '没有草案',
      en: `${types.join(', ') || 'Nothing'}: no draft`,
    }),
    cure: {
      zh: '用 ./hub catalog import 提交草案，用 ./hub catalog list 查看',
      en: './hub catalog import drafts entries; ./hub catalog list shows them',
    },
  },
  'entry-incomplete': {
    kind: 'configuration',
    say: (facts: Lines) => ({
      zh: `均未批准：\n${inLines(facts).zh}`,
      en: `Nothing was approved:\n${inLines(facts).en}`,
    }),
    cure: {
      zh: '补全条目后重新导入，证照模板的文件用 --templates 一并导入',
      en: 'complete the entries and import them again; --templates has the files of their templates',
    },
  },
  'draft-not-allowed': {
    kind: 'configuration',
    say: ({ by, entries }: { by: string; entries: readonly { type: string; issuer: string | undefined }[] }) => ({
      zh: `整份未接收：${by} 不能起草 ${entries.map(({ type, issuer }) => `${type}（${issuer ?? '没有发证单位'}）`).join('、')}`,
      en: `Nothing was taken: ${by} may not draft ${entries.map(({ type, issuer }) => `${type} (${issuer ?? 'no 发证单位'})`).join(', ')}`,
    }),
    cure: {
      zh: '由条目的发证单位或 hub.yaml 的 managementUnit 起草',
      en: 'the 发证单位 of an entry drafts it, or the managementUnit of hub.yaml',
    },
  },
  'not-allowed': {
    kind: 'configuration',
    say: ({ by }: { by: string }) => ({ zh: `${by} 不能审核目录`, en: `${by} may not decide on the catalog` }),
    cure: ({ managementUnit }: { managementUnit: string | undefined }) =>
      managementUnit === undefined
        ? {
            zh: '在 hub.yaml 中写明管理单位，managementUnit: "…"',
            en: 'name the management unit in hub.yaml, managementUnit: "…"',
          }
        : { zh: `由管理单位 ${managementUnit} 审核`, en: `the management unit ${managementUnit} does` },
  },
  'member-unknown': {
    kind: 'configuration',
    say: ({ type, missing }: { type: string; missing: readonly string[] }) => ({
      zh: `整份未接收：${type} 由 ${missing.join('、')} 组成，目录中没有这些条目`,
      en: `Nothing was taken: ${type} is made of ${missing.join(', ')}, which have no entry`,
    }),
    cure: {
      zh: '先导入或一并导入这些条目',
      en: 'import the entries of the members first, or with it',
    },
  },
  'catalog-unpublished': {
    kind: 'configuration',
    say: ({ connector }: { connector: string | undefined }) =>
      connector === undefined
        ? { zh: '没有发布目录的连接器', en: 'No connector publishes a catalog' }
        : { zh: `${connector} 不发布目录`, en: `${connector} publishes no catalog` },
    cure: ({ publishing }: { publishing: readonly string[] }) =>
      publishing.length > 0
        ? { zh: `填写 ${publishing.join('、')} 之一`, en: `name one of ${publishing.join(', ')}` }
        : {
            zh: '在连接器文件中加上 catalog 一节，见 docs/catalog.md',
            en: 'add a section catalog to its file, see docs/catalog.md',
          },
  },
  'sheet-invalid': {
    kind: 'configuration',
    say: ({ lines, more }: { more: number } & Lines) => ({
      zh: `整份未接收：\n${inLines({ lines }).zh}${more > 0 ? `\n……另有 ${more} 处` : ''}`,
      en: `Nothing was taken:\n${inLines({ lines }).en}${more > 0 ? `\n… and ${more} more` : ''}`,
    }),
    cure: { zh: '修正工作簿后重新导入', en: 'correct the workbook and import it again' },
  },
  'expiry-unchosen': {
    kind: 'configuration',
    say: { zh: '没有说明是哪些提醒', en: 'Which reminders?' },
    cure: { zh: '用 --file 指明文件，或用 --all', en: 'name a --file, or say --all' },
  },
  'expiry-invalid': {
    kind: 'configuration',
    say: ({ file, column, row }: { file: string; column: string; row?: number }) =>
      row === undefined
        ? {
            zh: `${file} 整份未接收：第 1 行没有名为 ${column} 的列`,
            en: `Nothing of ${file} was taken: row 1: expected a column named ${column}`,
          }
        : {
            zh: `${file} 整份未接收：第 ${row} 行，${column} 应为尚未办结的提醒`,
            en: `Nothing of ${file} was taken: row ${row}, ${column}: expected a reminder that is still open`,
          },
    cure: { zh: '用 ./hub expiry --out 重新导出清单', en: './hub expiry --out writes the list anew' },
  },
  'no-files': {
    kind: 'configuration',
    say: ({ stream }: { stream: string }) => ({ zh: `${stream} 没有证照文件`, en: `${stream} has no files` }),
    cure: { zh: '在它的 file 中写明文件在哪里', en: 'say in its `file` where they are' },
  },
  'file-unknown': {
    kind: 'configuration',
    say: ({ stream, key }: { stream: string; key: string }) => ({
      zh: `没有取得 ${stream} ${key} 的证照文件`,
      en: `No file of ${stream} ${key} was fetched`,
    }),
    cure: { zh: '用 ./hub files missing 查看未取得的文件', en: './hub files missing tells which could not be' },
  },
  'roots-unreadable': {
    kind: 'configuration',
    say: ({ why }: { why: string }) => ({
      zh: `受信任的根证书无法读取（${why}）`,
      en: `The trusted roots cannot be read: ${why}`,
    }),
    cure: { zh: '修正 hub.yaml 的 files.trustedRoots', en: 'correct files.trustedRoots in hub.yaml' },
  },
  'crl-unreadable': {
    kind: 'configuration',
    say: ({ file, why }: { file: string; why: string }) => ({
      zh: `吊销列表 ${file} 无法读取（${why}）`,
      en: `The list of revocation ${file} cannot be read: ${why}`,
    }),
    cure: {
      zh: '修正 hub.yaml 的 files.crls，或向颁发机构重新索取',
      en: 'correct files.crls in hub.yaml, or get the list anew from the authority',
    },
  },
} satisfies Record<string, Fault>;
