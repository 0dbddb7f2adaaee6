import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DAY_MS } from '../../../domain/dates.ts';
import { claimMessage, deferMessage, queueMessage } from '../../../store/ledger/outbox.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';

const HOUR_MS = DAY_MS / 24;
const NOW = new Date('2026-11-23T10:00:00+08:00');
const later = (ms: number): Date => new Date(NOW.getTime() + ms);

describe('the outbox', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());
  const queue = (key: string, at: Date): Promise<void> =>
    queueMessage(database.db, { target: key, key, payload: {} }, at);

  it('sends what a clock of days ahead has put off as soon as clocks are right', async () => {
    await queue('ahead', later(3 * DAY_MS));
    assert.equal((await claimMessage(database.db, 'ahead', NOW))?.key, 'ahead');
  });

  it('puts off for six hours at the most, whatever the receiver asks for', async () => {
    await queue('asked', NOW);
    const message = await claimMessage(database.db, 'asked', NOW);
    await deferMessage(database.db, message?.id ?? 0, 'busy', NOW, 30 * DAY_MS);
    assert.equal(await claimMessage(database.db, 'asked', later(6 * HOUR_MS - 1)), null);
    assert.equal((await claimMessage(database.db, 'asked', later(6 * HOUR_MS)))?.key, 'asked');
  });
});
