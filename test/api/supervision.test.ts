import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Permission } from '../../domain/access.ts';
import { sheetsOf } from '../support/sheets.ts';
import { sheetRows } from '../../domain/spreadsheet.ts';
import type { Basis } from '../../domain/basis.ts';
import type { FigureId } from '../../domain/supervision/figures.ts';
import { addDays, DAY_MS, shanghaiDate } from '../../domain/dates.ts';
import { shortfallInWords } from '../../domain/supervision/shortfall.ts';
import { workExport } from '../../server/api/console/export-work.ts';
import type { FindingDetail } from '../../server/api/supervision/findings.ts';
import type { ShortfallView } from '../../server/api/supervision/figures.ts';
import { noteCalendar, saveCalendar } from '../../store/ledger/calendar.ts';
import { fileContact } from '../../store/ledger/contacts.ts';
import { takeExport } from '../../store/console/exports.ts';
import { openObligations } from '../../store/ledger/obligations.ts';
import { claimReminders, listReminders } from '../../store/ledger/reminders.ts';
import { listInspections, runPatrol } from '../../store/supervision/inspections.ts';
import { calendarInForce } from '../../store/apply-config.ts';
import { fillStream } from '../support/library.ts';
import { ApiHub, type Answer, type Caller } from '../support/api.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const OWN = { code: '11320200014006438B', name: '市住房和城乡建设局' };
const OTHER = { code: '11320200014006470N', name: '=市教育局' };

interface Listed {
  items: { id: number; unitCode: string; stage: string; subject: string; notices: string[] }[];
  next: string | null;
}
interface Detail {
  version: string;
  stage: string;
  actions: string[];
  comparable: boolean;
  given: { id: number; number: string }[];
  tasks: { id: number; dueAt: string }[];
}
interface Made {
  id: number;
  state: string;
  rows: number;
  total: number | null;
}
interface Looked {
  id: number;
  kind: string;
  seed: number | null;
  by: string;
  finishedAt: string | null;
  findings: number[];
}
interface Fault {
  code: string;
  title: string;
  fields?: { path: string }[];
}

/** Deadlines of both units that came due long ago, and what a patrol makes of them. */
async function hubWithFindings(): Promise<ApiHub> {
  const hub = await ApiHub.open(NOW, 'wuxi');
  const who = { by: 'hub', at: new Date('2026-11-02T09:00:00+08:00') };
  await saveCalendar(hub.database.db, calendarInForce(hub.config), who.at);
  await noteCalendar(hub.database.db, '2026');
  for (const { code, name } of [OWN, OTHER])
    await openObligations(
      hub.database.db,
      'dispute-answer',
      Array.from({ length: 30 }, (_, index) => ({
        subject: `dispute/${code}-${index}`,
        ownerCode: code,
        ownerName: name,
        startedAt: who.at,
      })),
      who,
    );
  await runPatrol(hub.database.db, hub.config.jurisdiction.supervision.patrol, { by: '李处长', at: new Date(NOW) });
  return hub;
}

/** As somebody who signed in, by a token: a session does not outlast the days that tests go ahead. */
async function lasting(hub: ApiHub, caller: Caller, scopes: readonly Permission[]): Promise<Caller> {
  const { body } = await caller.send<{ token: string }>('POST', '/tokens', { label: 'test', scopes, days: 100 });
  return hub.caller({ authorization: `Bearer ${body.token}` });
}

