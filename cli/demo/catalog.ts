import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { readCatalog } from '../../settings/sheets/catalog.ts';
import { approveDrafts, draftEntries } from '../../store/library/catalog.ts';
import type { FileStore } from '../../store/library/files/contract.ts';
import { keepTemplate } from '../../store/library/templates.ts';
import { ROOT } from '../../settings/root.ts';
import { openTemplates } from '../library/templates.ts';

/**
 * Puts the catalog of the demonstration into force, as its management unit would: with its templates, where there is a
 * store for them.
 */
export async function approveDemoCatalog(db: Knex, files?: FileStore): Promise<void> {
  const folder = join(ROOT, 'config/catalog');
  const file = join(folder, 'demo.yaml');
  const entries = readCatalog(file, readFileSync(file, 'utf8'));
  const templates = new Map<string, string>();
  if (files)
    for (const [name, read] of await openTemplates(join(folder, 'demo-templates')))
      templates.set(name, await keepTemplate(files, await read()));
  const at = new Date();
  await draftEntries(db, entries, 'demo', at, { templates });
  await approveDrafts(
    db,
    entries.map(({ typeCode }) => typeCode),
    'demo',
    at,
  );
}
