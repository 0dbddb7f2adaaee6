import type { Knex } from 'knex';

/**
 * Supervision (监督): what was inspected and found, the orders and notices that follow, and the counts that user units
 * report of their use of certificates.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Figures of a period count the deadlines that came due in it.
    CREATE INDEX obligation_by_due ON obligation (due_at);

    -- What a user unit (用证单位) says of one month; the latest report of a month counts, earlier ones stay.
    CREATE TABLE usage_report (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      unit_code text COLLATE "C" NOT NULL,
      unit_name text NOT NULL,
      month date NOT NULL CHECK (extract(day FROM month) = 1),
      -- Items (事项) that need a certificate, and those with a linked one; cases that could use one, and that did; calls.
      items bigint NOT NULL, items_linked bigint NOT NULL CHECK (items_linked BETWEEN 0 AND items),
      cases bigint NOT NULL, cases_used bigint NOT NULL CHECK (cases_used BETWEEN 0 AND cases),
      calls bigint NOT NULL, calls_good bigint NOT NULL CHECK (calls_good BETWEEN 0 AND calls),
      reported_by text NOT NULL,
      reported_at timestamptz NOT NULL
    );
    CREATE INDEX usage_report_by_month ON usage_report (month, unit_code, id);

    -- 随机抽查 (sample), 模拟办事 (trial), 电子督查 (patrol).
    CREATE TABLE inspection (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind text NOT NULL CHECK (kind IN ('sample', 'trial', 'patrol')),
      -- By what the records were drawn: the same seed draws the same records of the same library.
      seed bigint,
      size integer,
      stream_id integer REFERENCES stream,
      -- Of a re-check (复查): the finding whose records are looked at again.
      recheck_of bigint,
      by text NOT NULL,
      started_at timestamptz NOT NULL,
      finished_at timestamptz
    );
    -- Evidence: what each drawn record turned out to be.
    CREATE TABLE inspected_record (
      inspection_id bigint NOT NULL REFERENCES inspection,
      stream_id integer NOT NULL REFERENCES stream,
      record_key text COLLATE "C" NOT NULL,
      type_code text COLLATE "C" NOT NULL,
      -- The version that was drawn.
      source_updated_at timestamptz NOT NULL,
      batch_id bigint NOT NULL,
      proof_id bigint REFERENCES proof,
      result text,
      PRIMARY KEY (inspection_id, stream_id, record_key)
    );

    -- What is wrong with a unit's work, and on which rung of the ladder it is (domain/supervision/findings.ts).
    CREATE TABLE finding (
      -- Numbered with the cases: an order to rectify makes one of it.
      id bigint PRIMARY KEY DEFAULT nextval(pg_get_serial_sequence('case_file', 'id')),
      inspection_id bigint NOT NULL REFERENCES inspection,
      unit_code text COLLATE "C" NOT NULL,
      unit_name text NOT NULL,
      stream_id integer REFERENCES stream,
      -- What it was found by: a rule of the patrol stays one finding while it lasts.
      cause text NOT NULL,
      facts text NOT NULL,
      stage text NOT NULL,
      found_at timestamptz NOT NULL,
      last_seen_at timestamptz NOT NULL,
      ended_at timestamptz
    );
    CREATE UNIQUE INDEX finding_open ON finding (unit_code, cause) WHERE ended_at IS NULL;
    CREATE INDEX finding_by_time ON finding (found_at);
    ALTER TABLE inspection ADD FOREIGN KEY (recheck_of) REFERENCES finding;

    -- 责令限期改正: its deadlines are in the ledger, rectification/{finding}, and one more subject for each further term.
    CREATE TABLE rectification (
      finding_id bigint PRIMARY KEY REFERENCES finding,
      demand text NOT NULL,
      terms integer NOT NULL,
      ordered_by text NOT NULL,
      ordered_at timestamptz NOT NULL,
      -- When the unit said that it is done; empty again when the re-check fails.
      reported_at timestamptz,
      passed_at timestamptz
    );
    -- 书面通报, as it was printed.
    CREATE TABLE notice (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      finding_id bigint NOT NULL REFERENCES finding,
      number text NOT NULL UNIQUE,
      document text NOT NULL,
      given_by text NOT NULL,
      given_at timestamptz NOT NULL
    );
    CREATE INDEX notice_by_finding ON notice (finding_id);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE inspection DROP COLUMN recheck_of;
    DROP TABLE notice, rectification, finding, inspected_record, inspection, usage_report;
    DROP INDEX obligation_by_due;
  `);
}
