import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { catalogEntrySchema } from '../../../settings/schemas/catalog.ts';
import type { UsageItem } from '../../../domain/sharing/usage-list.ts';
import type { GrantView } from '../../../server/api/sharing/grants.ts';
import type { UseView } from '../../../server/api/sharing/uses.ts';
import { approveDrafts, draftEntries } from '../../../store/library/catalog.ts';
import { findAlerts } from '../../../store/ledger/alerts.ts';
import { FolderStore } from '../../../store/library/files/folder.ts';
import type { BatchSignature } from '../../../domain/sharing/receipt.ts';
import { keepKeys, signBatch } from '../../../store/sharing/receipts.ts';
import { openReceiptSigner } from '../../../store/sharing/receipt-signing.ts';
import { DAY_MS } from '../../../domain/dates.ts';
import { saveUsageList } from '../../../store/sharing/usage-lists.ts';
import { ApiHub, type Answer, type Caller } from '../../support/api.ts';
import { deliver, tokenOf } from './using.ts';

/** Which shares no code with the hub, and has openssl check SM2. */
const VERIFIER = join(import.meta.dirname, '../../../docs/verify-receipt.mjs');
const NOW = '2026-11-23T10:00:00+08:00';
const ID = '11010519491231002X';
const HOLDER = { code: ID, name: '张三' };
const HOUSE = '11100000000013338W011';
const SHOP = '111000000000134939003';
const SECRET = '11100000000013338W777';
const UNIT = { code: '11320200014006438B', name: '市住建局' };
const OTHER = { code: '11320200014006999C', name: '市交通局' };
const USE = { matter: 'A-1', scenario: '受理', business: 'B-2026-1', reason: '办理施工许可' };
const item = (change: Partial<UsageItem> = {}): UsageItem => ({
  code: 'A-1',
  name: '施工许可',
  scenario: '受理',
  types: [HOUSE],
  ...change,
});

interface Problem {
  code: string;
  detail: string;
}
interface Shown {
  code: string;
  name?: string;
  number?: string;
  holders?: { name: string; code: string }[];
  face: Record<string, unknown>;
  state: string;
  disputed: boolean;
}

