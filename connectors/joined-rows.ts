import { isDeepStrictEqual } from 'node:util';
import { isScientific } from '../domain/library/identifiers.ts';
import { withoutInvisible } from '../domain/library/spelling.ts';
import { valueAt } from './json.ts';

/** The field of a record that several rows of a file make, with all of them; the others are those of the first row. */
export const JOINED_ROWS = '同一主键的各行';

type Row = Record<string, unknown>;

/** The rows of a record that several rows make; null for any other record. */
export const joinedRows = (record: Row): Row[] | null =>
  Object.hasOwn(record, JOINED_ROWS) ? (record[JOINED_ROWS] as Row[]) : null;

/** Rows that are remembered, twice over: two of one key that are further apart are found when the batch is closed. */
const REMEMBERED = 1_000;

/**
 * Joins the rows of one key that follow each other and say different things; whether that is one record, the mapping
 * decides. A later row of a key that was there before is a joined record of its own, of one row. Rows with other update
 * times are versions, and equal rows one.
 */
export class RowJoiner {
  readonly #key: string;
  readonly #updatedAt: string | undefined;
  #recent = new Map<string, Row>();
  #before = new Map<string, Row>();
  #pending: { identity: string; rows: Row[] } | null = null;

  constructor({ key, updatedAt }: { key: string; updatedAt?: string | undefined }) {
    this.#key = key;
    this.#updatedAt = updatedAt;
  }

  /** Takes the next row; the record that is known to be whole by that. */
  next(row: Row): Row | null {
    const identity = this.#identityOf(row);
    const { rows = [], identity: last } = this.#pending ?? {};
    const [first] = rows;
    if (first && identity !== '' && identity === last && !isDeepStrictEqual(first, row)) {
      rows.push(row);
      return null;
    }
    const whole = this.end();
    const earlier = identity === last ? undefined : (this.#recent.get(identity) ?? this.#before.get(identity));
    const repeats = identity !== '' && earlier !== undefined && !isDeepStrictEqual(earlier, row);
    this.#pending = { identity, rows: [repeats ? { ...row, [JOINED_ROWS]: [row] } : row] };
    this.#recent.set(identity, row);
    if (this.#recent.size >= REMEMBERED) [this.#before, this.#recent] = [this.#recent, new Map<string, Row>()];
    return whole;
  }

  /** The last record. */
  end(): Row | null {
    const rows = this.#pending?.rows ?? [];
    this.#pending = null;
    return rows.length > 1 ? { ...rows[0], [JOINED_ROWS]: rows } : (rows[0] ?? null);
  }

  #identityOf(row: Row): string {
    const given = valueAt(row, this.#key);
    // As the mapping takes it.
    const key = typeof given === 'string' || typeof given === 'number' ? withoutInvisible(String(given)).trim() : '';
    // Keys that lost their digits are refused one by one.
    if (key === '' || isScientific(key)) return '';
    return this.#updatedAt === undefined ? key : `${key}\n${String(valueAt(row, this.#updatedAt))}`;
  }
}
