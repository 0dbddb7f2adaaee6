import type { Knex } from 'knex';

/** Cases, each with a workflow that waits: disputes and the marks that they set, outages, share requests. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- What all cases have in common. Its subject in the ledger is kind/id.
    CREATE TABLE case_file (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind text COLLATE "C" NOT NULL,
      -- Each time that a case is taken up again, its deadlines are those of a new round.
      round integer NOT NULL DEFAULT 1,
      opened_at timestamptz NOT NULL,
      -- When a person last did something, and up to when its workflow has seen that.
      changed_at timestamptz NOT NULL,
      seen_at timestamptz,
      closed_at timestamptz,
      closed_as text
    );
    CREATE INDEX case_open ON case_file (kind, id) WHERE closed_at IS NULL;
    CREATE INDEX case_unseen ON case_file (changed_at) WHERE seen_at IS NULL OR seen_at < changed_at;

    CREATE TABLE dispute (
      id bigint PRIMARY KEY REFERENCES case_file,
      -- The number under which it came from elsewhere, such as the hotline's ticket: what comes twice is one dispute.
      source text COLLATE "C" NOT NULL,
      ticket text COLLATE "C",
      -- The certificate; without a type where the library does not know the number.
      number text COLLATE "C" NOT NULL,
      type_code text COLLATE "C",
      -- Personal data: read by those who answer it and by nothing else.
      objector text,
      contact text,
      statement text NOT NULL,
      raised_at timestamptz NOT NULL,
      issuer_code text, issuer_name text,
      received_at timestamptz,
      marked_at timestamptz,
      -- Handed up to, or sent on to, whom, under which number.
      sent_to text, sent_reference text, sent_at timestamptz,
      -- Whether the objector was right, and what is answered.
      upheld boolean,
      answer text,
      verified_at timestamptz,
      -- The version that corrects the certificate, or what a person says of it.
      corrected_at timestamptz, correction text,
      told_at timestamptz, told_receipt text,
      merged_into bigint REFERENCES dispute,
      UNIQUE (source, ticket)
    );
    CREATE INDEX dispute_by_certificate ON dispute (number);
    CREATE INDEX dispute_merged ON dispute (merged_into) WHERE merged_into IS NOT NULL;

    -- Marks (异议标注), shown wherever the certificate is read.
    CREATE TABLE mark (
      dispute_id bigint NOT NULL REFERENCES dispute,
      number text COLLATE "C" NOT NULL,
      type_code text COLLATE "C",
      marked_at timestamptz NOT NULL,
      marked_by text NOT NULL,
      lifted_at timestamptz,
      PRIMARY KEY (dispute_id, marked_at)
    );
    CREATE INDEX mark_in_force ON mark (number) WHERE lifted_at IS NULL;

    CREATE TABLE outage (
      id bigint PRIMARY KEY REFERENCES case_file,
      unit_code text NOT NULL, unit_name text NOT NULL,
      cause text NOT NULL,
      -- Which work is stopped: 制发, 归集, 更新, 注销.
      kinds text[] NOT NULL,
      began_at timestamptz NOT NULL,
      reported_at timestamptz NOT NULL,
      -- The file that shows it: name and SHA-256 of what was kept.
      evidence_name text, evidence bytea, evidence_sha256 text
    );
    CREATE TABLE outage_stream (
      outage_id bigint NOT NULL REFERENCES outage,
      stream_id integer NOT NULL REFERENCES stream,
      -- A fault that comes again begins another round.
      round integer NOT NULL DEFAULT 1,
      recovered_at timestamptz,
      recovery_by text,
      -- The proofs that all of the outage is in.
      proven_at timestamptz,
      proofs bigint[],
      PRIMARY KEY (outage_id, stream_id)
    );
    CREATE INDEX obligation_suspended ON obligation (suspended_by) WHERE suspended_by IS NOT NULL AND met_at IS NULL;
    CREATE INDEX outage_by_stream ON outage_stream (stream_id);
    ALTER TABLE batch DROP CONSTRAINT batch_purpose_check,
      ADD CONSTRAINT batch_purpose_check
        CHECK (purpose IN ('return', 'daily', 'reconcile', 'push', 'replay', 'stock', 'backfill', 'paper')) NOT VALID;

    CREATE TABLE share_request (
      id bigint PRIMARY KEY REFERENCES case_file,
      unit_code text NOT NULL, unit_name text NOT NULL,
      wanted text NOT NULL,
      scenario text NOT NULL,
      needed_at timestamptz,
      requested_at timestamptz NOT NULL,
      outcome text CHECK (outcome IN ('granted', 'refused', 'alternative')),
      outcome_text text,
      decided_at timestamptz
    );
    -- What each of the units that take part says.
    CREATE TABLE share_opinion (
      request_id bigint NOT NULL REFERENCES share_request,
      unit_code text NOT NULL,
      unit_name text NOT NULL,
      opinion text NOT NULL,
      said_at timestamptz NOT NULL,
      said_by text NOT NULL,
      PRIMARY KEY (request_id, unit_code)
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE share_opinion, share_request, outage_stream, outage, mark, dispute, case_file');
}
