import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import iconv from 'iconv-lite';
import type { Knex } from 'knex';
import { utils, write } from 'xlsx';
import { approveDemoCatalog } from '../../../cli/demo/catalog.ts';
import { takePaper } from '../../../server/inbox/paper.ts';
import type { HubConfig } from '../../../settings/load.ts';
import { mappingOf } from '../../../connectors/registry.ts';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { HubError } from '../../../domain/errors.ts';
import { getChain } from '../../../store/collection/batches.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import { findCertificates } from '../../../store/library/certificates.ts';
import { eventsOf } from '../../../store/ledger/obligations.ts';
import { actOnCase } from '../../../store/casework/cases.ts';
import { openOutage, OUTAGES } from '../../../store/casework/outages.ts';
import { writePage } from '../../../store/collection/pages.ts';
import type { TakenPaper } from '../../../store/casework/paper.ts';
import { saveStreams } from '../../../store/collection/streams.ts';
import { configuredStreams } from '../../../store/apply-config.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { streamOf } from '../../support/departments.ts';
import { at, enact } from '../../support/law/enact.ts';
import { newBatch } from '../../support/library.ts';

const STREAM = 'housing-permits';
const NOW = at('2026-11-20T18:00:00');
const { connector, stream } = streamOf(STREAM);
const mapping = mappingOf({ ownKinds: new Map() }, connector, stream);

type Row = Record<string, string | number | Date>;
const BUILDERS = JSON.stringify([{ name: '无锡甲建设有限公司', code: '91320200MA1MABCD12', kind: 'ORG' }]);
const row = (id: string, more: Row = {}): Row => ({
  id,
  permitNo: `3202(2026)${id}`,
  organName: '无锡市住房和城乡建设局',
  organCode: '11320200014006438B',
  issueDate: '2026-11-20',
  validFrom: '2026-11-20',
  validTo: '2028-11-20',
  builders: BUILDERS,
  state: '01',
  deleted: '0',
  updateTime: '2026-11-20 10:00:00',
  'site.address': '滨湖区人民路1号',
  ...more,
});

