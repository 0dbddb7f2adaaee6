import type { DatabaseConnectorConfig } from '../../settings/kinds/database.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import { followingBatch, timeWindow, type BatchWindow } from '../../domain/collection/window.ts';
import type { Said } from '../../domain/said.ts';
import type {
  BatchSource,
  ChainView,
  CheckReport,
  ListSource,
  NextBatch,
  OpenOptions,
  Page,
  Resume,
} from '../contract.ts';
import { FROM_THE_START } from '../contract.ts';
import { Table, type PagedTable } from './table.ts';

/** A table that is read whole; each time is a batch. */
export class TableSnapshots implements BatchSource {
  readonly by = 'batches';
  readonly sequential = true;
  readonly #table: Table;
  readonly #stream: PagedTable;

  constructor(connector: DatabaseConnectorConfig, stream: PagedTable, options?: OpenOptions) {
    this.#table = new Table(connector, stream, options);
    this.#stream = stream;
  }

  /** A snapshot is wanted when the last one is from before the instant up to which the chain is wanted. */
  async nextBatch(after: BatchWindow | null, { upToMs }: ChainView): Promise<NextBatch> {
    const takenMs = after === null ? null : Date.parse(after.next);
    const nowMs = await this.#table.clock();
    if (takenMs !== null && (takenMs >= upToMs || nowMs < upToMs)) {
      return { batch: null, proven: [{ window: timeWindow(0, takenMs), batch: after?.id ?? '' }] };
    }
    const at = shanghaiInstant(nowMs);
    return { batch: followingBatch(after, { id: at, next: at, declared: await this.#table.count('all') }) };
  }

  count(): Promise<number> {
    return this.#table.count('all');
  }

  read(_: BatchWindow, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    return this.#table.read('all', resume, signal);
  }

  /** The table need not know. */
  acknowledge(): Promise<void> {
    return Promise.resolve();
  }

  check(): Promise<CheckReport> {
    return this.#table.check({ byTime: false });
  }

  sample(): Promise<unknown[]> {
    return this.#table.sample();
  }

  explain(): Said[] {
    return this.#table.explain(wholeIn(this.#table, this.#stream));
  }

  close(): Promise<void> {
    return this.#table.close();
  }
}

/** A list that a table holds. */
export class TableList implements ListSource {
  readonly #table: Table;
  readonly #stream: PagedTable;

  constructor(connector: DatabaseConnectorConfig, stream: PagedTable, options?: OpenOptions) {
    this.#table = new Table(connector, stream, options);
    this.#stream = stream;
  }

  async *read(signal: AbortSignal): AsyncIterable<Page> {
    const total = await this.#table.count('all');
    for await (const page of this.#table.read('all', FROM_THE_START, signal)) yield { ...page, total };
  }

  sample(): Promise<unknown[]> {
    return this.#table.sample();
  }

  explain(): Said[] {
    return [this.#table.connects(), wholeIn(this.#table, this.#stream)];
  }

  close(): Promise<void> {
    return this.#table.close();
  }
}

function wholeIn(table: Table, { record }: PagedTable): Said {
  const from = table.from();
  return {
    zh: `整体读取${from.zh}，按 ${record.key} 排序`,
    en: `reads ${from.en} whole, in the order of ${record.key}`,
  };
}
