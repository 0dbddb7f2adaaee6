import type { DatabaseConnectorConfig, DatabaseStreamConfig } from '../../settings/kinds/database.ts';
import { fromMs, toMs, type TimeWindow } from '../../domain/collection/window.ts';
import type { Said } from '../../domain/said.ts';
import type { CheckReport, OpenOptions, Page, Resume, WindowSource } from '../contract.ts';
import type { Range } from './rows.ts';
import { Table } from './table.ts';

/** A table whose rows are asked for by the time of their last change. */
export class TableWindows implements WindowSource {
  readonly by = 'windows';
  readonly sequential = true;
  readonly #table: Table;
  readonly #stream: DatabaseStreamConfig;

  constructor(connector: DatabaseConnectorConfig, stream: DatabaseStreamConfig, options?: OpenOptions) {
    this.#table = new Table(connector, stream, options);
    this.#stream = stream;
  }

  clock(): Promise<number> {
    return this.#table.clock();
  }

  count(window: TimeWindow): Promise<number> {
    return this.#table.count(rangeOf(window));
  }

  read(window: TimeWindow, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    return this.#table.read(rangeOf(window), resume, signal);
  }

  check(): Promise<CheckReport> {
    return this.#table.check({ byTime: true });
  }

  sample(): Promise<unknown[]> {
    return this.#table.sample();
  }

  explain(): Said[] {
    const { cursor, record } = this.#stream;
    const from = this.#table.from();
    const [time, then] = [record.updatedAt ?? '', typeof cursor === 'object' ? cursor.sequence : record.key];
    return this.#table.explain({
      zh: `按 ${time} 的时间窗口读取${from.zh}，依次按 ${time}、${then} 排序`,
      en: `reads windows of ${time} from ${from.en}, in its order and that of ${then}`,
    });
  }

  close(): Promise<void> {
    return this.#table.close();
  }
}

const rangeOf = (window: TimeWindow): Range => ({ fromMs: fromMs(window), toMs: toMs(window) });
