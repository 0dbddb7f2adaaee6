import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { approveDemoCatalog } from '../../cli/demo/catalog.ts';
import type { CatalogEntry } from '../../domain/library/catalog.ts';
import { catalogWorkflowId } from '../../domain/ids.ts';
import {
  approveDrafts,
  draftEntries,
  entryVersions,
  lastCatalogSync,
  withdrawEntries,
} from '../../store/library/catalog.ts';
import type { CatalogSyncResult } from '../../activities/catalog.ts';
import type { catalogSync } from '../../workflows/catalog-sync.ts';
import { provinceCatalog } from '../departments/catalog.ts';
import { Departments } from '../support/departments.ts';
import { keepHistory } from '../support/temporal/histories.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';
import { DAY_MS } from '../../domain/dates.ts';

const PROVINCE = '113200000140001322';
const CITY = '11320200MB1D55902K';
const LICENCE = '11100000MB0143028R001';
const PERMIT = '11100000000013338W011';
const FOOD = '11100000MB0143028R102';
const CAB = '11100000000019713D034';

describe('catalogSync', () => {
  let hub: SkippingHub;
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, startMs: nowMs - DAY_MS, records: 10 }).start('province'),
    );
  });
  after(() => hub.stop());
  beforeEach(async () => {
    await hub.db.raw('TRUNCATE catalog_entry, catalog_sync');
    await approveDemoCatalog(hub.db);
    const province = hub.departments.get('province');
    province.server.clearFaults();
    province.catalog = provinceCatalog();
  });

  const sync = (history?: string): Promise<CatalogSyncResult> =>
    hub.working(async () => {
      const handle = await hub.client.workflow.start<typeof catalogSync>('catalogSync', {
        workflowId: catalogWorkflowId('province'),
        taskQueue: TASK_QUEUE,
        args: [{ connector: 'province', unit: '省电子证照回传平台' }],
      });
      const result = await handle.result();
      if (history !== undefined) await keepHistory(handle, history);
      return result;
    });
  const told = async (): Promise<string[]> =>
    ((await lastCatalogSync(hub.db, 'province'))?.findings ?? []).map(({ typeCode, state, fields }) =>
      [typeCode, state, ...fields].join(' '),
    );
  const draftOf = async (code: string) =>
    (await entryVersions(hub.db, [code])).find(({ state }) => state === 'draft') ?? null;
  const approve = (...codes: string[]): Promise<void> => approveDrafts(hub.db, codes, CITY, new Date(hub.nowMs));
  const draft = (entry: CatalogEntry, by: string) => draftEntries(hub.db, [entry], by, new Date(hub.nowMs));

  it('drafts what is new or changed, names what is faulty, and has nothing more to draft the second time', async () => {
    const found = { listed: 5, new: 2, changed: 1, unchanged: 1, waiting: 0, faulty: 1, gone: 0 };
    assert.deepEqual(await sync('drafted'), { ...found, drafted: 3 });
    assert.deepEqual(await told(), [
      `${PERMIT} changed template face`,
      `${FOOD} new`,
      `${CAB} new`,
      '11100000000013522L017 faulty',
    ]);
    const { findings = [] } = (await lastCatalogSync(hub.db, 'province')) ?? {};
    assert.deepEqual(findings.at(-1)?.faults, [
      {
        field: 'holders[0]',
        found: { zh: '“9”', en: '“9”' },
        expected: { zh: 'natural、legal、unincorporated 之一', en: 'one of natural, legal, unincorporated' },
      },
    ]);
    const food = await draftOf(FOOD);
    assert.deepEqual(
      [food?.draftedBy, food?.version, food?.entry.level, food?.entry.face.length],
      [PROVINCE, 1, 'provincial', 2],
    );
    // What is the city's own stays beside what the province says.
    const permit = await draftOf(PERMIT);
    assert.deepEqual(
      [permit?.version, permit?.entry.template, permit?.entry.publicity, permit?.entry.sources],
      [2, 'sgxkz-2026.ofd', 'public', ['housing-permits', 'province-return']],
    );
    assert.deepEqual(await sync(), { ...found, drafted: 0 });
    await approve(PERMIT, FOOD, CAB);
    assert.deepEqual(await sync(), { ...found, new: 0, changed: 0, unchanged: 4, drafted: 0 });
  });

  it('keeps a draft of somebody else, and says what it waits for', async () => {
    const [approved] = await entryVersions(hub.db, [PERMIT]);
    assert.ok(approved);
    await draft({ ...approved.entry, publicity: 'shared' }, CITY);
    const { waiting, changed, drafted } = await sync();
    assert.deepEqual([waiting, changed, drafted], [1, 0, 2]);
    assert.ok((await told()).includes(`${PERMIT} waiting template face`));
    const kept = await draftOf(PERMIT);
    assert.deepEqual(
      [kept?.draftedBy, kept?.entry.publicity, kept?.entry.template],
      [CITY, 'shared', 'sgxkz-2021.ofd'],
    );

    // A draft of the province that a person completes is theirs from then on, and says what the province says.
    const food = await draftOf(FOOD);
    assert.ok(food);
    await draft({ ...food.entry, publicity: 'public' }, CITY);
    assert.deepEqual((await sync()).drafted, 0);
    assert.equal((await draftOf(FOOD))?.entry.publicity, 'public');
    assert.ok((await told()).includes(`${FOOD} new`));

    await approve(PERMIT);
    assert.deepEqual((await sync()).drafted, 1);
    const next = await draftOf(PERMIT);
    assert.deepEqual([next?.version, next?.entry.publicity, next?.entry.template], [3, 'shared', 'sgxkz-2026.ofd']);
  });

  it('takes its own draft back when the province does, tells what is gone, and leaves withdrawn entries alone', async () => {
    await sync();
    await approve(FOOD);
    await withdrawEntries(hub.db, [LICENCE], CITY, new Date(hub.nowMs));
    const province = hub.departments.get('province');
    province.catalog = provinceCatalog()
      .filter(({ ZZLXDM: code }) => code !== FOOD)
      .map((type) => (type.ZZLXDM === PERMIT ? { ...type, MB: 'sgxkz-2021.ofd', ZMXX: [] } : type));
    const { gone, unchanged, drafted } = await sync();
    assert.deepEqual([gone, unchanged, drafted], [1, 2, 0]);
    assert.ok((await told()).includes(`${FOOD} gone`));
    assert.equal((await entryVersions(hub.db, [FOOD]))[0]?.state, 'approved');
    assert.equal(await draftOf(PERMIT), null);
    assert.equal(await draftOf(LICENCE), null);
  });

  it('waits for a province that is away, and reads again what came short', async () => {
    const { server } = hub.departments.get('province');
    server.setFault('away', 4);
    assert.equal((await sync()).listed, 5);
    server.setFault('short-page', 2);
    assert.equal((await sync()).listed, 5);
    assert.equal(server.counts.faults, 6);
  });
});
