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
  'archive-early': {
    kind: 'configuration',
    say: ({ to }: { to: string }) => ({
      zh: `归档期间至 ${to}，尚未结束`,
      en: `The period runs to ${to}, and has not ended`,
    }),
    cure: { zh: '最后一日应在今天之前', en: 'choose a last day before today' },
  },
  'archive-backwards': {
    kind: 'configuration',
    say: ({ from, to }: { from: string; to: string }) => ({
      zh: `归档期间自 ${from} 至 ${to}，应为先后两个日期`,
      en: `The period runs from ${from} to ${to}, expected two dates, the first one first`,
    }),
    cure: { zh: '按 YYYY-MM-DD 填写 --from 和 --to', en: 'write --from and --to as YYYY-MM-DD' },
  },
  'archive-unsigned': {
    kind: 'transient',
    say: ({ day, unsigned }: { day: string; unsigned: number }) => ({
      zh: `${day} 有 ${unsigned} 份用证回执待签，不能归档`,
      en: `${unsigned} receipts of ${day} wait for their signature, and cannot be archived`,
    }),
    cure: { zh: '待 ./hub server 签名后再归档', en: 'archive once ./hub server has signed them' },
  },
  'archive-removed': {
    kind: 'configuration',
    say: ({ day, archive }: { day: string; archive: string }) => ({
      zh: `${day} 的用证记录已按保存期限移出日志，在归档包 ${archive} 中`,
      en: `Uses of ${day} were removed from the log as their time was over; the package ${archive} has them`,
    }),
    cure: { zh: '使用该归档包', en: 'use that package' },
  },
  'archive-keys': {
    kind: 'configuration',
    say: ({ folder }: { folder: string }) => ({
      zh: `${folder} 中的密钥不是本枢纽的回执签名密钥`,
      en: `The keys in ${folder} are none that the hub signs receipts by`,
    }),
    cure: {
      zh: '在 ./hub server 所在的机器上归档，或用 --data 指明其数据目录',
      en: 'archive on the machine of ./hub server, or name its data folder with --data',
    },
  },
  'archive-other': {
    kind: 'system',
    say: ({ archive }: { archive: string }) => ({
      zh: `${archive} 与首次制作的归档包摘要不同，未签名`,
      en: `${archive} has come out with another digest than when it was first made, and is left unsigned`,
    }),
    cure: {
      zh: '与首次制作的归档包比对，查明原因（例如管理单位名称已改）',
      en: 'compare it with the package that was made first, and find out why (such as another name of the management unit)',
    },
  },
  'archive-unknown': {
    kind: 'configuration',
    say: ({ found }: { found: string }) => ({
      zh: `${found} 既不是目录，也不是归档包名称`,
      en: `${found} is neither a folder nor the name of a package`,
    }),
    cure: { zh: '用 ./hub archive 查看归档包', en: './hub archive lists the packages' },
  },
} satisfies Record<string, Fault>;
