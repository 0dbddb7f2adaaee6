import type { Knex } from 'knex';
import {
  exchangeConnectorSchema,
  type ExchangeConnectorConfig,
  type ExchangeStreamConfig,
} from '../../settings/kinds/database.ts';
import { RULES } from '../../domain/library/validation.ts';
import { followingBatch, timeWindow, type BatchWindow } from '../../domain/collection/window.ts';
import type { Said } from '../../domain/said.ts';
import type {
  BatchSource,
  ChainView,
  CheckReport,
  Committed,
  ConnectorKind,
  NextBatch,
  OpenOptions,
  Page,
  Resume,
} from '../contract.ts';
import { openDepartmentDatabase, type DepartmentDatabase } from '../database/connection.ts';
import { recordOf, type Row } from '../database/rows.ts';
import { digestOf } from '../digest.ts';

/**
 * A front-end exchange database (前置库): the department fills a table with operation rows; the hub reads the open ones
 * in the order of their ids, commits them, and only then marks exactly those as consumed.
 */
export const exchange: ConnectorKind = {
  kind: 'exchange',
  spec: exchangeConnectorSchema,
  // Rows that are marked as consumed do not say of which batch they were.
  capabilities: () => ({ by: 'batches', again: 'none' }),
  hints: (stream) => {
    const { rowId, operation, consumed } = stream as ExchangeStreamConfig;
    return {
      ignore: [rowId, operation.field, consumed.field, ...(consumed.at === undefined ? [] : [consumed.at])],
      deleted: { field: operation.field, values: operation.deletes },
    };
  },
  open: (connector, stream, options) =>
    new ExchangeSource(connector as ExchangeConnectorConfig, stream as ExchangeStreamConfig, options),
};

/** Rows that one statement marks. */
const MARKED_AT_ONCE = 500;
const SAMPLE = 200;

class ExchangeSource implements BatchSource {
  readonly by = 'batches';
  readonly sequential = true;
  readonly #db: DepartmentDatabase;
  readonly #stream: ExchangeStreamConfig;
  /** When the last batch went to the end of the open rows; epoch milliseconds. */
  #reached: { cursor: string; atMs: number } | null = null;

  constructor(connector: ExchangeConnectorConfig, stream: ExchangeStreamConfig, options?: OpenOptions) {
    this.#db = openDepartmentDatabase(connector, { write: true }, options);
    this.#stream = stream;
  }

