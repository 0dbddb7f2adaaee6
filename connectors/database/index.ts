import {
  databaseConnectorSchema,
  type DatabaseConnectorConfig,
  type DatabaseStreamConfig,
  type TableListConfig,
  type TableOutboundConfig,
} from '../../settings/kinds/database.ts';
import { DAY_MS, shanghaiInstant } from '../../domain/dates.ts';
import {
  followingBatch,
  fromMs,
  timeWindow,
  toMs,
  type BatchWindow,
  type Window,
} from '../../domain/collection/window.ts';
import type { Said } from '../../domain/said.ts';
import type {
  ChainView,
  CheckReport,
  ConnectorKind,
  Message,
  NextBatch,
  OpenOptions,
  Page,
  Resume,
  Source,
  Target,
} from '../contract.ts';
import { digestOf } from '../digest.ts';
import { openDepartmentDatabase, type DepartmentDatabase } from './connection.ts';
import { recordOf, RowReader, type RowPlace, type Range, type ReadableRows, type Row } from './rows.ts';

/** Tables, views and queries of a department's database. */
export const database: ConnectorKind = {
  kind: 'database',
  spec: databaseConnectorSchema,
  hints: (stream) => {
    const { deletes } = stream as DatabaseStreamConfig;
    return deletes ? { deletes } : {};
  },
  open: (connector, stream, options) =>
    new DatabaseSource(connector as DatabaseConnectorConfig, stream as DatabaseStreamConfig, options),
  openList: (connector, { key, config }, options) =>
    new DatabaseSource(
      connector as DatabaseConnectorConfig,
      {
        ...(config as TableListConfig),
        cursor: 'snapshot',
        record: { key },
        timeFormat: 'native',
        most: 0,
        lag: 0,
      },
      options,
    ),
  openTarget: (connector, target) =>
    new TableTarget(connector as DatabaseConnectorConfig, target as TableOutboundConfig),
};

/** Pages that one statement fetches: a sort without an index is paid once for all of them, and memory stays flat. */
const PAGES_AT_ONCE = 5;
const SAMPLE = 200;

/** A table that takes a row for each message. */
class TableTarget implements Target {
  readonly #db: DepartmentDatabase;
  readonly #target: TableOutboundConfig;

  constructor(connector: DatabaseConnectorConfig, target: TableOutboundConfig) {
    this.#db = openDepartmentDatabase(connector, { write: true });
    this.#target = target;
  }

  async send({ key, payload }: Message): Promise<null> {
    const { table, key: column } = this.#target;
    const row = Object.fromEntries(
      Object.entries(payload).map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : value]),
    );
    await this.#db.run(
      (db) =>
        db.transaction(async (trx) => {
          const known = (await trx(table).where(column, key).limit(1)) as unknown[];
          if (known.length === 0) await trx(table).insert({ ...row, [column]: key });
        }),
      `send to ${table}`,
    );
    return null;
  }

  async close(): Promise<void> {
    await this.#db.knex.destroy();
  }
}

/** What reading needs to know of a stream; a published list has that, too. */
type Readable = ReadableRows & Pick<DatabaseStreamConfig, 'page' | 'most' | 'lag'> & { overlap?: string | undefined };

class DatabaseSource implements Source {
  readonly sequential = true;
  readonly #db: DepartmentDatabase;
  readonly #stream: Readable;
  readonly #rows: RowReader;
  /** The end of the sequence as it was found last, and when; epoch milliseconds of the source. */
  #reached: { cursor: string; atMs: number } | null = null;

  readonly whole: boolean;
  readonly nextBatch?: (after: BatchWindow | null, chain: ChainView) => Promise<NextBatch>;

  constructor(connector: DatabaseConnectorConfig, stream: Readable, options?: OpenOptions) {
    this.#db = openDepartmentDatabase(connector, { write: false }, options);
    this.#stream = stream;
    this.#rows = new RowReader(stream, this.#db.dialect);
    const { cursor } = stream;
    this.whole = cursor === 'snapshot';
    if (cursor === 'snapshot') this.nextBatch = (after, chain) => this.#nextSnapshot(after, chain);
    else if (typeof cursor === 'object' && cursor.within === undefined)
      this.nextBatch = (after, chain) => this.#nextOfSequence(after, chain);
  }

  clock(): Promise<number> {
    return this.#db.clock();
  }

  async count(window: Window): Promise<number> {
    return this.#db.number((db) => this.#rows.count(db, this.#rangeOf(window)), 'count');
  }

