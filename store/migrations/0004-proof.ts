import type { Knex } from 'knex';

/** Proofs: record by record comparisons of a source's window with the library, kept as evidence. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE proof (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      stream_id integer NOT NULL REFERENCES stream,
      -- A period of update times; for sources of batches the link of the chain.
      proven_from timestamptz,
      proven_to timestamptz,
      ordinal bigint, source_batch text,
      started_at timestamptz NOT NULL,
      finished_at timestamptz,
      -- Records that were listed by the source, of these how many its rules refuse; records that the library holds.
      source_records bigint, source_refused bigint, library_records bigint,
      -- Exclusive or over the first 64 bits of each SHA-256 of key and content hash: equal sets, equal digests.
      source_digest text, library_digest text,
      missing text[], extra text[], different text[],
      missing_count bigint, extra_count bigint, different_count bigint,
      -- Why the source could not be read for it: nothing was compared.
      fault text,
      CHECK ((proven_from IS NULL) = (ordinal IS NOT NULL))
    );
    CREATE INDEX proof_by_stream ON proof (stream_id, started_at);
    CREATE INDEX proof_by_batch ON proof (stream_id, ordinal) WHERE ordinal IS NOT NULL;
    -- What a running proof has listed so far; it is begun anew after a crash.
    CREATE UNLOGGED TABLE proof_key (
      proof_id bigint NOT NULL,
      record_key text COLLATE "C",
      updated_at timestamptz,
      content_hash bytea,
      fingerprint bytea
    );
    CREATE INDEX proof_key_by_proof ON proof_key (proof_id, record_key);
    ALTER TABLE discrepancy ADD COLUMN different text[] NOT NULL DEFAULT '{}';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE proof, proof_key; ALTER TABLE discrepancy DROP COLUMN different');
}
