import type { Knex } from 'knex';
import type { ContactRole } from '../../domain/ledger/contact.ts';
import { dropObligations, meetFrom, openFrom } from './obligations.ts';
import { HUB } from '../../domain/ledger/reasons.ts';

/** Ways to reach a contact, in the order in which they are tried. */
export const CHANNELS = ['email', 'webhook', 'sms'] as const;
export type Channel = (typeof CHANNELS)[number];

/** A contact person (专人) to be put on file; at least one of email, phone and webhook. */
export interface NewContact {
  unitCode: string;
  unitName: string;
  role: ContactRole;
  person: string;
  email: string | null;
  phone: string | null;
  webhook: string | null;
}

/** A contact on file. */
export interface Contact extends NewContact {
  id: number;
  filedAt: Date;
  filedBy: string;
}

/** A unit with one of its contacts, or without any. */
export type UnitContact = { unitCode: string; unitName: string } & (Contact | { id: null });

/** Puts a contact on file, which meets the unit's duty to have one; its id. */
export async function fileContact(
  db: Knex,
  contact: NewContact,
  { by, at }: { by: string; at: Date },
): Promise<number> {
  const { unitCode: unit_code, unitName: unit_name, ...rest } = contact;
  return db.transaction(async (trx) => {
    // A unit that answers for no stream may have contacts too.
    await trx('unit').insert({ code: unit_code, name: unit_name }).onConflict('code').ignore();
    const [row] = await trx('contact')
      .insert({ unit_code, unit_name, ...rest, filed_at: at, filed_by: by })
      .returning<{ id: number }[]>('id');
    await followContacts(trx, at);
    return row?.id ?? 0;
  });
}

/** Notes that a contact is none any more; false where there is no such contact on file. */
export async function endContact(db: Knex, id: number, { by, at }: { by: string; at: Date }): Promise<boolean> {
  return db.transaction(async (trx) => {
    const ended = await trx('contact').where({ id }).whereNull('ended_at').update({ ended_at: at, ended_by: by });
    await followContacts(trx, at);
    return ended > 0;
  });
}

/** Of which unit a contact on file is. */
export const unitOfContact = async (db: Knex, id: number): Promise<string | null> =>
  (
    await db('contact')
      .where({ id })
      .whereNull('ended_at')
      .first<{ unitCode: string } | undefined>({ unitCode: 'unit_code' })
  )?.unitCode ?? null;

/** Every unit, or some, that issues or uses certificates or has a contact, with the contacts on file. */
export async function listContacts(db: Knex, units: readonly string[] | null = null): Promise<UnitContact[]> {
  const { rows } = await db.raw<{ rows: UnitContact[] }>(
    `SELECT unit_code AS "unitCode", coalesce(c.unit_name, u.unit_name) AS "unitName", c.id, role, person, email, phone, webhook,
       filed_at AS "filedAt", filed_by AS "filedBy"
     FROM (SELECT unit_code, min(unit_name) AS unit_name FROM unit_role GROUP BY unit_code) AS u
     FULL JOIN (SELECT * FROM contact WHERE ended_at IS NULL) AS c USING (unit_code)
     WHERE :units::text[] IS NULL OR unit_code = ANY (:units)
     ORDER BY 2, unit_code, role DESC, c.id`,
    { units: units ? [...units] : null },
  );
  return rows;
}

/** Contacts for the daily work that are on file. */
const ON_FILE = `contact WHERE role = 'operator' AND ended_at IS NULL`;

/** Units that are asked for one by the profile: issuers, user units, or both. */
const ASKED = `SELECT unit_code, min(unit_name) AS unit_name FROM unit_role
  WHERE EXISTS (SELECT FROM rule WHERE duty = 'contact' AND owner IN (role, 'issuer-and-user')) GROUP BY unit_code`;

/**
 * Keeps the duty to have a contact (专人备案) in line with who is on file: of every unit that is asked for one and has
 * none it is open, from when the hub saw that first, or anew from when the last contact left.
 */
export async function followContacts(db: Knex, at: Date): Promise<void> {
  await meetFrom(
    db,
    'contact',
    `SELECT subject, greatest(on_file.at, started_at) AS met_at
     FROM (SELECT unit_code, min(filed_at) AS at FROM ${ON_FILE} GROUP BY unit_code) AS on_file
     JOIN obligation ON owner_code = unit_code AND duty_kind = 'contact' AND obligation_runs(obligation)`,
    {},
    HUB,
  );
  const vacated = await db('obligation')
    .where({ duty_kind: 'contact' })
    .whereRaw('obligation_runs(obligation)')
    .whereRaw('owner_code NOT IN (SELECT unit_code FROM unit_role)')
    .pluck<string[]>('subject');
  await dropObligations(db, { subjects: vacated, duty: 'contact' }, { by: HUB, at, reason: { code: 'no-streams' } });
  await openFrom(
    db,
    'contact',
    `SELECT unit_code AS owner_code, unit_name AS owner_name, NULL::integer AS stream_id,
       'contact/' || unit_code || CASE WHEN earlier.rounds = 0 THEN '' ELSE '#' || earlier.rounds + 1 END AS subject,
       CASE WHEN earlier.last < vacant.since THEN vacant.since ELSE :at::timestamptz END AS started_at,
       NULL::text AS workflow_id, NULL::integer AS working_days
     FROM (${ASKED}) AS asked
     CROSS JOIN LATERAL (SELECT max(ended_at) AS since FROM contact
       WHERE contact.unit_code = asked.unit_code AND role = 'operator') AS vacant
     CROSS JOIN LATERAL (SELECT count(DISTINCT subject) AS rounds, max(opened_at) FILTER (WHERE cancelled_at IS NULL) AS last,
       coalesce(bool_or(obligation_runs(obligation)), false) AS running
       FROM obligation WHERE owner_code = asked.unit_code AND duty_kind = 'contact') AS earlier
     WHERE unit_code NOT IN (SELECT unit_code FROM ${ON_FILE}) AND NOT earlier.running
       AND (earlier.last IS NULL OR earlier.last < vacant.since)`,
    { at },
    { by: HUB, at },
  );
}
