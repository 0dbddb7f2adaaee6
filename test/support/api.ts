import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { FastifyInstance, FastifyReply, FastifyRequest, InjectOptions } from 'fastify';
import type { OpenAPIV3_1 } from 'openapi-types';
import { addAccount } from '../../store/console/accounts.ts';
import type { Role } from '../../domain/access.ts';
import { createApp } from '../../server/app.ts';
import { createHubLogger, type Logger } from '../../settings/logger.ts';
import { loadConfig, type HubConfig } from '../../settings/load.ts';
import { Streams } from '../../connectors/registry.ts';
import { FolderStore } from '../../store/library/files/folder.ts';
import { saveUnit } from '../../store/ledger/units.ts';
import { saveStreams } from '../../store/collection/streams.ts';
import { configuredStreams, saveLaw } from '../../store/apply-config.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { join } from 'node:path';

export const PASSWORD = 'long enough to guess';

/** An answer of the API, its body read as JSON. */
export interface Answer<T = Record<string, unknown>> {
  status: number;
  body: T;
  headers: Record<string, unknown>;
}

/** Somebody who is signed in and asks the API. */
export interface Caller {
  get: <T = Record<string, unknown>>(path: string) => Promise<Answer<T>>;
  send: <T = Record<string, unknown>>(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
    headers?: Record<string, string>,
  ) => Promise<Answer<T>>;
}

/** The API over a database of its own, with the demonstration's configuration; Temporal is away. */
export class ApiHub {
  readonly app: FastifyInstance;
  readonly database: TestDatabase;
  readonly logger: Logger;
  config: HubConfig;
  nowMs: number;
  readonly #streams: Streams;
  /** Folder of the certificates’ files. */
  readonly files = mkdtempSync(join(tmpdir(), 'hub-api-'));
  /** Answers that were given and that the API’s description does not have. */
  readonly #undescribed = new Set<string>();

  private constructor(database: TestDatabase, config: HubConfig, nowMs: number) {
    this.database = database;
    this.config = config;
    this.nowMs = nowMs;
    const { db } = database;
    const logger = (this.logger = createHubLogger({ level: 'error', format: 'json' }, 'test'));
    const now = (): Date => new Date(this.nowMs);
    const streams = (this.#streams = new Streams(config));
    const files = new FolderStore(this.files);
    const away = (): Promise<never> => Promise.reject(new Error('Temporal is away'));
    this.app = createApp(
      { db, now, aheadMs: () => 0, countWorkers: away, faultyFiles: () => this.config.faulty },
      { db, now, logger, streams: () => streams },
      { db, now, logger, config: () => this.config, temporal: away, folder: null, files },
    );
    this.app.addHook('onResponse', (request, reply, done) => {
      this.#compare(request, reply);
      done();
    });
  }

  /** `now` as an instant; the city's streams, rules and calendar are in place. */
  static async open(
    now: string,
    jurisdiction?: string,
    change: (config: HubConfig) => void = () => undefined,
  ): Promise<ApiHub> {
    const database = await createDatabase();
    const folder = join(import.meta.dirname, '../../config');
    const config = loadConfig({ folder, demo: true, jurisdiction });
    change(config);
    const hub = new ApiHub(database, config, Date.parse(now));
    await saveLaw(database.db, config);
    await saveStreams(database.db, configuredStreams(config), new Date(hub.nowMs));
    await hub.app.ready();
    return hub;
  }

  /** An account with a role, signed in; its login is `login`. */
  async signedIn(
    role: Role,
    unit: { code: string; name: string } | null = null,
    login: string = role,
  ): Promise<Caller> {
    const { db } = this.database;
    if (unit) await db.transaction((trx) => saveUnit(trx, { ...unit, parentCode: null }));
    await addAccount(
      db,
      { login, name: `${login} 某`, role, unitCode: unit?.code ?? null },
      { password: PASSWORD, mustChange: false },
      new Date(this.nowMs),
    );
    return this.caller({ cookie: await this.cookieOf(login) });
  }

  /** Begins another session of an account. */
  async cookieOf(login: string): Promise<string> {
    const { headers } = await this.ask({ method: 'POST', url: '/session', payload: { login, password: PASSWORD } });
    return String(headers['set-cookie']).split(';')[0] ?? '';
  }

  caller(headers: Record<string, string>): Caller {
    return {
      get: (path) => this.ask({ url: path, headers }),
      send: (method, path, body, more = {}) =>
        this.ask({ method, url: path, headers: { ...headers, ...more }, ...(body && { payload: body }) }),
    };
  }

  async ask<T>(request: InjectOptions & { url: string }): Promise<Answer<T>> {
    const { statusCode, headers, body } = await this.app.inject({ ...request, url: `/api/v1${request.url}` });
    return { status: statusCode, headers, body: (body === '' ? null : JSON.parse(body)) as T };
  }

  #compare({ method, routeOptions: { url }, server }: FastifyRequest, { statusCode }: FastifyReply): void {
    if (!url?.startsWith('/api/v1/') || url.endsWith('/openapi.json')) return;
    const { paths = {} } = server.swagger() as OpenAPIV3_1.Document;
    const operation = paths[url.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase() as 'get'];
    if (!Object.hasOwn(operation?.responses ?? {}, statusCode))
      this.#undescribed.add(`${method} ${url}: ${statusCode}`);
  }

  /** Fails where an answer was given that the API’s description does not have. */
  async close(): Promise<void> {
    await this.app.close();
    await this.#streams.close();
    rmSync(this.files, { recursive: true });
    await this.database.drop();
    assert.deepEqual([...this.#undescribed], [], 'what is answered is described');
  }
}
