import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac, hash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { OpenAPIV3_1 } from 'openapi-types';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { hubSchema } from '../../../settings/schemas/hub.ts';
import { ApiHub } from '../../support/api.ts';
import { tokenOf } from './using.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const UNIT = { code: '11320200014006438B', name: '市住建局' };
const KEY = 'the key of the system, as long as it should be';
const CALL = {
  use: { matter: 'A-1', scenario: '受理', business: 'B-1', reason: '办理施工许可' },
  typeCode: '11100000000013338W011',
  holder: { code: '11010519491231002X', name: '张三' },
};
process.env.TEST_CLIENT_KEY = KEY;

describe('systems that sign their requests', () => {
  let hub: ApiHub;
  const folder = mkdtempSync(join(tmpdir(), 'hub-sm2-'));
  const pem = join(folder, 'sm2.pem');
  before(async () => {
    // Another implementation of SM2 than the hub’s.
    const made = execFileSync('openssl', ['genpkey', '-algorithm', 'SM2'], { encoding: 'utf8' });
    writeFileSync(pem, made);
    const { x, y } = pointOf(pem);
    const { sharing } = hubSchema.parse({
      jurisdiction: 'wuxi',
      sharing: {
        clients: [
          { id: 'one-window', account: 'clerk', key: { env: 'TEST_CLIENT_KEY' } },
          { id: 'guomi', account: 'clerk', sm2: `04${x}${y}`.toUpperCase() },
          { id: 'gone', account: 'nobody', key: { env: 'TEST_CLIENT_KEY' } },
        ],
      },
    });
    hub = await ApiHub.open(NOW, undefined, (config) => (config.settings.sharing = sharing));
    await hub.signedIn('user', UNIT, 'clerk');
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await hub.close();
  });

  type Sign = (text: string) => string;
  const hmac: Sign = (text) => createHmac('sha256', KEY).update(text).digest('hex');
  const sm2: Sign = (text) => {
    const options = ['dgst', '-sm3', '-sign', pem, '-sigopt', 'distid:1234567812345678'];
    return execFileSync('openssl', options, { input: text }).toString('base64');
  };
  const signed = (
    payload: object,
    { client = 'one-window', sign = hmac, url = '/share/v1/find', awayMs = 0, nonce = randomUUID() } = {},
  ): string => {
    const body = hash(sign === sm2 ? 'sm3' : 'sha256', JSON.stringify(payload));
    const at = shanghaiInstant(hub.nowMs + awayMs);
    const said = Buffer.from(JSON.stringify({ client, at, nonce, body })).toString('base64url');
    return `${said}.${sign(`POST\n${url}\n${said}`)}`;
  };
  const call = async (header: string, payload: object = CALL, url = '/share/v1/find'): Promise<[number, string]> => {
    const { statusCode, body } = await hub.app.inject({
      method: 'POST',
      url,
      headers: { 'hub-client': header },
      payload,
    });
    return [statusCode, (JSON.parse(body) as { code: string }).code];
  };

  it('act as their account, by HMAC-SHA256 or by SM2 with SM3', async () => {
    assert.deepEqual(await call(signed(CALL)), [403, 'matter-unlisted']);
    assert.deepEqual(await call(signed(CALL, { client: 'guomi', sign: sm2 })), [403, 'matter-unlisted']);
    const logged = await hub.database.db('certificate_use').select('client', 'unit_code');
    assert.deepEqual(logged, Array(2).fill({ client: 'clerk', unit_code: UNIT.code }));
  });

  it('sign this request, with their own key, now, and once', async () => {
    const unknown: [number, string] = [401, 'client-unknown'];
    assert.deepEqual(await call(signed(CALL), { ...CALL, typeCode: '1' }), unknown, 'another body');
    assert.deepEqual(await call(signed(CALL, { client: 'guomi', sign: sm2 }), { ...CALL, typeCode: '1' }), unknown);
    assert.deepEqual(await call(signed(CALL, { url: '/share/v1/verify' })), unknown, 'another path');
    assert.deepEqual(await call(signed(CALL, { client: 'guomi' })), unknown, 'another key');
    assert.deepEqual(await call(signed(CALL, { sign: sm2 })), unknown, 'another way');
    assert.deepEqual(await call(signed(CALL, { client: 'who' })), unknown);
    assert.deepEqual(await call(signed(CALL, { client: 'gone' })), unknown, 'an account that is not there');
    for (const awayMs of [-6 * 60_000, 6 * 60_000])
      assert.deepEqual(await call(signed(CALL, { awayMs })), unknown, 'another time');
    assert.deepEqual(await call('x'), unknown);
    const header = signed(CALL);
    assert.equal((await call(header))[0], 403);
    assert.deepEqual(await call(header), [401, 'client-replayed']);
  });

  it('use certificates, and do nothing else', async () => {
    const url = '/api/v1/usage-lists';
    const { statusCode } = await hub.app.inject({ url, headers: { 'hub-client': signed({}, { url }) } });
    assert.equal(statusCode, 401);
    const headers = { authorization: `Bearer ${await tokenOf(hub, 'clerk')}` };
    const { body } = await hub.app.inject({ url: '/share/v1/openapi.json', headers });
    const described = JSON.parse(body) as OpenAPIV3_1.Document;
    assert.deepEqual(described.security, [{ token: [] }, { client: [] }]);
  });

  it('are nobody any more once their account is disabled', async () => {
    await hub.database
      .db('account')
      .where({ login: 'clerk' })
      .update({ disabled_at: new Date(NOW) });
    assert.deepEqual(await call(signed(CALL)), [401, 'client-unknown']);
  });
});

/** The point of a private key, in hexadecimal: the end of the public key in DER. */
function pointOf(file: string): { x: string; y: string } {
  const der = execFileSync('openssl', ['pkey', '-in', file, '-pubout', '-outform', 'DER']);
  const point = der.subarray(-64).toString('hex');
  return { x: point.slice(0, 64), y: point.slice(64) };
}
