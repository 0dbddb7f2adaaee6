import type { Knex } from 'knex';

/** What was found out about the seals of a file is facts (`domain/library/seals.ts`), for each seal, and can be found out anew. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE fetched_file ALTER COLUMN signature_detail TYPE jsonb USING CASE
      WHEN signature = 'unsigned' THEN jsonb_build_object('code', 'unsigned')
      WHEN signature = 'valid' THEN jsonb_build_object('code', 'sound', 'revocation', false)
      WHEN signature_detail = 'the content is not what was signed' THEN jsonb_build_object('code', 'content-changed')
      WHEN signature_detail = 'the signature does not hold' THEN jsonb_build_object('code', 'signature-broken')
      ELSE jsonb_build_object('code', 'said', 'text', signature_detail) END;
    ALTER TABLE fetched_file RENAME COLUMN signature_detail TO signature_reason;
    ALTER TABLE fetched_file ADD COLUMN seals jsonb NOT NULL DEFAULT '[]', ADD COLUMN judged_at timestamptz;
    UPDATE fetched_file SET judged_at = fetched_at;
    ALTER TABLE fetched_file ALTER COLUMN seals DROP DEFAULT, ALTER COLUMN judged_at SET NOT NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE fetched_file DROP COLUMN seals, DROP COLUMN judged_at;
    ALTER TABLE fetched_file RENAME COLUMN signature_reason TO signature_detail;
    ALTER TABLE fetched_file ALTER COLUMN signature_detail TYPE text
      USING coalesce(signature_detail ->> 'text', signature_detail ->> 'code');
  `);
}
