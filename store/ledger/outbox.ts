import type { Knex } from 'knex';
import type { KeptFault } from '../../domain/faults.ts';
import { isDue, nextAttemptAt } from './retries.ts';

/** A message that was taken to be sent. */
export interface ClaimedMessage {
  id: number;
  key: string;
  payload: Record<string, unknown>;
  /** This one included. */
  attempts: number;
}

/** How long a message that was taken is left alone: its sender may have died with it. */
const LEASE = '2 minutes';
/** A message is put off for no longer. */
const LONGEST_WAIT = '6 hours';

/** Queues a message; one with the same key is queued once. */
export async function queueMessage(
  db: Knex,
  message: { target: string; key: string; payload: Record<string, unknown> },
  at: Date,
): Promise<void> {
  await db('outbox')
    .insert({
      target: message.target,
      message_key: message.key,
      payload: JSON.stringify(message.payload),
      queued_at: at,
      next_attempt_at: at,
    })
    .onConflict(['target', 'message_key'])
    .ignore();
}

/** Takes the message of a target that has been due the longest; null when none is. */
export async function claimMessage(db: Knex, target: string, at: Date): Promise<ClaimedMessage | null> {
  const { rows } = await db.raw<{ rows: ClaimedMessage[] }>(
    `UPDATE outbox SET attempts = attempts + 1, next_attempt_at = :at::timestamptz + '${LEASE}'
     WHERE id = (SELECT id FROM outbox WHERE target = :target AND delivered_at IS NULL AND dead_at IS NULL
       AND ${isDue(LONGEST_WAIT)} ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING id, message_key AS key, payload, attempts`,
    { target, at },
  );
  return rows[0] ?? null;
}

export async function markDelivered(db: Knex, id: number, receipt: string | null, at: Date): Promise<void> {
  await db('outbox').where({ id }).update({ delivered_at: at, receipt, last_error: null });
}

/** Puts a message off: twice as long each time from a minute on, or as long as the receiver asked for, up to six hours. */
export async function deferMessage(
  db: Knex,
  id: number,
  fault: KeptFault,
  at: Date,
  waitMs: number | undefined,
): Promise<void> {
  await db.raw(
    `UPDATE outbox SET last_error = :fault, next_attempt_at = ${nextAttemptAt(LONGEST_WAIT, `:waitMs * interval '1 millisecond'`)}
     WHERE id = :id`,
    { id, fault, at, waitMs: waitMs ?? 0 },
  );
}

export async function markDead(db: Knex, id: number, fault: KeptFault, at: Date): Promise<void> {
  await db('outbox').where({ id }).update({ dead_at: at, last_error: fault });
}

/** How the messages of one target stand. */
export interface OutboxReport {
  target: string;
  waiting: number;
  delivered: number;
  dead: number;
  lastError: KeptFault | null;
}

export async function outboxReports(db: Knex): Promise<OutboxReport[]> {
  return db('outbox')
    .groupBy('target')
    .orderBy('target')
    .select<OutboxReport[]>(
      'target',
      db.raw(`count(*) FILTER (WHERE delivered_at IS NULL AND dead_at IS NULL) AS waiting, count(delivered_at) AS delivered,
        count(dead_at) AS dead, (array_agg(last_error ORDER BY id DESC) FILTER (WHERE last_error IS NOT NULL))[1] AS "lastError"`),
    );
}

/** A dead letter of a target; its payload stays in the database. */
export interface DeadLetter {
  key: string;
  queuedAt: Date;
  deadAt: Date;
  attempts: number;
  lastError: KeptFault;
}

export async function deadLetters(db: Knex, target: string): Promise<DeadLetter[]> {
  return db('outbox').where({ target }).whereNotNull('dead_at').orderBy('dead_at').select({
    key: 'message_key',
    queuedAt: 'queued_at',
    deadAt: 'dead_at',
    attempts: 'attempts',
    lastError: 'last_error',
  });
}

/** Has the dead letters of a target sent again, once what stopped them is mended; how many there were. */
export async function reviveMessages(db: Knex, target: string, at: Date): Promise<number> {
  return db('outbox')
    .where({ target })
    .whereNotNull('dead_at')
    .update({ dead_at: null, attempts: 0, next_attempt_at: at });
}
