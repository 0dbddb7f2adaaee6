import '../settings/hardened.ts';
import { Command, CommanderError } from 'commander';
import { HubError, messageOf } from '../domain/errors.ts';

/** Loaded when they are named, because some bring Temporal's worker along; all of them for help. */
const COMMANDS: Record<string, () => Promise<(program: Command) => void>> = {
  demo: async () => (await import('./demo/demo.ts')).addDemo,
  up: async () => (await import('./hub/up.ts')).addUp,
  status: async () => (await import('./collection/status.ts')).addStatus,
  gaps: async () => (await import('./collection/status.ts')).addGaps,
  certificate: async () => (await import('./library/certificate.ts')).addCertificate,
  conflicts: async () => (await import('./library/conflicts.ts')).addConflicts,
  figures: async () => (await import('./supervision/figures.ts')).addFigures,
  catalog: async () => (await import('./library/catalog.ts')).addCatalog,
  prove: async () => (await import('./collection/prove.ts')).addProve,
  proofs: async () => (await import('./collection/proofs.ts')).addProofs,
  assessment: async () => (await import('./supervision/assessment.ts')).addAssessment,
  supervise: async () => (await import('./supervision/supervise.ts')).addSupervise,
  stock: async () => (await import('./collection/stock.ts')).addStock,
  files: async () => (await import('./library/files.ts')).addFiles,
  rejects: async () => (await import('./collection/rejects.ts')).addRejects,
  connector: async () => (await import('./collection/connector.ts')).addConnector,
  tasks: async () => (await import('./ledger/tasks.ts')).addTasks,
  dispute: async () => (await import('./casework/dispute.ts')).addDispute,
  outage: async () => (await import('./casework/outage.ts')).addOutage,
  share: async () => (await import('./casework/share.ts')).addShare,
  'rebuild-workflows': async () => (await import('./casework/rebuild.ts')).addRebuild,
  contacts: async () => (await import('./ledger/contacts.ts')).addContacts,
  reminders: async () => (await import('./ledger/reminders.ts')).addReminders,
  cases: async () => (await import('./casework/completed-cases.ts')).addCompletedCases,
  expiry: async () => (await import('./library/expiry.ts')).addExpiry,
  'usage-list': async () => (await import('./library/usage-list.ts')).addUsageList,
  account: async () => (await import('./console/account.ts')).addAccountCommand,
  rules: async () => (await import('./ledger/rules.ts')).addRules,
  calendar: async () => (await import('./ledger/calendar.ts')).addCalendar,
  due: async () => (await import('./ledger/due.ts')).addDue,
  identify: async () => (await import('./library/identify.ts')).addIdentify,
  worker: async () => (await import('./hub/worker.ts')).addWorker,
  server: async () => (await import('./hub/server.ts')).addServer,
  migrate: async () => (await import('./hub/migrate.ts')).addMigrate,
  test: async () => (await import('./hub/test.ts')).addTest,
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
