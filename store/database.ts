import knex, { type Knex } from 'knex';
import pg from 'pg';
import { messageOf } from '../domain/errors.ts';
import { fault } from '../domain/faults.ts';
import { MIGRATIONS } from './migrations/index.ts';

/** Oldest PostgreSQL with the multiranges that coverage is kept in. */
const OLDEST_VERSION = 14;
/** One `hub up` or `hub demo` at a time may run on a database. */
const INSTANCE_LOCK = 0x68_75_62;
/** Who only wants to know a version does not wait longer. */
const ASK_FOR_MS = 2_000;

// Counts are far below 2^53; without this they would arrive as text.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

const silent = (): void => undefined;
/** Connections that are open, pool by pool. */
const open = new WeakMap<Knex, Set<pg.Client>>();

/** What a pool may take: connections, and how long its statements may run or wait for a lock; without end where left out. */
export interface PoolLimits {
  most?: number;
  statementMs?: number;
  lockMs?: number;
}

/** Opens a pool. Nothing is sent until it is first used. */
export function openDatabase(url: string, purpose: string, { most = 10, statementMs, lockMs }: PoolLimits = {}): Knex {
  // The driver knows more of these than knex’s types do.
  const connection = {
    connectionString: url,
    application_name: `hub ${purpose}`,
    keepAlive: true,
    ...(statementMs !== undefined && { statement_timeout: statementMs }),
    ...(lockMs !== undefined && { lock_timeout: lockMs }),
  };
  const connections = new Set<pg.Client>();
  const db = knex({
    client: 'pg',
    // Told, or knex would ask each new connection, and crash on an answer it cannot read.
    version: String(OLDEST_VERSION),
    connection,
    pool: {
      min: 0,
      max: most,
      afterCreate: (made: pg.Client, done: () => void) => {
        connections.add(made);
        made.once('end', () => connections.delete(made));
        done();
      },
    },
    acquireConnectionTimeout: 20_000,
    // What goes wrong reaches the caller as an error; knex would also print it.
    log: { warn: silent, error: silent, deprecate: silent, debug: silent },
    migrations: {
      migrationSource: {
        getMigrations: () => Promise.resolve([...MIGRATIONS]),
        getMigrationName: ([name]: [string, Knex.Migration]) => name,
        getMigration: ([, migration]: [string, Knex.Migration]) => Promise.resolve(migration),
      },
    },
  });
  open.set(db, connections);
  return db;
}

/** Ends the connections of a pool as they are: what waits on them fails, and what comes next opens new ones. */
export function cutConnections(db: Knex): void {
  for (const { connection } of open.get(db) ?? []) connection.stream.destroy();
}

/**
 * Lends one connection of the pool, for statements that go to the driver as they are: binary parameters, and errors
 * that do not quote them.
 */
export async function withConnection<T>(db: Knex, use: (connection: pg.ClientBase) => Promise<T>): Promise<T> {
  const client = db.client as {
    acquireConnection: () => Promise<pg.ClientBase>;
    releaseConnection: (connection: pg.ClientBase) => Promise<void>;
  };
  const connection = await client.acquireConnection();
  try {
    return await use(connection);
  } finally {
    await client.releaseConnection(connection);
  }
}

/** A statement that each connection plans once: what is asked thousands of times a second. Its parameters are `$1` …. */
export class Prepared<Row extends object> {
  readonly #name: string;
  readonly #text: string;

  /** @param name known to the connection by it: of this statement alone */
  constructor(name: string, text: string) {
    this.#name = name;
    this.#text = text;
  }

