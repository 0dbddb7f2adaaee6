import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { said } from '../../../domain/ledger/reasons.ts';
import { loadConfig } from '../../../settings/load.ts';
import { calendarInForce, saveLaw } from '../../../store/apply-config.ts';
import { saveCalendar } from '../../../store/ledger/calendar.ts';
import { approveDrafts, draftEntries } from '../../../store/library/catalog.ts';
import {
  askAll,
  beginRecheck,
  beginSample,
  finishSample,
  inspectedRecords,
  listInspections,
  runPatrol,
  runTrial,
  sampleWindows,
} from '../../../store/supervision/inspections.ts';
import { eventsOf, exemptObligation } from '../../../store/ledger/obligations.ts';
import { failProof, finishProof, listPage, startProof } from '../../../store/collection/proofs.ts';
import { drawRecords } from '../../../store/supervision/sampling.ts';
import { getStream, saveStreams } from '../../../store/collection/streams.ts';
import { actOnCase } from '../../../store/casework/cases.ts';
import { findingsUnder, getFinding, listFindings, listNotices } from '../../../store/supervision/findings.ts';
import { listTasks } from '../../../store/ledger/tasks.ts';
import { RowBuffer } from '../../../connectors/mapping/row-buffer.ts';
import { caseSubject, type FindingStep } from '../../../domain/supervision/findings.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { fillStream } from '../../support/library.ts';

const config = loadConfig({
  folder: join(import.meta.dirname, '../../../config'),
  demo: true,
  jurisdiction: 'xuchang',
});
const FINDINGS = findingsUnder(config.jurisdiction.supervision);
const at = (text: string): Date => new Date(`${text}+08:00`);
const NOW = at('2026-02-10T10:00:00');
const LI = { by: '李处长', at: NOW };
const UNIT = { unitCode: '11411000000000000A', unitName: '市教育局' };

async function library(): Promise<TestDatabase> {
  const database = await createDatabase();
  await saveLaw(database.db, config);
  await saveCalendar(database.db, calendarInForce(config), NOW);
  const names = ['large', 'bulk', 'small', 'batches'];
  await saveStreams(
    database.db,
    names.map((name) => ({
      name,
      title: name,
      connector: 'c',
      ...UNIT,
      delivery: 'daily',
      since: at('2020-01-01T00:00:00'),
      daily: null,
    })),
    NOW,
  );
  return database;
}

