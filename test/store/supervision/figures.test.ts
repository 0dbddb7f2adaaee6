import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { shortfallInWords } from '../../../domain/supervision/shortfall.ts';
import fc from 'fast-check';
import type { Knex } from 'knex';
import type { Basis } from '../../../domain/basis.ts';
import { FIGURE_IDS, percent, type FigureId, type Ratio } from '../../../domain/supervision/figures.ts';
import { saveUsage, shortfallOf, unitFigures } from '../../../store/supervision/figures.ts';
import { savePlan } from '../../../store/collection/stock.ts';
import { saveStreams } from '../../../store/collection/streams.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { DAY_MS, shanghaiDate } from '../../../domain/dates.ts';

const FIRST_MS = Date.parse('2026-10-01T00:00:00+08:00');
const day = (days: number): Date => new Date(FIRST_MS + days * DAY_MS);
const UNITS = ['A', 'B'] as const;
type Unit = (typeof UNITS)[number];

/** A deadline as a test makes it up: days after the first of October. */
interface Deadline {
  unit: Unit;
  duty: 'increment' | 'dispute-answer' | 'dispute-mark';
  due: number | null;
  ended: 'met' | 'cancelled' | 'exempted' | null;
  endedOn: number;
  suspended: boolean;
}
/** `named` by the catalog, `configured` for a type, `read` to its end as well, `brought` some. */
const CONNECTED = ['no', 'named', 'brought', 'configured', 'read'] as const;
type Connected = (typeof CONNECTED)[number];

interface World {
  deadlines: Deadline[];
  /** Days of a stream's increment; due at their end. `open`: nothing has met it. */
  days: { unit: Unit; on: number; basis: Basis; is: 'met' | 'met late' | 'open' | 'suspended' | 'exempted' }[];
  /** Records by stream of unit: update day, whether it is held, refused (waiting or not, or corrected after so many days), flagged. */
  records: {
    unit: Unit;
    key: number;
    on: number;
    type: 'T' | 'T1';
    held: boolean;
    refused: 'no' | 'rule' | 'waits' | 'corrected';
    corrected: number;
    flag: boolean;
  }[];
  /** Records of a day that came in after it. */
  late: { unit: Unit; key: number; on: number }[];
  /** Types of the catalog by the unit that issues them; the second is the one that some records are of. */
  types: { unit: Unit; begins: number | null; decided: number; connected: Connected }[];
  missing: { unit: Unit; key: number; on: number; closed: boolean }[];
  proofs: { unit: Unit; window: number; on: number; records: number; lost: number; fault: boolean }[];
  usage: { unit: Unit; month: 10 | 11; all: number; part: number }[];
}

const isConfigured = (connected: Connected): boolean => connected === 'configured' || connected === 'read';

