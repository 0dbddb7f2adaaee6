import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FolderStore } from '../../../store/library/files/folder.ts';
import { saveUsageList } from '../../../store/sharing/usage-lists.ts';
import { saveUsage, shortfallOf, unitFigures } from '../../../store/supervision/figures.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { certificateInUse, OTHER_USER, use, USER } from '../sharing/uses.ts';

const PERIOD = {
  from: new Date('2026-10-01T00:00:00+08:00'),
  to: new Date('2026-12-01T00:00:00+08:00'),
  at: new Date('2026-12-01T09:00:00+08:00'),
};

describe('how certificates are used, among the figures of supervision', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hub-figures-'));
  let database: TestDatabase;
  let used: Awaited<ReturnType<typeof certificateInUse>>;
  before(async () => {
    database = await createDatabase();
    const { db } = database;
    used = await certificateInUse(db, new FolderStore(folder), new Date('2026-09-01T00:00:00+08:00'));
    const { matter } = await db('share_grant').where({ id: used.grantId }).first<{ matter: string }>('matter');
    const items = [matter, 'Z-9'].map((code) => ({ code, name: code, scenario: '受理', types: ['T1'] }));
    await saveUsageList(db, USER, items, { by: 'x', at: new Date('2026-09-01T00:00:00+08:00') });
    await db('usage_list').update({ approved_at: new Date('2026-09-02T00:00:00+08:00'), approved_by: 'y' });
    const reported = { month: '2026-10', items: 10, itemsLinked: 1, cases: 10, casesUsed: 1, calls: 10, callsGood: 1 };
    await saveUsage(
      db,
      [USER, OTHER_USER].map(({ code, name }) => ({ ...reported, unitCode: code, unitName: name })),
      { by: '王五', at: PERIOD.at },
    );
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true });
  });
  const figures = async (unit: string, choice: Partial<typeof PERIOD> = {}) => {
    const [found] = await unitFigures(database.db, { ...PERIOD, ...choice, unit });
    const { applicability, application, success } = found?.figures ?? {};
    return [applicability, application, success].map((ratio) => ratio && [ratio.numerator, ratio.denominator]);
  };

  it('are as the unit reports where the log has nothing of a month', async () => {
    assert.deepEqual(await figures(USER.code), [
      [1, 10],
      [1, 10],
      [1, 10],
    ]);
  });

  it('are counted where the log has uses: matters with a grant, cases that were served, calls that were answered', async () => {
    const { db } = database;
    const at = new Date('2026-10-20T10:00:00+08:00');
    await use(db, used, at);
    await use(db, used, at, { outcome: 'none', certificates: [] });
    await use(db, used, at, { outcome: 'refused', refusal: 'day-limit', certificates: [] });
    await db.raw('ALTER TABLE certificate_use DISABLE TRIGGER USER');
    await db('certificate_use').where({ outcome: 'refused' }).update({ business: 'B-2' });
    await db.raw('ALTER TABLE certificate_use ENABLE TRIGGER USER');
    await use(db, used, at, { act: 'own-list' });
    assert.deepEqual(await figures(USER.code), [
      [1, 2],
      [1, 2],
      [1, 3],
    ]);
    assert.deepEqual((await figures(OTHER_USER.code))[0], [1, 10], 'of another unit nothing changes');
    assert.deepEqual((await figures(USER.code, { from: new Date('2026-11-01T00:00:00+08:00') }))[2], undefined);
  });

  it('say by month what they lack', async () => {
    const [lacking] = await shortfallOf(database.db, 'success', { ...PERIOD, unit: USER.code, limit: 10 });
    assert.deepEqual(lacking, {
      unit: USER.name,
      source: '2026-10',
      record: null,
      at: new Date('2026-10-20T10:00:00+08:00'),
      what: 'failed-calls',
      lacking: 2,
      of: 3,
      by: null,
    });
  });
});
