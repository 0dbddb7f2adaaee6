import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { findStream, type ConfiguredStream, type HubConfig } from '../../settings/load.ts';
import { gapInWords } from '../../domain/collection/gap.ts';
import { BEYOND_WINDOWS } from '../../domain/difference-subjects.ts';
import { capabilitiesOf, clockOf } from '../../connectors/registry.ts';
import { fault } from '../../domain/faults.ts';
import { proveWorkflowId } from '../../domain/ids.ts';
import { describeWindow, timeWindow } from '../../domain/collection/window.ts';
import { findGaps } from '../../store/collection/overview.ts';
import { findProofs, type Proof } from '../../store/collection/proofs.ts';
import { labelOf } from '../../temporal/schedules.ts';
import type { ProveStreamInput, ProveStreamResult } from '../../workflows/messages.ts';
import type { proveStream } from '../../workflows/prove-stream.ts';
import { streamAttributes } from '../../workflows/search-attributes.ts';
import { windowBounds, configOf, withStreams, withWindow, type StreamOptions } from '../kit/select.ts';
import { withLibrary } from '../kit/library.ts';
import { KINDS_OF_DIFFERENCE, proofTable } from './proofs.ts';
import { showRun, withRunningHub } from '../kit/running-hub.ts';
import { print, printJson } from '../kit/output.ts';

interface ProveOptions extends StreamOptions {
  stream: string;
  mend?: boolean;
}

export function addProve(program: Command): void {
  withWindow(withStreams(program.command('prove')))
    .description(
      'Has a running hub list a period of a source and compare every key and content with the library, so that equal\n' +
        'counts with other content are found as well. Of a source of batches, those taken in the period are read again.\n' +
        'What differs is named, becomes a task of the unit, and is kept as evidence: ./hub proofs. Exits with 1 when\n' +
        'anything differs. Every night each stream proves yesterday and the part of its past that was proven longest ago.',
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
  const period = await provablePeriod(config, selected, windowBounds(options));
  if (!period) {
    throw fault('not-provable', { stream: options.stream, wanted: 'proof' });
  }
  const ids: number[] = [];
  await withRunningHub(config, (client) =>
    showRun(
      {
        title: `${options.stream}, ${period.shown}`,
        quiet: options.json,
        what: 'source',
      },
      async () => {
        const result = await proveInHub(client, config, selected, period, options.mend ?? false);
        ids.push(...result.proofs);
        return `${result.records} records, ${result.found} differences found, ${result.differences} left`;
      },
    ),
  );
  const [proofs, beyond] = await withLibrary(options, async (db) => [
    await findProofs(db, ids),
    (await findGaps(db, new Date(), options.stream)).filter(
      (gap) => gap.kind === 'difference' && gap.subject === BEYOND_WINDOWS,
    ),
  ]);
  // They are of no period: no proof of one can tell of them.
  for (const gap of beyond) {
    const { zh, en } = gapInWords(gap);
    console.error(`✖ ${zh}。 ${en}`);
  }
  if (beyond.length > 0 || proofs.some((proof) => proof.differences > 0 || proof.fault !== null)) process.exitCode = 1;
  if (options.json) return printJson(proofs);
  if (proofs.length === 0) return print('这段时间没有归集。 Nothing was taken in that time.');
  show(proofs);
}

/** What is to be proven, and how it is called. */
interface Period {
  input: Pick<ProveStreamInput, 'window' | 'taken'>;
  shown: string;
}

/** Has a running hub prove a stream. */
export function proveInHub(
  client: Client,
  config: HubConfig,
  { connector, stream }: ConfiguredStream,
  { input, shown }: Period,
  mend: boolean,
): Promise<ProveStreamResult> {
  const label = labelOf(connector.name, stream);
  return client.workflow.execute<typeof proveStream>('proveStream', {
    taskQueue: config.settings.temporal.taskQueue,
    workflowId: proveWorkflowId(stream.id),
    typedSearchAttributes: streamAttributes(label, '比对'),
    staticSummary: `比对 · ${label.title} · ${shown}`,
    args: [{ ...label, ...input, mend }],
  });
}

/**
 * A period, up to what the source's clock lets be read; of a source of batches, when they were taken. Null for a source
 * that cannot list what it delivered.
 */
export async function provablePeriod(
  config: HubConfig,
  selected: ConfiguredStream,
  [fromMs, toMs]: readonly [fromMs: number, toMs: number],
): Promise<Period | null> {
  const { by, again } = capabilitiesOf(config, selected);
  if (again === 'none') return null;
  if (by === 'batches') {
    const taken = timeWindow(fromMs, toMs);
    return { input: { taken }, shown: `batches taken ${describeWindow(taken)}` };
  }
  const readableMs = (await clockOf(config, selected)) - selected.stream.lag;
  const window = timeWindow(fromMs, Math.max(fromMs, Math.min(toMs, readableMs)));
  return { input: { window }, shown: describeWindow(window) };
}

function show(proofs: readonly Proof[]): void {
  print(proofTable(proofs));
  for (const [title, of] of KINDS_OF_DIFFERENCE) {
    const keys = proofs.flatMap(of);
    if (keys.length > 0) print(`${title}: ${keys.slice(0, 50).join(', ')}${keys.length > 50 ? ' …' : ''}`);
  }
}
