import type { Said } from '../said.ts';
import type { Fault } from './fault.ts';

/** Faults of what is written on the command line, and of the hub that a command works with. */
export const COMMANDS = {
  'address-missing': {
    kind: 'configuration',
    say: ({ variable }: { variable: string }) => ({ zh: `没有设置 ${variable}`, en: `${variable} is not set` }),
    cure: ({ variable }: { variable: string }) => ({
      zh: `设置 ${variable}，或使用自带服务器的 ./hub up`,
      en: `set ${variable}, or use ./hub up, which brings its own servers`,
    }),
  },
  'no-database': {
    kind: 'configuration',
    say: {
      zh: '此处没有运行中的枢纽，也没有设置 DATABASE_URL',
      en: 'No hub is running here, and DATABASE_URL is not set',
    },
    cure: {
      zh: '在另一个终端启动 ./hub up 或 ./hub demo，或设置 DATABASE_URL',
      en: 'start ./hub up or ./hub demo in another terminal, or set DATABASE_URL',
    },
  },
  'no-hub': {
    kind: 'transient',
    say: ({ why }: { why: string }) => ({ zh: `无法连接枢纽（${why}）`, en: `No hub can be reached: ${why}` }),
    cure: {
      zh: '在另一个终端启动 ./hub up 或 ./hub demo，或设置 TEMPORAL_ADDRESS',
      en: 'start ./hub up or ./hub demo in another terminal, or set TEMPORAL_ADDRESS',
    },
  },
  'hub-never-ran': {
    kind: 'configuration',
    say: { zh: '该数据库上还没有运行过枢纽', en: 'No hub has run on this database' },
    cure: { zh: '先启动 ./hub up', en: 'start ./hub up first' },
  },
  'run-failed': {
    kind: 'system',
    say: ({ run, why }: { run: string; why: string }) => ({ zh: `${run} 失败：${why}`, en: `${run}: ${why}` }),
    cure: ({ what }: { what: keyof typeof RUNS }) => RUNS[what],
  },
  'no-connectors': {
    kind: 'configuration',
    say: ({ folder }: { folder: string }) => ({
      zh: `${folder} 中没有连接器`,
      en: `There is no connector in ${folder}`,
    }),
    cure: {
      zh: '添加一个（见 README“Your own department”），或先试用 ./hub demo',
      en: 'add one (README, “Your own department”), or look at ./hub demo first',
    },
  },
  'selection-unknown': {
    kind: 'configuration',
    say: ({ name }: { name: string | undefined }) =>
      name === undefined
        ? { zh: '没有配置连接器', en: 'No connector is configured' }
        : { zh: `没有配置数据流或连接器“${name}”`, en: `No stream or connector “${name}” is configured` },
    cure: ({ nearest }: { nearest: string | undefined }) =>
      nearest === undefined
        ? { zh: '用 ./hub connector new 建立', en: './hub connector new writes one' }
        : { zh: `是否为“${nearest}”？`, en: `did you mean “${nearest}”?` },
  },
  'stream-unchosen': {
    kind: 'configuration',
    say: { zh: '没有说明是哪个数据流', en: 'Which stream?' },
    cure: ({ streams }: { streams: readonly string[] }) => ({
      zh: `填写 ${streams.join('、')} 之一`,
      en: `name one of ${streams.join(', ')}`,
    }),
  },
  'no-streams': {
    kind: 'configuration',
    say: ({ connector }: { connector: string }) => ({
      zh: `${connector} 没有数据流`,
      en: `${connector} has no streams`,
    }),
    cure: { zh: '用 ./hub connector status 查看', en: './hub connector status lists those that there are' },
  },
  'no-stock': {
    kind: 'configuration',
    say: ({ stream, delivery }: { stream: string; delivery: string }) => ({
      zh: `${stream} 的 delivery 为 ${delivery}，应为 stock`,
      en: `${stream} has delivery: ${delivery}, expected stock`,
    }),
    cure: {
      zh: '该数据流由系统自动归集；用 ./hub connector run 立即读取',
      en: 'it is collected by itself; ./hub connector run reads it at once',
    },
  },
  'proof-unknown': {
    kind: 'configuration',
    say: ({ id, timeless }: { id: number; timeless: boolean }) =>
      timeless
        ? { zh: `证明 ${id} 不是某一时段的证明`, en: `Proof ${id} is not of a period` }
        : { zh: `没有编号为 ${id} 的证明`, en: `There is no proof ${id}` },
    cure: { zh: '用 ./hub proofs 查看', en: './hub proofs lists them' },
  },
  'retry-unchosen': {
    kind: 'configuration',
    say: { zh: '--retry：没有说明是哪个目标', en: '--retry: which target?' },
    cure: {
      zh: '填写目标，用 ./hub connector outbox 查看',
      en: 'name it; ./hub connector outbox lists them',
    },
  },
  // Arguments and options
  'case-number': {
    kind: 'configuration',
    say: ({ id }: { id: string }) => ({ zh: `“${id}”应为编号`, en: `found “${id}”: expected its number` }),
    cure: { zh: '不带编号的列表可查编号', en: 'the list without a number shows them' },
  },
  'choice-invalid': {
    kind: 'configuration',
    say: ({ option, found, choices }: { option: string; found: string; choices: readonly string[] }) => ({
      zh: `${option}：“${found}”应为 ${choices.join('、')} 之一`,
      en: `${option}: found “${found}”, expected ${choices.join(', ')}`,
    }),
    cure: { zh: '填写其中之一', en: 'name one of these' },
  },
  'answer-invalid': {
    kind: 'configuration',
    say: ({
      option,
      found,
      expected,
      nearest,
    }: {
      option: string;
      found: string | undefined;
      expected: Said;
      nearest: string | undefined;
    }) => ({
      zh: `${option}：${found === undefined ? '没有填写' : `现为“${found}”`}，应为${expected.zh}${nearest === undefined ? '' : `；是否为“${nearest}”？`}`,
      en: `${option}: ${found === undefined ? 'missing' : `found “${found}”`}, expected ${expected.en}${nearest === undefined ? '' : `; did you mean “${nearest}”?`}`,
    }),
    cure: {
      zh: '在命令行中填写，或在终端中运行该命令并按提示回答',
      en: 'give it on the command line, or run the command in a terminal to be asked',
    },
  },
  'time-invalid': {
    kind: 'configuration',
    say: ({ option, found }: { option: string; found: string }) => ({
      zh: `${option}：“${found}”应为时间`,
      en: `${option}: found “${found}”, expected a time`,
    }),
    cure: { zh: '写成 2026-11-22 或 "2026-11-22 21:30:00"', en: 'write 2026-11-22 or "2026-11-22 21:30:00"' },
  },
  'date-invalid': {
    kind: 'configuration',
    say: ({ found }: { found: string }) => ({
      zh: `“${found}”应为起算的日期`,
      en: `found “${found}”, expected the date of the start`,
    }),
    cure: { zh: '写成 2026-02-10', en: 'write 2026-02-10' },
  },
  'window-backwards': {
    kind: 'configuration',
    say: { zh: '起始时间须早于结束时间', en: 'the window ends before it begins' },
    cure: { zh: '修正 --from 和 --to', en: 'correct --from and --to' },
  },
  'unit-code': {
    kind: 'configuration',
    say: ({ found }: { found: string | undefined }) => ({
      zh: `--unit：${found === undefined ? '没有填写' : `现为“${found}”`}，应为统一社会信用代码`,
      en: `--unit: found ${found === undefined ? 'nothing' : `“${found}”`}, expected a 统一社会信用代码`,
    }),
    cure: { zh: '写成 --unit 11320200014006438B', en: 'write --unit 11320200014006438B' },
  },
  'file-absent': {
    kind: 'configuration',
    say: ({ file }: { file: string }) => ({ zh: `${file}：没有这个文件`, en: `${file}: there is no such file` }),
    cure: { zh: '修正文件名', en: 'correct its name' },
  },
  'file-exists': {
    kind: 'configuration',
    say: ({ file }: { file: string }) => ({ zh: `${file} 已存在`, en: `${file} exists already` }),
    cure: { zh: '换一个 --id，或修改该文件', en: 'choose another --id, or edit the file' },
  },
  // The demo
  'no-demo': {
    kind: 'configuration',
    say: ({ department }: { department: string }) => ({
      zh: `此处没有含部门“${department}”的演示在运行`,
      en: `No demo with a department “${department}” is running here`,
    }),
    cure: ({ departments }: { departments: readonly string[] }) => ({
      zh: `启动 ./hub demo；其部门有 ${departments.join('、')}`,
      en: `start ./hub demo; its departments are ${departments.join(', ')}`,
    }),
  },
  'demo-data': {
    kind: 'configuration',
    say: ({ option, made }: { option: string; made: number }) => ({
      zh: `演示数据是以 ${option} ${made} 生成的`,
      en: `The demo’s data were made with ${option} ${made}`,
    }),
    cure: ({ option }: { option: string }) => ({
      zh: `去掉 --${option}，或用 --fresh 重新生成`,
      en: `leave out --${option}, or begin anew with --fresh`,
    }),
  },
  'day-open': {
    kind: 'system',
    say: ({ stream, date }: { stream: string; date: string }) => ({
      zh: `${stream} 的 ${date} 未证明归集完整`,
      en: `${date} of ${stream} is not proven to be in`,
    }),
    cure: { zh: '用 ./hub gaps 查看', en: 'see ./hub gaps' },
  },
} satisfies Record<string, Fault>;

/** Where it shows how a run went, by what it ran over. */
const RUNS = {
  source: {
    zh: '用 ./hub connector status 查看源端的应答情况',
    en: './hub connector status shows how the source answered',
  },
  stock: { zh: '用 ./hub stock 查看进度', en: './hub stock shows how far it is' },
  rejects: { zh: '查看日志', en: 'look at the log' },
  catalog: { zh: '修正连接器文件的 catalog 一节', en: 'correct the section catalog of its file' },
  files: { zh: '用 ./hub files missing 查看未取得的文件', en: './hub files missing names them' },
  cases: { zh: '再运行一次：会重新检查全部案件', en: 'run it again: it goes over all of them' },
} satisfies Record<string, Said>;
