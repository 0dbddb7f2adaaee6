import { cancellationSignal } from '@temporalio/activity';
import { comparePublished, readWhole, type HeldEntry } from '../connectors/lists/catalog.ts';
import type { CatalogFinding } from '../domain/library/catalog.ts';
import * as catalog from '../store/library/catalog.ts';
import type { Dependencies } from './dependencies.ts';

/** Numbers of entries; which ones they are is kept beside the catalog. */
export interface CatalogSyncResult {
  listed: number;
  new: number;
  changed: number;
  unchanged: number;
  /** Left alone, because somebody else has a draft that says otherwise. */
  waiting: number;
  faulty: number;
  /** Not in the list any more. */
  gone: number;
  /** Drafts that were written, to be approved. */
  drafted: number;
}

/** Taking over what others publish of the issuing catalog (发证目录). */
export function createCatalogActivities({ db, streams, now }: Dependencies) {
  return {
    /**
     * Compares a published catalog with the city's own, drafts what is new or changed in the name of the connector's
     * unit, and keeps what was found. Approval stays with the management unit.
     */
    async syncCatalog(input: { connector: string }): Promise<CatalogSyncResult> {
      const { source, config, connector } = streams().catalog(input.connector);
      const by = connector.unit;
      const at = now();
      const records = await readWhole(source, cancellationSignal());
      return db.transaction(async (trx) => {
        const earlier = (await catalog.lastCatalogSync(trx, connector.id))?.listed ?? [];
        const held = heldEntries(await catalog.entryVersions(trx));
        const { listed, unchanged, findings, drafts, outdated } = comparePublished(records, config, held, {
          by,
          earlier,
        });
        const { drafted } = await catalog.draftEntries(trx, drafts, by, at, { others: 'keep' });
        await catalog.dropDrafts(trx, outdated, by);
        const ever = [...new Set([...earlier, ...listed])];
        await catalog.saveCatalogSync(trx, connector.id, { syncedAt: at, listed: ever, findings });
        const count = (wanted: CatalogFinding['state']): number =>
          findings.filter(({ state }) => state === wanted).length;
        return {
          listed: records.length,
          new: count('new'),
          changed: count('changed'),
          unchanged,
          waiting: count('waiting'),
          faulty: count('faulty'),
          gone: count('gone'),
          drafted,
        };
      });
    },
  };
}

function heldEntries(versions: readonly catalog.EntryVersion[]): Map<string, HeldEntry> {
  const held = new Map<string, HeldEntry>();
  // The newest version of a type comes first.
  for (const { typeCode, state, entry, draftedBy } of versions) {
    const { decided, draft } = held.get(typeCode) ?? { decided: null, draft: null };
    if (state === 'draft') held.set(typeCode, { decided, draft: { entry, by: draftedBy } });
    else if (!decided) held.set(typeCode, { decided: { entry, approved: state === 'approved' }, draft });
  }
  return held;
}
