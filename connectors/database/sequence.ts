import type { DatabaseConnectorConfig, DatabaseStreamConfig } from '../../settings/kinds/database.ts';
import { followingBatch, timeWindow, type BatchWindow } from '../../domain/collection/window.ts';
import type { Said } from '../../domain/said.ts';
import type { BatchSource, ChainView, CheckReport, NextBatch, OpenOptions, Page, Resume } from '../contract.ts';
import type { Range } from './rows.ts';
import { Table } from './table.ts';

/** A table whose rows have a number that only ever grows; what follows the last one is a batch. */
export class TableSequence extends Table implements BatchSource {
  readonly by = 'batches';
  readonly #stream: DatabaseStreamConfig;
  readonly #column: string;
  /** The end of the sequence as it was found last, and when; epoch milliseconds of the source. */
  #reached: { cursor: string; atMs: number } | null = null;

  constructor(connector: DatabaseConnectorConfig, stream: DatabaseStreamConfig, column: string, options?: OpenOptions) {
    super(connector, stream, options);
    this.#stream = stream;
    this.#column = column;
  }

  async nextBatch(after: BatchWindow | null, { upToMs }: ChainView): Promise<NextBatch> {
    const { most, lag } = this.#stream;
    const reached = this.#reached;
    const proven = (atMs: number): NextBatch => ({ batch: null, proven: [{ window: timeWindow(0, atMs - lag) }] });
    // A busy table always has more; what is wanted is in when the last batch went to the end after that instant.
    if (after && reached?.cursor === after.next && reached.atMs - lag >= upToMs) return proven(reached.atMs);
    const nowMs = await this.clock();
    const start = after?.next ?? null;
    const next = await this.endOfSequence(start, most);
    if (next === null) return proven(nowMs);
    const declared = await this.countRows(this.#rangeOf({ after: start, next }));
    this.#reached = { cursor: next, atMs: declared < most ? nowMs : 0 };
    return { batch: followingBatch(after, { id: `${start ?? 'start'}..${next}`, next, declared }) };
  }

  count(window: BatchWindow): Promise<number> {
    return this.countRows(this.#rangeOf(window));
  }

  beyond(): Promise<number> {
    return this.countUnreachable();
  }

  read(window: BatchWindow, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    return this.readRows(this.#rangeOf(window), resume, signal);
  }

  /** Some rows before the end of the last batch are read again, for late commits. */
  #rangeOf({ after, next }: Pick<BatchWindow, 'after' | 'next'>): Range {
    const overlap = Number.parseInt(this.#stream.overlap ?? '0', 10);
    return { after: after === null || overlap === 0 ? after : String(BigInt(after) - BigInt(overlap)), upTo: next };
  }

  /** The table need not know. */
  acknowledge(): Promise<void> {
    return Promise.resolve();
  }

  check(): Promise<CheckReport> {
    return this.checkRows();
  }

  explain(): Said[] {
    const from = this.from();
    return this.explainRows({
      zh: `按 ${this.#column} 的顺序读取${from.zh}，每批至多 ${this.#stream.most} 行`,
      en: `reads ${from.en} in the order of ${this.#column}, up to ${this.#stream.most} rows as one batch`,
    });
  }
}
