import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { OperationView } from '../../server/api/console/operation.ts';
import type { CorrectionsView, RejectGroupView, RejectView } from '../../server/api/collection/rejects.ts';
import type { StreamDay } from '../../server/api/collection/day.ts';
import type { FiguresView, ShortfallView } from '../../server/api/supervision/figures.ts';
import { maskNumbers } from '../../domain/library/personal.ts';
import { arrive } from '../support/arrivals.ts';
import type { StreamDetail } from '../../server/api/collection/stream.ts';
import type { CoveragePage, StreamCounts, StreamView } from '../../server/api/collection/streams.ts';
import { listAudit } from '../../store/console/audit.ts';
import { cover, uncover } from '../../store/collection/batches.ts';
import { closeDays, openDays } from '../../store/collection/days.ts';
import { getStream, noteContact, pauseStream } from '../../store/collection/streams.ts';
import { readRejectSheet, writeRejectSheet } from '../../domain/collection/reject-sheet.ts';
import { openRejects } from '../../store/collection/rejects.ts';
import { openWorkbook } from '../../connectors/sheets/open.ts';
import { sheetRows, textSheet, workbookOf } from '../../domain/spreadsheet.ts';
import { ApiHub, type Caller } from '../support/api.ts';
import { DAY_MS } from '../../domain/dates.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const HOUSING = { code: '11320200014006438B', name: '市住房和城乡建设局' };
const STREAM = 'housing-permits';

interface Page<T> {
  items: T[];
  next: string | null;
}

