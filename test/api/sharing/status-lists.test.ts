import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { inflateSync } from 'node:zlib';
import { sm2 } from 'sm-crypto-v2';
import { DAY_MS } from '../../../domain/dates.ts';
import { LIST_SIZE, scattered } from '../../../domain/sharing/status-list.ts';
import { renewStatusLists } from '../../../server/background/status-lists.ts';
import { openReceiptSigner, type ReceiptSigner, type SignedJson } from '../../../store/sharing/receipt-signing.ts';
import { keepKeys } from '../../../store/sharing/receipts.ts';
import { statusPlace } from '../../../store/sharing/status-lists.ts';
import { ApiHub } from '../../support/api.ts';
import { deliver, grantUses, tokenOf } from './using.ts';

const CHECKER = join(import.meta.dirname, '../../../docs/check-status.mjs');
const NOW = '2026-11-23T10:00:00+08:00';
const ZHANG = { code: '11010519491231002X', name: '张三' };
const HOUSE = '11100000000013338W011';
const SHOP = '111000000000134939003';
const UNIT = { code: '11320200014006438B', name: '市住建局' };
const USE = { matter: 'A-1', scenario: '受理', business: 'B-2026-1', reason: '办理施工许可' };

interface Key {
  id: string;
  algorithm: 'Ed25519' | 'SM2';
  publicKey: string;
}
interface Claims {
  sub: string;
  iat: number;
  exp: number;
  ttl: number;
  status_list: { bits: number; lst: string };
}
/** An answer to nobody who is signed in. */
interface Fetched<T> {
  status: number;
  etag: string;
  body: T;
}
interface Place {
  uri: string;
  index: number;
}

