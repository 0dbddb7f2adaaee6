import type { z } from 'zod';
import type { ConnectorConfig, StreamConfig } from '../config/connector-schema.ts';
import type { BatchWindow, Window } from '../domain/window.ts';

/**
 * The contract behind which every way of reaching a department's system stands: a gateway, a database, a file drop.
 * A kind reads; it never writes to the library, keeps no position of its own and decides nothing about coverage.
 *
 * Every method throws `HubError`s classified as `configuration` (credentials, addresses, shapes that contradict the
 * configuration), `transient` (away, busy, garbled) or `system` (a broken promise that repeating does not mend).
 * What is wrong with a single record is not an error: the record is delivered as it came.
 */
export interface Source {
  /** The source's own clock, epoch milliseconds; the hub's where the source tells none. */
  clock(): Promise<number>;

  /**
   * How many records the source says it has in a window, at this moment. A batch's count is what it declared.
   */
  count(window: Window): Promise<number>;

  /**
   * Reads a window page by page; pages may come out of order. Ends after the last page, and only when the source's
   * own stop rule says so: never because a page is short. Stops with the signal's reason when `signal` aborts.
   */
  read(window: Window, resume: Resume, signal: AbortSignal): AsyncIterable<Page>;

  /** Really asks for one page and one count; throws what a run would throw. */
  check(): Promise<CheckReport>;

  /** The fields of a sample of records. */
  discover(): Promise<FieldReport[]>;

  /** The batch after a cursor (null: the first of all), or null when there is none yet. Sources of batches only. */
  nextBatch?(after: BatchWindow | null): Promise<BatchWindow | null>;

  /** Tells the source that a batch is safe with us. Repeating it does no harm. Sources of batches only. */
  acknowledge?(window: BatchWindow, records: number): Promise<void>;
}

/** What is already committed of a window, so that a read can go on where an earlier one was cut off. */
export interface Resume {
  /** The pages that are in: number → digest. */
  committed: ReadonlyMap<number, string>;
  /** The total that the earlier pages were read under; null when none was. */
  total: number | null;
}

/** One page of a window. */
export interface Page {
  /** Counts from 0 within the window, whatever the source counts from. */
  number: number;
  /** The records as they were decoded, one value each. */
  records: unknown[];
  /** Records with bytes that do not decode: index → the bytes, one character each (Latin-1). */
  undecodable: ReadonlyMap<number, string>;
  /** Total of the window as this page stated it; null where the source states none. */
  total: number | null;
  /** Digest of the page's bytes, by which a repeated page is found. */
  digest: string;
}

export interface CheckReport {
  /** Records on the page that was read. */
  records: number;
  /** The count that was asked. */
  count: number;
  /** Difference between the source's clock and ours, milliseconds. */
  clockSkewMs: number;
}

export interface FieldReport {
  field: string;
  types: string[];
  /** Share of the sample in which it is filled, 0–1. */
  filled: number;
}

/** One way of reaching source systems. */
export interface ConnectorKind {
  kind: ConnectorConfig['kind'];
  /** What its configuration looks like; forms, checks and JSON Schemas are made from it. */
  spec: z.ZodType;
  /** Opens one stream. Resolves secrets, and so throws a configuration error when one is missing. */
  open(connector: ConnectorConfig, stream: StreamConfig): Source;
}
