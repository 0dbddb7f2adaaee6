import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { HubConfig } from '../../../settings/load.ts';
import type { Term } from '../../../domain/ledger/duties.ts';
import { openObligations } from '../../../store/ledger/obligations.ts';
import { listTasks } from '../../../store/ledger/tasks.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { at, enact } from '../../support/law/enact.ts';
import { DAY_MS } from '../../../domain/dates.ts';

/** Rest days and made-up Saturdays and Sundays of 2026, by the State Council’s notice. */
const REST = new Set([
  '02-15',
  '02-16',
  '02-17',
  '02-18',
  '02-19',
  '02-20',
  '02-21',
  '02-22',
  '02-23',
  '04-04',
  '04-05',
  '04-06',
  '05-01',
  '05-02',
  '05-03',
  '05-04',
  '05-05',
  '06-19',
  '06-20',
  '06-21',
  '09-25',
  '09-26',
  '09-27',
  '10-01',
  '10-02',
  '10-03',
  '10-04',
  '10-05',
  '10-06',
  '10-07',
]);
const MADE_UP = new Set(['01-04', '02-14', '02-28', '05-09', '09-20', '10-10']);
const OFFSET_MS = 8 * 3_600_000;

/** Day by day, as a clerk counts; null where that leads into 2027, whose notice there is not. */
function countedByHand(start: Date, term: Term): Date | null {
  if (term !== 'same-day' && 'minutes' in term) return new Date(start.getTime() + term.minutes * 60_000);
  // Noon of the day in Shanghai.
  let noon = new Date(Math.floor((start.getTime() + OFFSET_MS) / DAY_MS) * DAY_MS + DAY_MS / 2);
  for (let left = term === 'same-day' ? 0 : term.workingDays; left > 0;) {
    noon = new Date(noon.getTime() + DAY_MS);
    const day = noon.toISOString().slice(5, 10);
    if (noon.getUTCFullYear() > 2026) return null;
    if (MADE_UP.has(day) || (noon.getUTCDay() % 6 !== 0 && !REST.has(day))) left -= 1;
  }
  return new Date(noon.getTime() + DAY_MS / 2 - OFFSET_MS);
}

const STARTS = {
  'the last working day but one before the Spring Festival': '2026-02-13T17:59:00',
  'a made-up Saturday before the Spring Festival': '2026-02-14T09:00:00',
  'a rest day in the Spring Festival': '2026-02-18T00:00:00',
  'a Friday before a made-up Sunday': '2026-09-18T23:59:59',
  'the eve of the National Day': '2026-09-30T10:00:00',
  'a rest day in the National Day week': '2026-10-03T12:00:00',
  'the edge of the published calendar': '2026-12-30T10:00:00',
};

for (const city of ['wuxi', 'xuchang', 'keqiao', 'ordos', 'shanghai']) {
  describe(`every deadline of ${city}`, () => {
    let database: TestDatabase;
    let config: HubConfig;
    before(async () => {
      database = await createDatabase();
      config = await enact(database.db, city, at('2026-01-05'));
    });
    after(() => database.drop());

    for (const [what, started] of Object.entries(STARTS)) {
      it(`from ${what}: due when a clerk counts it to be, in time to the last second and overdue from the next`, async () => {
        const start = at(started);
        const subject = `test/${started}`;
        const item = { subject, ownerCode: 'U', ownerName: '甲局', startedAt: start };
        // Where each case has its own term, it is told.
        const own = config.jurisdiction.rules.filter(({ term }) => term === null).flatMap(({ duties }) => duties);
        for (const duty of new Set(config.jurisdiction.rules.flatMap(({ duties }) => duties)))
          await openObligations(
            database.db,
            duty,
            [{ ...item, subject: `${subject}/${duty}`, workingDays: own.includes(duty) ? 10 : null }],
            { by: 't', at: start },
          );
        const tasks = (states: ('open' | 'due soon' | 'overdue' | 'no calendar')[], now: Date) =>
          listTasks(database.db, now, { states, subject, limit: 1_000 });
        const running = await tasks(['open', 'due soon', 'overdue', 'no calendar'], start);
        const expected = config.jurisdiction.rules.flatMap(({ id, duties, term }) =>
          duties.map((duty) => ({ id, duty, due: countedByHand(start, term ?? { workingDays: 10 }) })),
        );
        assert.equal(running.length, expected.length);
        for (const { id, duty, due } of expected) {
          const task = running.find(({ rule, kind }) => rule === id && kind === duty);
          assert.ok(task, `${id} ${duty}`);
          assert.deepEqual(task.dueAt, due, `${id} ${duty}`);
          const stateAt = async (now: Date) =>
            (await tasks(['open', 'due soon', 'overdue', 'no calendar'], now)).find((one) => one.id === task.id)?.state;
          if (due === null) {
            assert.equal(await stateAt(at('2030-01-01')), 'no calendar', id);
            continue;
          }
          assert.notEqual(await stateAt(new Date(due.getTime() - 1)), 'overdue', id);
          assert.equal(await stateAt(due), 'overdue', id);
        }
      });
    }
  });
}
