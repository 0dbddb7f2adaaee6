import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { after, before, describe, it } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { Knex } from 'knex';
import { Streams } from '../../connectors/registry.ts';
import { CONSOLE_LIMITS, createApp } from '../../server/app.ts';
import { HEALTH_LIMITS, type Health } from '../../server/health.ts';
import { INBOX_LIMITS } from '../../server/inbox/request.ts';
import { createHubLogger } from '../../settings/logger.ts';
import { configuredStreams } from '../../store/apply-config.ts';
import { saveStreams } from '../../store/collection/streams.ts';
import { openDatabase } from '../../store/database.ts';
import { Pulse } from '../../store/pulse.ts';
import { FolderStore } from '../../store/library/files/folder.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { demoConfig } from '../support/departments.ts';
import { eventually } from '../support/eventually.ts';
import { gateBefore } from '../support/gate.ts';
import { freePorts } from '../support/ports.ts';

describe('the health page', () => {
  let database: TestDatabase;
  let pools: Record<'health' | 'inbox' | 'console', Knex>;
  let app: FastifyInstance;
  const now = (): Date => new Date('2026-11-23T10:00:00+08:00');
  const config = demoConfig();
  const streams = new Streams(config);
  const logger = createHubLogger({ level: 'error', format: 'json' }, 'test');
  const temporal = (): Promise<never> => Promise.reject(new Error('Temporal is away'));
  const serve = (health: Knex, asking = pools, pulse: Pulse | null = null): FastifyInstance =>
    createApp(
      { db: health, now, aheadMs: () => 0, countWorkers: () => Promise.resolve(1), faultyFiles: () => [] },
      { db: asking.inbox, now, logger, streams: () => streams },
      {
        db: asking.console,
        now,
        logger,
        config: () => config,
        temporal,
        folder: null,
        files: new FolderStore(tmpdir()),
      },
      pulse,
    );
  const health = async (of = app): Promise<{ status: number; body: Health }> => {
    const { statusCode, body } = await of.inject({ url: '/health' });
    return { status: statusCode, body: JSON.parse(body) as Health };
  };
  const poolsAt = (url: string): typeof pools => ({
    health: openDatabase(url, 'health', HEALTH_LIMITS),
    inbox: openDatabase(url, 'inbox', INBOX_LIMITS),
    console: openDatabase(url, 'console', CONSOLE_LIMITS),
  });
  before(async () => {
    database = await createDatabase();
    await saveStreams(database.db, configuredStreams(config), now());
    pools = poolsAt(database.url);
    app = serve(pools.health);
  });
  after(async () => {
    await app.close();
    await streams.close();
    for (const pool of Object.values(pools)) await pool.destroy();
    await database.drop();
  });

  it('is answered while the console and the inbox have no connection left', async () => {
    const taken = await Promise.all(
      [pools.console, pools.inbox].flatMap((pool) =>
        Array.from({ length: (pool.client as { pool: { max: number } }).pool.max }, () => pool.transaction()),
      ),
    );
    let read = false;
    const reader = app.inject({ url: '/api/v1/overview', headers: { cookie: 'hub=nobody' } }).then(() => (read = true));
    try {
      const { status, body } = await health();
      assert.deepEqual([status, body.database, body.streams], [200, 'ok', configuredStreams(config).length]);
      assert.equal(read, false);
    } finally {
      await Promise.all(taken.map((trx) => trx.rollback()));
      await reader;
    }
  });

  it('says that the database is slow where it does not answer in time, and that it is away where it is', async () => {
    const slow = await database.db.transaction();
    try {
      await slow.raw('LOCK TABLE stream IN ACCESS EXCLUSIVE MODE');
      const { status, body } = await health();
      assert.deepEqual([status, body.status, body.database, body.streams], [200, 'degraded', 'slow', null]);
    } finally {
      await slow.rollback();
    }
    assert.equal((await health()).body.database, 'ok');
    const [nothing = 0] = await freePorts(1);
    const away = openDatabase(`postgres://hub:x@127.0.0.1:${nothing}/hub`, 'health', HEALTH_LIMITS);
    const other = serve(away);
    try {
      const { status, body } = await health(other);
      assert.deepEqual([status, body.status, body.database], [503, 'down', 'away']);
    } finally {
      await other.close();
      await away.destroy();
    }
  });

  it('answers within 5 s that the database keeps silent, as all else does, and goes on by itself', async () => {
    const gate = await gateBefore(database.url);
    const behind = poolsAt(gate.url);
    const pulse = new Pulse(gate.url, Object.values(behind));
    const other = serve(behind.health, behind, pulse);
    const ask = async (url: string): Promise<number> =>
      (await other.inject({ url, headers: { cookie: 'hub=nobody' } })).statusCode;
    try {
      assert.deepEqual([(await health(other)).status, await ask('/api/v1/overview')], [200, 401]);
      gate.shut();
      const shutMs = performance.now();
      // More than there are connections.
      const waiting = Array.from({ length: 40 }, () => ask('/api/v1/overview'));
      const { status, body } = await health(other);
      assert.deepEqual([status, body.status, body.database], [503, 'down', 'silent']);
      assert.match(body.cause?.zh ?? '', /接受连接但不应答/);
      assert.deepEqual(new Set(await Promise.all(waiting)), new Set([503]));
      assert.deepEqual([(await health(other)).status, await ask('/api/v1/overview')], [503, 503]);
      assert.ok(performance.now() - shutMs < 5_000);
      gate.open();
      await eventually(async () => assert.equal((await health(other)).status, 200));
      assert.equal(await ask('/api/v1/overview'), 401);
    } finally {
      pulse.close();
      await other.close();
      for (const pool of Object.values(behind)) await pool.destroy();
      await gate.close();
    }
  });
});
