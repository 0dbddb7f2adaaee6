import { join } from 'node:path';
import type { Knex } from 'knex';
import { loadConfig, type HubConfig } from '../../../settings/load.ts';
import type { Unit } from '../../../domain/units.ts';
import { EVERY_STATE } from '../../../domain/ledger/duties.ts';
import { noteCalendar, saveCalendar } from '../../../store/ledger/calendar.ts';
import { listTasks } from '../../../store/ledger/tasks.ts';
import { calendarInForce, saveLaw } from '../../../store/apply-config.ts';

/** Puts a city's regulation and calendar into force in a test's database, with a unit that supervises where one is named. */
export async function enact(db: Knex, jurisdiction: string, at: Date, management?: Unit): Promise<HubConfig> {
  const config = loadConfig({ folder: join(import.meta.dirname, '../../../config'), demo: true, jurisdiction });
  if (management) {
    config.settings.managementUnit = management.code;
    config.settings.managementName = management.name;
  }
  await saveLaw(db, config);
  const { name } = await saveCalendar(db, calendarInForce(config), at);
  await noteCalendar(db, name);
  return config;
}

/** Shanghai time. */
export const at = (text: string): Date => new Date(`${text.includes('T') ? text : `${text}T00:00:00`}+08:00`);

/** The deadlines of a case at a moment, `rule state due`, in the order that they are due. */
export async function deadlines(db: Knex, subject: string, now: Date): Promise<string[]> {
  const tasks = await listTasks(db, now, { states: EVERY_STATE, subject, limit: 100 });
  return tasks.map(({ subject: own, rule, state, dueAt }) => {
    const due = dueAt === null ? 'never' : new Date(dueAt.getTime() + 8 * 3_600_000).toISOString().slice(5, 16);
    return `${own.slice(subject.length)} ${rule} ${state} ${due}`.trim();
  });
}
