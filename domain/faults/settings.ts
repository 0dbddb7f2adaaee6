import { inLines, type Fault, type Lines } from './fault.ts';

/** Faults of the configuration and of sheets that operators edit. Each line of theirs says where and how by itself. */
export const SETTINGS = {
  'config-invalid': {
    kind: 'configuration',
    say: (facts: Lines) => ({ zh: `配置有误：\n${inLines(facts).zh}`, en: inLines(facts).en }),
  },
  'secret-missing': {
    kind: 'configuration',
    say: (facts: { purpose: string } & ({ variable: string } | { file: string; why: string })) =>
      'variable' in facts
        ? {
            zh: `${facts.purpose}：没有设置环境变量 ${facts.variable}`,
            en: `${facts.purpose}: the environment variable ${facts.variable} is not set`,
          }
        : { zh: `${facts.purpose}：无法读取 ${facts.file}（${facts.why}）`, en: `${facts.purpose}: ${facts.why}` },
    cure: (facts: { variable: string } | { file: string }) =>
      'variable' in facts
        ? { zh: `设置 ${facts.variable}`, en: `set ${facts.variable}` }
        : { zh: `建立 ${facts.file}，只允许枢纽读取`, en: `create ${facts.file}, readable by the hub only` },
  },
  'stream-unknown': {
    kind: 'configuration',
    status: 404,
    say: ({ streams }: { streams: readonly string[] }) => ({
      zh: `没有数据流 ${streams.join('、')}`,
      en: `No stream “${streams.join('”, “')}” is configured`,
    }),
    cure: ({ nearest }: { nearest?: string | undefined }) =>
      nearest === undefined
        ? { zh: '用 ./hub status 查看现有的数据流', en: './hub status lists those that there are' }
        : { zh: `是否为“${nearest}”？`, en: `did you mean “${nearest}”?` },
  },
  'catalog-invalid': {
    kind: 'configuration',
    say: (facts: { file: string } & Lines) => ({
      zh: `${facts.file} 整份未接收：\n${inLines(facts).zh}`,
      en: `Nothing of ${facts.file} was taken:\n${inLines(facts).en}`,
    }),
    cure: { zh: '修正后重新导入', en: 'correct it and import it again' },
  },
  'usage-list-invalid': {
    kind: 'configuration',
    say: (facts: { file: string } & Lines) => ({
      zh: `${facts.file} 整份未接收：\n${inLines(facts).zh}`,
      en: `Nothing of ${facts.file} was taken:\n${inLines(facts).en}`,
    }),
    cure: { zh: '修正后重新导入', en: 'correct it and import it again' },
  },
  'usage-list-version': {
    kind: 'configuration',
    status: 409,
    say: ({ unit, version, latest }: { unit: string; version: number; latest: number | null }) => ({
      zh: `${unit} 的用证清单第 ${version} 版不待审定${latest === null ? '，没有清单' : `，最新为第 ${latest} 版`}`,
      en: `Version ${version} of the list of ${unit} does not wait for approval${latest === null ? ': it has none' : `; the latest is ${latest}`}`,
    }),
    cure: { zh: '用 ./hub usage-list --unit 查看各版本', en: './hub usage-list --unit shows the versions' },
  },
  'receipt-keys': {
    kind: 'configuration',
    say: ({ file }: { file: string }) => ({
      zh: `${file} 中的回执签名密钥无法读取`,
      en: `The keys that receipts are signed by cannot be read from ${file}`,
    }),
    cure: {
      zh: '检查该文件的权限；若已损坏，从备份恢复（旧回执仍可用旧公钥核验），或移走后重新启动以生成新密钥',
      en: 'check its permissions; bring a damaged one back from the backup, or move it away and start again for new keys (old receipts are checked by the old public keys)',
    },
  },
  'grant-unknown': {
    kind: 'configuration',
    status: 404,
    say: ({ id }: { id: number }) => ({ zh: `没有生效的授权 ${id}`, en: `There is no grant ${id} in force` }),
    cure: { zh: '查看授权列表', en: 'look at the list of grants' },
  },
  'calendar-version': {
    kind: 'configuration',
    status: 409,
    say: ({ file, year, version }: { file: string; year: number; version: string }) => ({
      zh: `${year} 年已有版本“${version}”；内容有变须另给版本号，时限任务按版本说明计算依据`,
      en: `${file}: found the version “${version}”, which ${year} has already`,
    }),
    cure: {
      zh: '为日历另给版本号',
      en: 'give the table another version: deadlines say by which one they were counted',
    },
  },
  'calendar-folder': {
    kind: 'configuration',
    status: 409,
    say: ({ why }: { why: string }) => ({
      zh: '日历文件无法写入：请让枢纽可写配置目录的 calendars/，或由运维人员将文件放入该目录',
      en: `The table cannot be written: ${why}`,
    }),
    cure: {
      zh: '让枢纽可写配置目录的 calendars/，或自行将文件放入该目录',
      en: 'let the hub write into calendars/ of its configuration, or put the file there yourself',
    },
  },
} satisfies Record<string, Fault>;
