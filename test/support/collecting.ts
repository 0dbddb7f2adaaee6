import { MockActivityEnvironment } from '@temporalio/testing';
import type { Knex } from 'knex';
import { createCollectActivities } from '../../activities/collect.ts';
import { createDayActivities } from '../../activities/days.ts';
import type { Dependencies } from '../../activities/dependencies.ts';
import { createProveActivities } from '../../activities/prove.ts';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import { createReturnActivities } from '../../activities/returns.ts';
import { Streams } from '../../connectors/registry.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import { HubError } from '../../domain/errors.ts';
import { gapInWords } from '../../domain/collection/gap.ts';
import {
  halveWindow,
  timeWindow,
  type BatchWindow,
  type TimeWindow,
  type Window,
} from '../../domain/collection/window.ts';
import type { HubConfig } from '../../settings/load.ts';
import type { ConnectorConfig } from '../../settings/schemas/connector.ts';
import type { BatchPurpose } from '../../store/collection/batches.ts';
import { findGaps, type Gap } from '../../store/collection/overview.ts';
import { saveStreams } from '../../store/collection/streams.ts';

/** How often a batch that does not match what it declared is read, as the workflow does. */
const READS = 3;
/** How often what is not covered is read, as a day does. */
const ROUNDS = 3;

/**
 * One stream of a real source, collected without Temporal: the activities, in the order in which `syncWindow`,
 * `reconcileStream`, `returnSync` and `proveStream` call them.
 */
export class Collecting {
  readonly db: Knex;
  readonly id: number;
  readonly stream: string;
  readonly streams: Streams;
  readonly #now: () => Date;
  readonly #activities;

