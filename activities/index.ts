import { createCatalogActivities } from './catalog.ts';
import { createCollectActivities } from './collect.ts';
import { createDayActivities } from './days.ts';
import type { CaseDependencies, FileDependencies, SendingDependencies } from './dependencies.ts';
import { createCaseActivities } from './cases.ts';
import { createFileActivities } from './files.ts';
import { createHotlineActivities } from './hotline.ts';
import { createLedgerActivities } from './ledger.ts';
import { createOutboundActivities } from './outbound.ts';
import { createProveActivities } from './prove.ts';
import { createReconcileActivities } from './reconcile.ts';
import { createReplayActivities } from './replay.ts';
import { createReturnActivities } from './returns.ts';
import { createStockActivities } from './stock.ts';

/** Everything that workflows can have done; the only place where Temporal meets I/O. */
export function createActivities(dependencies: FileDependencies & CaseDependencies & SendingDependencies) {
  return {
    ...createCaseActivities(dependencies),
    ...createCatalogActivities(dependencies),
    ...createCollectActivities(dependencies),
    ...createDayActivities(dependencies),
    ...createFileActivities(dependencies),
    ...createHotlineActivities(dependencies),
    ...createLedgerActivities(dependencies),
    ...createOutboundActivities(dependencies),
    ...createProveActivities(dependencies),
    ...createReconcileActivities(dependencies),
    ...createReplayActivities(dependencies),
    ...createReturnActivities(dependencies),
    ...createStockActivities(dependencies),
  };
}

export type Activities = ReturnType<typeof createActivities>;