describe('supervision through the API', () => {
  let hub: ApiHub;
  let management: Caller;
  let issuer: Caller;
  let finding: number;
  before(async () => {
    hub = await hubWithFindings();
    const scopes = ['supervision:read', 'supervision:answer', 'supervision:order', 'tasks:read'] as const;
    management = await lasting(hub, await hub.signedIn('management'), scopes);
    issuer = await lasting(hub, await hub.signedIn('issuer', OWN), scopes);
    const { body } = await issuer.get<Listed>('/findings');
    finding = body.items[0]!.id;
  });
  after(() => hub.close());

  const see = async (id = finding, who = management): Promise<Detail> =>
    (await who.get<Detail>(`/findings/${id}`)).body;
  const match = ({ version }: { version: string }) => ({ 'if-match': `"${version}"` });

  it('shows each unit its own findings, a page after another, and none of anybody else’s', async () => {
    const all: Listed['items'] = [];
    for (let next: string | null = ''; next !== null;) {
      const { body }: { body: Listed } = await management.get<Listed>(`/findings?limit=1${next && `&after=${next}`}`);
      all.push(...body.items);
      ({ next } = body);
    }
    assert.deepEqual(new Set(all.map(({ unitCode }) => unitCode)), new Set([OWN.code, OTHER.code]));
    assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
    const { body: own } = await issuer.get<Listed>('/findings');
    assert.deepEqual(
      own.items.map(({ id }) => id),
      all.filter(({ unitCode }) => unitCode === OWN.code).map(({ id }) => id),
    );
    const foreign = all.find(({ unitCode }) => unitCode === OTHER.code)!;
    assert.equal((await issuer.get(`/findings/${foreign.id}`)).status, 404);
    assert.equal((await issuer.send('POST', `/findings/${foreign.id}/done`, { note: 'x' })).status, 404);
  });

  it('takes a finding up the ladder to a notice, which is only of what is overdue', async () => {
    assert.deepEqual((await see()).actions, ['order', 'dismiss', 'transfer']);
    const path = `/findings/${finding}`;
    const { body: wrong } = await management.send<Fault>('POST', `${path}/order`, { demand: ' ', days: 0 });
    assert.deepEqual(wrong.fields?.map((field) => field.path).toSorted(), ['days', 'demand']);

    const before = await see();
    const ordered = await management.send('POST', `${path}/order`, { demand: '补齐', days: 2 }, match(before));
    assert.deepEqual([ordered.status, ordered.body.stage], [200, 'ordered']);
    const late = await management.send<Fault>('POST', `${path}/dismiss`, { reason: '误报' }, match(before));
    assert.equal(late.status, 409);
    assert.match(late.body.title, /management 某 已于 2026-11-23 10:00 先行处理/);
    assert.deepEqual((await see()).actions, ['report', 'transfer']);
    const early = await management.send<Fault>('POST', `${path}/notice`, { number: '锡证督〔2026〕1号' });
    assert.deepEqual([early.status, early.body.code], [409, 'not-overdue']);
    assert.match(early.body.title, /逾期未改正/);

    hub.nowMs = Date.parse('2026-11-26T09:00:00+08:00');
    assert.deepEqual((await see()).actions, ['report', 'transfer', 'notice']);
    assert.deepEqual((await see(finding, issuer)).actions, ['report']);
    const given = await management.send<{ notice: number }>('POST', `${path}/notice`, { number: '锡证督〔2026〕1号' });
    assert.equal(given.status, 200);
    const { body: notice } = await issuer.get<{ document: string; number: string }>(`/notices/${given.body.notice}`);
    assert.equal(notice.number, '锡证督〔2026〕1号');
    assert.match(notice.document, /补齐/);
    assert.match(notice.document, /督办函/);
    assert.doesNotMatch(
      notice.document,
      /第[一二三四五六七八九十]+条|责令|通报/,
      'no article of the regulation has it',
    );
    const done = await issuer.send('POST', `${path}/done`, { note: '已补齐' });
    assert.equal(done.body.stage, 'reported');

    const { rows: entries } = await hub.database.db.raw<{ rows: { action: string; actor: string }[] }>(
      'SELECT action, actor FROM audit WHERE object = ? ORDER BY id',
      [`rectification/${finding}`],
    );
    assert.deepEqual(
      entries.map(({ action, actor }) => `${actor} ${action}`),
      ['management supervision:order', 'management supervision:order', 'issuer supervision:answer'],
    );
  });

  it('lists as noticed exactly what the first page counts, also after its unit has answered', async () => {
    const { body: overview } = await management.get<{ noticed: { now: number } }>('/overview');
    const { body } = await management.get<Listed>('/findings?stage=noticed');
    assert.equal(overview.noticed.now, 1);
    assert.deepEqual(
      body.items.map(({ id, stage }) => [id, stage]),
      [[finding, 'reported']],
    );
    const passed = await management.send('POST', `/findings/${finding}/recheck`, {
      passed: true,
      note: '合格',
    });
    assert.equal(passed.body.stage, 'passed');
    assert.deepEqual((await management.get<Listed>('/findings?stage=noticed')).body.items, []);
    assert.equal((await management.get<{ noticed: { now: number } }>('/overview')).body.noticed.now, 0);
  });

  it('refuses a number that another notice has, beside its field', async () => {
    const { body } = await management.get<Listed>('/findings');
    const { id } = body.items.find(({ unitCode }) => unitCode === OTHER.code)!;
    await management.send('POST', `/findings/${id}/order`, { demand: '改', days: 1 });
    hub.nowMs = Date.parse('2026-12-01T09:00:00+08:00');
    const taken = await management.send<Fault>('POST', `/findings/${id}/notice`, {
      number: '锡证督〔2026〕1号',
    });
    assert.deepEqual([taken.status, taken.body.fields?.map(({ path }) => path)], [400, ['number']]);
    assert.equal((await see(id)).stage, 'ordered');
  });

  it('takes a finding that the management unit enters by hand, keeps its evidence, and shows it to its unit alone', async () => {
    const content = Buffer.from('{"seen":true}');
    const evidence = { name: '记录.json', content: content.toString('base64') };
    const given = { unit: OTHER.code, facts: '窗口拒收电子营业执照', evidence };
    assert.equal((await issuer.send('POST', '/findings', given)).status, 403);
    const lacking = await management.send<Fault>('POST', '/findings', { unit: OTHER.code, facts: ' ' });
    assert.deepEqual(lacking.body.fields?.map(({ path }) => path).toSorted(), ['evidence', 'facts']);
    const listed = await management.send<Fault>('POST', '/findings', { ...given, item: '四' });
    assert.deepEqual([listed.body.code, listed.body.fields?.[0]?.path], ['item-unknown', 'item']);
    const foreign = await management.send<Fault>('POST', '/findings', { ...given, unit: '11320200000000000X' });
    assert.equal(foreign.status, 404);
    const { body: made } = await management.send<{ id: number }>('POST', '/findings', given);
    const path = `/findings/${made.id}`;
    const { body: found } = await management.get<FindingDetail>(path);
    const sha256 = hash('sha256', content);
    assert.deepEqual(
      [found.kind, found.unit, found.item, found.evidenceName, found.evidenceSha256],
      ['hand', '市教育局', null, '记录.json', sha256],
    );
    assert.deepEqual(
      found.events.map(({ by, what, detail }) => [by, what, detail.sha256]),
      [['management 某', '已发现', sha256]],
    );
    const file = await management.get(`${path}/evidence`);
    assert.deepEqual([file.status, file.body], [200, { seen: true }]);
    assert.equal((await issuer.get(`${path}/evidence`)).status, 404);
    assert.equal((await management.get(`/findings/${finding}/evidence`)).status, 404, 'a patrol has no file');

    const transfer = { to: '市纪委监委', reference: '锡数移〔2026〕1号', reason: '涉嫌违纪' };
    assert.equal((await issuer.send('POST', `${path}/transfer`, transfer)).status, 403);
    const missing = await management.send<Fault>('POST', `${path}/transfer`, { reason: 'x' });
    assert.deepEqual(missing.body.fields?.map((field) => field.path).toSorted(), ['reference', 'to']);
    assert.equal((await management.send('POST', `${path}/transfer`, transfer)).body.stage, 'transferred');
    assert.deepEqual((await see(made.id)).actions, []);
    const entries = await hub.database
      .db('audit')
      .where({ object: `rectification/${made.id}`, action: 'supervision:order' })
      .orderBy('id')
      .pluck<{ kind?: string; action?: string; authority?: string }[]>('detail');
    assert.deepEqual(
      entries.map(({ kind, action, authority }) => kind ?? `${action} ${authority}`),
      ['hand', 'transfer 市纪委监委'],
    );
  });

  it('patrols when the management unit asks, and nobody else', async () => {
    assert.equal((await issuer.send('POST', '/inspections/patrol')).status, 403);
    const { status, body } = await management.send<{ id: number; found: number[] }>('POST', '/inspections/patrol');
    assert.equal(status, 200);
    assert.ok(body.id > 0);
  });

  it('begins no sample that nothing would compare, and says why', async () => {
    const secrets = {
      HUB_DEMO_HOUSING_URL: 'http://127.0.0.1:1',
      HUB_DEMO_HOUSING_SECRET: 's',
      HUB_DEMO_POLICE_SECRET: 's',
    };
    Object.assign(process.env, secrets);
    after(() => Object.keys(secrets).forEach((name) => Reflect.deleteProperty(process.env, name)));
    const send = (body: object, who = management) => who.send<Fault>('POST', '/inspections/sample', body);
    const { db } = hub.database;
    const of = (stream: string) => ({ stream, size: 5 });
    const begun = async (): Promise<number> => (await listInspections(db, { limit: 200 })).length;
    const kept = await begun();
    assert.equal((await send(of('housing-permits'), issuer)).status, 403);
    assert.equal((await send(of('nothing'))).body.code, 'stream-unknown');
    assert.equal((await send(of('housing-permits'))).body.code, 'no-records');
    assert.equal((await send(of('police-permits'))).body.code, 'not-provable', 'an inbox lists nothing again');
    assert.deepEqual(
      (await send({ ...of('housing-permits'), size: 501 })).body.fields?.map(({ path }) => path),
      ['size'],
    );
    await fillStream(db, new Date(NOW), 'housing-permits', 9, `timestamptz '${NOW}' - n * interval '1 hour'`);
    const away = await send(of('housing-permits'));
    assert.deepEqual([away.status, away.body.code], [503, 'temporal-away']);
    assert.equal(await begun(), kept, 'nothing is left of them');
  });

  it('looks again only at what was found by its records', async () => {
    const compare = (who: Caller) => who.send<Fault>('POST', `/findings/${finding}/compare`, {});
    assert.equal((await issuer.send('POST', `/findings/${finding}/compare`, {})).status, 403);
    assert.deepEqual(
      [(await compare(management)).status, (await compare(management)).body.code],
      [409, 'not-by-records'],
    );
    assert.equal((await see()).comparable, false);
  });

  it('asks for certificates as user units do, and lists what came of it to whom it concerns', async () => {
    const { status, body } = await management.send<Made>('POST', '/inspections/trial', { size: 3, seed: 7 });
    assert.equal(status, 200);
    const list = async (who: Caller) => (await who.get<{ items: Looked[] }>('/inspections')).body.items;
    const [trial, patrol] = await list(management);
    assert.deepEqual([trial?.id, trial?.kind, trial?.seed, trial?.by], [body.id, 'trial', 7, 'management 某']);
    assert.ok(trial?.finishedAt && patrol?.kind === 'patrol');
    const { body: seen } = await issuer.get<Listed>('/findings?ended=yes&limit=200');
    const own = (await list(issuer)).flatMap(({ findings }) => findings);
    assert.deepEqual(own.toSorted(), seen.items.map(({ id }) => id).toSorted(), 'findings of its own unit alone');
    assert.ok((await list(management)).flatMap(({ findings }) => findings).length > own.length);
    const { rows } = await hub.database.db.raw<{ rows: { detail: object }[] }>(
      'SELECT detail FROM audit WHERE object = ?',
      [`inspection/${body.id}`],
    );
    assert.deepEqual(rows, [{ detail: { kind: 'trial', size: 3, seed: 7, found: 0 } }]);
  });
});

