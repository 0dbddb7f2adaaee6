import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import Fastify from 'fastify';
import { DAY_MS, shanghaiDate, shanghaiInstant } from '../../domain/dates.ts';
import { inboxRoutes } from '../../server/inbox/inbox.ts';
import { provide } from '../../settings/environment.ts';
import { databaseConnectorSchema, exchangeConnectorSchema } from '../../settings/kinds/database.ts';
import { fileConnectorSchema } from '../../settings/kinds/file.ts';
import { inboxConnectorSchema } from '../../settings/kinds/inbox.ts';
import type { ConnectorConfig } from '../../settings/schemas/connector.ts';
import type { Collecting } from './collecting.ts';
import { inWindow, permit, PermitGateway } from './servers/gateway.ts';

/** A record as its source has it, or says that it is gone. */
export interface Row {
  id: string;
  gxsj: string | null;
  /** Kept as the issuer’s name. */
  content: string;
  /** Its rules refuse it. */
  bad: boolean;
  gone: boolean;
}

/** A day of a source. */
export interface SourceDay {
  startMs: number;
  /** All that it has. */
  rows: readonly Row[];
  /** What is new or changed since the day before, and what it says is gone. */
  changed: readonly Row[];
  /** One of the source’s faults, or `none`. */
  fault: string;
}

/** A source of some kind that can be at fault. */
export interface FaultySource {
  connector: ConnectorConfig;
  /** Has it be as it is on a day. */
  set: (day: SourceDay) => void;
  /** What it does by itself on that day, where it is not asked. */
  push?: (hub: Collecting) => Promise<void>;
  close?: () => void;
}

export interface FaultySourceKind {
  faults: readonly string[];
  /** It is asked for what it has, and says nothing of records that are gone, or other than before under their old time. */
  asked: boolean;
  open: (id: string, now: () => Date) => FaultySource | Promise<FaultySource>;
}

const recordOf = ({ id, gxsj, content, bad, gone }: Row): Record<string, string | null> =>
  permit(id, gxsj, { ZZBFJG: content, zt: bad ? '9' : '1', sc: gone ? 'Y' : 'N' }) as Record<string, string | null>;
const COLUMNS = Object.keys(recordOf({ id: '', gxsj: '', content: '', bad: false, gone: false }));
const UNIT = { name: '市公园管理局', unit: '11320200014006438B' };
const STREAM = {
  status: { field: 'zt', values: { '1': 'valid' }, deleted: { field: 'sc', values: ['Y'] } },
  rejects: { share: 1 },
};
const TIMED = { key: 'id', updatedAt: 'gxsj' };
const UNTIMED = { key: 'id' };
const WHOLE = { deletes: { share: 1 } };
const ASKED = { lag: '1s', page: { size: 3 } };
const isTime = (gxsj: unknown): boolean => typeof gxsj === 'string' && /^202\d-/.test(gxsj);
const timedRow = (rows: readonly Row[]): Row | undefined => rows.find(({ gxsj }) => isTime(gxsj));

const http = async (id: string): Promise<FaultySource> => {
  const gateway = await new PermitGateway().listen();
  const countAll = { path: '/list', value: 'total' };
  return {
    connector: gateway.connector(id, { ...STREAM, ...ASKED, record: TIMED, countAll }),
    set: ({ rows, fault }) => {
      const records = rows.map(recordOf);
      gateway.records = fault === 'twice' ? [...records, ...records.slice(0, 1)] : records;
      gateway.matches = (record, from, to) =>
        fault !== 'error' &&
        (fault === 'ignores the window' ||
          inWindow(record, from, to) ||
          (fault === 'includes ends' && record.gxsj === to) ||
          (fault === 'brings untimed' && !isTime(record.gxsj)));
      gateway.cap = fault === 'capped' ? 3 : Infinity;
      gateway.order = (found, page) => {
        if (page > 1 && fault === 'unstable order') return [...found.slice(0, 3), ...found.slice(2)];
        return page > 1 && fault === 'loses a page' ? [] : found;
      };
      gateway.envelope = fault === 'error' ? { success: false } : {};
    },
    close: () => gateway.close(),
  };
};

