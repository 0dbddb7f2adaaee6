import { hash } from 'node:crypto';
import type { Knex } from 'knex';

/** A file that shows what a case is about, as it was handed in. */
export interface Evidence {
  name: string;
  content: Buffer;
  sha256: string;
}

export const evidenceFrom = (name: string, content: Buffer): Evidence => ({
  name,
  content,
  sha256: hash('sha256', content),
});

/** As the tables of cases have it. */
export const evidenceColumns = (evidence: Evidence | null): object => ({
  evidence_name: evidence?.name ?? null,
  evidence: evidence?.content ?? null,
  evidence_sha256: evidence?.sha256 ?? null,
});

/** The file that was handed in with a case; null where none was. */
export async function findEvidence(
  db: Knex,
  table: 'outage' | 'finding',
  id: number,
): Promise<Pick<Evidence, 'name' | 'content'> | null> {
  const row = await db(table)
    .where({ id })
    .whereNotNull('evidence')
    .first<Pick<Evidence, 'name' | 'content'> | undefined>({ name: 'evidence_name', content: 'evidence' });
  return row ?? null;
}
