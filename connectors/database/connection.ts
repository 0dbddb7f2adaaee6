import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import knex, { type Knex } from 'knex';
import type { DatabaseConnectorConfig, Scheme } from '../../settings/kinds/database.ts';
import { SCHEMES } from '../../settings/kinds/database.ts';
import { resolveReference } from '../../settings/environment.ts';
import { HubError, messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import { ownValue } from '../../domain/names.ts';
import type { OpenOptions } from '../contract.ts';
import { parseKeepingDigits } from '../json.ts';
import { NodeSqlite } from './sqlite.ts';
import { isThisMachine, TLS_PARAMETERS, tlsOf } from './tls.ts';

type Address = Pick<DatabaseConnectorConfig, 'id' | 'address' | 'password' | 'charset'>;

/** A department's database: knex, what is particular about its server, and the classification of its faults. */
export interface DepartmentDatabase {
  knex: Knex;
  dialect: Dialect;
  /** Address without credentials, for messages. */
  shown: string;
  /** Runs statements; throws classified errors. */
  run<T>(work: (db: Knex) => Promise<T>, what: string): Promise<T>;
  /** The rows of one statement. */
  rows(statement: (db: Knex) => Knex.QueryBuilder, what: string): Promise<Record<string, unknown>[]>;
  /** The column `n` of a statement’s one row, as a number. */
  number(statement: (db: Knex) => Knex.QueryBuilder, what: string): Promise<number>;
  /** The server's clock, epoch milliseconds; ours where it has none. */
  clock(): Promise<number>;
}

/** What differs from server to server, beyond what knex evens out. */
export interface Dialect {
  /** A statement for the server's clock, epoch milliseconds in a column `n`; null: ours is taken. */
  clock: string | null;
  /** An expression for a point in time, made of the text `2026-11-22 10:00:00.000`. */
  time: string;
  /** Text of a time column at its full precision, where the driver would round it. */
  exact: ((column: string) => string) | null;
  /** Text of any column. */
  text: (column: string) => string;
  /** LIKE patterns of a time’s text, where a column of text is compared with times; null where the server refuses that. */
  spelling: readonly string[] | null;
}

const DIALECTS: Record<'pg' | 'mysql' | 'mssql' | 'oracle' | 'sqlite', Dialect> = {
  pg: {
    clock: 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS n',
    time: 'CAST(? AS timestamp)',
    exact: null,
    text: (column) => `CAST(${column} AS text)`,
    spelling: null,
  },
  mysql: {
    clock: 'SELECT ROUND(UNIX_TIMESTAMP(NOW(3)) * 1000) AS n',
    time: 'CAST(? AS DATETIME(6))',
    exact: null,
    text: (column) => `CAST(${column} AS CHAR)`,
    spelling: ['____-__-__ __:__:__%', '____-__-__'],
  },
  mssql: {
    clock: "SELECT DATEDIFF_BIG(millisecond, '1970-01-01', SYSUTCDATETIME()) AS n",
    time: 'CAST(? AS datetime2)',
    // A datetime counts in three-hundredths of a second, which its own text rounds.
    exact: (column) => `CONVERT(varchar(33), CAST(${column} AS datetime2), 121)`,
    text: (column) => `CAST(${column} AS varchar(100))`,
    spelling: null,
  },
  oracle: {
    clock:
      'SELECT ROUND((CAST(SYS_EXTRACT_UTC(SYSTIMESTAMP) AS DATE) - DATE \'1970-01-01\') * 86400000) AS "n" FROM DUAL',
    time: "TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS.FF')",
    exact: (column) => `TO_CHAR(CAST(${column} AS TIMESTAMP), 'YYYY-MM-DD HH24:MI:SS.FF9')`,
    text: (column) => `TO_CHAR(${column})`,
    spelling: null,
  },
  sqlite: {
    clock: null,
    time: '?',
    exact: null,
    text: (column) => `CAST(${column} AS TEXT)`,
    spelling: ['____-__-__ __:__:__%'],
  },
};

/** How knex talks to each server, and the package that it needs beyond those that the hub brings along. */
const SERVERS: Record<Scheme, { client: string; dialect: keyof typeof DIALECTS; port: number; needs?: string }> = {
  postgres: { client: 'pg', dialect: 'pg', port: 5432 },
  kingbase: { client: 'pg', dialect: 'pg', port: 54321 },
  opengauss: { client: 'pg', dialect: 'pg', port: 5432 },
  mysql: { client: 'mysql2', dialect: 'mysql', port: 3306 },
  mariadb: { client: 'mysql2', dialect: 'mysql', port: 3306 },
  sqlserver: { client: 'mssql', dialect: 'mssql', port: 1433, needs: 'tedious' },
  oracle: { client: 'oracledb', dialect: 'oracle', port: 1521, needs: 'oracledb' },
  dameng: { client: 'oracledb', dialect: 'oracle', port: 5236, needs: 'dmdb' },
  sqlite: { client: 'sqlite', dialect: 'sqlite', port: 0 },
};

const silent = (): void => undefined;
const require = createRequire(import.meta.url);

/**
 * Opens a department's database; nothing is sent until it is first used. @param write false: the session refuses to
 * write, where the server can do that
 */
export function openDepartmentDatabase(
  connector: Address,
  { write }: { write: boolean },
  options: OpenOptions = {},
): DepartmentDatabase {
  const place = `${connector.id}: address`;
  const given = typeof connector.address === 'string' ? connector.address : resolveReference(connector.address, place);
  const text = given.replace(/^postgresql:/, 'postgres:');
  const scheme = SCHEMES.find((candidate) => text.startsWith(`${candidate}:`));
  if (!scheme) throw badAddress(place);
  const server = SERVERS[scheme];
  const { connection, shown } = connectionOf(scheme, text, place, connector, write);
  const { charset } = connector;
  if (charset !== undefined && server.dialect !== 'mysql')
    throw fault('address-invalid', {
      place: `${connector.id}: charset`,
      why: `it is for mysql and mariadb, not ${scheme}`,
    });
  const decode = charset === undefined ? null : bytesDecoder(charset);
  const pool = { min: 0, max: 3, afterCreate: prepareSession(server.dialect, write, decode !== null) };
  const db = openKnex(scheme, {
    ...(server.dialect === 'sqlite'
      ? { client: NodeSqlite as unknown as typeof Knex.Client, useNullAsDefault: true }
      : { client: server.client }),
    // Told, or knex would ask each PostgreSQL, and crash on the answer of its kin.
    ...(server.client === 'pg' && { version: '12' }),
    connection,
    pool,
    acquireConnectionTimeout: 20_000,
    log: { warn: silent, error: silent, deprecate: silent, debug: silent },
  });
  if (options.trace) traceStatements(db, options.trace);
  const run = async <T>(work: (handle: Knex) => Promise<T>, what: string): Promise<T> => {
    try {
      return await work(db);
    } catch (error) {
      throw classify(error, `${connector.id} ${what}`, shown);
    }
  };
  const rows: DepartmentDatabase['rows'] = (statement, what) =>
    run(async (handle) => {
      const found = (await statement(handle)) as Record<string, unknown>[];
      return decode ? found.map(decode) : found;
    }, what);
  const number: DepartmentDatabase['number'] = async (statement, what) => {
    const [row] = await rows(statement, what);
    return Number(row?.n ?? row?.N);
  };
  const dialect = DIALECTS[server.dialect];
  const clock: DepartmentDatabase['clock'] = async () => {
    const statement = dialect.clock;
    if (statement === null) return (options.now ?? Date.now)();
    return number((handle) => handle.select('*').from(handle.raw(`(${statement}) hub_clock`)), 'clock');
  };
  return { knex: db, dialect, shown, run, rows, number, clock };
}

/** A knex that only writes SQL for a server, without a connection. */
export function sqlWriter(scheme: Scheme): { knex: Knex; dialect: Dialect } {
  const { client, dialect } = SERVERS[scheme];
  const db = knex({ client: dialect === 'sqlite' ? (NodeSqlite as unknown as typeof Knex.Client) : client });
  return { knex: db, dialect: DIALECTS[dialect] };
}

function openKnex(scheme: Scheme, config: Knex.Config): Knex {
  const { needs } = SERVERS[scheme];
  if (needs !== undefined) requireDriver(needs, scheme);
  if (scheme !== 'dameng') return knex(config);
  // 达梦's own driver has the interface of Oracle's.
  const Oracle = require('knex/lib/dialects/oracledb/index.js') as typeof Knex.Client;
  class Dameng extends Oracle {
    _driver(): unknown {
      return require('dmdb') as unknown;
    }
  }
  return knex({ ...config, client: Dameng });
}

function requireDriver(name: string, scheme: Scheme): void {
  try {
    require.resolve(name);
  } catch {
    throw fault('driver-missing', { scheme, driver: name });
  }
}

const badAddress = (place: string): HubError => fault('address-invalid', { place, schemes: SCHEMES });

function connectionOf(
  scheme: Scheme,
  text: string,
  place: string,
  connector: Address,
  write: boolean,
): { connection: Knex.StaticConnectionConfig; shown: string } {
  if (scheme === 'sqlite') {
    const filename = text.slice('sqlite:'.length);
    // With a mode, or a file that is not there would be made.
    const url = `${pathToFileURL(filename).href}?mode=${write ? 'rw' : 'ro'}`;
    return { connection: { filename: url }, shown: filename };
  }
  if (!URL.canParse(text)) throw badAddress(place);
  const url = new URL(text);
  const { dialect, port: usual } = SERVERS[scheme];
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const parameters = parametersOf(url, dialect, place);
  const port = url.port === '' ? usual : Number(url.port);
  const database = decodeURIComponent(url.pathname.slice(1));
  const user = decodeURIComponent(url.username);
  // An address that comes from the environment may bring its secret along.
  const password = connector.password
    ? resolveReference(connector.password, `${connector.id}: password`)
    : decodeURIComponent(url.password);
  const shown = `${host}:${port}/${database}`;
  const common = { host, port, user, password, database };
  switch (dialect) {
    case 'pg':
      // Everything as the server writes it: a JavaScript Date would lose microseconds, a number its digits.
      return {
        connection: { ...common, types: { getTypeParser: parserOf }, ...sslOf(host, parameters, place) },
        shown,
      };
    case 'mysql':
      return {
        connection: {
          ...common,
          charset: 'utf8mb4',
          timezone: '+08:00',
          dateStrings: true,
          supportBigNumbers: true,
          bigNumberStrings: true,
          ...sslOf(host, parameters, place),
        },
        shown,
      };
    case 'mssql':
      return {
        connection: {
          ...common,
          server: host,
          options: {
            encrypt: oneOf(['true', 'false', 'strict'], 'encrypt', parameters, place, 'true') !== 'false',
            trustServerCertificate:
              oneOf(['true', 'false'], 'trustServerCertificate', parameters, place, 'false') === 'true',
          },
        },
        shown,
      };
    default: {
      const usualProtocol = isThisMachine(host) ? 'tcp' : 'tcps';
      const protocol = oneOf(['tcp', 'tcps'], 'protocol', parameters, place, usualProtocol);
      const connectString = protocol === 'tcps' ? `tcps://${shown}` : shown;
      return { connection: { user, password, connectString }, shown };
    }
  }
}

/** Parameters that an address can have, by dialect: what is not among them is refused. */
const PARAMETERS: Record<keyof typeof DIALECTS, readonly string[]> = {
  pg: TLS_PARAMETERS,
  mysql: TLS_PARAMETERS,
  mssql: ['encrypt', 'trustServerCertificate'],
  oracle: ['protocol'],
  sqlite: [],
};
/** What MySQL calls them. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'ssl-mode': 'sslmode',
  'ssl-ca': 'sslrootcert',
  'ssl-cert': 'sslcert',
  'ssl-key': 'sslkey',
};

function parametersOf(url: URL, dialect: keyof typeof DIALECTS, place: string): ReadonlyMap<string, string> {
  const known = PARAMETERS[dialect];
  const parameters = new Map<string, string>();
  for (const [given, value] of url.searchParams) {
    const name = (dialect === 'mysql' ? ownValue(OTHER_NAMES, given) : undefined) ?? given;
    if (!known.includes(name) || parameters.has(name)) throw fault('address-parameter', { place, name: given, known });
    parameters.set(name, value);
  }
  return parameters;
}

function oneOf(
  values: readonly string[],
  name: string,
  parameters: ReadonlyMap<string, string>,
  place: string,
  usual: string,
): string {
  const value = parameters.get(name) ?? usual;
  if (values.includes(value)) return value;
  throw fault('address-parameter', { place, name: `${name}=${value}`, known: values.map((each) => `${name}=${each}`) });
}

const sslOf = (host: string, parameters: ReadonlyMap<string, string>, place: string): { ssl?: object } => {
  const tls = tlsOf(host, parameters, place);
  return tls ? { ssl: tls } : {};
};

/** Latin-1 text with letters beyond ASCII. */
const BYTES = /^(?=.*[\x80-\xff])[\0-\xff]*$/s;

/** Reads the texts of a row that are bytes, one character each, in a character set. */
function bytesDecoder(charset: string): (row: Record<string, unknown>) => Record<string, unknown> {
  const decoder = new TextDecoder(charset);
  return (row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) =>
        typeof value === 'string' && BYTES.test(value)
          ? [name, decoder.decode(Buffer.from(value, 'latin1'))]
          : [name, value],
      ),
    );
}

