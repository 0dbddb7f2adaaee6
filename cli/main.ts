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
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else if (error instanceof HubError) {
    console.error(error.cure === undefined ? error.message : `${error.message}; ${error.cure}.`);
    process.exitCode = 1;
  } else {
    console.error(error instanceof Error ? error.stack : messageOf(error));
    process.exitCode = 1;
  }
}
