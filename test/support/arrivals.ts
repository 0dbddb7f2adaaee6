import { join } from 'node:path';
import type { Knex } from 'knex';
import { loadConfig, type HubConfig } from '../../settings/load.ts';
import { RowBuffer } from '../../connectors/mapping/row-buffer.ts';
import { EVERY_STATE } from '../../domain/ledger/duties.ts';
import { getBatch, openBatch } from '../../store/collection/batches.ts';
import { noteCalendar, saveCalendar } from '../../store/ledger/calendar.ts';
import { writePage, type PageRules } from '../../store/collection/pages.ts';
import { saveRules } from '../../store/ledger/rules.ts';
import { listTasks, type Task } from '../../store/ledger/tasks.ts';
import { calendarInForce } from '../../store/apply-config.ts';

/** Shanghai time. */
export const at = (text: string): Date => new Date(`${text}+08:00`);

/** The profile of a city, its rules and the calendar in the database. */
export async function useProfile(db: Knex, jurisdiction: string): Promise<HubConfig> {
  const config = loadConfig({ folder: join(import.meta.dirname, '../../config'), demo: true, jurisdiction });
  await saveRules(db, config.jurisdiction.rules);
  const { name } = await saveCalendar(db, calendarInForce(config), at('2026-11-01T00:00'));
  await noteCalendar(db, name);
  return config;
}

/** Every deadline of a subject and below it, whatever its state. */
export const tasksOf = (db: Knex, subject: string, now: Date): Promise<Task[]> =>
  listTasks(db, now, { states: EVERY_STATE, subject, limit: 1_000 });

/** What a record is, beside a certificate of the type T that has just been made. */
export interface Arrival {
  key: string;
  changedAt?: Date;
  completedAt?: string;
  number?: string;
  issuedOn?: string;
  typeCode?: string;
  identifier?: string;
  expiresOn?: string | null;
  longTerm?: boolean;
  status?: string;
  holders?: object[];
  note?: string;
}

/** Has records arrive in a stream, at a time, as one batch. */
export async function arrive(
  db: Knex,
  streamId: number,
  takenAt: Date,
  records: readonly Arrival[],
  rules: Partial<PageRules> = {},
): Promise<void> {
  const rows = new RowBuffer();
  for (const { key, changedAt = takenAt, completedAt, note, ...change } of records) {
    const certificate = {
      identifier: `I.${key}`,
      typeCode: 'T',
      name: '许可证',
      number: `no-${key}`,
      issuerName: null,
      issuerCode: null,
      issuedOn: '2026-11-20',
      effectiveOn: null,
      expiresOn: null,
      longTerm: false,
      holders: [{ name: '甲', code: 'H1', codeType: '099' }],
      status: 'valid',
      rawStatus: '1',
      ...change,
      extension: { note: note ?? '' },
    };
    rows.append(JSON.stringify(certificate), key, changedAt.toISOString(), [], completedAt);
  }
  const window = { kind: 'time', from: '2026-11-20T00:00:00+08:00', to: '2026-11-21T00:00:00+08:00' } as const;
  const batch = await openBatch(
    db,
    streamId,
    { purpose: 'daily', window, declared: records.length, workflowId: 'w' },
    takenAt,
  );
  const page = { number: 0, digest: '0', read: records.length, rows: rows.toJson(), rejected: [], deleted: [] };
  await writePage(
    db,
    await getBatch(db, batch),
    { ...page, position: null },
    { untimed: false, snapshot: false, ...rules },
    takenAt,
  );
}
