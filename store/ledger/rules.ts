import type { Knex } from 'knex';
import type { Unit } from '../../domain/units.ts';
import { DUTIES, type Duty, type Rule, type Start } from '../../domain/ledger/duties.ts';

/** Brings the table of rules in line with the profile. Obligations that are open keep what they were opened under. */
export async function saveRules(db: Knex, rules: readonly Rule[]): Promise<void> {
  const rows = rules.flatMap(({ id, article, quote, basis, owner, starts, term, duties }) =>
    duties.map((duty) => ({
      duty,
      id,
      article,
      quote,
      basis,
      owner,
      same_day: term === 'same-day',
      // A rule of several duties names the event of one of them; each of the others has its own.
      starts: (DUTIES[duty].starts as readonly Start[]).includes(starts) ? starts : DUTIES[duty].starts[0],
      working_days: term !== null && term !== 'same-day' && 'workingDays' in term ? term.workingDays : null,
      minutes: term !== null && term !== 'same-day' && 'minutes' in term ? term.minutes : null,
    })),
  );
  await db.transaction(async (trx) => {
    await trx('rule').delete();
    await trx('rule').insert(rows);
  });
}

/** Whether the profile has a rule of any of these duties. */
export const governs = async (db: Knex, duties: readonly Duty[]): Promise<boolean> =>
  (await db('rule')
    .whereRaw('duty = ANY (?)', [[...duties]])
    .first<object | undefined>('id')) !== undefined;

/** What the database itself has to know of the configuration: who supervises (管理单位), and where workflows run. */
export async function saveHub(db: Knex, management: Unit, taskQueue: string): Promise<void> {
  await db('hub').update({
    management_code: management.code,
    management_name: management.name,
    task_queue: taskQueue,
  });
}

/** The task queue of the hub that this database belongs to, whoever asks; null before a hub has run on it. */
export async function taskQueueOf(db: Knex): Promise<string | null> {
  const row = await db('hub').first<{ queue: string | null } | undefined>({ queue: 'task_queue' });
  return row?.queue ?? null;
}

/** The unit that supervises (管理单位). */
export async function managementUnit(db: Knex): Promise<Unit> {
  const row = await db('hub').first<Unit | undefined>({ code: 'management_code', name: 'management_name' });
  return { code: row?.code ?? '', name: row?.name ?? '管理单位' };
}
