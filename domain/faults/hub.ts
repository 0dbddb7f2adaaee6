import { clockInWords } from '../dates.ts';
import type { Said } from '../said.ts';
import type { Fault } from './fault.ts';

/** Faults of the hub's own servers, database and data folder, and of how it is started. */
export const HUB_FAULTS = {
  'database-away': {
    kind: 'transient',
    say: ({ database, why }: { database: string; why: string }) => ({
      zh: `${database} 的 PostgreSQL 无法使用（${why || '没有应答'}）`,
      en: `PostgreSQL at ${database} cannot be used: ${why || 'no answer'}`,
    }),
    cure: { zh: '启动它，或修正 DATABASE_URL', en: 'start it, or correct DATABASE_URL' },
  },
  'database-too-old': {
    kind: 'configuration',
    say: ({ database, version, oldest }: { database: string; version: string; oldest: number }) => ({
      zh: `${database} 的 PostgreSQL 为 ${version}，枢纽需要 ${oldest} 或更新的版本`,
      en: `PostgreSQL at ${database} is ${version}; the hub needs ${oldest} or newer`,
    }),
    cure: { zh: '升级该服务器或换用另一台', en: 'upgrade the server or choose another one' },
  },
  'database-purpose': {
    kind: 'configuration',
    say: ({ purpose, found }: { purpose: string; found: string }) => ({
      zh: `该数据库的用途为 ${found}，不能用于 ${purpose}`,
      en: `This database belongs to a ${found} hub, not to a ${purpose} one`,
    }),
    cure: { zh: '换用另一个 DATABASE_URL', en: 'choose another DATABASE_URL' },
  },
  'schema-old': {
    kind: 'configuration',
    say: ({ lacking }: { lacking: number }) => ({
      zh: `数据库缺少 ${lacking} 个升级步骤`,
      en: `The database lacks ${lacking} migration(s)`,
    }),
    cure: { zh: '运行 ./hub migrate', en: 'run ./hub migrate' },
  },
  'schema-new': {
    kind: 'configuration',
    say: { zh: '数据库已由更新版本的枢纽升级', en: 'The database was migrated by a newer hub' },
    cure: { zh: '更新本程序', en: 'update this checkout' },
  },
  'clock-wrong': {
    kind: 'configuration',
    say: ({ aheadMs }: { aheadMs: number }) => {
      const { zh, en } = clockInWords(aheadMs);
      return { zh: `本机时钟比数据库${zh}`, en: `The clock of this machine is ${en} the database’s` };
    },
    cure: { zh: '校准本机时钟（NTP），再试一次', en: 'set the clock of this machine (NTP), then try again' },
  },
  'nothing-lost': {
    kind: 'configuration',
    say: { zh: '没有未销号的丢失时段', en: 'Nothing is known to be lost that is not settled' },
    cure: { zh: '用 ./hub restored 查看', en: './hub restored lists what was' },
  },
  'second-instance': {
    kind: 'configuration',
    say: (facts: { database: string } | { folder: string }) =>
      'folder' in facts
        ? {
            zh: `另一个枢纽正在使用 ${facts.folder} 中的数据`,
            en: `Another hub is running on the data in ${facts.folder}`,
          }
        : {
            zh: `另一个枢纽正在使用数据库 ${facts.database}`,
            en: `Another hub is running on the database ${facts.database}`,
          },
    cure: (facts: { database: string } | { folder: string }) =>
      'folder' in facts
        ? {
            zh: '先停止它（在其终端按 Ctrl-C），或用 --data 换一个目录',
            en: 'stop it first (Ctrl-C in its terminal), or choose another folder with --data',
          }
        : { zh: '先停止它，或换用另一个 DATABASE_URL', en: 'stop it first, or choose another DATABASE_URL' },
  },
  'temporal-away': {
    kind: 'transient',
    say: ({ address, why }: { address: string; why: string }) => ({
      zh: `${address} 的任务引擎（Temporal）无法连接（${why}）`,
      en: `Temporal at ${address} cannot be reached: ${why}`,
    }),
    cure: { zh: '启动它，或修正 TEMPORAL_ADDRESS', en: 'start it, or correct TEMPORAL_ADDRESS' },
  },
  'temporal-too-old': {
    kind: 'configuration',
    say: ({ address, version, oldest }: { address: string; version: string; oldest: string }) => ({
      zh: `${address} 的任务引擎（Temporal）为 ${version}，枢纽需要 ${oldest} 或更新的版本`,
      en: `Temporal at ${address} is ${version}; the hub needs ${oldest} or newer`,
    }),
    cure: { zh: '升级该服务器或换用另一台', en: 'upgrade the server or choose another one' },
  },
  'temporal-missing': {
    kind: 'configuration',
    say: {
      zh: '没有找到 Temporal，无法下载，也没有用来编译它的 Go',
      en: 'Temporal was not found, its download is out of reach, and there is no Go to build it with',
    },
    cure: {
      zh: '将 TEMPORAL_ADDRESS 设为运行中的服务器，或将程序“temporal”放入 PATH，或安装 Go',
      en: 'set TEMPORAL_ADDRESS to a running server, put the program “temporal” on the PATH, or install Go',
    },
  },
  'embedded-unavailable': {
    kind: 'configuration',
    say: ({ platform }: { platform: string }) => ({
      zh: `没有适用于 ${platform} 的内置 PostgreSQL`,
      en: `There is no embedded PostgreSQL for ${platform}`,
    }),
    cure: { zh: '将 DATABASE_URL 设为自备的 PostgreSQL', en: 'set DATABASE_URL to a PostgreSQL of your own' },
  },
  'embedded-user': {
    kind: 'configuration',
    say: ({ why }: { why: string }) => ({
      zh: `PostgreSQL 不能以 root 运行，又无法建立用户 postgres（${why}）`,
      en: `PostgreSQL does not run as root, and the user postgres could not be made: ${why}`,
    }),
    cure: {
      zh: '以普通用户运行枢纽，或设置 DATABASE_URL',
      en: 'run the hub as an ordinary user, or set DATABASE_URL',
    },
  },
  'embedded-unreachable': {
    kind: 'configuration',
    say: ({ folder }: { folder: string }) => ({
      zh: `以 root 启动时，PostgreSQL 以用户 postgres 运行，该用户不能进入 ${folder}`,
      en: `As root, PostgreSQL runs as the user postgres, who cannot enter ${folder}`,
    }),
    cure: {
      zh: '将程序移到别处，例如 /opt，或以普通用户运行枢纽',
      en: 'move the checkout, for example to /opt, or run the hub as an ordinary user',
    },
  },
  'data-unwritable': {
    kind: 'configuration',
    say: ({ folder, why }: { folder: string; why: string }) => ({
      zh: `数据目录 ${folder} 无法写入（${why}）`,
      en: `The data folder ${folder} cannot be written to: ${why}`,
    }),
    cure: {
      zh: '将目录交给运行枢纽的用户，或用 --data 换一个目录',
      en: 'give the folder to the user who runs the hub, or choose another one with --data',
    },
  },
  'port-taken': {
    kind: 'configuration',
    say: ({ port, setting, why }: { port: number; setting: keyof typeof PORTS; why: string }) => ({
      zh: `${PORTS[setting].zh}的端口 ${port} 无法使用（${why}）`,
      en: `Port ${port}, meant for ${PORTS[setting].en}, cannot be used: ${why}`,
    }),
    cure: ({ setting }: { setting: string }) => ({
      zh: `停止占用它的程序，或修改 config/hub.yaml 的 ${setting}`,
      en: `stop the program that has it, or set ${setting} in config/hub.yaml`,
    }),
  },
  'part-ended': {
    kind: 'system',
    say: ({ part, how, log }: { part: string; how: string; log: string }) => ({
      zh: `${part} 在启动时退出（${how}）：${log}`,
      en: `${part} ended at its start (${how}): ${log}`,
    }),
  },
  'part-not-ready': {
    kind: 'system',
    say: ({ part, minutes, log }: { part: string; minutes: number; log: string }) => ({
      zh: `${part} 在 ${minutes} 分钟内没有就绪：${log}`,
      en: `${part} was not ready after ${minutes} minutes: ${log}`,
    }),
  },
  'console-build': {
    kind: 'system',
    say: ({ why }: { why: string }) => ({
      zh: `控制台未能构建：${why}`,
      en: `The console could not be built: ${why}`,
    }),
  },
} satisfies Record<string, Fault>;

/** What the ports of the settings are for. */
const PORTS = {
  'server.port': { zh: '健康状态页', en: 'the health page' },
  'embedded.postgresPort': { zh: '内置 PostgreSQL', en: 'the embedded PostgreSQL' },
  'embedded.temporalPort': { zh: '任务引擎（Temporal）', en: 'Temporal' },
  'embedded.temporalUiPort': { zh: 'Temporal 界面', en: 'Temporal’s UI' },
} satisfies Record<string, Said>;
