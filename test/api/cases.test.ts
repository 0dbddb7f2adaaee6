import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { disputeStage, DISPUTE_STAGES, type DisputeStage } from '../../domain/casework/dispute.ts';
import { listAudit } from '../../store/console/audit.ts';
import { findDispute } from '../../store/casework/disputes.ts';
import { noteUnits } from '../../store/ledger/units.ts';
import { ApiHub, type Answer, type Caller } from '../support/api.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const STREAM = 'housing-permits';
const STATEMENT = '有效期与纸质证照不一致';

type Body = Record<string, unknown>;
interface Row {
  id: number;
  stage: DisputeStage;
}
interface Rows<T = Row> {
  items: T[];
  next: string | null;
}

const problem = ({ status, body }: Answer, expected: number, code: string): void => {
  assert.equal(status, expected, JSON.stringify(body));
  assert.equal(body.code, code);
  // The requests name no language: Chinese.
  assert.match(body.title as string, /\p{Script=Han}/u);
};
const done = ({ status, body }: Answer): number => {
  assert.equal(status, 200, JSON.stringify(body));
  return body.id as number;
};

describe('cases in the API', () => {
  let hub: ApiHub;
  let issuer: Caller;
  let other: Caller;
  let user: Caller;
  let management: Caller;
  let engineer: Caller;
  let auditor: Caller;
  let unit: { code: string; name: string };
  const elsewhere = { code: '11320200MB0000001A', name: '市文化广电和旅游局' };
  const users = { code: '11320200MB0000002B', name: '市人力资源和社会保障局' };
  before(async () => {
    hub = await ApiHub.open(NOW);
    unit = { code: '11320200014006438B', name: '市住房和城乡建设局' };
    issuer = await hub.signedIn('issuer', unit, 'issuer');
    other = await hub.signedIn('issuer', elsewhere, 'other');
    user = await hub.signedIn('user', users, 'user');
    management = await hub.signedIn('management');
    engineer = await hub.signedIn('engineer');
    auditor = await hub.signedIn('auditor');
    const { db } = hub.database;
    await noteUnits(db, [unit, elsewhere, users]);
    const [stream] = await db('stream').where({ name: STREAM }).select<{ id: number }[]>('id');
    await db.raw(
      `INSERT INTO certificate (stream_id, record_key, number, type_code, name, issued_on, long_term, holders, status,
         raw_status, extension, content_hash, source_updated_at, batch_id, recorded_at)
       VALUES (:stream, 'k1', 'N-1', 'T', '证', '2025-01-01', true, '[]', 'valid', '1', '{}', '\\x00', :at, 0, :at)`,
      { stream: stream?.id ?? 0, at: new Date('2026-01-01') },
    );
  });
  after(() => hub.close());

  const raise = async (caller: Caller, number = 'N-1'): Promise<number> =>
    done(await caller.send('POST', '/disputes', { number, objector: '王某某', contact: '139', statement: STATEMENT }));
  const get = async (caller: Caller, path: string): Promise<Body> => {
    const { status, body } = await caller.get<Body>(path);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };

  describe('a dispute', () => {
    it('goes from its objector to the answer, each side doing its part, and every step is in the audit', async () => {
      const id = await raise(user);
      const path = `/disputes/${id}`;
      const first = await get(issuer, path);
      assert.deepEqual(first.can, ['receive', 'mark', 'verify']);
      done(await issuer.send('POST', `${path}/answer`, { action: 'receive' }));
      done(await issuer.send('POST', `${path}/answer`, { action: 'mark' }));
      done(await issuer.send('POST', `${path}/answer`, { action: 'verify', upheld: false, answer: '经核实无误' }));
      assert.deepEqual((await get(issuer, path)).can, []);
      done(await management.send('POST', `${path}/manage`, { action: 'tell', receipt: '通话 12' }));
      const last = await get(management, path);
      assert.equal(last.stage, 'closed');
      assert.deepEqual(last.marks, []);
      assert.deepEqual(
        (last.events as { what: string }[]).map(({ what }) => what),
        ['raised', 'handed over', 'receive', 'mark', 'verify', 'tell', 'mark lifted'],
      );
      const tasks = last.tasks as { kind: string; state: string }[];
      assert.deepEqual(tasks.map(({ kind, state }) => `${kind} ${state}`).sort(), [
        'dispute-answer met',
        'dispute-mark met',
      ]);
      const entries = await listAudit(hub.database.db, { object: `dispute/${id}`, limit: 50 });
      const deeds = entries.filter(({ action }) => action !== 'disputes:personal').toReversed();
      assert.deepEqual(
        deeds.map(({ actor, action, detail }) => [actor, action, detail.action ?? null]),
        [
          ['user', 'disputes:raise', null],
          ['issuer', 'disputes:answer', 'receive'],
          ['issuer', 'disputes:answer', 'mark'],
          ['issuer', 'disputes:answer', 'verify'],
          ['management', 'disputes:manage', 'tell'],
        ],
      );
      assert.ok(!JSON.stringify(entries).includes(STATEMENT));
    });

    it('is seen by its issuer and by the unit that raised it, and is to all other units as if it were not there', async () => {
      const id = await raise(user);
      const path = `/disputes/${id}`;
      const seen = async (caller: Caller): Promise<boolean> =>
        (await caller.get<Rows>('/disputes?limit=200')).body.items.some((row) => row.id === id);
      for (const caller of [issuer, user, management, auditor]) {
        assert.ok(await seen(caller));
        assert.equal((await caller.get(path)).status, 200);
      }
      assert.ok(!(await seen(other)));
      problem(await other.get(path), 404, 'case-unknown');
      problem(await other.send('POST', `${path}/answer`, { action: 'receive' }), 404, 'case-unknown');
    });

    it('shows who objects only to those who may know, and each of their readings is in the audit', async () => {
      const id = await raise(management);
      const path = `/disputes/${id}`;
      for (const caller of [auditor]) {
        const text = JSON.stringify(await get(caller, path));
        for (const secret of [STATEMENT, '王某某', '139"']) assert.ok(!text.includes(secret));
      }
      assert.equal((await get(issuer, path)).statement, STATEMENT);
      assert.equal((await get(management, path)).objector, '王某某');
      const entries = await listAudit(hub.database.db, {
        object: `dispute/${id}`,
        action: 'disputes:personal',
        limit: 9,
      });
      assert.deepEqual(
        entries.map(({ actor }) => actor),
        ['management', 'issuer'],
      );
      assert.ok(!JSON.stringify((await management.get('/disputes')).body).includes(STATEMENT));
    });

    it('refuses what cannot be done now, and a lost race says who was first', async () => {
      const id = await raise(management);
      const path = `/disputes/${id}`;
      const refused = await issuer.send('POST', `${path}/answer`, { action: 'correct', note: '已更正' });
      problem(refused, 409, 'case-refused');
      assert.equal(refused.body.title, '不能“登记更正”：现为“核实中”，须为“待告知”或“待更正”');
      const { version } = await get(issuer, path);
      done(await issuer.send('POST', `${path}/answer`, { action: 'receive' }, { 'if-match': `"${String(version)}"` }));
      const seen = String((await get(management, path)).version);
      done(
        await management.send(
          'POST',
          `${path}/manage`,
          { action: 'transfer', issuer: elsewhere.code },
          { 'if-match': seen },
        ),
      );
      const late = await management.send(
        'POST',
        `${path}/manage`,
        { action: 'withdraw', reason: 'x' },
        { 'if-match': seen },
      );
      problem(late, 409, 'changed-meanwhile');
      assert.equal(late.body.title, 'management 某 已于 2026-11-23 10:00 先行处理（送达发证单位）');
      const withdrawal = { action: 'withdraw', reason: 'x' };
      const english = { 'if-match': seen, 'accept-language': 'en' };
      const told = await management.send('POST', `${path}/manage`, withdrawal, english);
      assert.equal(told.body.title, 'management 某 was first, at 2026-11-23 10:00 (handed to the issuer)');
      assert.equal((await issuer.get(path)).status, 404);
      assert.equal((await get(other, path)).round, 2);
      const ahead = { action: 'receive', receivedAt: '2026-11-24T10:00:00+08:00' };
      problem(await other.send('POST', `${path}/answer`, ahead), 400, 'dispute-ahead');
      const unknown = { action: 'transfer', issuer: 'X' };
      problem(await management.send('POST', `${path}/manage`, unknown), 404, 'unit-unknown');
    });

    it('leaves the parts of each side to it', async () => {
      const path = `/disputes/${await raise(management)}`;
      problem(await issuer.send('POST', `${path}/manage`, { action: 'withdraw', reason: 'x' }), 403, 'forbidden');
      problem(await user.send('POST', `${path}/answer`, { action: 'receive' }), 403, 'forbidden');
      problem(await issuer.send('POST', `${path}/answer`, { action: 'tell', receipt: 'x' }), 400, 'request-invalid');
    });

    it('is answered by the issuer of the certificate alone, whoever raised it', async () => {
      const path = `/disputes/${await raise(other)}`;
      assert.deepEqual((await get(other, path)).can, []);
      const refused = await other.send('POST', `${path}/answer`, { action: 'receive' });
      problem(refused, 403, 'not-yours');
      assert.equal(refused.body.title, '只有发证单位可以“接收”');
      assert.deepEqual((await get(issuer, path)).can, ['receive', 'mark', 'verify']);
      done(await issuer.send('POST', `${path}/answer`, { action: 'receive' }));
      assert.deepEqual((await get(other, path)).stage, 'verifying', 'it sees what becomes of it');
    });

    it('is listed by its stage, as the domain names it, a page at a time', async () => {
      const { db } = hub.database;
      for (const stage of Object.keys(DISPUTE_STAGES)) {
        const { items } = (await management.get<Rows>(`/disputes?limit=200&stage=${stage}`)).body;
        for (const { id, stage: shown } of items) {
          assert.equal(shown, stage);
          assert.equal(disputeStage((await findDispute(db, id))!), stage);
        }
      }
      const all = (await management.get<Rows>('/disputes?limit=200')).body.items.map(({ id }) => id);
      assert.ok(all.length >= 5);
      const paged: number[] = [];
      for (let next: string | null = ''; next !== null;) {
        const { body }: Answer<Rows> = await management.get<Rows>(
          `/disputes?limit=2${next === '' ? '' : `&after=${next}`}`,
        );
        paged.push(...body.items.map(({ id }) => id));
        next = body.next;
      }
      assert.deepEqual(paged, all);
    });
  });

  describe('an outage', () => {
    const report = (more: object = {}): object => ({
      streams: [STREAM],
      kinds: ['collect'],
      cause: '断电',
      beganAt: '2026-11-22T10:00:00+08:00',
      ...more,
    });
    const foreign = 'culture-permits';

    it('is reported by an issuer for its own streams only', async () => {
      problem(await other.send('POST', '/outages', report()), 404, 'stream-unknown');
      problem(await issuer.send('POST', '/outages', report({ streams: [STREAM, foreign] })), 404, 'stream-unknown');
      const choices = await get(issuer, '/outages/streams');
      assert.deepEqual(
        (choices.items as { id: string }[]).map(({ id }) => id),
        [STREAM],
      );
      const ahead = report({ beganAt: '2026-11-24T10:00:00+08:00' });
      const refused = await issuer.send('POST', '/outages', ahead);
      problem(refused, 400, 'outage-ahead');
      assert.equal(refused.body.title, '时间 2026-11-24 10:00:00 晚于当前时间');
    });

    it('says what its streams owe and what has come, from the beginning to the recovery', async () => {
      const { db } = hub.database;
      const id = done(await issuer.send('POST', '/outages', report()));
      const path = `/outages/${id}`;
      const { streams: stopped, can, stage } = await get(engineer, path);
      assert.equal(stage, 'stopped');
      assert.deepEqual(can, { recover: [STREAM], relapse: [], withdraw: true, confirm: false, paper: [STREAM] });
      const [whole] = stopped as Body[];
      const since = Date.parse(String(whole?.from));
      assert.equal(whole?.expectedMinutes, Math.round((Date.parse(NOW) - since) / 60_000));
      assert.equal(whole.missingMinutes, whole.expectedMinutes);

      const recover = { action: 'recover', recoveredAt: '2026-11-23T09:00:00+08:00' };
      problem(await issuer.send('POST', `${path}/actions`, recover), 403, 'forbidden');
      done(await engineer.send('POST', `${path}/actions`, recover));
      await db.raw(
        `UPDATE coverage SET times = times + tstzmultirange(tstzrange('2026-11-23 08:00+08', '2026-11-23 08:30+08'))
         WHERE stream_id = (SELECT id FROM stream WHERE name = ?)`,
        [STREAM],
      );
      const read = (from: string, to: string, closed: string, state = 'complete') =>
        db.raw(
          `INSERT INTO batch (stream_id, purpose, workflow_id, read_from, read_to, declared, state, opened_at, closed_at)
           SELECT id, 'backfill', '', ?, ?, 0, ?, ?, ? FROM stream WHERE name = ?`,
          [from, to, state, closed, closed, STREAM],
        );
      const day = '2026-11-23T';
      await read(`${day}08:00:00+08:00`, `${day}08:20:00+08:00`, `${day}10:01:00+08:00`);
      await read(`${day}08:10:00+08:00`, `${day}08:30:00+08:00`, `${day}10:02:00+08:00`);
      await read(`${day}08:00:00+08:00`, `${day}08:30:00+08:00`, `${day}10:03:00+08:00`);
      await read(`${day}08:30:00+08:00`, `${day}08:50:00+08:00`, `${day}10:04:00+08:00`, 'different');
      const after = await get(issuer, path);
      assert.equal(after.stage, 'backfilling');
      const lost = Number((after.streams as Body[])[0]?.expectedMinutes);
      // The third read brought nothing new, and the fourth came out different.
      assert.deepEqual(after.burnDown, [
        { at: `${day}10:01:00+08:00`, minutes: lost - 20 },
        { at: `${day}10:02:00+08:00`, minutes: lost - 30 },
      ]);
      const [part] = after.streams as (Body & { missing: { from: string; to: string }[] })[];
      assert.equal(part?.to, '2026-11-23T09:00:00+08:00');
      assert.equal(Number(part.expectedMinutes) - Number(part.missingMinutes), 30);
      assert.deepEqual(
        part.missing.map(({ to }) => to),
        ['2026-11-23T08:00:00+08:00', '2026-11-23T09:00:00+08:00'],
      );
      done(await management.send('POST', `${path}/actions`, { action: 'relapse', reason: '再次断电' }));
      assert.deepEqual((await get(management, path)).can, {
        recover: [STREAM],
        relapse: [],
        withdraw: true,
        confirm: true,
        paper: [STREAM],
      });
      done(await management.send('POST', `${path}/actions`, { action: 'withdraw', reason: '误报' }));
      const late = await management.send('POST', `${path}/actions`, recover);
      problem(late, 409, 'case-refused');
      assert.equal(late.body.title, '不能“确认故障排除”：现为“已撤回”，须为“未恢复”');
    });

    it('is confirmed by the management unit alone, with its document, for the time that the evidence covers', async () => {
      const path = `/outages/${done(await issuer.send('POST', '/outages', report()))}`;
      const covered = { to: '2026-11-22T18:00:00+08:00', document: '锡数〔2026〕8号' };
      for (const caller of [issuer, engineer])
        problem(await caller.send('POST', `${path}/confirmation`, covered), 403, 'forbidden');
      problem(await management.send('POST', `${path}/confirmation`, { to: covered.to }), 400, 'request-invalid');
      const before = await get(issuer, path);
      assert.deepEqual([before.confirmedAt, before.document], [null, null]);
      const early = { ...covered, from: '2026-11-21T10:00:00+08:00' };
      problem(await management.send('POST', `${path}/confirmation`, early), 409, 'case-refused');
      done(await management.send('POST', `${path}/confirmation`, covered));
      const after = await get(issuer, path);
      assert.ok(after.confirmedAt);
      assert.equal(after.document, covered.document);
      problem(await management.send('POST', `${path}/confirmation`, covered), 409, 'case-refused');
    });

    it('takes records that were made on paper for a stream that it stops, the same file once', async () => {
      const id = done(await issuer.send('POST', '/outages', report()));
      const path = `/outages/${id}/paper`;
      const builders = JSON.stringify([{ name: '甲公司', code: '91320200MA1MABCD12', kind: 'ORG' }]).replaceAll(
        '"',
        '""',
      );
      const sheet =
        'id,permitNo,organName,organCode,issueDate,validFrom,validTo,builders,state,deleted,updateTime,site.address\n' +
        `p1,3202(2026)p1,无锡市住房和城乡建设局,11320200014006438B,2026-11-22,2026-11-22,2028-11-22,"${builders}",01,0,` +
        '2026-11-22 12:00:00,人民路1号\n';
      const file = (content: string, name = '台账.csv') => ({
        stream: STREAM,
        file: { name, content: Buffer.from(content).toString('base64') },
      });
      const { body } = await issuer.send('POST', path, file(sheet));
      assert.deepEqual(
        { ...body, rejected: 0, accepted: 1 },
        { read: 1, accepted: 1, unchanged: 0, rejected: 0, known: false },
      );
      const again = await issuer.send('POST', path, file(sheet));
      assert.equal(again.body.known, true);
      assert.deepEqual(
        ((await get(issuer, `/outages/${id}`)).paper as Body[]).map(({ stream, read }) => [stream, read]),
        [[STREAM, 1]],
      );
      for (const name of ['台账.pdf', '../台账.csv', '..']) {
        const refused = await issuer.send('POST', path, file(sheet, name));
        problem(refused, 400, 'request-invalid');
        assert.deepEqual((refused.body.fields as { path: string }[])[0]?.path, 'file');
      }
      problem(await issuer.send('POST', path, file('a,b\n1,2\n')), 400, 'file-columns');
      problem(await issuer.send('POST', path, { ...file(sheet), stream: foreign }), 404, 'stream-unknown');
      assert.equal((await other.send('POST', path, file(sheet))).status, 404);
      assert.equal(
        (await hub.database.db('audit').where({ action: 'outages:report', object: `outage/${id}` })).length,
        3,
      );
    });

    it('keeps its evidence as it was handed in, for those who see it', async () => {
      const content = Buffer.from([0, 255, 10, 13, 128]);
      const evidence = { name: '停机 说明.pdf', content: content.toString('base64') };
      const id = done(await issuer.send('POST', '/outages', report({ evidence })));
      const path = `/outages/${id}/evidence`;
      const { cookie } = await hub
        .ask({ method: 'POST', url: '/session', payload: { login: 'issuer', password: 'long enough to guess' } })
        .then(({ headers }) => ({ cookie: String(headers['set-cookie']).split(';')[0] ?? '' }));
      const answer = await hub.app.inject({ url: `/api/v1${path}`, headers: { cookie } });
      assert.equal(answer.statusCode, 200);
      assert.ok(answer.rawPayload.equals(content));
      assert.match(String(answer.headers['content-disposition']), /filename\*=UTF-8''%E5%81%9C/);
      assert.equal((await other.get(path)).status, 404);
      problem(
        await issuer.send('POST', '/outages', report({ evidence: { name: 'x', content: '%%' } })),
        400,
        'request-invalid',
      );
    });

    it('shows a unit its own streams of one that stops several units', async () => {
      const id = done(await management.send('POST', '/outages', report({ streams: [STREAM, foreign] })));
      const names = async (caller: Caller): Promise<string[]> =>
        ((await get(caller, `/outages/${id}`)).streams as { stream: string }[]).map(({ stream }) => stream);
      assert.deepEqual(await names(management), [foreign, STREAM]);
      assert.deepEqual(await names(issuer), [STREAM]);
      assert.equal((await other.get(`/outages/${id}`)).status, 404);
    });
  });

  describe('a share request', () => {
    it('is seen by who requested it and by those who were asked, and is decided once', async () => {
      const wanted = { wanted: '不动产权证书', scenario: '积分落户' };
      const id = done(await user.send('POST', '/share-requests', wanted));
      const path = `/share-requests/${id}`;
      assert.equal((await get(user, path)).unitCode, users.code);
      assert.deepEqual((await get(user, path)).can, ['say', 'withdraw']);
      problem(await issuer.get(path), 404, 'case-unknown');
      done(await management.send('POST', `${path}/ask`, { units: [unit.code] }));
      const asked = await get(issuer, path);
      assert.deepEqual(asked.asked, [unit]);
      assert.deepEqual(asked.can, ['say']);
      assert.ok((await issuer.get<Rows>('/share-requests')).body.items.some((row) => row.id === id));
      assert.equal((await other.get(path)).status, 404);

      problem(await issuer.send('POST', `${path}/withdraw`, { reason: 'x' }), 403, 'forbidden');
      done(await issuer.send('POST', `${path}/say`, { opinion: '可接口共享' }));
      problem(await issuer.send('POST', `${path}/say`, { opinion: 'x', unit: elsewhere.code }), 404, 'unit-unknown');
      done(await management.send('POST', `${path}/decide`, { outcome: 'granted', text: '开通接口' }));
      const decided = await get(user, path);
      assert.deepEqual(
        (decided.opinions as { unitName: string; opinion: string }[]).map(({ unitName, opinion }) => [
          unitName,
          opinion,
        ]),
        [[unit.name, '可接口共享']],
      );
      assert.deepEqual([decided.outcome, decided.can], ['granted', []]);
      const [task] = (decided.tasks as { kind: string; state: string }[]).filter(
        ({ kind }) => kind === 'share-decision',
      );
      assert.equal(task?.state, 'met');
      const again = await user.send('POST', `${path}/withdraw`, { reason: 'x' });
      problem(again, 409, 'case-refused');
      assert.equal(again.body.title, '不能“撤回申请”：现为“同意”，须为“待解决”');
      const entries = await listAudit(hub.database.db, { object: `share/${id}`, limit: 9 });
      assert.deepEqual(
        entries.map(({ actor, action }) => `${actor} ${action}`),
        ['management share:decide', 'issuer share:say', 'management share:decide', 'user share:request'],
      );
    });

    it('is filed for one’s own unit only', async () => {
      const given = { wanted: 'x', scenario: 'y', unit: elsewhere.code };
      problem(await user.send('POST', '/share-requests', given), 404, 'unit-unknown');
      const id = done(await management.send('POST', '/share-requests', given));
      assert.equal((await get(management, `/share-requests/${id}`)).unitName, elsewhere.name);
      assert.equal((await user.get(`/share-requests/${id}`)).status, 404);
      const ahead = { wanted: 'x', scenario: 'y', neededAt: '2027-01-01T00:00:00+08:00' };
      problem(await user.send('POST', '/share-requests', ahead), 400, 'share-ahead');
    });

    it('has no statutory term where the regulation sets none, and says so', async () => {
      const ordos = await ApiHub.open(NOW, 'ordos');
      try {
        const caller = await ordos.signedIn('management');
        const id = done(await caller.send('POST', '/share-requests', { wanted: 'x', scenario: 'y' }));
        const { hasTerm, tasks } = (await caller.get(`/share-requests/${id}`)).body;
        assert.deepEqual([hasTerm, tasks], [false, []]);
      } finally {
        await ordos.close();
      }
    });
  });
});
