import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { readCatalog } from '../../settings/sheets/catalog.ts';
import { approveDrafts, draftEntries } from '../../store/library/catalog.ts';
import { ROOT } from '../../settings/root.ts';

/** Puts the catalog of the demonstration into force, as its management unit would. */
export async function approveDemoCatalog(db: Knex): Promise<void> {
  const file = join(ROOT, 'config/catalog/demo.yaml');
  const entries = readCatalog(file, readFileSync(file, 'utf8'));
  const at = new Date();
  await draftEntries(db, entries, 'demo', at);
  await approveDrafts(
    db,
    entries.map(({ typeCode }) => typeCode),
    'demo',
    at,
  );
}
