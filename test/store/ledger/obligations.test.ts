import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gapInWords } from '../../../domain/collection/gap.ts';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { startOfDayMs, timeOfDayMs } from '../../../domain/dates.ts';
import { timeWindow, type TimeWindow } from '../../../domain/collection/window.ts';
import { findAlerts, openAlerts, saveAlerts } from '../../../store/ledger/alerts.ts';
import {
  cover,
  coverProven,
  gaps,
  getChain,
  openBatch,
  uncover,
  closeBatch,
  getBatch,
  lastBatches,
  markAcknowledged,
  takenBatches,
} from '../../../store/collection/batches.ts';
import {
  closeDays,
  dayReport,
  followRejects,
  getDay,
  lateRecords,
  openDays,
  streamsBehind,
} from '../../../store/collection/days.ts';
import {
  changesOf,
  exemptObligation,
  explainObligation,
  shortenObligation,
  meetObligations,
  dropObligations,
} from '../../../store/ledger/obligations.ts';
import { countObligations, findGaps, listObligations, streamOverview } from '../../../store/collection/overview.ts';
import {
  closeDiscrepancy,
  countLibrary,
  openDiscrepancy,
  saveComparison,
} from '../../../store/collection/reconciliation.ts';
import { getStream, pauseStream, saveStreams, type StreamSettings } from '../../../store/collection/streams.ts';
import { findTask, listTasks } from '../../../store/ledger/tasks.ts';
import { EVERY_STATE } from '../../../domain/ledger/duties.ts';
import { reasonInWords, said, type Reason } from '../../../domain/ledger/reasons.ts';
import { unitFigures } from '../../../store/supervision/figures.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';

const at = (date: string, time = '12:00'): Date => new Date(timeOfDayMs(date, time));
const day = (date: string, from = '00:00', to = '24:00'): TimeWindow =>
  timeWindow(timeOfDayMs(date, from), timeOfDayMs(date, to));

const RULE = {
  rule: 'EO-8e',
  article: '第八条第五款',
  duty: '每日归集',
  basis: 'statutory',
  cutOff: '21:00',
  due: '24:00',
};
const stream = (name: string, change: Partial<StreamSettings> = {}): StreamSettings => ({
  name,
  title: `${name} 证`,
  connector: 'c',
  unitCode: 'U1',
  unitName: '甲局',
  delivery: 'daily',
  since: null,
  daily: RULE,
  ...change,
});

const certificate = (streamId: number, key: string, updatedAt: Date, recordedAt: Date): Record<string, unknown> => ({
  stream_id: streamId,
  record_key: key,
  number: key,
  type_code: 't',
  name: 'n',
  issued_on: '2026-11-20',
  long_term: false,
  holders: '[]',
  status: 'valid',
  raw_status: '1',
  extension: '{}',
  content_hash: Buffer.alloc(32),
  batch_id: 1,
  source_updated_at: updatedAt,
  recorded_at: recordedAt,
});

/** Counts are of all time here. */
const EVER = new Date(0);

