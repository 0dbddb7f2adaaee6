import type { Knex } from 'knex';
import type { DatabaseStreamConfig } from '../../settings/kinds/database.ts';
import type { TimeFormat } from '../../settings/kinds/stream.ts';
import { writeTime } from '../time-format.ts';
import type { Dialect } from './connection.ts';

interface TimeRange {
  fromMs: number;
  toMs: number;
}

/** LIKE patterns of the forms in which times are written as text; null for numbers. */
const SPELLINGS: Record<TimeFormat, readonly string[] | null> = {
  datetime: ['____-__-__ __:__:__'],
  'date-time-ms': ['____-__-__ __:__:__.___'],
  iso: ['____-__-__T__:__:__%+08:00'],
  compact: ['______________'],
  'epoch-ms': null,
  'epoch-s': null,
};

/** Which rows of a table: a window of time, a part of a sequence, or all of them. */
export type Range =
  | TimeRange
  /** `after` is left out. */
  | { after: string | null; upTo: string }
  | 'all';

/** Where a page ended: the ordering columns of its last row, and the keys that were delivered at that place. */
export interface RowPlace {
  at: string | null;
  keys: (string | number)[];
  /** Rows without a key that were delivered; they come after all others. */
  unkeyed?: number;
}

export type Row = Record<string, unknown>;

/** Alias of the table or query. */
const SOURCE = 'hub_source';
/** Rows without a key that one window may have. */
const MOST_UNKEYED = 10_000;
/** Column with the exact text of the time, where a driver would round it. */
const EXACT = 'hub_at';

/** What the statements need to know of a stream. */
export type ReadableRows = Pick<DatabaseStreamConfig, 'cursor' | 'timeFormat'> &
  Partial<Pick<DatabaseStreamConfig, 'table' | 'query'>> & {
    record: Pick<DatabaseStreamConfig['record'], 'key'> & { updatedAt?: string | undefined };
  };

/**
 * The statements by which a table, view or query is read: counted, and paged by keyset, never by OFFSET. Rows are
 * ordered by time and key, by the sequence, or by the key alone.
 */
export class RowReader {
  readonly #stream: ReadableRows;
  readonly #dialect: Dialect;
  /** Column by which ranges are cut; null for all rows. */
  readonly #cut: string | null;
  /** Column that orders the rows of one instant, or all of them. */
  readonly #order: string;

  constructor(stream: ReadableRows, dialect: Dialect) {
    const { cursor, record } = stream;
    this.#stream = stream;
    this.#dialect = dialect;
    const byTime = cursor === 'time' || (typeof cursor === 'object' && cursor.within === 'time');
    this.#cut = byTime ? (record.updatedAt ?? null) : null;
    this.#order = typeof cursor === 'object' ? cursor.sequence : record.key;
  }

