import { Command, CommanderError } from 'commander';
import { HubError, messageOf } from '../domain/errors.ts';
import { addDemo } from './demo.ts';
import { addMigrate } from './migrate.ts';
import { addServer } from './server.ts';
import { addGaps, addStatus } from './status.ts';
import { addTest } from './test.ts';
import { addUp } from './up.ts';
import { addWorker } from './worker.ts';

const program = new Command('hub')
  .description('A city hub for electronic certificates (电子证照): collects, keeps, proves and supervises.')
  .addHelpText('after', '\nStart with:\n  ./hub demo')
  .exitOverride()
  .showSuggestionAfterError();
for (const add of [addDemo, addUp, addStatus, addGaps, addWorker, addServer, addMigrate, addTest]) add(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) console.error(shown(error));
  // Not left to the event loop, which Temporal's runtime would keep busy for ever.
  process.exit(error instanceof CommanderError ? error.exitCode : 1);
}

function shown(error: unknown): string {
  if (error instanceof HubError) return error.cure === undefined ? error.message : `${error.message}; ${error.cure}.`;
  return error instanceof Error && error.stack !== undefined ? error.stack : messageOf(error);
}
