import type { Command } from 'commander';
import { findStream, type ConfiguredStream, type HubConfig } from '../config/load.ts';
import { openStream } from '../connectors/registry.ts';
import { configurationError } from '../domain/errors.ts';
import { proveWorkflowId } from '../domain/ids.ts';
import { describeWindow, timeWindow, type TimeWindow } from '../domain/window.ts';
import { differences, findProofs, type Proof } from '../store/proofs.ts';
import { labelOf } from '../temporal/schedules.ts';
import type { proveStream } from '../workflows/prove-stream.ts';
import { streamAttributes } from '../workflows/search-attributes.ts';
import { boundsOf, configOf, withStreams, withWindow, type StreamOptions } from './connector/select.ts';
import { withLibrary } from './library.ts';
import { moment, table } from './output.ts';
import { showRun, withRunningHub } from './running-hub.ts';

interface ProveOptions extends StreamOptions {
  stream: string;
  mend?: boolean;
}

export function addProve(program: Command): void {
  withWindow(withStreams(program.command('prove')))
    .summary('prove that the library holds what a source has, record by record')
    .description(
      'Has a running hub list a period of a source and compare every key and content with the library, so that equal\n' +
        'counts with other content are found as well. What differs is named, becomes a task of the unit, and is kept as\n' +
        'evidence. Exits with 1 when anything differs.',
    )
    .requiredOption('--stream <id>', 'the stream')
    .option('--mend', 'read what differs once more first')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub prove --stream housing-permits\n  ./hub prove --stream housing-permits --from 2026-01-01 --to 2026-11-01 --mend --json > evidence.json',
    )
    .action((options: ProveOptions) => prove(options));
}

async function prove(options: ProveOptions): Promise<void> {
  const config = configOf(options);
  const selected = findStream(config, options.stream);
  const window = await provableWindow(config, selected, options);
  const label = labelOf(selected.connector.name, selected.stream);
  const ids: number[] = [];
  await withRunningHub(config, (client) =>
    showRun(
      {
        ...{ title: `${options.stream}, ${describeWindow(window)}`, quiet: options.json },
        cure: './hub connector status shows how the source answered',
      },
      async () => {
        const result = await client.workflow.execute<typeof proveStream>('proveStream', {
          ...{ taskQueue: config.settings.temporal.taskQueue, workflowId: proveWorkflowId(options.stream) },
          typedSearchAttributes: streamAttributes(label, '比对'),
          staticSummary: `比对 · ${label.title} · ${describeWindow(window)}`,
          args: [{ ...label, window, ...(options.mend && { mend: true }) }],
        });
        ids.push(...result.proofs);
        return `${String(result.records)} records, ${String(result.found)} differences found, ${String(result.differences)} left`;
      },
    ),
  );
  const proofs = await withLibrary(options, (db) => findProofs(db, ids));
  if (proofs.some((proof) => differences(proof) > 0)) process.exitCode = 1;
  if (options.json) return console.log(JSON.stringify(proofs, null, 2));
  show(proofs);
}

/** The period that was chosen, up to what the source's clock lets be read. */
async function provableWindow(
  config: HubConfig,
  { connector, stream }: ConfiguredStream,
  options: ProveOptions,
): Promise<TimeWindow> {
  const { source } = openStream(config, connector, stream);
  try {
    if (source.nextBatch) {
      throw configurationError(`${stream.id} is read by batches and cannot list a period`, {
        code: 'not-provable',
        cure: 'each batch is in when its declared count is what was committed: ./hub gaps names those that differ',
      });
    }
    const [fromMs, toMs] = boundsOf(options);
    return timeWindow(fromMs, Math.max(fromMs, Math.min(toMs, (await source.clock()) - stream.lag)));
  } finally {
    await source.close?.();
  }
}

function show(proofs: readonly Proof[]): void {
  console.log(
    table(proofs, [
      ['Proof', ({ id }) => id, 'right'],
      ['From', ({ from }) => moment(from)],
      ['To', ({ to }) => moment(to)],
      ['At the source', ({ sourceRecords }) => sourceRecords, 'right'],
      ['of these refused', ({ sourceRefused }) => sourceRefused, 'right'],
      ['In the library', ({ libraryRecords }) => libraryRecords, 'right'],
      ['Missing', ({ missingCount }) => missingCount, 'right'],
      ['Only in the library', ({ extraCount }) => extraCount, 'right'],
      ['Other content', ({ differentCount }) => differentCount, 'right'],
      ['', (proof) => (differences(proof) > 0 ? '✖ differs' : '✔ equal')],
    ]),
  );
  const named = (title: string, keys: readonly string[]): void => {
    if (keys.length > 0) console.log(`${title}: ${keys.slice(0, 50).join(', ')}${keys.length > 50 ? ' …' : ''}`);
  };
  named(
    'Missing',
    proofs.flatMap(({ missing }) => missing),
  );
  named(
    'Only in the library',
    proofs.flatMap(({ extra }) => extra),
  );
  named(
    'Other content',
    proofs.flatMap(({ different }) => different),
  );
}