describe('streams, rejects and operation in the API', () => {
  let hub: ApiHub;
  let engineer: Caller;
  let issuer: Caller;
  let management: Caller;
  let auditor: Caller;
  let streamId: number;
  let unit: string;
  const at = (): Date => new Date(hub.nowMs);
  const reject = async (name: string, key: string, record: object, fingerprint: number): Promise<void> => {
    const { id } = await getStream(hub.database.db, name);
    await hub.database.db('reject').insert({
      stream_id: id,
      fingerprint: Buffer.alloc(32, fingerprint),
      record_key: key,
      rule: 'date-invalid',
      problems: JSON.stringify([{ rule: 'date-invalid', field: 'issuedOn', found: '张三丰 2026-02-30' }]),
      raw: JSON.stringify(record),
      raw_encoding: 'json',
      first_batch_id: 1,
      last_batch_id: 1,
      first_seen_at: at(),
      last_seen_at: at(),
    });
  };
  before(async () => {
    hub = await ApiHub.open(NOW);
    const { db } = hub.database;
    const stream = await getStream(db, STREAM);
    ({ id: streamId, unitCode: unit } = stream);
    assert.equal(unit, HOUSING.code, 'the unit of this test owns the stream');
    engineer = await hub.signedIn('engineer');
    management = await hub.signedIn('management');
    auditor = await hub.signedIn('auditor');
    issuer = await hub.signedIn('issuer', HOUSING);
    // It was first seen ten days ago.
    await db('stream').update({
      collect_from: new Date(hub.nowMs - 10 * DAY_MS),
      activated_at: new Date(hub.nowMs - 10 * DAY_MS),
    });
    await openDays(db, at());
  });
  after(() => hub.close());

  const listed = async (caller: Caller, query = ''): Promise<StreamView[]> =>
    (await caller.get<Page<StreamView>>(`/streams?limit=200${query}`)).body.items;
  const named = (streams: StreamView[], name: string): StreamView => {
    const found = streams.find(({ stream }) => stream === name);
    assert.ok(found, name);
    return found;
  };

  it('takes a stream that nobody has heard of for unknown, not for healthy', async () => {
    const stock = named(await listed(engineer), 'land-stock');
    assert.equal(stock.state, 'unknown');
    assert.equal(stock.reason.zh, '尚未联系过源端');
  });

  it('says of a late stream how many days it owes, and puts a paused one before it', async () => {
    const { db } = hub.database;
    await noteContact(db, STREAM, 'unreachable', 'connection refused', at());
    const late = named(await listed(engineer), STREAM);
    assert.equal(late.state, 'late');
    assert.match(late.reason.zh, /归集日逾期.*连不上：connection refused/);
    await pauseStream(db, 'culture-permits', 'the token is refused', 'unauthorised');
    const [first] = await listed(engineer);
    assert.deepEqual([first?.stream, first?.state], ['culture-permits', 'paused']);
    assert.match(first?.reason.en ?? '', /the token is refused/);
    const { body } = await engineer.get<StreamCounts>('/streams/counts');
    assert.equal(body.counts.paused, 1);
    assert.equal(
      Object.values(body.counts).reduce((sum, count) => sum + count, 0),
      (await listed(engineer)).length,
    );
  });

  it('goes on with the next page where the last one ended', async () => {
    const all = (await listed(engineer)).map(({ stream }) => stream);
    const seen: string[] = [];
    let after = '';
    do {
      const { body } = await engineer.get<Page<StreamView>>(`/streams?limit=2${after && `&after=${after}`}`);
      seen.push(...body.items.map(({ stream }) => stream));
      after = body.next ?? '';
    } while (after !== '');
    assert.deepEqual(seen, all);
  });

  it('never takes a stream with a gap for one that is on time', async () => {
    const { db } = hub.database;
    const name = 'health-doctors';
    const { id } = await getStream(db, name);
    await noteContact(db, name, 'delivered', null, at());
    await db('obligation').where({ stream_id: id }).update({ met_at: at() });
    const days = { kind: 'time' as const, from: '2026-11-01T00:00:00+08:00', to: '2026-11-24T00:00:00+08:00' };
    await cover(db, id, days);
    assert.equal(named(await listed(engineer), name).state, 'on time');
    await uncover(db, id, { ...days, from: '2026-11-18T00:00:00+08:00', to: '2026-11-18T06:00:00+08:00' });
    const holed = named(await listed(engineer), name);
    assert.deepEqual([holed.state, holed.gaps], ['error', 1]);
    assert.match(holed.reason.zh, /1 处缺口未消除/);
  });

  it('shows each unit its own streams alone', async () => {
    const own = await listed(issuer);
    assert.ok(own.length > 0);
    assert.ok(own.every(({ unitCode }) => unitCode === HOUSING.code));
    assert.equal((await issuer.get('/streams/culture-permits')).status, 404);
    assert.equal((await issuer.get(`/streams/${STREAM}`)).status, 200);
    assert.equal((await issuer.get('/streams/culture-permits/preview')).status, 404);
    const { body } = await issuer.get<CoveragePage>('/streams/coverage');
    assert.deepEqual(
      [...new Set(body.items.map(({ stream }) => stream))].sort(),
      own.map(({ stream }) => stream).sort(),
    );
  });

  it('tells covered, partly covered and missing days, those of an outage, and those that are not due', async () => {
    const { db } = hub.database;
    const window = (from: string, to: string) => ({
      kind: 'time' as const,
      from: `2026-11-${from}+08:00`,
      to: `2026-11-${to}+08:00`,
    });
    await cover(db, streamId, window('13T00:00:00', '16T12:00:00'));
    const [outage] = await db('case_file')
      .insert({ kind: 'outage', opened_at: at(), changed_at: at() })
      .returning<{ id: number }[]>('id');
    assert.ok(outage);
    await db('outage').insert({
      id: outage.id,
      unit_code: unit,
      unit_name: HOUSING.name,
      cause: '机房断电',
      kinds: ['collect'],
      began_at: new Date('2026-11-20T00:00:00+08:00'),
      reported_at: at(),
    });
    await db('outage_stream').insert({
      outage_id: outage.id,
      stream_id: streamId,
      recovered_at: new Date('2026-11-22T00:00:00+08:00'),
    });
    const { body } = await engineer.get<CoveragePage>(
      `/streams/coverage?unit=${unit}&from=2026-11-12&to=2026-11-24&limit=200`,
    );
    const days = body.items.find(({ stream }) => stream === STREAM)?.days ?? [];
    const state = (day: string) => days[body.days.indexOf(day)];
    assert.equal(state('2026-11-12'), 'not due', 'before the stream was seen');
    assert.equal(state('2026-11-14'), 'covered');
    assert.equal(state('2026-11-16'), 'partly');
    assert.equal(state('2026-11-18'), 'gap');
    assert.equal(state('2026-11-20'), 'rest');
    assert.equal(state('2026-11-22'), 'gap');
    assert.equal(state('2026-11-23'), 'not due', 'its cut-off is in the evening');
    assert.equal((await engineer.get('/streams/coverage?from=2026-01-01&to=2026-11-24')).status, 400);
  });

  it('shows of one stream its gaps, as windows that can be read, and its configuration with secrets as references', async () => {
    const { body } = await engineer.get<StreamDetail>(`/streams/${STREAM}`);
    assert.equal(body.contact, 'unreachable');
    // An outage keeps a part of it back.
    const gap = body.gapList.find(({ kind }) => kind === 'outage');
    assert.equal(gap?.from, '2026-11-16T12:00:00+08:00');
    assert.match(body.configuration?.settings ?? '', /delivery: daily/);
    assert.equal(body.days.length, 30);
  });

  it('starts nothing while Temporal is away, says so, and keeps no trace of an action that was none', async () => {
    const { status, body } = await engineer.send<{ code: string }>('POST', `/streams/${STREAM}/run`, {});
    assert.deepEqual([status, body.code], [503, 'temporal-away']);
    assert.equal((await issuer.send('POST', `/streams/${STREAM}/run`, {})).status, 403);
    const wrong = { from: '2026-11-20T00:00:00+08:00', to: '2026-11-19T00:00:00+08:00' };
    assert.equal((await engineer.send('POST', `/streams/${STREAM}/run`, wrong)).status, 400);
    assert.deepEqual(await listAudit(hub.database.db, { object: `stream/${STREAM}`, limit: 10 }), []);
  });

  it('checks a source and says what is wrong with it and how to mend it', async () => {
    const { status, body } = await engineer.send<{ fault: { cause: string; cure: string } | null }>(
      'POST',
      `/streams/${STREAM}/check`,
      {},
    );
    assert.equal(status, 200);
    assert.ok(body.fault, 'the demonstration’s departments do not run here');
    assert.ok(body.fault.cure.length > 0);
    const [entry] = await listAudit(hub.database.db, { object: `stream/${STREAM}`, limit: 1 });
    assert.deepEqual([entry?.actor, entry?.detail.did], ['engineer', 'check']);
  });

  it('runs no paused stream, and resumes it once', async () => {
    const run = await engineer.send<{ code: string }>('POST', '/streams/culture-permits/run', {});
    assert.deepEqual([run.status, run.body.code], [409, 'stream-paused']);
    assert.equal((await engineer.send('POST', '/streams/culture-permits/resume', {})).status, 200);
    const { status, body } = await engineer.send<{ code: string }>('POST', '/streams/culture-permits/resume', {});
    assert.deepEqual([status, body.code], [409, 'not-paused']);
    assert.notEqual(named(await listed(engineer), 'culture-permits').state, 'paused');
  });

  it('lists rejects to those who see the unit, and writes out what is personal only to those who may read it', async () => {
    const record = { 流水号: 'A-1', 持证人: '张三丰某某', 发证日期: '2026-02-30' };
    await reject(STREAM, 'A-1', record, 1);
    await reject(STREAM, 'A-2', { ...record, 流水号: 'A-2' }, 2);
    await reject('culture-permits', 'B-1', record, 3);
    const of = async (caller: Caller) => (await caller.get<Page<RejectView>>('/rejects')).body.items;
    const own = await of(issuer);
    assert.deepEqual(
      own.map(({ key }) => key),
      ['A-1', 'A-2'],
    );
    assert.deepEqual(own[0]?.record, record);
    const masked = await of(engineer);
    assert.equal(masked.length, 3);
    assert.ok(!JSON.stringify(masked).includes('张三丰'), 'masked for the engineer');
    assert.ok(!JSON.stringify(await of(auditor)).includes('张三丰'));
    const { body } = await management.get<{ items: RejectGroupView[] }>('/rejects/groups');
    assert.deepEqual(
      body.items.map(({ stream, rule, open }) => [stream, rule, open]).sort(),
      [
        ['culture-permits', 'date-invalid', 1],
        [STREAM, 'date-invalid', 2],
      ].sort(),
    );
    const { body: page } = await issuer.get<Page<RejectView>>('/rejects?limit=1');
    const { body: next } = await issuer.get<Page<RejectView>>(`/rejects?limit=1&after=${page.next ?? ''}`);
    assert.deepEqual([page.items[0]?.key, next.items[0]?.key, next.next], ['A-1', 'A-2', null]);
  });

  it('hands the workbook out to whoever may read it, notes that, and takes the corrected one back', async () => {
    const { db } = hub.database;
    assert.equal((await engineer.get(`/rejects/${STREAM}/sheet`)).status, 403);
    const cookie = await hub.app.inject({
      method: 'POST',
      url: '/api/v1/session',
      payload: { login: 'issuer', password: 'long enough to guess' },
    });
    const sheet = await hub.app.inject({
      url: `/api/v1/rejects/${STREAM}/sheet`,
      headers: { cookie: String(cookie.headers['set-cookie']).split(';')[0] ?? '' },
    });
    assert.equal(sheet.statusCode, 200);
    assert.match(String(sheet.headers['content-disposition']), /rejects-housing-permits\.xlsx/);
    const [entry] = await listAudit(db, { object: `rejects/${STREAM}`, limit: 1 });
    assert.deepEqual([entry?.action, entry?.detail.records], ['export', 2]);

    const open = await openRejects(db, streamId, {});
    assert.deepEqual(
      readRejectSheet(await openWorkbook(sheet.rawPayload, 'x'), open),
      [],
      'nothing of it is changed yet',
    );
    const [head = [], first = []] = sheetRows(await openWorkbook(sheet.rawPayload, 'x'), '问题数据');
    const column = head.indexOf('发证日期');
    const changed = first.map((cell, index) => (index === column ? '2026-02-28' : String(cell ?? '')));
    const file = workbookOf({ 问题数据: textSheet([head.map(String), changed]) }).toString('base64');
    const { status, body } = await issuer.send<CorrectionsView>('POST', `/rejects/${STREAM}/corrections`, { file });
    // Kept; mapped again once Temporal is back.
    assert.deepEqual([status, body], [200, { corrected: 1, workflowId: null }]);
    const kept = (await openRejects(db, streamId, {})).find(({ key }) => key === 'A-1');
    assert.match(kept?.record ?? '', /2026-02-28/);
    const replay = await issuer.send<{ code: string }>('POST', `/rejects/${STREAM}/replay`, {});
    assert.deepEqual([replay.status, replay.body.code], [503, 'temporal-away']);
  });

  it('refuses a workbook by its row, and takes nothing of it', async () => {
    const { db } = hub.database;
    const open = await openRejects(db, streamId, {});
    const foreign = writeRejectSheet([{ ...open[0]!, id: 999_999 }, open[1]!]).toString('base64');
    const { status, body } = await issuer.send<{ code: string; title: string }>(
      'POST',
      `/rejects/${STREAM}/corrections`,
      { file: foreign },
    );
    assert.deepEqual([status, body.code], [400, 'sheet-invalid']);
    assert.match(body.title, /第 2 行 ※编号：“999999”不是未解决的问题数据/);
    const broken = { file: Buffer.from('PK not a workbook').toString('base64') };
    assert.equal((await issuer.send('POST', `/rejects/${STREAM}/corrections`, broken)).status, 400);
    assert.equal((await issuer.send('POST', `/rejects/${STREAM}/corrections`, { file: '!' })).status, 400);
    assert.equal((await issuer.send('POST', '/rejects/culture-permits/corrections', { file: foreign })).status, 404);
    assert.deepEqual(await openRejects(db, streamId, {}), open);
  });

  it('tells how the hub runs with Temporal away, too', async () => {
    const { status, body } = await auditor.get<OperationView>('/operation');
    assert.equal(status, 200);
    assert.equal(body.temporal, null);
    assert.equal(body.versions.pendingMigrations, 0);
    assert.ok(body.database.bytes > 0);
    assert.equal((await issuer.get('/operation')).status, 403);
  });
});

