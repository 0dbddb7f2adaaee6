import type { Knex } from 'knex';

/** What an alert says, in Chinese too; the watchdog writes it anew each minute. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE alert ADD COLUMN message_zh text;
    UPDATE alert SET message_zh = message;
    ALTER TABLE alert ALTER COLUMN message_zh SET NOT NULL`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE alert DROP COLUMN message_zh');
}
