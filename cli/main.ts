import '../settings/hardened.ts';
import { Command, CommanderError } from 'commander';
import { HubError, messageOf } from '../domain/errors.ts';
import { maskNumbers } from '../domain/library/personal.ts';

/** A command: its name, what the list of commands says of it, and where its code is. */
type Listed = [name: string, summary: string, load: () => Promise<(program: Command) => void>];

/** Every command, by room. The code of one is loaded when it is named: some bring Temporal's worker along. */
const ROOMS: Record<string, Listed[]> = {
  '枢纽 The hub itself': [
    [
      'demo',
      '用模拟部门运行整个枢纽 run the hub with simulated departments',
      async () => (await import('./demo/demo.ts')).addDemo,
    ],
    [
      'up',
      '用 config/ 的接入源运行枢纽 run the hub with the connectors of config/',
      async () => (await import('./hub/up.ts')).addUp,
    ],
    [
      'worker',
      '在已有服务器上运行工作流与活动 run the workflows and activities against existing servers',
      async () => (await import('./hub/worker.ts')).addWorker,
    ],
    [
      'server',
      '在已有服务器上运行控制台、接口、收件、值守与催办 run the console, its API, the inbox, the watchdog and the reminders against existing servers',
      async () => (await import('./hub/server.ts')).addServer,
    ],
    [
      'migrate',
      '将已有数据库升级到最新结构 bring an existing database to the newest schema',
      async () => (await import('./hub/migrate.ts')).addMigrate,
    ],
    [
      'version',
      '枢纽、Node、库结构、Temporal、PostgreSQL 的版本 versions of the hub, Node, the schema, Temporal and PostgreSQL',
      async () => (await import('./hub/version.ts')).addVersion,
    ],
    [
      'restored',
      '数据库恢复到较早时刻后丢失了什么，谁还知道 what the database has lost because it was restored to an earlier moment, and who knew',
      async () => (await import('./hub/restored.ts')).addRestored,
    ],
    ['test', '准备并运行全部测试 set up and run every test', async () => (await import('./hub/test.ts')).addTest],
  ],
  '台账 Ledger': [
    [
      'tasks',
      '时限任务：到期、责任单位、条款 deadlines (时限任务): what is due, whose it is, under which article',
      async () => (await import('./ledger/tasks.ts')).addTasks,
    ],
    [
      'rules',
      '本市规则：条款与期限 what the city’s regulation has the hub watch: every rule with its article and term',
      async () => (await import('./ledger/rules.ts')).addRules,
    ],
    [
      'duties',
      '义务对照表：条款由什么落实，或尚未落实 every duty of the city’s regulation, and what of the hub serves it; or honestly that nothing does yet',
      async () => (await import('./ledger/duties.ts')).addDuties,
    ],
    [
      'calendar',
      '工作日历：各年的表，导入新表 tables of working days: which years have one, and import of another',
      async () => (await import('./ledger/calendar.ts')).addCalendar,
    ],
    [
      'due',
      '推算若干工作日的到期日及由来 when a term of working days that starts on a day ends, and how that comes about',
      async () => (await import('./ledger/due.ts')).addDue,
    ],
    [
      'contacts',
      '专人备案：各单位的专人，催办发给谁 contact persons (专人): who of each unit is on file, and whom reminders go to',
      async () => (await import('./ledger/contacts.ts')).addContacts,
    ],
    [
      'reminders',
      '催办与升级：发给谁，未送达的，无人确认的 reminders (催办) and escalations: what was sent to whom, what did not arrive, what nobody has acknowledged',
      async () => (await import('./ledger/reminders.ts')).addReminders,
    ],
  ],
  '证照库 Library': [
    [
      'certificate',
      '按标识、编号或持证主体代码查证照，可查过去时刻 look certificates up by identifier, number or holder’s code, now or as of a past moment',
      async () => (await import('./library/certificate.ts')).addCertificate,
    ],
    [
      'conflicts',
      '来源相互矛盾的证照，以谁为准 certificates of which sources contradict one another, or themselves, and what is believed',
      async () => (await import('./library/conflicts.ts')).addConflicts,
    ],
    [
      'catalog',
      '发证目录：准入的证照类型与照面信息 the issuing catalog (发证目录): which types of certificate are let in, and what is printed on them',
      async () => (await import('./library/catalog.ts')).addCatalog,
    ],
    [
      'files',
      '证照文件：已取、缺失、签章是否成立 files of certificates (OFD, PDF): fetched, missing, and whether their seals and signatures hold',
      async () => (await import('./library/files.ts')).addFiles,
    ],
    [
      'expiry',
      '到期提醒：临近到期的证照 certificates near their end whose holders are to be reminded (到期提醒)',
      async () => (await import('./library/expiry.ts')).addExpiry,
    ],
    [
      'identify',
      '识别代码：种类、组成、是否有效 say what a code is: its kind, its parts, valid or which character was expected',
      async () => (await import('./library/identify.ts')).addIdentify,
    ],
  ],
  '归集 Collection': [
    [
      'status',
      '各数据流的归集情况与应归集 what every stream delivered, and what is due',
      async () => (await import('./collection/status.ts')).addStatus,
    ],
    [
      'gaps',
      '缺口：应归集而未证实的部分，责任单位 what is due and not proven to be in, and whose it is',
      async () => (await import('./collection/status.ts')).addGaps,
    ],
    [
      'day',
      '数据流的一日：时限、判定时间、迟到的记录 one day of a stream: its deadline, by which time it is judged, and which records came late',
      async () => (await import('./collection/day.ts')).addDay,
    ],
    [
      'connector',
      '接入源：编写、检查、运行 write, examine and run connectors',
      async () => (await import('./collection/connector.ts')).addConnector,
    ],
    [
      'rejects',
      '问题数据：列出、分发、收回更正、重新映射 rejected records (问题数据) as casework: list, hand out, take back corrected, map again',
      async () => (await import('./collection/rejects.ts')).addRejects,
    ],
    [
      'declarations',
      '数据流声明：无法同步、签发审核 what units declare of their streams (声明): that they cannot be synchronised, that certificates are reviewed',
      async () => (await import('./collection/declarations.ts')).addDeclarations,
    ],
    [
      'prove',
      '逐条核验库与源端一致 prove that the library holds what a source has, record by record',
      async () => (await import('./collection/prove.ts')).addProve,
    ],
    [
      'proofs',
      '核验记录：何时比对，结果如何 the evidence: what was compared with the sources, when, and what it showed',
      async () => (await import('./collection/proofs.ts')).addProofs,
    ],
    [
      'stock',
      '存量归集：计划、进度、导入 old records (存量): the plan and how far each unit has come; import them',
      async () => (await import('./collection/stock.ts')).addStock,
    ],
  ],
  '用证 Sharing': [
    [
      'usage-list',
      '用证清单：事项、场景与证照 lists of uses (用证清单): for which items and scenarios a unit asks for which certificates',
      async () => (await import('./sharing/usage-list.ts')).addUsageList,
    ],
    [
      'archive',
      'archives (归档): what units used, with files, receipts and their proofs, as packages that stand alone',
      async () => (await import('./sharing/archive.ts')).addArchive,
    ],
  ],
  '案件 Casework': [
    [
      'dispute',
      '异议：列出与办理 objections to certificates (异议): list them, and everything that is done with one',
      async () => (await import('./casework/dispute.ts')).addDispute,
    ],
    [
      'outage',
      '不可抗力：报告、恢复、补录与证明 force majeure (不可抗力): reports, recovery, and the backfill with its proof',
      async () => (await import('./casework/outage.ts')).addOutage,
    ],
    [
      'share',
      '共享申请：需用而尚未共享的证照 share requests (共享申请): certificates that a unit needs and the city does not share yet',
      async () => (await import('./casework/share.ts')).addShare,
    ],
    [
      'cases',
      '业务办结：证照是否按时入库 completed cases (业务办结) and whether their certificates arrived in time',
      async () => (await import('./casework/completed-cases.ts')).addCompletedCases,
    ],
    [
      'rebuild-workflows',
      '重建在办案件的工作流 have every open case be waited for again, as after Temporal lost its data',
      async () => (await import('./casework/rebuild.ts')).addRebuild,
    ],
  ],
  '监督考核 Supervision': [
    [
      'figures',
      '监督指标：按单位与期间，附公式 the figures of supervision (归集率、及时率、完整率 …) by unit and period, with their formulas',
      async () => (await import('./supervision/figures.ts')).addFigures,
    ],
    [
      'assessment',
      '考核表：按月或年，单位排名与依据 the assessment (考核) of a month or year as a workbook: units ranked by their figures, and what is behind them',
      async () => (await import('./supervision/assessment.ts')).addAssessment,
    ],
    [
      'supervise',
      '监督检查：抽查、模拟办事、电子督查、整改、复查、文书 supervision (监督): samples, trial uses, patrols; findings, orders to rectify, re-checks, notices',
      async () => (await import('./supervision/supervise.ts')).addSupervise,
    ],
  ],
  '控制台 Console': [
    [
      'account',
      '控制台账号：列出、新增、设置密码 accounts of the console: list them, add one, set a password',
      async () => (await import('./console/account.ts')).addAccountCommand,
    ],
  ],
};

