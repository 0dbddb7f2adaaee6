import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { pathOf as pathOfFile } from '../../store/library/files/contract.ts';
import type { FoundReason, Seal } from '../../domain/library/seals.ts';
import { FolderStore } from '../../store/library/files/folder.ts';
import type { CertificateDetail } from '../../server/api/library/certificate.ts';
import type { CertificateView } from '../../server/api/library/certificates.ts';
import { ApiHub, type Caller } from '../support/api.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const ID = '11010519491231002X';

interface Page {
  items: CertificateView[];
  next: string | null;
}

describe('certificates through the API', () => {
  let hub: ApiHub;
  let issuer: Caller;
  let other: Caller;
  let management: Caller;
  let auditor: Caller;
  let user: Caller;
  let own: { id: number; name: string; unitCode: string; unitName: string };
  let foreign: { id: number; name: string; unitCode: string; unitName: string };
  before(async () => {
    hub = await ApiHub.open(NOW);
    const { db } = hub.database;
    const streams = await db('stream')
      .orderBy('id')
      .select<(typeof own)[]>({ id: 'id', name: 'name', unitCode: 'unit_code', unitName: 'unit_name' });
    own = streams[0]!;
    foreign = streams.find(({ unitCode }) => unitCode !== own.unitCode)!;
    issuer = await hub.signedIn('issuer', { code: own.unitCode, name: own.unitName });
    other = await hub.signedIn('issuer', { code: foreign.unitCode, name: foreign.unitName }, 'other');
    management = await hub.signedIn('management');
    auditor = await hub.signedIn('auditor');
    user = await hub.signedIn('user', { code: 'USER', name: '用证单位' });
    await deliver(own, 'K1', { changed: '2026-11-01T09:00:00+08:00' });
    await deliver(own, 'K1', { changed: '2026-11-10T09:00:00+08:00', status: 'suspended' });
    await deliver(foreign, 'F1', { changed: '2026-11-05T09:00:00+08:00' });
    await deliver(own, `ZJ-${ID}`, { number: 'A-2', changed: '2026-11-02T09:00:00+08:00' });
  });
  after(() => hub.close());

  async function deliver(
    stream: { id: number },
    key: string,
    {
      number = 'A-1',
      changed,
      status = 'valid',
      marks,
      type = 'T1',
    }: { number?: string; changed: string; status?: string; marks?: unknown; type?: string },
  ): Promise<void> {
    await hub.database.db.raw(
      `INSERT INTO certificate (stream_id, record_key, number, type_code, name, issued_on, long_term, holders, status,
         raw_status, extension, content_hash, source_updated_at, batch_id, recorded_at, marks)
       VALUES (:stream, :key, :number, :type, '证', '2025-01-01', true, :holders, :status, '1', '{"address": "太湖大道一号院三幢"}',
         convert_to(:changed, 'UTF8'), :changed, 0, :changed, :marks)
       ON CONFLICT (stream_id, record_key) DO UPDATE SET source_updated_at = :changed, recorded_at = :changed,
         status = :status, content_hash = excluded.content_hash, marks = excluded.marks`,
      {
        stream: stream.id,
        key,
        number,
        status,
        changed,
        type,
        marks: marks === undefined ? null : JSON.stringify(marks),
        holders: JSON.stringify([{ name: '张三', code: ID, codeType: '111' }]),
      },
    );
  }
  const pathOf = (key: string, stream = own.name): string => `/certificates/${stream}/${key}`;
  const looks = (): Promise<{ object: string; actor: string }[]> =>
    hub.database
      .db('audit')
      .where({ action: 'certificates:personal' })
      .orderBy('id')
      .select<{ object: string; actor: string }[]>('object', 'actor');

  it('are found by number, masked, by an issuer those of its own streams', async () => {
    const { body: all } = await management.get<Page>('/certificates?number=A-1');
    assert.deepEqual(all.items.map(({ key }) => key).sort(), ['F1', 'K1']);
    assert.ok(!JSON.stringify(all).includes('张三') && !JSON.stringify(all).includes(ID));
    assert.deepEqual(
      (await issuer.get<Page>('/certificates?number=A-1')).body.items.map(({ key }) => key),
      ['K1'],
    );
    const printed = encodeURIComponent('Ａ－１');
    assert.equal(
      (await management.get<Page>(`/certificates?number=${printed}`)).body.items.length,
      2,
      'as it is printed',
    );
    assert.equal((await user.get('/certificates?number=A-1')).status, 403, 'user units use the share interface');
    assert.equal((await management.get<Page>('/certificates?number=A-1&type=T2')).body.items.length, 0);
  });

  it('of a type that an issuer has in the catalog are its own, whoever delivers them', async () => {
    const { db } = hub.database;
    assert.equal((await other.get(pathOf('K1'))).status, 404);
    await db('catalog_entry').insert({
      type_code: 'T1',
      version: 1,
      state: 'approved',
      drafted_by: 'x',
      drafted_at: NOW,
      decided_at: NOW,
      entry: JSON.stringify({ typeCode: 'T1', issuer: { code: foreign.unitCode, name: 'x' }, face: [], sources: [] }),
    });
    assert.equal((await other.get(pathOf('K1'))).status, 200);
    await db('catalog_entry').where({ type_code: 'T1' }).delete();
    assert.equal((await other.get(pathOf('K1'))).status, 404);
  });

  it('are listed by stream, the latest changed first, a page at a time', async () => {
    const first = await management.get<Page>(`/certificates?stream=${own.name}&limit=1`);
    assert.deepEqual(
      first.body.items.map(({ key }) => key),
      ['K1'],
    );
    const second = await management.get<Page>(
      `/certificates?stream=${own.name}&limit=1&after=${String(first.body.next)}`,
    );
    assert.deepEqual([second.body.items[0]?.number, second.body.next], ['A-2', null]);
  });

  it('goes on within an instant that many records share', async () => {
    for (const key of ['S1', 'S2', 'S3'])
      await deliver(foreign, key, { number: key, changed: '2026-11-20T09:00:00+08:00' });
    const seen: (string | null)[] = [];
    for (let after: string | null = ''; after !== null;) {
      const { body }: { body: Page } = await management.get<Page>(
        `/certificates?stream=${foreign.name}&limit=1${after === '' ? '' : `&after=${after}`}`,
      );
      seen.push(...body.items.map(({ key }) => key));
      after = body.next;
    }
    assert.deepEqual(seen, ['S1', 'S2', 'S3', 'F1']);
  });

  it('have no personal number in an address', async () => {
    for (const path of [`/certificates?number=${ID}`, pathOf(`ZJ-${ID}`)]) {
      const { status, body } = await management.get<{ code: string }>(path);
      assert.deepEqual([status, body.code], [400, 'personal-address']);
    }
    const { body } = await auditor.get<Page>('/certificates?number=A-2');
    assert.deepEqual([body.items[0]?.key, body.items[0]?.personalKey], [null, true]);
    const record = { stream: own.name, key: `ZJ-${ID}` };
    assert.equal((await management.send('POST', '/certificates/record', record)).status, 200);
    assert.equal((await other.send('POST', '/certificates/record', record)).status, 404);
  });

  it('are found by a holder’s code in the body, which is audited and names nobody', async () => {
    const { body } = await issuer.send<Page>('POST', '/certificates/search', { holder: ID });
    assert.deepEqual(body.items.map(({ number }) => number).sort(), ['A-1', 'A-2']);
    assert.equal((await auditor.send('POST', '/certificates/search', { holder: ID })).status, 403);
    const entries = await looks();
    assert.ok(entries.some(({ object, actor }) => object === 'certificate-search' && actor === 'issuer'));
    assert.ok(!JSON.stringify(entries).includes(ID));
    const named = await issuer.send<{ code: string }>('POST', '/certificates/search', { holder: '张三丰' });
    assert.equal(named.body.code, 'holder-name');
  });

  it('show every version with what changed, and which one counted at an instant', async () => {
    const { body } = await auditor.get<CertificateDetail>(pathOf('K1'));
    assert.deepEqual(
      body.versions.map(({ event, changes }) => [event, changes]),
      [
        ['issued', []],
        ['suspended', [{ field: 'status', before: 'valid', after: 'suspended' }]],
      ],
    );
    assert.equal(body.counting, 1);
    const asOf = async (at: string): Promise<number | null> =>
      (await auditor.get<CertificateDetail>(`${pathOf('K1')}?asOf=${encodeURIComponent(at)}`)).body.counting;
    assert.equal(await asOf('2026-11-09T00:00:00+08:00'), 0);
    assert.equal(await asOf('2026-10-01T00:00:00+08:00'), null);
  });

  it('stand by their state and by marks, each with both its times and what may be lost', async () => {
    const told: [day: string, status: string, marks: string[]][] = [
      ['11', 'valid', ['mortgage']],
      ['12', 'suspended', ['mortgage', 'suspension']],
      ['13', 'valid', ['mortgage']],
    ];
    const at = (day: string): string => `2026-11-${day}T09:00:00+08:00`;
    for (const [day, status, marks] of told)
      await deliver(own, 'M1', { number: 'M-1', changed: at(day), status, marks });
    const { body } = await auditor.get<CertificateDetail>(pathOf('M1'));
    assert.deepEqual(
      body.versions.map(({ event, state, began, ended, held }) => [event, state, began, ended, held]),
      [
        ['issued', 'inForce', ['mortgage'], [], ['mortgage']],
        ['suspended', 'suspended', ['suspension'], [], ['mortgage', 'suspension']],
        ['resumed', 'inForce', [], ['suspension'], ['mortgage']],
      ],
    );
    const moment = (day: string, before: string | null) => ({
      at: at(day),
      knownAt: at(day),
      notBefore: before && at(before),
    });
    const { standing } = body;
    assert.equal(standing?.state, 'inForce');
    assert.deepEqual(standing.marks, [
      { mark: 'mortgage', source: own.name, begin: moment('11', null), end: null },
      { mark: 'suspension', source: own.name, begin: moment('12', '11'), end: moment('13', '12') },
    ]);
    assert.match(standing.lost.zh, /两次读取之间开始又结束的标记无从得知/);
    const asOf = async (day: string) =>
      (await auditor.get<CertificateDetail>(`${pathOf('M1')}?asOf=${encodeURIComponent(at(day))}`)).body.standing;
    assert.deepEqual(
      [(await asOf('12'))?.state, (await asOf('12'))?.marks.map(({ mark, end }) => [mark, end])],
      [
        'suspended',
        [
          ['mortgage', null],
          ['suspension', null],
        ],
      ],
    );
    assert.equal(await asOf('01'), null);
    const { items } = (await auditor.get<Page>('/certificates?number=M-1')).body;
    assert.deepEqual(
      items.map(({ state, marks }) => [state, marks]),
      [['inForce', ['mortgage']]],
    );
  });

  it('of a source that tells events have each, one of a kind', async () => {
    const told: [day: string, marks: object][] = [
      ['11', { begins: ['mortgage'], ends: [] }],
      ['12', { begins: ['loss'], ends: [] }],
      ['13', { begins: ['pledge'], ends: ['mortgage'] }],
    ];
    for (const [day, marks] of told)
      await deliver(own, 'M2', { number: 'M-2', changed: `2026-11-${day}T09:00:00+08:00`, marks });
    const { standing, versions } = (await auditor.get<CertificateDetail>(pathOf('M2'))).body;
    assert.deepEqual(
      versions.map(({ event, began, ended }) => [event, began, ended]),
      [
        ['issued', ['mortgage'], []],
        ['marked', ['loss'], []],
        ['marked', ['pledge'], ['mortgage']],
      ],
    );
    assert.equal(standing?.state, 'suspended');
    assert.match(standing.lost.zh, /同一种标记只记一个/);
    const { items } = (await auditor.get<Page>('/certificates?number=M-2')).body;
    assert.deepEqual(
      items.map(({ state, status, marks }) => [state, status, marks]),
      [['suspended', 'valid', ['loss', 'pledge']]],
    );
  });

  it('of several follow their members (一业一证)', async () => {
    const { db } = hub.database;
    const entry = (typeCode: string, members: string[]) => ({
      type_code: typeCode,
      version: 1,
      state: 'approved',
      drafted_by: 'x',
      drafted_at: NOW,
      decided_at: NOW,
      entry: JSON.stringify({ typeCode, name: `类型${typeCode}`, face: [], sources: [], members }),
    });
    await db('catalog_entry').insert([entry('ALL', ['E1', 'E2']), entry('E1', []), entry('E2', [])]);
    const at = (day: string): string => `2026-11-${day}T09:00:00+08:00`;
    await deliver(own, 'ALL', { number: 'ALL-1', changed: at('03'), type: 'ALL' });
    await deliver(own, 'E1', { number: 'E-1', changed: at('03'), type: 'E1' });
    const composite = async () => (await other.get<CertificateDetail>(pathOf('E2', foreign.name))).body.composite;
    const ofAll = async () => (await issuer.get<CertificateDetail>(pathOf('ALL'))).body.composite;
    assert.equal((await ofAll())?.state, 'suspended');
    const stands = async (query = '') =>
      (await issuer.get<CertificateDetail>(`${pathOf('ALL')}${query}`)).body.standing?.state;
    assert.equal(await stands(), 'suspended');
    assert.equal(await stands(`?asOf=${encodeURIComponent(at('05'))}`), 'inForce', 'then, by its own record');
    await deliver(foreign, 'E2', { number: 'E-2', changed: at('03'), type: 'E2' });
    assert.deepEqual(await ofAll(), {
      state: 'inForce',
      members: [
        { typeCode: 'E1', name: '类型E1', held: { number: 'E-1', status: 'valid', state: 'inForce' } },
        { typeCode: 'E2', name: '类型E2', held: { number: 'E-2', status: 'valid', state: 'inForce' } },
      ],
    });
    assert.equal(await composite(), null);
    await deliver(foreign, 'E2', { number: 'E-2', changed: at('04'), type: 'E2', status: 'cancelled' });
    assert.deepEqual([(await ofAll())?.state, (await ofAll())?.members[1]?.held?.state], ['suspended', 'ended']);
    // Another stream has it as it was before: one certificate, which its source has cancelled.
    await deliver(own, 'E2 again', { number: 'E-2', changed: at('03'), type: 'E2' });
    assert.deepEqual([(await ofAll())?.state, (await ofAll())?.members[1]?.held?.state], ['suspended', 'ended']);

    const listed = async (query: string) => {
      let queries = 0;
      const count = (): void => {
        queries += 1;
      };
      db.on('query', count);
      const { items } = (await issuer.get<Page>(`/certificates?${query}`)).body;
      db.off('query', count);
      return { queries, states: items.filter(({ typeCode }) => typeCode === 'ALL').map(({ state }) => state) };
    };
    const one = await listed('number=ALL-1');
    assert.deepEqual(one.states, ['suspended'], 'lists say it as the page does');
    await deliver(own, 'ALL2', { number: 'ALL-1', changed: at('03'), type: 'ALL' });
    assert.deepEqual(await listed('number=ALL-1'), { queries: one.queries, states: ['suspended', 'suspended'] });
    assert.deepEqual((await listed(`stream=${own.name}`)).states, ['suspended', 'suspended']);
    await db('catalog_entry').whereIn('type_code', ['ALL', 'E1', 'E2']).delete();
  });

  it('name the fields in which sources contradict one another', async () => {
    const { body } = await management.get<CertificateDetail>(pathOf('K1'));
    assert.deepEqual(
      body.conflicts.map(({ field, believed }) => [field, believed]),
      [['status', own.name]],
    );
    assert.equal(body.sources.length, 2);
  });

  it('are shown with their holders to those who may, who leave an audit entry', async () => {
    const masked = await management.get<CertificateDetail>(pathOf('K1'));
    assert.ok(!JSON.stringify(masked.body).includes(ID) && !JSON.stringify(masked.body).includes('一号院'));
    const before = (await looks()).length;
    const { body } = await management.get<CertificateDetail>(`${pathOf('K1')}?unmasked=true`);
    assert.equal(body.versions[0]?.holders[0]?.code, ID);
    assert.deepEqual((await looks()).slice(before), [{ object: `certificate/${own.name}/K1`, actor: 'management' }]);
    assert.equal((await auditor.get(`${pathOf('K1')}?unmasked=true`)).status, 403);
  });

  it('show marks of disputes, and the deadlines about them', async () => {
    const { db } = hub.database;
    await db.raw(
      `INSERT INTO case_file (id, kind, opened_at, changed_at) OVERRIDING SYSTEM VALUE VALUES (77, 'dispute', :now, :now)`,
      { now: NOW },
    );
    await db('dispute').insert({ id: 77, source: 'x', number: 'A-1', statement: 's', raised_at: NOW });
    await db('mark').insert({ dispute_id: 77, number: 'A-1', marked_at: NOW, marked_by: 'x' });
    await db('obligation').insert({
      rule: 'WX-20',
      article: '第二十条',
      duty: 'd',
      duty_kind: 'dispute-mark',
      basis: 'statutory',
      owner_code: own.unitCode,
      owner_name: own.unitName,
      subject: 'dispute/77',
      started_at: NOW,
      due_at: '2026-11-25T00:00:00+08:00',
      opened_at: NOW,
      changed_by: 'x',
    });
    const { body } = await issuer.get<CertificateDetail>(pathOf('K1'));
    assert.deepEqual(
      body.marks.map(({ dispute }) => dispute),
      [77],
    );
    assert.deepEqual(
      body.tasks.map(({ subject }) => subject),
      ['dispute/77'],
    );
  });

  it('have a file that is handed out as it was fetched, audited, and not once it is damaged', async () => {
    const { db } = hub.database;
    assert.equal((await management.get(`${pathOf('K1')}/file`)).status, 404);
    const content = Buffer.from('%PDF-1.7 certificate');
    const { hash, size } = await new FolderStore(hub.files).put(Readable.from([content]), 1000);
    await db('fetched_file').insert({
      stream_id: own.id,
      record_key: 'K1',
      content_hash: hash,
      size,
      fetched_at: NOW,
      signature: 'unsigned',
      signature_reason: JSON.stringify({ code: 'unsigned' }),
      seals: '[]',
      judged_at: NOW,
    });
    const cookie = await hub.cookieOf('management');
    const ask = () => hub.app.inject({ url: `/api/v1${pathOf('K1')}/file`, headers: { cookie } });
    const { rawPayload, statusCode } = await ask();
    assert.deepEqual([statusCode, rawPayload.toString()], [200, content.toString()]);
    assert.equal((await auditor.get(`${pathOf('K1')}/file`)).status, 403);
    assert.equal((await looks()).at(-1)?.object, `certificate/${own.name}/K1`);
    const { files } = (await management.get<CertificateDetail>(pathOf('K1'))).body;
    assert.deepEqual(
      files.map(({ signature, reason, seals, judgedAt }) => [signature, reason.zh, seals, judgedAt]),
      [['unsigned', '文件没有签章', [], NOW]],
    );
    writeFileSync(join(hub.files, pathOfFile(hash)), 'something else');
    assert.equal((await ask()).statusCode, 500);
  });

  it('tell of each seal who sealed, when, and whether it holds, in words', async () => {
    const revoked: FoundReason = { code: 'revoked', whose: 'signer', at: '2026-10-01T00:00:00+08:00' };
    const seals: Seal[] = [
      {
        reason: { code: 'sound', revocation: true },
        name: '某局电子证照专用章',
        signer: '某局',
        maker: '印章中心',
        signedAt: '2026-11-01T09:00:00+08:00',
      },
      { reason: revoked, name: null, signer: `张三 ${ID}`, maker: null, signedAt: null },
    ];
    await hub.database.db('fetched_file').insert({
      stream_id: own.id,
      record_key: 'K1',
      content_hash: 'h2',
      size: 1,
      fetched_at: NOW,
      signature: 'invalid',
      signature_reason: JSON.stringify(revoked),
      seals: JSON.stringify(seals),
      judged_at: NOW,
    });
    const shown = async (query = '') =>
      (await management.get<CertificateDetail>(`${pathOf('K1')}${query}`)).body.files[0];
    const file = await shown();
    assert.deepEqual(
      [file?.signature, file?.code, file?.reason.zh],
      ['invalid', 'revoked', '签章人的证书已于 2026-10-01 吊销'],
    );
    assert.deepEqual(
      file?.seals.map(({ signature, reason, signedAt }) => [signature, reason.zh, signedAt]),
      [
        ['valid', '签章成立，覆盖全文，未被吊销', '2026-11-01T09:00:00+08:00'],
        ['invalid', '签章人的证书已于 2026-10-01 吊销', null],
      ],
    );
    assert.deepEqual([file.seals[0]?.name, file.seals[0]?.maker], ['某局电子证照专用章', '印章中心']);
    assert.ok(!file.seals[1]?.signer?.includes(ID));
    assert.equal((await shown('?unmasked=true'))?.seals[1]?.signer, `张三 ${ID}`);
  });
});
