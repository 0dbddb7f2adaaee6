import type { Knex } from 'knex';
import type { ArchivePeriod } from '../../../domain/sharing/archive.ts';
import type { CalendarDate } from '../../../domain/dates.ts';

/** A package as the hub knows it: what of it others could not tell. */
export interface KnownPackage extends ArchivePeriod {
  id: number;
  /** Digests (SHA-256 of the tag manifest) of it, null until it is made, and of the unit’s package before. */
  digest: Buffer | null;
  previous: Buffer | null;
  uses: number | null;
  madeAt: Date | null;
  /** When all of it was last found whole, in the hub’s own place. */
  verifiedAt: Date | null;
}

const COLUMNS = `id, unit_code AS "unitCode", first_day::text AS "from", last_day::text AS "to", digest, previous, uses,
  made_at AS "madeAt", verified_at AS "verifiedAt"`;

/** Packages, the latest first. */
export async function listPackages(db: Knex, unitCode: string | null): Promise<KnownPackage[]> {
  const { rows } = await db.raw<{ rows: KnownPackage[] }>(
    `SELECT ${COLUMNS} FROM archive_package WHERE :unitCode::text IS NULL OR unit_code = :unitCode ORDER BY id DESC`,
    { unitCode },
  );
  return rows;
}

/** The package of a period; made known where it is not yet, after those of the unit that are made. */
export async function claimPackage(db: Knex, period: ArchivePeriod): Promise<KnownPackage> {
  await db.raw(
    `INSERT INTO archive_package (unit_code, first_day, last_day, previous)
     VALUES (:unitCode, :from, :to, (SELECT digest FROM archive_package
       WHERE unit_code = :unitCode AND last_day < :from AND digest IS NOT NULL ORDER BY id DESC LIMIT 1))
     ON CONFLICT DO NOTHING`,
    { ...period },
  );
  const { rows } = await db.raw<{ rows: KnownPackage[] }>(
    `SELECT ${COLUMNS} FROM archive_package WHERE unit_code = :unitCode AND first_day = :from AND last_day = :to`,
    { ...period },
  );
  const [known] = rows;
  if (!known) throw new Error('a package that was claimed is known');
  return known;
}

/** Takes down that a package was made. */
export async function notePackage(
  db: Knex,
  id: number,
  made: { digest: Buffer; uses: number },
  at: Date,
): Promise<void> {
  await db('archive_package')
    .where({ id })
    .whereNull('digest')
    .update({ ...made, made_at: at });
}

/** Takes down when a package was found whole in the hub’s own place; null where it was not. */
export async function noteVerified(db: Knex, id: number, at: Date | null): Promise<void> {
  await db('archive_package').where({ id }).update({ verified_at: at });
}

/** Packages of before a day that were found whole, and of which the log still has uses; the oldest first. */
export async function packagesPast(db: Knex, before: CalendarDate): Promise<KnownPackage[]> {
  const { rows } = await db.raw<{ rows: KnownPackage[] }>(
    `SELECT ${COLUMNS} FROM archive_package p WHERE last_day < :before AND verified_at IS NOT NULL
       AND EXISTS (SELECT FROM certificate_use u WHERE u.unit_code = p.unit_code
         AND at >= first_day::timestamp AT TIME ZONE 'Asia/Shanghai'
         AND at < (last_day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')
     ORDER BY first_day, unit_code`,
    { before },
  );
  return rows;
}

/** Units that used certificates in a period. */
export async function unitsUsing(db: Knex, period: Pick<ArchivePeriod, 'from' | 'to'>): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { unit: string }[] }>(
    `SELECT DISTINCT unit_code AS unit FROM certificate_use
     WHERE at >= :from::date::timestamp AT TIME ZONE 'Asia/Shanghai'
       AND at < (:to::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' ORDER BY unit_code`,
    { ...period },
  );
  return rows.map(({ unit }) => unit);
}

/** Uses of a unit on a day that were removed from the log, and the package that has them. */
export interface UseRemoval {
  unitCode: string;
  day: CalendarDate;
  uses: number;
  leaves: Buffer;
  archive: Buffer;
  /** The period of the package. */
  from: CalendarDate;
  to: CalendarDate;
  removedAt: Date;
}

/** What was removed from the log, the latest first. */
export async function listRemovals(
  db: Knex,
  { unitCode, from, to }: { unitCode: string | null; from?: CalendarDate; to?: CalendarDate },
): Promise<UseRemoval[]> {
  const { rows } = await db.raw<{ rows: UseRemoval[] }>(
    `SELECT r.unit_code AS "unitCode", day::text, r.uses, leaves, archive, first_day::text AS "from", last_day::text AS "to",
       removed_at AS "removedAt"
     FROM use_removal r JOIN archive_package p ON p.id = package_id
     WHERE (:unitCode::text IS NULL OR r.unit_code = :unitCode)
       AND (:from::date IS NULL OR day >= :from) AND (:to::date IS NULL OR day <= :to)
     ORDER BY day DESC, r.unit_code`,
    { unitCode, from: from ?? null, to: to ?? null },
  );
  return rows;
}
