import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { EVERY_STATE } from '../../../domain/ledger/duties.ts';
import { standsAbove } from '../../../domain/units.ts';
import { catalogEntrySchema } from '../../../settings/schemas/catalog.ts';
import { configuredStreams } from '../../../store/apply-config.ts';
import { openDays, unowedDay } from '../../../store/collection/days.ts';
import { syncReviews } from '../../../store/collection/declarations.ts';
import { openDiscrepancy, syncDifferences } from '../../../store/collection/reconciliation.ts';
import { getStream, saveStreams } from '../../../store/collection/streams.ts';
import { fileContact, followContacts, listContacts } from '../../../store/ledger/contacts.ts';
import { openObligations } from '../../../store/ledger/obligations.ts';
import { listTasks } from '../../../store/ledger/tasks.ts';
import { approveDrafts, draftEntries, syncCatalogDeadlines } from '../../../store/library/catalog.ts';
import { saveUsageList } from '../../../store/sharing/usage-lists.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { at, enact } from '../../support/law/enact.ts';

const MONDAY = at('2026-11-23T09:00:00');
const LATER = at('2026-11-24T09:00:00');
const MANAGEMENT = { code: '11320200MB1D55902K', name: '市数据局' };
const HOUSING = 'housing-permits';
const PROVINCE = 'province-return';
const PROVINCE_UNIT = '113200000140001322';
const TAX = { code: '113202000140100002', name: '市税务局' };