describe('figures through the API', () => {
  let hub: ApiHub;
  let management: Caller;
  let issuer: Caller;
  before(async () => {
    hub = await hubWithFindings();
    management = await hub.signedIn('management');
    issuer = await hub.signedIn('issuer', OWN);
  });
  after(() => hub.close());

  interface Figures {
    from: string;
    to: string;
    ranking: { by: string; words: { zh: string } };
    units: {
      code: string;
      rank: Record<Basis, number | null> | null;
      figures: Record<FigureId, { numerator: number; denominator: number }>;
    }[];
  }

  it('count as many deadlines as the list that they lead to has, also of those due at 24:00 of the last day', async () => {
    const { body: overdue } = await management.get<Listed & { items: { dueAt: string }[] }>(
      '/tasks?state=overdue&limit=1',
    );
    // The day that all of them end with, as the law writes it.
    const last = addDays(shanghaiDate(Date.parse(overdue.items[0]!.dueAt)), -1);
    for (const [from, to, expected] of [
      [last, last, 30],
      [addDays(last, 1), addDays(last, 1), 0],
    ] as const) {
      const { body } = await management.get<Figures>(`/figures?from=${from}&to=${to}`);
      const lacks = body.units
        .filter(({ code }) => code === OWN.code)
        .map(({ figures: { statutoryTasks } }) => statutoryTasks.denominator - statutoryTasks.numerator);
      const { body: tasks } = await management.get<Listed>(
        `/tasks?state=overdue,met%20late&basis=statutory&unit=${OWN.code}&dueFrom=${from}&dueTo=${to}&limit=200`,
      );
      assert.deepEqual([lacks[0] ?? 0, tasks.items.length], [expected, expected], `${from} to ${to}`);
    }
  });

  it('are of the month that it is, of a year, and of a unit for that unit, without a rank', async () => {
    const { body: month } = await management.get<Figures>('/figures');
    assert.deepEqual([month.from, month.to], ['2026-11-01', '2026-11-30']);
    assert.ok(month.units.length > 1 && month.units.every(({ rank }) => rank !== null));
    assert.equal(month.ranking.by, 'records');
    assert.match(month.ranking.words.zh, /法定名次按法定及时率/);
    // By records: of units whose streams owe no day, nothing was due, and they are not first with 100 %.
    const school = month.units.find(({ code }) => code === OTHER.code)!;
    assert.deepEqual(school.rank, { statutory: null, internal: null });
    assert.deepEqual(school.figures.statutoryTimeliness, { numerator: 0, denominator: 0 });
    const { body: year } = await issuer.get<Figures>('/figures?period=2026');
    assert.deepEqual([year.from, year.to], ['2026-01-01', '2026-12-31']);
    assert.deepEqual(
      year.units.map(({ code, rank }) => [code, rank]),
      [[OWN.code, null]],
    );
    const { status, body } = await management.get<Fault>('/figures?from=2026-02-01');
    assert.deepEqual([status, body.fields?.map(({ path }) => path)], [400, ['to']]);
  });

  it('name what they lack, to each unit its own', async () => {
    const { body } = await issuer.get<ShortfallView>('/figures/statutoryTasks/shortfall?period=2026-11');
    assert.equal(body.items.length, 30);
    const [first] = body.items;
    assert.ok(first?.what === 'deadline' && first.state === 'overdue');
    assert.match(shortfallInWords(first).zh, /^\p{Script=Han}+，逾期（\S+ 第/u);
    assert.ok(body.items.every(({ unit }) => unit === OWN.name));
  });
});