const PG_TYPES: Record<number, (text: string) => unknown> = {
  16: (text) => text === 't',
  17: (text) => Buffer.from(text),
  114: parseKeepingDigits,
  3802: parseKeepingDigits,
};
const parserOf = (oid: number): ((text: string) => unknown) => PG_TYPES[oid] ?? ((text) => text);

type AfterCreate = (connection: unknown, done: (error: unknown, connection: unknown) => void) => void;

/** Every session goes by Shanghai time. */
function prepareSession(dialect: keyof typeof DIALECTS, write: boolean, asStored: boolean): AfterCreate {
  const statements = {
    pg: [
      "SET TIME ZONE 'Asia/Shanghai'",
      'SET datestyle = ISO',
      ...(write ? [] : ['SET default_transaction_read_only = on']),
    ],
    mysql: [
      "SET time_zone = '+08:00'",
      ...(write ? [] : ['SET SESSION TRANSACTION READ ONLY']),
      // Each column in its own character set: converted, bytes that are none of it would be lost.
      ...(asStored ? ['SET character_set_results = NULL'] : []),
    ],
    mssql: [],
    oracle: ["ALTER SESSION SET TIME_ZONE = 'Asia/Shanghai'"],
    sqlite: [],
  }[dialect];
  return (connection, done) => {
    const next = ([statement, ...rest]: string[]): void => {
      if (statement === undefined) {
        done(null, connection);
        return;
      }
      const answered = (error: unknown): void => (error ? done(error, connection) : next(rest));
      if (dialect === 'oracle') (connection as OracleSession).execute(statement).then(() => answered(null), answered);
      else (connection as QuerySession).query(statement, answered);
    };
    next([...statements]);
  };
}