describe('records that were made on paper', () => {
  let database: TestDatabase;
  let db: Knex;
  let config: HubConfig;
  let outage = 0;
  const folder = mkdtempSync(join(tmpdir(), 'paper-'));
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    config = await enact(db, 'wuxi', NOW);
    await saveStreams(db, configuredStreams(config), NOW);
    await approveDemoCatalog(db);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await database.drop();
  });
  beforeEach(async () => {
    await db.raw('TRUNCATE certificate, certificate_history, reject, batch, batch_page, case_file, outage CASCADE');
    outage = await openOutage(
      db,
      {
        unit: { code: 'U1', name: '市住建局' },
        streams: [STREAM, 'health-doctors'],
        kinds: ['issue'],
        cause: '机房断电',
        beganAt: at('2026-11-20T09:00:00'),
        evidence: null,
      },
      { by: '张三', at: NOW },
    );
  });

  const csv = (rows: Row[]): string => {
    const columns = Object.keys(rows[0] ?? {});
    const cell = (value: Row[string] = ''): string => `"${String(value).replaceAll('"', '""')}"`;
    return [columns, ...rows.map((each) => columns.map((column) => each[column]))]
      .map((cells) => cells.map(cell).join(','))
      .join('\r\n');
  };
  let files = 0;
  const fileOf = (content: string | Buffer, ending = 'csv'): string => {
    const path = join(folder, `paper ${(files += 1)}.${ending}`);
    writeFileSync(path, content);
    return path;
  };
  const xlsx = (rows: Row[]): Buffer => {
    const book = utils.book_new(utils.json_to_sheet(rows), '台账');
    return write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer;
  };
  const take = (path: string, of = outage, name = STREAM): Promise<TakenPaper> =>
    takePaper(db, config, { outage: of, stream: name, path }, { by: '张三', at: NOW });
  const streamId = async (): Promise<number> =>
    (await db('stream').where({ name: STREAM }).first<{ id: number }>('id')).id;
  /** What the source itself delivers. */
  async function deliver(record: Row): Promise<void> {
    const id = await streamId();
    const given = { ...record, builders: JSON.parse(BUILDERS) as unknown };
    const mapped = mapping.map(
      { records: [given], undecodable: new Map() },
      { readAt: shanghaiInstant(NOW.getTime()), catalog: await approvedCatalog(db) },
    );
    const page = { number: 0, digest: '', read: 1, rows: mapped.rows.toJson(), rejected: mapped.rejected };
    const batch = { id: await newBatch(db, id), streamId: id, attempt: 1 };
    const whole = { ...page, deleted: mapped.deleted, position: null };
    await writePage(db, batch, whole, { untimed: false, snapshot: false }, NOW);
  }
  const keys = (): Promise<string[]> => db('certificate').orderBy('record_key').pluck<string[]>('record_key');
  const batches = async (): Promise<number> => (await db('batch')).length;

  it('are mapped as the source’s own are: committed or rejected, in one batch that is no link and covers nothing', async () => {
    const coverage = () => db('coverage').orderBy('stream_id');
    const before = await coverage();
    const taken = await take(fileOf(csv([row('1'), row('2', { state: '!' }), row('3')])));
    const { batchId, ...counts } = taken;
    assert.deepEqual(counts, { read: 3, accepted: 2, unchanged: 0, rejected: 1, known: false });
    assert.deepEqual(await keys(), ['1', '3']);
    const [first] = await findCertificates(db, '3202(2026)1');
    assert.deepEqual(
      [first?.holders[0]?.name, first?.holders[0]?.codeType, first?.extension],
      ['无锡甲建设有限公司', '001', { site: { address: '滨湖区人民路1号' } }],
    );
    const rejects = await db('reject').select<{ record_key: string; rule: string; first_batch_id: number }[]>('*');
    assert.deepEqual(
      rejects.map(({ record_key, rule, first_batch_id }) => [record_key, rule, first_batch_id]),
      [['2', 'status-unmapped', batchId]],
    );
    assert.deepEqual(await coverage(), before);
    assert.equal((await getChain(db, await streamId())).last, null);
    const [batch] = await db('batch').select<object[]>('purpose', 'state', 'declared', 'read', 'ordinal', 'read_from');
    assert.deepEqual(batch, {
      purpose: 'paper',
      state: 'complete',
      declared: 3,
      read: 3,
      ordinal: null,
      read_from: null,
    });
    const event = (await eventsOf(db, `outage/${outage}`)).at(-1);
    assert.deepEqual([event?.what, event?.by, event?.detail.read, event?.detail.rejected], ['paper', '张三', 3, 1]);
    assert.equal((await db('drift')).length + (await db('stream_field')).length, 0, 'nothing is learnt of the source');
  });

  it('the same file is taken once, whatever its name, also twice at the same time; another one beside it', async () => {
    const content = csv([row('1'), row('2', { state: '!' })]);
    const both = await Promise.all([take(fileOf(content)), take(fileOf(content))]);
    assert.deepEqual(both.map(({ known }) => known).sort(), [false, true]);
    const again = await take(fileOf(content));
    assert.deepEqual(again, { batchId: both[0].batchId, read: 2, accepted: 1, unchanged: 0, rejected: 1, known: true });
    assert.equal(await batches(), 1);
    assert.equal((await take(fileOf(csv([row('9')])))).known, false);
    assert.equal(await batches(), 2);
    const events = await eventsOf(db, `outage/${outage}`);
    assert.equal(events.filter(({ what }) => what === 'paper').length, 2);
  });

  it('the source’s own version replaces what was on paper when it is newer or as old, and paper replaces nothing newer', async () => {
    await take(fileOf(csv([row('1', { organName: '手工' }), row('2', { organName: '手工' })])));
    await deliver(row('1', { updateTime: '2026-11-20 10:00:00' }));
    await deliver(row('2', { updateTime: '2026-11-20 16:00:00' }));
    const later = await take(fileOf(csv([row('2', { updateTime: '2026-11-20 15:00:00', organName: '手工' })])));
    assert.deepEqual([later.accepted, later.unchanged], [0, 1]);
    assert.deepEqual(await db('certificate').orderBy('record_key').pluck('issuer_name'), [
      '无锡市住房和城乡建设局',
      '无锡市住房和城乡建设局',
    ]);
  });

  it('a workbook is read as well as csv in another encoding; a code in a number cell is refused, not repaired', async () => {
    const rows = [row('1', { issueDate: new Date('2026-11-20T00:00:00Z') }), row('2', { permitNo: 32022026000001 })];
    const { accepted, rejected } = await take(fileOf(xlsx(rows), 'xlsx'));
    assert.deepEqual([accepted, rejected], [1, 1]);
    assert.deepEqual(await db('reject').pluck('rule'), ['code-as-number']);
    await take(fileOf(iconv.encode(csv([row('3')]), 'gb18030')));
    const [third] = await findCertificates(db, '3202(2026)3');
    assert.equal(third?.issuerName, '无锡市住房和城乡建设局');
  });

  it('nothing is taken of a file that has too many faults, no key, or cannot be read', async () => {
    const many = Array.from({ length: 2_600 }, (_, index) => row(String(index), { state: index < 1_000 ? '01' : '!' }));
    const wrong: [string, RegExp][] = [
      [fileOf(csv(many)), /housing-permits: \d+ of \d+ records were rejected/],
      [fileOf('编号,状态\r\n1,01'), /found 编号, 状态, expected “id” with the source’s key/],
      [fileOf('no workbook', 'xlsx'), /found no records/],
      [fileOf(xlsx([row('1')]).subarray(0, 500), 'xlsx'), /cannot be unpacked/],
      [fileOf('%PDF', 'pdf'), /expected one of xlsx, xls, csv, jsonl/],
      [join(folder, 'nowhere.csv'), /ENOENT/],
    ];
    for (const [path, message] of wrong)
      await assert.rejects(take(path), (error) => error instanceof HubError && message.test(error.message), path);
    assert.deepEqual([await keys(), await batches()], [[], 0]);
  });

  it('refused for a stream that the outage does not stop, and once the outage is closed', async () => {
    const path = fileOf(csv([row('1')]));
    await assert.rejects(
      take(path, outage, 'land-permits'),
      /Outage \d+ cannot be done “paper”: it does not stop land-permits/,
    );
    await assert.rejects(take(path, outage + 1), /There is no outage/);
    await actOnCase(db, OUTAGES, outage, { action: 'withdraw', reason: '误报' }, { by: '张三', at: NOW });
    await assert.rejects(take(path), /Outage \d+ cannot be done “paper”: found it withdrawn/);
    assert.equal(await batches(), 0);
  });
});
