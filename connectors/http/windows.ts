import type { HttpConnectorConfig, HttpStreamConfig } from '../../settings/kinds/http.ts';
import { DAY_MS, parseInstant, type Instant } from '../../domain/dates.ts';
import { HubError } from '../../domain/errors.ts';
import {
  credibleTimes,
  fromMs,
  halveWindow,
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
import { numberAt, requireNoError } from './answer.ts';
import { HttpClient } from './client.ts';
import { PageReader, type Asked } from './pages.ts';

/** A gateway that answers for windows of time. */
export class HttpWindows implements WindowSource {
  readonly by = 'windows';
  readonly sequential: boolean;
  readonly #client: HttpClient;
  readonly #pages: PageReader;
  readonly #stream: HttpStreamConfig;
  /** The total at which those of longer windows ended. */
  #cap: number | null = null;
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

  /** A total of a page or more may be capped, as by a search index: then its parts have more, and they are counted. */
  async count(window: TimeWindow): Promise<number> {
    return this.#countParts(window, await this.#countOnce(window));
  }

  async #countParts(window: TimeWindow, total: number): Promise<number> {
    const halves = total >= this.#stream.page.size ? halveWindow(window) : null;
    // What cannot be cut and has as many as are admitted has more than can be read: it will never be complete.
    if (!halves) return total === this.#cap ? total + 1 : total;
    const parts = [await this.#countOnce(halves[0]), await this.#countOnce(halves[1])] as const;
    const most = Math.max(...parts);
    if (parts[0] + parts[1] > total) {
      if (parts[0] + parts[1] - (await this.#countAlways(halves[1].from)) <= total) return total;
      if (most === total) this.#cap = total;
      return (await this.#countParts(halves[0], parts[0])) + (await this.#countParts(halves[1], parts[1]));
    }
    // Where one half has all of them, it may be as capped as the whole.
    return most === total ? this.#countParts(parts[0] === most ? halves[0] : halves[1], total) : total;
  }

  /**
   * What two windows that meet both have: records of the instant at which they meet, or of no window at all. That says
   * nothing of a cap. A source may refuse to be asked for a window without a length.
   */
  async #countAlways(at: Instant): Promise<number> {
    try {
      return await this.#countOnce({ kind: 'time', from: at, to: at });
    } catch (error) {
      if (error instanceof HubError && error.kind === 'configuration') return 0;
      throw error;
    }
  }

  async #countOnce(window: TimeWindow): Promise<number> {
    const count = await this.#countAsked(this.#asked(window));
    if (this.#stream.window.end === 'exclusive' || count === 0) return count;
    const end = writeTime(toMs(window), this.#stream.window.format);
    return Math.max(0, count - (await this.#countAsked({ values: { from: end, to: end } })));
  }

  async #countAsked(asked: Asked): Promise<number> {
    const { count, response } = this.#stream;
    if (!count) return (await this.#pages.page(asked, 0)).total ?? 0;
    return this.#client.ask(count, asked.values, response.success, ({ json }, what) => {
      const found = numberAt(json, count.value, what);
      if (found === 0 && response.success === undefined) requireNoError(json, what);
      return found;
    });
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
    const { records, total } = await this.#pages.page(this.#asked(window), 0);
    const count = await this.count(window);
    const beyond = (await this.beyond?.()) ?? 0;
    const notes: string[] = [];
    if (total !== null && total < count)
      notes.push(`the total of the last day is ${total}, that of its parts ${count}: it is capped, and read in parts`);
    if (beyond > 0)
      notes.push(
        `${beyond} records have a time that is none, or lies ahead: no window holds them, ask the department to correct it`,
      );
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
