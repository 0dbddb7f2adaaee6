import assert from 'node:assert/strict';
import { MockActivityEnvironment } from '@temporalio/testing';
import fc from 'fast-check';
import type { Knex } from 'knex';
import pg from 'pg';
import { createReplayActivities, type ReplayProgress } from '../../activities/replay.ts';
import type { HubConfig } from '../../settings/load.ts';
import { fileConnectorSchema } from '../../settings/kinds/file.ts';
import { mapPage } from '../../connectors/mapping/map-page.ts';
import { Streams, type OpenStream } from '../../connectors/registry.ts';
import type { CatalogEntry } from '../../domain/library/catalog.ts';
import { DAY_MS, shanghaiInstant } from '../../domain/dates.ts';
import { timeWindow } from '../../domain/collection/window.ts';
import { closeBatch, getBatch, openBatch, restartBatch, type Batch } from '../../store/collection/batches.ts';
import { approveDrafts, approvedCatalog, draftEntries } from '../../store/library/catalog.ts';
import { mergePage, writePage, type PageCounts, type PageRows, type PageRules } from '../../store/collection/pages.ts';
import { openDatabase } from '../../store/database.ts';
import type { TestDatabase } from './database.ts';
import { BASE_MS, newStream, NOW } from './library.ts';

type SourceRecord = Record<string, unknown>;

/** What befalls a page on its way into the library. */
const FATES = [
  'none',
  /** It is committed, the worker dies before it knows, and the next one writes the page again. */
  'written again',
  /** Its connection is killed when everything is written but the commit; the next worker writes it. */
  'killed',
  /** The next page is written on another connection, while this one is not committed yet. */
  'beside another',
  /** The same, and this page's connection is killed while the other page may wait for it. */
  'killed beside another',
  /** The same, and the other page's connection is killed if it waits for this page. */
  'another killed beside it',
  /** Rejects are mapped again while this page is not committed yet. */
  'beside a replay',
] as const;

/** One page of a delivery, and what follows it. */
export interface Step {
  size: number;
  fate: (typeof FATES)[number];
  /** The rejects so far are mapped again. */
  replay: boolean;
  /** `moved`: the source moved, the batch is begun anew, and its pages come in another order. */
  then: 'go on' | 'close' | 'moved';
}

export const steps = fc.array(
  fc.record<Step>({
    size: fc.integer({ min: 1, max: 4 }),
    fate: fc.constantFrom(...FATES, 'beside another'),
    replay: fc.boolean(),
    then: fc.constantFrom('go on', 'close', 'moved'),
  }),
  { minLength: 1, maxLength: 8 },
);

/** A page that is merged and not committed yet. */
interface Rival {
  pid: number;
  kill: () => Promise<void>;
  commit: () => Promise<void>;
}

/** PostgreSQL's code for a connection that was ended by an administrator. */
const KILLED = '57P01';

function onlyIfKilled(error: unknown): void {
  if (!(error instanceof pg.DatabaseError && error.code === KILLED)) throw error;
}

/** A stream as tests configure it, whose source is whatever they hand over. */
export class DeliveringStream {
  readonly #database: TestDatabase;
  readonly #stream: OpenStream;
  readonly #streams: Streams;
  readonly #rules: PageRules;
  readonly id: number;
  readonly name: string;