describe('a sample (随机抽查)', () => {
  let database: TestDatabase;
  let db: Knex;
  before(async () => {
    database = await library();
    ({ db } = database);
    // Working hours of two years; a hundred thousand that were imported within a minute, and a few long before.
    await fillStream(
      db,
      NOW,
      'large',
      100_000,
      `timestamptz '2024-01-01 08:00+08' + (n / 150) * interval '1 day' + (n % 150) * interval '4 minutes'`,
    );
    await fillStream(
      db,
      NOW,
      'bulk',
      100_000,
      `CASE WHEN n <= 5 THEN timestamptz '2015-01-01 08:00+08' ELSE timestamptz '2026-01-05 08:00+08' + n * interval '1 ms' END`,
    );
    await fillStream(db, NOW, 'small', 30, `timestamptz '2026-02-01 08:00+08' + n * interval '1 hour'`);
    await db.raw('ANALYZE');
  });
  after(() => database.drop());

  const draw = async (stream: string, seed: number, size = 50): Promise<string[]> =>
    (await drawRecords(db, (await getStream(db, stream)).id, { size, seed, of: 'held' }, NOW)).map(({ key }) => key);

  for (const stream of ['large', 'bulk', 'small'])
    it(`of a ${stream} stream is the same by the same seed, and another one by another`, async () => {
      const size = Math.min(50, stream === 'small' ? 10 : 50);
      const first = await draw(stream, 7, size);
      assert.equal(new Set(first).size, size);
      assert.deepEqual(await draw(stream, 7, size), first);
      const other = await draw(stream, 8, size);
      assert.ok(other.some((key) => !first.includes(key)));
    });

  it('of a stream with fewer records is all of them', async () => {
    assert.equal((await draw('small', 1, 50)).length, 30);
  });

  it('of no records is none', async () => {
    assert.deepEqual(await draw('batches', 1), []);
  });

  it('reaches every part of the past alike', async () => {
    const quarters = [0, 0, 0, 0];
    for (let seed = 1; seed <= 8; seed += 1)
      for (const key of await draw('large', seed)) {
        const quarter = Math.floor((Number(key.slice(1)) - 1) / 25_000);
        quarters[quarter] = (quarters[quarter] ?? 0) + 1;
      }
    // 400 draws, 100 a quarter: five standard deviations either way.
    for (const drawn of quarters) assert.ok(drawn > 56 && drawn < 144, quarters.join(' '));
  });

  it('looks records up by the index of update times, a small part of them', async () => {
    const read = async (): Promise<number> => {
      await db.raw('SELECT pg_stat_force_next_flush()');
      const { rows } = await db.raw<{ rows: { read: number }[] }>(
        `SELECT idx_tup_read AS read FROM pg_stat_user_indexes WHERE indexrelname = 'certificate_by_time'`,
      );
      return rows[0]?.read ?? 0;
    };
    const { id } = await getStream(db, 'large');
    await db.transaction(async (trx) => {
      const seen: string[] = [];
      trx.on('query', ({ sql }: { sql: string }) => seen.push(sql));
      await drawRecords(trx, id, { size: 50, seed: 3, of: 'held' }, NOW);
      assert.ok(seen.length < 10, 'a few statements');
    });
    const before = await read();
    await db.transaction(async (trx) => {
      await drawRecords(trx, id, { size: 50, seed: 4, of: 'held' }, NOW);
      await trx.raw('SELECT pg_stat_force_next_flush()');
    });
    const entries = (await read()) - before;
    assert.ok(entries > 0 && entries < 20_000, `${entries} entries`);
  });

  it('is compared in the seconds of its records, and says of each what its proof found', async () => {
    const stream = await getStream(db, 'small');
    const { inspection, drawn } = await beginSample(db, stream, { size: 6, seed: 5 }, LI);
    assert.equal(drawn, 6);
    const windows = await sampleWindows(db, inspection, false);
    assert.equal(windows.length, 6, 'each has a second of its own');
    const proofs: number[] = [];
    for (const [index, { window, keys }] of windows.entries()) {
      const [key = ''] = keys;
      assert.ok(window.kind === 'time');
      const held = await db('certificate')
        .where({ stream_id: stream.id, record_key: key })
        .first<{ at: Date; hash: Buffer }>({ at: 'source_updated_at', hash: 'content_hash' });
      assert.ok(held.at >= new Date(window.from) && held.at < new Date(window.to));
      const proofId = await startProof(db, stream.id, window, NOW);
      if (index === 5) await failProof(db, proofId, 'away', NOW);
      else {
        const rows = new RowBuffer();
        await listPage(db, proofId, { rows: rows.toJson(), rejected: [], deleted: [] });
        // The first is gone at the source, the second says something else, the third changes while it is compared.
        if (index > 0)
          await db('proof_key').insert({
            proof_id: proofId,
            record_key: key,
            updated_at: held.at,
            content_hash: index === 1 ? Buffer.from('other') : held.hash,
          });
        const rules = { untimed: false, declared: index > 0 ? 1 : 0 };
        await finishProof(db, proofId, stream.id, window, rules, NOW);
        if (index === 2)
          await db('certificate')
            .where({ stream_id: stream.id, record_key: key })
            .update({ source_updated_at: new Date(held.at.getTime() + 60_000) });
      }
      proofs.push(proofId);
    }
    const finished = async (id: number, of: number[]) => {
      await finishSample(db, id, { byBatches: false, proofs: of }, NOW);
      const [done] = await listInspections(db, { id, limit: 1 });
      assert.ok(done?.finishedAt);
      return done;
    };
    const { results, findings } = await finished(inspection, proofs);
    assert.deepEqual(results, { differs: 1, equal: 2, 'missing at source': 1, 'not compared': 2 });
    const kept = await inspectedRecords(db, inspection, UNIT.unitCode);
    const of = (index: number) => kept.find(({ key }) => key === windows[index]?.keys[0])?.result;
    assert.deepEqual([0, 1, 2, 3, 4, 5].map(of), [
      'missing at source',
      'differs',
      'not compared',
      'equal',
      'equal',
      'not compared',
    ]);
    const [finding] = findings;
    assert.ok(finding !== undefined && findings.length === 1);
    const { facts, unit, stage, kind } = await getFinding(db, finding, NOW);
    assert.deepEqual(
      [facts, unit, stage, kind],
      ['随机抽查 6 条，其中不一致 1 条、源端没有 1 条', '市教育局', 'found', 'sample'],
    );

    const again = await beginRecheck(db, finding, LI);
    assert.equal(again.drawn, 2, 'what was not good');
    const recheck = await sampleWindows(db, again.inspection, false);
    const kindAgain = await finished(
      again.inspection,
      recheck.map(() => proofs[4] ?? 0),
    );
    assert.deepEqual([kindAgain.results, kindAgain.findings], [{ equal: 2 }, []], 'a re-check opens no finding');
    const twice = await finished(inspection, []);
    assert.deepEqual([twice.results, twice.findings], [results, findings], 'one that has ended stays as it did');
    const listed = (units: string[] | null) => listInspections(db, { units, limit: 9 });
    assert.deepEqual(
      (await listed([UNIT.unitCode])).map(({ id, drawn: of, recheckOf }) => [id, of, recheckOf]),
      [
        [again.inspection, 2, finding],
        [inspection, 6, null],
      ],
    );
    assert.deepEqual(await listed(['11411000000000000B']), [], 'of other units nothing');
  });

  it('of a source of batches is compared in the batches that brought it; corrected rejects are in none', async () => {
    const id = await fillStream(db, NOW, 'batches', 3, `timestamptz '2026-02-01 08:00+08'`);
    const [replay] = await db('batch')
      .insert({ stream_id: id, purpose: 'replay', workflow_id: 'w', declared: 1, state: 'complete', opened_at: NOW })
      .returning<{ id: number }[]>('id');
    await db('certificate').where({ stream_id: id, record_key: 'K2' }).update({ batch_id: replay?.id });
    const { inspection } = await beginSample(db, await getStream(db, 'batches'), { size: 9, seed: 1 }, LI);
    const windows = await sampleWindows(db, inspection, true);
    assert.deepEqual(
      windows.map(({ window, keys }) => [window.kind === 'batch' && window.id, keys]),
      [['b1', ['K1', 'K3']]],
    );
  });
});