  #open(db: Knex): Knex.QueryBuilder {
    const { table, consumed } = this.#stream;
    return consumed.open === null
      ? db.from(table).whereNull(consumed.field)
      : db.from(table).where(consumed.field, consumed.open);
  }

  count({ next }: BatchWindow): Promise<number> {
    return this.#db.number((db) => this.#open(db).where(this.#stream.rowId, '<=', next).count({ n: '*' }), 'count');
  }

  async *read(window: BatchWindow, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    const { rowId, page } = this.#stream;
    let number = resume.committed.size;
    let last = idsOf(resume.committed.get(number - 1)?.position).at(-1);
    for (; ; number++) {
      signal.throwIfAborted();
      const rows = await this.#db.rows((db) => {
        const open = this.#open(db).select('*').where(rowId, '<=', window.next);
        if (last !== undefined) void open.where(rowId, '>', last);
        return open.orderBy(rowId).limit(page.size);
      }, `page ${number}`);
      if (rows.length === 0 && number > 0) return;
      const records = rows.map(recordOf);
      const ids = records.map((record) => String(record[rowId]));
      yield {
        number,
        records,
        undecodable: NONE,
        total: null,
        digest: digestOf(records),
        position: JSON.stringify(ids),
      };
      if (rows.length === 0) return;
      last = ids.at(-1);
    }
  }

  async nextBatch(after: BatchWindow | null, { upToMs, known }: ChainView): Promise<NextBatch> {
    const { rowId, most, lag } = this.#stream;
    const reached = this.#reached;
    const proven = (atMs: number): NextBatch => ({ batch: null, proven: [{ window: timeWindow(0, atMs - lag) }] });
    if (after && reached?.cursor === after.next && reached.atMs - lag >= upToMs) return proven(reached.atMs);
    const nowMs = await this.#db.clock();
    const [row] = await this.#db.rows(
      (db) =>
        db
          .from(this.#open(db).select({ n: rowId }).orderBy(rowId).limit(most).as('next_rows'))
          .min({ first: 'n' })
          .max({ last: 'n' })
          .count({ n: '*' }),
      'open rows',
    );
    const declared = Number(row?.n ?? row?.N);
    if (declared === 0) return proven(nowMs);
    const [first, next] = [String(row?.first ?? row?.FIRST), String(row?.last ?? row?.LAST)];
    const id = `${first}..${next} (${declared})`;
    // These very rows were read before and did not match their count: they are read again as that batch, not as another.
    if ((await known([id])).get(id) === false) return { batch: null, proven: [] };
    this.#reached = { cursor: next, atMs: declared < most ? nowMs : 0 };
    return {
      batch: followingBatch(after, { id, next, declared }),
    };
  }

  /** Marks exactly the rows that were committed: one that came in between, with a smaller id, stays open. */
  async acknowledge(_: BatchWindow, { positions, rejected }: Committed): Promise<void> {
    const { table, rowId, consumed } = this.#stream;
    const lines = new Map(rejected.map(({ record, problems }) => [String((record as Row | null)?.[rowId]), problems]));
    for (const ids of positions.map(idsOf).flatMap((all) => chunks(all, MARKED_AT_ONCE))) {
      await this.#db.run(
        (db) =>
          db.transaction(async (trx) => {
            await this.#writeReceipts(trx, ids, lines);
            await trx(table)
              .whereIn(rowId, ids)
              .update({
                [consumed.field]: consumed.done,
                ...(consumed.at !== undefined && { [consumed.at]: trx.fn.now() }),
              });
          }),
        'mark as consumed',
      );
    }
  }

  async #writeReceipts(
    trx: Knex,
    ids: string[],
    lines: ReadonlyMap<string, { rule: keyof typeof RULES; field: string }[]>,
  ): Promise<void> {
    const { receipts } = this.#stream;
    if (!receipts) return;
    const rows = ids.flatMap((id) => {
      const problems = lines.get(id);
      const [problem] = problems ?? [];
      if (!problems || !problem) return [];
      const message = problems
        .map(({ rule, field }) => `${field}:${RULES[rule].zh}`)
        .join(';')
        .slice(0, 500);
      return [
        {
          [receipts.rowId]: id,
          [receipts.rule]: problem.rule,
          [receipts.message]: message,
          [receipts.at]: trx.fn.now(),
        },
      ];
    });
    await trx(receipts.table).whereIn(receipts.rowId, ids).delete();
    if (rows.length > 0) await trx(receipts.table).insert(rows);
  }

  async check(): Promise<CheckReport> {
    const clockSkewMs = (await this.#db.clock()) - Date.now();
    const rows = await this.#db.rows(
      (db) => this.#open(db).select('*').orderBy(this.#stream.rowId).limit(this.#stream.page.size),
      'page',
    );
    const { rowId, operation, record, receipts } = this.#stream;
    const notes: string[] = [];
    const first = recordOf(rows[0] ?? {});
    if (rows.length > 0) {
      for (const column of [rowId, operation.field, record.key])
        if (!(column in first))
          notes.push(`the column ${column} is not there; the table has ${Object.keys(first).join(', ')}`);
    }
    if (receipts) await this.#db.rows((db) => db.from(receipts.table).select(receipts.rowId).limit(1), 'receipts');
    else notes.push('no receipts table is named: the department is not told which rows were rejected');
    const count = await this.#db.number((db) => this.#open(db).count({ n: '*' }), 'count');
    return { records: rows.length, count, clockSkewMs, notes };
  }

  async sample(): Promise<unknown[]> {
    const { table, rowId } = this.#stream;
    return (await this.#db.rows((db) => db.from(table).select('*').orderBy(rowId, 'desc').limit(SAMPLE), 'sample')).map(
      recordOf,
    );
  }

  explain(): Said[] {
    const { table, rowId, consumed, receipts, page, most, operation } = this.#stream;
    const [open, done, batch, size] = [consumed.open, consumed.done, most, page.size].map(String);
    return [
      { zh: `连接 ${this.#db.shown}`, en: `connects to ${this.#db.shown}` },
      {
        zh: `按 ${rowId} 的顺序读取 ${table} 中 ${consumed.field} 为 ${open} 的行，每批至多 ${batch} 行，每页 ${size} 行`,
        en: `reads the rows of ${table} whose ${consumed.field} is ${open}, in the order of ${rowId}, up to ${batch} as one batch, in pages of ${size}`,
      },
      {
        zh: `${operation.field} 为 ${operation.deletes.join('、')} 的行视为删除，只需有键`,
        en: `takes rows whose ${operation.field} is one of ${operation.deletes.join(', ')} as deletions; they need no more than their key`,
      },
      {
        zh: `整批入库后，将所读各行的 ${consumed.field} 置为 ${done}`,
        en: `sets ${consumed.field} to ${done} once the batch is committed whole, for exactly the rows that were read`,
      },
      receipts
        ? {
            zh: `每一条不合格的行写一条回执到 ${receipts.table}`,
            en: `writes a line to ${receipts.table} for every rejected row`,
          }
        : {
            zh: '不合格的行不写回执：未配置回执表',
            en: 'tells nobody of rejected rows: no receipts table is named',
          },
      {
        zh: '未取行数、读取行数与入库行数一致，才算完整',
        en: 'is complete when the open rows counted, the rows read and the rows committed agree',
      },
    ];
  }

  async close(): Promise<void> {
    await this.#db.knex.destroy();
  }
}

const NONE: ReadonlyMap<number, string> = new Map();

const idsOf = (position: string | null | undefined): string[] =>
  position === null || position === undefined ? [] : (JSON.parse(position) as string[]);

function chunks<T>(list: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}
