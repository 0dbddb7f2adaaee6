import type { Knex } from 'knex';

/** Authorisations (授权): what holders let a unit use of theirs, where no list of uses grants it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE authorisation (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      -- Of the code and of the holder only hashes are kept.
      code_hash bytea NOT NULL UNIQUE,
      holder bytea NOT NULL,
      unit_code text COLLATE "C" NOT NULL,
      unit_name text NOT NULL,
      types text[] NOT NULL,
      fields text[] NOT NULL,
      interfaces text[] NOT NULL,
      purpose text NOT NULL,
      strength text NOT NULL,
      -- Calls that it is for; null: as many as there are until its end.
      calls integer CHECK (calls > 0),
      called integer NOT NULL DEFAULT 0,
      given_at timestamptz NOT NULL,
      until timestamptz NOT NULL,
      revoked_at timestamptz,
      CHECK (called <= calls)
    );
    CREATE INDEX authorisation_by_holder ON authorisation (holder, id);
    ALTER TABLE certificate_use ADD COLUMN authorisation_id bigint REFERENCES authorisation;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE certificate_use DROP COLUMN authorisation_id;
    DROP TABLE authorisation;
  `);
}
