import type { Knex } from 'knex';
import type { KeptFault } from '../../domain/faults.ts';

/** What the database says of itself and of what waits to be sent. */
export interface DatabaseReport {
  version: string;
  bytes: number;
  tables: { name: string; bytes: number }[];
  /** The last migration that was applied, and how many are not. */
  migration: string | null;
  pending: number;
  outbox: { target: string; waiting: number; dead: number; oldestAt: Date | null; lastError: KeptFault | null }[];
  reminders: { waiting: number; dead: number; oldestAt: Date | null; lastRoundAt: Date | null };
}

/** Tables that are named as the largest. */
const NAMED = 8;

export async function databaseReport(db: Knex): Promise<DatabaseReport> {
  const [self, tables, migrations, outbox, reminders] = await Promise.all([
    db.raw<{ rows: { version: string; bytes: number }[] }>(
      `SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes`,
    ),
    db.raw<{ rows: DatabaseReport['tables'] }>(
      `SELECT relname AS name, pg_total_relation_size(relid) AS bytes FROM pg_stat_user_tables ORDER BY 2 DESC LIMIT ${NAMED}`,
    ),
    db.migrate.list() as Promise<[{ name: string }[], unknown[]]>,
    // Only what is not delivered, which has indexes of its own.
    db.raw<{ rows: DatabaseReport['outbox'] }>(
      `SELECT target, count(*) FILTER (WHERE dead_at IS NULL) AS waiting, count(dead_at) AS dead, min(queued_at) AS "oldestAt",
         (array_agg(last_error ORDER BY id DESC) FILTER (WHERE last_error IS NOT NULL))[1] AS "lastError"
       FROM (SELECT * FROM outbox WHERE delivered_at IS NULL AND dead_at IS NULL
         UNION ALL SELECT * FROM outbox WHERE dead_at IS NOT NULL) AS undelivered
       GROUP BY target ORDER BY target`,
    ),
    db.raw<{ rows: DatabaseReport['reminders'][] }>(
      `SELECT count(*) FILTER (WHERE dead_at IS NULL AND contact_id IS NOT NULL) AS waiting,
         count(*) FILTER (WHERE dead_at IS NOT NULL OR contact_id IS NULL) AS dead, min(created_at) AS "oldestAt",
         (SELECT held_at FROM reminder_round) AS "lastRoundAt"
       FROM reminder WHERE sent_at IS NULL AND withdrawn_at IS NULL AND acknowledged_at IS NULL`,
    ),
  ]);
  const [completed, pending] = migrations;
  return {
    ...(self.rows[0] ?? { version: '', bytes: 0 }),
    tables: tables.rows,
    migration: completed.at(-1)?.name ?? null,
    pending: pending.length,
    outbox: outbox.rows,
    reminders: reminders.rows[0] ?? { waiting: 0, dead: 0, oldestAt: null, lastRoundAt: null },
  };
}