describe('exports', () => {
  let hub: ApiHub;
  let management: Caller;
  let issuer: Caller;
  let cookie: string;
  before(async () => {
    hub = await hubWithFindings();
    management = await hub.signedIn('management');
    issuer = await hub.signedIn('issuer', OWN);
    const { headers } = await hub.ask({
      method: 'POST',
      url: '/session',
      payload: { login: 'management', password: 'long enough to guess' },
    });
    cookie = String(headers['set-cookie']).split(';')[0] ?? '';
  });
  after(() => hub.close());

  async function file(id: number, of = cookie): Promise<Record<string, string[][]>> {
    const { rawPayload, statusCode } = await hub.app.inject({
      url: `/api/v1/exports/${id}/file`,
      headers: { cookie: of },
    });
    assert.equal(statusCode, 200);
    const book = sheetsOf(rawPayload);
    return Object.fromEntries(
      [...book.keys()].map((name) => [name, sheetRows(book, name).map((row) => row.map((cell) => String(cell ?? '')))]),
    );
  }

  it('have the rows of the list on the screen, a sheet that says what they are, and no formula', async () => {
    const filter = { state: 'overdue', kind: 'dispute-answer', unit: OTHER.code };
    const { body } = await management.send<Made>('POST', '/exports/tasks', filter);
    assert.deepEqual([body.state, body.rows], ['done', 30]);
    const { 说明: about = [], 时限任务: rows = [] } = await file(body.id);
    const said = new Map(about.map(([label = '', value = '']) => [label, value]));
    assert.deepEqual(
      ['筛选：状态', '筛选：事项', '筛选：责任单位', '行数', '导出人'].map((label) => said.get(label)),
      ['逾期', '异议核实答复', OTHER.code, '30', 'management 某'],
    );
    assert.match(said.get('日历版本') ?? '', /2026/);
    const { body: listed } = await management.get<Listed>(
      `/tasks?state=overdue&kind=dispute-answer&unit=${OTHER.code}&limit=200`,
    );
    const [head = [], ...cells] = rows;
    assert.deepEqual(
      cells.map((row) => row[head.indexOf('编号')]),
      listed.items.map(({ id }) => String(id)),
    );
    assert.ok(cells.every((row) => row[head.indexOf('责任单位')] === "'=市教育局"));
    const { rows: entries } = await hub.database.db.raw<{ rows: { detail: unknown }[] }>(
      `SELECT detail FROM audit WHERE action = 'export' AND object = ?`,
      [`export/${body.id}`],
    );
    assert.deepEqual(entries, [
      { detail: { what: 'tasks', 状态: '逾期', 事项: '异议核实答复', 责任单位: OTHER.code } },
    ]);
  });

  it('of cases, streams and the audit have the rows of their lists, with the filter', async () => {
    const auditor = await hub.signedIn('auditor');
    const auditing = await hub.cookieOf('auditor');
    const user = await hub.signedIn('user', OTHER);
    const opened = ({ status, body }: Answer): string => {
      assert.equal(status, 200, JSON.stringify(body));
      return String(body.id);
    };
    const dispute = (number: string) => user.send('POST', '/disputes', { number, statement: '姓名有误' });
    const first = opened(await dispute('DZ-1'));
    const second = opened(await dispute('DZ-2'));
    const { body: choices } = await issuer.get<{ items: { id: string }[] }>('/outages/streams');
    const streams = choices.items.map(({ id }) => id);
    const fault = { streams, kinds: ['collect'], cause: '机房停电', beganAt: NOW };
    const outage = opened(await issuer.send('POST', '/outages', fault));
    const share = opened(await user.send('POST', '/share-requests', { wanted: '不动产权证书', scenario: '入学' }));
    const { body: all } = await auditor.get<{ items: { stream: string; state: string }[] }>('/streams?limit=200');
    const state = all.items[0]!.state;

    const rows = async (what: string, filter: object): Promise<Map<string, string[]>> => {
      const { body } = await auditor.send<Made>('POST', `/exports/${what}`, filter);
      assert.equal(body.state, 'done', JSON.stringify(body));
      const [[head = [], ...lines] = []] = Object.values(await file(body.id, auditing)).slice(1);
      assert.equal(lines.length, body.rows);
      return new Map(head.map((name, column) => [name, lines.map((line) => line[column] ?? '')]));
    };
    const disputes = await rows('disputes', { open: 'true' });
    assert.deepEqual(disputes.get('编号'), [second, first]);
    assert.deepEqual(disputes.get('来源'), ['控制台登记', '控制台登记']);
    assert.deepEqual((await rows('disputes', { number: ' DZ-1' })).get('编号'), [first]);
    assert.deepEqual((await rows('disputes', { stage: 'closed' })).get('编号') ?? [], []);
    const outages = await rows('outages', { unit: OWN.code });
    assert.deepEqual([outages.get('编号'), outages.get('状态')], [[outage], ['未恢复']]);
    const shares = await rows('share-requests', { open: 'true' });
    assert.deepEqual([shares.get('编号'), shares.get('最近到期')?.map(Boolean)], [[share], [true]]);
    const wanted = all.items.filter((item) => item.state === state).map(({ stream }) => stream);
    assert.deepEqual((await rows('streams', { state })).get('数据流'), wanted);
    const { body: entries } = await auditor.get<{ items: { id: number }[] }>('/audit?actor=user');
    const audit = await rows('audit', { actor: 'user' });
    assert.deepEqual(
      audit.get('编号'),
      entries.items.map(({ id }) => String(id)),
    );
    assert.ok(audit.get('操作')?.includes('提出异议'));
    assert.deepEqual(new Set(audit.get('来源地址')), new Set(['127.0.0.1']));
    assert.deepEqual((await rows('audit', { actor: 'user', address: '192.0.2.1' })).get('编号') ?? [], []);
    assert.equal((await issuer.send('POST', '/exports/audit', {})).status, 403);
    assert.deepEqual((await issuer.send<Made>('POST', '/exports/outages', {})).body.rows, 1);
    assert.deepEqual((await issuer.send<Made>('POST', '/exports/share-requests', {})).body.rows, 0);
  });

  it('are one’s own, with one’s own rows', async () => {
    const { body: foreign } = await management.send<Made>('POST', '/exports/findings', {});
    assert.equal((await issuer.get(`/exports/${foreign.id}`)).status, 404);
    const { body: own } = await issuer.send<Made>('POST', '/exports/findings', {});
    const { body: listed } = await issuer.get<Listed>('/findings');
    assert.equal(own.rows, listed.items.length);
    assert.ok(own.rows < foreign.rows);
    const { body: kept } = await issuer.get<{ items: Made[] }>('/exports');
    const ids = kept.items.map(({ id }) => id);
    assert.deepEqual([ids.includes(own.id), ids.includes(foreign.id)], [true, false]);
  });

  it('are begun once for each Idempotency-Key', async () => {
    const key = { 'idempotency-key': 'once' };
    const first = await issuer.send<Made>('POST', '/exports/tasks', {}, key);
    const second = await issuer.send<Made>('POST', '/exports/tasks', {}, key);
    assert.equal(second.body.id, first.body.id);
    assert.equal(second.body.state, 'done');
  });

  it('of an assessment are the workbook that the command line writes', async () => {
    const { body } = await management.send<Made>('POST', '/exports/figures', { period: '2026-11' });
    const sheets = await file(body.id);
    assert.deepEqual(Object.keys(sheets), ['说明', '单位考核', '逾期任务', '容错任务', '督查问题', '整改文书']);
    assert.equal(sheets['逾期任务']?.length, 61);
  });

  it('of more than 50,000 rows go on in the background, and say how far they are', async () => {
    const { db } = hub.database;
    await db.raw(
      `INSERT INTO obligation (rule, article, duty, basis, duty_kind, owner_code, owner_name, subject, started_at, due_at, opened_at)
       SELECT 'X', '第一条', '许多', 'internal', 'delivery', '${OWN.code}', '${OWN.name}', 'many/' || n, :at, :at, :at
       FROM generate_series(1, 53001) AS n`,
      { at: new Date(NOW) },
    );
    const { body } = await management.send<Made>('POST', '/exports/tasks', { rule: 'X' });
    assert.deepEqual([body.state, body.rows, body.total], ['running', 50_000, 53_001]);
    assert.equal((await management.get<Fault>(`/exports/${body.id}/file`)).body.code, 'export-running');
    const options = { db, now: () => new Date(hub.nowMs), logger: undefined as never, config: () => hub.config };
    const taken = await takeExport(db, new Date(hub.nowMs));
    assert.equal(taken, body.id);
    assert.equal(await takeExport(db, new Date(hub.nowMs)), null, 'nobody else takes it meanwhile');
    await workExport(options, body.id);
    const { body: done } = await management.get<Made>(`/exports/${body.id}`);
    assert.deepEqual([done.state, done.rows], ['done', 53_001]);
    const { 时限任务: rows = [] } = await file(body.id);
    assert.equal(new Set(rows.slice(1).map(([id]) => id)).size, 53_001);
  });
});

