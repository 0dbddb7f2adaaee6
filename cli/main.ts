import '../settings/hardened.ts';
import { Command, CommanderError } from 'commander';
import { HubError, messageOf } from '../domain/errors.ts';
import { maskNumbers } from '../domain/library/personal.ts';

/** A command: its name, what the list of commands says of it, and where its code is. */
type Listed = [name: string, summary: string, load: () => Promise<(program: Command) => void>];

/** Every command, by room. The code of one is loaded when it is named: some bring Temporal's worker along. */
const ROOMS: Record<string, Listed[]> = {
  'The hub itself': [
    ['demo', 'run the hub with simulated departments', async () => (await import('./demo/demo.ts')).addDemo],
    ['up', 'run the hub with the connectors of config/', async () => (await import('./hub/up.ts')).addUp],
    [
      'worker',
      'run the workflows and activities against existing servers',
      async () => (await import('./hub/worker.ts')).addWorker,
    ],
    [
      'server',
      'run the console, its API, the inbox, the watchdog and the reminders against existing servers',
      async () => (await import('./hub/server.ts')).addServer,
    ],
    [
      'migrate',
      'bring an existing database to the newest schema',
      async () => (await import('./hub/migrate.ts')).addMigrate,
    ],
    [
      'version',
      'versions of the hub, Node, the schema, Temporal and PostgreSQL',
      async () => (await import('./hub/version.ts')).addVersion,
    ],
    [
      'restored',
      'what the database has lost because it was restored to an earlier moment, and who knew',
      async () => (await import('./hub/restored.ts')).addRestored,
    ],
    ['test', 'set up and run every test', async () => (await import('./hub/test.ts')).addTest],
  ],
  'Ledger 台账': [
    [
      'tasks',
      'deadlines (时限任务): what is due, whose it is, under which article',
      async () => (await import('./ledger/tasks.ts')).addTasks,
    ],
    [
      'rules',
      'what the city’s regulation has the hub watch: every rule with its article and term',
      async () => (await import('./ledger/rules.ts')).addRules,
    ],
    [
      'duties',
      'every duty of the city’s regulation, and what of the hub serves it; or honestly that nothing does yet',
      async () => (await import('./ledger/duties.ts')).addDuties,
    ],
    [
      'calendar',
      'tables of working days: which years have one, and import of another',
      async () => (await import('./ledger/calendar.ts')).addCalendar,
    ],
    [
      'due',
      'when a term of working days that starts on a day ends, and how that comes about',
      async () => (await import('./ledger/due.ts')).addDue,
    ],
    [
      'contacts',
      'contact persons (专人): who of each unit is on file, and whom reminders go to',
      async () => (await import('./ledger/contacts.ts')).addContacts,
    ],
    [
      'reminders',
      'reminders (催办) and escalations: what was sent to whom, what did not arrive, what nobody has acknowledged',
      async () => (await import('./ledger/reminders.ts')).addReminders,
    ],
  ],
  'Library 证照库': [
    [
      'certificate',
      'look certificates up by identifier, number or holder’s code, now or as of a past moment',
      async () => (await import('./library/certificate.ts')).addCertificate,
    ],
    [
      'conflicts',
      'certificates of which sources contradict one another, or themselves, and what is believed',
      async () => (await import('./library/conflicts.ts')).addConflicts,
    ],
    [
      'catalog',
      'the issuing catalog (发证目录): which types of certificate are let in, and what is printed on them',
      async () => (await import('./library/catalog.ts')).addCatalog,
    ],
    [
      'files',
      'files of certificates (OFD, PDF): fetched, missing, and whether their seals and signatures hold',
      async () => (await import('./library/files.ts')).addFiles,
    ],
    [
      'expiry',
      'certificates near their end whose holders are to be reminded (到期提醒)',
      async () => (await import('./library/expiry.ts')).addExpiry,
    ],
    [
      'identify',
      'say what a code is: its kind, its parts, valid or which character was expected',
      async () => (await import('./library/identify.ts')).addIdentify,
    ],
  ],
  'Collection 归集': [
    [
      'status',
      'what every stream delivered, and what is due',
      async () => (await import('./collection/status.ts')).addStatus,
    ],
    [
      'gaps',
      'what is due and not proven to be in, and whose it is',
      async () => (await import('./collection/status.ts')).addGaps,
    ],
    [
      'day',
      'one day of a stream: its deadline, by which time it is judged, and which records came late',
      async () => (await import('./collection/day.ts')).addDay,
    ],
    [
      'connector',
      'write, examine and run connectors',
      async () => (await import('./collection/connector.ts')).addConnector,
    ],
    [
      'rejects',
      'rejected records (问题数据) as casework: list, hand out, take back corrected, map again',
      async () => (await import('./collection/rejects.ts')).addRejects,
    ],
    [
      'declarations',
      'what units declare of their streams (声明): that they cannot be synchronised, that certificates are reviewed',
      async () => (await import('./collection/declarations.ts')).addDeclarations,
    ],
    [
      'prove',
      'prove that the library holds what a source has, record by record',
      async () => (await import('./collection/prove.ts')).addProve,
    ],
    [
      'proofs',
      'the evidence: what was compared with the sources, when, and what it showed',
      async () => (await import('./collection/proofs.ts')).addProofs,
    ],
    [
      'stock',
      'old records (存量): the plan and how far each unit has come; import them',
      async () => (await import('./collection/stock.ts')).addStock,
    ],
  ],
  'Sharing 用证': [
    [
      'usage-list',
      'lists of uses (用证清单): for which items and scenarios a unit asks for which certificates',
      async () => (await import('./sharing/usage-list.ts')).addUsageList,
    ],
    [
      'archive',
      'archives (归档): what units used, with files, receipts and their proofs, as packages that stand alone',
      async () => (await import('./sharing/archive.ts')).addArchive,
    ],
  ],
  'Casework 案件': [
    [
      'dispute',
      'objections to certificates (异议): list them, and everything that is done with one',
      async () => (await import('./casework/dispute.ts')).addDispute,
    ],
    [
      'outage',
      'force majeure (不可抗力): reports, recovery, and the backfill with its proof',
      async () => (await import('./casework/outage.ts')).addOutage,
    ],
    [
      'share',
      'share requests (共享申请): certificates that a unit needs and the city does not share yet',
      async () => (await import('./casework/share.ts')).addShare,
    ],
    [
      'cases',
      'completed cases (业务办结) and whether their certificates arrived in time',
      async () => (await import('./casework/completed-cases.ts')).addCompletedCases,
    ],
    [
      'rebuild-workflows',
      'have every open case be waited for again, as after Temporal lost its data',
      async () => (await import('./casework/rebuild.ts')).addRebuild,
    ],
  ],
  'Supervision 监督考核': [
    [
      'figures',
      'the figures of supervision (归集率、及时率、完整率 …) by unit and period, with their formulas',
      async () => (await import('./supervision/figures.ts')).addFigures,
    ],
    [
      'assessment',
      'the assessment (考核) of a month or year as a workbook: units ranked by their figures, and what is behind them',
      async () => (await import('./supervision/assessment.ts')).addAssessment,
    ],
    [
      'supervise',
      'supervision (监督): samples, trial uses, patrols; findings, orders to rectify, re-checks, notices',
      async () => (await import('./supervision/supervise.ts')).addSupervise,
    ],
  ],
  'Console 控制台': [
    [
      'account',
      'accounts of the console: list them, add one, set a password',
      async () => (await import('./console/account.ts')).addAccountCommand,
    ],
  ],
};

const program = new Command('hub')
  .description('A city hub for electronic certificates (电子证照): collects, keeps, proves and supervises.')
  .option('-V, --version', 'as hub version')
  .commandsGroup('The hub itself:')
  .helpCommand('help [command]', 'explain a command')
  .configureHelp({ subcommandTerm: (command) => command.name() })
  .addHelpText('after', '\nStart with:\n  ./hub demo')
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

function shown(error: unknown): string {
  if (error instanceof HubError)
    return error.cure === undefined
      ? error.message
      : `${error.message}; ${error.cure.en}${error.cure.en.endsWith('?') ? '' : '.'}`;
  return error instanceof Error && error.stack !== undefined ? error.stack : messageOf(error);
}
