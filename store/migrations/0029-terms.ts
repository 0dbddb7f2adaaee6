import type { Knex } from 'knex';

/**
 * The subject under which something is owed: the next round where the one before has ended.
 * @param over SQL of what else ends a round that runs
 */
const ledgerRound = (parameters: string, over: string): string => `
  CREATE FUNCTION ledger_round(${parameters}) RETURNS text LANGUAGE plpgsql STABLE AS $$
  DECLARE candidate text := base; round integer := 1;
  BEGIN
    WHILE EXISTS (SELECT FROM obligation o WHERE o.subject = candidate AND o.duty_kind = kind)
      AND NOT EXISTS (SELECT FROM obligation o WHERE o.subject = candidate AND o.duty_kind = kind
        AND obligation_runs(o) AND NOT ${over})
    LOOP
      round := round + 1;
      candidate := base || '#' || round;
    END LOOP;
    RETURN candidate;
  END $$;`;

/**
 * What is overdue stays overdue: what is added to it afterwards has a term of its own, and a term that was wrong gets a
 * corrected one beside it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- 0: the term as it came about; above: one that the management unit has set beside it, with reason and document.
    ALTER TABLE obligation ADD COLUMN correction smallint NOT NULL DEFAULT 0;
    ALTER TABLE obligation_history ADD COLUMN correction smallint;
    ALTER TABLE obligation DROP CONSTRAINT obligation_rule_subject_key, ADD UNIQUE (rule, subject, correction);

    -- Where a time is given, a round that is overdue by then is over as well.
    DROP FUNCTION ledger_round(text, text);
    ${ledgerRound(`base text, kind text, at timestamptz DEFAULT '-infinity'`, 'coalesce(o.due_at <= at, false)')}
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP FUNCTION ledger_round(text, text, timestamptz);
    ${ledgerRound('base text, kind text', 'false')}
    DELETE FROM obligation WHERE correction > 0;
    ALTER TABLE obligation DROP COLUMN correction, ADD UNIQUE (rule, subject);
    ALTER TABLE obligation_history DROP COLUMN correction;
  `);
}
