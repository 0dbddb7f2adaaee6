import type { z } from 'zod';
import type { ConnectorConfig } from '../settings/schemas/connector.ts';
import type {
  CatalogSourceConfig,
  DisputeSourceConfig,
  OutboundConfig,
  StreamConfig,
} from '../settings/kinds/stream.ts';
import type { CalendarDate } from '../domain/dates.ts';
import type { HubError } from '../domain/errors.ts';
import type { Said } from '../domain/said.ts';
import type { Problem } from '../domain/library/validation.ts';
import type { TextDefect } from './json-text.ts';
import type { PageMark, BatchWindow, TimeWindow, Window } from '../domain/collection/window.ts';

/**
 * The contract behind which every way of reaching a department's system stands: a gateway, a database, a file drop.
 * A kind reads; it never writes to the library, keeps no position of its own and decides nothing about coverage.
 *
 * A source is read either by windows of time, or by batches: it names them, and their unbroken chain is the coverage.
 * `by` says which; `connectors/reading.ts` reads a window that may be of either.
 *
 * Every method throws `HubError`s classified as `configuration` (credentials, addresses, shapes that contradict the
 * configuration), `transient` (away, busy, garbled) or `system` (a broken promise that repeating does not mend).
 * What is wrong with a single record is not an error: the record is delivered as it came.
 */
export type Source = WindowSource | BatchSource;

/** A source that is read in this way. */
export type SourceBy<B extends Source['by']> = Extract<Source, { by: B }>;

/** A source that is asked for windows of time, any of them, at any time again. */
export interface WindowSource extends SourceOf<TimeWindow> {
  readonly by: 'windows';

  /** The source's own clock, epoch milliseconds, by which windows end; the hub's where the source tells none. */
  clock(): Promise<number>;
}

/** A source that names its batches one after the other. */
export interface BatchSource extends SourceOf<BatchWindow> {
  readonly by: 'batches';

  /** What follows a batch (null: the first of all). */
  nextBatch(after: BatchWindow | null, chain: ChainView): Promise<NextBatch>;

  /** Tells the source that a batch is safe with us; does nothing where it need not know. Repeating it does no harm. */
  acknowledge(window: BatchWindow, committed: Committed): Promise<void>;
}

/** What every source does, with windows of its own kind. */
export interface SourceOf<W extends Window> {
  /** Pages follow from one another and must be committed in their order; else they may come in any order. */
  readonly sequential: boolean;

  /**
   * How many records the source says it has in a window, at this moment. A batch's count is what it declared.
   */
  count(window: W): Promise<number>;

  /**
   * How many records it has that no window reaches: without a time, or the number that they are asked by, or with a time
   * that is none, or lies ahead. Sources that can be asked only.
   */
  beyond?(): Promise<number>;

  /**
   * Reads a window page by page. Ends after the last page, and only when the source's own stop rule says so: never
   * because a page is short. Stops with the signal's reason when `signal` aborts.
   */
  read(window: W, resume: Resume, signal: AbortSignal): AsyncIterable<Page>;

  /** Really asks for one page and one count; throws what a run would throw. */
  check(): Promise<CheckReport>;

  /** Some of the latest records, to look at. */
  sample(): Promise<unknown[]>;

  /** What a run does, in words: what is asked, and how it is known to be complete. */
  explain(): Said[];

