import '../config/hardened.ts';
import { Command, CommanderError } from 'commander';
import { HubError, messageOf } from '../domain/errors.ts';

/** Loaded when they are named, because some bring Temporal's worker along; all of them for help. */
const COMMANDS: Record<string, () => Promise<(program: Command) => void>> = {
  demo: async () => (await import('./demo.ts')).addDemo,
  up: async () => (await import('./up.ts')).addUp,
  status: async () => (await import('./status.ts')).addStatus,
  gaps: async () => (await import('./status.ts')).addGaps,
  certificate: async () => (await import('./certificate.ts')).addCertificate,
  conflicts: async () => (await import('./conflicts.ts')).addConflicts,
  figures: async () => (await import('./figures.ts')).addFigures,
  catalog: async () => (await import('./catalog.ts')).addCatalog,
  prove: async () => (await import('./prove.ts')).addProve,
  proofs: async () => (await import('./proofs.ts')).addProofs,
  assessment: async () => (await import('./assessment.ts')).addAssessment,
  supervise: async () => (await import('./supervise.ts')).addSupervise,
  stock: async () => (await import('./stock.ts')).addStock,
  files: async () => (await import('./files.ts')).addFiles,
  rejects: async () => (await import('./rejects.ts')).addRejects,
  connector: async () => (await import('./connector.ts')).addConnector,
  tasks: async () => (await import('./tasks.ts')).addTasks,
  dispute: async () => (await import('./dispute.ts')).addDispute,
  outage: async () => (await import('./outage.ts')).addOutage,
  share: async () => (await import('./share.ts')).addShare,
  'rebuild-workflows': async () => (await import('./rebuild.ts')).addRebuild,
  contacts: async () => (await import('./contacts.ts')).addContacts,
  reminders: async () => (await import('./reminders.ts')).addReminders,
  cases: async () => (await import('./completed-cases.ts')).addCases,
  expiry: async () => (await import('./expiry.ts')).addExpiry,
  'usage-list': async () => (await import('./usage-list.ts')).addUsageList,
  account: async () => (await import('./account.ts')).addAccountCommand,
  rules: async () => (await import('./rules.ts')).addRules,
  calendar: async () => (await import('./calendar.ts')).addCalendar,
  due: async () => (await import('./due.ts')).addDue,
  identify: async () => (await import('./identify.ts')).addIdentify,
  worker: async () => (await import('./worker.ts')).addWorker,
  server: async () => (await import('./server.ts')).addServer,
  migrate: async () => (await import('./migrate.ts')).addMigrate,
  test: async () => (await import('./test.ts')).addTest,
};

const program = new Command('hub')
  .description('A city hub for electronic certificates (电子证照): collects, keeps, proves and supervises.')
  .addHelpText('after', '\nStart with:\n  ./hub demo')
  .exitOverride()
  .showSuggestionAfterError();
const named = COMMANDS[process.argv[2] ?? ''];
for (const load of named ? [named] : Object.values(COMMANDS)) (await load())(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) console.error(shown(error));
  // Not left to the event loop, which Temporal's runtime would keep busy for ever.
  process.exit(error instanceof CommanderError ? error.exitCode : 1);
}

function shown(error: unknown): string {
  if (error instanceof HubError)
    return error.cure === undefined
      ? error.message
      : `${error.message}; ${error.cure}${error.cure.endsWith('?') ? '' : '.'}`;
  return error instanceof Error && error.stack !== undefined ? error.stack : messageOf(error);
}