  async *read(window: Window, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    const range = this.#rangeOf(window);
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
          yield this.#page(number, part, place);
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
      yield this.#page(number, part, { at: null, keys: [], unkeyed });
    }
    // An empty window is a page of its own, so that it was seen to be empty.
    if (number === 0) yield this.#page(0, [], null);
  }

  #page(number: number, rows: Row[], place: RowPlace | null): Page {
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

  async check(): Promise<CheckReport> {
    const clockSkewMs = (await this.clock()) - Date.now();
    const nowMs = Date.now();
    const latest = await this.#db.rows((db) => this.#rows.latest(db, 1), 'latest');
    const window = this.nextBatch ? null : timeWindow(nowMs - DAY_MS, nowMs);
    const range = window ? this.#rangeOf(window) : 'all';
    const page = window
      ? await this.#db.rows((db) => this.#rows.page(db, range, null, this.#stream.page.size), 'page')
      : latest;
    const notes: string[] = [];
    const record = recordOf(latest[0] ?? {});
    const { key, updatedAt } = this.#stream.record;
    if (latest.length === 0) notes.push('the table has no rows: the columns could not be compared with the mapping');
    else {
      for (const column of [key, ...(updatedAt === undefined ? [] : [updatedAt])]) {
        if (!(column in record))
          notes.push(`the column ${column} is not there; the table has ${Object.keys(record).join(', ')}`);
      }
    }
    const unreachable = this.#rows.unreachable(this.#db.knex);
    const lost = unreachable ? await this.#db.number(() => unreachable.count, 'rows without a cursor') : 0;
    if (unreachable && lost > 0)
      notes.push(
        `${lost} rows have no value in ${unreachable.column}: no window will ever hold them, ask the department to fill it`,
      );
    const count = await this.#db.number((db) => this.#rows.count(db, range), 'count');
    return { records: page.length, count, clockSkewMs, notes };
  }

  async sample(): Promise<unknown[]> {
    const latest = this.#db.rows((db) => this.#rows.latest(db, SAMPLE), 'sample');
    // The columns that the mapping names may not be right yet: then any rows will do.
    const rows = await latest.catch(() => this.#db.rows((db) => this.#rows.any(db, SAMPLE), 'sample'));
    return rows.map(recordOf);
  }

  explain(): Said[] {
    const { page, overlap } = this.#stream;
    const [fetched, size] = [String(page.size * PAGES_AT_ONCE), String(page.size)];
    return [
      { zh: `连接 ${this.#db.shown}`, en: `connects to ${this.#db.shown}` },
      this.#order(),
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

  #order(): Said {
    const { table, cursor, record, most } = this.#stream;
    const from = table === undefined ? { zh: '查询结果', en: 'the query' } : { zh: ` ${table} `, en: table };
    if (cursor === 'snapshot')
      return {
        zh: `整体读取${from.zh}，按 ${record.key} 排序`,
        en: `reads ${from.en} whole, in the order of ${record.key}`,
      };
    if (typeof cursor === 'object' && cursor.within === undefined)
      return {
        zh: `按 ${cursor.sequence} 的顺序读取${from.zh}，每批至多 ${most} 行`,
        en: `reads ${from.en} in the order of ${cursor.sequence}, up to ${most} rows as one batch`,
      };
    const [time, then] = [record.updatedAt ?? '', typeof cursor === 'object' ? cursor.sequence : record.key];
    return {
      zh: `按 ${time} 的时间窗口读取${from.zh}，依次按 ${time}、${then} 排序`,
      en: `reads windows of ${time} from ${from.en}, in its order and that of ${then}`,
    };
  }

  async close(): Promise<void> {
    await this.#db.knex.destroy();
  }

  #rangeOf(window: Window): Range {
    if (window.kind === 'time') return { fromMs: fromMs(window), toMs: toMs(window) };
    if (this.#stream.cursor === 'snapshot') return 'all';
    return { after: this.#overlapped(window.after), upTo: window.next };
  }

  /** The number after which is read: some rows before the end of the last batch, for late commits. */
  #overlapped(after: string | null): string | null {
    const rows = Number.parseInt(this.#stream.overlap ?? '0', 10);
    return after === null || rows === 0 ? after : String(BigInt(after) - BigInt(rows));
  }

  /** A snapshot is wanted when the last one is from before the instant up to which the chain is wanted. */
  async #nextSnapshot(after: BatchWindow | null, { upToMs }: ChainView): Promise<NextBatch> {
    const takenMs = after === null ? null : Date.parse(after.next);
    const nowMs = await this.clock();
    if (takenMs !== null && (takenMs >= upToMs || nowMs < upToMs)) {
      return { batch: null, proven: [{ window: timeWindow(0, takenMs), batch: after?.id ?? '' }] };
    }
    const at = shanghaiInstant(nowMs);
    const declared = await this.#db.number((db) => this.#rows.count(db, 'all'), 'count');
    return {
      batch: followingBatch(after, { id: at, next: at, declared }),
    };
  }

  async #nextOfSequence(after: BatchWindow | null, { upToMs }: ChainView): Promise<NextBatch> {
    const { most, lag } = this.#stream;
    const reached = this.#reached;
    const proven = (atMs: number): NextBatch => ({
      batch: null,
      proven: [{ window: timeWindow(0, atMs - lag) }],
    });
    // A busy table always has more; what is wanted is in when the last batch went to the end after that instant.
    if (after && reached?.cursor === after.next && reached.atMs - lag >= upToMs) return proven(reached.atMs);
    const nowMs = await this.clock();
    const [row] = await this.#db.rows((db) => this.#rows.sequenceEnd(db, after?.next ?? null, most), 'end of sequence');
    const end = row?.n ?? row?.N;
    if (end === null || end === undefined) return proven(nowMs);
    const next = textOf(end);
    const start = after?.next ?? null;
    const declared = await this.#db.number(
      (db) => this.#rows.count(db, { after: this.#overlapped(start), upTo: next }),
      'count',
    );
    this.#reached = { cursor: next, atMs: declared < most ? nowMs : 0 };
    return {
      batch: followingBatch(after, { id: `${start ?? 'start'}..${next}`, next, declared }),
    };
  }
}

/** A number of a sequence, however the driver gives it. */
const textOf = (value: unknown): string => String(value);

const NONE: ReadonlyMap<number, string> = new Map();

const placeFrom = (position: string | null | undefined): RowPlace | null =>
  position === null || position === undefined ? null : (JSON.parse(position) as RowPlace);