function files(id: string, stream: object, delivered: (day: SourceDay) => readonly Row[]): FaultySource {
  const folder = mkdtempSync(join(tmpdir(), 'faulty-'));
  const layout = { id, files: '{date}.csv', complete: { marker: '.ok' }, page: { size: 3 } };
  const connector = fileConnectorSchema.parse({
    ...UNIT,
    kind: 'file',
    address: folder,
    streams: [{ ...layout, ...STREAM, ...stream }],
  });
  const line = (row: Row): string =>
    Object.values(recordOf(row))
      .map((value) => value ?? '')
      .join(',');
  return {
    connector: { ...connector, id },
    set: (day) => {
      const { fault, startMs } = day;
      if (fault === 'missing') return;
      const rows = delivered(day);
      const [first] = rows;
      const lines = rows.map(line);
      if (first && fault === 'twice') lines.push(line(first));
      if (first && fault === 'two contents') lines.push(line({ ...first, content: 'another' }));
      if (fault === 'unclosed quote') lines.push('"open,');
      const head = fault === 'other table' ? COLUMNS.map((name) => `x${name}`) : COLUMNS;
      const text = [head.join(','), ...lines].join('\n');
      const file = join(folder, `${shanghaiDate(startMs).replaceAll('-', '')}.csv`);
      writeFileSync(file, fault === 'web page' ? '<!DOCTYPE html><html><body>请登录</body></html>' : `${text}\n`);
      writeFileSync(`${file}.ok`, '');
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}

/** A SQLite database with one table, whose columns are the fields of a record and others. */
class PermitTable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'faulty-'));
  readonly #file = join(this.#folder, 'source.db');
  readonly #db = new DatabaseSync(this.#file);

  constructor(more = '') {
    this.#db.exec(`CREATE TABLE permits (${COLUMNS.join(' TEXT, ')} TEXT ${more})`);
  }

  get address(): string {
    return `sqlite:${this.#file}`;
  }

  insert(row: Row, more: Record<string, string | number | null> = {}): void {
    const record = { ...recordOf(row), ...more };
    const names = Object.keys(record);
    const places = names.map(() => '?').join(', ');
    this.#db.prepare(`INSERT INTO permits (${names.join(', ')}) VALUES (${places})`).run(...Object.values(record));
  }

  clear(): void {
    this.#db.exec('DELETE FROM permits');
  }

  connector(id: string, stream: object): ConnectorConfig {
    const connector = databaseConnectorSchema.parse({
      ...UNIT,
      kind: 'database',
      address: this.address,
      streams: [{ id, table: 'permits', ...STREAM, ...ASKED, ...stream }],
    });
    return { ...connector, id };
  }

  readonly close = (): void => {
    this.#db.close();
    rmSync(this.#folder, { recursive: true });
  };
}

const tableWindows = (id: string): FaultySource => {
  const table = new PermitTable();
  return {
    connector: table.connector(id, { record: TIMED }),
    set: ({ rows, fault }) => {
      table.clear();
      const first = timedRow(rows);
      for (const row of rows) {
        const respelled = row === first && fault === 'other spelling';
        table.insert(respelled ? { ...row, gxsj: String(row.gxsj).replaceAll('-', '/') } : row);
      }
      if (first && fault === 'twice') table.insert({ ...first, content: 'another' });
    },
    close: table.close,
  };
};

const tableSequence = (id: string): FaultySource => {
  const table = new PermitTable(', seq INTEGER');
  const numbers = new Map<string, number | null>();
  let last = 0;
  return {
    connector: table.connector(id, { record: TIMED, cursor: { sequence: 'seq' } }),
    set: ({ rows, changed, fault }) => {
      for (const [index, { id: key }] of changed.entries())
        numbers.set(key, fault === 'without a number' && index === 0 ? null : ++last);
      table.clear();
      for (const row of rows) table.insert(row, { seq: numbers.get(row.id) ?? null });
      const [first] = changed;
      if (first && fault === 'twice') table.insert(first, { seq: ++last });
    },
    close: table.close,
  };
};

