/** Every workflow; the bundle is made from this file. */
export { dispute, rectification, share } from './cases.ts';
export { catalogSync } from './catalog-sync.ts';
export { hotlineSync } from './hotline-sync.ts';
export { deliverOutbound } from './deliver-outbound.ts';
export { dailyAggregation } from './daily-aggregation.ts';
export { fetchFiles } from './fetch-files.ts';
export { inspectSample } from './inspect-sample.ts';
export { outage } from './outage.ts';
export { proveStream } from './prove-stream.ts';
export { reconcileStream } from './reconcile-stream.ts';
export { replayRejects } from './replay-rejects.ts';
export { returnSync } from './return-sync.ts';
export { retime } from './retime.ts';
export { stockImport } from './stock-import.ts';
export { syncWindow } from './sync-window.ts';
