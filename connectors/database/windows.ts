import type { DatabaseConnectorConfig, DatabaseStreamConfig } from '../../settings/kinds/database.ts';
import { fromMs, toMs, type TimeWindow } from '../../domain/collection/window.ts';
import type { Said } from '../../domain/said.ts';
import type { CheckReport, OpenOptions, Page, Resume, WindowSource } from '../contract.ts';
import type { Range } from './rows.ts';
import { Table } from './table.ts';

/** A table whose rows are asked for by the time of their last change. */
export class TableWindows extends Table implements WindowSource {
  readonly by = 'windows';
  readonly #stream: DatabaseStreamConfig;

  constructor(connector: DatabaseConnectorConfig, stream: DatabaseStreamConfig, options?: OpenOptions) {
    super(connector, stream, options);
    this.#stream = stream;
  }

  count(window: TimeWindow): Promise<number> {
    return this.countRows(rangeOf(window));
  }

  beyond(): Promise<number> {
    return this.countBeyond();
  }

  read(window: TimeWindow, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    return this.readRows(rangeOf(window), resume, signal);
  }

  check(): Promise<CheckReport> {
    return this.checkTimes(this.#stream.record.updatedAt ?? '');
  }

  explain(): Said[] {
    const { cursor, record } = this.#stream;
    const from = this.from();
    const [time, then] = [record.updatedAt ?? '', typeof cursor === 'object' ? cursor.sequence : record.key];
    return this.explainRows({
      zh: `按 ${time} 的时间窗口读取${from.zh}，依次按 ${time}、${then} 排序`,
      en: `reads windows of ${time} from ${from.en}, in its order and that of ${then}`,
    });
  }
}

const rangeOf = (window: TimeWindow): Range => ({ fromMs: fromMs(window), toMs: toMs(window) });