describe('the share interface', () => {
  let hub: ApiHub;
  let management: Caller;
  let clerk: Caller;
  let stranger: Caller;
  let stream: { id: number; name: string };
  const tokens = new Map<string, string>();
  const folder = mkdtempSync(join(tmpdir(), 'hub-keys-'));
  before(async () => {
    hub = await ApiHub.open(NOW);
    const { db } = hub.database;
    management = await hub.signedIn('management');
    clerk = await hub.signedIn('user', UNIT, 'clerk');
    stranger = await hub.signedIn('user', OTHER, 'stranger');
    for (const login of ['clerk', 'stranger']) tokens.set(login, await tokenOf(hub, login));
    stream = (await db('stream').orderBy('id').first<typeof stream>('id', 'name'))!;
    const face = [{ name: 'address', label: '坐落', required: false, type: 'text', values: [] }];
    const entries = [
      { typeCode: HOUSE, name: '不动产权证书', publicity: 'public', face },
      { typeCode: SHOP, name: '营业执照', publicity: 'public' },
      { typeCode: SECRET, name: '内部证', publicity: 'internal' },
    ].map((entry) => catalogEntrySchema.parse(entry));
    await draftEntries(db, entries, 'x', new Date(NOW));
    await approveDrafts(
      db,
      entries.map(({ typeCode }) => typeCode),
      'y',
      new Date(NOW),
    );
    await delivered('K1', { number: 'H-1' });
    await delivered('K2', { number: 'S-1', type: SHOP });
    await list([item()]);
    await approve(1);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await hub.close();
  });

  const delivered = (
    key: string,
    {
      holders = [HOLDER],
      type = HOUSE,
      ...given
    }: { number: string; type?: string; status?: string; holders?: object[] },
  ) => {
    const face = { address: '太湖大道一号', price: '90' };
    return deliver(hub, { stream: stream.id, key, holders, type, face, ...given });
  };
  const list = (items: UsageItem[]) =>
    saveUsageList(hub.database.db, UNIT, items, { by: '张三', at: new Date(hub.nowMs) });
  const approve = (version: number) =>
    management.send<{ made: number; ended: number; unshared: string[] }>('POST', `/usage-lists/${UNIT.code}/approve`, {
      version,
    });
  const share = async <T>(path: string, payload?: object, login = 'clerk'): Promise<Answer<T> & { text: string }> => {
    const { statusCode, headers, body, rawPayload } = await hub.app.inject({
      method: payload ? 'POST' : 'GET',
      url: `/share/v1${path}`,
      headers: { authorization: `Bearer ${tokens.get(login)}`, 'accept-language': 'zh' },
      ...(payload && { payload }),
    });
    const json = String(headers['content-type']).includes('json');
    return { status: statusCode, headers, text: body, body: (json ? JSON.parse(body) : rawPayload) as T };
  };
  const find = (change: object = {}, login?: string) =>
    share<{ certificates: Shown[] } & Problem>(
      '/find',
      { use: USE, typeCode: HOUSE, holder: HOLDER, ...change },
      login,
    );
  const uses = async (caller = management, query = '') =>
    (await caller.get<{ items: UseView[] }>(`/uses${query}`)).body.items;

  it('answers within a grant with the fields that it names, and masks other holders', async () => {
    await delivered('K3', { number: 'H-3', holders: [HOLDER, { code: '320102199001011234', name: '李四' }] });
    const { status, body } = await find();
    assert.equal(status, 200);
    assert.deepEqual(body.certificates.map(({ number }) => number).sort(), ['H-1', 'H-3']);
    const shared = body.certificates.find(({ number }) => number === 'H-3')!;
    assert.deepEqual(shared.face, {});
    assert.equal(Object.hasOwn(shared, 'identifier'), false, 'a field that the grant does not name');
    assert.deepEqual(
      shared.holders?.map(({ name, code }) => [name, code === ID, code === '320102199001011234']),
      [
        ['张三', true, false],
        ['李四', false, false],
      ],
    );
    assert.equal(shared.state, 'inForce');
  });

  it('refuses what no grant covers, says what is missing and how to apply for it, and writes it down', async () => {
    const cases = [
      [{ use: { ...USE, matter: 'X' } }, 'matter-unlisted'],
      [{ use: { ...USE, scenario: '核验' } }, 'scenario-unlisted'],
      [{ typeCode: SHOP }, 'type-unlisted'],
    ] as const;
    for (const [change, code] of cases) {
      const { status, body, headers } = await find(change);
      assert.deepEqual([status, body.code], [403, code]);
      assert.match(body.detail, /POST \/api\/v1\/share-requests/);
      const [use] = await uses();
      assert.deepEqual([use?.outcome, use?.refusal, use?.receipt], ['refused', code, headers['hub-receipt']]);
    }
    assert.equal((await find({}, 'stranger')).body.code, 'matter-unlisted', 'another unit’s grants are not its own');
    const file = await share<Problem>('/file', { code: (await find()).body.certificates[0]!.code });
    assert.deepEqual([file.status, file.body.code], [403, 'interface-ungranted']);
  });

  it('knows a holder’s code in lower case, full width, and with blanks', async () => {
    for (const code of ['11010519491231002x', '１１０１０５１９４９１２３１００２Ｘ', '110105 19491231 002x']) {
      const { body } = await find({ holder: { ...HOLDER, code } });
      assert.equal(body.certificates[0]?.holders?.[0]?.code, ID, code);
    }
    const { status } = await find({ holder: { ...HOLDER, code: '\u200b\u200b' } });
    assert.equal(status, 400, 'nothing is left of it');
  });

  it('finds nothing under another name than the holder’s, and does not say why', async () => {
    const wrong = await find({ holder: { ...HOLDER, name: '李四' } });
    const nobody = await find({ holder: { code: '320102199001011234', name: '王五' } });
    assert.deepEqual(wrong.body.certificates, []);
    assert.equal(wrong.text, nobody.text);
    assert.equal((await uses())[0]?.outcome, 'none');
  });

  it('takes what every call has to say of itself, and nothing empty for it', async () => {
    for (const field of ['matter', 'scenario', 'business', 'reason'] as const) {
      const { status } = await find({ use: { ...USE, [field]: ' ' } });
      assert.equal(status, 400, field);
    }
  });

  it('a list grants nothing before it is approved, and a later one ends what it lists no more', async () => {
    await list([
      item({ types: [SHOP], fields: ['number'], interfaces: ['find', 'file', 'verify'] }),
      item({ types: [SECRET], scenario: '核验' }),
    ]);
    assert.equal((await find({ typeCode: SHOP })).body.code, 'type-unlisted');
    assert.equal((await clerk.send('POST', `/usage-lists/${UNIT.code}/approve`, { version: 2 })).status, 403);
    assert.equal((await approve(1)).status, 409, 'what was looked at is not the latest any more');
    assert.deepEqual((await approve(2)).body, { made: 1, ended: 1, unshared: [SECRET] });
    assert.equal((await find()).body.code, 'type-unlisted');
    const [shop] = (await find({ typeCode: SHOP })).body.certificates;
    assert.deepEqual(Object.keys(shop ?? {}).sort(), [
      'code',
      'disputed',
      'face',
      'marks',
      'number',
      'state',
      'typeCode',
    ]);
    const { body } = await clerk.get<{ items: GrantView[] }>('/grants?ended=true');
    assert.deepEqual(
      body.items.map(({ typeCode, endedAt, endReason }) => [typeCode, endedAt !== null, endReason]),
      [
        [SHOP, false, null],
        [HOUSE, true, '用证清单第 2 版'],
      ],
    );
    assert.deepEqual((await stranger.get<{ items: unknown[] }>('/grants?ended=true')).body.items, []);
    await list([item({ fields: ['number', 'face:address'], interfaces: ['find', 'file', 'verify'] })]);
    await approve(3);
  });

  it('a code reads the certificate on for its case, by its unit alone, as long as the grant lasts', async () => {
    const { certificates } = (await find()).body;
    const { code } = certificates.find(({ number }) => number === 'H-1')!;
    const read = () => share<{ certificates: Shown[] } & Problem>('/read', { code });
    assert.deepEqual((await read()).body.certificates[0]?.face, { address: '太湖大道一号' });
    await delivered('K1', { number: 'H-1', status: 'suspended' });
    assert.equal((await read()).body.certificates[0]?.state, 'suspended', 'as it is now');
    await delivered('K1', { number: 'H-1' });
    assert.equal((await share<Problem>('/read', { code }, 'stranger')).body.code, 'use-code-unknown');
    assert.equal((await share<Problem>('/read', { code: 'A'.repeat(22) })).status, 404);
    hub.nowMs += 31 * DAY_MS;
    assert.equal((await read()).status, 404);
    hub.nowMs -= 31 * DAY_MS;
  });

  it('a file comes byte for byte, and is known again when somebody shows it', async () => {
    const store = new FolderStore(hub.files);
    const bytes = Buffer.from('%PDF-1.4 a licence');
    const { hash } = await store.put(Readable.from([bytes]), 1_000);
    await hub.database.db('fetched_file').insert({
      stream_id: stream.id,
      record_key: 'K1',
      content_hash: hash,
      size: bytes.length,
      signature: 'valid',
      signature_reason: '{"code": "holds"}',
      seals: '[]',
      fetched_at: NOW,
      judged_at: NOW,
    });
    const { code } = (await find()).body.certificates.find(({ number }) => number === 'H-1')!;
    const file = await share<Buffer>('/file', { code });
    assert.deepEqual(file.body, bytes);
    const verify = (content: Buffer) =>
      share<{ authentic: boolean; latest: boolean }>('/verify-file', {
        use: USE,
        typeCode: HOUSE,
        content: content.toString('base64'),
      });
    assert.deepEqual(Object.entries((await verify(bytes)).body).slice(0, 2), [
      ['authentic', true],
      ['latest', true],
    ]);
    assert.equal((await verify(Buffer.concat([bytes, Buffer.of(0)]))).body.authentic, false);
  });

  it('data is verified against what the library has', async () => {
    const verify = async (change: object = {}): Promise<unknown> => {
      const given = { use: USE, typeCode: HOUSE, holder: HOLDER, number: 'H-1', ...change };
      return (await share<{ result: number }>('/verify', given)).body.result;
    };
    assert.equal(await verify(), 0);
    assert.equal(await verify({ number: 'H-9' }), 5);
    assert.equal(await verify({ holder: { ...HOLDER, name: '李四' } }), 5);
    await delivered('K1', { number: 'H-1', status: 'suspended' });
    assert.equal(await verify(), 2);
    await delivered('K1', { number: 'H-1', status: 'revoked' });
    assert.equal(await verify(), 3);
    await delivered('K1', { number: 'H-1' });
  });

  it('a day has no more calls than the grant says, and the request that granted it is named', async () => {
    const asked = await clerk.send<{ id: number }>('POST', '/share-requests', {
      wanted: '营业执照',
      scenario: '核验',
      use: { matter: 'A-1', matterName: '施工许可', typeCode: SHOP, perDay: 2 },
    });
    assert.equal(asked.status, 200);
    const ask = () => find({ typeCode: SHOP, use: { ...USE, scenario: '核验' } });
    assert.equal((await ask()).body.code, 'scenario-unlisted', 'asking grants nothing');
    await management.send('POST', `/share-requests/${asked.body.id}/decide`, { outcome: 'granted', text: '同意' });
    assert.deepEqual([(await ask()).status, (await ask()).status], [200, 200]);
    const third = await ask();
    assert.deepEqual([third.status, third.body.code], [429, 'day-limit']);
    const { body } = await clerk.get<{ items: GrantView[] }>('/grants');
    const grant = body.items[0]!;
    assert.equal(grant.requestId, asked.body.id);
    hub.nowMs += DAY_MS;
    assert.equal((await ask()).status, 200, 'the next day');
    hub.nowMs -= DAY_MS;
    await management.send('POST', `/grants/${grant.id}/end`, { reason: '不再需要' });
    assert.equal((await ask()).body.code, 'scenario-unlisted', 'from the next call on');
  });

  it('every call leaves a receipt that can be checked without the hub, and nothing of it can be changed', async () => {
    const { db } = hub.database;
    const { text: answer, headers } = await find();
    const receipt = String(headers['hub-receipt']);
    const signer = openReceiptSigner(folder);
    await keepKeys(db, signer.keys, new Date(NOW));
    const proofOf = async () => (await share<{ text: string; proof: Proof | null }>(`/receipts/${receipt}`)).body;
    assert.equal((await proofOf()).proof, null, '待签');
    const signed = await signBatch(db, signer.sign, new Date(NOW));
    assert.ok(signed > 1);
    assert.equal(await signBatch(db, signer.sign, new Date(NOW)), 0);
    const { text, proof } = await proofOf();
    const { text: keys } = await share('/receipt-keys');
    const verdict = (of: object, answered: string = answer): string => {
      const files = Object.entries({ receipt: JSON.stringify(of), keys, answered }).map(([name, content]) => {
        const file = join(folder, name);
        writeFileSync(file, content);
        return file;
      });
      const { status, stdout, stderr } = spawnSync(process.execPath, [VERIFIER, ...files], { encoding: 'utf8' });
      return `${status} ${stdout}${stderr}`;
    };
    assert.match(verdict({ text, proof }), new RegExp(`^0 ✔ ${receipt} 2026-11-23T10:00:00\\+08:00 find answered`));
    assert.equal(text.includes(ID), false, 'nothing of the holder');
    assert.match(verdict({ text, proof: null }), /^1 .*not signed yet/);
    assert.match(verdict({ text: text.replace('B-2026-1', 'B-2026-2'), proof }), /^1 .*not in the batch/);
    assert.match(verdict({ text, proof }, answer.replace('H-1', 'H-2')), /^1 .*not the one of the receipt/);
    const later = { ...proof!, batch: { ...proof!.batch, signedAt: '2026-11-24T00:00:00.000Z' } };
    assert.match(verdict({ text, proof: later }), /^1 .*signature does not hold/);
    const [edwards, sm2] = proof!.signatures;
    const forged = Buffer.from(sm2!.signature, 'base64');
    forged[forged.length - 1]! ^= 1;
    const one = { ...proof!, signatures: [edwards!, { ...sm2!, signature: forged.toString('base64') }] };
    assert.match(verdict({ text, proof: one }), /^1 .*SM2 signature does not hold/);
    assert.match(verdict({ text, proof: { ...proof!, signatures: [edwards!] } }), /^1 .*a signature is missing/);
    assert.equal((await share<Problem>(`/receipts/${receipt}`, undefined, 'stranger')).status, 404);
    for (const change of [
      "UPDATE certificate_use SET reason = 'x'",
      'DELETE FROM certificate_use',
      'UPDATE certificate_use SET batch_id = NULL, place = NULL',
      'TRUNCATE certificate_use CASCADE',
      'DELETE FROM used_certificate',
    ])
      await assert.rejects(db.raw(change), /is only added to/, change);
  });

  it('an outage of signing is an alert, and past its limit nothing is used until it is made up for', async () => {
    const { db } = hub.database;
    const signer = openReceiptSigner(folder);
    const sign = () => signBatch(db, signer.sign, new Date(hub.nowMs));
    const told = () => findAlerts(db, 'receipts-unsigned', new Date(hub.nowMs));
    const logged = () => db('certificate_use').count();
    await sign();
    const beganMs = hub.nowMs;
    await find();
    await find();
    hub.nowMs += 4 * 60_000;
    assert.deepEqual(await told(), []);
    hub.nowMs += 2 * 60_000;
    assert.match((await told())[0]!.message.zh, /自 2026-11-23 10:00 起 2 份用证回执待签/);
    hub.nowMs = beganMs + DAY_MS;
    assert.equal((await find()).status, 200, 'until the limit');
    hub.nowMs += 1000;
    const before = await logged();
    const late = await find();
    assert.deepEqual([late.status, late.body.code], [503, 'receipts-unsigned']);
    assert.deepEqual(await logged(), before, 'nothing was used');
    assert.equal(await sign(), 3);
    hub.nowMs += 1000;
    assert.equal((await find()).status, 200);
    assert.deepEqual(await told(), []);
    hub.nowMs = beganMs;
  });

  it('the log is seen by the unit that called and by who watches all', async () => {
    assert.ok((await uses(clerk)).every(({ unitCode }) => unitCode === UNIT.code));
    assert.ok((await uses(stranger)).every(({ unitCode }) => unitCode === OTHER.code));
    assert.ok(new Set((await uses()).map(({ unitCode }) => unitCode)).size > 1);
    assert.ok((await uses(management, '?outcome=refused')).every(({ refusal }) => refusal !== null));
  });
});

interface Proof {
  path: { side: 'left' | 'right'; hash: string }[];
  batch: { id: number; previous: string; root: string; receipts: number; signedAt: string };
  signatures: BatchSignature[];
}
