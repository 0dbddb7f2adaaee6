import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { catalogEntrySchema } from '../../../settings/schemas/catalog.ts';
import type { UsageItem } from '../../../domain/sharing/usage-list.ts';
import { signBatch } from '../../../store/sharing/receipts.ts';
import { approveDrafts, draftEntries } from '../../../store/library/catalog.ts';
import { FolderStore } from '../../../store/library/files/folder.ts';
import { approveUsageList, saveUsageList } from '../../../store/sharing/usage-lists.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import { ApiHub, type Caller } from '../../support/api.ts';
import { askAsHolder, assertion, PORTAL } from './as-holder.ts';
import { deliver, tokenOf } from './using.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const ZHANG = { code: '11010519491231002X', name: '张三' };
const LI = { code: '320102199001011234', name: '李四' };
const HOUSE = '11100000000013338W011';
const SHOP = '111000000000134939003';
const UNIT = { code: '11320200014006438B', name: '市住建局' };
const BANK = { code: '91320200MA0000001B', name: '某银行' };
const USE = { matter: 'A-1', scenario: '受理', business: 'B-2026-1', reason: '办理施工许可' };
const ITEM: UsageItem = {
  code: 'A-1',
  name: '施工许可',
  scenario: '受理',
  types: [HOUSE],
  fields: ['number', 'face:address'],
  interfaces: ['find', 'verify'],
};

interface Problem {
  code: string;
}
/** An answer of /share/v1. */
interface Shared<T> {
  status: number;
  receipt: string;
  body: T;
}
interface Own {
  id: string;
  number: string;
  typeCode: string;
  state: string;
  face: Record<string, unknown>;
  holders?: { name: string; code: string }[];
}
interface UseOfOwn {
  unit: string;
  act: string;
  outcome: string;
  refusal: { zh: string } | null;
  matter: string;
  reason: string;
  fields: string[] | null;
  certificates: { number: string }[];
}

