import type { Knex } from 'knex';

/** What another of the hub's servers should have is known, so that its loss is noticed. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Schedules that the hub has made in Temporal.
    ALTER TABLE hub ADD COLUMN schedules text[] NOT NULL DEFAULT '{}';
    -- A deadline that the hub itself missed: it was not at work for as long as the deadline was overdue.
    CREATE FUNCTION missed_by_hub(o obligation) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN coalesce(o.reason->>'code' = 'hub-away', false);
    -- Times that the database has forgotten: it was restored to an earlier moment.
    CREATE TABLE restoration (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      lost_from timestamptz NOT NULL,
      lost_to timestamptz NOT NULL,
      known_by text[] NOT NULL,
      found_at timestamptz NOT NULL,
      read_again_at timestamptz,
      settled_at timestamptz,
      settled_by text
    );
    CREATE UNIQUE INDEX restoration_open ON restoration ((settled_at IS NULL)) WHERE settled_at IS NULL;
    -- The number of a push among those of its stream, which its sender gets, and can tell.
    ALTER TABLE push ADD COLUMN receipt bigint;
    UPDATE push SET receipt = place FROM (
      SELECT stream_id, idempotency_key, row_number() OVER (PARTITION BY stream_id ORDER BY batch_id, idempotency_key) AS place FROM push) AS placed
      WHERE placed.stream_id = push.stream_id AND placed.idempotency_key = push.idempotency_key;
    ALTER TABLE push ALTER COLUMN receipt SET NOT NULL;
    CREATE UNIQUE INDEX push_receipt ON push (stream_id, receipt);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'DROP FUNCTION missed_by_hub; ALTER TABLE hub DROP COLUMN schedules; DROP TABLE restoration; ALTER TABLE push DROP COLUMN receipt',
  );
}
