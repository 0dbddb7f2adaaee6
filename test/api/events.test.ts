import assert from 'node:assert/strict';
import type { Basis } from '../../domain/basis.ts';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { LiveEvents } from '../../server/api/console/audience.ts';
import { closeBatch, getBatch, openBatch } from '../../store/collection/batches.ts';
import { listTasks } from '../../store/ledger/tasks.ts';
import { ApiHub, PASSWORD } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';

const NOW = '2026-11-23T10:00:00+08:00';

/** Somebody who listens, and all that they have heard. */
class Listener {
  readonly heard: { event: string; data: Record<string, unknown> }[] = [];
  ended = false;
  readonly #stop = new AbortController();

  static async of(address: string, cookie: string): Promise<Listener> {
    const listener = new Listener();
    const response = await fetch(`${address}/api/v1/events`, {
      headers: { cookie, accept: 'text/event-stream' },
      signal: listener.#stop.signal,
    });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    void listener.#read(response).catch(() => undefined);
    return listener;
  }

  async #read({ body }: Response): Promise<void> {
    let text = '';
    for await (const part of body!.pipeThrough(new TextDecoderStream())) {
      text += part;
      const pieces = text.split('\n\n');
      text = pieces.pop() ?? '';
      for (const piece of pieces) {
        const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(piece) ?? [];
        this.heard.push({ event, data: JSON.parse(data) as Record<string, unknown> });
      }
    }
    this.ended = true;
  }

  last<K extends keyof LiveEvents>(event: K): LiveEvents[K] | undefined {
    return this.heard.findLast((one) => one.event === event)?.data as LiveEvents[K] | undefined;
  }

  leave(): void {
    this.#stop.abort();
  }
}

