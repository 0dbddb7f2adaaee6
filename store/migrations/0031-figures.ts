import type { Knex } from 'knex';

/**
 * What the figures are counted from: which types each stream brings, and when rejects were corrected. Builds its index
 * without locking the rejects.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS reject_corrected');
  await knex.raw(
    'CREATE INDEX CONCURRENTLY reject_corrected ON reject (source_updated_at, stream_id) WHERE resolved_at IS NOT NULL',
  );
  await knex.transaction((trx) =>
    trx.raw(`
      -- The type of every certificate of the stream, where its configuration says so.
      ALTER TABLE stream ADD COLUMN certificate_type text COLLATE "C";

      -- Types that a stream has brought. Noted by the database itself with what comes in.
      CREATE TABLE stream_type (
        stream_id integer NOT NULL REFERENCES stream,
        type_code text COLLATE "C" NOT NULL,
        PRIMARY KEY (stream_id, type_code)
      );
      INSERT INTO stream_type SELECT DISTINCT stream_id, type_code FROM certificate;
      CREATE FUNCTION note_stream_types() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO stream_type SELECT DISTINCT stream_id, type_code FROM came ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$;
      CREATE TRIGGER certificate_type_came AFTER INSERT ON certificate
        REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION note_stream_types();
      CREATE TRIGGER certificate_type_changed AFTER UPDATE ON certificate
        REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION note_stream_types();

      -- Summaries counted 法定 and 内控 in one number: what they list by article stays, the sums go.
      UPDATE reminder SET body = body || '{"counts": null, "before": null}' WHERE kind = 'digest';
    `),
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER certificate_type_came ON certificate;
    DROP TRIGGER certificate_type_changed ON certificate;
    DROP FUNCTION note_stream_types();
    DROP TABLE stream_type;
    ALTER TABLE stream DROP COLUMN certificate_type;
    DELETE FROM reminder WHERE kind = 'digest';
    DROP INDEX reject_corrected;
  `);
}