  /** Opens the file of a certificate by what the record says of it. Streams whose hints name a file only. */
  file?(reference: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;

  /** Ends connections. */
  close?(): Promise<void>;
}

/** What a source of batches may ask about its own chain. */
export interface ChainView {
  /** Instant up to which the chain is wanted, epoch milliseconds. */
  upToMs: number;
  /** Which of these batches are in the chain already, and whether they are complete. */
  known: (ids: string[]) => Promise<ReadonlyMap<string, boolean>>;
}

/** The next batch; or none, for what the source vouches by that, and what it delivered that cannot be read. */
export type NextBatch =
  { batch: BatchWindow } | { batch: null; proven: ProvenWindow[]; unreadable?: readonly UnreadableDelivery[] };

/** What was delivered and is not what was expected: it proves nothing, and what comes after it is read all the same. */
export interface UnreadableDelivery {
  /** What it is called at the source. */
  name: string;
  /** The day that it is for. */
  date: CalendarDate;
  fault: HubError;
}

/** A window of time of which the source has nothing beyond its chain; or beyond one batch of it, where that is named. */
export interface ProvenWindow {
  window: TimeWindow;
  /** Id of the batch that holds the window; the whole chain where left out. */
  batch?: string;
}

/** What became of a batch. */
export interface Committed {
  records: number;
  /** Positions of its pages, in order. */
  positions: string[];
  rejected: { record: unknown; problems: Problem[] }[];
}

/** What is already committed of a window, so that a read can go on where an earlier one was cut off. */
export interface Resume {
  /** The pages that are in, by number; of a sequential source without holes. */
  committed: ReadonlyMap<number, PageMark>;
  /** The total that the earlier pages were read under; null when none was. */
  total: number | null;
}

/** Nothing is committed yet. */
export const FROM_THE_START: Resume = { committed: new Map(), total: null };

/** One page of a window. */
export interface Page extends PageMark {
  /** Counts from 0 within the window, whatever the source counts from. */
  number: number;
  /** The records as they were decoded, one value each. */
  records: unknown[];
  /** Records with bytes that do not decode: index → the bytes, one character each (Latin-1). */
  undecodable: ReadonlyMap<number, string>;
  /** Records whose text has a defect, by which none of their values can be trusted. */
  defects?: ReadonlyMap<number, TextDefect>;
  /** Remarks of the source on single records: its key of the record → what it says. */
  warnings?: ReadonlyMap<string, string>;
  /** Total of the window as this page stated it; null where the source states none. */
  total: number | null;
  /** Digest of the page's records, by which a repeated page is found. */
  digest: string;
  /** Where the next page begins, or which rows the page held, in the source's own words; null where it needs none. */
  position: string | null;
}

export interface CheckReport {
  /** Records on the page that was read. */
  records: number;
  /** The count that was asked. */
  count: number;
  /** Difference between the source's clock and ours, milliseconds. */
  clockSkewMs: number;
  /** What is no fault but should be known, one sentence each. */
  notes: string[];
}

/** One request to a source and its answer, for people who look at them; without credentials. */
export interface Exchange {
  request: string;
  response: string;
}

/** What a source is opened with beside its configuration. */
export interface OpenOptions {
  /** Our clock, epoch milliseconds, for sources that tell none; tests put one of their own here. */
  now?: () => number;
  /** Called with every exchange. */
  trace?: (exchange: Exchange) => void;
}

/** A message to another system. */
export interface Message {
  /** By which the receiver knows a message again that it got before. */
  key: string;
  payload: Record<string, unknown>;
}

/** What the receiver of a message says of one item of it. */
export interface ItemResult {
  /** Our key of the item. */
  key: string;
  /** Done, or refused. */
  done: boolean;
  /** The receiver's number of what it made. */
  reference: string | null;
  /** Why it refused. */
  detail: string | null;
}

/** A system that the hub sends to. Throws classified errors; a message that it refuses is a configuration error. */
export interface Target {
  /** Sends one message; the receiver's receipt, where it gives one. Sending it twice does no harm at the receiver. */
  send(message: Message): Promise<string | null>;
  /** What became of a message's items since; those that are still open are left out. Targets that can be asked only. */
  results?(key: string): Promise<ItemResult[]>;
  close?(): Promise<void>;
}

/** What a kind knows of a stream's records. */
export interface RecordHints {
  /** Fields that belong to the way of delivery and not to the certificate. */
  ignore?: readonly string[];
  /** By which field and values a record is marked as deleted. */
  deleted?: { field: string; values: readonly string[] };
  /** Codes in number cells may have lost digits, except in these columns. */
  numbers?: readonly string[];
  /** Where a record's file is, as a field of its extension, and what the source says of its signature. */
  file?: { reference: string; signature?: string | undefined; largest: number };
  /** Each batch has all records: those that it lacks are deleted, up to this share of the library. */
  deletes?: { share: number };
}

/** A list that a source publishes beside its streams. */
export interface PublishedList {
  name: 'catalog' | 'disputes';
  /** Field by which an entry is known. */
  key: string;
  config: CatalogSourceConfig | DisputeSourceConfig;
}

/** A published list, read whole each time. */
export interface ListSource {
  /** Its pages from the first to the last, each with the number of all entries where the source states one. */
  read(signal: AbortSignal): AsyncIterable<Page>;
  /** Some of its entries, to look at. */
  sample(): Promise<unknown[]>;
  /** What is asked, in words. */
  explain(): Said[];
  close?(): Promise<void>;
}

/** What can be done with a stream, by its configuration alone: nobody opens a source to find out. */
export interface Capabilities<B extends Source['by'] = Source['by']> {
  /** How it is read. */
  by: B;
  /**
   * Which of what was delivered can be read again, and so be proven: all of it; what there is now, where each batch has
   * all records as they are when it is read; none, where a batch that was acknowledged is gone.
   */
  again: 'all' | 'present' | 'none';
  /** The department delivers by itself, and is never asked. */
  pushed?: boolean;
}

/** One way of reaching source systems. */
export interface ConnectorKind {
  kind: string;
  /** What its configuration looks like; forms, checks and JSON Schemas are made from it. */
  spec: z.ZodType;
  capabilities(stream: StreamConfig): Capabilities;
  hints?(stream: StreamConfig): RecordHints;
  /**
   * Opens one stream, to be read as its capabilities say. Resolves secrets, and so throws a configuration error when
   * one is missing.
   */
  open(connector: ConnectorConfig, stream: StreamConfig, options?: OpenOptions): Source;
  /** Opens a list that the source publishes. Kinds that can read one only. */
  openList?(connector: ConnectorConfig, list: PublishedList, options?: OpenOptions): ListSource;
  /** Opens one system that the hub sends to. Kinds that can send only. */
  openTarget?(connector: ConnectorConfig, target: OutboundConfig): Target;
}

/**
 * Defines a kind of one's own: the default export of a file in `config/connectors/kinds/`. `open` gets what `spec`
 * made of the YAML, and opens what `capabilities` says.
 */
export function defineConnector<C extends z.ZodType, B extends Source['by']>(definition: {
  kind: string;
  spec: C;
  capabilities: (stream: StreamOf<C>) => Capabilities<B>;
  open: (connector: z.output<C> & ConnectorConfig, stream: StreamOf<C>, options?: OpenOptions) => NoInfer<SourceBy<B>>;
}): ConnectorKind {
  return definition;
}

type StreamOf<C extends z.ZodType> = (z.output<C> & ConnectorConfig)['streams'][number];