const tableSnapshots = (id: string): FaultySource => {
  const table = new PermitTable();
  return {
    connector: table.connector(id, { record: UNTIMED, cursor: 'snapshot', ...WHOLE }),
    set: ({ rows, fault }) => {
      table.clear();
      for (const row of fault === 'twice' ? [...rows, ...rows.slice(0, 1)] : rows) table.insert(row);
    },
    close: table.close,
  };
};

const exchangeTable = (id: string): FaultySource => {
  const table = new PermitTable(', op TEXT, consumed INTEGER DEFAULT 0, row_id INTEGER PRIMARY KEY');
  const { status, rejects } = STREAM;
  const { streams, ...connector } = exchangeConnectorSchema.parse({
    ...UNIT,
    kind: 'exchange',
    address: table.address,
    streams: [
      {
        ...ASKED,
        id,
        table: 'permits',
        rowId: 'row_id',
        operation: { field: 'op' },
        record: TIMED,
        status: { field: status.field, values: status.values },
        rejects,
      },
    ],
  });
  return {
    connector: { ...connector, streams, id },
    set: ({ changed, fault }) => {
      for (const row of fault === 'twice' ? [...changed, ...changed.slice(0, 1)] : changed)
        table.insert(row, { op: row.gone ? 'D' : 'U' });
    },
    close: table.close,
  };
};

const inbox = (id: string, now: () => Date): FaultySource => {
  provide('HUB_TEST_TOKEN', 'token');
  const connector = inboxConnectorSchema.parse({
    ...UNIT,
    kind: 'inbox',
    token: { env: 'HUB_TEST_TOKEN' },
    streams: [{ id, record: TIMED, ...STREAM }],
  });
  let today: SourceDay = { startMs: 0, rows: [], changed: [], fault: 'none' };
  return {
    connector: { ...connector, id },
    set: (day) => {
      today = day;
    },
    push: async (hub) => {
      const { startMs, changed, fault } = today;
      const app = Fastify();
      const logger = { error: () => undefined } as never;
      inboxRoutes(app, { db: hub.db, now, logger, streams: () => hub.streams });
      const headers = { authorization: 'Bearer token', 'content-type': 'application/json' };
      const post = (path: string, body: string) =>
        app.inject({ method: 'POST', url: `/inbox/v1/${id}${path}`, headers, body });
      // Of what has no time only the department knows that it was to be sent.
      const first = timedRow(changed);
      for (const row of changed) {
        const body = JSON.stringify([recordOf(row)]);
        if (row === first && fault === 'lost') continue;
        await post('', row === first && fault === 'cut off' ? body.slice(0, -4) : body);
        if (fault === 'sent again') await post('', body);
      }
      const [from, to] = [shanghaiInstant(startMs), shanghaiInstant(startMs + DAY_MS)];
      const records = changed.filter(({ gxsj }) => isTime(gxsj)).length;
      if (fault !== 'not closed') await post('/closings', JSON.stringify({ from, to, records }));
      await app.close();
    },
  };
};

const FILE_FAULTS = ['missing', 'web page', 'other table', 'unclosed quote', 'twice', 'two contents'];

/** Every kind of connector, and every way in which a kind is read. */
export const FAULTY_SOURCES: Record<string, FaultySourceKind> = {
  http: {
    faults: [
      'twice',
      'unstable order',
      'loses a page',
      'capped',
      'ignores the window',
      'includes ends',
      'brings untimed',
      'error',
    ],
    asked: true,
    open: http,
  },
  'file, increments': {
    faults: FILE_FAULTS,
    asked: false,
    open: (id) => files(id, { record: TIMED }, ({ changed }) => changed),
  },
  'file, states': {
    faults: FILE_FAULTS,
    asked: true,
    open: (id) => files(id, { record: UNTIMED, content: 'full', ...WHOLE }, ({ rows }) => rows),
  },
  'database, windows': { faults: ['twice', 'other spelling'], asked: true, open: tableWindows },
  'database, sequence': { faults: ['twice', 'without a number'], asked: true, open: tableSequence },
  'database, snapshots': { faults: ['twice'], asked: true, open: tableSnapshots },
  exchange: { faults: ['twice'], asked: false, open: exchangeTable },
  inbox: { faults: ['lost', 'cut off', 'sent again', 'not closed'], asked: false, open: inbox },
};
