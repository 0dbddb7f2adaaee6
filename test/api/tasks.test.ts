import assert from 'node:assert/strict';
import { EVERY_BASIS } from '../../domain/basis.ts';
import { after, before, describe, it } from 'node:test';
import type { FindingDetail } from '../../server/api/supervision/findings.ts';
import type { SessionView } from '../../server/api/console/session.ts';
import type { OverviewView } from '../../server/api/ledger/overview.ts';
import type { TaskDetail, TaskView } from '../../server/api/ledger/tasks.ts';
import { saveCalendar } from '../../store/ledger/calendar.ts';
import { actOnCase } from '../../store/casework/cases.ts';
import { DISPUTES, openDispute } from '../../store/casework/disputes.ts';
import { calendarInForce } from '../../store/apply-config.ts';
import { ApiHub, type Caller } from '../support/api.ts';

const HOUSING = { code: '11320200014006438B', name: '市住房和城乡建设局' };
const HEALTH = { code: '11320200MB1519891D', name: '市卫生健康委员会' };
const at = (text: string): Date => new Date(`${text}+08:00`);

interface TaskPage {
  items: TaskView[];
  next: string | null;
}

describe('deadlines over the API', () => {
  let hub: ApiHub;
  let manager: Caller;
  let issuer: Caller;
  let auditor: Caller;
  before(async () => {
    // A Thursday before a weekend; the day after is a working day, Saturday and Sunday are not.
    hub = await ApiHub.open('2026-03-12T10:00:00+08:00');
    const { db } = hub.database;
    await saveCalendar(db, calendarInForce(hub.config), new Date(hub.nowMs));
    manager = await hub.signedIn('management');
    issuer = await hub.signedIn('issuer', HOUSING);
    auditor = await hub.signedIn('auditor');
    // Their clocks wait for the issuers, who are set afterwards.
    await db('hub').update({ dispute_receipt: 'acknowledged' });
    for (const [index, unit] of [HOUSING, HOUSING, HEALTH].entries()) {
      const given = {
        source: 'test',
        ticket: String(index),
        number: `N-${index}`,
        typeCode: null,
        objector: null,
        contact: null,
        statement: '姓名有误',
        raisedAt: at('2026-03-12T09:00:00'),
      };
      const who = { by: 'test', at: at('2026-03-12T09:00:00') };
      const { id } = await openDispute(db, given, who);
      await db('dispute').where({ id }).update({ issuer_code: unit.code, issuer_name: unit.name });
      const later = { by: 'test', at: at(`2026-03-${index === 1 ? '10' : '12'}T09:30:00`) };
      await actOnCase(db, DISPUTES, id, { action: 'receive', receivedAt: later.at }, later);
    }
  });
  after(() => hub.close());

  it('the list is in the order of due times, a page at a time, without loss or repetition', async () => {
    const seen: TaskView[] = [];
    for (let next: string | null = ''; next !== null;) {
      const { body }: { body: TaskPage } = await manager.get<TaskPage>(
        `/tasks?limit=2${next === '' ? '' : `&after=${next}`}`,
      );
      assert.ok(body.items.length <= 2);
      seen.push(...body.items);
      next = body.next;
    }
    assert.equal(new Set(seen.map(({ id }) => id)).size, seen.length);
    const { body: whole } = await manager.get<TaskPage>('/tasks?limit=200');
    assert.deepEqual(seen, whole.items);
    const dues = seen.map(({ dueAt }) => dueAt ?? '');
    assert.deepEqual(dues, dues.toSorted());
    assert.equal(seen.filter(({ kind }) => kind === 'dispute-mark').length, 3);
  });

  it('an issuer sees what it owes, and finds nothing of others', async () => {
    const { body } = await issuer.get<TaskPage>('/tasks?limit=200');
    assert.ok(body.items.length > 0);
    assert.deepEqual([...new Set(body.items.map(({ ownerCode }) => ownerCode))], [HOUSING.code]);
    const { body: all } = await manager.get<TaskPage>(`/tasks?unit=${HEALTH.code}`);
    const [other] = all.items;
    assert.ok(other);
    assert.equal((await issuer.get(`/tasks/${other.id}`)).status, 404);
    assert.equal((await issuer.get<TaskPage>(`/tasks?unit=${HEALTH.code}`)).body.items.length, 0);
  });

  it('what is overdue says by how many working days, and how it came to be due, day by day', async () => {
    const { body } = await manager.get<TaskPage>('/tasks?state=overdue&kind=dispute-mark');
    assert.deepEqual(
      body.items.map(({ dueAt, remaining }) => [dueAt, remaining]),
      [['2026-03-12T00:00:00+08:00', -1]],
    );
    const { body: detail } = await manager.get<TaskDetail>(`/tasks/${String(body.items[0]?.id)}`);
    assert.deepEqual(detail.days, [
      { date: '2026-03-10', counted: false, reason: 'start' },
      { date: '2026-03-11', counted: true, reason: 'working' },
    ]);
    assert.ok(detail.events.some(({ what }) => what === 'receive'));
    const { body: running } = await manager.get<TaskPage>('/tasks?state=open&kind=dispute-answer');
    // Five working days from Thursday: over the weekend, to the next Thursday.
    assert.ok(running.items.some(({ dueAt, remaining }) => dueAt === '2026-03-20T00:00:00+08:00' && remaining === 5));
  });

  it('the overview’s numbers are those of the lists that they link to', async () => {
    const { body } = await manager.get<OverviewView>('/overview');
    const count = async (query: string): Promise<number> =>
      (await manager.get<TaskPage>(`/tasks?limit=200&${query}`)).body.items.length;
    for (const basis of EVERY_BASIS) {
      const numbers = body[basis];
      assert.equal(numbers.overdue.now, await count(`state=overdue&basis=${basis}`), basis);
      assert.equal(numbers.dueToday.now, await count(`state=due+soon,open&basis=${basis}&dueTo=2026-03-12`), basis);
      assert.equal(numbers.worst.length > 0, numbers.overdue.now > 0, basis);
    }
    const { overdue, worst } = body.statutory;
    assert.ok(overdue.now > 0);
    // Yesterday at this time nobody had reported the disputes of today.
    assert.equal(overdue.before, 0);
    assert.deepEqual(
      worst.map(({ code }) => code),
      [HOUSING.code],
    );
    const { body: own } = await issuer.get<OverviewView>('/overview');
    assert.equal(own.statutory.overdue.now, overdue.now);
  });

  it('what is owed says what ends it, by its rule; what has ended does not', async () => {
    const { body } = await manager.get<TaskPage>('/tasks?kind=dispute-mark');
    assert.deepEqual([...new Set(body.items.map(({ nextStep }) => nextStep))], ['标注对所有查询可见']);
  });

  it('an overdue deadline is ordered to be rectified by itself, with a term of its own; once', async () => {
    const { body: open } = await manager.get<TaskPage>('/tasks?state=open');
    const order = { demand: '立即标注', days: 3 };
    const early = await manager.send('POST', `/tasks/${String(open.items[0]?.id)}/order`, order);
    assert.deepEqual([early.status, early.body.code], [409, 'task-not-overdue']);
    const { body } = await manager.get<TaskPage>('/tasks?state=overdue');
    const [task] = body.items;
    const path = `/tasks/${String(task?.id)}/order`;
    assert.equal((await issuer.send('POST', path, order)).status, 403);
    const lacking = await manager.send<{ fields: { path: string }[] }>('POST', path, { demand: ' ', days: 0 });
    assert.deepEqual(
      lacking.body.fields.map(({ path: field }) => field),
      ['demand', 'days'],
    );
    const { finding } = (await manager.send<{ finding: number }>('POST', path, order)).body;
    const { body: found } = await manager.get<FindingDetail>(`/findings/${finding}`);
    assert.deepEqual(
      [found.kind, found.stage, found.unitCode, found.demand, found.cause],
      ['task', 'ordered', HOUSING.code, '立即标注', `task/${String(task?.id)}`],
    );
    assert.equal(found.deadline?.dueAt, '2026-03-18T00:00:00+08:00');
    assert.match(found.facts, /2026-03-11 24:00 到期，至今未办结/);
    const again = await manager.send('POST', path, order);
    assert.deepEqual([again.status, again.body.code], [409, 'finding-stage']);
    const { body: findings } = await issuer.get<{ items: { id: number }[] }>('/findings');
    assert.deepEqual(
      findings.items.map(({ id }) => id),
      [finding],
    );
    const object = `rectification/${finding}`;
    assert.equal((await hub.database.db('audit').where({ action: 'supervision:order', object })).length, 1);
  });

  it('filters are kept under a name, by each for themselves', async () => {
    const view = { page: '/tasks', name: '我的逾期', query: 'state=overdue' };
    const { id } = (await manager.send<{ id: number }>('POST', '/views', view)).body;
    const replaced = { ...view, query: 'state=overdue&kind=dispute-mark' };
    assert.equal((await manager.send<{ id: number }>('POST', '/views', replaced)).body.id, id);
    assert.deepEqual((await manager.get('/views')).body, { items: [{ id, ...replaced }] });
    assert.deepEqual((await auditor.get('/views')).body, { items: [] });
    assert.equal((await auditor.send('DELETE', `/views/${id}`)).status, 404);
    const bad = await manager.send<{ fields: { path: string }[] }>('POST', '/views', { ...view, name: '', page: 'x' });
    assert.deepEqual(
      bad.body.fields.map(({ path }) => path),
      ['page', 'name'],
    );
    assert.equal((await manager.send('DELETE', `/views/${id}`)).status, 200);
    assert.deepEqual((await manager.get('/views')).body, { items: [] });
  });

  it('a deadline is exempted only where the regulation has an article for it', async () => {
    const { body } = await manager.get<TaskPage>('/tasks?state=overdue');
    const path = `/tasks/${String(body.items[0]?.id)}/exempt`;
    const given = { cause: '机房断电', document: '锡容错〔2026〕3号', approver: '王局' };
    const none = await manager.send('POST', path, given);
    assert.deepEqual([none.status, none.body.code], [409, 'exemption-none']);
    const { body: session } = await manager.get<SessionView>('/session');
    assert.deepEqual(session.hub.sanctions, {
      order: { name: '督办' },
      notice: { name: '督办函' },
      items: [],
      exemption: null,
    });
    assert.equal((await manager.get<TaskDetail>(path.replace('/exempt', ''))).body.state, 'overdue');
  });

  it('an exemption names its cause, its document and who approved it; once however often it is sent', async () => {
    hub.config.jurisdiction.supervision.exemption = { article: '第二十四条' };
    const { body } = await manager.get<TaskPage>('/tasks?state=overdue');
    const path = `/tasks/${String(body.items[0]?.id)}/exempt`;
    const key = { 'idempotency-key': 'once' };
    const given = { cause: '机房断电', document: '锡容错〔2026〕3号', approver: '王局' };
    const lacking = await manager.send<{ fields: { path: string }[] }>('POST', path, { cause: ' ' });
    assert.deepEqual(
      lacking.body.fields.map(({ path: field }) => field),
      ['cause', 'document', 'approver'],
    );
    assert.equal((await manager.send('POST', path, given, key)).status, 200);
    assert.equal((await manager.send('POST', path, given, key)).status, 200);
    assert.equal((await manager.send('POST', path, { ...given, cause: '另一个' }, key)).status, 422);
    const { status, body: refused } = await manager.send<{ code: string }>('POST', path, given);
    assert.deepEqual([status, refused.code], [409, 'task-ended']);
    const entries = await hub.database.db('audit').where({ action: 'tasks:exempt' });
    assert.equal(entries.length, 1);
    const { body: exempted } = await manager.get<TaskDetail>(path.replace('/exempt', ''));
    assert.deepEqual(
      [exempted.state, exempted.reason?.zh, exempted.document],
      ['exempted', '机房断电（王局批准，依据第二十四条）', '锡容错〔2026〕3号'],
    );
    assert.equal((await auditor.send('POST', path, given)).status, 403);
    await assert.rejects(hub.database.db('audit').delete(), /only added to/);
  });

  it('a filter that is wrong is refused by its name', async () => {
    const { status, body } = await manager.get<{ fields: { path: string }[] }>('/tasks?state=late&after=garbled');
    assert.equal(status, 400);
    assert.equal(body.fields[0]?.path, 'state.0');
    const { body: cursor } = await manager.get<{ fields: { path: string }[] }>('/tasks?after=garbled');
    assert.equal(cursor.fields[0]?.path, 'after');
  });
});