describe('a trial use (模拟办事)', () => {
  let database: TestDatabase;
  let db: Knex;
  before(async () => {
    database = await library();
    ({ db } = database);
    const entry = {
      name: '证',
      category: null,
      issuer: null,
      definer: null,
      holders: [],
      template: null,
      face: [],
      items: [],
      inspection: null,
      collectFrom: null,
      publicity: null,
      level: null,
      validYears: null,
      members: [],
      sources: [],
      fieldSources: {},
    };
    const types = ['T', 'U', 'V'];
    await draftEntries(
      db,
      types.map((typeCode) => ({ ...entry, typeCode })),
      'M',
      NOW,
    );
    await approveDrafts(db, types, 'M', NOW);
    await fillStream(db, NOW, 'small', 6, `timestamptz '2026-02-01 08:00+08' + n * interval '1 hour'`, 'T');
    await fillStream(db, NOW, 'bulk', 4, `timestamptz '2026-02-01 08:00+08' + n * interval '1 hour'`, 'U');
  });
  after(() => database.drop());
  const change = (stream: string, key: string, to: object) =>
    db('certificate')
      .whereIn('stream_id', db('stream').where({ name: stream }).select('id'))
      .where({ record_key: key })
      .update(to);

  it('finds certificates in force, and names the types of which there are none', async () => {
    await change('small', 'K6', { status: 'cancelled' });
    await change('bulk', 'K4', { long_term: false, expires_on: '2026-02-09' });
    const done = await runTrial(db, { size: 5, seed: 1, hasFile: () => Promise.resolve(true) }, LI);
    assert.deepEqual([done.results, done.findings, done.typesWithout], [{ good: 8 }, [], ['V']]);
  });

  it('finds what a user unit would stumble over, until it is mended', async () => {
    const { id } = await getStream(db, 'bulk');
    const file = { stream_id: id, reference: 'r', wanted_at: NOW };
    await db('certificate_file').insert([
      { ...file, record_key: 'K1', next_attempt_at: NOW },
      { ...file, record_key: 'K2', next_attempt_at: null },
      { ...file, record_key: 'K3', next_attempt_at: null },
    ]);
    const judged = { signature_reason: '{"code":"said","text":""}', seals: '[]', judged_at: NOW };
    const fetched = { stream_id: id, size: 1, fetched_at: NOW, ...judged };
    await db('fetched_file').insert([
      { ...fetched, record_key: 'K2', content_hash: 'h2', signature: '未核验' },
      { ...fetched, record_key: 'K3', content_hash: 'h3', signature: 'invalid' },
    ]);
    await change('small', 'K1', { flags: JSON.stringify([{ rule: 'holder-code-check', field: 'holders[0].code' }]) });
    // Another stream says of the same certificate that it is no more, and is the later one.
    await db.raw(
      `INSERT INTO certificate SELECT (jsonb_populate_record(c, jsonb_build_object('stream_id', :other::integer, 'status', 'revoked',
         'source_updated_at', '2026-02-09T00:00:00Z'))).* FROM certificate c WHERE record_key = 'K2' AND type_code = 'T'`,
      { other: (await getStream(db, 'large')).id },
    );
    const done = await runTrial(db, { size: 5, seed: 1, hasFile: () => Promise.resolve(true) }, LI);
    assert.deepEqual(done.results, {
      'file missing': 1,
      flagged: 1,
      good: 3,
      'not valid': 1,
      'signature invalid': 1,
      unverified: 1,
    });
    const [finding = 0] = done.findings;
    assert.equal(
      (await getFinding(db, finding, NOW)).facts,
      '模拟办事 8 条，其中证照文件缺失 1 条、带问题标记 1 条、非有效状态 1 条、签章无效 1 条',
    );
    const gone = await runTrial(db, { size: 5, seed: 1, hasFile: () => Promise.resolve(false) }, LI);
    assert.equal(gone.results['file missing'], 3, 'what is not in the store is not there');

    await change('small', 'K1', { flags: null });
    await change('large', 'K2', { status: 'valid' });
    await db('certificate_file').update({ next_attempt_at: null });
    await db('fetched_file').insert({ ...fetched, record_key: 'K1', content_hash: 'h1', signature: 'valid' });
    await db('fetched_file').insert({ ...fetched, record_key: 'K3', content_hash: 'h4', signature: 'valid' });
    const { inspection, drawn } = await beginRecheck(db, finding, LI);
    assert.equal(drawn, 4);
    const again = await askAll(db, inspection, () => Promise.resolve(true), NOW);
    assert.deepEqual([again.results, again.findings], [{ good: 4 }, []]);
  });
});

