import type { Knex } from 'knex';

/**
 * A batch is what it says when it brought as many different keys as its source counted, and a proof when the source’s own
 * total agrees with what it listed.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- The first 64 bits of the hash of each key that a page brought, until its batch is closed.
    CREATE TABLE page_key (
      batch_id bigint NOT NULL,
      attempt integer NOT NULL,
      page integer NOT NULL,
      hashes bigint[] NOT NULL,
      PRIMARY KEY (batch_id, attempt, page)
    );
    ALTER TABLE page_key ALTER COLUMN hashes SET STORAGE EXTERNAL;
    -- What comes once: of a period each key; of a batch, which can bring several versions of a record, each version.
    CREATE FUNCTION came_as(key text, content text, at timestamptz, versions boolean) RETURNS bigint LANGUAGE sql STABLE
    RETURN hashtextextended(CASE WHEN versions THEN concat_ws(' ', key, content, extract(epoch FROM at)) ELSE coalesce(key, content) END, 0);
    -- Different keys that were read, and the first of those that came more than once; null of batches of before.
    ALTER TABLE batch ADD COLUMN keys bigint, ADD COLUMN repeated text[];
    ALTER TABLE discrepancy ADD COLUMN repeated text[] NOT NULL DEFAULT '{}';
    -- How many records the source said that it has, and how many different ones it listed.
    ALTER TABLE proof ADD COLUMN declared bigint, ADD COLUMN listed bigint, ADD COLUMN repeated text[] NOT NULL DEFAULT '{}';
    -- Equal is what differs in nothing: no record, not the source’s own total, and so not the digests. Those of before
    -- were of other sets, and are not compared.
    ALTER TABLE proof ADD COLUMN differences bigint GENERATED ALWAYS AS (greatest(
      missing_count + extra_count + different_count + coalesce(abs(declared - listed), 0),
      CASE WHEN listed IS NOT NULL AND source_digest <> library_digest THEN 1 ELSE 0 END)) STORED;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP FUNCTION came_as;
    DROP TABLE page_key;
    ALTER TABLE batch DROP COLUMN keys, DROP COLUMN repeated;
    ALTER TABLE discrepancy DROP COLUMN repeated;
    ALTER TABLE proof DROP COLUMN differences, DROP COLUMN declared, DROP COLUMN listed, DROP COLUMN repeated;
  `);
}
