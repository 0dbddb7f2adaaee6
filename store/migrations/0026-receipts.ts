import type { Knex } from 'knex';

/**
 * A dispute is received when it has entered the issuer's system (电子签名法第十一条), whether or not somebody says so; what
 * the profile reads otherwise, and how long ago a clock can have started, the database has to know.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE hub ADD COLUMN dispute_receipt text CHECK (dispute_receipt IN ('registered', 'acknowledged')),
      ADD COLUMN oldest_days integer;
    -- When the issuer said that it has it. Until now that alone was its receipt.
    ALTER TABLE dispute ADD COLUMN acknowledged_at timestamptz;
    UPDATE dispute SET acknowledged_at = received_at;
    -- Of a request that was handed in on paper before it was entered: who says when.
    ALTER TABLE share_request ADD COLUMN filing text;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE hub DROP COLUMN dispute_receipt, DROP COLUMN oldest_days;
    ALTER TABLE dispute DROP COLUMN acknowledged_at;
    ALTER TABLE share_request DROP COLUMN filing;
  `);
}
