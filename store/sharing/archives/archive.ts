import type { Knex } from 'knex';
import { shanghaiDate } from '../../../domain/dates.ts';
import type { ArchivePeriod } from '../../../domain/sharing/archive.ts';
import { makePackage, type ArchiveWork, type MadePackage } from './make.ts';
import { claimPackage, listPackages, noteVerified, unitsUsing } from './packages.ts';
import { verifyPackage, type VerifiedPackage, type VerifyOptions } from './verify.ts';

/** A package that was made, or was there, and what was found when all of it was read. */
export interface ArchivedPackage {
  made: MadePackage;
  verified: VerifiedPackage;
}

/**
 * Makes a package and reads it again; in the hub’s own place it is taken down whether it was found whole. Null where the
 * unit used nothing.
 */
export async function archive(
  work: ArchiveWork,
  period: ArchivePeriod,
  { own, progress }: { own: boolean } & Required<Pick<VerifyOptions, 'progress'>>,
): Promise<ArchivedPackage | null> {
  const made = await makePackage(work, period);
  if (!made) return null;
  const verified = await verifyPackage(work.place, made.name, { progress });
  if (own) {
    const isWhole = verified.damage === null && (made.before?.differs.length ?? 0) === 0;
    await noteVerified(work.db, (await claimPackage(work.db, period)).id, isWhole ? work.now() : null);
  }
  return { made, verified };
}

/** Months that are over and may not be archived yet: from the latest that is on, the oldest first. */
async function monthsToArchive(db: Knex, now: Date): Promise<Pick<ArchivePeriod, 'from' | 'to'>[]> {
  const { rows } = await db.raw<{ rows: Pick<ArchivePeriod, 'from' | 'to'>[] }>(
    `SELECT month::date::text AS "from", (month + interval '1 month' - interval '1 day')::date::text AS "to"
     FROM generate_series(date_trunc('month', coalesce(
         (SELECT max(first_day) FROM archive_package WHERE verified_at IS NOT NULL AND extract(day FROM first_day) = 1
            AND last_day = (first_day + interval '1 month' - interval '1 day')::date),
         (SELECT (at AT TIME ZONE 'Asia/Shanghai')::date FROM certificate_use ORDER BY id LIMIT 1))::timestamp),
       date_trunc('month', :today::date::timestamp) - interval '1 month', interval '1 month') AS month
     ORDER BY month`,
    { today: shanghaiDate(now.getTime()) },
  );
  return rows;
}

/** What of the months that are over is not archived yet and has been used: by month and unit, the oldest first. */
export async function* periodsToArchive(db: Knex, now: Date): AsyncGenerator<ArchivePeriod> {
  const whole = (await listPackages(db, null)).filter(({ verifiedAt }) => verifiedAt !== null);
  for (const month of await monthsToArchive(db, now))
    for (const unitCode of await unitsUsing(db, month))
      if (!whole.some(({ from, to, unitCode: unit }) => unit === unitCode && from === month.from && to === month.to))
        yield { unitCode, ...month };
}
