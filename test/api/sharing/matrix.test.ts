import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import type { OpenAPIV3_1 } from 'openapi-types';
import { catalogEntrySchema } from '../../../settings/schemas/catalog.ts';
import { ROLES, UNIT_ROLES, type Role } from '../../../domain/access.ts';
import { FIELD_NAMES } from '../../../domain/library/certificate.ts';
import { INTERFACES, type Interface } from '../../../domain/sharing/grant.ts';
import type { UsageItem } from '../../../domain/sharing/usage-list.ts';
import { addToken } from '../../../store/console/sessions.ts';
import { approvedCatalog, approveDrafts, draftEntries } from '../../../store/library/catalog.ts';
import { FolderStore } from '../../../store/library/files/folder.ts';
import { approveUsageList, saveUsageList } from '../../../store/sharing/usage-lists.ts';
import { ApiHub } from '../../support/api.ts';
import { deliver, tokenOf } from './using.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const TYPE = '11100000000013338W011';
const OTHER_TYPE = '111000000000134939003';
const UNIT = { code: '11320200014006438B', name: '市住建局' };
const OTHER_UNIT = { code: '11320200014006999C', name: '市交通局' };
const HOLDER = { code: '11010519491231002X', name: '张三' };
const PARTNER = { code: '320102199001011234', name: '李四同持' };

/** What stands on the certificate, each value to be known again wherever it is shown. */
const WRITTEN = {
  name: '不动产权证书甲',
  number: 'NUMBER-4711',
  identifier: 'IDENTIFIER-4712',
  issuerName: '市自然资源局乙',
  issuerCode: '113202000140064ISS',
  issuedOn: '2021-03-04',
  effectiveOn: '2021-03-05',
  expiresOn: '2031-03-06',
  holders: PARTNER.name,
  status: 'valid',
  'face:address': '太湖大道一号丙',
  'face:price': 'PRICE-4713',
} as const;
type Field = keyof typeof WRITTEN;
const FIELDS = Object.keys(WRITTEN) as Field[];
const PDF = Buffer.from('%PDF-1.4 a licence 4714');

/** Every route of the share interface, and what it needs of a grant: null, where it shows the caller what is its own. */
const ROUTES: Record<string, { needs: Interface | 'consent' | null; body?: (said: Said) => object }> = {
  'GET /grants': { needs: null },
  'POST /find': { needs: 'find', body: ({ use, typeCode }) => ({ use, typeCode, holder: HOLDER }) },
  'POST /read': { needs: 'find', body: ({ code }) => ({ code }) },
  'POST /file': { needs: 'file', body: ({ code }) => ({ code }) },
  'POST /copy': { needs: 'copy', body: ({ code }) => ({ code }) },
  'POST /verify': {
    needs: 'verify',
    body: ({ use, typeCode }) => ({ use, typeCode, holder: HOLDER, number: WRITTEN.number, written: GUESSES }),
  },
  'POST /verify-file': {
    needs: 'verify',
    body: ({ use, typeCode }) => ({ use, typeCode, content: PDF.toString('base64') }),
  },
  'POST /presentations': { needs: 'consent', body: ({ use, code }) => ({ use, code }) },
  'GET /receipts/{receipt}': { needs: null },
  'GET /receipt-keys': { needs: null },
  'GET /status-lists': { needs: null },
  'GET /status-lists/{id}': { needs: null },
};
const USES = Object.entries(ROUTES).filter(([, { needs }]) => needs !== null);
/** None of them right. */
const GUESSES = { name: 'x', issuerName: 'x', issuedOn: '1999-01-01', effectiveOn: null, expiresOn: null };

interface Said {
  use: { matter: string; scenario: string; business: string; reason: string };
  typeCode: string;
  code: string;
}
const useIn = (scenario: string): Said['use'] => ({ matter: 'A-1', scenario, business: 'B-1', reason: '办理许可' });
const NO_CODE = 'A'.repeat(22);