  rows(db: Knex, values: readonly unknown[]): Promise<Row[]> {
    return withConnection(db, async (connection) => {
      const { rows } = await connection.query<Row>({ name: this.#name, text: this.#text, values: [...values] });
      return rows;
    });
  }
}

/** What went wrong, without the statement that knex puts before what PostgreSQL says. */
export const withoutStatement = (error: unknown): string =>
  error instanceof pg.DatabaseError ? error.message.slice(error.message.lastIndexOf(' - ') + 3) : messageOf(error);

/** The database takes connections, and answers nothing: it is frozen, or its machine is gone. */
export class DatabaseSilent extends Error {
  override name = 'DatabaseSilent';

  constructor() {
    super('the database does not answer');
  }
}

/** Names of errors with which a connection fails, by Node. */
const UNCONNECTED = /^(?:ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_)/;
/** How the driver says, without a code, that its connection has ended; knex puts the statement before it. */
const LOST = /(?:Connection terminated(?: unexpectedly)?|is not queryable)$/;
/** SQLSTATEs of a server that starts, stops, recovers, is full or takes no more connections, or may only be read. */
const UNABLE = /^(?:08...|53...|57P0[123]|25006|58030)$/;
/** SQLSTATEs of a statement that waited for a lock, or ran, for too long. */
const TOO_LONG = /^(?:55P03|57014)$/;

/**
 * Why the database could not do what it was asked and may later: it is away, or something holds it up. Null for any other
 * error.
 */
export function hindranceOf(error: unknown): 'away' | 'held up' | null {
  if (!(error instanceof Error)) return null;
  const { code = '' } = error as { code?: string };
  if (TOO_LONG.test(code)) return 'held up';
  if (error instanceof DatabaseSilent) return 'away';
  const lost = code === '' && (LOST.test(error.message) || error.name === 'KnexTimeoutError');
  return lost || UNCONNECTED.test(code) || UNABLE.test(code) ? 'away' : null;
}

/** Address of a database without its credentials, for messages. */
export function shownDatabase(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch {
    return '(not an address)';
  }
}

/** Throws one clear error when the server cannot be reached or is too old. */
export async function requireServer(db: Knex, url: string): Promise<string> {
  let version: string;
  try {
    const { rows } = await db.raw<{ rows: { server_version: string }[] }>('SHOW server_version');
    version = rows[0]?.server_version ?? '';
  } catch (error) {
    throw fault('database-away', { database: shownDatabase(url), why: messageOf(error) }, { cause: error });
  }
  if (Number.parseInt(version, 10) < OLDEST_VERSION) {
    throw fault('database-too-old', { database: shownDatabase(url), version, oldest: OLDEST_VERSION });
  }
  return version;
}

/** Brings the schema to the newest version and says how many steps that took. */
export async function migrate(db: Knex, purpose: 'demo' | 'production'): Promise<number> {
  const [, applied] = (await db.migrate.latest()) as [number, string[]];
  await db.raw('INSERT INTO hub (purpose, created_at) VALUES (?, clock_timestamp()) ON CONFLICT DO NOTHING', [purpose]);
  const { rows } = await db.raw<{ rows: { purpose: string }[] }>('SELECT purpose FROM hub');
  if (rows[0]?.purpose !== purpose) {
    throw fault('database-purpose', { purpose, found: rows[0]?.purpose ?? '' });
  }
  return applied.length;
}

/** Throws when the schema is older or newer than this program. */
export async function requireSchema(db: Knex): Promise<void> {
  const [completed, pending] = (await db.migrate.list()) as [{ name: string }[], unknown[]];
  if (pending.length > 0) {
    throw fault('schema-old', { lacking: pending.length });
  }
  if (completed.length > MIGRATIONS.size) {
    throw fault('schema-new');
  }
}

/** The newest migration that this program knows. */
export const newestMigration = (): string => [...MIGRATIONS.keys()].sort().at(-1) ?? '';

/**
 * The version of a server and the last migration of its schema, null where it has none of the hub's. Writes nothing, and
 * gives up soon.
 */
export async function databaseVersions(url: string): Promise<{ server: string; migration: string | null }> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'hub version',
    connectionTimeoutMillis: ASK_FOR_MS,
    query_timeout: ASK_FOR_MS,
  });
  client.on('error', () => undefined); // what is asked fails as well, and says why
  try {
    await client.connect();
    const { rows } = await client.query<{ server: string; migrated: boolean }>(
      `SELECT current_setting('server_version') AS server, to_regclass('knex_migrations') IS NOT NULL AS migrated`,
    );
    const { server = '', migrated = false } = rows[0] ?? {};
    if (!migrated) return { server, migration: null };
    const last = await client.query<{ name: string }>('SELECT name FROM knex_migrations ORDER BY id DESC LIMIT 1');
    return { server, migration: last.rows[0]?.name ?? null };
  } finally {
    await client.end();
  }
}

/**
 * Takes the lock by which a second hub on the same database is refused; returns what gives it back.
 * The lock belongs to a connection of its own and ends with it.
 */
export async function lockInstance(url: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url, application_name: 'hub instance lock', keepAlive: true });
  client.on('error', () => undefined); // the database going away is noticed, and mended, by everything else
  await client.connect();
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
    INSTANCE_LOCK,
  ]);
  if (rows[0]?.locked !== true) {
    await client.end();
    throw fault('second-instance', { database: shownDatabase(url) });
  }
  return () => client.end();
}