describe('what the hub tells without being asked', () => {
  let hub: ApiHub;
  let address: string;
  const cookies: Record<string, string> = {};
  let housing: { id: number; name: string; unit_code: string; unit_name: string };
  before(async () => {
    hub = await ApiHub.open(NOW);
    const { db } = hub.database;
    housing = await db('stream').where({ name: 'housing-permits' }).first<typeof housing>();
    const other = await db('stream').whereNot({ unit_code: housing.unit_code }).first<typeof housing>();
    await hub.signedIn('management', null, 'manager');
    await hub.signedIn('issuer', { code: housing.unit_code, name: housing.unit_name }, 'own');
    await hub.signedIn('issuer', { code: other.unit_code, name: other.unit_name }, 'foreign');
    await hub.app.listen({ host: '127.0.0.1', port: 0 });
    address = `http://127.0.0.1:${(hub.app.server.address() as AddressInfo).port}`;
    for (const login of ['manager', 'own', 'foreign']) {
      const response = await fetch(`${address}/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ login, password: PASSWORD }),
      });
      cookies[login] = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    }
  });
  after(() => hub.close());
  const listen = (login: string): Promise<Listener> => Listener.of(address, cookies[login] ?? '');

  it('is not disturbed by who leaves before the answer', async () => {
    const logged: unknown[] = [];
    hub.logger.on('data', (entry) => logged.push(entry));
    const { port } = new URL(address);
    for (let left = 20; left > 0; left--) {
      const socket = connect(Number(port), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(`GET /api/v1/session HTTP/1.1\r\nHost: hub\r\nCookie: ${cookies.manager}\r\n\r\n`);
      socket.resetAndDestroy();
    }
    const { status } = await fetch(`${address}/api/v1/session`, { headers: { cookie: cookies.manager ?? '' } });
    assert.equal(status, 200);
    assert.deepEqual(logged, []);
  });

  it('tells of a read from its beginning to its end, with its pages, to those who see its unit only', async () => {
    const { db } = hub.database;
    const [manager, own, foreign] = [await listen('manager'), await listen('own'), await listen('foreign')];
    await eventually(() => {
      for (const listener of [manager, own, foreign]) assert.deepEqual(listener.last('syncs')?.syncs, []);
    });
    const at = new Date(hub.nowMs);
    const window = { kind: 'time', from: NOW, to: '2026-11-23T11:00:00+08:00' } as const;
    const batch = { purpose: 'daily', window, declared: 20, workflowId: 'x' } as const;
    const id = await openBatch(db, housing.id, batch, at);
    await db('batch_page').insert({
      batch_id: id,
      attempt: 1,
      page: 1,
      digest: 'x',
      read: 20,
      accepted: 20,
      added: 20,
      unchanged: 0,
      rejected: 0,
      committed_at: at,
    });
    await eventually(() => {
      for (const listener of [manager, own]) {
        const [sync] = listener.last('syncs')?.syncs ?? [];
        assert.deepEqual([sync?.stream, sync?.pages, sync?.records, sync?.declared], ['housing-permits', 1, 20, 20]);
      }
    });
    await closeBatch(db, await getBatch(db, id), { declared: 20, delivery: false }, at);
    await eventually(() => {
      const { syncs, ended } = manager.last('syncs') ?? {};
      assert.deepEqual([syncs, ended], [[], [id]]);
    });
    assert.equal(foreign.heard.filter(({ event }) => event === 'syncs').length, 1);
    for (const listener of [manager, own, foreign]) listener.leave();
  });

  it('keeps a few connections of one account: who has listened longest makes room', async () => {
    const listeners: Listener[] = [];
    for (let index = 0; index < 21; index++) listeners.push(await listen('own'));
    const other = await listen('foreign');
    await eventually(() =>
      assert.deepEqual(
        listeners.map(({ ended }) => ended),
        listeners.map((_, index) => index === 0),
      ),
    );
    assert.equal(other.ended, false);
    for (const listener of [...listeners, other]) listener.leave();
  });

  it('tells how many deadlines are overdue and which have just become so, to those who see their unit only', async () => {
    const { db } = hub.database;
    const [manager, foreign] = [await listen('manager'), await listen('foreign')];
    await eventually(() => {
      for (const listener of [manager, foreign])
        assert.deepEqual(listener.last('overdue')?.counts, { statutory: 0, internal: 0 });
    });
    const rule = await db('rule').first<{ id: string; duty: string; basis: Basis }>('id', 'duty', 'basis');
    const { rows } = await db.raw<{ rows: { id: number }[] }>(
      `INSERT INTO obligation (owner_code, owner_name, subject, duty_kind, rule, article, duty, basis, opened_at, started_at,
         due_at, changed_by) SELECT :code, :name, 'dispute/1', duty, id, article, quote, basis, :at, :at, :due, 'test'
       FROM rule WHERE id = :rule AND duty = :duty RETURNING id`,
      {
        code: housing.unit_code,
        name: housing.unit_name,
        at: new Date(hub.nowMs),
        rule: rule.id,
        duty: rule.duty,
        due: new Date(hub.nowMs + 60_000),
      },
    );
    hub.nowMs += 60_000;
    await eventually(() => {
      const told = manager.last('overdue');
      assert.equal(told?.counts[rule.basis], 1);
      assert.equal(told.counts.statutory + told.counts.internal, 1);
      assert.deepEqual(
        told.newest.map(({ id, owner, basis }) => [id, owner, basis]),
        [[rows[0]?.id, housing.unit_name, rule.basis]],
      );
    });
    assert.equal((await listTasks(db, new Date(hub.nowMs), { states: ['overdue'], limit: 9 })).length, 1);
    assert.deepEqual(foreign.last('overdue')?.counts, { statutory: 0, internal: 0 });
    for (const listener of [manager, foreign]) listener.leave();
  });

  it('says from time to time that all is as it was, and ends when whoever listens is signed out', async () => {
    const listener = await listen('foreign');
    await eventually(() => assert.ok(listener.last('overdue')));
    hub.nowMs += 20_000;
    await eventually(() => assert.ok(listener.last('beat')));
    await fetch(`${address}/api/v1/session`, { method: 'DELETE', headers: { cookie: cookies.foreign ?? '' } });
    hub.nowMs += 20_000;
    await eventually(() => assert.ok(listener.ended));
  });

  it('answers programs that want no events with what it has', async () => {
    const response = await fetch(`${address}/api/v1/events`, {
      headers: { cookie: cookies.manager ?? '', accept: 'application/json' },
    });
    assert.equal(response.status, 406);
    assert.equal(((await response.json()) as { code: string }).code, 'event-stream');
  });

  it('ends for everybody when the server stops, which nobody who listens keeps from it', async () => {
    const listeners = await Promise.all([listen('manager'), listen('own'), listen('manager')]);
    await eventually(() => {
      for (const listener of listeners) assert.ok(listener.last('overdue'));
    });
    await hub.app.close();
    await eventually(() => {
      for (const listener of listeners) assert.ok(listener.ended);
    });
  });
});