describe('status lists', () => {
  let hub: ApiHub;
  let token: string;
  let stream: number;
  let signer: ReceiptSigner;
  const folder = mkdtempSync(join(tmpdir(), 'hub-lists-'));
  before(async () => {
    hub = await ApiHub.open(NOW);
    const { db } = hub.database;
    const at = new Date(hub.nowMs);
    await hub.signedIn('user', UNIT, 'clerk');
    token = await tokenOf(hub, 'clerk');
    stream = (await db('stream').orderBy('id').first<{ id: number }>('id')).id;
    const types = [HOUSE, SHOP];
    await grantUses(hub, UNIT, types, [{ code: 'A-1', name: '施工许可', scenario: '受理', types }]);
    signer = openReceiptSigner(folder);
    await keepKeys(db, signer.keys, at);
    for (let index = 0; index < 6; index += 1) await delivered(`H-${index}`);
    await delivered('S-1', SHOP);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await hub.close();
  });

  const delivered = (number: string, type = HOUSE, status?: string) =>
    deliver(hub, { stream, key: number, number, type, holders: [ZHANG], status });
  const share = async <T>(path: string, payload: object): Promise<T> => {
    const { body } = await hub.app.inject({
      method: 'POST',
      url: `/share/v1${path}`,
      headers: { authorization: `Bearer ${token}` },
      payload,
    });
    return JSON.parse(body) as T;
  };
  /** Where the states of all that somebody holds of a type stand, by their numbers. */
  const placesOf = async (typeCode = HOUSE): Promise<Map<string, Place>> => {
    interface Found {
      certificates: { code: string; number: string; statusList: Place }[];
    }
    const found = await share<Found>('/find', { use: USE, typeCode, holder: ZHANG });
    const places = new Map<string, Place>();
    for (const { code, number } of found.certificates) {
      const read = await share<Found>('/read', { code });
      places.set(number, read.certificates[0]!.statusList);
    }
    return places;
  };
  /** Nobody is signed in. */
  const fetched = async <T = object>(url: string, headers = {}): Promise<Fetched<T>> => {
    const { statusCode, headers: told, body } = await hub.app.inject({ url, headers });
    return { status: statusCode, etag: String(told.etag), body: (body === '' ? null : JSON.parse(body)) as T };
  };
  const renew = () => {
    const { config, database, nowMs } = hub;
    return renewStatusLists({ db: database.db, now: () => new Date(nowMs), signer, config: () => config });
  };
  /** A list as somebody without the hub reads it, once both signatures hold. */
  const listAt = async (uri: string): Promise<{ claims: Claims; etag: string; valueAt: (index: number) => number }> => {
    const { keys } = (await fetched<{ keys: Key[] }>('/share/v1/receipt-keys')).body;
    const { body, etag } = await fetched<SignedJson>(uri);
    const algorithms = body.signatures.map(({ protected: header, signature }) => {
      const { kid, alg, typ } = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, string>;
      assert.equal(typ, 'statuslist+jwt');
      const { publicKey } = keys.find(({ id }) => id === kid)!;
      const [text, given] = [`${header}.${body.payload}`, Buffer.from(signature, 'base64url')];
      const holds =
        alg === 'EdDSA'
          ? verify(null, Buffer.from(text), createPublicKey(publicKey), given)
          : sm2.doVerifySignature(text, given.toString('hex'), publicKey, { der: true, hash: true });
      assert.ok(holds, alg);
      return alg;
    });
    assert.deepEqual(algorithms, ['EdDSA', 'SM2']);
    const claims = JSON.parse(Buffer.from(body.payload, 'base64url').toString()) as Claims;
    const list = inflateSync(Buffer.from(claims.status_list.lst, 'base64url'));
    assert.equal(list.length, LIST_SIZE / 4);
    return { claims, etag, valueAt: (index) => (list[Math.floor(index / 4)]! >> ((index % 4) * 2)) & 3 };
  };

  it('give each certificate a place for good, in no order', async () => {
    const places = await placesOf();
    assert.equal(places.size, 6);
    assert.deepEqual(await placesOf(), places);
    const indexes = [...places].sort().map(([, { index }]) => index);
    assert.equal(new Set(indexes).size, 6);
    assert.notDeepEqual(
      indexes,
      indexes.toSorted((a, b) => a - b),
    );
    const key = Buffer.alloc(16, 7);
    const many = new Set(Array.from({ length: 20_000 }, (_, nth) => scattered(nth, key)));
    assert.equal(many.size, 20_000);
    assert.ok([...many].every((index) => index >= 0 && index < LIST_SIZE));
  });

  it('give two that ask at the same moment one place', async () => {
    const { db } = hub.database;
    const named = { typeCode: HOUSE, number: 'H-new' };
    const [first, ...others] = await Promise.all(Array.from({ length: 8 }, () => statusPlace(db, named, 0)));
    for (const other of others) assert.deepEqual(other, first);
  });

  it('are published without sign-in, signed by both keys, and tell how each certificate stands', async () => {
    const places = await placesOf();
    const { uri } = places.get('H-1')!;
    assert.equal((await fetched(uri)).status, 404, 'not published yet');
    await renew();
    const { claims, valueAt } = await listAt(uri);
    assert.equal(claims.sub, uri);
    assert.deepEqual([claims.iat, claims.exp - claims.iat, claims.ttl], [Date.parse(NOW) / 1000, 86_400, 60]);
    for (const { index } of places.values()) assert.equal(valueAt(index), 0);
    const { lists } = (await fetched<{ lists: { uri: string; typeCode: string }[] }>('/share/v1/status-lists')).body;
    assert.deepEqual(
      lists.map((each) => [each.uri, each.typeCode]),
      [[uri, HOUSE]],
    );
  });

  it('are checked without the hub, by a program that shares no code with it', async () => {
    const places = await placesOf();
    // It looks at the clock.
    hub.nowMs = Date.now();
    await hub.database.db('status_list').update({ made_at: null, made_of: null, jws: null });
    await delivered('H-5', HOUSE, 'suspended');
    await renew();
    const { body } = await fetched<SignedJson>(places.get('H-5')!.uri);
    const { body: keys } = await fetched('/share/v1/receipt-keys');
    const verdict = (list: object, index: number): string => {
      const files = Object.entries({ list, keys }).map(([name, content]) => {
        writeFileSync(join(folder, name), JSON.stringify(content));
        return join(folder, name);
      });
      const given = [CHECKER, ...files, String(index)];
      const { status, stdout, stderr } = spawnSync(process.execPath, given, { encoding: 'utf8' });
      return `${status} ${stdout}${stderr}`;
    };
    assert.match(verdict(body, places.get('H-5')!.index), /^0 ✔ 中止 suspended/);
    assert.match(verdict(body, places.get('H-0')!.index), /^0 ✔ 有效 in force/);
    assert.match(verdict(body, LIST_SIZE), /^1 .*no such index/);
    const claims = JSON.parse(Buffer.from(body.payload, 'base64url').toString()) as Claims;
    const payload = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 1 })).toString('base64url');
    assert.match(verdict({ ...body, payload }, 0), /^1 .*EdDSA signature does not hold/);
    const [edwards, other] = body.signatures;
    const forged = { ...other!, signature: Buffer.from(other!.signature).toString('base64url') };
    assert.match(verdict({ ...body, signatures: [edwards, forged] }, 0), /^1 .*SM2 signature does not hold/);
    assert.match(verdict({ ...body, signatures: [edwards] }, 0), /^1 .*a signature is missing/);
    await delivered('H-5');
    hub.nowMs = Date.parse(NOW);
    await hub.database.db('status_list').update({ made_at: null, made_of: null, jws: null });
  });

  it('change with what comes in, and only those that it concerns', async () => {
    const [places, shops] = [await placesOf(), await placesOf(SHOP)];
    await renew();
    const [house, shop] = [places.get('H-1')!.uri, shops.get('S-1')!.uri];
    const before = { house: await listAt(house), shop: await listAt(shop) };
    await delivered('H-1', HOUSE, 'suspended');
    await delivered('H-2', HOUSE, 'revoked');
    await delivered('H-3', HOUSE, 'deleted');
    hub.nowMs += 30_000;
    await renew();
    const now = await listAt(house);
    const values = ['H-0', 'H-1', 'H-2', 'H-3'].map((number) => now.valueAt(places.get(number)!.index));
    assert.deepEqual(values, [0, 2, 1, 1]);
    assert.notEqual(now.etag, before.house.etag);
    assert.equal((await fetched(house, { 'if-none-match': now.etag })).status, 304);
    assert.equal((await fetched(house, { 'if-none-match': before.house.etag })).status, 200);
    assert.equal((await listAt(shop)).etag, before.shop.etag, 'nothing of it changed');
    await delivered('H-1');
    hub.nowMs += 30_000;
    await renew();
    assert.equal((await listAt(house)).valueAt(places.get('H-1')!.index), 0, 'in force again');
    const ended = await statusPlace(hub.database.db, { typeCode: HOUSE, number: 'H-late' }, 1);
    hub.nowMs += 30_000;
    await renew();
    assert.equal((await listAt(house)).valueAt(ended.index), 1, 'ended before anybody asked for its place');
  });

  it('take in what comes by thousands', async () => {
    const { db } = hub.database;
    const numbers = Array.from({ length: 2_500 }, (_, index) => `M-${index}`);
    await db.raw(
      `INSERT INTO certificate (stream_id, record_key, number, type_code, name, issued_on, long_term, holders, status,
         raw_status, extension, content_hash, source_updated_at, batch_id, recorded_at)
       SELECT :stream, number, number, :type, '证', '2025-01-01', true, '[]', 'valid', '1', '{}', '', :at, 0, :at
       FROM unnest(:numbers::text[]) AS number`,
      { stream, type: SHOP, at: NOW, numbers },
    );
    const { list } = await statusPlace(db, { typeCode: SHOP, number: 'S-1' }, 0);
    const { key, filled } = await db('status_list')
      .where({ id: list })
      .first<{ key: Buffer; filled: number }>('key', 'filled');
    const indexes = numbers.map((_, nth) => scattered(filled + nth, key));
    await db.raw(
      `INSERT INTO status_entry SELECT :type, number, :list, index, 0
       FROM unnest(:numbers::text[], :indexes::integer[]) AS given(number, index)`,
      { type: SHOP, list, numbers, indexes },
    );
    await db('certificate').where('number', 'like', 'M-%').update({ status: 'revoked' });
    hub.nowMs += 30_000;
    await renew();
    const { valueAt } = await listAt(`/share/v1/status-lists/${list}`);
    assert.ok(indexes.every((index) => valueAt(index) === 1));
  });

  it('are signed anew before they are past their time', async () => {
    const { uri } = (await placesOf()).get('H-0')!;
    const before = await listAt(uri);
    hub.nowMs += DAY_MS / 2 + 1000;
    await renew();
    const now = await listAt(uri);
    assert.ok(now.claims.exp > before.claims.exp);
  });
});