describe('every route of the share interface, by who calls and what is granted', () => {
  let hub: ApiHub;
  let token: string;
  const scenarioOf = { field: (field: Field) => `字段 ${field}`, way: (way: Interface) => `方式 ${way}` };
  before(async () => {
    hub = await ApiHub.open(NOW);
    const { db } = hub.database;
    const at = new Date(NOW);
    for (const [unit, login] of [
      [UNIT, 'clerk'],
      [OTHER_UNIT, 'stranger'],
    ] as const)
      // prettier-ignore
      await hub.signedIn('user', unit, login);
    token = await tokenOf(hub, 'clerk');
    const face = ['address', 'price'].map((name) => ({ name, label: name, required: false, type: 'text', values: [] }));
    const entries = [TYPE, OTHER_TYPE].map((typeCode) =>
      catalogEntrySchema.parse({ typeCode, name: typeCode, publicity: 'public', face }),
    );
    await draftEntries(db, entries, 'x', at);
    await approveDrafts(db, [TYPE, OTHER_TYPE], 'y', at);
    const stream = await db('stream').orderBy('id').first<{ id: number; name: string }>('id', 'name');
    const { number, identifier, name } = WRITTEN;
    const shown = { address: WRITTEN['face:address'], price: WRITTEN['face:price'], secret: 'SECRET-4715' };
    await deliver(hub, { stream: stream.id, key: 'K1', number, type: TYPE, holders: [HOLDER, PARTNER], face: shown });
    await db('certificate').where({ record_key: 'K1' }).update({
      identifier,
      name,
      issuer_name: WRITTEN.issuerName,
      issuer_code: WRITTEN.issuerCode,
      issued_on: WRITTEN.issuedOn,
      effective_on: WRITTEN.effectiveOn,
      expires_on: WRITTEN.expiresOn,
      long_term: false,
    });
    const { hash } = await new FolderStore(hub.files).put(Readable.from([PDF]), 1_000);
    await db('fetched_file').insert({
      stream_id: stream.id,
      record_key: 'K1',
      content_hash: hash,
      size: PDF.length,
      signature: 'valid',
      signature_reason: '{"code": "holds"}',
      seals: '[]',
      fetched_at: NOW,
      judged_at: NOW,
    });
  });
  after(() => hub.close());

  const grant = async (items: Partial<UsageItem>[]): Promise<void> => {
    const { db } = hub.database;
    const list = items.map((item) => ({ code: 'A-1', name: '许可', scenario: '受理', types: [TYPE], ...item }));
    const saved = await saveUsageList(db, UNIT, list, { by: 'x', at: new Date(NOW) });
    assert.ok(saved);
    const catalog = await approvedCatalog(db);
    const who = { by: 'y', at: new Date(NOW) };
    await db.transaction((trx) => approveUsageList(trx, UNIT.code, saved.version, catalog, who));
  };
  const call = async (
    route: string,
    said: Said,
    headers: Record<string, string> = { authorization: `Bearer ${token}` },
  ): Promise<{ status: number; code: string; text: string; logged: number }> => {
    const { db } = hub.database;
    const count = async (): Promise<number> =>
      (await db('certificate_use').count<{ count: number }[]>('* as count'))[0]?.count ?? 0;
    const [method = '', path = ''] = route.split(' ');
    const before = await count();
    const { statusCode, body } = await hub.app.inject({
      method: method as 'GET',
      url: `/share/v1${path.replace('{receipt}', '00000000-0000-4000-8000-000000000000')}`,
      headers,
      ...(ROUTES[route]?.body && { payload: ROUTES[route].body(said) }),
    });
    const problem = statusCode >= 400 ? (JSON.parse(body) as { code: string }).code : '';
    return { status: statusCode, code: problem, text: body, logged: (await count()) - before };
  };
  const codeIn = async (scenario: string): Promise<string> => {
    const { text } = await call('POST /find', { use: useIn(scenario), typeCode: TYPE, code: '' });
    return (JSON.parse(text) as { certificates: { code: string }[] }).certificates[0]?.code ?? '';
  };
  const values = [...Object.values(WRITTEN), PARTNER.code, 'SECRET-4715'].filter((value) => value !== 'valid');
  const seenIn = (text: string): string[] => values.filter((value) => text.includes(value));

  it('is in this table', async () => {
    const { body } = await hub.app.inject({
      url: '/share/v1/openapi.json',
      headers: { authorization: `Bearer ${token}` },
    });
    const { paths = {} } = JSON.parse(body) as OpenAPIV3_1.Document;
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods ?? {}).map((method) => `${method.toUpperCase()} ${path.replace('/share/v1', '')}`),
    );
    assert.deepEqual(described.toSorted(), Object.keys(ROUTES).toSorted());
    const named = FIELDS.filter((field) => !field.startsWith('face:'));
    // The type is what is asked for.
    assert.deepEqual([...named, 'typeCode'].toSorted(), Object.keys(FIELD_NAMES).toSorted());
  });

  it('answers nobody who is not who they say, or may not use certificates', async () => {
    await grant([{ interfaces: Object.keys(INTERFACES) as Interface[], fields: FIELDS }]);
    const said = { use: useIn('受理'), typeCode: TYPE, code: await codeIn('受理') };
    const { db } = hub.database;
    const at = new Date(NOW);
    const bearer = (given: string): Record<string, string> => ({ authorization: `Bearer ${given}` });
    const callers: Record<string, [status: number, headers: Record<string, string>]> = {
      nobody: [401, {}],
      'an invented token': [401, bearer('hub_invented')],
      'a header of no client': [401, { 'hub-client': `${'A'.repeat(20)}.${'A'.repeat(64)}` }],
    };
    for (const role of (Object.keys(ROLES) as Role[]).filter((each) => !UNIT_ROLES.includes(each))) {
      await hub.signedIn(role);
      callers[`the session of ${role}`] = [403, { cookie: await hub.cookieOf(role) }];
    }
    const { id } = await db('account').where({ login: 'clerk' }).first<{ id: number }>('id');
    const end = new Date(at.getTime() + 1_000_000);
    const other = await addToken(db, id, { label: 'x', scopes: ['sharing:read'], expiresAt: end }, at);
    callers['a token for other things'] = [403, bearer(other.token)];
    const past = await addToken(db, id, { label: 'x', scopes: ['certificates:use'], expiresAt: at }, at);
    callers['a token past its end'] = [401, bearer(past.token)];
    for (const [who, [status, headers]] of Object.entries(callers))
      for (const [route] of USES) {
        const answered = await call(route, said, headers);
        assert.deepEqual([answered.status, seenIn(answered.text)], [status, []], `${route} by ${who}`);
      }
  });

  it('gives nothing to another unit, whatever code it has', async () => {
    const said = { use: useIn('受理'), typeCode: TYPE, code: await codeIn('受理') };
    const stranger = { authorization: `Bearer ${await tokenOf(hub, 'stranger')}` };
    for (const [route, { body }] of USES) {
      const { status, code, text } = await call(route, said, stranger);
      const byCode = !JSON.stringify(body?.(said)).includes('matter');
      assert.deepEqual([status, seenIn(text)], [byCode ? 404 : 403, []], `${route} ${code}`);
    }
  });

  it('refuses every way that is not granted, every type, matter and scenario, and writes that down once', async () => {
    const ways = Object.keys(INTERFACES) as Interface[];
    await grant(ways.map((way) => ({ scenario: scenarioOf.way(way), interfaces: ways, fields: FIELDS })));
    const codes = new Map<Interface, string>();
    for (const way of ways) codes.set(way, await codeIn(scenarioOf.way(way)));
    await grant(ways.map((way) => ({ scenario: scenarioOf.way(way), interfaces: [way], fields: FIELDS })));
    for (const [route, { needs }] of USES) {
      if (needs === 'consent') continue;
      for (const way of ways) {
        const said = { use: useIn(scenarioOf.way(way)), typeCode: TYPE, code: codes.get(way) ?? '' };
        const { status, code, text, logged } = await call(route, said);
        const why = `${route} where ${way} is granted: ${status} ${code}`;
        if (needs !== way) {
          assert.deepEqual([status, code, seenIn(text)], [403, 'interface-ungranted', []], why);
          assert.equal(logged, 1, why);
        } else if (route === 'POST /copy')
          // The file is none that can be drawn on: no use was made of it, and nothing is shown.
          assert.deepEqual([status, code, seenIn(text)], [422, 'copy-broken', []], why);
        else assert.deepEqual([status, logged], [200, 1], why);
      }
      const granted = { use: useIn(scenarioOf.way(needs ?? 'find')), typeCode: TYPE, code: NO_CODE };
      const unlisted: Partial<Said>[] = [
        { typeCode: OTHER_TYPE },
        { use: { ...granted.use, matter: 'A-2' } },
        { use: { ...granted.use, scenario: '别的' } },
      ];
      for (const other of unlisted) {
        const { status, text } = await call(route, { ...granted, ...other });
        const byCode = !JSON.stringify(ROUTES[route]?.body?.(granted)).includes('matter');
        assert.deepEqual([status, seenIn(text)], [byCode ? 404 : 403, []], route);
      }
    }
  });

  it('refuses a code of a certificate, and of a presentation, that there is not', async () => {
    for (const route of ['POST /read', 'POST /file', 'POST /copy'])
      assert.equal((await call(route, { use: useIn('受理'), typeCode: TYPE, code: NO_CODE })).status, 404, route);
    const { status, code, logged } = await call('POST /presentations', {
      use: useIn('受理'),
      typeCode: TYPE,
      code: NO_CODE,
    });
    assert.deepEqual([status, code, logged], [403, 'presentation-over', 1]);
  });

  it('shows the field that is granted and no other, nor whether another was guessed', async () => {
    await grant(FIELDS.map((field) => ({ scenario: scenarioOf.field(field), fields: [field], interfaces: ['find', 'verify'] }))); // prettier-ignore
    for (const field of FIELDS) {
      const use = useIn(scenarioOf.field(field));
      const code = await codeIn(scenarioOf.field(field));
      for (const route of ['POST /find', 'POST /read']) {
        const { status, text } = await call(route, { use, typeCode: TYPE, code });
        const [shown = {}] = (JSON.parse(text) as { certificates: Record<string, unknown>[] }).certificates;
        const granted = field === 'status' ? [] : [WRITTEN[field]];
        assert.deepEqual([status, seenIn(text)], [200, granted], `${route} ${field}`);
        const [beside, face] = [Object.keys(shown), Object.keys(shown.face as object)];
        const list = route === 'POST /read' ? ['statusList'] : [];
        const always = ['code', 'disputed', 'face', 'marks', 'state', 'typeCode', ...list];
        const own = field.startsWith('face:') ? [] : [field];
        assert.deepEqual(beside.toSorted(), [...always, ...own].toSorted(), `${route} ${field}`);
        assert.deepEqual(face, field.startsWith('face:') ? [field.slice('face:'.length)] : [], `${route} ${field}`);
      }
      const { text } = await call('POST /verify', { use, typeCode: TYPE, code });
      const { differs } = JSON.parse(text) as { differs: string[] };
      assert.deepEqual([differs, seenIn(text)], [field in GUESSES ? [field] : [], []], `verify ${field}`);
    }
  });
});
