import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { DayState } from '../activities/days.ts';
import type { BatchWindow, TimeWindow, Window } from '../domain/collection/window.ts';

/** Names of a stream as people read them in Temporal's UI. */
export interface StreamLabel {
  stream: string;
  title: string;
  unit: string;
}

/** What a sync reads for. */
export type SyncPurpose = 'return' | 'daily' | 'reconcile' | 'stock' | 'backfill';

export interface Totals {
  read: number;
  accepted: number;
  unchanged: number;
  rejected: number;
}

export interface SyncWindowInput extends StreamLabel {
  purpose: SyncPurpose;
  window: Window;
  /** Carried over when the run continues as new. */
  carried?: SyncCarried;
}

/** Where a sync stands between two runs. */
export interface SyncCarried {
  /** What is still to be read of the window, the part being read first. */
  pending: Window[];
  batchId: number | null;
  result: SyncWindowResult;
}

export interface SyncWindowResult extends Totals {
  pages: number;
  batchId: number | null;
  /** Every part of the window is covered. */
  complete: boolean;
}

export interface ReturnSyncInput extends StreamLabel {
  /** The instant up to which the source's batches are wanted; the run's start where left out. */
  upTo?: string;
  /** Reads the batches again that were taken in this time, after a mapping was mended for example. */
  again?: TimeWindow;
  carried?: ReturnSyncResult & { after: BatchWindow | null };
}

export interface ReturnSyncResult extends Totals {
  batches: number;
}

export interface ProveStreamInput extends StreamLabel {
  /** The period; where left out, and `taken` too, what a night proves. */
  window?: TimeWindow;
  /** For sources of batches: those that were taken in this time. */
  taken?: TimeWindow;
  /** Exactly these, one proof for each, in their order. */
  windows?: Window[];
  /** Reads a window that differs once more before its differences become a task. */
  mend?: boolean;
  carried?: { pending: Window[]; result: ProveStreamResult };
}

export interface ProveStreamResult {
  /** Records that the source listed. */
  records: number;
  /** Differences at first sight, and those that stayed. */
  found: number;
  differences: number;
  /** Ids of the proofs that count, one for each part of the period. */
  proofs: number[];
  /** Ids of proofs whose differences were mended, in part or all, by reading again. */
  mended: number[];
}

export interface InspectSampleInput extends StreamLabel {
  /** The sample; which records it drew is in the database. */
  inspection: number;
}

export interface StockImportInput extends StreamLabel {
  carried?: { to: string; totals: Totals; stage: 'read' | 'seal' };
}

/** What this run read; what earlier ones had read is in the library. */
export type StockImportResult = Totals;

export interface FetchFilesInput extends StreamLabel {
  carried?: FetchFilesResult;
}

export interface FetchFilesResult {
  fetched: number;
  /** Tried and not got; they are tried again. */
  missing: number;
}

export interface ReplayRejectsInput extends StreamLabel {
  /** Only rejects by this rule. */
  rule?: string | undefined;
  carried?: { after: number; upTo: number; result: Totals };
}

/** Names of a system that the hub sends to, as people read them in Temporal's UI. */
export interface TargetLabel {
  target: string;
  title: string;
  unit: string;
}

export interface DeliverOutboundInput extends TargetLabel {
  carried?: DeliverOutboundResult;
}

export interface DeliverOutboundResult {
  delivered: number;
  /** To be tried again later. */
  deferred: number;
  /** Became dead letters. */
  dead: number;
}

/** A source that publishes a catalog, as people read it in Temporal's UI. */
export interface CatalogLabel {
  connector: string;
  unit: string;
}

/** A source that lists disputes as tickets, as people read it in Temporal's UI. */
export type HotlineLabel = CatalogLabel;

/** What a case waits for has changed in the ledger: it looks again. */
export const wakeSignal = defineSignal('wake');

/** Which case; everything else about it is in the database. */
export interface CaseInput {
  id: number;
}

export interface RetimeInput {
  carried?: { after: string };
}

export interface DailyAggregationInput extends StreamLabel {
  /** Time of day of the cut-off, `HH:MM`: tells a scheduled run which day it is for. */
  cutOff: string;
  /** The day, for a run that is started by hand. */
  date?: string;
}

/**
 * The day is over at the source before its cut-off: collect it up to that instant now. Answers when that is done; the
 * cut-off and the hours after it are still read as always.
 */
export const closeDayEarlyUpdate = defineUpdate<DayState, [{ at: string }]>('closeDayEarly');

export interface DailyAggregationResult {
  date: string;
  met: boolean;
  verified: boolean;
}

export interface ReconcileStreamInput extends StreamLabel {
  window: TimeWindow;
  carried?: { pending: ReconcileStep[]; result: ReconcileStreamResult };
}

/** A window to be compared; or, with its halves, one whose halves were, and that they have to add up to. */
export type ReconcileStep = TimeWindow & { halves?: TimeWindow[] };

export interface ReconcileStreamResult {
  /** Comparisons that were made. */
  compared: number;
  /** Smallest windows that differed and were read again. */
  reread: number;
  /** Smallest windows that still differ, and those that their halves do not add up to; each is a task of the unit. */
  differences: number;
}

/** Type of the failure with which a run ends that could not bring source and library together. */
export const INCOMPLETE = 'Incomplete';
/** Type of the failure of an update that is for another day than the run's. */
export const NOT_THAT_DAY = 'NotThatDay';
/** Type of the failure of a run for a day that nobody owes. */
export const NOTHING_OWED = 'NothingOwed';
/** Type of the failure that only a change of configuration, or of credentials, can mend. */
export const CONFIGURATION = 'configuration';