interface QuerySession {
  query: (sql: string, done: (error: unknown) => void) => void;
}
interface OracleSession {
  execute: (sql: string) => Promise<unknown>;
}

function traceStatements(db: Knex, trace: NonNullable<OpenOptions['trace']>): void {
  db.on('query-response', (response: unknown, { sql, bindings }: { sql: string; bindings: unknown[] }) => {
    const rows = Array.isArray(response) ? response.length : 0;
    trace({ request: `${sql}\n${JSON.stringify(bindings)}`, response: `${rows} rows` });
  });
}

const AWAY =
  /^(?:08|57P|53)|^(?:ECONN|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|EPIPE|EAI_AGAIN|PROTOCOL_|ESOCKET|ETIMEOUT|ENETUNREACH)/;
const REFUSED = /^28|^(?:ER_ACCESS_DENIED_ERROR|ER_DBACCESS_DENIED_ERROR|ELOGIN|ORA-01017)/;
const WRONG =
  /^(?:42|3D|3F|0A|25006)|^(?:ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION|ER_NO_SUCH_TABLE|ER_BAD_FIELD_ERROR|ER_BAD_DB_ERROR|ER_PARSE_ERROR|ER_TABLEACCESS_DENIED_ERROR|ER_COLUMNACCESS_DENIED_ERROR|EREQUEST|ORA-009|ERR_SQLITE_ERROR)/;

