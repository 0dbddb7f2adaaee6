import type { Knex } from 'knex';

/**
 * Statutory deadlines: the rules of the profile, the calendar as the ends of terms, and what the ledger needs beyond the
 * days of streams.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- The profile's rules as they are now, one row for each duty that a rule governs. Obligations keep copies.
    CREATE TABLE rule (
      duty text NOT NULL,
      id text NOT NULL,
      article text NOT NULL,
      quote text NOT NULL,
      basis text NOT NULL CHECK (basis IN ('statutory', 'internal')),
      owner text NOT NULL,
      starts text NOT NULL,
      -- At most one of these; none where each case gets its own term.
      working_days integer,
      minutes integer,
      same_day boolean NOT NULL,
      PRIMARY KEY (duty, id)
    );

    -- Every table of working days that was in force, and since when: an obligation names the versions it was counted by.
    CREATE TABLE calendar_table (
      year integer NOT NULL,
      version text NOT NULL,
      days jsonb NOT NULL,
      source text NOT NULL,
      taken_at timestamptz NOT NULL,
      PRIMARY KEY (year, version)
    );

    -- When a term of so many working days ends that starts on a day, as the domain's calendar has counted it, so that
    -- a hundred thousand deadlines are one statement. Where a row is missing, the calendar is (日历未公布).
    CREATE TABLE term_end (
      start_on date NOT NULL,
      working_days integer NOT NULL,
      ends_at timestamptz NOT NULL,
      calendar text NOT NULL,
      PRIMARY KEY (start_on, working_days)
    );
    ALTER TABLE hub ADD COLUMN calendar text;

    ALTER TABLE obligation
      -- Null: the calendar of the year in which it ends is not published (日历未公布).
      ALTER COLUMN due_at DROP NOT NULL,
      -- What it is of: a duty of domain/ledger/duties.ts.
      ADD COLUMN duty_kind text NOT NULL DEFAULT 'increment',
      -- Where the term is in working days: how many, and by which versions of the calendar they were counted.
      ADD COLUMN working_days integer,
      ADD COLUMN calendar text,
      -- The workflow that waits for it, where there is one.
      ADD COLUMN workflow_id text COLLATE "C",
      ADD COLUMN cancelled_at timestamptz,
      ADD COLUMN exempted_at timestamptz,
      -- The document that a suspension (an outage) or an exemption (容错) rests on.
      ADD COLUMN suspended_by text,
      ADD COLUMN document text,
      -- Who made it what it is now.
      ADD COLUMN changed_by text NOT NULL DEFAULT 'hub';
    ALTER TABLE obligation ALTER COLUMN duty_kind DROP DEFAULT;
    ALTER TABLE obligation_history
      ALTER COLUMN due_at DROP NOT NULL,
      ADD COLUMN duty_kind text, ADD COLUMN working_days integer, ADD COLUMN calendar text, ADD COLUMN workflow_id text,
      ADD COLUMN cancelled_at timestamptz, ADD COLUMN exempted_at timestamptz, ADD COLUMN suspended_by text,
      ADD COLUMN document text, ADD COLUMN changed_by text;
    DROP INDEX obligation_open;
    CREATE INDEX obligation_open ON obligation (due_at)
      WHERE met_at IS NULL AND cancelled_at IS NULL AND exempted_at IS NULL;
    CREATE INDEX obligation_by_subject ON obligation (subject);
    CREATE INDEX obligation_by_workflow ON obligation (workflow_id) WHERE workflow_id IS NOT NULL;

    -- What happened in a case (a dispute, an outage, a share request, a rectification), by its subject in the ledger.
    CREATE TABLE case_event (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      subject text NOT NULL,
      at timestamptz NOT NULL,
      by text NOT NULL,
      what text NOT NULL,
      detail jsonb NOT NULL,
      -- What is asked for twice happens once.
      event_key text,
      UNIQUE (subject, event_key)
    );
    -- The unit that supervises, and where this hub's workflows run, as configured.
    ALTER TABLE hub ADD COLUMN management_code text, ADD COLUMN management_name text, ADD COLUMN task_queue text;

    DROP FUNCTION obligation_state(timestamptz, timestamptz, timestamptz);
    -- Computed from the ledger and a clock, never stored. On the last day of its term it is due soon. One that an outage
    -- suspended is met by the proof of its backfill, whose own term then counts.
    CREATE FUNCTION obligation_state(o obligation, at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
      SELECT CASE
        WHEN o.cancelled_at IS NOT NULL THEN 'cancelled'
        WHEN o.exempted_at IS NOT NULL THEN 'exempted'
        WHEN o.met_at IS NOT NULL THEN
          CASE WHEN o.met_at <= o.due_at OR o.suspended_by IS NOT NULL OR o.due_at IS NULL THEN 'met' ELSE 'met late' END
        WHEN o.suspended_by IS NOT NULL THEN 'suspended'
        WHEN o.due_at IS NULL THEN 'no calendar'
        WHEN at >= o.due_at THEN 'overdue'
        WHEN at >= o.due_at - interval '24 hours' THEN 'due soon'
        ELSE 'open' END $$;
    -- It runs still: nothing has ended it.
    CREATE FUNCTION obligation_runs(o obligation) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
      SELECT o.met_at IS NULL AND o.cancelled_at IS NULL AND o.exempted_at IS NULL $$;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE rule, calendar_table, term_end, case_event');
}
