import type { Knex } from 'knex';

/**
 * The high-volume duties: completed cases (业务办结) whose certificates are to arrive, reminders of an expiry (到期提醒),
 * lists of uses (用证清单), and indexes that keep the ledger quick when it has hundreds of thousands of them a day.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE completed_case (
      stream_id integer NOT NULL REFERENCES stream,
      case_number text COLLATE "C" NOT NULL,
      mode text NOT NULL CHECK (mode IN ('online', 'offline', 'bulk')),
      bulk_batch text COLLATE "C",
      completed_at timestamptz NOT NULL,
      -- By which its certificate is known: the record's key, else the certificate's number.
      certificate_key text COLLATE "C",
      certificate_number text COLLATE "C",
      delivered_at timestamptz,
      announced_at timestamptz NOT NULL,
      -- When the hub took its certificate, not when it found out.
      arrived_at timestamptz,
      withdrawn_at timestamptz,
      -- What its deadlines are called in the ledger; the cases of one bulk issue share theirs.
      push_subject text NOT NULL,
      delivery_subject text NOT NULL,
      -- Derived from a record, and not in the ledger yet.
      pending boolean NOT NULL DEFAULT false,
      PRIMARY KEY (stream_id, case_number),
      CHECK ((mode = 'bulk') = (bulk_batch IS NOT NULL)),
      CHECK (certificate_key IS NOT NULL OR certificate_number IS NOT NULL)
    );
    CREATE INDEX completed_case_open ON completed_case (stream_id, case_number)
      WHERE arrived_at IS NULL AND withdrawn_at IS NULL;
    CREATE INDEX completed_case_pending ON completed_case (stream_id, case_number) WHERE pending;
    CREATE INDEX completed_case_bulk ON completed_case (push_subject) WHERE mode = 'bulk';
    ALTER TABLE completed_case ALTER COLUMN stream_id SET STATISTICS 0;

    -- Announcements by their Idempotency-Key, so that one that comes again late does not undo a later one.
    CREATE TABLE case_announcement (
      stream_id integer NOT NULL REFERENCES stream,
      idempotency_key text COLLATE "C" NOT NULL,
      body_hash bytea NOT NULL,
      answer jsonb NOT NULL,
      received_at timestamptz NOT NULL,
      PRIMARY KEY (stream_id, idempotency_key)
    );

    -- Certificates that came near their end, each once whatever number of streams deliver it.
    CREATE TABLE expiry_reminder (
      type_code text COLLATE "C" NOT NULL,
      number text COLLATE "C" NOT NULL,
      expires_on date NOT NULL,
      stream_id integer NOT NULL REFERENCES stream,
      record_key text COLLATE "C" NOT NULL,
      subject text NOT NULL,
      started_at timestamptz NOT NULL,
      -- The system that the message went to; null while the unit has to see to it by itself.
      target text COLLATE "C",
      message_key text COLLATE "C" NOT NULL,
      -- Reminded, or not needed any more.
      ended_at timestamptz,
      PRIMARY KEY (type_code, number, expires_on)
    );
    CREATE INDEX expiry_reminder_open ON expiry_reminder (stream_id, record_key) WHERE ended_at IS NULL;
    CREATE INDEX expiry_reminder_sent ON expiry_reminder (target, message_key)
      WHERE ended_at IS NULL AND target IS NOT NULL;
    ALTER TABLE hub ADD COLUMN expiry_scanned_at timestamptz;

    -- 用证清单: every version that a user unit handed in.
    CREATE TABLE usage_list (
      unit_code text COLLATE "C" NOT NULL,
      version integer NOT NULL,
      unit_name text NOT NULL,
      items jsonb NOT NULL,
      taken_at timestamptz NOT NULL,
      taken_by text NOT NULL,
      PRIMARY KEY (unit_code, version)
    );

    -- What runs of one duty, without looking at the rest.
    CREATE INDEX obligation_running ON obligation (duty_kind, subject)
      WHERE met_at IS NULL AND cancelled_at IS NULL AND exempted_at IS NULL;
    -- The days of a stream, which its other deadlines may outnumber by a million to one.
    DROP INDEX obligation_unverified;
    CREATE INDEX obligation_increment ON obligation (stream_id, started_at) WHERE duty_kind = 'increment';

    -- What a deadline is called that can be owed again: by its own name while that runs or is free, else name#2, name#3, …
    CREATE FUNCTION ledger_round(base text, kind text) RETURNS text LANGUAGE plpgsql STABLE AS $$
    DECLARE candidate text := base; round integer := 1;
    BEGIN
      WHILE EXISTS (SELECT FROM obligation o WHERE o.subject = candidate AND o.duty_kind = kind)
        AND NOT EXISTS (SELECT FROM obligation o WHERE o.subject = candidate AND o.duty_kind = kind AND obligation_runs(o))
      LOOP
        round := round + 1;
        candidate := base || '#' || round;
      END LOOP;
      RETURN candidate;
    END $$;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE completed_case, case_announcement, expiry_reminder, usage_list');
}
