import type { Command } from 'commander';
import { fault } from '../../domain/faults.ts';
import { taskQueueOf } from '../../store/ledger/rules.ts';
import { rebuildCases } from '../../temporal/cases.ts';
import { registerSearchAttributes } from '../../temporal/client.ts';
import { withLibrary } from '../kit/library.ts';
import { readConfig, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { showRun, withRunningHub } from '../kit/running-hub.ts';

export function addRebuild(program: Command): void {
  withData(withConfig(program.command('rebuild-workflows')))
    .description(
      'Starts the workflow of every open dispute, outage, share request and rectification that Temporal does not have, from\n' +
        'the ledger: due times are where they always were. Those that run are only woken. Schedules are made by the worker\n' +
        'whenever it starts.',
    )
    .addHelpText('after', '\nExample:\n  ./hub rebuild-workflows')
    .action((options: CommonOptions) =>
      withLibrary(options, async (db) => {
        const taskQueue = await taskQueueOf(db);
        if (taskQueue === null) {
          throw fault('hub-never-ran');
        }
        await withRunningHub(readConfig(options), async (client) => {
          await registerSearchAttributes(client);
          await showRun({ title: 'Open cases', what: 'cases', quiet: false }, async (show) => {
            const done = await rebuildCases(db, client, taskQueue, (count) => {
              show(count.toLocaleString('en-US'));
            });
            return `${done.toLocaleString('en-US')} are waited for`;
          });
        });
      }),
    );
}
