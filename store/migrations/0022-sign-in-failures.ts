import type { Knex } from 'knex';

/** Wrong passwords are counted by login, whether or not there is such an account: a lock tells nobody that there is. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE sign_in_failure (
      login text COLLATE "C" PRIMARY KEY,
      failures integer NOT NULL,
      failed_at timestamptz NOT NULL,
      locked_until timestamptz
    );
    INSERT INTO sign_in_failure (login, failures, failed_at, locked_until)
      SELECT login, failures, now(), locked_until FROM account WHERE failures > 0 OR locked_until > now();
    ALTER TABLE account DROP COLUMN failures, DROP COLUMN locked_until`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE account ADD COLUMN failures integer NOT NULL DEFAULT 0, ADD COLUMN locked_until timestamptz;
    UPDATE account SET failures = f.failures, locked_until = f.locked_until FROM sign_in_failure f
      WHERE f.login = account.login;
    DROP TABLE sign_in_failure`);
}