describe('whose duties are', () => {
  let database: TestDatabase;
  let db: Knex;
  beforeEach(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  afterEach(() => database.drop());

  /** A city's regulation with a management unit, and the streams of the demonstration. */
  async function city(jurisdiction: string): Promise<void> {
    const config = await enact(db, jurisdiction, MONDAY, MANAGEMENT);
    await saveStreams(db, configuredStreams(config), MONDAY);
  }
  const tasks = async (kind: string, now = MONDAY) =>
    (await listTasks(db, now, { states: EVERY_STATE, limit: 1_000 })).filter((task) => task.kind === kind);

  it('what the text asks of the management unit alone is its own, never the departments’: days in Keqiao', async () => {
    await city('keqiao');
    await openDays(db, MONDAY);
    const days = await tasks('increment');
    assert.ok(days.length > 1);
    assert.deepEqual(new Set(days.map(({ rule, owner }) => `${rule} ${owner}`)), new Set(['KQ-5 市数据局']));
  });

  it('days are the departments’ where the text asks them', async () => {
    await city('ordos');
    await openDays(db, MONDAY);
    const owners = new Set((await tasks('increment')).map(({ owner }) => owner));
    assert.ok(owners.size > 1 && !owners.has(MANAGEMENT.name));
  });

  it('what runs of the management unit’s duties and another unit has is handed to it when the profile is read', async () => {
    const config = await enact(db, 'keqiao', MONDAY);
    await saveStreams(db, configuredStreams(config), MONDAY);
    await openDays(db, MONDAY);
    assert.ok((await tasks('increment')).every(({ owner }) => owner !== MANAGEMENT.name));
    await enact(db, 'keqiao', MONDAY, MANAGEMENT);
    assert.ok((await tasks('increment')).every(({ owner }) => owner === MANAGEMENT.name));
  });

  it('an entry of the catalog: the issuer completes it, the management unit approves it, each in a task of its own', async () => {
    await city('wuxi');
    const typeCode = '11100000000013338W901';
    const issuer = { code: '11320200014006438B', name: '市公园管理局' };
    const partly = { typeCode, name: '证', issuer };
    const whole = {
      ...partly,
      category: '证照',
      holders: ['legal'],
      template: 'a.png',
      face: [{ name: 'x', label: '甲', type: 'text' }],
    };
    await draftEntries(db, [catalogEntrySchema.parse(partly)], 'x', MONDAY);
    await syncCatalogDeadlines(db, MONDAY);
    const seen = async () =>
      (await listTasks(db, LATER, { states: EVERY_STATE, limit: 100 })).map(
        ({ kind, rule, owner, state }) => `${kind} ${rule} ${owner} ${state}`,
      );
    assert.deepEqual(await seen(), ['catalog WX-6 市公园管理局 open']);
    await draftEntries(db, [catalogEntrySchema.parse(whole)], 'x', at('2026-11-23T09:30:00'));
    await syncCatalogDeadlines(db, LATER);
    assert.deepEqual(await seen(), ['catalog WX-6 市公园管理局 open'], 'the file of its template is not stored');
    const templates = new Map([['a.png', hash('sha256', '底图')]]);
    await draftEntries(db, [catalogEntrySchema.parse(whole)], 'x', at('2026-11-23T10:00:00'), { templates });
    await syncCatalogDeadlines(db, LATER);
    await syncCatalogDeadlines(db, LATER);
    assert.deepEqual((await seen()).toSorted(), [
      'catalog WX-6 市公园管理局 met',
      'catalog-approval WX-6 市数据局 open',
    ]);
    await approveDrafts(db, [typeCode], 'y', LATER);
    await syncCatalogDeadlines(db, LATER);
    assert.deepEqual((await seen()).toSorted(), [
      'catalog WX-6 市公园管理局 met',
      'catalog-approval WX-6 市数据局 met',
    ]);
  });

  it('a platform that returns data owes nothing under the city’s law: no difference, no push, no contact', async () => {
    await city('wuxi');
    for (const name of [PROVINCE, HOUSING]) {
      const stream = await getStream(db, name);
      const difference = { subject: 'd', window: null, sourceCount: 2, libraryCount: 1 };
      await openDiscrepancy(db, stream, { ...difference, onlyAtSource: ['K'], onlyInLibrary: [] }, MONDAY);
      await openObligations(
        db,
        'push-online',
        [
          {
            subject: `case/${name}/1`,
            ownerCode: stream.unitCode,
            ownerName: stream.unitName,
            startedAt: MONDAY,
            streamId: stream.id,
          },
        ],
        { by: 't', at: MONDAY },
      );
    }
    await syncDifferences(db, MONDAY);
    await openDays(db, MONDAY);
    await followContacts(db, MONDAY);
    const every = await listTasks(db, MONDAY, { states: EVERY_STATE, limit: 1_000 });
    const { unitCode } = await getStream(db, HOUSING);
    const owed = (code: string) => new Set(every.filter(({ ownerCode }) => ownerCode === code).map(({ kind }) => kind));
    assert.deepEqual(owed(PROVINCE_UNIT), new Set());
    assert.deepEqual(owed(unitCode), new Set(['consistency', 'push-online', 'increment', 'contact']));
    assert.ok(!(await listContacts(db)).some((unit) => unit.unitCode === PROVINCE_UNIT));
  });

  /** Has the platform be read day by day, as by windows of time, in the name of a unit. */
  async function readDaily(unit: string, change: { unitAbove?: boolean } = {}): Promise<void> {
    const config = await enact(db, 'wuxi', MONDAY, MANAGEMENT);
    const platform = config.connectors.find(({ unit: code }) => code === PROVINCE_UNIT)!;
    platform.unit = unit;
    for (const stream of platform.streams) stream.delivery = 'daily';
    const streams = configuredStreams(config);
    await saveStreams(
      db,
      streams.map((stream) => ({ ...stream, ...(stream.name === PROVINCE && change) })),
      MONDAY,
    );
    await openDays(db, MONDAY);
    await followContacts(db, MONDAY);
    await syncReviews(db, MONDAY);
  }
  const owedBy = async (code: string) =>
    (await listTasks(db, MONDAY, { states: EVERY_STATE, limit: 1_000 }))
      .filter(({ ownerCode }) => ownerCode === code)
      .map(({ kind, state }) => `${kind} ${state}`)
      .toSorted();

  it('a platform of the province owes nothing when it is read day by day, and its days are proven all the same', async () => {
    await readDaily(PROVINCE_UNIT);
    assert.deepEqual(await owedBy(PROVINCE_UNIT), []);
    assert.ok(!(await listContacts(db)).some((unit) => unit.unitCode === PROVINCE_UNIT));
    const { id } = await getStream(db, PROVINCE);
    const cover = (from: string, to: string) =>
      db('coverage')
        .where({ stream_id: id })
        .update({ times: db.raw('tstzmultirange(tstzrange(?, ?))', [at(from), at(to)]) });
    const day = (time: string) => unowedDay(db, PROVINCE, '2026-11-23', at(time));
    await cover('2026-11-23T09:00:00', '2026-11-23T22:00:00');
    assert.equal((await day('2026-11-23T22:00:00'))?.metAt, null, 'its morning is not covered');
    await cover('2026-11-23', '2026-11-24');
    const [met, verified] = [await day('2026-11-23T22:00:00'), await day('2026-11-24T00:10:00')];
    assert.ok(met?.metAt && !met.verifiedAt && verified?.verifiedAt);
    assert.equal(await unowedDay(db, HOUSING, '2026-11-23', LATER), null, 'a department’s day is owed');
    assert.equal(await unowedDay(db, PROVINCE, '2026-11-22', LATER), null, 'before the stream was there');
  });

  it('a unit of the city owes what it is read of day by day', async () => {
    await readDaily('11320200014000001X');
    assert.deepEqual(await owedBy('11320200014000001X'), ['contact open', 'increment due soon', 'review open']);
  });

  it('what a platform owed before the hub knew that it stands above the city ends', async () => {
    await readDaily(PROVINCE_UNIT, { unitAbove: false });
    assert.deepEqual(await owedBy(PROVINCE_UNIT), ['contact open', 'increment due soon', 'review open']);
    await readDaily(PROVINCE_UNIT);
    assert.deepEqual(await owedBy(PROVINCE_UNIT), ['contact cancelled', 'increment cancelled', 'review cancelled']);
  });

  it('which units stand above an area is told by their codes', () => {
    const above = (area: string) =>
      ['100000', '320000', '320200', '320205', '330000', '330600', '310000'].filter((own) =>
        standsAbove(`11${own}014000132X`, area),
      );
    assert.deepEqual(above('320200'), ['100000', '320000']);
    assert.deepEqual(above('330603'), ['100000', '330000', '330600']);
    assert.deepEqual(above('310000'), ['100000']);
    assert.ok(!standsAbove('U', '320200'));
  });

  it('what another unit owes of a platform’s records is owed', async () => {
    await city('wuxi');
    const { id } = await getStream(db, PROVINCE);
    const item = { subject: 'case/x', ownerCode: TAX.code, ownerName: TAX.name, startedAt: MONDAY, streamId: id };
    await openObligations(db, 'push-online', [item], { by: 't', at: MONDAY });
    assert.equal((await tasks('push-online')).length, 1);
  });

  const uses = () => saveUsageList(db, TAX, [], { by: 't', at: MONDAY });

  it('user units owe their contact person as issuers do, and filing it meets that', async () => {
    await city('shanghai');
    await uses();
    await followContacts(db, MONDAY);
    const own = async () => (await tasks('contact')).filter(({ ownerCode }) => ownerCode === TAX.code);
    assert.deepEqual(
      (await own()).map(({ rule, state, owner }) => [rule, state, owner]),
      [['SH-25', 'open', '市税务局']],
    );
    assert.ok((await tasks('contact')).length > 1);
    const contact = { unitCode: TAX.code, unitName: TAX.name, role: 'operator', person: '王工' } as const;
    await fileContact(db, { ...contact, email: null, phone: '13800001234', webhook: null }, { by: 't', at: LATER });
    assert.deepEqual(
      (await own()).map(({ state }) => state),
      ['met'],
    );
  });

  it('in Keqiao, whose draft asks user units alone, departments that deliver owe none', async () => {
    await city('keqiao');
    await uses();
    await followContacts(db, MONDAY);
    assert.deepEqual(
      (await tasks('contact')).map(({ owner }) => owner),
      ['市税务局'],
    );
  });
});