describe('the ledger', () => {
  let database: TestDatabase;
  let db: Knex;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  after(() => database.drop());
  beforeEach(() => db.raw('TRUNCATE stream, obligation_history RESTART IDENTITY CASCADE'));
  const idOf = async (name: string): Promise<number> => (await getStream(db, name)).id;

  describe('streams', () => {
    it('begin when they are first seen, are retired when they are gone, and come back with their data', async () => {
      await saveStreams(
        db,
        [stream('a'), stream('b', { since: at('2026-01-01', '00:00') })],
        at('2026-11-20', '15:00'),
      );
      assert.deepEqual((await getStream(db, 'a')).collectFrom, at('2026-11-20', '00:00'));
      assert.deepEqual((await getStream(db, 'b')).collectFrom, at('2026-01-01', '00:00'));
      await cover(db, await idOf('a'), day('2026-11-20'));
      await saveStreams(db, [stream('b')], at('2026-11-21'));
      assert.deepEqual(
        (await streamOverview(db, at('2026-11-21'))).map((row) => row.stream),
        ['b'],
      );
      await saveStreams(db, [stream('a'), stream('b')], at('2026-11-22'));
      assert.deepEqual(await gaps(db, await idOf('a'), at('2026-11-20', '00:00'), at('2026-11-21', '00:00')), []);
    });
    it('lose their pause when the configuration is read again', async () => {
      await saveStreams(db, [stream('a')], at('2026-11-20'));
      await pauseStream(db, 'a', 'credentials refused', 'unauthorised');
      assert.equal((await getStream(db, 'a')).pausedReason, 'credentials refused');
      await saveStreams(db, [stream('a')], at('2026-11-20'));
      assert.equal((await getStream(db, 'a')).pausedReason, null);
    });
  });

  describe('coverage', () => {
    it('is what was added and not taken out again, for any sequence of both', async () => {
      const start = startOfDayMs('2026-11-01');
      const step = fc.record({ add: fc.boolean(), from: fc.nat(47), length: fc.integer({ min: 1, max: 12 }) });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
          await db.raw('TRUNCATE stream RESTART IDENTITY CASCADE');
          await saveStreams(db, [stream('a')], at('2026-11-01'));
          const id = await idOf('a');
          const hours = new Set<number>();
          for (const { add, from, length } of steps) {
            const window = timeWindow(start + from * 3_600_000, start + (from + length) * 3_600_000);
            await (add ? cover(db, id, window) : uncover(db, id, window));
            for (let hour = from; hour < from + length; hour++)
              if (add) hours.add(hour);
              else hours.delete(hour);
          }
          const found = await gaps(db, id, new Date(start), new Date(start + 60 * 3_600_000));
          const open = new Set(Array.from({ length: 60 }, (_, hour) => hour).filter((hour) => !hours.has(hour)));
          const listed = found.flatMap(({ from, to }) => {
            const first = (from.getTime() - start) / 3_600_000;
            return Array.from({ length: (to.getTime() - from.getTime()) / 3_600_000 }, (_, index) => first + index);
          });
          assert.deepEqual(listed, [...open]);
        }),
        { numRuns: 40 },
      );
    });

    it('of a chain shows a broken link as a gap until it is mended, and what still waits to be acknowledged', async () => {
      await saveStreams(db, [stream('r', { delivery: 'return', daily: null })], at('2026-11-20'));
      const id = await idOf('r');
      const link = (ordinal: number) => ({
        kind: 'batch' as const,
        ordinal,
        id: `B${ordinal}`,
        after: ordinal > 1 ? `c${ordinal - 1}` : null,
        next: `c${ordinal}`,
        declared: 0,
      });
      const read = async (ordinal: number, declared: number): Promise<number> => {
        const batch = await openBatch(
          db,
          id,
          { purpose: 'return', window: link(ordinal), declared, workflowId: 'w' },
          at('2026-11-20'),
        );
        await closeBatch(db, await getBatch(db, batch), { declared, delivery: true }, at('2026-11-20'));
        return batch;
      };
      const first = await read(1, 0);
      await read(2, 4);
      await read(2, 5);
      const third = await read(3, 0);
      await markAcknowledged(db, first, at('2026-11-20'));
      const chain = await getChain(db, id);
      assert.deepEqual(
        [chain.last?.id, chain.broken.map(({ id, declared }) => [id, declared]), chain.unacknowledged],
        ['B3', [['B2', 5]], [third]],
        'a broken link as it was read last',
      );
      assert.deepEqual(
        (await findGaps(db, at('2026-11-20'))).map((gap) => `${gap.kind} ${gapInWords(gap).en}`),
        ['batch link 2', 'unacknowledged batch B3'],
      );
      const mended = await read(2, 0);
      await markAcknowledged(db, mended, at('2026-11-20'));
      await markAcknowledged(db, third, at('2026-11-20'));
      assert.deepEqual(await getChain(db, id), { last: { ...link(3) }, broken: [], unacknowledged: [] });
      assert.deepEqual(await findGaps(db, at('2026-11-20')), []);
      await markAcknowledged(db, third, at('2026-11-21'));
      const acknowledged = (await lastBatches(db, 'r', 9)).find((batch) => batch.id === third);
      assert.deepEqual(acknowledged?.acknowledgedAt, at('2026-11-20'), 'the first time counts');
      const taken = async (from: Date, to: Date) =>
        (await takenBatches(db, id, from, to)).map((batch) => batch.ordinal);
      assert.deepEqual(await taken(at('2026-11-20'), at('2026-11-20', '12:01')), [1, 2, 3]);
      assert.deepEqual(await taken(at('2026-11-19'), at('2026-11-20')), [], 'up to its end and not with it');
    });

    it('has no gap in a time that ends before it begins', async () => {
      await saveStreams(db, [stream('a')], at('2026-11-20'));
      assert.deepEqual(await gaps(db, await idOf('a'), at('2026-11-21'), at('2026-11-20')), []);
    });

    it('is what a source vouches for where no link is broken, or the named one is whole, since the stream began', async () => {
      await saveStreams(db, [stream('r', { delivery: 'return', daily: null })], at('2026-11-20'));
      const id = await idOf('r');
      const [began, noon, evening] = [at('2026-11-20', '00:00'), at('2026-11-20'), at('2026-11-20', '18:00')];
      for (const [ordinal, declared] of [
        [1, 0],
        [2, 5],
      ] as const) {
        const window = {
          kind: 'batch',
          ordinal,
          id: `B${ordinal}`,
          after: null,
          next: `c${ordinal}`,
          declared,
        } as const;
        const batch = await openBatch(db, id, { purpose: 'return', window, declared, workflowId: 'w' }, noon);
        await closeBatch(db, await getBatch(db, batch), { declared, delivery: true }, noon);
      }
      const vouched = async (from: Date, to: Date, batch?: string) => {
        const window = timeWindow(from.getTime(), to.getTime());
        await coverProven(db, id, [{ window, ...(batch !== undefined && { batch }) }]);
        return gaps(db, id, at('2026-11-19'), evening);
      };
      const nothing = [{ from: at('2026-11-19'), to: evening }];
      assert.deepEqual(await vouched(began, noon), nothing, 'a link is broken');
      assert.deepEqual(await vouched(began, noon, 'B2'), nothing, 'it is this one');
      assert.deepEqual(await vouched(noon, began, 'B1'), nothing, 'it says nothing of any time');
      assert.deepEqual(await vouched(at('2026-11-19'), noon, 'B1'), [
        { from: at('2026-11-19'), to: began },
        { from: noon, to: evening },
      ]);
    });
  });

  const refuse = (streamId: number, name: string, updatedAt: Date | null, seenAt: Date, rule = 'date-invalid') =>
    db('reject').insert({
      stream_id: streamId,
      fingerprint: Buffer.from(name),
      rule,
      problems: '[]',
      raw: '{}',
      raw_encoding: 'json',
      first_batch_id: 1,
      last_batch_id: 1,
      source_updated_at: updatedAt,
      first_seen_at: seenAt,
      last_seen_at: seenAt,
    });

  describe('the daily increment', () => {
    it('is owed for every day since the stream began, once', async () => {
      await saveStreams(db, [stream('a'), stream('r', { delivery: 'return', daily: null })], at('2026-11-20', '23:30'));
      for (const now of ['2026-11-20', '2026-11-22', '2026-11-22']) await openDays(db, at(now, '23:59'));
      const owed = await listObligations(db, at('2026-11-22', '23:59'), at('2026-11-20'));
      assert.deepEqual(
        owed.map(({ subject, state }) => `${subject} ${state}`),
        ['a/2026-11-20 overdue', 'a/2026-11-21 overdue', 'a/2026-11-22 due soon'],
      );
    });

    it('is overdue at 24:00 Shanghai time to the millisecond, and not before', async () => {
      await saveStreams(db, [stream('a')], at('2026-11-20'));
      await openDays(db, at('2026-11-20'));
      const midnight = startOfDayMs('2026-11-21');
      assert.equal((await countObligations(db, new Date(midnight - 1), EVER)).statutory.overdue, 0);
      assert.equal((await countObligations(db, new Date(midnight), EVER)).statutory.overdue, 1);
    });

    it('is met by coverage up to the cut-off and by nothing else', async () => {
      await saveStreams(db, [stream('a')], at('2026-11-20', '08:00'));
      await openDays(db, at('2026-11-20'));
      const id = await idOf('a');
      await cover(db, id, day('2026-11-20', '00:00', '20:59'));
      await closeDays(db, id, at('2026-11-20', '21:30'));
      assert.equal((await getDay(db, 'a', '2026-11-20'))?.metAt, null);
      assert.deepEqual(await streamsBehind(db, at('2026-11-20', '21:30')), ['a']);
      await cover(db, id, day('2026-11-20', '20:59', '21:00'));
      await closeDays(db, id, at('2026-11-20', '21:31'));
      assert.deepEqual((await getDay(db, 'a', '2026-11-20'))?.metAt, at('2026-11-20', '21:31'));
      const counted = async (since: Date) =>
        Object.entries((await countObligations(db, at('2026-11-23'), since)).statutory).filter(
          ([, count]) => count > 0,
        );
      assert.deepEqual(await counted(EVER), [['met', 1]]);
      assert.deepEqual(await counted(at('2026-11-20', '21:31')), [['met', 1]]);
      assert.deepEqual(await counted(at('2026-11-20', '21:32')), [], 'it ended before');
    });

    it('a stream is behind while something from before today is not in', async () => {
      await saveStreams(
        db,
        [stream('a', { since: at('2026-11-01', '00:00') }), stream('b')],
        at('2026-11-20', '08:00'),
      );
      await openDays(db, at('2026-11-20', '08:00'));
      assert.deepEqual(await streamsBehind(db, at('2026-11-20', '08:00')), ['a']);
      await cover(db, await idOf('a'), timeWindow(startOfDayMs('2026-11-01'), startOfDayMs('2026-11-20')));
      assert.deepEqual(await streamsBehind(db, at('2026-11-20', '08:00')), []);
      assert.deepEqual(await streamsBehind(db, new Date(timeOfDayMs('2026-11-20', '21:00') - 1)), []);
      assert.deepEqual((await streamsBehind(db, at('2026-11-20', '21:00'))).sort(), ['a', 'b'], 'past the cut-off');
    });

    it('is not owed of a stream that is gone, which is not behind any more', async () => {
      await saveStreams(db, [stream('a'), stream('b')], at('2026-11-20'));
      await openDays(db, at('2026-11-20'));
      await saveStreams(db, [stream('b')], at('2026-11-21', '00:00'));
      await openDays(db, at('2026-11-21'));
      assert.equal(await getDay(db, 'a', '2026-11-21'), null);
      assert.deepEqual(await streamsBehind(db, at('2026-11-21', '21:30')), ['b']);
    });

    it('is neither met nor verified over a known difference', async () => {
      await saveStreams(db, [stream('a')], at('2026-11-20', '00:00'));
      await openDays(db, at('2026-11-20'));
      const row = await getStream(db, 'a');
      const differ = (subject: string, window: TimeWindow) =>
        openDiscrepancy(
          db,
          row,
          { subject, window, sourceCount: 3, libraryCount: 2, onlyAtSource: ['k'], onlyInLibrary: [] },
          at('2026-11-20'),
        );
      await differ('before', day('2026-11-20', '10:00', '11:00'));
      await differ('after', day('2026-11-20', '22:00', '23:00'));
      await cover(db, row.id, day('2026-11-20'));
      const looked = async (now: Date) => {
        await closeDays(db, row.id, now);
        const found = await getDay(db, 'a', '2026-11-20');
        return [found?.metAt, found?.verifiedAt];
      };
      assert.deepEqual(await looked(at('2026-11-21', '01:00')), [null, null]);
      await closeDiscrepancy(db, row.id, 'before', at('2026-11-21', '02:00'));
      assert.deepEqual(await looked(at('2026-11-21', '02:00')), [at('2026-11-21', '02:00'), null]);
      await closeDiscrepancy(db, row.id, 'after', at('2026-11-21', '03:00'));
      assert.deepEqual(await looked(at('2026-11-21', '03:00')), [at('2026-11-21', '02:00'), at('2026-11-21', '03:00')]);
    });

    it('is verified when the day is over, however much is covered before', async () => {
      await saveStreams(db, [stream('a')], at('2026-11-20', '00:00'));
      await openDays(db, at('2026-11-20'));
      const id = await idOf('a');
      await cover(db, id, day('2026-11-20'));
      const verifiedAt = async (now: Date) => {
        await closeDays(db, id, now);
        return (await getDay(db, 'a', '2026-11-20'))?.verifiedAt;
      };
      assert.equal(await verifiedAt(new Date(startOfDayMs('2026-11-21') - 1)), null);
      assert.deepEqual(await verifiedAt(at('2026-11-21', '00:00')), at('2026-11-21', '00:00'));
    });

    it('that is met after 24:00 is met late, for ever', async () => {
      await saveStreams(db, [stream('a')], at('2026-11-20'));
      await openDays(db, at('2026-11-20'));
      const id = await idOf('a');
      await cover(db, id, day('2026-11-20'));
      await closeDays(db, id, at('2026-11-21', '03:00'));
      assert.equal((await countObligations(db, at('2026-11-21', '03:00'), EVER)).statutory['met late'], 1);
    });

    describe('is of what was produced that day', () => {
      const states = async (name: string, now: Date): Promise<string[]> => {
        const found = await listTasks(db, now, { states: EVERY_STATE, subject: name, limit: 99 });
        return found.map(({ subject, state }) => `${subject} ${state}`);
      };
      /** Two days of a stream that were met in time and verified. */
      async function verified(change: Partial<StreamSettings> = {}): Promise<number> {
        await saveStreams(db, [stream('a', change)], at('2026-11-19', '00:00'));
        const id = await idOf('a');
        for (const date of ['2026-11-19', '2026-11-20']) {
          await openDays(db, at(date));
          await cover(db, id, day(date, '00:00', '21:00'));
          await closeDays(db, id, at(date, '21:05'));
          await cover(db, id, day(date));
        }
        await closeDays(db, id, at('2026-11-21', '00:10'));
        assert.deepEqual(await states('a', at('2026-11-21', '00:10')), ['a/2026-11-19 met', 'a/2026-11-20 met']);
        return id;
      }
      const arrives = (id: number, key: string, updatedAt: Date, recordedAt: Date, issuedOn = '2026-11-20') =>
        db('certificate').insert({ ...certificate(id, key, updatedAt, recordedAt), issued_on: issuedOn });

      it('what came in after the deadline makes it late, by when it was changed at its source', async () => {
        await saveStreams(db, [stream('a')], at('2026-11-20', '00:00'));
        await openDays(db, at('2026-11-20'));
        const id = await idOf('a');
        await cover(db, id, day('2026-11-20', '00:00', '21:00'));
        await closeDays(db, id, at('2026-11-20', '21:05'));
        await arrives(id, 'k', at('2026-11-20', '22:30'), at('2026-11-21', '00:05'));
        await cover(db, id, day('2026-11-20', '21:00', '24:00'));
        await closeDays(db, id, at('2026-11-21', '00:06'));
        const [owed] = await listObligations(db, at('2026-11-21', '00:06'), at('2026-11-20'));
        assert.deepEqual(
          [owed?.state, owed?.metAt, owed?.reason],
          ['met late', at('2026-11-21', '00:05'), { code: 'late-records', records: 1 }],
        );
        assert.ok((await getDay(db, 'a', '2026-11-20'))?.verifiedAt);
      });

      it('what came in before the day was met makes it no earlier than that', async () => {
        await saveStreams(db, [stream('a')], at('2026-11-20', '00:00'));
        await openDays(db, at('2026-11-20'));
        const id = await idOf('a');
        await arrives(id, 'k', at('2026-11-20', '22:30'), at('2026-11-21', '00:05'));
        await cover(db, id, day('2026-11-20'));
        await closeDays(db, id, at('2026-11-21', '08:00'));
        const [owed] = await listObligations(db, at('2026-11-21', '08:00'), at('2026-11-20'));
        assert.deepEqual(
          [owed?.metAt, owed?.reason],
          [at('2026-11-21', '08:00'), { code: 'late-records', records: 1 }],
        );
      });

      it('in time is what came in up to the last instant, or was refused by then', async () => {
        const id = await verified();
        const due = at('2026-11-20', '00:00');
        await arrives(id, 'last', at('2026-11-19', '23:00'), due, '2026-11-19');
        await refuse(id, 'refused', at('2026-11-19', '10:00'), due);
        await db('reject').update({ record_key: 'corrected', resolved_at: at('2026-11-22', '09:05') });
        await arrives(id, 'corrected', at('2026-11-22', '09:00'), at('2026-11-22', '09:05'), '2026-11-19');
        assert.deepEqual(await lateRecords(db, 'a', '2026-11-19'), []);
        await arrives(id, 'later', at('2026-11-19', '23:00'), new Date(due.getTime() + 1), '2026-11-19');
        assert.deepEqual(
          (await lateRecords(db, 'a', '2026-11-19')).map(({ key }) => key),
          ['later'],
        );
      });

      it('a record that is changed later is of the day of its change, not of its issue', async () => {
        const id = await verified();
        await arrives(id, 'k', at('2026-11-19', '10:00'), at('2026-11-19', '10:05'), '2026-11-19');
        const change = { source_updated_at: at('2026-11-22', '10:00'), recorded_at: at('2026-11-22', '10:05') };
        await db('certificate').where({ record_key: 'k' }).update(change);
        assert.deepEqual(await lateRecords(db, 'a', '2026-11-19'), []);
      });

      it('of a completed case, a record is of the day on which that was completed, unless it was withdrawn', async () => {
        const id = await verified();
        const completed = (key: string, withdrawnAt: Date | null) =>
          db('completed_case').insert({
            stream_id: id,
            case_number: key,
            mode: 'offline',
            completed_at: at('2026-11-19', '10:00'),
            certificate_key: key,
            announced_at: at('2026-11-19', '10:00'),
            withdrawn_at: withdrawnAt,
            push_subject: `case/a/${key}`,
            delivery_subject: `delivery/a/${key}`,
          });
        await completed('completed', null);
        await completed('withdrawn', at('2026-11-19', '11:00'));
        for (const key of ['completed', 'withdrawn'])
          await arrives(id, key, at('2026-11-22', '09:00'), at('2026-11-22', '09:05'), '2026-11-10');
        assert.deepEqual(await lateRecords(db, 'a', '2026-11-19'), [
          {
            key: 'completed',
            number: 'completed',
            recordedAt: at('2026-11-22', '09:05'),
            because: 'completion',
            reject: null,
          },
        ]);
      });

      it('and by when it was issued, whoever stamped it later, also long after it was verified', async () => {
        const id = await verified();
        await arrives(id, 'restamped', at('2026-11-24', '10:00'), at('2026-11-24', '10:05'), '2026-11-19');
        await openDays(db, at('2026-11-24', '21:00'));
        await closeDays(db, id, at('2026-11-24', '21:00'));
        assert.deepEqual((await states('a', at('2026-11-24', '21:00'))).slice(0, 2), [
          'a/2026-11-19 met late',
          'a/2026-11-20 met',
        ]);
        assert.deepEqual(await lateRecords(db, 'a', '2026-11-19'), [
          {
            key: 'restamped',
            number: 'restamped',
            recordedAt: at('2026-11-24', '10:05'),
            because: 'issue',
            reject: null,
          },
        ]);
      });

      it('a record of the day that its source shows only after the day was verified', async () => {
        const id = await verified();
        await arrives(id, 'hidden', at('2026-11-19', '10:00'), at('2026-11-22', '10:00'), '2026-11-10');
        await closeDays(db, id, at('2026-11-22', '21:00'));
        assert.deepEqual((await states('a', at('2026-11-22'))).slice(0, 2), [
          'a/2026-11-19 met late',
          'a/2026-11-20 met',
        ]);
      });

      it('one that came late and was changed again before anybody looked', async () => {
        await saveStreams(db, [stream('a')], at('2026-11-20', '00:00'));
        await openDays(db, at('2026-11-20'));
        const id = await idOf('a');
        await cover(db, id, day('2026-11-20', '00:00', '21:00'));
        await closeDays(db, id, at('2026-11-20', '21:05'));
        await arrives(id, 'k', at('2026-11-20', '10:00'), at('2026-11-21', '00:03'), '2026-11-01');
        const again = { source_updated_at: at('2026-11-21', '00:04'), recorded_at: at('2026-11-21', '00:08') };
        await db('certificate').where({ record_key: 'k' }).update(again);
        await cover(db, id, day('2026-11-20'));
        await closeDays(db, id, at('2026-11-21', '00:12'));
        assert.deepEqual((await states('a', at('2026-11-21'))).slice(0, 1), ['a/2026-11-20 met late']);
      });

      it('counts a record once that was refused when it came late, and corrected since', async () => {
        await saveStreams(db, [stream('a')], at('2026-11-20', '00:00'));
        await openDays(db, at('2026-11-20'));
        const id = await idOf('a');
        const came = at('2026-11-25', '10:00');
        await refuse(id, 'corrected', at('2026-11-20', '10:00'), came);
        await db('reject').update({ record_key: 'k', resolved_at: at('2026-11-25', '10:05') });
        await arrives(id, 'k', at('2026-11-20', '10:00'), at('2026-11-25', '10:05'));
        await refuse(id, 'without a key', at('2026-11-20', '10:00'), came);
        await db('reject')
          .whereNull('record_key')
          .update({ resolved_at: at('2026-11-25', '10:06') });
        await refuse(id, 'open', at('2026-11-20', '10:00'), came);
        await cover(db, id, day('2026-11-20'));
        await closeDays(db, id, at('2026-11-25', '10:10'));
        const [owed] = await listTasks(db, came, { states: ['met late'], subject: 'a/2026-11-20', limit: 1 });
        assert.deepEqual(owed?.reason, { code: 'late-records', records: 2 });
        assert.equal((await lateRecords(db, 'a', '2026-11-20')).length, 2);
        assert.equal((await dayReport(db, 'a', '2026-11-20', came))?.late, 2);
      });

      it('not what was issued before the stream was watched, nor what was refused in time and corrected later', async () => {
        const id = await verified();
        await arrives(id, 'old', at('2026-11-22', '09:00'), at('2026-11-22', '09:05'), '2026-11-18');
        await refuse(id, 'refused', at('2026-11-19', '10:00'), at('2026-11-19', '20:00'));
        await db('reject').update({ record_key: 'corrected', resolved_at: at('2026-11-22', '09:05') });
        await arrives(id, 'corrected', at('2026-11-22', '09:00'), at('2026-11-22', '09:05'), '2026-11-19');
        await closeDays(db, id, at('2026-11-22', '21:00'));
        assert.deepEqual((await states('a', at('2026-11-22'))).slice(0, 2), ['a/2026-11-19 met', 'a/2026-11-20 met']);
      });

      it('a profile can count new records by their change alone, and leave the last minutes of a day to the next', async () => {
        const daily = { ...RULE, producedBy: 'update', grace: '30 minutes' } as const;
        const id = await verified({ daily });
        await arrives(id, 'restamped', at('2026-11-22', '10:00'), at('2026-11-22', '10:05'), '2026-11-19');
        await arrives(id, 'last minutes', at('2026-11-19', '23:40'), at('2026-11-20', '00:05'), '2026-11-19');
        await closeDays(db, id, at('2026-11-22', '21:00'));
        assert.deepEqual((await states('a', at('2026-11-22'))).slice(0, 2), ['a/2026-11-19 met', 'a/2026-11-20 met']);
        await arrives(id, 'before them', at('2026-11-19', '23:29'), at('2026-11-20', '00:05'), '2026-11-19');
        await closeDays(db, id, at('2026-11-22', '21:30'));
        assert.deepEqual((await states('a', at('2026-11-22'))).slice(0, 1), ['a/2026-11-19 met late']);
      });
    });

    describe('that the hub itself missed', () => {
      beforeEach(() => db('uptime').delete());
      after(() => db('uptime').delete());
      const worked = async (from: Date, to: Date): Promise<void> => {
        for (const part of ['server', 'worker']) await db('uptime').insert({ part, from_at: from, to_at: to });
      };
      const state = async (subject: string, now: Date): Promise<unknown[]> => {
        const [task] = await listTasks(db, now, { states: EVERY_STATE, subject, limit: 1 });
        return [task?.state, task?.reason];
      };
      const counted = async (now: Date): Promise<unknown[]> => {
        const [unit] = await unitFigures(db, { from: null, to: at('2026-11-21', '00:00'), at: now });
        return [unit?.apart.statutory.missed, unit?.figures.statutoryTasks, unit?.figures.statutoryTimeliness];
      };
      const NONE = { numerator: 0, denominator: 0 };
      const began = at('2026-11-20', '21:00').toISOString();
      const reason = { code: 'hub-away', from: began, to: at('2026-11-22', '10:00').toISOString(), records: 0 };

      async function away(): Promise<number> {
        await saveStreams(db, [stream('a')], at('2026-11-20', '00:00'));
        await openDays(db, at('2026-11-20', '20:00'));
        await worked(at('2026-11-20', '08:00'), at('2026-11-20', '20:00'));
        return idOf('a');
      }
      const instants = (found: unknown[]): unknown[] =>
        found.map(
          (value) =>
            JSON.parse(JSON.stringify(value), (key, text: unknown) =>
              (key === 'from' || key === 'to') && typeof text === 'string' ? new Date(text).toISOString() : text,
            ) as unknown,
        );

      it('say since when it was not at work, count apart, and are met without lateness of their unit', async () => {
        const id = await away();
        const back = at('2026-11-22', '10:00');
        await openDays(db, back);
        assert.deepEqual(instants(await state('a/2026-11-20', back)), ['overdue', { ...reason, to: null }]);
        await worked(back, at('2026-11-22', '12:00'));
        await cover(db, id, day('2026-11-20'));
        await closeDays(db, id, at('2026-11-22', '10:05'));
        assert.deepEqual(instants(await state('a/2026-11-20', back)), ['met late', reason]);
        assert.match(
          reasonInWords(reason as Reason).zh,
          /^枢纽自 2026-11-20 21:00 至 2026-11-22 10:00 未运行，不是该单位迟延$/,
        );
        assert.deepEqual(await counted(at('2026-11-22', '11:00')), [1, NONE, NONE]);
        assert.deepEqual(await listTasks(db, back, { states: ['met late'], ofUnits: true, limit: 9 }), []);
      });

      it('are the unit’s again where it is late by more than the hub was away', async () => {
        const id = await away();
        await worked(at('2026-11-20', '22:00'), at('2026-11-21', '12:00'));
        await openDays(db, at('2026-11-21', '00:30'));
        assert.equal((await state('a/2026-11-20', at('2026-11-21', '00:30')))[0], 'overdue');
        assert.match(JSON.stringify(await state('a/2026-11-20', at('2026-11-21', '00:30'))), /hub-away/);
        await openDays(db, at('2026-11-21', '03:00'));
        assert.deepEqual(await state('a/2026-11-20', at('2026-11-21', '03:00')), ['overdue', null]);
        await cover(db, id, day('2026-11-20'));
        await closeDays(db, id, at('2026-11-21', '03:05'));
        assert.deepEqual(await state('a/2026-11-20', at('2026-11-21', '03:05')), ['met late', null]);
        assert.deepEqual((await counted(at('2026-11-21', '04:00'))).slice(0, 2), [0, { numerator: 0, denominator: 1 }]);
      });

      it('are not those of a hub that was at work, or of which nothing is known', async () => {
        const id = await away();
        await db('uptime').update({ to_at: at('2026-11-22', '12:00') });
        await cover(db, id, day('2026-11-20'));
        await closeDays(db, id, at('2026-11-22', '10:05'));
        assert.deepEqual(await state('a/2026-11-20', at('2026-11-22', '11:00')), ['met late', null]);
      });
    });

    it('can be closed before its cut-off, and keeps every earlier state', async () => {
      await saveStreams(db, [stream('a')], at('2026-11-20', '00:00'));
      await openDays(db, at('2026-11-20'));
      const id = await idOf('a');
      const opened = await getDay(db, 'a', '2026-11-20');
      await shortenObligation(db, opened?.id ?? 0, at('2026-11-20', '15:00'), 'hub');
      await cover(db, id, day('2026-11-20', '00:00', '15:00'));
      await closeDays(db, id, at('2026-11-20', '15:01'));
      assert.deepEqual((await getDay(db, 'a', '2026-11-20'))?.metAt, at('2026-11-20', '15:01'));
      assert.equal((await db('obligation_history').where({ id: opened?.id ?? 0 })).length, 2);
      assert.deepEqual(await findGaps(db, at('2026-11-20', '16:00')), []);
    });

    it('runs on while rejects of the day are open, is met when the last is resolved, and opened anew by another', async () => {
      await saveStreams(db, [stream('a')], at('2026-11-20', '00:00'));
      await openDays(db, at('2026-11-20'));
      const id = await idOf('a');
      const reject = (name: string, rule: string, updatedAt: Date | null) =>
        refuse(id, name, updatedAt, at('2026-11-20', '21:00'), rule);
      await reject('first', 'date-invalid', at('2026-11-20', '10:00'));
      await reject('timeless', 'not-a-record', null);
      await reject('waits', 'type-unlisted', at('2026-11-20', '11:00'));
      await reject('older', 'date-invalid', at('2026-11-19', '10:00'));
      await cover(db, id, day('2026-11-20', '00:00', '21:00'));
      await closeDays(db, id, at('2026-11-20', '21:30'));
      const duties = async (now: Date) =>
        (await listObligations(db, now, at('2026-11-20', '00:00'))).map(({ subject, state, metAt, reason }) => ({
          subject,
          state,
          metAt,
          reason,
        }));
      const increment = { subject: 'a/2026-11-20', state: 'met', metAt: at('2026-11-20', '21:30'), reason: null };
      const open = { subject: 'a/2026-11-20/rejects', metAt: null, reason: { code: 'open-rejects', records: 2 } };
      assert.deepEqual(await duties(at('2026-11-20', '22:00')), [increment, { ...open, state: 'due soon' }]);
      assert.deepEqual(await duties(at('2026-11-21', '09:00')), [increment, { ...open, state: 'overdue' }]);
      // It is the department that is behind, not the reading of its data.
      assert.deepEqual(await streamsBehind(db, at('2026-11-20', '22:00')), []);

      const resolved = at('2026-11-21', '10:00');
      await db('reject')
        .whereIn('fingerprint', [Buffer.from('first'), Buffer.from('timeless')])
        .update({ resolved_at: resolved });
      await closeDays(db, id, at('2026-11-21', '21:00'));
      const met = { ...open, state: 'met late', metAt: resolved, reason: null };
      assert.deepEqual(await duties(at('2026-11-21', '22:00')), [increment, met]);
      await reject('another', 'date-invalid', at('2026-11-20', '12:00'));
      await closeDays(db, id, at('2026-11-21', '23:00'));
      const again = {
        subject: 'a/2026-11-20/rejects#2',
        state: 'overdue',
        metAt: null,
        reason: { code: 'open-rejects', records: 1 },
      };
      assert.deepEqual(await duties(at('2026-11-21', '23:00')), [increment, met, again]);
    });

    it('its open rejects are looked through once, whatever follows of them', async () => {
      await saveStreams(db, [stream('a')], at('2026-11-18', '00:00'));
      await openDays(db, at('2026-11-20'));
      const id = await idOf('a');
      const scans = (): Promise<number> =>
        db.transaction(async (trx) => {
          const scanned = async (): Promise<number> => {
            const { rows } = await trx.raw<{ rows: { scans: number }[] }>(
              `SELECT coalesce(seq_scan, 0) + coalesce(idx_scan, 0) AS scans FROM pg_stat_xact_user_tables WHERE relname = 'reject'`,
            );
            return rows[0]?.scans ?? 0;
          };
          const before = await scanned();
          await followRejects(trx, id, at('2026-11-20', '21:30'));
          return (await scanned()) - before;
        });
      for (const date of ['2026-11-18', '2026-11-19', '2026-11-20'])
        await refuse(id, date, at(date, '10:00'), at(date, '21:00'), 'date-invalid');
      assert.equal(await scans(), 1);
      assert.equal(await scans(), 1);
      const open = (await listObligations(db, at('2026-11-20', '22:00'), EVER)).filter(({ subject }) =>
        subject.endsWith('/rejects'),
      );
      assert.equal(open.length, 3);
    });

    describe('what has ended stays as it ended', () => {
      const PERSON = {
        by: '李处长',
        at: at('2026-11-21', '08:00'),
        reason: said('机房断电'),
        document: '容错〔2026〕3号',
      };
      /** Everything that the machine does to a day, and how the day stands afterwards, with who made it so. */
      async function after(id: number, stream: number) {
        const before = await changesOf(db, id);
        await explainObligation(db, id, { code: 'differs' }, 'hub');
        await shortenObligation(db, id, at('2026-11-20', '03:00'), 'hub');
        await cover(db, stream, day('2026-11-20'));
        for (const now of [at('2026-11-21', '09:00'), at('2026-11-22')]) {
          await openDays(db, now);
          await closeDays(db, stream, now);
        }
        return { before, after: await changesOf(db, id) };
      }

      it('an exempted day keeps its reason, its approver and its state, whatever the machine finds out', async () => {
        await saveStreams(db, [stream('a')], at('2026-11-20', '00:00'));
        await openDays(db, at('2026-11-20'));
        const { id } = (await getDay(db, 'a', '2026-11-20'))!;
        assert.ok(await exemptObligation(db, id, PERSON));
        const changes = await after(id, await idOf('a'));
        assert.deepEqual(changes.after, changes.before);
        const last = changes.after.at(-1);
        assert.deepEqual(
          [last?.by, last?.reason, last?.document, last?.metAt],
          ['李处长', { code: 'said', text: '机房断电' }, '容错〔2026〕3号', null],
        );
        assert.equal((await findTask(db, id, at('2026-11-22')))?.state, 'exempted');
      });

      it('so does a met one that was exempted before it was verified', async () => {
        await saveStreams(db, [stream('a')], at('2026-11-20', '00:00'));
        await openDays(db, at('2026-11-20'));
        const { id } = (await getDay(db, 'a', '2026-11-20'))!;
        await cover(db, await idOf('a'), day('2026-11-20', '00:00', '21:00'));
        await closeDays(db, await idOf('a'), at('2026-11-20', '21:30'));
        assert.ok(await exemptObligation(db, id, PERSON));
        const changes = await after(id, await idOf('a'));
        assert.deepEqual(changes.after, changes.before);
        assert.equal(await exemptObligation(db, id, { ...PERSON, reason: said('再次') }), false);
      });

      it('so does a cancelled one, and a met one but for its verification', async () => {
        await saveStreams(db, [stream('a'), stream('b')], at('2026-11-20', '00:00'));
        await openDays(db, at('2026-11-20'));
        const cancelled = (await getDay(db, 'a', '2026-11-20'))!;
        const before = { ...PERSON, at: at('2026-11-20', '20:00') };
        await dropObligations(db, { subjects: ['a/2026-11-20'] }, before);
        assert.equal(await exemptObligation(db, cancelled.id, PERSON), false, 'nobody owes it');
        const changes = await after(cancelled.id, await idOf('a'));
        assert.deepEqual(changes.after, changes.before);

        const met = (await getDay(db, 'b', '2026-11-20'))!;
        await meetObligations(db, { subjects: ['b/2026-11-20'] }, { by: '王五', at: at('2026-11-20', '20:00') });
        const verified = await after(met.id, await idOf('b'));
        assert.deepEqual(
          verified.after.map(({ by, metAt }) => [by, metAt]),
          [
            ['hub', null],
            ['王五', at('2026-11-20', '20:00')],
            ['hub', at('2026-11-20', '20:00')],
          ],
        );
      });

      it('each change says the hub or the person', async () => {
        await saveStreams(db, [stream('a')], at('2026-11-20', '00:00'));
        await openDays(db, at('2026-11-20'));
        const { id } = (await getDay(db, 'a', '2026-11-20'))!;
        await explainObligation(db, id, { code: 'differs' }, 'hub');
        await cover(db, await idOf('a'), day('2026-11-20', '00:00', '21:00'));
        await closeDays(db, await idOf('a'), at('2026-11-20', '21:30'));
        assert.ok(await exemptObligation(db, id, PERSON));
        assert.deepEqual(
          (await changesOf(db, id)).map(({ by, reason }) => [by, reason]),
          [
            ['hub', null],
            ['hub', { code: 'differs' }],
            ['hub', null],
            ['李处长', { code: 'said', text: '机房断电' }],
          ],
        );
      });

      it('rejects of a day that were exempted open nothing again, but those that come later do', async () => {
        await saveStreams(db, [stream('a')], at('2026-11-20', '00:00'));
        await openDays(db, at('2026-11-20'));
        const id = await idOf('a');
        await refuse(id, 'first', at('2026-11-20', '10:00'), at('2026-11-20', '21:00'));
        await closeDays(db, id, at('2026-11-20', '21:30'));
        const [owed] = await listTasks(db, at('2026-11-21'), {
          states: EVERY_STATE,
          subject: 'a/2026-11-20/rejects',
          limit: 5,
        });
        assert.ok(await exemptObligation(db, owed!.id, PERSON));
        const subjects = async (now: Date): Promise<string[]> => {
          await closeDays(db, id, now);
          const found = await listTasks(db, now, { states: EVERY_STATE, limit: 9 });
          return found.map(({ subject, state }) => `${subject} ${state}`).sort();
        };
        assert.deepEqual(await subjects(at('2026-11-21', '10:00')), [
          'a/2026-11-20 overdue',
          'a/2026-11-20/rejects exempted',
        ]);
        await refuse(id, 'second', at('2026-11-20', '11:00'), at('2026-11-21', '11:00'));
        assert.deepEqual(await subjects(at('2026-11-21', '12:00')), [
          'a/2026-11-20 overdue',
          'a/2026-11-20/rejects exempted',
          'a/2026-11-20/rejects#2 overdue',
        ]);
      });
    });

    it('100,000 days are opened and closed as sets', async () => {
      const many = Array.from({ length: 500 }, (_, index) => stream(`s${index}`));
      await saveStreams(db, many, at('2026-05-01'));
      const opened = openDays(db, at('2026-11-16'));
      // Statistics that are taken while they are being inserted tell the planner of a large table without a row.
      const told = async (column: string): Promise<number> =>
        (
          await db('pg_class')
            .where({ relname: 'obligation' })
            .first<{ n: number }>(db.raw(`${column} AS n`))
        ).n;
      while ((await told('pg_relation_size(oid)')) < 1_000_000);
      await db.raw('ANALYZE obligation');
      assert.equal(await told('reltuples'), 0);
      await opened;
      assert.equal((await countObligations(db, at('2026-11-16'), EVER)).statutory.overdue + 500, 500 * 200);
    });
  });

  describe('comparisons', () => {
    it('with equal counts cover a window and close what differed in it, others uncover it', async () => {
      await saveStreams(db, [stream('a')], at('2026-11-20'));
      const row = await getStream(db, 'a');
      const hour = day('2026-11-20', '10:00', '11:00');
      await cover(db, row.id, day('2026-11-20'));
      await saveComparison(db, row, hour, { source: 3, library: 2 }, at('2026-11-20', '22:00'));
      await openDiscrepancy(
        db,
        row,
        { subject: 'x', window: hour, sourceCount: 3, libraryCount: 2, onlyAtSource: ['k9'], onlyInLibrary: [] },
        at('2026-11-20', '22:00'),
      );
      await openDays(db, at('2026-11-20'));
      assert.deepEqual(
        (await findGaps(db, at('2026-11-20', '22:00'))).map((gap) => [gap.kind, gapInWords(gap).en, gap.unit]),
        [
          ['difference', 'x: source 3, library 2; missing: k9', '甲局'],
          ['interval', '2026-11-20 10:00:00 – 2026-11-20 11:00:00', '甲局'],
        ],
      );
      await saveComparison(
        db,
        row,
        day('2026-11-20', '09:00', '12:00'),
        { source: 3, library: 3 },
        at('2026-11-20', '22:10'),
      );
      // What is known of a part is that part’s own.
      assert.deepEqual(
        (await findGaps(db, at('2026-11-20', '22:00'))).map(({ kind }) => kind),
        ['difference'],
      );
      await saveComparison(db, row, hour, { source: 3, library: 3 }, at('2026-11-20', '22:11'));
      assert.deepEqual(await findGaps(db, at('2026-11-20', '22:00')), []);
      assert.equal((await db('reconciliation')).length, 3);
    });

    it('with equal counts close what differed in just that window, but not a difference of content', async () => {
      await saveStreams(db, [stream('a')], at('2026-11-20'));
      const row = await getStream(db, 'a');
      const hour = day('2026-11-20', '10:00', '11:00');
      const found = { window: hour, sourceCount: 3, libraryCount: 3, onlyAtSource: [], onlyInLibrary: [] };
      await openDiscrepancy(db, row, { ...found, subject: 'counts' }, at('2026-11-20', '22:00'));
      await openDiscrepancy(db, row, { ...found, subject: 'content', different: ['k'] }, at('2026-11-20', '22:00'));
      await saveComparison(db, row, hour, { source: 3, library: 3 }, at('2026-11-20', '22:10'));
      assert.deepEqual(
        (await findGaps(db, at('2026-11-20', '22:00'))).flatMap((gap) =>
          gap.kind === 'difference' ? [gap.subject] : [],
        ),
        ['content'],
      );
    });

    it('count a record where its newest version stands, accepted or refused', async () => {
      await saveStreams(db, [stream('a')], at('2026-11-20'));
      const id = await idOf('a');
      const reject = (key: string, time: string, resolved: boolean): Record<string, unknown> => ({
        stream_id: id,
        fingerprint: Buffer.from(`${key}${time}`),
        record_key: key,
        source_updated_at: at('2026-11-20', time),
        rule: 'test-row',
        problems: '[]',
        raw: '{}',
        raw_encoding: 'json',
        first_batch_id: 1,
        last_batch_id: 1,
        first_seen_at: at('2026-11-20'),
        last_seen_at: at('2026-11-20'),
        resolved_at: resolved ? at('2026-11-20') : null,
      });
      await db('certificate').insert([
        certificate(id, 'k1', at('2026-11-20', '10:10'), at('2026-11-20')),
        certificate(id, 'k2', at('2026-11-20', '10:20'), at('2026-11-20')),
        certificate(id, 'k3', at('2026-11-20', '12:00'), at('2026-11-20')),
        certificate(id, 'k5', at('2026-11-20', '13:00'), at('2026-11-20')),
      ]);
      // k2's newer version was refused at 11:30; k3 was refused at 10:30 and corrected; k4 was only ever refused;
      // k5 of one instant came once as it is held, and once refused.
      await db('reject').insert([
        reject('k2', '11:30', false),
        reject('k3', '10:30', true),
        reject('k4', '10:40', false),
        reject('k5', '13:00', false),
      ]);
      assert.equal(await countLibrary(db, id, day('2026-11-20', '10:00', '11:00')), 2);
      assert.equal(await countLibrary(db, id, day('2026-11-20', '11:00', '12:00')), 1);
      assert.equal(await countLibrary(db, id, day('2026-11-20', '12:00', '13:00')), 1);
      assert.equal(await countLibrary(db, id, day('2026-11-20', '13:00', '14:00')), 1);
      assert.equal(await countLibrary(db, id, day('2026-11-20')), 5);
    });
  });

  describe('alerts', () => {
    it('group overdue obligations by unit, and come and go with what causes them', async () => {
      const names = ['a', 'b', 'c'];
      await saveStreams(
        db,
        names.map((name) => stream(name, name === 'c' ? { unitCode: 'U2', unitName: '乙局' } : {})),
        at('2026-11-20'),
      );
      await openDays(db, at('2026-11-20'));
      const night = at('2026-11-21', '00:01');
      const found = await findAlerts(db, 'overdue', night);
      assert.deepEqual(found.map(({ message }) => message.en).sort(), [
        '乙局: 1 × EO-8e (第八条第五款, statutory) overdue since 2026-11-21 00:00',
        '甲局: 2 × EO-8e (第八条第五款, statutory) overdue since 2026-11-21 00:00',
      ]);
      assert.equal((await saveAlerts(db, 'overdue', found, night)).raised.length, 2);
      assert.equal((await saveAlerts(db, 'overdue', found, night)).raised.length, 0);
      const { cleared } = await saveAlerts(db, 'overdue', found.slice(1), night);
      assert.equal(cleared.length, 1);
      const [open, ...others] = await openAlerts(db);
      assert.deepEqual([open?.message, others.length], [found[1]?.message, 0]);
      assert.match(open?.message.zh ?? '', /局：EO-8e（第八条第五款，法定时限）\d 项逾期，最早自 2026-11-21 00:00$/);
    });

    it('tell a day that is far from what is usual on its weekday, once enough weeks are known', async () => {
      await saveStreams(
        db,
        ['full', 'empty', 'new'].map((name) => stream(name)),
        at('2026-10-01'),
      );
      const volume = async (name: string, day: string, records: number): Promise<void> => {
        const { id } = await getStream(db, name);
        await db('day_volume').insert({ stream_id: id, day, records });
      };
      // Four Fridays of about 100, and a quiet Saturday that says nothing about Fridays.
      for (const [index, day] of ['2026-10-23', '2026-10-30', '2026-11-06', '2026-11-13'].entries())
        for (const name of ['full', 'empty']) await volume(name, day, 95 + index * 3);
      await volume('empty', '2026-11-14', 2);
      await volume('full', '2026-11-20', 110);
      await volume('empty', '2026-11-20', 12);
      await volume('new', '2026-11-20', 0);
      const found = await findAlerts(db, 'volume', at('2026-11-21', '08:00'));
      assert.deepEqual(
        found.map(({ message }) => message.en),
        ['甲局: empty had 12 records on 2026-11-20, on this weekday it usually has 98'],
      );
      const later = await findAlerts(db, 'volume', at('2026-11-28', '08:00'));
      assert.deepEqual(later, []);
    });
  });
});
