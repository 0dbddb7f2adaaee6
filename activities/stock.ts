import { fault } from '../domain/faults.ts';
import { timeWindow } from '../domain/collection/window.ts';
import * as stock from '../store/collection/stock.ts';
import { getStream } from '../store/collection/streams.ts';
import type { Dependencies } from './dependencies.ts';
import { readableStream } from './stream-of.ts';

/** One step hands over, or asks for, this long before it reports. */
const STEP_MS = 15_000;

/** How an import goes about a stream's stock. */
export interface StockPlan {
  planned: number | null;
  /** The source delivers batches. */
  byBatches: boolean;
  /** Certificates are handed to an e-seal service. */
  seals: boolean;
}

/** How far an import has come. */
export interface StockProgress {
  done: number;
  planned: number | null;
  percent: number | null;
}

/** Stock (存量): counting it, following its import, and having it sealed. */
export function createStockActivities({ db, streams, now }: Dependencies) {
  return {
    /** Counts what there is up to an instant, unless the unit said how much, and keeps it as the plan. */
    async planStock(input: { stream: string; to: string }): Promise<StockPlan> {
      const { source, config } = streams().get(input.stream);
      const { id, collectFrom } = await readableStream(db, input.stream);
      const { planned: told, by, seal } = config.stock ?? {};
      const window = timeWindow(collectFrom.getTime(), Math.max(collectFrom.getTime(), Date.parse(input.to)));
      const planned = told ?? (source.by === 'windows' ? await source.count(window) : null);
      await stock.savePlan(db, id, { planned, dueOn: by ?? null }, now());
      return { planned, byBatches: source.by === 'batches', seals: seal !== undefined };
    },

    async stockProgress(input: { stream: string }): Promise<StockProgress> {
      const [report] = await stock.stockReports(db, input.stream);
      if (!report) throw new Error(`${input.stream} is no stock`);
      return { done: report.done, planned: report.planned, percent: stock.percentDone(report) };
    },

    /** Hands certificates to the e-seal service for a while; the key to go on after, null when none is left. */
    async handOverStock(input: { stream: string; after: string }): Promise<string | null> {
      const { target, size } = sealOf(input.stream);
      const stream = await getStream(db, input.stream);
      const untilMs = Date.now() + STEP_MS;
      let after: string | null = input.after;
      while (after !== null && Date.now() < untilMs) {
        after = await stock.handOver(db, stream, { target, size, after }, now());
      }
      return after;
    },

    /** Asks the e-seal service what became of the messages it has; how many are not answered in full. */
    async takeSeals(input: { stream: string }): Promise<{ open: number; dead: number }> {
      const { id } = await getStream(db, input.stream);
      const untilMs = Date.now() + STEP_MS;
      for (const { key, target: name, delivered } of await stock.openSeals(db, id)) {
        if (!delivered || Date.now() >= untilMs) continue;
        const results = await streams().target(name).target.results?.(key);
        if (results) await stock.saveSeals(db, id, key, results, now());
      }
      const left = await stock.openSeals(db, id);
      return { open: left.length, dead: left.filter(({ dead }) => dead).length };
    },
  };

  function sealOf(name: string): { target: string; size: number } {
    const { stock: plan } = streams().get(name).config;
    if (plan?.seal === undefined) throw new Error(`${name} names no e-seal service`);
    if (!streams().target(plan.seal).target.results) {
      throw fault('seal-results', { target: plan.seal, stream: name });
    }
    return { target: plan.seal, size: plan.sealAtOnce };
  }
}
