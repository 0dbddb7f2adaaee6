import type { StreamConfig } from '../../settings/kinds/stream.ts';
import { fault } from '../../domain/faults.ts';
import { DRIFT_CHANGES } from '../../domain/streams.ts';
import type { Problem } from '../../domain/library/validation.ts';
import { census, driftProblems, findDrift, learn, type Drift, type FieldCensus } from './drift.ts';

/** Where the fields of one stream are remembered. */
export interface FieldMemory {
  /** `settled`: the fields are those of a complete batch, and others are news. */
  load(): Promise<{ fields: FieldCensus; settled: boolean }>;
  saveDrifts(drifts: readonly Drift[]): Promise<void>;
  saveFields(fields: FieldCensus): Promise<void>;
}

/** Compares a page's records; `outcomes` has null for those that were accepted, all where left out. */
export type CompareFields = (
  records: readonly unknown[],
  outcomes?: readonly unknown[],
) => Promise<Map<number, Problem[]>>;

/**
 * Returns what compares each page's fields with those that the stream is known by. It keeps what differs, throws when
 * the stream's contract says to stop, and returns the problems of the records that are to be rejected, by their place.
 * A record that is rejected for a fault of its own says nothing about new fields and types: that is its fault alone.
 */
export async function openContract(config: StreamConfig, memory: FieldMemory): Promise<CompareFields> {
  const { fields: known, settled } = await memory.load();
  return async (records, outcomes = []) => {
    const present = census(records);
    const refused = outcomes.some((outcome) => outcome !== null);
    const seen = refused ? census(records.filter((_, index) => (outcomes[index] ?? null) === null)) : present;
    const drifts = settled
      ? [
          ...findDrift(known, seen, config.contract).filter(({ change }) => change !== 'missing'),
          ...findDrift(known, present, config.contract).filter(({ change }) => change === 'missing'),
        ]
      : [];
    await memory.saveDrifts(drifts);
    const stop = drifts.find(({ action }) => action === 'stop');
    if (stop) {
      throw fault('source-contract', {
        stream: config.id,
        field: stop.field,
        change: { zh: DRIFT_CHANGES[stop.change].zh, en: stop.change },
        found: stop.detail,
      });
    }
    const problems = driftProblems(known, drifts, records);
    for (const { field, action } of drifts) if (action === 'reject') seen.delete(field);
    if (learn(known, seen, settled)) await memory.saveFields(known);
    return problems;
  };
}
