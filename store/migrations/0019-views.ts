import type { Knex } from 'knex';

/** Filters that people keep under a name, findings of single deadlines, and an audit that is found by its action. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE saved_view (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      account_id bigint NOT NULL REFERENCES account,
      -- Address of the page, and the filters that follow it.
      page text NOT NULL,
      name text NOT NULL,
      query text NOT NULL,
      UNIQUE (account_id, page, name)
    );
    ALTER TABLE inspection DROP CONSTRAINT inspection_kind_check,
      ADD CONSTRAINT inspection_kind_check CHECK (kind IN ('sample', 'trial', 'patrol', 'task'));
    CREATE INDEX audit_by_action ON audit (action, id);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX audit_by_action;
    ALTER TABLE inspection DROP CONSTRAINT inspection_kind_check,
      ADD CONSTRAINT inspection_kind_check CHECK (kind IN ('sample', 'trial', 'patrol'));
    DROP TABLE saved_view;
  `);
}
