import type { Knex } from 'knex';

/** Evidence (证明材料) of duties that no deadline watches and no data shows: plans, consents, filings, by their documents. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE duty_evidence (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      duty text COLLATE "C" NOT NULL,
      unit_code text COLLATE "C" NOT NULL,
      unit_name text NOT NULL,
      said text NOT NULL,
      document text NOT NULL,
      filed_at timestamptz NOT NULL,
      filed_by text NOT NULL,
      ended_at timestamptz,
      ended_by text,
      CHECK ((ended_at IS NULL) = (ended_by IS NULL))
    );
    CREATE INDEX duty_evidence_by_duty ON duty_evidence (duty, filed_at);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE duty_evidence');
}