  #from(db: Knex): Knex.QueryBuilder {
    const { table, query } = this.#stream;
    return table === undefined
      ? db.from(db.raw(`(${query?.replace(/[;\s]+$/, '').replaceAll('?', '\\?') ?? ''}\n) ${db.ref(SOURCE).toQuery()}`))
      : db.from({ [SOURCE]: table });
  }

  /** @param goesOn the caller says where the rows begin: of two lower bounds some databases use the wrong one */
  #ranged(db: Knex, range: Range, goesOn = false): Knex.QueryBuilder {
    const query = this.#from(db);
    if (range === 'all') return query;
    if ('fromMs' in range) {
      const column = this.#cut ?? '';
      if (!goesOn) void query.where(column, '>=', this.#time(db, range.fromMs));
      return query.where(column, '<', this.#time(db, range.toMs));
    }
    if (range.after !== null && !goesOn) void query.where(this.#order, '>', numeric(range.after));
    return query.where(this.#order, '<=', numeric(range.upTo));
  }

  /** A point in time as the column's form wants it. */
  #time(db: Knex, atMs: number): Knex.Raw | string | number {
    const { timeFormat } = this.#stream;
    if (timeFormat !== 'native') return writeTime(atMs, timeFormat);
    const form: TimeFormat = atMs % 1000 === 0 ? 'datetime' : 'date-time-ms';
    return this.#place(db, String(writeTime(atMs, form)));
  }

  #place(db: Knex, text: string): Knex.Raw | string {
    return this.#stream.timeFormat === 'native' ? db.raw(this.#dialect.time, [text]) : text;
  }

  count(db: Knex, range: Range): Knex.QueryBuilder {
    return this.#ranged(db, range).count({ n: '*' });
  }

  /**
   * What the times of a table are like, all of it in one pass: how many `rows` there are, how many without a time
   * (`lost`), with one that is written in another form than the one by which times are compared (`misspelt`), within the
   * times that a window can reach (`reached`), and within one window (`recent`).
   */
  survey(db: Knex, reached: TimeRange, recent: TimeRange): Knex.QueryBuilder {
    const [column, spelt] = [this.#cut ?? '', this.#spelt(db)];
    const within = ({ fromMs, toMs }: TimeRange): Knex.Raw =>
      db.raw('?? >= ? AND ?? < ?', [column, this.#time(db, fromMs), column, this.#time(db, toMs)]);
    const counted = (condition: Knex.Raw, name: string): Knex.Raw =>
      db.raw('sum(CASE WHEN ? THEN 1 ELSE 0 END) AS ??', [condition, name]);
    return this.#from(db).select(
      db.raw('count(*) AS ??', ['all_rows']),
      counted(db.raw('?? IS NULL', [column]), 'lost'),
      counted(this.#misspelt(db, spelt), 'misspelt'),
      counted(db.raw('? AND ?', [within(reached), spelt]), 'reached'),
      counted(within(recent), 'recent'),
    );
  }

  /** Some times that are written in another form. */
  misspelt(db: Knex, limit: number): Knex.QueryBuilder {
    return this.#from(db)
      .select({ at: this.#cut ?? '' })
      .where((matching) => void matching.whereRaw(this.#misspelt(db, this.#spelt(db))))
      .limit(limit);
  }

  #misspelt(db: Knex, spelt: Knex.Raw): Knex.Raw {
    const column = this.#cut ?? '';
    return db.raw(`?? IS NOT NULL AND ${this.#dialect.text('??')} <> '' AND NOT ?`, [column, column, spelt]);
  }

  /** That a time is written as those are that it is compared with. */
  #spelt(db: Knex): Knex.Raw {
    const { timeFormat } = this.#stream;
    const patterns = timeFormat === 'native' ? this.#dialect.spelling : SPELLINGS[timeFormat];
    if (patterns === null) return db.raw('1 = 1');
    const alike = patterns.map(() => `${this.#dialect.text('??')} LIKE ?`).join(' OR ');
    return db.raw(
      `(${alike})`,
      patterns.flatMap((pattern) => [this.#cut ?? '', pattern]),
    );
  }

  /** The column by which rows are found, and how many rows have none in it: no read will ever hold those. */
  unreachable(db: Knex): { column: string; count: Knex.QueryBuilder } | null {
    const column = this.#cut ?? (typeof this.#stream.cursor === 'object' ? this.#order : null);
    return column === null ? null : { column, count: this.#from(db).whereNull(column).count({ n: '*' }) };
  }

  /** The rows that follow a place, in order; the ones delivered at that place come again and are to be left out. */
  page(db: Knex, range: Range, after: RowPlace | null, limit: number): Knex.QueryBuilder {
    const key = after?.keys.at(-1);
    const query = this.#ranged(db, range, key !== undefined)
      .select(`${SOURCE}.*`)
      .whereNotNull(this.#order);
    const { exact } = this.#dialect;
    const cut = this.#cut;
    if (cut !== null && exact && this.#stream.timeFormat === 'native')
      void query.select(db.raw(`${exact('??')} AS ??`, [cut, EXACT]));
    if (after && key !== undefined) {
      if (cut === null) void query.where(this.#order, '>=', key);
      else {
        const at = this.#place(db, after.at ?? '');
        void query.where(cut, '>=', at).where((either) => {
          void either.where(cut, '>', at).orWhere((same) => void same.where(cut, at).where(this.#order, '>=', key));
        });
      }
    }
    if (cut !== null) void query.orderBy(cut);
    return query.orderBy(this.#order).limit(limit + (after?.keys.length ?? 0));
  }

  /** The rows that have no key to be ordered by, as many as the mapping may be shown: all of them will be rejected. */
  unkeyed(db: Knex, range: Range): Knex.QueryBuilder {
    return this.#ranged(db, range).select(`${SOURCE}.*`).whereNull(this.#order).limit(MOST_UNKEYED);
  }

  /** The latest rows, to look at. */
  latest(db: Knex, limit: number): Knex.QueryBuilder {
    return this.#from(db)
      .select(`${SOURCE}.*`)
      .orderBy(this.#cut ?? this.#order, 'desc')
      .limit(limit);
  }

  /** Some rows, for a mapping that does not know the columns yet. */
  any(db: Knex, limit: number): Knex.QueryBuilder {
    return this.#from(db).select(`${SOURCE}.*`).limit(limit);
  }

  /** The last number among the next rows of a sequence. */
  sequenceEnd(db: Knex, after: string | null, most: number): Knex.QueryBuilder {
    const next = this.#from(db).select({ n: this.#order }).orderBy(this.#order).limit(most);
    if (after !== null) void next.where(this.#order, '>', numeric(after));
    return db.from(next.as('next_rows')).max({ n: 'n' });
  }

  /** Leaves out of `rows` what was delivered at a place already, and says where they end. */
  follow(rows: Row[], after: RowPlace | null): { rows: Row[]; place: RowPlace | null } {
    const delivered = [...(after?.keys ?? [])];
    const fresh = rows.filter((row) => {
      if (delivered.length === 0 || this.#at(row) !== after?.at) return true;
      const index = delivered.indexOf(keyOf(row[this.#order]));
      if (index < 0) return true;
      delivered.splice(index, 1);
      return false;
    });
    return { rows: fresh, place: this.placeOf(fresh, after) };
  }

  /** Where a page ends. Keys that a database may hold to be equal (by case, accent, width) are all named. */
  placeOf(rows: Row[], before: RowPlace | null): RowPlace | null {
    const last = rows.at(-1);
    if (!last) return before;
    const at = this.#at(last);
    const key = last[this.#order];
    const keys = before?.at === at ? before.keys.filter((other) => alike(other, key)) : [];
    for (let index = rows.length - 1; index >= 0; index--) {
      const row = rows[index] ?? {};
      if (this.#at(row) !== at || !alike(row[this.#order], key)) break;
      keys.push(keyOf(row[this.#order]));
    }
    return { at, keys };
  }

  #at(row: Row): string | null {
    return this.#cut === null ? null : String(row[EXACT] ?? row[this.#cut]);
  }
}

/** A key as it is asked for again: a number stays one, where a number can hold it. */
const keyOf = (value: unknown): string | number => (typeof value === 'number' ? value : String(value));

const collator = new Intl.Collator('und', { sensitivity: 'base' });
const alike = (one: unknown, other: unknown): boolean =>
  collator.compare(String(one).trimEnd(), String(other).trimEnd()) === 0;

/** Numbers as numbers, where a number can hold them. */
const numeric = (text: string): string | number => (Number.isSafeInteger(Number(text)) ? Number(text) : text);

/** A row as a record: times as text, no binary columns. */
export function recordOf(row: Row): Row {
  const record: Row = {};
  for (const name in row) {
    const value = row[name];
    if (name === EXACT) continue;
    // A single bit, as MySQL keeps flags; other bytes are no text and are left out.
    if (value instanceof Uint8Array) {
      if (value.length === 1 && (value[0] ?? 2) < 2) record[name] = value[0];
      continue;
    }
    if (value instanceof Date) record[name] = value.toISOString().slice(0, 23).replace('T', ' ');
    else record[name] = typeof value === 'bigint' ? String(value) : value;
  }
  return record;
}
