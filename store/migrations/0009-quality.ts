import type { Knex } from 'knex';

/**
 * What is wrong with certificates: those that live on after their end, and those that carry a flag. Both are few, so the
 * indexes hold little. Built without locking the library. PostgreSQL builds no index CONCURRENTLY on a partitioned
 * table: there each partition gets its own that way, and the table’s, created ON ONLY it, has them attached.
 */
export const config = { transaction: false };

const INDEXES = {
  // The final states of domain/library/lifecycle.ts; a query has to name the same ones.
  certificate_history_ended: `certificate_history (stream_id, record_key, source_updated_at DESC) INCLUDE (status)
    WHERE status IN ('revoked', 'rescinded', 'cancelled', 'annulled', 'transferred', 'deleted')`,
  certificate_flagged: 'certificate (stream_id) WHERE flags IS NOT NULL',
};

export async function up(knex: Knex): Promise<void> {
  for (const [name, definition] of Object.entries(INDEXES)) {
    // One that a broken attempt left behind is not valid.
    await knex.raw(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
    await knex.raw(`CREATE INDEX CONCURRENTLY ${name} ON ${definition}`);
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const name of Object.keys(INDEXES)) await knex.raw(`DROP INDEX CONCURRENTLY ${name}`);
}