const unit = fc.constantFrom(...UNITS);
const whichDay = fc.integer({ min: 0, max: 60 });
const world: fc.Arbitrary<World> = fc.record({
  deadlines: fc.array(
    fc.record<Deadline>({
      unit,
      duty: fc.constantFrom('increment', 'dispute-answer', 'dispute-mark'),
      due: fc.option(whichDay),
      ended: fc.constantFrom('met', 'cancelled', 'exempted', null),
      endedOn: whichDay,
      suspended: fc.boolean(),
    }),
    { maxLength: 30 },
  ),
  days: fc.uniqueArray(
    fc.record({
      unit,
      on: whichDay,
      basis: fc.constantFrom('statutory' as const, 'internal' as const),
      is: fc.constantFrom(
        'met' as const,
        'met late' as const,
        'open' as const,
        'suspended' as const,
        'exempted' as const,
      ),
    }),
    { minLength: 20, maxLength: 120, selector: ({ unit: of, on }) => `${of}${on}` },
  ),
  records: fc.uniqueArray(
    fc.record({
      unit,
      key: fc.integer({ min: 1, max: 40 }),
      on: whichDay,
      type: fc.constantFrom('T' as const, 'T1' as const),
      held: fc.boolean(),
      flag: fc.boolean(),
      refused: fc.constantFrom('no' as const, 'rule' as const, 'waits' as const, 'corrected' as const),
      corrected: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 40, selector: ({ unit: of, key }) => `${of}${key}` },
  ),
  late: fc.uniqueArray(fc.record({ unit, key: fc.integer({ min: 1, max: 80 }), on: whichDay }), {
    maxLength: 20,
    selector: ({ unit: of, key, on }) => `${of}${key} ${on}`,
  }),
  types: fc.array(
    fc.record({
      unit,
      begins: fc.option(whichDay),
      decided: whichDay,
      connected: fc.constantFrom(...CONNECTED),
    }),
    { maxLength: 6 },
  ),
  missing: fc.array(fc.record({ unit, key: fc.integer({ min: 50, max: 60 }), on: whichDay, closed: fc.boolean() }), {
    maxLength: 8,
  }),
  proofs: fc.array(
    fc
      .record({
        unit,
        window: fc.integer({ min: 0, max: 2 }),
        on: whichDay,
        fault: fc.boolean(),
        records: fc.integer({ min: 0, max: 20 }),
        lost: fc.nat({ max: 20 }),
      })
      .map((proof) => ({ ...proof, lost: Math.min(proof.lost, proof.records) })),
    { maxLength: 8 },
  ),
  usage: fc.array(
    fc
      .record({
        unit,
        month: fc.constantFrom(10 as const, 11 as const),
        all: fc.nat({ max: 9 }),
        part: fc.nat({ max: 9 }),
      })
      .map((report) => ({ ...report, part: Math.min(report.part, report.all) })),
    { maxLength: 6 },
  ),
});

describe('the figures of supervision', () => {
  let database: TestDatabase;
  let db: Knex;
  const streams = new Map<Unit, number>();
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    const daily = { rule: 'WX-4.3', article: '第四条', duty: '推送', basis: 'internal', cutOff: '21:00', due: '24:00' };
    const configured = UNITS.map((name) => ({
      name,
      title: name,
      connector: 'c',
      unitCode: name,
      unitName: `${name}局`,
      delivery: 'daily' as const,
      since: day(-100),
      daily,
    }));
    await saveStreams(db, configured, day(60));
    for (const name of UNITS) streams.set(name, (await db('stream').where({ name }).first<{ id: number }>('id')).id);
  });
  after(() => database.drop());

  const EMPTY: World = {
    deadlines: [],
    days: [],
    records: [],
    late: [],
    types: [],
    missing: [],
    proofs: [],
    usage: [],
  };

  async function make({ deadlines, days, records, late, types, missing, proofs, usage }: World): Promise<void> {
    await db.raw(`TRUNCATE obligation, certificate, reject, discrepancy, proof, usage_report, late_record, stream_type,
      catalog_entry CASCADE`);
    await db('stream').update({ certificate_type: null });
    await db('coverage').update({ times: '{}' });
    const of = (name: Unit): number => streams.get(name) ?? 0;
    const rows = deadlines.map(({ unit: owner, duty, due, ended, endedOn, suspended }, index) => ({
      rule: 'R',
      article: '第一条',
      duty: '做',
      basis: index % 2 ? 'statutory' : 'internal',
      duty_kind: duty,
      owner_code: owner,
      owner_name: `${owner}局`,
      subject: `s/${index}`,
      started_at: day(-1),
      opened_at: day(-1),
      due_at: due === null ? null : day(due),
      ...(ended !== null && { [`${ended}_at`]: day(endedOn) }),
      ...(suspended && { suspended_by: 'outage/1' }),
    }));
    if (rows.length > 0) await db.batchInsert('obligation', rows);
    const owed = days.map(({ unit: owner, on, basis, is }) => ({
      rule: 'D',
      article: '第一条',
      duty: '归集',
      basis,
      duty_kind: 'increment',
      owner_code: owner,
      owner_name: `${owner}局`,
      stream_id: of(owner),
      subject: `${owner}/${on}`,
      started_at: day(on),
      opened_at: day(on),
      due_at: day(on + 1),
      whole: db.raw('tstzrange(?, ?)', [day(on), day(on + 1)]),
      ...(is === 'met' && { met_at: day(on + 1) }),
      ...(is === 'met late' && { met_at: day(on + 2) }),
      ...(is === 'exempted' && { exempted_at: day(on + 2) }),
      ...(is === 'suspended' && { suspended_by: 'outage/1', met_at: on % 2 ? day(on + 3) : null }),
    }));
    if (owed.length > 0) await db.batchInsert('obligation', owed);
    for (const [index, { unit: issuer, begins, decided, connected }] of types.entries()) {
      const other = issuer === 'A' ? 'B' : 'A';
      await db('catalog_entry').insert({
        type_code: `T${index}`,
        version: 1,
        state: 'approved',
        entry: JSON.stringify({
          name: `证${index}`,
          issuer: { code: issuer, name: `${issuer}局` },
          collectFrom: begins === null ? null : shanghaiDate(day(begins).getTime()),
          // Of whichever unit: a platform brings certificates of others, too.
          sources: connected === 'named' ? [other] : [],
        }),
        drafted_by: 'M',
        drafted_at: day(0),
        decided_at: day(decided),
      });
      if (connected === 'brought') await db('stream_type').insert({ stream_id: of(other), type_code: `T${index}` });
      if (isConfigured(connected))
        await db('stream')
          .where({ name: issuer })
          .update({ certificate_type: `T${index}` });
      if (connected === 'read')
        await db('coverage')
          .where({ stream_id: of(issuer) })
          .update({ times: db.raw('tstzmultirange(tstzrange(?, ?))', [day(-100), day(-99)]) });
    }
    for (const { unit: name, key, on, type, held, refused, corrected, flag } of records) {
      const at = day(on).toISOString();
      if (held)
        await db.raw(
          `INSERT INTO certificate VALUES (:stream, :key, 'n', :type, 'N', NULL, NULL, NULL, '2026-01-01', NULL, NULL, true, '[]',
             'valid', '1', '{}', :flags, '\\x00', :at, 1, :at)`,
          {
            stream: of(name),
            key: String(key),
            type,
            at,
            flags: flag ? JSON.stringify([{ rule: 'holder-code-check', field: 'holders[0].code' }]) : null,
          },
        );
      if (refused === 'no') continue;
      const rule = refused === 'waits' ? 'type-unlisted' : 'required-missing';
      await db('reject').insert({
        stream_id: of(name),
        fingerprint: Buffer.from(String(key)),
        record_key: String(key),
        source_updated_at: at,
        rule,
        problems: JSON.stringify([{ rule, field: 'name' }]),
        raw: '{}',
        raw_encoding: 'json',
        first_batch_id: 1,
        last_batch_id: 1,
        first_seen_at: at,
        last_seen_at: at,
        resolved_at: refused === 'corrected' ? day(on + corrected) : null,
      });
    }
    if (late.length > 0)
      await db('late_record').insert(
        late.map(({ unit: name, key, on }) => ({
          stream_id: of(name),
          day: shanghaiDate(day(on).getTime()),
          record_key: String(key),
          recorded_at: day(on + 2),
          because: 'issue',
        })),
      );
    for (const [index, { unit: name, key, on, closed }] of missing.entries())
      await db('discrepancy').insert({
        stream_id: of(name),
        subject: String(index),
        window_from: day(on),
        window_to: new Date(day(on).getTime() + 1),
        source_count: 1,
        library_count: 0,
        only_at_source: [String(key)],
        owner_code: name,
        owner_name: name,
        opened_at: day(on),
        closed_at: closed ? day(on) : null,
      });
    for (const { unit: name, window, on, records: count, lost, fault } of proofs)
      await db('proof').insert({
        stream_id: of(name),
        proven_from: day(window),
        proven_to: day(window + 1),
        started_at: day(on),
        finished_at: day(on),
        source_records: count,
        library_records: count - lost,
        missing_count: lost,
        extra_count: 1,
        different_count: 0,
        missing: [],
        extra: ['x'],
        different: [],
        fault: fault ? 'away' : null,
      });
    for (const { unit: name, month, all, part } of usage)
      await saveUsage(
        db,
        [
          {
            unitCode: name,
            unitName: `${name}局`,
            month: `2026-${month}`,
            items: all,
            itemsLinked: part,
            cases: all,
            casesUsed: part,
            calls: all,
            callsGood: part,
          },
        ],
        { by: 'W', at: day(60) },
      );
  }

  /** The figures as the definitions say, computed record by record. */
  function model(all: World, name: Unit, from: number, to: number, now: number): Record<FigureId, Ratio> {
    const ratio = <T>(rows: readonly T[], good: (row: T) => boolean): Ratio => ({
      numerator: rows.filter(good).length,
      denominator: rows.length,
    });
    const within = ({ on }: { on: number }): boolean => on >= from && on < to;
    const own = <T extends { unit: Unit }>(rows: readonly T[]): T[] => rows.filter((row) => row.unit === name);
    // A term that ends at 24:00 of a day is due at the start of the next one.
    const passed = (due: number | null): due is number => due !== null && due > from && due <= to && due <= now;
    const stateOf = ({ ended, endedOn, due, suspended }: Deadline): string => {
      if (ended === 'met') return endedOn <= (due ?? 0) ? 'met' : suspended ? 'apart' : 'late';
      return ended !== null || suspended ? 'apart' : 'overdue';
    };
    const tasks = (basis: Basis, which: (duty: string) => boolean): Ratio => {
      const states = [
        ...all.deadlines
          .filter(
            (row, index) => row.unit === name && (index % 2 ? 'statutory' : 'internal') === basis && passed(row.due),
          )
          .filter((row) => which(row.duty))
          .map(stateOf),
        ...own(all.days)
          .filter((row) => row.basis === basis && passed(row.on + 1) && which('increment'))
          .map(({ is }) => (is === 'suspended' || is === 'exempted' ? 'apart' : is)),
      ].filter((state) => state !== 'apart');
      return ratio(states, (state) => state === 'met');
    };
    const begun = ({ begins, decided }: World['types'][number]): boolean =>
      (begins ?? decided) <= now && (begins ?? decided) < to;
    const begins = all.types[1]?.begins ?? null;
    const early = begins !== null && !(begins <= now && begins < to);
    const counts = (row: World['records'][number]): boolean => !(early && row.type === 'T1');
    const lackingType = ({ unit: issuer, connected }: World['types'][number], index: number): boolean => {
      if (connected === 'brought' || (index === 1 && all.records.some((row) => row.held && row.type === 'T1')))
        return false;
      const same = all.types.map((other) => other.unit === issuer && other.connected);
      // The stream of a unit is configured for one type, the last that was said.
      const last = same.findLastIndex((other) => other !== false && isConfigured(other));
      return !same.includes('read') || last !== index;
    };
    const dueTypes = all.types
      .map((row, index) => ({ ...row, lacks: lackingType(row, index) }))
      .filter((row) => row.unit === name && begun(row));
    const unconnected = dueTypes.filter(({ lacks }) => lacks).length;
    const timeliness = (basis: Basis): Ratio => {
      const days = own(all.days).filter(
        (row) => row.basis === basis && passed(row.on + 1) && row.is !== 'suspended' && row.is !== 'exempted',
      );
      const ofDays = ({ on }: { on: number }): boolean => days.some((row) => row.on === on);
      const here = own(all.records).filter(ofDays);
      const earlyKeys = new Set(
        own(all.records)
          .filter((row) => row.held && !counts(row))
          .map(({ key }) => key),
      );
      const untimely = new Set([
        ...own(all.late)
          .filter((row) => ofDays(row) && !earlyKeys.has(row.key))
          .map(({ key }) => key),
        ...here
          .filter(({ refused, corrected }) => refused === 'rule' || (refused === 'corrected' && corrected > 1))
          .map(({ key }) => key),
      ]);
      const heldKeys = new Set(here.filter((row) => row.held && counts(row)).map(({ key }) => key));
      const missingKeys = new Set(
        own(all.missing)
          .filter((row) => ofDays(row) && !row.closed)
          .map(({ key }) => key),
      );
      return {
        numerator: heldKeys.difference(untimely).size,
        denominator: heldKeys.union(untimely).size + missingKeys.size + days.filter(({ is }) => is === 'open').length,
      };
    };
    const records = own(all.records).filter(within);
    const judged = records.filter(({ held, refused }) => held || refused === 'rule');
    const lacking = new Set(
      own(all.missing)
        .filter((row) => within(row) && !row.closed)
        .map(({ key }) => key),
    ).size;
    const incomplete = judged.filter(({ refused }) => refused === 'rule').length;
    const held = records.filter((row) => row.held && counts(row)).length;
    const uncounted = records.filter((row) => row.held && !counts(row)).length;
    const proofs = [0, 1, 2].flatMap(
      (window) =>
        own(all.proofs)
          .filter((row) => row.window === window && !row.fault && within(row))
          .toSorted((a, b) => a.on - b.on)
          .at(-1) ?? [],
    );
    const reports = ([10, 11] as const).flatMap((month) => {
      const [start, end] = month === 10 ? [0, 31] : [31, 61];
      return start >= from && end <= to ? (own(all.usage).findLast((row) => row.month === month) ?? []) : [];
    });
    const sums = (rows: readonly { part: number; all: number }[]): Ratio => ({
      numerator: rows.reduce((sum, { part }) => sum + part, 0),
      denominator: rows.reduce((sum, row) => sum + row.all, 0),
    });
    return {
      types: { numerator: dueTypes.length - unconnected, denominator: dueTypes.length },
      collection: { numerator: held, denominator: judged.length - uncounted + lacking + unconnected },
      statutoryTimeliness: timeliness('statutory'),
      internalTimeliness: timeliness('internal'),
      statutoryTasks: tasks('statutory', () => true),
      internalTasks: tasks('internal', () => true),
      statutoryDisputes: tasks('statutory', (duty) => duty !== 'increment'),
      internalDisputes: tasks('internal', (duty) => duty !== 'increment'),
      completeness: { numerator: 11 * judged.length - incomplete, denominator: 11 * judged.length },
      accuracy: ratio(judged, (row) => !(row.held && row.flag)),
      consistency: {
        numerator: proofs.reduce((sum, { records: count, lost }) => sum + count - lost, 0),
        denominator: proofs.reduce((sum, { records: count }) => sum + count + 1, 0),
      },
      applicability: sums(reports.slice(-1)),
      application: sums(reports),
      success: sums(reports),
    };
  }

  it('of any library and period are those that the definitions give record by record', () =>
    fc.assert(
      fc.asyncProperty(world, whichDay, fc.integer({ min: 1, max: 61 }), whichDay, async (all, from, length, now) => {
        // Of proofs that ended at the same instant the later one counts; here none do.
        const seen = new Set<string>();
        all.proofs = all.proofs.filter(({ unit: of, window, on }) => {
          const key = `${of} ${window} ${on}`;
          return !seen.has(key) && seen.add(key);
        });
        await make(all);
        const to = Math.min(61, from + length);
        const units = await unitFigures(db, { from: day(from), to: day(to), at: day(now) });
        for (const name of UNITS) {
          const found = units.find(({ code }) => code === name);
          assert.ok(found, 'its stream names it');
          assert.deepEqual(found.figures, model(all, name, from, to, now));
          const one = await unitFigures(db, { unit: name, from: day(from), to: day(to), at: day(now) });
          assert.deepEqual(one, [found]);
        }
      }),
      { numRuns: 60 },
    ));

  it('lead down to what is missing: so many rows as the numerator lacks', () =>
    fc.assert(
      fc.asyncProperty(world, async (all) => {
        await make(all);
        const choice = { from: day(0), to: day(61), at: day(64) };
        const units = await unitFigures(db, choice);
        const figures = [
          ...(['types', 'collection', 'statutoryTimeliness', 'internalTimeliness'] as const),
          ...(['statutoryTasks', 'internalTasks', 'statutoryDisputes', 'internalDisputes', 'accuracy'] as const),
        ];
        for (const figure of figures) {
          const rows = await shortfallOf(db, figure, { ...choice, limit: 1000 });
          // The same key that two comparisons name is listed with each of them.
          const records = new Set(
            rows.map((row) => `${row.source} ${row.record ?? (row.what === 'day-open' ? row.day : '')}`),
          );
          const lacking = units.map(({ figures }) => figures[figure].denominator - figures[figure].numerator);
          assert.equal(
            records.size,
            lacking.reduce((sum, count) => sum + count, 0),
            figure,
          );
        }
      }),
      { numRuns: 30 },
    ));

  it('of nothing are nothing, not 100 %', async () => {
    await make(EMPTY);
    const units = await unitFigures(db, { from: day(0), to: day(31), at: day(60) });
    assert.deepEqual(
      units.map(({ figures }) => [...new Set(FIGURE_IDS.map((id) => percent(figures[id])))]),
      [['—'], ['—']],
    );
    assert.equal(percent({ numerator: 99_999_999, denominator: 100_000_000 }), '99.99 %', 'rounded down');
  });

  it('exempted deadlines are apart, by duty, and a target of the city’s own is told from the law', async () => {
    const late = { unit: 'A', due: 3, endedOn: 5, suspended: false } as const;
    await make({
      ...EMPTY,
      deadlines: [
        { ...late, duty: 'increment', ended: 'met' },
        { ...late, duty: 'increment', ended: 'exempted' },
        { ...late, duty: 'dispute-mark', ended: null },
      ],
    });
    const [found] = await unitFigures(db, { unit: 'A', from: null, to: null, at: day(60) });
    assert.deepEqual(found?.apart, {
      statutory: { exempted: 1, cancelled: 0, suspended: 0, missed: 0 },
      internal: { exempted: 0, cancelled: 0, suspended: 0, missed: 0 },
    });
    const apart = { cancelled: 0, suspended: 0, missed: 0 };
    assert.deepEqual(found.duties, [
      {
        duty: 'dispute-mark',
        basis: 'internal',
        numerator: 0,
        denominator: 1,
        late: 0,
        overdue: 1,
        exempted: 0,
        ...apart,
      },
      {
        duty: 'increment',
        basis: 'internal',
        numerator: 0,
        denominator: 1,
        late: 1,
        overdue: 0,
        exempted: 0,
        ...apart,
      },
      {
        duty: 'increment',
        basis: 'statutory',
        numerator: 0,
        denominator: 0,
        late: 0,
        overdue: 0,
        exempted: 1,
        ...apart,
      },
    ]);
  });

  it('records of a type whose 归集起始时间 has not come are not due; what a stock plan lacks is', async () => {
    const record = { unit: 'A', on: 1, type: 'T', held: true, flag: false, refused: 'no', corrected: 0 } as const;
    await make({
      ...EMPTY,
      records: [
        { ...record, key: 1 },
        { ...record, key: 2 },
      ],
    });
    await db('certificate').where({ record_key: '2' }).update({ type_code: 'LATER' });
    await db('catalog_entry').insert({
      type_code: 'LATER',
      version: 1,
      state: 'approved',
      entry: JSON.stringify({ collectFrom: '2026-11-01' }),
      drafted_by: 'M',
      drafted_at: day(0),
    });
    const collected = async (to: number): Promise<Ratio | undefined> =>
      (await unitFigures(db, { unit: 'A', from: day(0), to: day(to), at: day(60) }))[0]?.figures.collection;
    assert.deepEqual(await collected(31), { numerator: 1, denominator: 1 });
    assert.deepEqual(await collected(32), { numerator: 2, denominator: 2 }, 'November has begun');
    await db('stream').where({ name: 'A' }).update({ delivery: 'stock' });
    await savePlan(db, streams.get('A') ?? 0, { planned: 7, dueOn: '2026-10-20' }, day(0));
    assert.deepEqual(await collected(19), { numerator: 1, denominator: 1 }, 'not due yet');
    assert.deepEqual(await collected(31), { numerator: 1, denominator: 8 });
    const rows = await shortfallOf(db, 'collection', { unit: 'A', from: null, to: null, at: day(60), limit: 10 });
    assert.deepEqual(
      rows.map((row) => [row.what, shortfallInWords(row).en]),
      [['stock-plan', 'planned 7']],
    );
  });

  it('say of which parts of a period the source’s count is not known', async () => {
    await db('stream').where({ name: 'B' }).update({ delivery: 'daily' });
    await db.raw(`UPDATE coverage SET times = tstzmultirange(tstzrange(?, ?), tstzrange(?, ?)) WHERE stream_id = ?`, [
      day(0),
      day(10),
      day(11),
      day(40),
      streams.get('B') ?? 0,
    ]);
    const parts = async (from: number, to: number): Promise<number | undefined> =>
      (await unitFigures(db, { unit: 'B', from: day(from), to: day(to), at: day(60) }))[0]?.streams[0]?.unproven;
    assert.deepEqual([await parts(0, 10), await parts(0, 31), await parts(20, 61)], [0, 1, 1]);
  });

  it('deadlines of a period are found by when they came due, proofs by when they began', () =>
    db.transaction(async (trx) => {
      await trx.raw('SET LOCAL enable_seqscan = off');
      const statements: { sql: string; bindings: unknown[] }[] = [];
      trx.on('query', ({ sql, bindings }: { sql: string; bindings: unknown[] }) => statements.push({ sql, bindings }));
      await unitFigures(trx, { from: day(0), to: day(31), at: day(60) });
      const plans = [];
      for (const { sql, bindings } of [...statements]) {
        const { rows } = await trx.raw<{ rows: { 'QUERY PLAN': string }[] }>(
          `EXPLAIN ${sql.replace(/\$\d+/g, '?')}`,
          bindings as Knex.RawBinding[],
        );
        plans.push(...rows.map((row) => row['QUERY PLAN']));
      }
      const plan = plans.join('\n');
      for (const index of ['obligation_by_due', 'proof_by_stream', 'usage_report_by_month', 'certificate_by_time'])
        assert.match(plan, new RegExp(index));
      assert.doesNotMatch(plan, /Seq Scan on (?:certificate|obligation|proof|reject)\b/);
    }));
});
