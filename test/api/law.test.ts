import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadConfig } from '../../settings/load.ts';
import { noteCalendar, saveCalendar } from '../../store/ledger/calendar.ts';
import { openObligations } from '../../store/ledger/obligations.ts';
import { calendarInForce } from '../../store/apply-config.ts';
import type { CalendarPreview, CalendarView, DueView, RulesView } from '../../server/api/ledger/law.ts';
import { TABLE_2027, tableText } from '../support/law/calendars.ts';
import { ApiHub, type Caller } from '../support/api.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const CONFIG = join(import.meta.dirname, '../../config');
const next = (version: string, off = TABLE_2027.off): string => tableText({ ...TABLE_2027, version, off });

describe('the law through the API', () => {
  let hub: ApiHub;
  let folder: string;
  let administrator: Caller;
  let auditor: Caller;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hub-law-'));
    cpSync(CONFIG, folder, { recursive: true });
    hub = await ApiHub.open(NOW);
    hub.config = loadConfig({ folder, demo: true });
    administrator = await hub.signedIn('administrator');
    auditor = await hub.signedIn('auditor');
    const { db } = hub.database;
    const { name } = await saveCalendar(db, calendarInForce(hub.config), new Date(NOW));
    await noteCalendar(db, name);
  });
  after(async () => {
    await hub.close();
    rmSync(folder, { recursive: true });
  });
  const target = (): string => join(folder, 'calendars/2027.yaml');
  const preview = (text: string) => administrator.send<CalendarPreview>('POST', '/calendar/preview', { text });

  it('tells every rule with its article, and which terms are the city’s own', async () => {
    const { body } = await auditor.get<RulesView>('/rules');
    assert.equal(body.rules.length, hub.config.jurisdiction.rules.length);
    assert.deepEqual(
      body.rules.filter(({ basis }) => basis === 'internal').map(({ id }) => id),
      hub.config.jurisdiction.rules.filter(({ basis }) => basis === 'internal').map(({ id }) => id),
    );
    assert.ok(body.readings.length > 0);
  });

  it('tells each day of a year with its reason, and nothing of a year without a table', async () => {
    const { body } = await auditor.get<CalendarView>('/calendar?year=2026');
    assert.equal(body.days?.length, 365);
    const reasonOf = (date: string) => body.days?.find((day) => day.date === date)?.reason;
    assert.deepEqual(['2026-02-14', '2026-02-17', '2026-11-22', '2026-11-23'].map(reasonOf), [
      'made-up',
      'holiday',
      'weekend',
      'working',
    ]);
    assert.equal((await auditor.get<CalendarView>('/calendar?year=2027')).body.days, null);
    assert.equal((await auditor.get<CalendarView>('/calendar')).body.year, 2026);
  });

  it('counts a term day by day, and guesses nothing', async () => {
    const { body } = await auditor.get<DueView>('/due?start=2026-02-10&workingDays=5');
    assert.match(body.due, /^2026-02-25T00:00:00/);
    assert.equal(body.days.filter(({ counted }) => counted).length, 5);
    const { status, body: fault } = await auditor.get<{ code: string }>('/due?start=2026-12-31&workingDays=5');
    assert.deepEqual([status, fault.code], [422, 'calendar-missing']);
  });

  it('previews what a table moves, and changes nothing', async () => {
    const { db } = hub.database;
    await db.transaction((trx) =>
      openObligations(
        trx,
        'dispute-answer',
        [
          {
            ownerCode: 'U',
            ownerName: '某局',
            subject: 'dispute/1',
            startedAt: new Date('2026-12-30T09:00:00+08:00'),
          },
        ],
        { by: 'test', at: new Date(NOW) },
      ),
    );
    const { status, body } = await preview(next('1'));
    assert.equal(status, 200);
    assert.deepEqual(
      [body.year, body.held, body.counts.statutory.moved, body.counts.internal.moved],
      [2027, null, 1, 0],
    );
    assert.deepEqual([body.tasks[0]?.subject, body.tasks[0]?.from], ['dispute/1', null]);
    assert.equal(existsSync(target()), false);
    assert.equal((await auditor.send('POST', '/calendar/preview', { text: next('1') })).status, 403);
  });

  it('names the line of a table that is wrong', async () => {
    const { status, body } = await administrator.send<{ fields: { path: string; message: string }[] }>(
      ...(['POST', '/calendar/preview', { text: next('1', ['2026-01-01']) }] as const),
    );
    assert.equal(status, 400);
    assert.equal(body.fields[0]?.path, 'text');
    assert.match(body.fields[0].message, /:5:off\[0\]/);
  });

  it('puts a table in force as the file that the worker watches, audited', async () => {
    const { status } = await administrator.send('POST', '/calendar/import', { text: next('1'), held: null });
    assert.equal(status, 200);
    assert.equal(readFileSync(target(), 'utf8'), next('1'));
    const entry = await hub.database.db('audit').where({ action: 'calendar:import' }).first<{ object: string }>();
    assert.equal(entry.object, 'calendar/2027');
  });

  it('lets nobody replace a table that they have not seen', async () => {
    const { status, body } = await administrator.send<{ code: string; title: string }>(
      ...(['POST', '/calendar/import', { text: next('2'), held: null }] as const),
    );
    assert.deepEqual([status, body.code], [409, 'changed-meanwhile']);
    assert.ok(body.title.includes('“1”'));
    const same = await preview(next('1', ['2027-01-02']));
    assert.equal((same.body as unknown as { code: string }).code, 'calendar-version');
    assert.equal((await preview(next('2'))).body.held, '1');
  });

  it('refuses a table that loses holidays and days of the version in force, until what is lost is confirmed', async () => {
    const text = next('2', TABLE_2027.off.slice(10));
    const { body: seen } = await preview(text);
    assert.deepEqual(
      seen.losses.map(({ zh }) => zh),
      [
        '元旦：2027-01-01 成为工作日',
        '春节：2027-02-05、2027-02-08 成为工作日',
        `版本“1”所列的 10 天不再列出：放假 ${TABLE_2027.off.slice(0, 10).join('、')}`,
      ],
    );
    const give = (confirmed: object) =>
      administrator.send<{ code: string; title: string }>('POST', '/calendar/import', {
        text,
        held: '1',
        ...confirmed,
      });
    for (const confirmed of [{}, { lossesConfirmed: false }]) {
      const { status, body } = await give(confirmed);
      assert.deepEqual([status, body.code], [422, 'calendar-losses']);
      assert.ok(body.title.includes('2027-02-05、2027-02-08'), body.title);
    }
    assert.equal(readFileSync(target(), 'utf8'), next('1'));
    assert.equal((await give({ lossesConfirmed: true })).status, 200);
    assert.equal(readFileSync(target(), 'utf8'), text);
    const [entry] = await hub.database
      .db('audit')
      .where({ action: 'calendar:import' })
      .orderBy('id', 'desc')
      .limit(1)
      .pluck<{ lost: string[] }[]>('detail');
    assert.deepEqual(
      entry?.lost,
      seen.losses.map(({ zh }) => zh),
    );
  });

  it('takes a notice that sets days of the December before as versions of both years', async () => {
    const text = next('3', ['2026-12-31', ...TABLE_2027.off]);
    const { body: seen } = await preview(text);
    assert.deepEqual(seen.losses, []);
    assert.deepEqual(seen.before, { year: 2026, version: '1+2027/3', off: ['2026-12-31'], work: [] });
    const { status } = await administrator.send('POST', '/calendar/import', { text, held: '2' });
    assert.equal(status, 200);
    hub.config = loadConfig({ folder, demo: true });
    const { body } = await auditor.get<CalendarView>('/calendar?year=2026');
    assert.deepEqual(
      body.years.slice(-2).map(({ year, version }) => `${year}/${version}`),
      ['2026/1+2027/3', '2027/3'],
    );
    assert.equal(body.days?.at(-1)?.reason, 'holiday');
    assert.equal((await preview(text)).body.before, null, 'it is so already');
  });

  it('says so where the folder cannot be written', async () => {
    rmSync(join(folder, 'calendars'), { recursive: true });
    writeFileSync(join(folder, 'calendars'), '');
    const { status, body } = await administrator.send<{ code: string }>(
      ...(['POST', '/calendar/import', { text: next('4'), held: null }] as const),
    );
    assert.deepEqual([status, body.code], [409, 'calendar-folder']);
  });
});
