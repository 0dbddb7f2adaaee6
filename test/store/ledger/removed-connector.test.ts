import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { reasonInWords } from '../../../domain/ledger/reasons.ts';
import { syncDeadlines } from '../../../server/background/watchdog.ts';
import { configuredStreams } from '../../../store/apply-config.ts';
import { saveStreams } from '../../../store/collection/streams.ts';
import { changesOf } from '../../../store/ledger/obligations.ts';
import { listTasks, type Task } from '../../../store/ledger/tasks.ts';
import type { HubConfig } from '../../../settings/load.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { at, enact } from '../../support/law/enact.ts';

const MONDAY = at('2026-11-23T09:00:00');
const LATER = at('2026-11-24T09:00:00');
const HOUSING = 'housing-permits';

describe('the deadlines of a connector that was removed', () => {
  let database: TestDatabase;
  let db: Knex;
  let config: HubConfig;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    config = await enact(db, 'ordos', MONDAY);
    await saveStreams(db, configuredStreams(config), MONDAY);
    await syncDeadlines(db, MONDAY);
  });
  after(() => database.drop());

  const tasks = async (): Promise<Task[]> => {
    const { id } = await db('stream').where({ name: HOUSING }).first<{ id: number }>('id');
    const ids = new Set(await db('obligation').where({ stream_id: id }).pluck<number[]>('id'));
    const all = await listTasks(db, LATER, { states: ['open', 'overdue', 'met', 'cancelled'], limit: 1_000 });
    return all.filter((task) => ids.has(task.id));
  };
  const shown = ({ kind, state, reason }: Task): string =>
    [kind, state, reason && reasonInWords(reason).zh].filter(Boolean).join(' ');

  it('run on, and say that this is why', async () => {
    const before = (await tasks()).map(shown).sort();
    assert.ok(before.includes('increment overdue') && before.includes('review open'), before.join());
    const others = configuredStreams(config).filter(({ connector }) => connector !== 'housing');
    await saveStreams(db, others, LATER);
    await syncDeadlines(db, LATER);
    const why = '连接器 housing 已于 2026-11-24 09:00 移除，不再归集；时限照常计算，是否容错由管理单位决定';
    assert.deepEqual(
      (await tasks()).map(shown).sort(),
      before.map((task) => `${task} ${why}`),
    );
  });

  it('say it once: who looks again changes nothing', async () => {
    const [task] = await tasks();
    const changes = async (): Promise<number> => (await changesOf(db, task?.id ?? 0)).length;
    const known = await changes();
    await syncDeadlines(db, LATER);
    assert.equal(await changes(), known);
  });

  it('say it no more once the connector is back', async () => {
    await saveStreams(db, configuredStreams(config), LATER);
    await syncDeadlines(db, LATER);
    for (const task of await tasks()) assert.notEqual(task.reason?.code, 'connector-removed');
  });
});
