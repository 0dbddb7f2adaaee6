import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { migrate } from '../../store/database.ts';
import { MIGRATIONS } from '../../store/migrations/index.ts';
import { calendarName, noteCalendar } from '../../store/ledger/calendar.ts';
import { changesOf } from '../../store/ledger/obligations.ts';
import { findTask } from '../../store/ledger/tasks.ts';
import { withEvents } from '../../domain/library/lifecycle.ts';
import { sealReasonInWords } from '../../domain/library/seals.ts';
import { approvedCatalog } from '../../store/library/catalog.ts';
import { versionsOf } from '../../store/library/certificates.ts';
import { filesOf } from '../../store/library/certificate-files.ts';
import { itemOf } from '../../domain/supervision/sanctions.ts';
import { actOnCase } from '../../store/casework/cases.ts';
import { findingsUnder, getFinding } from '../../store/supervision/findings.ts';
import { findByHand } from '../../store/supervision/inspections.ts';
import { settleOutside } from '../../store/collection/reconciliation.ts';
import { newStream } from '../support/library.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { enact } from '../support/law/enact.ts';

const NOW = new Date('2026-11-20T12:00:00+08:00');

describe('a database of an earlier version', () => {
  let database: TestDatabase;
  let db: Knex;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  after(() => database.drop());

  /** Takes the schema back to before a migration, gives it what a hub of that time wrote, and brings it up to date. */
  async function across(migration: string, write: () => Promise<unknown>): Promise<void> {
    const names = [...MIGRATIONS.keys()];
    for (const name of names.slice(names.indexOf(migration)).reverse()) await db.migrate.down({ name });
    await write();
    await migrate(db, 'production');
  }

  it('its migrations stand in the order of their numbers', () => {
    const names = [...MIGRATIONS.keys()];
    assert.deepEqual(names, names.toSorted());
  });

  it('0056: a difference of records outside a window bears the window, and is ended by it', async () => {
    const [from, to] = ['2026-11-20T00:00:00+08:00', '2026-11-21T00:00:00+08:00'];
    const { id } = await newStream(db);
    await across('0056-asked-windows', () =>
      db('discrepancy').insert(
        [`outside-window ${from}/${to}`, 'moving'].map((subject) => ({
          stream_id: id,
          subject,
          source_count: 0,
          library_count: 0,
          owner_code: 'U1',
          owner_name: '甲局',
          opened_at: NOW,
        })),
      ),
    );
    await settleOutside(db, id, { kind: 'time', from, to }, NOW);
    assert.deepEqual(await db('discrepancy').where({ stream_id: id }).whereNull('closed_at').pluck('subject'), [
      'moving',
    ]);
  });

  it('0023: what was said of a deadline is a fact of it, also in its history, and each change has its author', async () => {
    let id = 0;
    await across('0023-ledger', async () => {
      const row = { rule: 'WX-18b', article: '第十八条', duty: '标注', basis: 'statutory', duty_kind: 'dispute-mark' };
      const owner = { owner_code: 'U1', owner_name: '甲局', subject: 'dispute/1', started_at: NOW, opened_at: NOW };
      const [inserted] = await db('obligation')
        .insert({ ...row, ...owner, due_at: NOW, reason: '机房断电', changed_by: '张三' })
        .returning<{ id: number }[]>('id');
      id = inserted?.id ?? 0;
      await db('obligation').where({ id }).update({ reason: null, changed_by: 'calendar' });
      await db('obligation').where({ id }).update({ reason: '容错', changed_by: '李处长', exempted_at: NOW });
    });
    const said = (text: string) => ({ code: 'said', text });
    assert.deepEqual(
      (await changesOf(db, id)).map(({ by, reason }) => [by, reason]),
      [
        ['张三', said('机房断电')],
        ['hub', null],
        ['李处长', said('容错')],
      ],
    );
    assert.equal((await findTask(db, id, NOW))?.state, 'exempted');
  });

  it('0025: what was said of a file’s signature is a fact where it is known as one, and stays readable elsewhere', async () => {
    await across('0025-seals', async () => {
      const [stream] = await db('stream')
        .insert({
          name: 's',
          title: 's',
          connector: 'c',
          unit_code: 'U1',
          unit_name: '甲局',
          delivery: 'daily',
          collect_from: NOW,
          activated_at: NOW,
        })
        .returning<{ id: number }[]>('id');
      const file = { stream_id: stream?.id, size: 1, fetched_at: NOW };
      await db('fetched_file').insert(
        [
          ['valid', 'the signature holds and covers the whole file; revocation was not looked up'],
          ['invalid', 'the content is not what was signed'],
          ['unsigned', 'an OFD without a signature'],
          ['未核验', 'a signed OFD: no maintained library verifies its seals (GB/T 38540, SM2/SM3)'],
        ].map(([signature, detail], index) => ({
          ...file,
          record_key: `K${index}`,
          content_hash: 'h',
          signature,
          signature_detail: detail,
        })),
      );
    });
    const read = async (key: string) => (await filesOf(db, 's', key))[0];
    assert.deepEqual((await read('K0'))?.reason, { code: 'sound', revocation: false });
    assert.deepEqual((await read('K1'))?.reason, { code: 'content-changed' });
    assert.deepEqual((await read('K2'))?.reason, { code: 'unsigned' });
    const last = await read('K3');
    assert.ok(last);
    assert.match(sealReasonInWords(last.reason).zh, /^a signed OFD: no maintained library/);
    assert.deepEqual([last.signature, last.seals, last.judgedAt], ['未核验', [], NOW]);
  });

  it('0027: the ledger is counted again, so that what ended under 日历未公布 is judged by a table that came before', async () => {
    await across('0027-calendars', () => noteCalendar(db, '2026/1 24:00 60'));
    assert.equal(await calendarName(db), null);
  });

  it('0028: a finding of before goes on: its item is that of what it was found by, and one can be entered by hand', async () => {
    let id = 0;
    await across('0028-sanctions', async () => {
      const [inspection] = await db('inspection')
        .insert({ kind: 'patrol', by: '李处长', started_at: NOW })
        .returning<{ id: number }[]>('id');
      const seen = { found_at: NOW, last_seen_at: NOW, stage: 'found' };
      const [row] = await db('finding')
        .insert({
          ...seen,
          inspection_id: inspection?.id,
          unit_code: 'U1',
          unit_name: '甲局',
          cause: 'patrol/differing',
          facts: '差异',
        })
        .returning<{ id: number }[]>('id');
      id = row?.id ?? 0;
    });
    const { supervision } = (await enact(db, 'xuchang', NOW)).jurisdiction;
    const before = await getFinding(db, id, NOW);
    assert.deepEqual([before.item, itemOf(supervision, before)?.id], [null, '五']);
    const step = { action: 'order', demand: '消除差异', days: 5 } as const;
    const { stage, item } = await actOnCase(db, findingsUnder(supervision), id, step, { by: '李处长', at: NOW });
    assert.deepEqual([stage, item], ['ordered', '五']);
    const evidence = { name: 'a', content: Buffer.from('a'), sha256: 'x' };
    const given = { unit: { code: 'U1', name: '甲局' }, item: '四', facts: '拒收', evidence };
    const byHand = await findByHand(db, supervision, given, { by: '李处长', at: NOW });
    assert.equal((await getFinding(db, byHand, NOW)).kind, 'hand');
  });

  it('0032: certificates of before have their marks from their statuses, and their history goes on', async () => {
    const insert = (status: string, at: string): Promise<unknown> =>
      db.raw(
        `INSERT INTO certificate (stream_id, record_key, number, type_code, name, issued_on, long_term, holders, status,
           raw_status, extension, content_hash, source_updated_at, batch_id, recorded_at)
         VALUES (:streamId, 'K1', 'old-1', 'T', '证', '2025-01-01', true, '[]', :status, '1', '{}',
           convert_to(:status, 'UTF8'), :at, 0, :at)
         ON CONFLICT (stream_id, record_key) DO UPDATE SET status = excluded.status,
           content_hash = excluded.content_hash, source_updated_at = excluded.source_updated_at`,
        { streamId: stream.id, status, at },
      );
    let stream = { id: 0, name: '' };
    await across('0032-marks', async () => {
      const unit = { unit_code: 'U', unit_name: 'U', collect_from: NOW, activated_at: NOW };
      const given = { name: 'of-before', title: 'x', connector: 'c', delivery: 'daily', ...unit };
      [stream = stream] = await db('stream').insert(given).returning<{ id: number; name: string }[]>(['id', 'name']);
      await insert('valid', '2026-11-01T09:00:00+08:00');
      await insert('suspended', '2026-11-02T09:00:00+08:00');
    });
    await insert('valid', '2026-11-03T09:00:00+08:00');
    const lives = withEvents(await versionsOf(db, stream.name, 'K1'));
    assert.deepEqual(
      lives.map(({ event, state, held }) => [event, state, held]),
      [
        ['issued', 'inForce', []],
        ['suspended', 'suspended', ['suspension']],
        ['resumed', 'inForce', []],
      ],
    );
  });

  it('0034: one word for both kinds of organisations is both kinds', async () => {
    const entry = (typeCode: string, holders: string[]) => ({
      type_code: typeCode,
      version: 1,
      state: 'approved',
      drafted_by: 'x',
      drafted_at: NOW,
      decided_at: NOW,
      entry: JSON.stringify({ typeCode, holders }),
    });
    await across('0034-catalog', () =>
      db('catalog_entry').insert([entry('OLD', ['natural', 'legal']), entry('PEOPLE', ['natural'])]),
    );
    const catalog = await approvedCatalog(db);
    assert.deepEqual(catalog.get('OLD')?.holders, ['natural', 'legal', 'unincorporated']);
    assert.deepEqual(catalog.get('PEOPLE')?.holders, ['natural']);
  });
});