const program = new Command('hub')
  .description(
    '城市电子证照枢纽：归集、保管、核验、监督。\nA city hub for electronic certificates: collects, keeps, proves and supervises.',
  )
  .option('-V, --version', '同 hub version 命令 as hub version')
  .commandsGroup('枢纽 The hub itself:')
  .helpCommand('help [command]', '说明一个命令 explain a command')
  .configureHelp({ subcommandTerm: (command) => command.name() })
  .addHelpText('after', '\n从这里开始 Start with:\n  ./hub demo')
  .hook('preAction', (_program, command) => requireWords(command))
  .exitOverride()
  .showSuggestionAfterError();
const given = process.argv.slice(2);
const words = ['-V', '--version'].includes(given[0] ?? '') ? ['version', ...given.slice(1)] : given;
const [named] = words.filter((word) => !word.startsWith('-') && word !== 'help');
for (const [room, commands] of Object.entries(ROOMS)) {
  program.commandsGroup(`${room}:`);
  for (const [name, summary, load] of commands) {
    if (name === named) (await load())(program);
    else program.command(name).summary(summary);
  }
}

try {
  await program.parseAsync(words, { from: 'user' });
} catch (error) {
  if (!(error instanceof CommanderError)) console.error(maskNumbers(shown(error)));
  // Not left to the event loop, which Temporal's runtime would keep busy for ever.
  process.exit(error instanceof CommanderError ? error.exitCode : 1);
}

/** What has to be said cannot be left blank: who did it, on which document. */
function requireWords(command: Command): void {
  for (let at: Command | null = command; at; at = at.parent) {
    const blank = at.options.find((option) => {
      const value: unknown = at.getOptionValue(option.attributeName());
      return option.mandatory && typeof value === 'string' && value.trim() === '';
    });
    if (blank) command.error(`error: option '${blank.flags}' is blank`);
  }
}

function shown(error: unknown): string {
  if (error instanceof HubError)
    return error.cure === undefined
      ? error.message
      : `${error.message}; ${error.cure.en}${error.cure.en.endsWith('?') ? '' : '.'}`;
  return error instanceof Error && error.stack !== undefined ? error.stack : messageOf(error);
}
