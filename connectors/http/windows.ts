import type { HttpConnectorConfig, HttpStreamConfig } from '../../settings/kinds/http.ts';
import { DAY_MS } from '../../domain/dates.ts';
import {
  credibleTimes,
  fromMs,
  sliceWindow,
  timeWindow,
  toMs,
  type TimeWindow,
} from '../../domain/collection/window.ts';
import type { Said } from '../../domain/said.ts';
import type { CheckReport, OpenOptions, Page, Resume, WindowSource } from '../contract.ts';
import { resolutionMs, writeTime } from '../time-format.ts';
import { numberAt } from './answer.ts';
import { HttpClient } from './client.ts';
import { PageReader, type Asked } from './pages.ts';

/** A gateway that answers for windows of time. */
export class HttpWindows implements WindowSource {
  readonly by = 'windows';
  readonly sequential: boolean;
  readonly #client: HttpClient;
  readonly #pages: PageReader;
  readonly #stream: HttpStreamConfig;
  readonly beyond?: () => Promise<number>;

  constructor(connector: HttpConnectorConfig, stream: HttpStreamConfig, options?: OpenOptions) {
    this.#client = new HttpClient(connector, options);
    this.#pages = new PageReader(this.#client, stream, connector.inFlight);
    this.#stream = stream;
    this.sequential = this.#pages.sequential;
    const { countAll, response } = stream;
    if (countAll)
      this.beyond = async () => {
        const all = await this.#client.ask(countAll, {}, response.success, ({ json }, what) =>
          numberAt(json, countAll.value, what),
        );
        const reached = credibleTimes(await this.clock());
        return Math.max(0, all - (await this.count(timeWindow(reached.fromMs, reached.toMs))));
      };
  }

  async clock(): Promise<number> {
    const nowMs = Math.floor(Date.now() / 1000) * 1000;
    await this.count(timeWindow(nowMs, nowMs + 1000));
    return Date.now() + this.#client.clockSkewMs;
  }

  async count(window: TimeWindow): Promise<number> {
    const { count, response } = this.#stream;
    const asked = this.#asked(window);
    if (!count) return (await this.#pages.page(asked, 0)).total ?? 0;
    return this.#client.ask(count, asked.values, response.success, ({ json }, what) =>
      numberAt(json, count.value, what),
    );
  }

  read(window: TimeWindow, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    const { page } = this.#stream;
    if (page.by !== 'slice') return this.#pages.read(this.#asked(window), resume, signal);
    const parts = sliceWindow(window, page.slice).map((part) => this.#asked(part));
    return this.#pages.readParts(parts, resume, signal);
  }

  async check(): Promise<CheckReport> {
    const nowMs = Date.now();
    const window = timeWindow(nowMs - DAY_MS, nowMs);
    const { records } = await this.#pages.page(this.#asked(window), 0);
    const count = await this.count(window);
    const beyond = (await this.beyond?.()) ?? 0;
    const notes =
      beyond > 0
        ? [
            `${beyond} records have a time that is none, or lies ahead: no window holds them, ask the department to correct it`,
          ]
        : [];
    return { records: records.length, count, clockSkewMs: this.#client.clockSkewMs, notes };
  }

  async sample(): Promise<unknown[]> {
    return (await this.#pages.page(this.#asked(timeWindow(0, Date.now())), 0)).records;
  }

  explain(): Said[] {
    const { count, window } = this.#stream;
    const inclusive = window.end === 'inclusive';
    return [
      ...this.#pages.explain(),
      {
        zh: `时间写作 ${window.format}，${inclusive ? '源端包含窗口终点，故少问一个单位' : '不含窗口终点'}`,
        en: `writes times as ${window.format}, the window’s end ${inclusive ? 'included at the source, so one unit less is asked' : 'excluded'}`,
      },
      {
        zh: `读取条数、入库条数与${count ? ` ${count.path} 的计数` : '总数'}一致，一个窗口才算完整`,
        en: `a window is complete when what was read, what was committed and ${count ? `the count of ${count.path}` : 'the total'} agree`,
      },
    ];
  }

  file(reference: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#client.download(reference, signal);
  }

  #asked(window: TimeWindow): Asked {
    const { format, end } = this.#stream.window;
    // For a source that includes `to`, one unit of its form less.
    const lastMs = toMs(window) - (end === 'inclusive' ? resolutionMs(format) : 0);
    return { values: { from: writeTime(fromMs(window), format), to: writeTime(lastMs, format) } };
  }
}
