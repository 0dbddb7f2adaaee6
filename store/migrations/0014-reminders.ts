import type { Knex } from 'knex';

/** Contact persons (专人), and the reminders (催办), escalations and daily summaries that are sent to them. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE contact (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      unit_code text COLLATE "C" NOT NULL,
      unit_name text NOT NULL,
      -- operator: the unit's daily work (专人); leader: hears of what is escalated.
      role text NOT NULL CHECK (role IN ('operator', 'leader')),
      person text NOT NULL,
      email text, phone text, webhook text,
      filed_at timestamptz NOT NULL,
      filed_by text NOT NULL,
      ended_at timestamptz,
      ended_by text,
      CHECK (coalesce(email, phone, webhook) IS NOT NULL)
    );
    CREATE INDEX contact_of_unit ON contact (unit_code);

    -- When reminders went round last, and the day of the last summary: of two servers one takes each.
    CREATE TABLE reminder_round (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      held_at timestamptz,
      digest_on date
    );
    INSERT INTO reminder_round DEFAULT VALUES;

    -- One row for each contact that a message goes to.
    CREATE TABLE reminder (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      -- The same for all contacts of the unit that it goes to.
      message uuid NOT NULL,
      -- By which mail servers and webhooks know it again.
      key uuid NOT NULL DEFAULT gen_random_uuid(),
      unit_code text COLLATE "C" NOT NULL,
      unit_name text NOT NULL,
      kind text NOT NULL CHECK (kind IN ('reminder', 'escalation', 'digest')),
      -- Rules, subjects and numbers, nothing personal.
      body jsonb NOT NULL,
      -- It may go out outside the hours, too.
      any_hour boolean NOT NULL,
      -- None: nobody of the unit can be reached, last_error says why.
      contact_id bigint REFERENCES contact,
      channel text CHECK (channel IN ('email', 'webhook', 'sms')),
      created_at timestamptz NOT NULL,
      attempts integer NOT NULL DEFAULT 0,
      next_attempt_at timestamptz NOT NULL,
      sent_at timestamptz,
      last_error text,
      dead_at timestamptz,
      -- Its contact left, or one was found, before it was sent: what it told is told anew.
      withdrawn_at timestamptz,
      acknowledged_at timestamptz,
      acknowledged_by text,
      CHECK ((contact_id IS NULL) = (channel IS NULL))
    );
    CREATE INDEX reminder_unsent ON reminder (next_attempt_at) WHERE sent_at IS NULL AND withdrawn_at IS NULL;
    CREATE INDEX reminder_of_message ON reminder (message);
    CREATE INDEX reminder_of_unit ON reminder (unit_code, created_at);

    -- What a unit was told of: a deadline in one stage once, and again only if its due time moved.
    CREATE TABLE reminder_task (
      obligation_id bigint NOT NULL,
      stage text NOT NULL,
      unit_code text COLLATE "C" NOT NULL,
      due_at timestamptz NOT NULL,
      message uuid NOT NULL,
      PRIMARY KEY (obligation_id, stage, unit_code)
    );
    CREATE INDEX reminder_task_of_message ON reminder_task (message);
    CREATE INDEX obligation_of_contact ON obligation (owner_code) WHERE duty_kind = 'contact';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX obligation_of_contact');
  await knex.raw('DROP TABLE reminder_task, reminder, reminder_round, contact');
}
