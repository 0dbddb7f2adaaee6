import type pg from 'pg';
import type { Knex } from 'knex';
import { shanghaiDate, type CalendarDate } from '../../../domain/dates.ts';
import { packageName, usesFile, type Damage } from '../../../domain/sharing/archive.ts';
import type { FilePlace } from '../../library/files/place.ts';
import { listKeys } from '../receipts.ts';
import { noteVerified, packagesPast, type KnownPackage } from './packages.ts';
import { verifyPackage } from './verify.ts';

/** A package whose uses are past their time, and what became of them. */
export interface RemovedPackage {
  name: string;
  /** Uses that were removed. */
  uses: number;
  /** Why the others were kept. */
  damage: Damage | null;
}

/** What the trigger raises where a trace does not tell the truth. */
const RAISED = 'P0001';

/**
 * Removes uses that are older than they are to be kept from the log, package by package: each is read and checked first,
 * by the hub’s own keys, and has to have every use of a day that goes. The database has the last word.
 */
export async function* removePast(
  db: Knex,
  place: FilePlace,
  keepMs: number,
  now: () => Date,
): AsyncGenerator<RemovedPackage> {
  const past = await packagesPast(db, shanghaiDate(now().getTime() - keepMs));
  const trusted = past.length > 0 ? await listKeys(db) : [];
  for (const known of past) {
    const name = packageName(known);
    const { damage, digest, days } = await verifyPackage(place, name, { trusted });
    if (damage || digest !== known.digest?.toString('hex')) {
      await noteVerified(db, known.id, null);
      yield { name, uses: 0, damage: damage ?? { kind: 'altered', entry: name } };
      continue;
    }
    await noteVerified(db, known.id, now());
    let removed = 0;
    let kept: Damage | null = null;
    for (const [day, { uses, leaves }] of days)
      try {
        if (await removeDay(db, known, { day, uses, leaves }, now())) removed += uses;
      } catch (error) {
        if ((error as pg.DatabaseError).code !== RAISED) throw error;
        kept ??= { kind: 'altered', entry: usesFile(day) };
      }
    yield { name, uses: removed, damage: kept };
  }
}

/** Removes the uses of a day; false where that was done before. */
function removeDay(
  db: Knex,
  { id, unitCode, digest }: KnownPackage,
  { day, uses, leaves }: { day: CalendarDate; uses: number; leaves: Buffer },
  at: Date,
): Promise<boolean> {
  return db.transaction(async (trx) => {
    const trace = { unitCode, day, uses, leaves, id, digest, at };
    const { rowCount } = await trx.raw<{ rowCount: number }>(
      `INSERT INTO use_removal (unit_code, day, uses, leaves, package_id, archive, removed_at)
       SELECT :unitCode, :day, :uses, :leaves, :id, :digest, :at
       WHERE NOT EXISTS (SELECT FROM use_removal WHERE unit_code = :unitCode AND day = :day)`,
      trace,
    );
    if (rowCount === 0) return false;
    const ofDay = `FROM certificate_use WHERE unit_code = :unitCode
      AND at >= :day::date::timestamp AT TIME ZONE 'Asia/Shanghai' AND at < (:day::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'`;
    await trx.raw(`INSERT INTO removed_leaf (batch_id, place, leaf) SELECT batch_id, place, leaf ${ofDay}`, trace);
    for (const table of ['used_certificate', 'use_code'])
      await trx.raw(`DELETE FROM ${table} WHERE use_id IN (SELECT id ${ofDay})`, trace);
    await trx.raw(`DELETE ${ofDay}`, trace);
    await trx.raw(
      `DELETE FROM removed_leaf l WHERE NOT EXISTS (SELECT FROM certificate_use u WHERE u.batch_id = l.batch_id)`,
    );
    return true;
  });
}