describe('holders through their portal', () => {
  let hub: ApiHub;
  let management: Caller;
  let stream: { id: number; name: string };
  const tokens = new Map<string, string>();
  before(async () => {
    hub = await ApiHub.open(NOW, undefined, ({ settings }) => {
      settings.holders.portals = [PORTAL];
    });
    const { db } = hub.database;
    const at = new Date(hub.nowMs);
    management = await hub.signedIn('management');
    await hub.signedIn('user', UNIT, 'clerk');
    await hub.signedIn('user', BANK, 'bank');
    for (const login of ['clerk', 'bank']) tokens.set(login, await tokenOf(hub, login));
    stream = (await db('stream').orderBy('id').first<typeof stream>('id', 'name'))!;
    const face = [{ name: 'address', label: '坐落', required: false, type: 'text', values: [] }];
    const entries = [
      { typeCode: HOUSE, name: '不动产权证书', publicity: 'public', face },
      { typeCode: SHOP, name: '营业执照', publicity: 'public' },
    ].map((entry) => catalogEntrySchema.parse(entry));
    await draftEntries(db, entries, 'x', at);
    await approveDrafts(db, [HOUSE, SHOP], 'y', at);
    await delivered('K1', 'H-1', [ZHANG]);
    await delivered('K2', 'H-2', [ZHANG, LI]);
    await delivered('K3', 'S-1', [LI], SHOP);
    await delivered('K4', 'H-4', [{ ...ZHANG, name: '张五' }]);
    await saveUsageList(db, UNIT, [ITEM], { by: '张三', at });
    await db.transaction(async (trx) =>
      approveUsageList(trx, UNIT.code, 1, await approvedCatalog(trx), { by: '张三', at }),
    );
  });
  after(() => hub.close());

  const delivered = (key: string, number: string, holders: object[], type = HOUSE, status?: string) =>
    deliver(hub, { stream: stream.id, key, number, holders, type, status });
  /** Has the certificate H-1 be held by others. */
  const sell = async (holders: object[]) => {
    const written = JSON.stringify(holders.map((each) => ({ codeType: '111', ...each })));
    await hub.database.db('certificate').where({ number: 'H-1' }).update({ holders: written });
  };
  const ask = <T = Record<string, unknown>>(path: string, more?: Parameters<typeof askAsHolder>[3], who = ZHANG) =>
    askAsHolder<T>(hub, who, path, more);
  const share = async <T = Record<string, unknown>>(
    path: string,
    payload: object,
    login = 'clerk',
  ): Promise<Shared<T>> => {
    const { statusCode, headers, body, rawPayload } = await hub.app.inject({
      method: 'POST',
      url: `/share/v1${path}`,
      headers: { authorization: `Bearer ${tokens.get(login)}`, 'accept-language': 'zh' },
      payload,
    });
    const json = String(headers['content-type']).includes('json');
    return {
      status: statusCode,
      receipt: String(headers['hub-receipt']),
      body: (json ? JSON.parse(body) : rawPayload) as T,
    };
  };
  const ownIdOf = async (number: string, who = ZHANG): Promise<string> =>
    (await ask<{ certificates: Own[] }>('/certificates', {}, who)).body.certificates.find(
      (each) => each.number === number,
    )!.id;
  const usesOf = async (who = ZHANG, query = '') =>
    (await ask<{ items: UseOfOwn[]; since: string; next: string | null }>(`/uses${query}`, {}, who)).body;
  const logged = () =>
    hub.database
      .db('certificate_use')
      .orderBy('id', 'desc')
      .first<{ act: string; outcome: string; refusal: string | null; strength: string | null; type_code: string }>();

  it('lists what somebody holds, by code, name and kind of code, and nothing of others', async () => {
    const { status, body } = await ask<{ certificates: Own[] }>('/certificates');
    assert.equal(status, 200);
    assert.deepEqual(body.certificates.map(({ number, state }) => [number, state]).sort(), [
      ['H-1', 'inForce'],
      ['H-2', 'inForce'],
    ]);
    assert.deepEqual((await ask('/certificates', {}, { ...ZHANG, name: '王五' })).body, { certificates: [] });
    assert.deepEqual((await ask('/certificates', { change: { codeType: '414' } })).body, { certificates: [] });
  });

  it('shows all that stands on a certificate, but the codes of other holders', async () => {
    const { body } = await ask<Own>(`/certificates/${await ownIdOf('H-2')}`);
    assert.deepEqual(body.face, { address: '太湖大道一号' });
    assert.deepEqual(
      body.holders?.map(({ name, code }) => [name, code === ZHANG.code || code === LI.code]),
      [
        ['张三', true],
        ['李四', false],
      ],
    );
    const others = await ask<Problem>(`/certificates/${await ownIdOf('S-1', LI)}`);
    assert.deepEqual([others.status, others.body.code], [404, 'certificate-unknown']);
  });

  it('gives the file byte for byte', async () => {
    const store = new FolderStore(hub.files);
    const bytes = Buffer.from('%PDF-1.4 a deed');
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
    assert.deepEqual((await ask(`/certificates/${await ownIdOf('H-1')}/file`)).bytes, bytes);
    assert.equal((await ask(`/certificates/${await ownIdOf('H-2')}/file`)).status, 404);
  });

  it('takes an assertion that the portal signed for this request, now, and once', async () => {
    const url = '/holder/v1/certificates';
    const claims = {
      portal: PORTAL.id,
      ...ZHANG,
      codeType: '111',
      strength: 'person' as const,
      at: shanghaiInstant(hub.nowMs),
      nonce: 'n'.repeat(20),
      body: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    };
    const answers = async (header: string): Promise<[number, string | undefined]> => {
      const { status, body } = await ask<Problem | null>('/certificates', { header });
      return [status, body?.code];
    };
    const refused: [number, string] = [401, 'holder-unknown'];
    assert.deepEqual(await answers(assertion('GET', url, claims, 'another key')), refused);
    assert.deepEqual(await answers(assertion('POST', url, claims)), refused);
    assert.deepEqual(await answers(assertion('GET', `${url}?x=1`, claims)), refused);
    assert.deepEqual(await answers(assertion('GET', url, { ...claims, portal: 'other' })), refused);
    for (const awayMs of [-6 * 60_000, 6 * 60_000])
      assert.deepEqual(
        await answers(assertion('GET', url, { ...claims, at: shanghaiInstant(hub.nowMs + awayMs) })),
        refused,
      );
    const header = assertion('GET', url, claims);
    assert.deepEqual(await answers(header.replace(/.$/, (last) => (last === '0' ? '1' : '0'))), refused);
    assert.equal((await answers(header))[0], 200);
    assert.deepEqual(await answers(header), [401, 'holder-replayed']);
    assert.equal((await hub.app.inject({ url })).statusCode, 401);
    const token = { authorization: `Bearer ${tokens.get('clerk')}` };
    assert.equal((await hub.app.inject({ url, headers: token })).statusCode, 401, 'an account is no holder');
  });

  it('refuses a weak identity as strictly as the profile asks, and writes down how strong it was', async () => {
    const weak = await ask<Problem>('/certificates', { change: { strength: 'named' } });
    assert.deepEqual([weak.status, weak.body.code], [403, 'identity-weak']);
    const { act, outcome, refusal, strength } = await logged();
    assert.deepEqual([act, outcome, refusal, strength], ['own-list', 'refused', 'identity-weak', 'named']);
    const { jurisdiction } = hub.config;
    const strict = jurisdiction.holders;
    jurisdiction.holders = { strength: 'named' };
    assert.equal((await ask('/certificates', { change: { strength: 'named' } })).status, 200);
    assert.equal((await logged()).strength, 'named');
    assert.equal((await ask('/certificates', { change: { strength: 'account' } })).status, 403);
    jurisdiction.holders = strict;
  });

  it('says who used a certificate, why and what of it, refused ones too, and never who at the unit', async () => {
    const { body } = await share<{ certificates: { code: string }[] }>('/find', {
      use: { ...USE, operator: '经办人甲' },
      typeCode: HOUSE,
      holder: ZHANG,
    });
    await share('/read', { code: body.certificates[0]!.code });
    await share('/file', { code: body.certificates[0]!.code });
    await share('/find', { use: { ...USE, matter: 'X' }, typeCode: SHOP, holder: ZHANG });
    const { items, since } = await usesOf();
    assert.deepEqual(
      items.map(({ act, outcome, matter, fields, certificates }) => [
        act,
        outcome,
        matter,
        fields,
        certificates.length,
      ]),
      [
        ['find', 'refused', 'X', null, 0],
        ['file', 'refused', '施工许可', null, 0],
        ['read', 'answered', '施工许可', ['证照编号', '坐落'], 1],
        ['find', 'answered', '施工许可', ['证照编号', '坐落'], 2],
      ],
    );
    assert.ok(items.every(({ unit, reason }) => unit === UNIT.name && reason === USE.reason));
    assert.match(items[0]?.refusal?.zh ?? '', /用证清单/);
    assert.equal(JSON.stringify(items).includes('经办人甲'), false);
    assert.equal(since, NOW);
    const shared = await usesOf(LI);
    assert.deepEqual(
      shared.items.map(({ act, certificates }) => [act, certificates.map(({ number }) => number)]),
      [['find', ['H-2']]],
      'of a certificate that two hold, each sees the use, and nothing of what else was shown',
    );
    const page = await usesOf(ZHANG, '?limit=3');
    assert.deepEqual((await usesOf(ZHANG, `?limit=3&after=${page.next}`)).items, [items[3]]);
  });

  it('has what the holder did in the log as well, and receipts of it', async () => {
    const { headers } = await ask(`/certificates/${await ownIdOf('H-1')}`);
    const last = await logged();
    assert.deepEqual(
      [last.act, last.outcome, last.strength, last.type_code],
      ['own-read', 'answered', 'person', HOUSE],
    );
    const { items } = await usesOf(ZHANG, '?of=own');
    assert.equal(items[0]?.act, 'own-read');
    assert.equal(items[0].unit, PORTAL.name);
    assert.equal((items[0] as { receipt?: string }).receipt, headers['hub-receipt']);
    const { body } = await management.get<{ items: { act: string; strength: string | null }[] }>('/uses');
    assert.deepEqual([body.items[0]?.act, body.items[0]?.strength], ['own-uses', 'person']);
  });

  describe('presentation codes', () => {
    const present = async (
      more: object = {},
      numbers = ['H-1'],
    ): Promise<{ id: number; code: string; until: string }> =>
      (
        await ask<{ id: number; code: string; until: string }>('/presentations', {
          payload: { certificates: await Promise.all(numbers.map((number) => ownIdOf(number))), ...more },
        })
      ).body;
    const scan = (code: string, login = 'bank') =>
      share<{ certificates: Own[] } & Problem>('/presentations', { use: { ...USE, reason: '办理贷款' }, code }, login);

    it('shows what stands on certificates, as they are now, to whoever is given the code, without a grant', async () => {
      const { id, code, until } = await present({}, ['H-1', 'H-2']);
      assert.equal(Date.parse(until), hub.nowMs + 60_000);
      await delivered('K1', 'H-1', [ZHANG], HOUSE, 'suspended');
      const { status, body, receipt } = await scan(code);
      await delivered('K1', 'H-1', [ZHANG]);
      assert.equal(status, 200);
      assert.deepEqual(
        body.certificates.map(({ number, state, face }) => [number, state, face]),
        [
          ['H-1', 'suspended', { address: '太湖大道一号' }],
          ['H-2', 'inForce', { address: '太湖大道一号' }],
        ],
      );
      assert.deepEqual(
        body.certificates[1]?.holders?.map(({ code: shown }) => shown === ZHANG.code || shown === LI.code),
        [true, false],
      );
      const { looks, usedAt } = (
        await ask<{ usedAt: string; looks: (UseOfOwn & { receipt: string })[] }>(`/presentations/${id}`)
      ).body;
      assert.equal(usedAt, NOW);
      assert.deepEqual(
        looks.map((each) => [each.act, each.unit, each.reason, each.fields, each.receipt]),
        [['scan', BANK.name, '办理贷款', ['证照全部内容'], receipt]],
      );
      assert.equal((await usesOf()).items[0]?.act, 'scan');
      assert.equal((await ask(`/presentations/${id}`, {}, LI)).status, 404, 'another holder’s');
    });

    it('shows no more than the holder wants', async () => {
      const { id, code } = await present({ fields: ['name', 'face:address'] });
      const [shown] = (await scan(code)).body.certificates;
      assert.deepEqual(Object.keys(shown ?? {}).sort(), ['disputed', 'face', 'marks', 'name', 'state', 'typeCode']);
      const { looks } = (await ask<{ looks: UseOfOwn[] }>(`/presentations/${id}`)).body;
      assert.deepEqual(looks[0]?.fields, ['证照名称', '坐落']);
    });

    it('is over after one look, or at its end, and the holder sees who came too late', async () => {
      const once = await present();
      assert.equal((await scan(once.code)).status, 200);
      const again = await scan(once.code);
      assert.deepEqual([again.status, again.body.code], [403, 'presentation-over']);
      const { looks } = (await ask<{ looks: UseOfOwn[] }>(`/presentations/${once.id}`)).body;
      assert.deepEqual(looks.map(({ outcome }) => outcome), ['refused', 'answered']); // prettier-ignore
      const several = await present({ once: false, seconds: 30 });
      assert.deepEqual([(await scan(several.code)).status, (await scan(several.code, 'clerk')).status], [200, 200]);
      const late = await present({ seconds: 30 });
      hub.nowMs += 30_000;
      assert.equal((await scan(several.code)).body.code, 'presentation-over');
      assert.equal((await scan(late.code)).body.code, 'presentation-over');
      hub.nowMs -= 30_000;
      assert.equal((await scan('A'.repeat(22))).body.code, 'presentation-over', 'nobody learns which codes there were');
    });

    it('of those who look at the same moment exactly one wins', async () => {
      for (let round = 0; round < 5; round++) {
        const { id, code } = await present();
        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, index) => scan(code, index % 2 === 0 ? 'bank' : 'clerk')),
        );
        assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 403, 403, 403, 403, 403, 403, 403]);
        const { looks } = (await ask<{ looks: UseOfOwn[] }>(`/presentations/${id}`)).body;
        assert.equal(looks.length, 8);
      }
    });

    it('takes certificates of one’s own, a body that was signed, and an end within minutes', async () => {
      const others = await ownIdOf('S-1', LI);
      assert.equal((await ask('/presentations', { payload: { certificates: [others] } })).status, 404);
      const payload = { certificates: [await ownIdOf('H-1')] };
      assert.equal((await ask('/presentations', { payload: { ...payload, seconds: 301 } })).status, 400);
      const other = await ask<Problem>('/presentations', { payload, change: { body: '0'.repeat(64) } });
      assert.deepEqual([other.status, other.body.code], [401, 'holder-unknown']);
      const { code } = await present();
      assert.match(code, /^[\w-]{22}$/);
      const rows = await hub.database.db('presentation').select('*');
      assert.equal(JSON.stringify(rows).includes(code), false, 'its hash alone is kept');
      assert.equal(JSON.stringify(rows).includes(ZHANG.code), false);
    });
  });

  describe('authorisations', () => {
    const UNTIL = '2026-12-01T00:00:00+08:00';
    const WANTED = { unit: BANK.code, types: [HOUSE], fields: ['number'], purpose: '抵押贷款审核', until: UNTIL };
    const authorise = async (more: object = {}): Promise<{ id: number; code: string; unitName: string }> =>
      (
        await ask<{ id: number; code: string; unitName: string }>('/authorisations', {
          payload: { ...WANTED, ...more },
        })
      ).body;
    const by = (authorisation: string) => ({ authorisation, business: 'L-1', reason: '审核抵押物' });
    const find = (code: string, more: object = {}, login = 'bank') =>
      share<{ certificates: (Own & { code: string })[] } & Problem>(
        '/find',
        { use: by(code), typeCode: HOUSE, holder: ZHANG, ...more },
        login,
      );

    it('stands for the grant that a unit has not, for its types, fields and holder', async () => {
      const without = await share<Problem>('/find', { use: USE, typeCode: HOUSE, holder: ZHANG }, 'bank');
      assert.equal(without.body.code, 'matter-unlisted');
      const { id, code, unitName } = await authorise();
      assert.equal(unitName, BANK.name);
      const { status, body, receipt } = await find(code);
      assert.equal(status, 200);
      assert.deepEqual(
        body.certificates.map(({ number, face, holders }) => [number, face, holders]),
        [
          ['H-1', {}, undefined],
          ['H-2', {}, undefined],
        ],
      );
      const verify = { use: by(code), typeCode: HOUSE, holder: ZHANG, number: 'H-1' };
      assert.equal((await share<{ result: number }>('/verify', verify, 'bank')).body.result, 0);
      const [verified, found] = (await usesOf()).items as (UseOfOwn & { receipt: string; scenario: string })[];
      assert.deepEqual([verified?.act, found?.act, found?.receipt], ['verify', 'find', receipt]);
      assert.deepEqual(
        [found?.unit, found?.matter, found?.scenario, found?.reason, found?.fields],
        [BANK.name, `authorisation/${id}`, '抵押贷款审核', '审核抵押物', ['证照编号']],
      );
      const { items } = (await ask<{ items: { id: number; called: number }[] }>('/authorisations')).body;
      assert.deepEqual([items[0]?.id, items[0]?.called], [id, 2]);
      assert.equal(Object.hasOwn(items[0] ?? {}, 'holder'), false);
      assert.deepEqual((await ask<{ items: unknown[] }>('/authorisations', {}, LI)).body.items, []);
    });

    it('is for nobody and nothing else, and what is refused is in the log of the holder', async () => {
      const { code } = await authorise();
      const refusals: [object, string, string?][] = [
        [{}, 'authorisation-unknown', 'clerk'],
        [{ holder: LI }, 'authorisation-unknown'],
        [{ typeCode: SHOP }, 'authorisation-narrow'],
        [{ use: by('A'.repeat(22)) }, 'authorisation-unknown'],
      ];
      for (const [more, expected, login] of refusals) {
        const { status, body } = await find(code, more, login);
        assert.deepEqual([status, body.code], [403, expected]);
        if (!('holder' in more)) assert.match((await usesOf()).items[0]?.refusal?.zh ?? '', /授权/);
      }
      const both = await find(code, { use: { ...by(code), matter: 'A-1', scenario: '受理' } });
      assert.equal(both.status, 400, 'by the list or by the holder, not both');
      assert.equal((await find(code, { use: { business: 'L-1', reason: 'x' } })).status, 400);
    });

    it('is revoked from the next call on, with the codes that were given under it', async () => {
      const { id, code } = await authorise({ interfaces: ['find', 'file'] });
      const [first] = (await find(code)).body.certificates;
      const read = () => share<{ certificates: Own[] } & Problem>('/read', { code: first!.code }, 'bank');
      assert.equal((await read()).body.certificates[0]?.number, 'H-1');
      assert.equal((await share('/file', { code: first!.code }, 'bank')).status, 200);
      assert.equal((await ask(`/authorisations/${id}/revoke`, { payload: {} }, LI)).status, 404);
      assert.equal((await ask(`/authorisations/${id}/revoke`, { payload: {} })).status, 200);
      const after = [await find(code), await read(), await share<Problem>('/file', { code: first!.code }, 'bank')];
      for (const { status, body } of after) assert.deepEqual([status, body.code], [403, 'authorisation-over']);
      assert.equal((await ask(`/authorisations/${id}/revoke`, { payload: {} })).status, 404);
      assert.equal((await usesOf()).items[0]?.outcome, 'refused');
    });

    it('does not outlast that its holder holds the certificate', async () => {
      const { code } = await authorise();
      const deed = (await find(code)).body.certificates.find(({ number }) => number === 'H-1')!;
      const shown = await ask<{ code: string }>('/presentations', {
        payload: { certificates: [await ownIdOf('H-1')] },
      });
      await sell([LI]);
      const read = await share<Problem>('/read', { code: deed.code }, 'bank');
      assert.deepEqual([read.status, read.body.code], [404, 'use-code-unknown']);
      const scanned = await share('/presentations', { use: USE, code: shown.body.code }, 'bank');
      assert.deepEqual(scanned.body, { certificates: [] });
      await sell([ZHANG]);
    });

    it('is for so many calls, also where they come at once, and until its end', async () => {
      const single = await authorise({ calls: 1 });
      const answers = await Promise.all(Array.from({ length: 6 }, () => find(single.code)));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 403, 403, 403, 403, 403]);
      const won = answers.find(({ status }) => status === 200)!.body.certificates[0]!.code;
      assert.equal((await share('/read', { code: won }, 'bank')).status, 200, 'what was found is read on');
      const ending = await authorise();
      await signBatch(hub.database.db, () => [], new Date(hub.nowMs));
      const before = hub.nowMs;
      hub.nowMs = Date.parse(UNTIL);
      assert.equal((await find(ending.code)).body.code, 'authorisation-over');
      assert.equal((await share<Problem>('/read', { code: won }, 'bank')).body.code, 'authorisation-over');
      hub.nowMs = before;
    });

    it('takes units and types that there are, fields of theirs, and an end that is ahead', async () => {
      const wrong: [object, number, string][] = [
        [{ unit: '91320200MA0000009X' }, 404, 'unit-unknown'],
        [{ types: ['11100000000013338W999'] }, 400, 'type-unshared'],
        [{ fields: ['face:price'] }, 400, 'field-unknown'],
        [{ until: NOW }, 400, 'end-wrong'],
        [{ until: '2027-12-01T00:00:00+08:00' }, 400, 'end-wrong'],
      ];
      for (const [more, status, code] of wrong) {
        const answer = await ask<Problem>('/authorisations', { payload: { ...WANTED, ...more } });
        assert.deepEqual([answer.status, answer.body.code], [status, code]);
      }
    });
  });

  it('counts the requests of each holder, all of whom come from the address of their portal', async () => {
    const { headers } = await ask('/certificates', {}, { code: 'E12345678', name: 'Ana' });
    assert.equal(headers['x-ratelimit-remaining'], '1199');
  });

  it('is described for portals, without an account', async () => {
    const { statusCode, body } = await hub.app.inject({ url: '/holder/v1/openapi.json' });
    assert.equal(statusCode, 200);
    const { paths, components } = JSON.parse(body) as {
      paths: Record<string, unknown>;
      components: { securitySchemes: Record<string, { name?: string }> };
    };
    assert.ok('/holder/v1/uses' in paths);
    assert.equal(components.securitySchemes.holder?.name, 'Hub-Holder');
  });
});