describe('a patrol (电子督查)', () => {
  let database: TestDatabase;
  let db: Knex;
  before(async () => {
    database = await library();
    ({ db } = database);
  });
  after(() => database.drop());

  let tasks = 0;
  const task = (owner: string, due: string, change: object = {}) =>
    db('obligation').insert({
      rule: 'R',
      article: 'A',
      duty: 'D',
      basis: 'statutory',
      duty_kind: 'increment',
      owner_code: owner,
      owner_name: owner,
      subject: `s/${(tasks += 1)}`,
      started_at: at(due),
      due_at: at(due),
      opened_at: NOW,
      ...change,
    });
  const facts = async (): Promise<string[]> =>
    (await listFindings(db, NOW, { limit: 100 })).map((finding) => `${finding.unit} ${finding.facts}`).sort();
  const late = { met_at: at('2026-02-09T00:00:00') };

  it('finds the units above the numbers of each rule, and no others', async () => {
    for (const owner of ['A', 'A', 'B']) await task(owner, '2026-02-09T00:00:00');
    await task('A', '2026-02-09T00:00:00', { exempted_at: NOW });
    await task('A', '2026-02-09T00:00:00', { suspended_by: 'outage/1' });
    await task('A', '2026-02-09T00:00:00', { duty_kind: 'rectification' });
    // Of the city’s own: in no number with those of the law.
    await task('B', '2026-02-09T00:00:00', { basis: 'internal' });
    for (const day of ['01', '02', '03']) await task('C', `2026-02-${day}T00:00:00`, late);
    await task('C', '2025-12-01T00:00:00', late);
    await task('C', '2026-02-01T00:00:00', { met_at: at('2026-01-31T00:00:00') });
    const { id } = await getStream(db, 'small');
    const reject = {
      raw: '{}',
      raw_encoding: 'json',
      first_batch_id: 1,
      last_batch_id: 1,
      problems: '[]',
      last_seen_at: NOW,
    };
    for (const [index, rule] of ['date-invalid', 'type-unlisted', 'date-invalid'].entries())
      await db('reject').insert({
        ...reject,
        stream_id: id,
        rule,
        fingerprint: Buffer.from(String(index)),
        first_seen_at: at(index === 2 ? '2026-02-09T00:00:00' : '2026-01-01T00:00:00'),
      });
    await db('discrepancy').insert({
      stream_id: id,
      subject: 'd',
      source_count: 2,
      library_count: 1,
      owner_code: 'D',
      owner_name: 'D',
      opened_at: at('2026-02-05T09:00:00'),
    });
    const { found, cleared } = await runPatrol(
      db,
      [
        { id: 'overdue', what: 'overdue-count', basis: 'statutory', above: 1 },
        { id: 'overdue-internal', what: 'overdue-count', basis: 'internal', above: 0 },
        { id: 'untimely', what: 'overdue-share', basis: 'statutory', above: 80, within: 30 },
        { id: 'late', what: 'late-count', basis: 'statutory', above: 2, within: 30 },
        { id: 'uncorrected', what: 'rejects-open', above: 0, within: 10 },
        { id: 'differing', what: 'difference-age', above: 4 },
      ],
      LI,
    );
    assert.deepEqual([found.length, cleared], [7, []]);
    assert.deepEqual(await facts(), [
      'A 近 30 天到期的法定时限任务 100% 未按期办结（限 80%）',
      'A 逾期未办结的法定时限任务 2 件（限 1 件）',
      'B 近 30 天到期的法定时限任务 100% 未按期办结（限 80%）',
      'B 逾期未办结的内控时限任务 1 件（限 0 件）',
      'C 近 30 天到期的法定时限任务逾期办结 3 件（限 2 件）',
      'D 与源端的差异最长已有 5 天未消除（限 4 天）',
      '市教育局 问题数据超过 10 天未更正 1 条（限 0 条）',
    ]);
  });

  it('finds a thing once while it lasts, and ends it when it is gone, unless somebody has acted on it', async () => {
    const rules = [{ id: 'overdue', what: 'overdue-count', basis: 'statutory', above: 0 }] as const;
    const later = { ...LI, at: new Date(NOW.getTime() + 60_000) };
    const { found, cleared } = await runPatrol(db, rules, later);
    assert.deepEqual([found.length, cleared.length], [1, 6], 'B is above as well now; the other rules are gone');
    assert.deepEqual(await facts(), [
      'A 逾期未办结的法定时限任务 2 件（限 0 件）',
      'B 逾期未办结的法定时限任务 1 件（限 0 件）',
    ]);
    const [b, a] = await listFindings(db, NOW, { limit: 10 });
    assert.ok(a && b);
    await actOnCase(db, FINDINGS, a.id, { action: 'order', demand: '补报', days: 3, item: '二' }, later);
    await db('obligation').where({ duty_kind: 'increment' }).update({ met_at: NOW });
    const last = await runPatrol(db, rules, { ...LI, at: new Date(NOW.getTime() + 120_000) });
    assert.deepEqual([last.found, last.cleared], [[], [b.id]]);
    assert.deepEqual(
      (await eventsOf(db, caseSubject(b.id))).map(({ what }) => what),
      ['已发现', '已自行消除'],
    );
    assert.equal((await getFinding(db, a.id, NOW)).stage, 'ordered');
  });
});

