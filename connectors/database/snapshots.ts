import { shanghaiInstant } from '../../domain/dates.ts';
import { followingBatch, timeWindow, type BatchWindow } from '../../domain/collection/window.ts';
import type { Said } from '../../domain/said.ts';
import {
  FROM_THE_START,
  type BatchSource,
  type ChainView,
  type CheckReport,
  type ListSource,
  type NextBatch,
  type Page,
  type Resume,
} from '../contract.ts';
import { Table } from './table.ts';

/** A table that is read whole; each time is a batch. */
export class TableSnapshots extends Table implements BatchSource {
  readonly by = 'batches';

  /** A snapshot is wanted when the last one is from before the instant up to which the chain is wanted. */
  async nextBatch(after: BatchWindow | null, { upToMs }: ChainView): Promise<NextBatch> {
    const takenMs = after === null ? null : Date.parse(after.next);
    const nowMs = await this.clock();
    if (takenMs !== null && (takenMs >= upToMs || nowMs < upToMs)) {
      return { batch: null, proven: [{ window: timeWindow(0, takenMs), batch: after?.id ?? '' }] };
    }
    const at = shanghaiInstant(nowMs);
    return { batch: followingBatch(after, { id: at, next: at, declared: await this.count() }) };
  }

  count(): Promise<number> {
    return this.countRows('all');
  }

  read(_: BatchWindow, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    return this.readRows('all', resume, signal);
  }

  /** The table need not know. */
  acknowledge(): Promise<void> {
    return Promise.resolve();
  }

  check(): Promise<CheckReport> {
    return this.checkRows();
  }

  explain(): Said[] {
    return this.explainRows(this.whole());
  }
}

/** A list that a table holds. */
export class TableList extends Table implements ListSource {
  async *read(signal: AbortSignal): AsyncIterable<Page> {
    const total = await this.countRows('all');
    for await (const page of this.readRows('all', FROM_THE_START, signal)) yield { ...page, total };
  }

  explain(): Said[] {
    return [this.connects(), this.whole()];
  }
}
