import type { Knex } from 'knex';

/** A unit has one name, from one place; and it is known when the hub's parts ran. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- What a unit is called now, whatever it was called when something of it was written; \`otherwise\` where it is not known.
    CREATE FUNCTION unit_called(code text, otherwise text) RETURNS text LANGUAGE sql STABLE
    RETURN coalesce((SELECT name FROM unit WHERE unit.code = unit_called.code), otherwise);
    -- When a part of the hub was at work, on whichever machine.
    CREATE TABLE uptime (
      part text NOT NULL CHECK (part IN ('server', 'worker')),
      from_at timestamptz NOT NULL,
      to_at timestamptz NOT NULL CHECK (to_at >= from_at),
      PRIMARY KEY (part, from_at)
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE uptime; DROP FUNCTION unit_called');
}
