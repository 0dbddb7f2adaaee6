import type { Knex } from 'knex';

/**
 * The first schema: streams, the certificate library with its history, rejects, batches and their pages, coverage,
 * reconciliations, the obligations ledger and alerts.
 *
 * Keys and codes sort by bytes (COLLATE "C"), so that order and speed are the same on every server. Histories are
 * kept by triggers: whoever changes a certificate or an obligation, no earlier state is lost.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(SQL);
}

export function down(): Promise<void> {
  return Promise.reject(new Error('The first schema is not taken back: drop the database instead.'));
}

const SQL = `
-- What this database is for, so that a demonstration never writes into a city's library.
CREATE TABLE hub (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  purpose text NOT NULL CHECK (purpose IN ('demo', 'production')),
  created_at timestamptz NOT NULL
);

-- Streams as configured, so that every question can be answered from the database alone.
CREATE TABLE stream (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  title text NOT NULL,
  connector text COLLATE "C" NOT NULL,
  unit_code text COLLATE "C" NOT NULL,
  unit_name text NOT NULL,
  delivery text NOT NULL CHECK (delivery IN ('daily', 'return')),
  collect_from timestamptz NOT NULL,
  activated_at timestamptz NOT NULL,
  retired_at timestamptz,
  -- Set when a configuration error stopped the stream; cleared whenever the configuration is read again.
  paused_reason text,
  -- How the source answered last: it delivered, had nothing, could not be reached, or answered garbage.
  contact text CHECK (contact IN ('delivered', 'nothing', 'unreachable', 'garbled', 'refused')),
  contact_at timestamptz,
  contact_detail text,
  -- From then on its records' fields are compared with those of its first complete batch.
  fields_known_at timestamptz,
  -- For daily streams: the rule of the jurisdiction's profile that each day's increment falls under.
  rule text, article text, duty text, basis text,
  cut_off interval, due interval
);

CREATE TABLE certificate (
  stream_id integer NOT NULL REFERENCES stream,
  record_key text COLLATE "C" NOT NULL,
  number text COLLATE "C" NOT NULL,
  type_code text COLLATE "C" NOT NULL,
  name text NOT NULL,
  identifier text COLLATE "C",
  issuer_name text,
  issuer_code text COLLATE "C",
  issued_on date NOT NULL,
  effective_on date,
  expires_on date,
  long_term boolean NOT NULL,
  holders jsonb NOT NULL,
  status text COLLATE "C" NOT NULL,
  raw_status text NOT NULL,
  extension jsonb NOT NULL,
  flags jsonb,
  content_hash bytea NOT NULL,
  source_updated_at timestamptz NOT NULL,
  batch_id bigint NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (stream_id, record_key)
);
CREATE INDEX certificate_by_number ON certificate (number, type_code);
CREATE INDEX certificate_by_time ON certificate (stream_id, source_updated_at);
-- With statistics, a stream that they do not know yet is taken to have no rows, and its keys are then looked up by
-- reading all of it through the wrong index: its first load ran at a quarter of its speed.
ALTER TABLE certificate ALTER COLUMN stream_id SET STATISTICS 0;

CREATE TABLE certificate_history (replaced_at timestamptz NOT NULL, LIKE certificate);
CREATE INDEX certificate_history_by_key ON certificate_history (stream_id, record_key, source_updated_at);

CREATE FUNCTION keep_certificate_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO certificate_history SELECT clock_timestamp(), before.* FROM before;
  RETURN NULL;
END $$;
CREATE TRIGGER certificate_updated AFTER UPDATE ON certificate
  REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION keep_certificate_history();
CREATE TRIGGER certificate_deleted AFTER DELETE ON certificate
  REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION keep_certificate_history();

-- One certificate can reach a stream as several records; the latest by time, then by key, is the one that counts.
CREATE VIEW certificate_current AS
  SELECT * FROM certificate c WHERE NOT EXISTS (
    SELECT FROM certificate newer
    WHERE newer.number = c.number AND newer.type_code = c.type_code AND newer.stream_id = c.stream_id
      AND (newer.source_updated_at, newer.record_key) > (c.source_updated_at, c.record_key));

CREATE TABLE batch (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream_id integer NOT NULL REFERENCES stream,
  purpose text NOT NULL CHECK (purpose IN ('return', 'daily', 'reconcile', 'push')),
  workflow_id text NOT NULL,
  read_from timestamptz,
  read_to timestamptz,
  -- For sources of batches: the link of the chain.
  ordinal bigint, source_batch text, cursor_before text, cursor_after text,
  -- The three points: what the source says it has, what was read, what was committed (accepted + unchanged + rejected).
  declared bigint NOT NULL,
  total bigint,
  -- Pages are counted anew when the source moved while it was read.
  attempt integer NOT NULL DEFAULT 1,
  read bigint, accepted bigint, unchanged bigint, rejected bigint,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'complete', 'different')),
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,
  acknowledged_at timestamptz,
  CHECK ((read_from IS NULL) = (ordinal IS NOT NULL))
);
CREATE INDEX batch_by_stream ON batch (stream_id, opened_at);
CREATE INDEX batch_chain ON batch (stream_id, ordinal, id) WHERE ordinal IS NOT NULL;
CREATE INDEX batch_by_source ON batch (stream_id, source_batch) WHERE ordinal IS NOT NULL;
CREATE INDEX batch_unacknowledged ON batch (stream_id)
  WHERE ordinal IS NOT NULL AND state = 'complete' AND acknowledged_at IS NULL;

CREATE TABLE batch_page (
  batch_id bigint NOT NULL REFERENCES batch,
  attempt integer NOT NULL,
  page integer NOT NULL,
  digest text NOT NULL,
  -- Where the page ended, or which rows it held, in the source's words.
  position text,
  read integer NOT NULL,
  accepted integer NOT NULL,
  -- Of the accepted: certificates that the library did not hold before.
  added integer NOT NULL,
  unchanged integer NOT NULL,
  rejected integer NOT NULL,
  committed_at timestamptz NOT NULL,
  PRIMARY KEY (batch_id, attempt, page)
);

-- Keys of a batch that has all records of its source, until it is closed: what it lacks is deleted.
CREATE TABLE snapshot_key (
  batch_id bigint NOT NULL,
  record_key text COLLATE "C" NOT NULL,
  PRIMARY KEY (batch_id, record_key)
);

-- What a department pushed, so that a request that comes twice is answered twice and taken once.
CREATE TABLE push (
  stream_id integer NOT NULL REFERENCES stream,
  idempotency_key text COLLATE "C" NOT NULL,
  body_hash bytea NOT NULL,
  batch_id bigint NOT NULL,
  outcomes jsonb NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (stream_id, idempotency_key)
);
CREATE INDEX push_by_time ON push (stream_id, received_at);

-- The fields of a stream's records as they are known, and how they changed.
CREATE TABLE stream_field (
  stream_id integer NOT NULL REFERENCES stream,
  field text NOT NULL,
  types integer NOT NULL,
  always boolean NOT NULL,
  PRIMARY KEY (stream_id, field)
);
CREATE TABLE drift (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream_id integer NOT NULL REFERENCES stream,
  field text NOT NULL,
  change text NOT NULL CHECK (change IN ('added', 'missing', 'retyped')),
  detail text NOT NULL,
  action text NOT NULL,
  first_seen_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  UNIQUE (stream_id, field, change, detail)
);

CREATE TABLE reject (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream_id integer NOT NULL REFERENCES stream,
  -- SHA-256 of the raw record: the same bad record read twice is one reject.
  fingerprint bytea NOT NULL,
  record_key text COLLATE "C",
  source_updated_at timestamptz,
  rule text NOT NULL,
  problems jsonb NOT NULL,
  raw text NOT NULL,
  raw_encoding text NOT NULL,
  first_batch_id bigint NOT NULL,
  last_batch_id bigint NOT NULL,
  first_seen_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  -- Filled when a corrected version of the record was accepted, or a newer one was rejected in its place.
  resolved_at timestamptz,
  UNIQUE (stream_id, fingerprint)
);
CREATE INDEX reject_open ON reject (stream_id, record_key) WHERE resolved_at IS NULL;
CREATE INDEX reject_by_batch ON reject (last_batch_id) WHERE resolved_at IS NULL;
-- Not by stream first: for a lookup by key the planner would, without statistics, take it as gladly as reject_open.
CREATE INDEX reject_by_time ON reject (source_updated_at, stream_id) WHERE resolved_at IS NULL;
ALTER TABLE reject ALTER COLUMN stream_id SET STATISTICS 0;

-- What is proven to be in: closed intervals of the time cursor, or of the chain's ordinals.
CREATE TABLE coverage (
  stream_id integer PRIMARY KEY REFERENCES stream,
  times tstzmultirange NOT NULL DEFAULT '{}',
  ordinals int8multirange NOT NULL DEFAULT '{}'
);

-- Evidence: what was compared, when, with what result.
CREATE TABLE reconciliation (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream_id integer NOT NULL REFERENCES stream,
  compared_from timestamptz NOT NULL,
  compared_to timestamptz NOT NULL,
  source_count bigint NOT NULL,
  library_count bigint NOT NULL,
  compared_at timestamptz NOT NULL
);
CREATE INDEX reconciliation_by_stream ON reconciliation (stream_id, compared_at);

-- A difference that re-reading did not mend: a task with an owner.
CREATE TABLE discrepancy (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream_id integer NOT NULL REFERENCES stream,
  subject text NOT NULL,
  window_from timestamptz,
  window_to timestamptz,
  source_count bigint NOT NULL,
  library_count bigint NOT NULL,
  only_at_source text[] NOT NULL DEFAULT '{}',
  only_in_library text[] NOT NULL DEFAULT '{}',
  owner_code text NOT NULL,
  owner_name text NOT NULL,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz
);
CREATE UNIQUE INDEX discrepancy_open ON discrepancy (stream_id, subject) WHERE closed_at IS NULL;

CREATE TABLE obligation (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rule text NOT NULL,
  article text NOT NULL,
  duty text NOT NULL,
  basis text NOT NULL CHECK (basis IN ('statutory', 'internal')),
  owner_code text NOT NULL,
  owner_name text NOT NULL,
  stream_id integer REFERENCES stream,
  subject text NOT NULL,
  started_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  -- Met once the stream's coverage contains this interval.
  requires tstzrange,
  -- The whole calendar day of the increment, checked after its end for what came later than the cut-off.
  whole tstzrange,
  met_at timestamptz,
  verified_at timestamptz,
  reason text,
  opened_at timestamptz NOT NULL,
  UNIQUE (rule, subject)
);
CREATE INDEX obligation_open ON obligation (due_at) WHERE met_at IS NULL;
CREATE INDEX obligation_unverified ON obligation (stream_id) WHERE verified_at IS NULL;

CREATE TABLE obligation_history (replaced_at timestamptz NOT NULL, LIKE obligation);
CREATE INDEX obligation_history_by_id ON obligation_history (id);
CREATE FUNCTION keep_obligation_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO obligation_history SELECT clock_timestamp(), before.* FROM before;
  RETURN NULL;
END $$;
CREATE TRIGGER obligation_updated AFTER UPDATE ON obligation
  REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION keep_obligation_history();

-- Records that a stream's day had once it was verified, by which a day that is far off is noticed.
CREATE TABLE day_volume (
  stream_id integer NOT NULL REFERENCES stream,
  day date NOT NULL,
  records bigint NOT NULL,
  PRIMARY KEY (stream_id, day)
);

-- Overdue is computed from the ledger and a clock, never stored.
CREATE FUNCTION obligation_state(due_at timestamptz, met_at timestamptz, at timestamptz) RETURNS text
  LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN met_at IS NULL THEN CASE WHEN at < due_at THEN 'open' ELSE 'overdue' END
              WHEN met_at <= due_at THEN 'met' ELSE 'met late' END $$;

-- What the hub sends to other systems: at least once, until it is receipted or a dead letter.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  target text COLLATE "C" NOT NULL,
  -- The message's own key, by which the receiver knows it again.
  message_key text COLLATE "C" NOT NULL,
  payload jsonb NOT NULL,
  queued_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL,
  last_error text,
  delivered_at timestamptz,
  receipt text,
  dead_at timestamptz,
  UNIQUE (target, message_key)
);
CREATE INDEX outbox_due ON outbox (target, next_attempt_at) WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_dead ON outbox (target) WHERE dead_at IS NOT NULL;

CREATE TABLE alert (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  subject text NOT NULL,
  message text NOT NULL,
  raised_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  cleared_at timestamptz
);
CREATE UNIQUE INDEX alert_open ON alert (kind, subject) WHERE cleared_at IS NULL;
`;
