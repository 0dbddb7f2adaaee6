import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Knex } from 'knex';
import type { ShareStep } from '../../../domain/casework/share-request.ts';
import { EVERY_STATE } from '../../../domain/ledger/duties.ts';
import { actOnCase } from '../../../store/casework/cases.ts';
import { listShareRequests, openShareRequest, SHARE_REQUESTS } from '../../../store/casework/share-requests.ts';
import { listTasks } from '../../../store/ledger/tasks.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { at, enact } from '../../support/law/enact.ts';

const NEEDED = at('2026-11-20T10:00:00');
const REQUESTED = at('2026-11-23T09:00:00');

describe('share requests', () => {
  let database: TestDatabase;
  let db: Knex;
  let id: number;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    await enact(db, 'wuxi', REQUESTED);
  });
  after(() => database.drop());
  const request = (neededAt: Date | null) =>
    openShareRequest(
      db,
      { unit: { code: 'U1', name: '市医保局' }, wanted: '出生医学证明', scenario: '新生儿参保', neededAt },
      { by: '张三', at: REQUESTED },
    );
  beforeEach(async () => {
    id = await request(NEEDED);
  });

  const act = (step: ShareStep, when: string) => actOnCase(db, SHARE_REQUESTS, id, step, { by: '李四', at: at(when) });
  const deadlines = async (of = id) => {
    const subject = `share/${of}`;
    const tasks = await listTasks(db, at('2026-11-24T12:00:00'), { states: EVERY_STATE, subject, limit: 9 });
    return new Map(
      tasks.map(({ kind, startedAt, endedAt, state, reason }) => [kind, { startedAt, endedAt, state, reason }]),
    );
  };

  it('the request is owed from when the need was known, and met by being filed; its decision from then on', async () => {
    const { startedAt, endedAt } = (await deadlines()).get('share-filing')!;
    assert.deepEqual([startedAt, endedAt], [NEEDED, REQUESTED]);
    const decision = (await deadlines()).get('share-decision')!;
    assert.deepEqual([decision.startedAt, decision.state], [REQUESTED, 'open']);
    assert.deepEqual((await deadlines(await request(null))).get('share-filing')?.startedAt, REQUESTED);
  });

  it('the decision meets its deadline, with the outcome in words', async () => {
    await act({ action: 'decide', outcome: 'granted', text: '开通接口' }, '2026-11-24T10:00:00');
    const { state, reason } = (await deadlines()).get('share-decision')!;
    assert.deepEqual([state, reason], ['met', { code: 'said', text: '同意' }]);
  });

  it('withdrawn, nobody owes a decision any more, and none can be made', async () => {
    await act({ action: 'withdraw', reason: '不再需要' }, '2026-11-24T10:00:00');
    const { state, reason } = (await deadlines()).get('share-decision')!;
    assert.deepEqual([state, reason], ['cancelled', { code: 'said', text: '不再需要' }]);
    await assert.rejects(
      act({ action: 'decide', outcome: 'granted', text: '开通接口' }, '2026-11-24T11:00:00'),
      /cannot be done “decide”: found it withdrawn .*, expected open/,
    );
  });

  it('are listed from the latest on, and on from one of them', async () => {
    const next = await request(null);
    const ids = async (before?: number) => (await listShareRequests(db, { before, limit: 2 })).map((each) => each.id);
    assert.deepEqual([await ids(), (await ids(next))[0]], [[next, id], id]);
  });
});
