import type { Knex } from 'knex';
import type { CaseDefinition } from '../../domain/casework/definition.ts';
import type { CaseKind } from '../../domain/ids.ts';
import { fault } from '../../domain/faults.ts';

/** Who does something in a case, and when. */
export interface Who {
  by: string;
  at: Date;
}

/** What all cases have in common. */
export interface CaseFile {
  id: number;
  kind: CaseKind;
  round: number;
  openedAt: Date;
  closedAt: Date | null;
  closedAs: string | null;
}

/** Columns of a case, also where the table of its kind is joined to it. */
export const FILE = {
  id: 'case_file.id',
  kind: 'kind',
  round: 'round',
  openedAt: 'opened_at',
  closedAt: 'closed_at',
  closedAs: 'closed_as',
};

/** A case with its version, which changes with whatever people do in it. */
export interface VersionedCase extends CaseFile {
  version: string;
}

/** The version of a case, as a text. */
export const VERSION = `to_char(changed_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')`;

/** The subject of a case’s deadlines, of the round that it is in. */
export const subjectOf = ({ kind, id, round }: Pick<CaseFile, 'kind' | 'id' | 'round'>): string =>
  `${kind}/${id}${round > 1 ? `#${round}` : ''}`;

/** Its subjects in all rounds. */
export const caseSubjects = ({ kind, id, round }: Pick<CaseFile, 'kind' | 'id' | 'round'>): string[] =>
  Array.from({ length: round }, (_, index) => subjectOf({ kind, id, round: index + 1 }));

export async function openCase(db: Knex, kind: CaseKind, at: Date): Promise<number> {
  const [row] = await db('case_file').insert({ kind, opened_at: at, changed_at: at }).returning<{ id: number }[]>('id');
  if (!row) throw new Error('the case was not written');
  return row.id;
}

/** Makes a case of what has its number already. */
export async function openCaseOf(db: Knex, kind: CaseKind, id: number, at: Date): Promise<void> {
  await db.raw('INSERT INTO case_file (id, kind, opened_at, changed_at) OVERRIDING SYSTEM VALUE VALUES (?, ?, ?, ?)', [
    id,
    kind,
    at,
    at,
  ]);
}

/** What cases of a kind are called. */
type Named = Pick<CaseDefinition<never>, 'zh' | 'en' | 'command' | 'codes'>;

/** What was found; throws a configuration error where there is no such case. */
export function thatIs<Case>({ zh, en, command, codes }: Named, id: number, found: Case | null | undefined): Case {
  if (found != null) return found;
  throw fault(codes.unknown, { kind: { zh, en, command }, id });
}

/** A case, locked until the transaction ends; throws a configuration error where there is none. */
export async function lockCase(
  trx: Knex.Transaction,
  definition: Named & { kind: CaseKind },
  id: number,
): Promise<CaseFile> {
  const { kind } = definition;
  const row = await trx('case_file').where({ kind, id }).forUpdate().first<CaseFile | undefined>(FILE);
  return thatIs(definition, id, row);
}

/** What was done in a case last, in all its rounds; null where nothing was. */
export async function lastEventOf(
  db: Knex,
  file: Pick<CaseFile, 'kind' | 'id' | 'round'>,
): Promise<{ by: string; at: Date; what: string } | null> {
  const last = await db('case_event')
    .whereRaw('subject = ANY (?)', [caseSubjects(file)])
    .orderBy('id', 'desc')
    .first<{ by: string; at: Date; what: string } | undefined>('by', 'at', 'what');
  return last ?? null;
}

/** A case as it is; null where nothing waits for it, as for a finding of which nothing was ordered. */
export async function findCaseFile(db: Knex, kind: CaseKind, id: number): Promise<CaseFile | null> {
  return (await db('case_file').where({ kind, id }).first<CaseFile | undefined>(FILE)) ?? null;
}

/** Something was done in a case: its workflow has to look. */
export async function touchCase(db: Knex, id: number, at: Date): Promise<void> {
  await db('case_file')
    .where({ id })
    // Two changes of one instant are two.
    .update({ changed_at: db.raw(`greatest(?::timestamptz, changed_at + interval '1 microsecond')`, [at]) });
}

/** Nothing follows in a case any more. */
export async function closeCase(db: Knex, id: number, as: string, at: Date): Promise<void> {
  await db('case_file').where({ id }).update({ closed_at: at, closed_as: as });
}

/** Its workflow has seen a case as it is now. Within the transaction that looked. */
export async function seeCase(db: Knex, id: number): Promise<void> {
  await db('case_file')
    .where({ id })
    .update({ seen_at: db.ref('changed_at') });
}

/** Cases in which something was done that no workflow has seen yet: it was away, or is still on its way. */
export async function unseenCases(db: Knex, before: Date, limit: number): Promise<CaseFile[]> {
  return db('case_file')
    .whereRaw('(seen_at IS NULL OR seen_at < changed_at) AND changed_at <= ?', [before])
    .orderBy('changed_at')
    .limit(limit)
    .select<CaseFile[]>(FILE);
}

/** Open cases, so many at once. */
export async function* openCases(db: Knex, limit: number): AsyncGenerator<CaseFile[]> {
  for (let after = 0; ;) {
    const files = await db('case_file')
      .whereNull('closed_at')
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .select<CaseFile[]>(FILE);
    const last = files.at(-1);
    if (!last) return;
    yield files;
    after = last.id;
  }
}

export async function countOpenCases(db: Knex): Promise<number> {
  const [row] = await db('case_file').whereNull('closed_at').count<{ count: number }[]>('* as count');
  return row?.count ?? 0;
}