  private constructor(db: Knex, id: number, stream: string, streams: Streams, now: () => Date) {
    this.db = db;
    this.id = id;
    this.stream = stream;
    this.streams = streams;
    this.#now = now;
    const dependencies: Dependencies = { db, streams: () => this.streams, now };
    this.#activities = {
      ...createCollectActivities(dependencies),
      ...createDayActivities(dependencies),
      ...createReconcileActivities(dependencies),
      ...createReturnActivities(dependencies),
      ...createProveActivities(dependencies),
    };
  }

  /** @param connector with the one stream */
  static async create(
    db: Knex,
    connector: ConnectorConfig,
    { sinceMs, now }: { sinceMs: number; now: () => Date },
  ): Promise<Collecting> {
    const [{ id: stream, delivery } = { id: '', delivery: 'daily' as const }] = connector.streams;
    const owner = { title: stream, connector: connector.id, unitCode: connector.unit, unitName: connector.name };
    await saveStreams(db, [{ name: stream, ...owner, delivery, since: new Date(sinceMs), daily: null }], now());
    const { id } = await db('stream').where({ name: stream }).first<{ id: number }>('id');
    const config = { connectors: [connector], ownKinds: new Map() } as Partial<HubConfig> as HubConfig;
    return new Collecting(db, id, stream, new Streams(config, { now: () => now().getTime() }), now);
  }

  #run<T>(work: () => Promise<T>): Promise<T> {
    return new MockActivityEnvironment().run(work);
  }

  /** Reads a window, and its halves where the source moves; whether all of it is complete. */
  async sync(window: Window, purpose: BatchPurpose = 'daily'): Promise<{ complete: boolean; read: number }> {
    const { stream } = this;
    const pending = [window];
    const result = { complete: true, read: 0 };
    let last = 0;
    for (let part = pending.shift(); part; part = pending.shift()) {
      const asked = { stream, purpose, window: part };
      const { batchId } = await this.#run(() => this.#activities.openBatch(asked));
      for (;;) {
        const { outcome } = await this.#run(() => this.#activities.readPages({ batchId }));
        if (outcome === 'more') continue;
        const halves = outcome === 'moved' && part.kind === 'time' ? halveWindow(part) : null;
        if (halves) pending.unshift(...halves);
        else {
          const closed = await this.#run(() => this.#activities.closeBatch({ batchId }));
          result.complete &&= closed.complete;
          result.read += closed.read;
          last = batchId;
        }
        break;
      }
    }
    if (result.complete && window.kind === 'batch')
      await this.#run(() => this.#activities.acknowledgeBatch({ batchId: last }));
    return result;
  }

  /** Reads what is not covered up to now. */
  async readOpen(purpose: BatchPurpose = 'daily'): Promise<void> {
    const to = shanghaiInstant(this.#now().getTime());
    for (let round = 0; round < ROUNDS; round++) {
      const { windows } = await this.#run(() => this.#activities.planWindows({ stream: this.stream, to }));
      if (windows.length === 0) return;
      for (const window of windows) await this.sync(window, purpose);
    }
  }

  /** Compares counts, narrows what differs, reads it again, and names what stays. */
  async reconcile(whole: TimeWindow): Promise<void> {
    const { stream } = this;
    const pending: (TimeWindow & { halves?: TimeWindow[] })[] = [whole];
    const equal = async (window: TimeWindow): Promise<boolean> => {
      const counts = await this.#run(() => this.#activities.compareCounts({ stream, window }));
      if (counts.source === counts.library) return true;
      const halves = counts.small ? null : halveWindow(window);
      if (halves) pending.push({ ...window, halves }, halves[1], halves[0]);
      return halves !== null;
    };
    for (let step = pending.pop(); step; step = pending.pop()) {
      const { halves, ...window } = step;
      if (halves) await this.#run(() => this.#activities.addUp({ stream, window, halves }));
      else if (!(await equal(window))) {
        await this.sync(window, 'reconcile');
        if (await equal(window)) continue;
        await this.readOpen('reconcile');
        if (!(await equal(window))) await this.#run(() => this.#activities.nameDifference({ stream, window }));
      }
    }
  }

  /** Takes the source's batches; with `again` those that were taken in a time, too. */
  async takeBatches(again?: TimeWindow): Promise<void> {
    const { stream } = this;
    const take = async (window: BatchWindow): Promise<void> => {
      let read = 0;
      for (let attempt = 0; attempt < READS; attempt++) {
        const synced = await this.sync(window, 'return');
        if (synced.complete) return;
        ({ read } = synced);
      }
      await this.#run(() => this.#activities.reportBrokenBatch({ stream, window, read }));
    };
    const chain = await this.#run(() => this.#activities.findChain({ stream }));
    for (const batchId of chain.unacknowledged) await this.#run(() => this.#activities.acknowledgeBatch({ batchId }));
    for (const window of chain.broken) await take(window);
    if (again) {
      const taken = await this.#run(() => this.#activities.findTakenBatches({ stream, taken: again }));
      for (const window of taken) await take(window);
    }
    const upTo = shanghaiInstant(this.#now().getTime());
    for (let after = chain.last; ;) {
      const asked = { stream, after, upTo };
      const next = await this.#run(() => this.#activities.findNextBatch(asked));
      if (!next) return;
      await take(next);
      after = next;
    }
  }

  /** What a night proves. */
  async prove(): Promise<void> {
    const { stream } = this;
    for (const window of await this.#run(() => this.#activities.planProof({ stream }))) {
      const { proofId } = await this.#run(() => this.#activities.proveWindow({ stream, window }));
      await this.#run(() => this.#activities.settleProof({ stream, window, proofId }));
    }
  }

  /** A day and the night after it. What the source's faults end is left, as a workflow leaves it to its next run. */
  async collect(sinceMs: number): Promise<void> {
    try {
      if (this.streams.capabilities(this.stream).by === 'batches') await this.takeBatches();
      else {
        await this.readOpen();
        await this.reconcile(timeWindow(sinceMs, this.#now().getTime()));
      }
      await this.prove();
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      if (error.kind === 'configuration')
        await this.#activities.pauseStream({ stream: this.stream, reason: error.message, code: error.code });
    }
  }

  /** What is not proven to be in: all, or what is of a kind. */
  async gaps(kind?: Gap['kind']): Promise<Gap[]> {
    const found = await findGaps(this.db, this.#now(), this.stream);
    return kind === undefined ? found : found.filter((gap) => gap.kind === kind);
  }

  async gapsInWords(kind?: Gap['kind']): Promise<string[]> {
    return (await this.gaps(kind)).map((gap) => gapInWords(gap).en);
  }
}