describe('an urge (催办)', () => {
  let hub: ApiHub;
  let management: Caller;
  let ids: number[];
  before(async () => {
    hub = await hubWithFindings();
    management = await lasting(hub, await hub.signedIn('management'), ['tasks:read', 'tasks:urge', 'contacts:file']);
    const { body } = await management.get<Listed>(`/tasks?state=overdue&unit=${OWN.code}`);
    ids = body.items.map(({ id }) => id);
  });
  after(() => hub.close());

  const urge = (index: number, note = '请尽快办结') =>
    management.send<Fault>('POST', `/tasks/${String(ids[index])}/urge`, { note });
  const messages = () => listReminders(hub.database.db, { unacknowledged: false, limit: 10 });

  it('is refused where the unit has no contact on file, and where no channel reaches it', async () => {
    const { status, body } = await urge(0);
    assert.deepEqual([status, body.code], [409, 'no-contact']);
    assert.match(body.title, /没有备案专人/);
    await fileContact(
      hub.database.db,
      {
        unitCode: OWN.code,
        unitName: OWN.name,
        role: 'operator',
        person: '王五',
        email: null,
        phone: null,
        webhook: 'https://example.cn/hook',
      },
      { by: '李处长', at: new Date(NOW) },
    );
    assert.equal((await urge(0)).body.code, 'no-channel');
    assert.deepEqual(await messages(), []);
  });

  it('a webhook of this machine or of a network that nobody allowed cannot be put on file', async () => {
    const contact = (webhook: string) => ({ unitCode: OWN.code, person: '王五', webhook });
    for (const host of ['127.0.0.1', '2130706433', '[::1]', 'localhost', '169.254.169.254', '10.0.0.1']) {
      const { status, body } = await management.send('POST', '/contacts', contact(`http://${host}/in`));
      assert.deepEqual([status, body.code], [400, 'address-astray'], host);
    }
    hub.config.settings.outgoing.networks = ['10.0.0.0/8'];
    assert.equal((await management.send('POST', '/contacts', contact('http://10.0.0.1/in'))).status, 200);
    hub.config.settings.outgoing.networks = [];
    await hub.database.db('contact').where({ webhook: 'http://10.0.0.1/in' }).delete();
  });

  it('goes to the contacts of the unit in one message, once a day for each deadline', async () => {
    hub.config.settings.reminders.webhook = { keys: { [OWN.code]: { secret: { env: 'WEBHOOK_KEY' } } } };
    assert.equal((await urge(0, '第一件')).status, 200);
    assert.equal((await urge(1, '第二件')).status, 200);
    assert.equal((await urge(0)).body.code, 'urged-today');
    const [message, ...others] = await messages();
    assert.deepEqual(others, []);
    const body = message!.body as { totals: Record<Basis, number>; urged: { notes: { note: string }[] } };
    assert.deepEqual(
      [message!.state, body.totals, body.urged.notes.map(({ note }) => note)],
      ['waiting', { statutory: 2, internal: 0 }, ['第一件', '第二件']],
    );
    const { body: task } = await management.get<{ events: { what: string; by: string }[] }>(`/tasks/${String(ids[0])}`);
    assert.deepEqual(
      task.events.map(({ what, by }) => [what, by]),
      [['urge', 'management 某']],
    );
  });

  it('waits outside working hours as others do, and what is urged after it went out is another message', async () => {
    const { db } = hub.database;
    const at = new Date(hub.nowMs);
    assert.equal((await claimReminders(db, { at, all: false, limit: 10 })).length, 0);
    assert.equal((await claimReminders(db, { at, all: true, limit: 10 })).length, 1);
    assert.equal((await urge(2, '第三件')).status, 200);
    assert.equal((await messages()).length, 2);
    hub.nowMs += DAY_MS;
    assert.equal((await urge(0, '再催')).status, 200, 'another day');
  });
});
