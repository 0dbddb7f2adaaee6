import type { Knex } from 'knex';

/**
 * Holders (持证主体): what they do themselves is in the log of uses, with how sure the portal was of who they are. They
 * show certificates by presentation codes (亮证码).
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Certificates that their holder shows for some seconds. Of its code only the hash is kept; of the holder, as in the
    -- log of uses, a hash that needs the hub’s key.
    CREATE TABLE presentation (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      code_hash bytea NOT NULL UNIQUE,
      holder bytea NOT NULL,
      -- Type and number of each certificate.
      certificates jsonb NOT NULL,
      -- What is shown of them; null: all that stands on them.
      fields text[],
      once boolean NOT NULL,
      made_at timestamptz NOT NULL,
      until timestamptz NOT NULL,
      -- When it was first looked at.
      used_at timestamptz
    );
    ALTER TABLE certificate_use
      ADD COLUMN strength text,
      ADD COLUMN presentation_id bigint REFERENCES presentation;
    CREATE INDEX certificate_use_by_presentation ON certificate_use (presentation_id) WHERE presentation_id IS NOT NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE certificate_use DROP COLUMN strength, DROP COLUMN presentation_id;
    DROP TABLE presentation;
  `);
}
