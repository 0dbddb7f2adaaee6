import type { Knex } from 'knex';
import { startOfDayMs } from '../domain/dates.ts';
import { idOf, type FileVersions } from '../settings/files.ts';
import { cutOffOf, type HubConfig } from '../settings/load.ts';
import { dailyRule, LONGEST_TERM } from '../settings/schemas/jurisdiction.ts';
import type { StreamSettings } from './collection/streams.ts';
import type { CalendarInForce } from './ledger/calendar.ts';
import { handToManagement } from './ledger/obligations.ts';
import { saveHub, saveRules } from './ledger/rules.ts';

/** What the configuration says of every stream, in the shape of the store. */
export function configuredStreams(config: HubConfig): StreamSettings[] {
  const { id: rule, article, quote: duty, basis } = dailyRule(config.jurisdiction);
  const { due, graceMinutes, producedBy } = config.jurisdiction.daily;
  const day = { rule, article, duty, basis, due, grace: `${graceMinutes} minutes`, producedBy };
  return config.connectors.flatMap((connector) =>
    connector.streams.map((stream) => ({
      name: stream.id,
      title: stream.name ?? stream.id,
      connector: connector.id,
      unitCode: connector.unit,
      unitName: connector.name,
      delivery: stream.delivery,
      certificateType: stream.certificateType?.code,
      since: stream.since === undefined ? null : new Date(startOfDayMs(stream.since)),
      daily:
        stream.delivery === 'daily'
          ? {
              ...day,
              cutOff: cutOffOf(config, stream.id),
              timed: stream.record.updatedAt !== undefined,
              reviewed: stream.record.review !== undefined,
            }
          : null,
    })),
  );
}

/** Connectors whose files tell nothing at all. */
export const unreadConnectors = ({ faulty }: HubConfig): string[] =>
  faulty.filter(({ goesOn }) => goesOn === 'left out').map(({ file }) => idOf(file));

/** What a configuration goes by, for a start at which a file of it is faulty. */
export async function saveVersions(db: Knex, { versions }: HubConfig): Promise<void> {
  const rows = [...versions].map(([file, content]) => ({ file, content: JSON.stringify(content) }));
  await db.transaction(async (trx) => {
    await trx('settings_version')
      .whereNotIn('file', [...versions.keys()])
      .delete();
    await trx('settings_version').insert(rows).onConflict('file').merge();
  });
}

/** What {@link saveVersions} was given last. */
export async function readVersions(db: Knex): Promise<FileVersions> {
  const rows = await db('settings_version').select<{ file: string; content: unknown }[]>('file', 'content');
  return new Map(rows.map(({ file, content }) => [file, content]));
}

/** What the ledger counts working days by. */
export const calendarInForce = ({ calendar, calendarTables, jurisdiction }: HubConfig): CalendarInForce => ({
  tables: calendarTables,
  calendar,
  dayEnds: jurisdiction.dayEnds,
  longest: LONGEST_TERM,
});

/** The rules of the profile and the unit that supervises, into the database. */
export async function saveLaw(db: Knex, { jurisdiction, settings }: HubConfig): Promise<void> {
  await saveRules(db, jurisdiction.rules);
  await saveHub(db, {
    management: { code: settings.managementUnit ?? '', name: settings.managementName },
    taskQueue: settings.temporal.taskQueue,
    disputeReceipt: jurisdiction.disputes.receipt,
    oldestDays: jurisdiction.oldestDays,
    catalogRequired: jurisdiction.catalog.required,
    deliveryThrough: jurisdiction.delivery.through,
  });
  await handToManagement(db);
}