  private constructor(database: TestDatabase, row: { id: number; name: string }, timed: boolean) {
    this.#database = database;
    ({ id: this.id, name: this.name } = row);
    const connector = fileConnectorSchema.parse({
      name: '甲局',
      unit: '11320200014006438B',
      kind: 'file',
      address: './drop',
      streams: [
        {
          id: this.name,
          files: '{date}.xlsx',
          record: { key: 'id', ...(timed && { updatedAt: 'gxsj' }) },
          ...(!timed && { content: 'full', deletes: { share: 1 } }),
          status: { field: 'zt', values: { '1': 'valid', '4': 'cancelled' }, deleted: { field: 'sc', values: ['Y'] } },
        },
      ],
    });
    this.#streams = new Streams({
      connectors: [{ ...connector, id: 'c' }],
      ownKinds: new Map(),
    } as Partial<HubConfig> as HubConfig);
    this.#stream = this.#streams.get(this.name);
    this.#rules = { untimed: !timed, snapshot: !timed };
  }

  static async create(database: TestDatabase, { timed }: { timed: boolean }): Promise<DeliveringStream> {
    return new DeliveringStream(database, await newStream(database.db), timed);
  }

  openBatch = async (at = NOW): Promise<Batch> => {
    const { db } = this.#database;
    const window = timeWindow(BASE_MS, BASE_MS + DAY_MS);
    return getBatch(db, await openBatch(db, this.id, { purpose: 'daily', window, declared: 0, workflowId: 'w' }, at));
  };

  /** Delivers records in pages, as the steps say, in one batch or several; begins anew with the steps when they end. */
  async deliver(records: readonly SourceRecord[], steps: readonly Step[], before: (turn: number) => Promise<void>) {
    let batch = await this.openBatch();
    let pages: SourceRecord[][] = [];
    let taken = 0;
    const nextPage = (size: number): number => {
      pages.push(records.slice(taken, taken + size));
      taken += size;
      return pages.length - 1;
    };
    const write = (number: number, worker = this.#database.db) =>
      this.write(batch, number, pages[number] ?? [], worker);
    for (let turn = 0; taken < records.length; turn++) {
      const step = steps[turn % steps.length] ?? assert.fail('there is a step');
      await before(turn);
      const first = nextPage(step.size);
      if (step.fate === 'none') await write(first);
      else if (step.fate === 'written again') assert.deepEqual(await write(first), await write(first));
      else {
        const rival = await this.#begin(batch, pages[first] ?? [], first);
        if (step.fate === 'killed') {
          await rival.kill();
          await write(first);
        } else if (step.fate === 'beside a replay') {
          await this.#beside(rival, this.replay(), () => rival.commit());
        } else {
          const second = nextPage(step.size);
          if (step.fate === 'beside another') {
            await this.#beside(rival, write(second), () => rival.commit());
          } else if (step.fate === 'killed beside another') {
            await this.#beside(rival, write(second), () => rival.kill());
            await write(first);
          } else {
            await this.#withDoomed(async (worker) => {
              await this.#beside(rival, write(second, worker).catch(onlyIfKilled), async (waiter) => {
                if (waiter !== null) await this.#kill(waiter);
                await rival.commit();
              });
            });
            await write(second);
          }
        }
      }
      if (step.replay) await this.replay();
      if (step.then === 'close') {
        await this.close(batch, pages.flat().length);
        batch = await this.openBatch();
        pages = [];
      } else if (step.then === 'moved') {
        batch = await this.restart(batch);
        pages.reverse();
        for (const number of pages.keys()) await write(number);
      }
    }
    await this.close(batch, pages.flat().length);
  }

  /** Ends a rival once the work beside it is done or waits for it. */
  async #beside(rival: Rival, work: Promise<unknown>, end: (waiter: number | null) => Promise<unknown>): Promise<void> {
    await end(await this.#waiterFor(rival.pid, work));
    await work;
  }

  /** Lends connections apart from the others, which may be handed on before they are noticed to be dead. */
  async #withDoomed(use: (worker: Knex) => Promise<void>): Promise<void> {
    const worker = openDatabase(this.#database.url, 'test');
    try {
      await use(worker);
    } finally {
      await worker.destroy();
    }
  }

  /** The backend that waits for another one; null once the work is done without waiting. */
  async #waiterFor(pid: number, work: Promise<unknown>): Promise<number | null> {
    const ended = Promise.allSettled([work]).then(() => true);
    while (!(await Promise.race([ended, Promise.resolve(false)]))) {
      const { rows } = await this.#database.db.raw<{ rows: { pid: number }[] }>(
        'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND ? = ANY (pg_blocking_pids(pid))',
        [pid],
      );
      if (rows[0]) return rows[0].pid;
    }
    return null;
  }

  async #kill(pid: number): Promise<void> {
    await this.#database.db.raw('SELECT pg_terminate_backend(?)', [pid]);
  }

  /** Merges a page on a connection of its own and leaves it uncommitted. */
  async #begin(batch: Batch, records: readonly SourceRecord[], number: number): Promise<Rival> {
    const client = new pg.Client({ connectionString: this.#database.url });
    client.on('error', () => undefined); // it is going to be killed
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const pid = rows[0]?.pid ?? 0;
    await client.query('BEGIN');
    await mergePage(client, batch, await this.#map(batch, number, records), this.#rules, NOW);
    return {
      pid,
      kill: () => this.#kill(pid),
      commit: async () => {
        await client.query('COMMIT');
        await client.end();
      },
    };
  }

  async #map(batch: Batch, number: number, records: readonly SourceRecord[]): Promise<PageRows> {
    const context = {
      readAt: shanghaiInstant(batch.openedAt.getTime()),
      catalog: await approvedCatalog(this.#database.db),
    };
    const page = { records: [...records], undecodable: new Map<number, string>() };
    const { rows, rejected, deleted } = await mapPage(
      this.#stream,
      page,
      context,
      () => Promise.resolve(new Map<number, never>()),
      () => Promise.resolve([]),
    );
    const digest = String(number);
    return { number, digest, read: records.length, rows: rows.toJson(), rejected, deleted, position: null };
  }

  async write(
    batch: Batch,
    number: number,
    records: readonly SourceRecord[],
    worker = this.#database.db,
  ): Promise<PageCounts> {
    const page = await this.#map(batch, number, records);
    const counts = await writePage(worker, batch, page, this.#rules, NOW);
    assert.equal(counts.read, counts.accepted + counts.unchanged + counts.rejected);
    assert.ok(Math.min(counts.accepted, counts.unchanged, counts.rejected) >= 0, 'a record is counted once');
    return counts;
  }

  async close(batch: Batch, declared: number): Promise<void> {
    const deletes = this.#stream.hints.deletes;
    const { complete } = await closeBatch(this.#database.db, batch, { declared, delivery: true, deletes }, NOW);
    assert.ok(complete, 'the batch is complete');
  }

  /** Begins a batch's pages anew. */
  async restart({ id }: Batch): Promise<Batch> {
    await restartBatch(this.#database.db, id);
    return getBatch(this.#database.db, id);
  }

  /** Maps the open rejects again, as the workflow has it done. */
  async replay(): Promise<void> {
    const { db } = this.#database;
    const activities = createReplayActivities({ db, streams: () => this.#streams, now: () => NOW });
    const upTo = await activities.findLastReject({ stream: this.name });
    const next = (after: number): Promise<ReplayProgress> =>
      new MockActivityEnvironment().run(() => activities.replayRejects({ stream: this.name, after, upTo }));
    for (let after: number | null = 0; after !== null;) ({ last: after } = await next(after));
  }
}

/** Has the catalog list a type. */
export async function approveType({ db }: TestDatabase, typeCode: string): Promise<void> {
  const entry: CatalogEntry = {
    typeCode,
    name: '许可证',
    category: null,
    issuer: null,
    definer: null,
    holders: [],
    template: null,
    face: [],
    collectFrom: null,
    publicity: null,
    level: null,
    items: [],
    validYears: null,
    inspection: null,
    members: [],
    sources: [],
    fieldSources: {},
  };
  await draftEntries(db, [entry], 'M', NOW);
  await approveDrafts(db, [typeCode], 'M', NOW);
}