/** No TLS there, or a certificate that does not hold. */
const NO_TLS =
  /^(?:HANDSHAKE_NO_SSL_SUPPORT|HANDSHAKE_SSL_ERROR|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/;

/** A database's error in the hub's terms. Messages that could quote values are left out. */
function classify(error: unknown, what: string, shown: string): unknown {
  if (error instanceof HubError || !(error instanceof Error)) return error;
  const code = (error as { code?: string }).code ?? '';
  const [place, why] = [`${what}: ${shown}`, code || error.name];
  if (NO_TLS.test(code) || /does not support (?:SSL|secure)/i.test(error.message))
    return fault('tls-refused', { place, why: code || messageOf(error) });
  const busy = /database is (?:locked|busy)/.test(error.message);
  if (
    AWAY.test(code) ||
    error.name === 'KnexTimeoutError' ||
    /terminated unexpectedly|not queryable/.test(error.message)
  ) {
    return fault('source-away', { place, why });
  }
  if (REFUSED.test(code)) {
    return fault('unauthorised', { place, why: code });
  }
  // A cast in a query, a column of another type (42883: one of text); the server's words quote the value.
  if (code.startsWith('22') || code === '42883') {
    return fault('value-mistyped', { place: what, why: code });
  }
  if (WRONG.test(code) && !busy) {
    return fault('statement-refused', { place: what, why: shownMessage(error) });
  }
  return fault('source-failing', { place, why });
}

/** knex puts the statement before the server's words, which name tables and columns. */
function shownMessage(error: Error): string {
  const [, ...rest] = messageOf(error).split(' - ');
  return (rest.at(-1) ?? messageOf(error)).slice(0, 200);
}
