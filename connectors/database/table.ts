import type { DatabaseConnectorConfig, DatabaseStreamConfig } from '../../settings/kinds/database.ts';
import { credibleTimes } from '../../domain/collection/window.ts';
import { DAY_MS, parseInstant } from '../../domain/dates.ts';
import { fault } from '../../domain/faults.ts';
import type { Said } from '../../domain/said.ts';
import type { CheckReport, OpenOptions, Page, Resume } from '../contract.ts';
import { digestOf } from '../digest.ts';
import { openDepartmentDatabase, type DepartmentDatabase } from './connection.ts';
import { recordOf, RowReader, type Range, type ReadableRows, type Row, type RowPlace } from './rows.ts';

/** Pages that one statement fetches: a sort without an index is paid once for all of them, and memory stays flat. */
const PAGES_AT_ONCE = 5;
const SAMPLE = 200;

/** What reading needs to know of a stream; a published list has that, too. */
export type PagedTable = ReadableRows & Pick<DatabaseStreamConfig, 'page'> & { overlap?: string | undefined };

/** How many rows of a table there are, and what their times are like: see `RowReader.survey`. */
interface TimeSurvey {
  rows: number;
  lost: number;
  misspelt: number;
  reached: number;
  recent: number;
}

/** A table, view or query of a department's database, whatever its rows are asked for by. */
export abstract class Table {
  readonly sequential = true;
  readonly #db: DepartmentDatabase;
  readonly #stream: PagedTable;
  readonly #place: string;
  readonly #rows: RowReader;

  constructor(connector: DatabaseConnectorConfig, stream: PagedTable, options?: OpenOptions) {
    this.#db = openDepartmentDatabase(connector, { write: false }, options);
    this.#stream = stream;
    this.#place = connector.id;
    this.#rows = new RowReader(stream, this.#db.dialect);
  }

  clock(): Promise<number> {
    return this.#db.clock();
  }

  protected countRows(range: Range): Promise<number> {
    return this.#db.number((db) => this.#rows.count(db, range), 'count');
  }

  /** Rows whose time is none, is written in another form, or lies more than a day ahead: no window reaches them. */
  protected async countBeyond(): Promise<number> {
    const { rows, reached } = await this.#survey();
    return rows - reached;
  }

  /** Rows that have nothing in the column by which rows are found. */
  protected async countUnreachable(): Promise<number> {
    const unreachable = this.#rows.unreachable(this.#db.knex);
    return unreachable ? this.#db.number(() => unreachable.count, 'rows without a cursor') : 0;
  }

