import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import iconv from 'iconv-lite';
import { addDays, DAY_MS, shanghaiDate, shanghaiInstant } from '../../domain/dates.ts';
import { signedHeaders } from '../support/signed.ts';
import { recordsBefore, versionsOf, type Scale, type Version } from './records.ts';
import type { Format } from './trades.ts';

/** Where a department without a gateway keeps its data, brought to a moment. */
export interface DepartmentPlace {
  /** What the hub is told: an address of a database, a folder. */
  address: string;
  moveTo(nowMs: number): void;
  close(): void;
}

/** Every version of every record that can be seen at a moment, in the order in which they were seen. */
export function seenVersions(format: Format, scale: Scale, nowMs: number): Version[] {
  const all: Version[] = [];
  for (let index = 0; index < recordsBefore(scale, nowMs); index++)
    all.push(...versionsOf(format.trade, scale, index, nowMs));
  return all.sort((a, b) => a.visibleMs - b.visibleMs || (a.key < b.key ? -1 : 1));
}

type Row = Record<string, SQLInputValue>;

function insert(db: DatabaseSync, table: string, rows: Row[]): void {
  const [first] = rows;
  if (!first) return;
  const names = Object.keys(first);
  const statement = db.prepare(
    `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  );
  db.exec('BEGIN');
  for (const row of rows) statement.run(...names.map((name) => row[name] ?? null));
  db.exec('COMMIT');
}

const OLD_END_MS = Date.parse('2025-01-01T00:00:00+08:00');

const latestOf = (versions: Version[]): Version[] => [
  ...new Map(versions.map((version) => [version.key, version])).values(),
];

function createPermits(db: DatabaseSync, table: string, rows: Row[]): void {
  const names = Object.keys(rows[0] ?? { id: '', gxsj: '' });
  db.exec(`CREATE TABLE ${table} (${names.map((name) => `${name} TEXT`).join(', ')}, PRIMARY KEY (id));
    CREATE INDEX ${table}_by_time ON ${table} (gxsj, id)`);
  insert(db, table, rows);
}

/** A table of current states, seen through a view. */
export function landDatabase(format: Format, scale: Scale, folder: string): DepartmentPlace {
  const file = join(folder, 'land.db');
  rmSync(file, { force: true });
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL');
  // What was issued before there were electronic certificates, in a table of its own.
  const old = { ...scale, startMs: Date.parse('2015-01-01T00:00:00+08:00'), anchorMs: OLD_END_MS };
  const oldRows = latestOf(seenVersions({ ...format, trade: { ...format.trade, id: 'LY-old' } }, old, OLD_END_MS));
  createPermits(
    db,
    'old_permits',
    oldRows.map((version) => format.raw(version) as Row),
  );
  return {
    address: `sqlite:${file}`,
    moveTo: (nowMs) => {
      const rows = latestOf(seenVersions(format, scale, nowMs)).map((version) => format.raw(version) as Row);
      db.exec('DROP VIEW IF EXISTS v_permits; DROP TABLE IF EXISTS permits');
      createPermits(db, 'permits', rows);
      db.exec('CREATE VIEW v_permits AS SELECT * FROM permits');
    },
    close: () => db.close(),
  };
}

/** A front-end exchange database: a row for each operation, a deletion with nothing but its key. */
export function cultureDatabase(format: Format, scale: Scale, folder: string): DepartmentPlace {
  const file = join(folder, 'culture.db');
  rmSync(file, { force: true });
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL');
  const columns = [
    'LSH',
    'ZZBH',
    'ZZBS',
    'ZZBFRQ',
    'ZZYXQQSRQ',
    'ZZYXQJZRQ',
    'CZZT',
    'CZZTDM',
    'CZZTDMLXDM',
    'ZT',
    'KZ_JYCS',
  ];
  db.exec(`CREATE TABLE biz_permit (dsc_biz_record_id INTEGER PRIMARY KEY, dsc_biz_operation TEXT, dsc_biz_timestamp TEXT,
      ${columns.map((name) => `${name} TEXT`).join(', ')}, hub_flag INTEGER DEFAULT 0, hub_time TEXT);
    CREATE TABLE biz_permit_error (record_id INTEGER, error_code TEXT, error_remark TEXT, created_at TEXT)`);
  let written = 0;
  return {
    address: `sqlite:${file}`,
    moveTo: (nowMs) => {
      const versions = seenVersions(format, scale, nowMs);
      const fresh = versions.slice(written);
      insert(
        db,
        'biz_permit',
        fresh.map((version, index) => ({
          dsc_biz_record_id: written + index + 1,
          ...operationRow(format, version, index),
        })),
      );
      written = versions.length;
    },
    close: () => db.close(),
  };
}

/** Both ways of writing operations occur in one city. */
function operationRow(format: Format, version: Version, index: number): Row {
  const raw = format.raw(version) as Row;
  const words = index % 2 === 0 ? (['U', 'D'] as const) : (['update', 'delete'] as const);
  if (!version.deleted) return { ...raw, dsc_biz_operation: words[0] };
  const nothing = Object.fromEntries(Object.keys(raw).map((name) => [name, null]));
  return {
    ...nothing,
    LSH: raw.LSH ?? null,
    dsc_biz_timestamp: raw.dsc_biz_timestamp ?? null,
    dsc_biz_operation: words[1],
  };
}

/** A folder with a file for each day in GBK: a title, the names of the columns, the rows, and a marker beside it. */
export function educationFolder(format: Format, scale: Scale, folder: string): DepartmentPlace {
  const drop = join(folder, 'education');
  rmSync(drop, { recursive: true, force: true });
  mkdirSync(drop);
  const done = new Set<string>();
  return {
    address: drop,
    moveTo: (nowMs) => {
      const days = new Map<string, Version[]>();
      for (let day = shanghaiDate(scale.startMs); day <= shanghaiDate(nowMs); day = addDays(day, 1)) days.set(day, []);
      for (const version of seenVersions(format, scale, nowMs))
        days.get(shanghaiDate(version.visibleMs))?.push(version);
      for (const [day, versions] of days) {
        if (done.has(day)) continue;
        done.add(day);
        const rows = versions.map((version) => format.raw(version));
        const names = Object.keys(rows[0] ?? format.raw(someVersion(format, scale, nowMs)));
        const lines = [[`教师资格证书 ${day} 增量`], names, ...rows.map((row) => names.map((name) => row[name]))];
        const name = join(drop, `jszg-${day.replaceAll('-', '')}.csv`);
        writeFileSync(name, iconv.encode(lines.map((cells) => `${cells.map(cellOf).join(',')}\r\n`).join(''), 'gbk'));
        writeFileSync(`${name}.ok`, '');
      }
    },
    close: () => undefined,
  };
}

const someVersion = (format: Format, scale: Scale, nowMs: number): Version => {
  const [version] = versionsOf(format.trade, scale, 0, nowMs + DAY_MS);
  if (!version) throw new Error('the first record has a version');
  return version;
};

const cellOf = (value: unknown): string => {
  const text = typeof value === 'string' ? value : '';
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/**
 * Pushes what was seen up to a moment to a hub, and closes the time up to it. A hub that is busy is asked again.
 */
export async function pushAll(
  format: Format,
  scale: Scale,
  nowMs: number,
  target: { hub: string; stream: string; secret: string },
): Promise<{ pushed: number }> {
  const url = `${target.hub}/inbox/v1/${target.stream}`;
  const send = async (method: 'POST', address: string, body: string, key?: string): Promise<void> => {
    for (let attempt = 0; ; attempt++) {
      const { pathname } = new URL(address);
      const response = await fetch(address, {
        method,
        body,
        headers: {
          'Content-Type': 'application/json',
          Authorization: `Bearer ${target.secret}`,
          ...signedHeaders({ method, url: pathname, body, key }, { keyId: format.trade.id, secret: target.secret }),
        },
      }).catch(() => null);
      if (response?.ok) return;
      if (attempt === 300)
        throw new Error(`the hub does not take a push: ${String(response?.status)} ${(await response?.text()) ?? ''}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  const versions = seenVersions(format, scale, nowMs);
  for (let start = 0; start < versions.length; start += 500) {
    const part = versions.slice(start, start + 500);
    await send('POST', url, JSON.stringify(part.map((version) => format.raw(version))), `push-${start}-${part.length}`);
  }
  const records = new Set(versions.map(({ key }) => key)).size;
  const closing = { from: '2025-01-01T00:00:00+08:00', to: shanghaiInstant(nowMs), records };
  await send('POST', `${url}/closings`, JSON.stringify(closing));
  return { pushed: versions.length };
}