describe('the ladder of a finding', () => {
  let database: TestDatabase;
  let db: Knex;
  let findings = 0;
  before(async () => {
    database = await library();
    ({ db } = database);
  });
  after(() => database.drop());

  async function newFinding(): Promise<number> {
    const [inspection] = await db('inspection')
      .insert({ kind: 'patrol', by: 'x', started_at: NOW })
      .returning<{ id: number }[]>('id');
    const [row] = await db('finding')
      .insert({
        inspection_id: inspection?.id,
        unit_code: UNIT.unitCode,
        unit_name: UNIT.unitName,
        facts: '逾期 3 件',
        cause: `patrol/${(findings += 1)}`,
        stage: 'found',
        found_at: NOW,
        last_seen_at: NOW,
      })
      .returning<{ id: number }[]>('id');
    return row?.id ?? 0;
  }
  const act = async (id: number, step: FindingStep, when = '2026-02-10T10:00:00', by = '李处长') =>
    (await actOnCase(db, FINDINGS, id, step, { by, at: at(when) })).stage;
  const order = { action: 'order', demand: '补报', days: 5, item: '二' } as const;
  const states = async (id: number, when: string): Promise<string[]> =>
    (
      await listTasks(db, at(when), {
        subject: caseSubject(id),
        limit: 10,
        states: ['open', 'due soon', 'overdue', 'met', 'met late', 'cancelled', 'exempted', 'no calendar'],
      })
    ).map(({ subject, state }) => `${subject.replace(caseSubject(id), '')} ${state}`);

  it('an order opens a term of its own length under the article of the profile', async () => {
    const id = await newFinding();
    assert.equal(await act(id, order), 'ordered');
    const { stage, deadline, demand, orderedBy } = await getFinding(db, id, NOW);
    assert.deepEqual([stage, demand, orderedBy], ['ordered', '补报', '李处长']);
    assert.deepEqual(
      [deadline?.rule, deadline?.article, deadline?.workingDays, deadline?.dueAt, deadline?.state],
      ['XC-31', '第三十一条', 5, at('2026-02-24T24:00:00'), 'open'],
    );
    await assert.rejects(
      act(id, order),
      /Finding \d+ cannot be done “order”: found it ordered \(责令限期改正\), expected found$/,
    );
  });

  it('a passed re-check meets the term as of when the unit said that it was done', async () => {
    const id = await newFinding();
    await act(id, order);
    assert.equal(await act(id, { action: 'report', note: '已补报' }, '2026-02-24T23:00:00', '张三'), 'reported');
    assert.deepEqual(await states(id, '2026-02-26T00:00:00'), [' overdue'], 'not yet: nobody has looked');
    assert.equal(await act(id, { action: 'pass', note: '属实' }, '2026-02-27T09:00:00'), 'passed');
    assert.deepEqual(await states(id, '2026-02-28T00:00:00'), [' met']);
    const { endedAt } = await getFinding(db, id, NOW);
    assert.deepEqual(endedAt, at('2026-02-27T09:00:00'));
    assert.deepEqual(
      (await eventsOf(db, caseSubject(id))).map(({ by, what }) => `${by} ${what}`),
      ['李处长 责令限期改正', '张三 报告整改完成', '李处长 复查通过'],
    );
    for (const action of [order, { action: 'report', note: '' }, { action: 'fail', note: '' }] as FindingStep[])
      await assert.rejects(act(id, action), /cannot be done “\w+”: found it passed \(复查通过\), expected /);
  });

  it('a failed re-check lets the term run on; with days it sets another, and an overdue one stays overdue', async () => {
    const id = await newFinding();
    await act(id, order);
    await act(id, { action: 'report', note: '' }, '2026-02-11T09:00:00');
    assert.equal(await act(id, { action: 'fail', note: '仍缺' }, '2026-02-12T09:00:00'), 'ordered');
    assert.deepEqual(await states(id, '2026-02-12T10:00:00'), [' open']);
    await act(id, { action: 'report', note: '' }, '2026-02-13T09:00:00');
    await act(id, { action: 'fail', note: '仍缺', days: 1 }, '2026-02-14T09:00:00');
    assert.deepEqual(await states(id, '2026-02-14T10:00:00'), [' cancelled', '/2 open']);
    await act(id, { action: 'report', note: '' }, '2026-02-27T09:00:00');
    await act(id, { action: 'fail', note: '仍缺', days: 3 }, '2026-02-28T09:00:00');
    assert.deepEqual(await states(id, '2026-02-28T10:00:00'), [' cancelled', '/2 overdue', '/3 open']);
    await act(id, { action: 'report', note: '' }, '2026-03-01T09:00:00');
    await act(id, { action: 'pass', note: '' }, '2026-03-01T10:00:00');
    assert.deepEqual(await states(id, '2026-03-02T10:00:00'), [' cancelled', '/2 met late', '/3 met']);
  });

  it('notice is given only of what is overdue by the ledger, under a number of its own', async () => {
    const id = await newFinding();
    const notice = { action: 'notice', number: '许证督〔2026〕3号', document: '<p>' } as const;
    await assert.rejects(act(id, notice), /cannot be done “notice”: found it found \(已发现\), expected ordered/);
    await act(id, order);
    await assert.rejects(
      act(id, notice, '2026-02-24T23:59:59'),
      /cannot be done “notice”: its term ends 2026-02-25 00:00:00, and it is not overdue/,
    );
    assert.deepEqual((await getFinding(db, id, NOW)).notices, [], 'nothing is left of what was refused');
    assert.equal(await act(id, notice, '2026-02-25T09:00:00'), 'noticed');
    assert.deepEqual((await getFinding(db, id, NOW)).notices, ['许证督〔2026〕3号']);
    const given = await listNotices(db, at('2026-02-25T00:00:00'), at('2026-02-26T00:00:00'));
    assert.deepEqual(
      given.map(({ finding, unit, by }) => [finding, unit, by]),
      [[id, '市教育局', '李处长']],
    );

    const other = await newFinding();
    await act(other, order);
    await assert.rejects(
      act(other, notice, '2026-02-25T09:00:00'),
      /许证督〔2026〕3号 is the number of another notice/,
    );
    assert.equal((await getFinding(db, other, NOW)).stage, 'ordered');
    const { deadline } = await getFinding(db, other, NOW);
    const decision = { by: '王局', at: NOW, reason: said('机房断电'), document: '1号' };
    assert.ok(await exemptObligation(db, deadline?.id ?? 0, decision));
    await assert.rejects(
      act(other, { ...notice, number: '4号' }, '2026-03-25T09:00:00'),
      /its term is exempted \(容错\)/,
    );
  });

  it('where the profile has no rule for it no term runs, and no notice is possible', async () => {
    const rules = await db('rule').where({ duty: 'rectification' }).select<object[]>('*');
    await db('rule').where({ duty: 'rectification' }).delete();
    const id = await newFinding();
    await act(id, order);
    await assert.rejects(
      act(id, { action: 'notice', number: '5号', document: '' }, '2027-01-01T00:00:00'),
      /the profile has no rule for the term of an order/,
    );
    await db('rule').insert(rules);
  });

  it('of the same step at the same time one happens', async () => {
    const id = await newFinding();
    await act(id, order);
    const race = await Promise.allSettled([1, 2, 3].map((n) => act(id, { action: 'report', note: String(n) })));
    assert.deepEqual(race.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected']);
    assert.equal((await eventsOf(db, caseSubject(id))).length, 2);
  });

  it('of a finding that is not there nothing can be done', () =>
    assert.rejects(act(4711, order), /There is no finding 4711/));
});
