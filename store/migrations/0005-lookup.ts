import type { Knex } from 'knex';

/** What certificates are looked up by: identifier and holder. Built without locking the library. */
export const config = { transaction: false };

const INDEXES = {
  certificate_by_identifier: '(identifier) WHERE identifier IS NOT NULL',
  certificate_by_holder: `(((holders->0->>'code') COLLATE "C"))`,
  // Few certificates have several holders. What waits to be sorted into the index is read by every look-up: with the
  // usual 4 MB of it, that took 9 ms.
  certificate_by_other_holders:
    'USING gin (holders jsonb_path_ops) WITH (gin_pending_list_limit = 256) WHERE jsonb_array_length(holders) > 1',
};

export async function up(knex: Knex): Promise<void> {
  for (const [name, definition] of Object.entries(INDEXES)) {
    // One that a broken attempt left behind is not valid.
    await knex.raw(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
    await knex.raw(`CREATE INDEX CONCURRENTLY ${name} ON certificate ${definition}`);
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const name of Object.keys(INDEXES)) await knex.raw(`DROP INDEX CONCURRENTLY ${name}`);
}