describe('one day of a stream in the API', () => {
  const DAY = '2026-11-20';
  const KEY = '11010519491231002X';
  let hub: ApiHub;
  let issuer: Caller;
  let manager: Caller;
  let auditor: Caller;
  let streamId: number;
  const path = `/streams/${STREAM}/days/${DAY}`;
  const at = (text: string): Date => new Date(`${text}+08:00`);
  before(async () => {
    hub = await ApiHub.open(NOW);
    const { db } = hub.database;
    ({ id: streamId } = await getStream(db, STREAM));
    issuer = await hub.signedIn('issuer', HOUSING);
    manager = await hub.signedIn('management');
    auditor = await hub.signedIn('auditor');
    await db('stream').update({ activated_at: at('2026-11-19T00:00:00') });
    await openDays(db, at('2026-11-20T22:00:00'));
    const whole = { kind: 'time' as const, from: `${DAY}T00:00:00+08:00`, to: '2026-11-21T00:00:00+08:00' };
    await arrive(db, streamId, at('2026-11-20T20:00:00'), [{ key: 'in time', issuedOn: DAY }]);
    await cover(db, streamId, whole);
    await closeDays(db, streamId, at('2026-11-20T21:30:00'));
    await closeDays(db, streamId, at('2026-11-21T00:20:00'));
  });
  after(() => hub.close());

  it('says by which time of a record it is judged, on what it rests, and that nothing came late', async () => {
    const { status, body } = await issuer.get<StreamDay>(path);
    assert.equal(status, 200);
    assert.deepEqual(
      [body.state, body.basis, body.producedBy, body.graceMinutes, body.late, body.records],
      ['met', 'internal', 'issue', 0, 0, []],
    );
    assert.ok(body.verifiedAt !== null);
    assert.match(body.judgedBy.zh, /业务办结时间，没有办结时间的按签发日期.*不设宽限/);
  });

  it('is late, with the records named, when some appear after it was verified, whoever stamped them anew', async () => {
    const { db } = hub.database;
    // Issued that day and stamped anew by its source today; of that day by its stamp, and never shown until today.
    await arrive(db, streamId, at('2026-11-23T09:00:00'), [
      { key: KEY, number: KEY, issuedOn: DAY, changedAt: at('2026-11-23T08:00:00') },
      { key: 'hidden', issuedOn: '2026-11-01', changedAt: at('2026-11-20T10:00:00') },
    ]);
    await closeDays(db, streamId, at('2026-11-23T09:05:00'));
    // Who may not see what names a person reads it masked.
    const { body } = await auditor.get<StreamDay>(path);
    assert.deepEqual([body.state, body.late], ['met late', 2]);
    const named = ({ records }: StreamDay) => records.map(({ key, number, because }) => [key, number, because]);
    const masked = maskNumbers(KEY);
    assert.notEqual(masked, KEY);
    assert.deepEqual(
      named(body).toSorted(),
      [
        [masked, masked, 'issue'],
        ['hidden', 'no-hidden', 'update'],
      ].toSorted(),
    );
    const { body: open } = await manager.get<StreamDay>(path);
    assert.deepEqual(open.records.map(({ key }) => key).toSorted(), [KEY, 'hidden']);
    const { body: figures } = await manager.get<FiguresView>(`/figures?from=${DAY}&to=${DAY}`);
    const own = figures.units.find(({ code }) => code === HOUSING.code)!.figures;
    assert.deepEqual(own.internalTimeliness, { numerator: 1, denominator: 3 });
    assert.deepEqual(own.statutoryTimeliness, { numerator: 0, denominator: 0 }, 'the day is the city’s own target');
    const { body: lacks } = await auditor.get<ShortfallView>(
      `/figures/internalTimeliness/shortfall?from=${DAY}&to=${DAY}&unit=${HOUSING.code}`,
    );
    assert.deepEqual(
      lacks.items.map(({ what, record }) => [what, record]).toSorted(),
      [
        ['late', masked],
        ['late', 'hidden'],
      ].toSorted(),
    );
  });

  it('is shown to its unit, and there is none where nothing is owed', async () => {
    assert.equal((await issuer.get('/streams/culture-permits/days/2026-11-20')).status, 404);
    assert.equal((await manager.get(`/streams/${STREAM}/days/2026-01-01`)).body.code, 'day-unknown');
    assert.equal((await manager.get(`/streams/${STREAM}/days/yesterday`)).status, 400);
  });
});
