import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Knex } from 'knex';
import type { HubConfig } from '../../../settings/load.ts';
import { EVERY_STATE } from '../../../domain/ledger/duties.ts';
import { said } from '../../../domain/ledger/reasons.ts';
import { configuredStreams } from '../../../store/apply-config.ts';
import { declare, endDeclaration, listDeclarations, syncReviews } from '../../../store/collection/declarations.ts';
import { syncLifecycle } from '../../../store/collection/lifecycle.ts';
import { getStream, saveStreams } from '../../../store/collection/streams.ts';
import { exemptObligation } from '../../../store/ledger/obligations.ts';
import { listTasks } from '../../../store/ledger/tasks.ts';
import { arrive } from '../../support/arrivals.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { at, enact } from '../../support/law/enact.ts';

const MONDAY = at('2026-11-23T00:00:00');
const PERMITS = 'housing-permits';
const who = (time: string) => ({ by: '李处长', at: at(time) });

describe('declarations of streams', () => {
  let database: TestDatabase;
  let db: Knex;
  let config: HubConfig;
  beforeEach(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  afterEach(() => database.drop());

  async function city(jurisdiction: string, reviewed = false): Promise<void> {
    config = await enact(db, jurisdiction, MONDAY);
    const streams = configuredStreams(config).map((stream) => ({
      ...stream,
      daily: stream.daily && { ...stream.daily, reviewed },
    }));
    await saveStreams(db, streams, MONDAY);
  }
  const tasks = async (kind: string, now: string) =>
    (await listTasks(db, at(now), { states: EVERY_STATE, limit: 1_000 })).filter((task) => task.kind === kind);
  const say = (kind: 'unsynchronisable' | 'reviewed', time: string): Promise<number> =>
    declare(
      db,
      { stream: PERMITS, kind, said: '部级系统每日导出一次', document: '认〔2026〕2号' },
      config.jurisdiction.synchronisation,
      who(time),
    );

  describe('that it cannot be synchronised', () => {
    const event = async (day: string): Promise<void> => {
      const { id } = await getStream(db, PERMITS);
      await arrive(db, id, at(`${day}T23:00:00`), [{ key: 'A', changedAt: at(`${day}T10:00:00`), note: day }]);
      await syncLifecycle(db, at(`${day}T23:30:00`));
    };
    const days = async (): Promise<string[]> =>
      (await tasks('lifecycle', '2026-11-30T00:00:00')).map(({ subject }) => subject.slice(-5)).toSorted();

    it('frees events from the next day on to the day on which it ends, and nothing of before', async () => {
      await city('ordos');
      const { id } = await getStream(db, PERMITS);
      await arrive(db, id, at('2026-11-23T08:00:00'), [{ key: 'A' }]);
      await event('2026-11-23');
      const declaration = await say('unsynchronisable', '2026-11-24T09:00:00');
      for (const day of ['2026-11-24', '2026-11-25', '2026-11-26']) await event(day);
      assert.deepEqual(
        (await listDeclarations(db)).map(({ stream, article, document, by }) => [stream, article, document, by]),
        [[PERMITS, '第八条第三款', '认〔2026〕2号', '李处长']],
      );
      await endDeclaration(db, declaration, who('2026-11-26T12:00:00'));
      await event('2026-11-27');
      assert.deepEqual(await days(), ['11-23', '11-24', '11-27']);
      assert.deepEqual(await listDeclarations(db), []);
    });

    it('is refused where the regulation has no such exception, where it stands already, and ends once', async () => {
      await city('wuxi');
      await assert.rejects(say('unsynchronisable', '2026-11-24T09:00:00'), /has no exception from synchronising/);
      await city('shanghai');
      const id = await say('unsynchronisable', '2026-11-24T09:00:00');
      await assert.rejects(say('unsynchronisable', '2026-11-24T10:00:00'), /declared of the stream housing-permits/);
      await endDeclaration(db, id, who('2026-11-25T09:00:00'));
      await assert.rejects(endDeclaration(db, id, who('2026-11-25T10:00:00')), /Declaration 1: /);
      await assert.rejects(say('reviewed', '2026-11-24T09:00:00'), /asks for no review/);
    });
  });

  describe('that certificates are reviewed', () => {
    const own = async (now: string) =>
      (await tasks('review', now))
        .filter(({ subject }) => subject.startsWith(`review/${PERMITS}`))
        .map(({ rule, subject, state }) => `${rule} ${subject} ${state}`);

    it('is owed of every daily stream whose records do not say so, and met by the declaration, until that ends', async () => {
      await city('ordos');
      await syncReviews(db, MONDAY);
      await syncReviews(db, at('2026-11-24T00:00:00'));
      const daily = configuredStreams(config).filter((stream) => stream.daily !== null);
      assert.equal((await tasks('review', '2026-11-24T00:00:00')).length, daily.length);
      assert.deepEqual(await own('2026-11-24T00:00:00'), [`EO-9a review/${PERMITS} open`]);
      const id = await say('reviewed', '2026-11-25T09:00:00');
      assert.deepEqual(await own('2026-11-25T10:00:00'), [`EO-9a review/${PERMITS} met`]);
      await endDeclaration(db, id, who('2026-11-26T09:00:00'));
      await syncReviews(db, at('2026-11-26T10:00:00'));
      assert.deepEqual((await own('2026-11-26T10:00:00')).toSorted(), [
        `EO-9a review/${PERMITS} met`,
        `EO-9a review/${PERMITS}#2 open`,
      ]);
    });

    it('is not owed where a field says so, nor where the regulation does not ask; a field that is mapped meets it', async () => {
      await city('shanghai');
      await syncReviews(db, MONDAY);
      assert.deepEqual(await tasks('review', '2026-11-24T00:00:00'), []);
      await city('xuchang');
      await syncReviews(db, MONDAY);
      assert.deepEqual(await own('2026-11-24T00:00:00'), [`XC-15 review/${PERMITS} open`]);
      await city('xuchang', true);
      await syncReviews(db, at('2026-11-24T00:00:00'));
      assert.deepEqual(await own('2026-11-24T01:00:00'), [`XC-15 review/${PERMITS} met`]);
    });

    it('is not owed anew once it was exempted', async () => {
      await city('ordos');
      await syncReviews(db, MONDAY);
      const [task] = await tasks('review', '2026-11-23T00:00:00');
      assert.ok(task);
      await exemptObligation(db, task.id, { ...who('2026-11-24T00:00:00'), reason: said('机构改革'), document: '1号' });
      await syncReviews(db, at('2026-11-25T00:00:00'));
      const again = (await tasks('review', '2026-11-25T00:00:00')).filter(({ subject }) =>
        subject.startsWith(task.subject),
      );
      assert.deepEqual(
        again.map(({ state }) => state),
        ['exempted'],
      );
    });
  });
});
