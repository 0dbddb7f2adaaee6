import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { compileMapping } from '../../../connectors/mapping/compile.ts';
import { mapWithHeld } from '../../../connectors/mapping/map-page.ts';
import { timeWindow } from '../../../domain/collection/window.ts';
import { DAY_MS } from '../../../domain/dates.ts';
import { withEvents } from '../../../domain/library/lifecycle.ts';
import { inboxConnectorSchema } from '../../../settings/kinds/inbox.ts';
import { getBatch } from '../../../store/collection/batches.ts';
import { certificatesAt } from '../../../store/collection/lifecycle.ts';
import { writePage, type PageCounts } from '../../../store/collection/pages.ts';
import { finishProof, listPage, startProof } from '../../../store/collection/proofs.ts';
import { versionsOf } from '../../../store/library/certificates.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { BASE_MS, newBatch, newStream, NOW } from '../../support/library.ts';

const { streams } = inboxConnectorSchema.parse({
  name: '市自然资源局',
  unit: '11320200014006438B',
  kind: 'inbox',
  token: { env: 'T' },
  streams: [
    {
      id: 'land',
      record: { key: 'id', updatedAt: 'gxsj' },
      status: {
        field: 'zt',
        values: { '1': 'valid', '4': 'cancelled' },
        events: { field: 'sj', values: { 抵押: { begins: ['mortgage'] }, 解除抵押: { ends: ['mortgage'] }, 注销: {} } },
      },
    },
  ],
});
const RECORD = {
  id: 'R1',
  gxsj: '2026-11-20 10:00:00',
  zt: '1',
  ZZMC: '不动产权证书',
  ZZLXDM: '11100000000013338W011',
  ZZBH: '锡不动产(2026)12',
  ZZBFRQ: '2026-11-20',
  CZZT: '无锡某某园林有限公司',
  CZZTDM: '91460100MA5THWMM2J',
  CZZTDMLXDM: '001',
  zl: '一号院',
};
const event = (sj: string, time: string, change: object = {}) => ({ id: 'R1', gxsj: `2026-11-${time}`, sj, ...change });

describe('events that come without their certificate', () => {
  let database: TestDatabase;
  let db: Knex;
  let stream: { id: number; name: string };
  let batch = 0;
  let pages = 0;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  after(() => database.drop());
  beforeEach(async () => {
    stream = await newStream(db);
    batch = await newBatch(db, stream.id);
  });

  const mapped = async (records: object[]) => {
    const page = { records, undecodable: new Map<number, string>() };
    const context = { readAt: '2026-11-22T12:00:00+08:00' };
    const { rows, ...rest } = await mapWithHeld(compileMapping(streams[0]!), page, context, (events) =>
      certificatesAt(db, stream.id, events),
    );
    return { ...rest, rows: rows.toJson() };
  };
  async function deliver(...records: object[]): Promise<PageCounts & { problems: unknown[] }> {
    const { rows: json, rejected, deleted } = await mapped(records);
    pages += 1;
    const rows = { number: pages, digest: String(pages), position: null, read: records.length };
    const counts = await writePage(
      db,
      await getBatch(db, batch),
      { ...rows, rows: json, rejected, deleted },
      { untimed: false, snapshot: false, versions: true },
      NOW,
    );
    return { ...counts, problems: rejected.flatMap(({ problems }) => problems) };
  }
  const lives = async () =>
    withEvents(await versionsOf(db, stream.name, 'R1')).map(({ event: what, state, held, number, extension }) => [
      what,
      state,
      held.join(),
      number,
      extension.zl,
    ]);
  const OF = [RECORD.ZZBH, '一号院'];

  it('are taken for the certificate that the library has, in the order of their times', async () => {
    await deliver(RECORD);
    assert.equal((await deliver(event('抵押', '20 11:00:00'))).accepted, 1);
    const both = await deliver(event('注销', '22 09:00:00', { zt: '4' }), event('解除抵押', '21 11:00:00'));
    assert.deepEqual([both.problems, both.rejected], [[], 0]);
    assert.deepEqual(await lives(), [
      ['issued', 'inForce', '', ...OF],
      ['marked', 'inForce', 'mortgage', ...OF],
      ['marked', 'inForce', '', ...OF],
      ['cancelled', 'ended', '', ...OF],
    ]);
  });

  it('are taken with their record on one page, and once however often they come', async () => {
    const page = [RECORD, event('抵押', '20 11:00:00', { zl: '' })];
    await deliver(...page);
    const once = await lives();
    assert.deepEqual(once.at(-1), ['marked', 'inForce', 'mortgage', ...OF]);
    await deliver(...page);
    const again = await deliver(event('抵押', '20 11:00:00', { zl: '' }));
    assert.deepEqual([again.unchanged, again.rejected], [1, 0]);
    assert.deepEqual(await lives(), once);
  });

  it('are the same to a proof that reads them again', async () => {
    await deliver(RECORD);
    await deliver(event('抵押', '20 11:00:00'));
    const window = timeWindow(BASE_MS, BASE_MS + DAY_MS);
    const proof = await startProof(db, stream.id, window, NOW);
    await listPage(db, proof, await mapped([event('抵押', '20 11:00:00')]));
    const { sourceRecords, differences } = await finishProof(
      db,
      proof,
      stream.id,
      window,
      { untimed: false, declared: 1 },
      NOW,
    );
    assert.deepEqual([sourceRecords, differences], [1, 0]);
  });

  it('are rejected, and name their key, where the library knows none, until its record is in', async () => {
    const { problems, rejected } = await deliver(event('抵押', '20 11:00:00'));
    assert.deepEqual(problems, [{ rule: 'event-unknown', field: 'key', found: 'R1' }]);
    assert.equal(rejected, 1);
    await deliver(RECORD);
    assert.equal((await deliver(event('抵押', '20 11:00:00'))).rejected, 0);
    assert.deepEqual((await lives()).at(-1), ['marked', 'inForce', 'mortgage', ...OF]);
  });

  it('are rejected where their certificate was deleted at the source; half a certificate is none', async () => {
    await deliver(RECORD);
    await db('certificate').where({ stream_id: stream.id }).update({ status: 'deleted' });
    assert.deepEqual((await deliver(event('抵押', '20 11:00:00'))).problems, [
      { rule: 'event-unknown', field: 'key', found: 'R1' },
    ]);
    const { problems } = await deliver(event('抵押', '20 12:00:00', { ZZBH: 'X-1' }));
    assert.ok(
      problems.length > 0 && problems.every((problem) => (problem as { rule: string }).rule === 'required-missing'),
    );
  });
});