  /** Looks at the times of all rows, by the source's clock and, for the last day, by ours. */
  async #survey(clockMs?: number): Promise<TimeSurvey> {
    const nowMs = Date.now();
    const reached = credibleTimes(clockMs ?? (await this.clock()));
    const recent = { fromMs: nowMs - DAY_MS, toMs: nowMs };
    const [row = {}] = await this.#db.rows((db) => this.#rows.survey(db, reached, recent), 'count');
    const number = (name: string): number => Number(row[name] ?? row[name.toUpperCase()] ?? 0);
    return {
      rows: number('all_rows'),
      lost: number('lost'),
      misspelt: number('misspelt'),
      reached: number('reached'),
      recent: number('recent'),
    };
  }

  /** The last number among the next rows of a sequence; null when none follows. */
  protected async endOfSequence(after: string | null, most: number): Promise<string | null> {
    const [row] = await this.#db.rows((db) => this.#rows.sequenceEnd(db, after, most), 'end of sequence');
    const end = row?.n ?? row?.N;
    return end === null || end === undefined ? null : textOf(end);
  }

  protected async *readRows(range: Range, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    const { size } = this.#stream.page;
    let number = resume.committed.size;
    let place = placeFrom(resume.committed.get(number - 1)?.position);
    let unkeyed = place?.unkeyed;
    const fetch = (after: RowPlace | null): Promise<Row[]> =>
      this.#db.rows((db) => this.#rows.page(db, range, after, size * PAGES_AT_ONCE), `page ${number}`);
    if (unkeyed === undefined) {
      let next = fetch(place);
      for (;;) {
        signal.throwIfAborted();
        const { rows, place: end } = this.#rows.follow(await next, place);
        if (rows.length === 0) break;
        // While these are written, the next ones are on their way; what they throw is thrown when they are awaited.
        next = fetch(end);
        next.catch(() => undefined);
        for (let start = 0; start < rows.length; start += size) {
          signal.throwIfAborted();
          const part = rows.slice(start, start + size);
          place = this.#rows.placeOf(part, place);
          yield pageOf(number, part, place);
          number += 1;
        }
      }
      unkeyed = 0;
    }
    const rest = await this.#db.rows((db) => this.#rows.unkeyed(db, range), 'rows without a key');
    for (; unkeyed < rest.length; number++) {
      signal.throwIfAborted();
      const part = rest.slice(unkeyed, unkeyed + size);
      unkeyed += part.length;
      yield pageOf(number, part, { at: null, keys: [], unkeyed });
    }
    // An empty window is a page of its own, so that it was seen to be empty.
    if (number === 0) yield pageOf(0, [], null);
  }

  /** Really asks for the last row and its count, and notes what is not as the mapping says. */
  protected async checkRows(): Promise<CheckReport> {
    const clockSkewMs = (await this.clock()) - Date.now();
    const notes: string[] = [];
    const latest = await this.#latestRow(notes);
    const column = this.#rows.unreachable(this.#db.knex)?.column;
    if (column !== undefined) noteLost(notes, column, await this.countUnreachable());
    return { records: latest.length, count: await this.countRows('all'), clockSkewMs, notes };
  }

  /** Really asks for the last day's first page and its count, and looks at the times of all rows. */
  protected async checkTimes(column: string): Promise<CheckReport> {
    const clockMs = await this.clock();
    const nowMs = Date.now();
    const notes: string[] = [];
    await this.#latestRow(notes);
    const recent: Range = { fromMs: nowMs - DAY_MS, toMs: nowMs };
    const page = await this.#db.rows((db) => this.#rows.page(db, recent, null, this.#stream.page.size), 'page');
    const survey = await this.#survey(clockMs);
    if (survey.misspelt > 0) await this.#requireOneSpelling(column, survey.misspelt);
    noteLost(notes, column, survey.lost);
    const beyond = survey.rows - survey.reached - survey.lost;
    if (beyond > 0)
      notes.push(
        `${beyond} rows have a time that is none, or lies ahead: no window holds them, ask the department to correct it`,
      );
    return { records: page.length, count: survey.recent, clockSkewMs: clockMs - nowMs, notes };
  }

  /** Throws a configuration error where times are written in several forms; texts that are no time are not meant. */
  async #requireOneSpelling(column: string, rows: number): Promise<void> {
    const found = await this.#db.rows((db) => this.#rows.misspelt(db, SAMPLE), 'times');
    if (found.every(({ at, AT }) => parseInstant(textOf(at ?? AT).trim()) === null)) return;
    throw fault('time-misspelt', { place: this.#place, column, rows, format: this.#stream.timeFormat });
  }

  async #latestRow(notes: string[]): Promise<Row[]> {
    const latest = await this.#db.rows((db) => this.#rows.latest(db, 1), 'latest');
    const record = recordOf(latest[0] ?? {});
    const { key, updatedAt } = this.#stream.record;
    if (latest.length === 0) notes.push('the table has no rows: the columns could not be compared with the mapping');
    else {
      for (const column of [key, ...(updatedAt === undefined ? [] : [updatedAt])]) {
        if (!(column in record))
          notes.push(`the column ${column} is not there; the table has ${Object.keys(record).join(', ')}`);
      }
    }
    return latest;
  }

  async sample(): Promise<unknown[]> {
    const latest = this.#db.rows((db) => this.#rows.latest(db, SAMPLE), 'sample');
    // The columns that the mapping names may not be right yet: then any rows will do.
    const rows = await latest.catch(() => this.#db.rows((db) => this.#rows.any(db, SAMPLE), 'sample'));
    return rows.map(recordOf);
  }

  /** @param order which rows are read, and in what order */
  protected explainRows(order: Said): Said[] {
    const { page, overlap } = this.#stream;
    const [fetched, size] = [String(page.size * PAGES_AT_ONCE), String(page.size)];
    return [
      this.connects(),
      order,
      {
        zh: `每次从上一行之后取 ${fetched} 行（按键续读，不用 OFFSET），每 ${size} 行一页入库`,
        en: `fetches ${fetched} rows at a time after the last one (keyset, no OFFSET), and commits them in pages of ${size}`,
      },
      ...(overlap === undefined
        ? []
        : [
            {
              zh: `每次重读最后的 ${overlap}，以补上晚提交的行`,
              en: `reads the last ${overlap} again each time, for what was committed late`,
            },
          ]),
      {
        zh: 'count(*)、读取行数与入库行数一致，才算完整',
        en: 'is complete when count(*), the rows read and the rows committed agree',
      },
    ];
  }

  protected connects(): Said {
    return { zh: `连接 ${this.#db.shown}`, en: `connects to ${this.#db.shown}` };
  }

  /** That all rows are read, and in what order. */
  protected whole(): Said {
    const [from, { key }] = [this.from(), this.#stream.record];
    return { zh: `整体读取${from.zh}，按 ${key} 排序`, en: `reads ${from.en} whole, in the order of ${key}` };
  }

  /** What the rows are read from, in a sentence. */
  protected from(): Said {
    const { table } = this.#stream;
    return table === undefined ? { zh: '查询结果', en: 'the query' } : { zh: ` ${table} `, en: table };
  }

  async close(): Promise<void> {
    await this.#db.knex.destroy();
  }
}

function noteLost(notes: string[], column: string, rows: number): void {
  if (rows > 0)
    notes.push(`${rows} rows have no value in ${column}: no window will ever hold them, ask the department to fill it`);
}

function pageOf(number: number, rows: Row[], place: RowPlace | null): Page {
  const records = rows.map(recordOf);
  return {
    number,
    records,
    undecodable: NONE,
    total: null,
    digest: digestOf(records),
    position: place && JSON.stringify(place),
  };
}

/** A number of a sequence, however the driver gives it. */
const textOf = (value: unknown): string => String(value);

const NONE: ReadonlyMap<number, string> = new Map();

const placeFrom = (position: string | null | undefined): RowPlace | null =>
  position === null || position === undefined ? null : (JSON.parse(position) as RowPlace);
