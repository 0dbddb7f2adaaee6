import type { HttpConnectorConfig, HttpStreamConfig } from '../../settings/kinds/http.ts';
import { DAY_MS, parseInstant } from '../../domain/dates.ts';
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
import { digestOf } from '../digest.ts';
import { valueAt } from '../json.ts';
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
    const count = await this.#countAsked(this.#asked(window));
    if (this.#stream.window.end === 'exclusive' || count === 0) return count;
    const end = writeTime(toMs(window), this.#stream.window.format);
    return Math.max(0, count - (await this.#countAsked({ values: { from: end, to: end } })));
  }

  async #countAsked(asked: Asked): Promise<number> {
    const { count, response } = this.#stream;
    if (!count) return (await this.#pages.page(asked, 0)).total ?? 0;
    return this.#client.ask(count, asked.values, response.success, ({ json }, what) =>
      numberAt(json, count.value, what),
    );
  }

  read(window: TimeWindow, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    const { page } = this.#stream;
    if (page.by !== 'slice') return this.#readWhole(window, resume, signal);
    const parts = sliceWindow(window, page.slice);
    const asked = parts.map((part) => this.#asked(part));
    return this.#pages.readParts(asked, resume, signal, (given) =>
      this.#withoutEnd(given, parts[given.number] ?? window),
    );
  }

  async *#readWhole(window: TimeWindow, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    for await (const page of this.#pages.read(this.#asked(window), resume, signal))
      yield this.#withoutEnd(page, window);
  }

  /**
   * A page without the records of the very instant at which its window ends, where the source includes it: they are the
   * next window’s. The end is asked for, or what lies between the last unit and it would be in no window.
   */
  #withoutEnd<P extends Page>(page: P, window: TimeWindow): P {
    const { window: asking, record } = this.#stream;
    if (asking.end === 'exclusive') return page;
    const unitMs = resolutionMs(asking.format);
    const endMs = Math.floor(toMs(window) / unitMs) * unitMs;
    return pageWithout(page, (given) => {
      const atMs = Date.parse(parseInstant(String(valueAt(given, record.updatedAt ?? '')).trim()) ?? '');
      return atMs >= endMs && atMs < endMs + unitMs;
    });
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
        zh: `时间写作 ${window.format}，${inclusive ? '源端包含窗口终点，终点时刻的记录归入下一窗口' : '不含窗口终点'}`,
        en: `writes times as ${window.format}, the window’s end ${inclusive ? 'included at the source, whose records of that instant are left to the next window' : 'excluded'}`,
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
    const { format } = this.#stream.window;
    return { values: { from: writeTime(fromMs(window), format), to: writeTime(toMs(window), format) } };
  }
}

/** A page without some of its records. */
function pageWithout<P extends Page>(page: P, left: (record: unknown) => boolean): P {
  const kept = page.records.flatMap((record, place) => (left(record) ? [] : [place]));
  if (kept.length === page.records.length) return page;
  const moved = <T>(by: ReadonlyMap<number, T>): Map<number, T> =>
    new Map(
      kept.flatMap((place, index): [number, T][] => {
        const value = by.get(place);
        return value === undefined ? [] : [[index, value]];
      }),
    );
  const records = kept.map((place) => page.records[place]);
  return {
    ...page,
    records,
    digest: digestOf(records),
    undecodable: moved(page.undecodable),
    ...(page.defects && { defects: moved(page.defects) }),
  };
}
