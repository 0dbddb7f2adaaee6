import type { Knex } from 'knex';
import { pMapIterable } from 'p-map';
import type { Page } from '../connectors/contract.ts';
import type { OpenStream } from '../connectors/registry.ts';
import { mapPage, requireFewGarbled, requireFewRejects, type FindHeld } from '../connectors/mapping/map-page.ts';
import { otherTimesIn } from '../connectors/mapping/placing.ts';
import { openContract } from '../connectors/mapping/source-contract.ts';
import { pagesOf } from '../connectors/reading.ts';
import { describeWindow, halveWindow, type Window } from '../domain/collection/window.ts';
import { shanghaiInstant } from '../domain/dates.ts';
import { fault } from '../domain/faults.ts';
import { waits } from '../domain/library/validation.ts';
import * as batches from '../store/collection/batches.ts';
import { approvedCatalog, countWaiting } from '../store/library/catalog.ts';
import { fieldMemory } from '../store/collection/fields.ts';
import { certificatesAt } from '../store/collection/lifecycle.ts';
import { writePage } from '../store/collection/pages.ts';
import { addOutside, recountOutside } from '../store/collection/reconciliation.ts';
import { getStream } from '../store/collection/streams.ts';
import type { Dependencies } from './dependencies.ts';

/** An activity reads for this long before it reports; the workflow shows the progress and goes on. */
const READ_FOR_MS = 15_000;
/** Pages written at once: while PostgreSQL merges one, the next is mapped. */
const WRITES_AT_ONCE = 2;

/**
 * Of when the records of a window are that have no time of their own: of a batch that brings the same whenever it is
 * read, when it was taken first. Null where they are of now.
 */
export async function timeOfRecords(
  db: Knex,
  { capabilities }: Pick<OpenStream, 'capabilities'>,
  streamId: number,
  window: Window,
): Promise<Date | null> {
  return window.kind === 'batch' && capabilities.again !== 'present'
    ? batches.firstTakenAt(db, streamId, window)
    : null;
}

/**
 * Reads and commits the pages of a batch that are not in yet, for a while: `more` when there may be others. While one
 * page is merged the next is mapped; those of a sequential source go in one after the other.
 */
export async function readBatch(
  { db, now }: Pick<Dependencies, 'db' | 'now'>,
  stream: OpenStream,
  batch: batches.Batch,
  signal: AbortSignal,
): Promise<'more' | 'done'> {
  const { source, config, hints } = stream;
  const committed = await batches.committedPages(db, batch);
  const contract = await openContract(config, fieldMemory(db, batch.streamId, now));
  const rules = {
    untimed: config.record.updatedAt === undefined,
    snapshot: hints.deletes !== undefined,
    versions: source.by === 'batches',
    file: hints.file,
    completed: config.completed,
  };
  const readAt = (await timeOfRecords(db, stream, batch.streamId, batch.window)) ?? batch.openedAt;
  const window = batch.window.kind === 'time' ? batch.window : undefined;
  if (window && committed.size === 0) await recountOutside(db, batch.streamId, window);
  const totals = await batches.batchCounts(db, batch);
  totals.rejected -= await countWaiting(db, batch.id);
  let outcome = 'done' as 'more' | 'done';
  let total = batch.total;
  const seen = { read: 0, garbled: 0 };
  let turn: Promise<unknown> = Promise.resolve();

  async function* forAWhile(): AsyncIterable<Page> {
    // From the first page on: to get there may itself take long, and yet there has to be progress.
    let until: number | null = null;
    for await (const page of pagesOf(source, batch.window, { committed, total: batch.total }, signal)) {
      if (window && page.total !== null && page.total < batch.declared && halveWindow(window)) {
        const facts = { window: describeWindow(window), total: page.total, parts: batch.declared };
        throw fault('total-capped', { place: batch.stream, ...facts });
      }
      if (total === null && page.total !== null) {
        total = page.total;
        await batches.noteTotal(db, batch.id, total);
      }
      yield page;
      until ??= Date.now() + READ_FOR_MS;
      if (Date.now() < until) continue;
      outcome = 'more';
      return;
    }
  }

  const findHeld: FindHeld = (events) => certificatesAt(db, batch.streamId, events);

  async function take(page: Page, before: Promise<unknown>): Promise<void> {
    const catalog = await approvedCatalog(db);
    // An event can be of a certificate that the page before has.
    if (config.status.events) await before;
    const context = { readAt: shanghaiInstant(readAt.getTime()), catalog, window };
    const { rows, rejected, deleted, garbled, outside } = await mapPage(stream, page, context, contract, findHeld);
    const { number, digest, position, records } = page;
    seen.read += records.length;
    seen.garbled += garbled;
    // Before anything of it is in: a wrong character set is no fault of the records.
    requireFewGarbled(config, seen);
    const otherTimes = otherTimesIn({ outside, rejected });
    if (window && otherTimes > 0) await addOutside(db, await getStream(db, batch.stream), window, otherTimes, now());
    const mapped = { number, digest, position, read: records.length, rows: rows.toJson(), rejected, deleted };
    await before;
    const counts = await writePage(db, batch, mapped, rules, now());
    totals.read += counts.read;
    totals.rejected += counts.rejected - rejected.filter(({ problems }) => problems.every(waits)).length;
    requireFewRejects(config, totals);
  }

  function takeInTurn(page: Page): Promise<void> {
    const inTurn = source.sequential || config.status.events !== undefined;
    const taken = take(page, inTurn ? turn : Promise.resolve());
    turn = taken;
    turn.catch(() => undefined); // thrown where it is awaited
    return taken;
  }

  await Array.fromAsync(pMapIterable(forAWhile(), takeInTurn, { concurrency: WRITES_AT_ONCE }));
  if (outcome === 'done') requireFewRejects(config, totals, true);
  return outcome;
}
