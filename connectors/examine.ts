import { closest } from 'fastest-levenshtein';
import type { HubConfig } from '../config/load.ts';
import { cutOffOf } from '../config/load.ts';
import { dailyRule } from '../config/jurisdiction-schema.ts';
import type { StreamConfig } from '../config/stream-schema.ts';
import { shanghaiInstant } from '../domain/dates.ts';
import { configurationError, HubError } from '../domain/errors.ts';
import type { Problem } from '../domain/validation.ts';
import { timeWindow, type Window } from '../domain/window.ts';
import type { CheckReport, Page } from './contract.ts';
import { describeFields, maskAll } from './discover.ts';
import type { OpenStream } from './registry.ts';

/** What a stream does, in words, by what its configuration says. */
export function explainStream(
  config: HubConfig,
  { config: stream, connector, source }: OpenStream,
): Record<string, string[]> {
  const { id: rule, article } = dailyRule(config.jurisdiction);
  const { due } = config.jurisdiction.daily;
  const daily = stream.delivery === 'daily';
  const { record, status, rejects, contract } = stream;
  const fields = Object.entries(record.fields).flatMap(([field, from]) =>
    from === undefined ? [] : [`${field} ← ${typeof from === 'string' ? from : JSON.stringify(from)}`],
  );
  return {
    'what is asked': source.explain(),
    when: [
      stream.delivery === 'stock'
        ? 'when ./hub stock run says so'
        : daily
          ? `each day at ${cutOffOf(config, stream.id)}, for ${rule} ${article}, due by ${due}; once more before midnight and after it`
          : `every ${shownMs(config.settings.returnEvery)}`,
      ...(stream.since === undefined ? [] : [`from ${stream.since} on`]),
      `leaves out what is younger than ${shownMs(stream.lag)}, and compares the counts of the last ${shownMs(stream.lookback)} again`,
      ...(connector.hours === undefined ? [] : [`only between ${connector.hours}`]),
      ...connector.maintenance.map(({ from, to }) => `not between ${from} and ${to}`),
    ],
    mapping: [
      `key ← ${record.key}${record.updatedAt === undefined ? '' : `, updatedAt ← ${record.updatedAt}`}`,
      ...(fields.length > 0 ? [fields.join(', ')] : []),
      'fields with names of GB/T 36903 need no entry; all others are kept as they are (照面扩展)',
      status.field === undefined
        ? 'every record is valid'
        : `status ← ${status.field}: ${Object.entries(status.values)
            .map(([from, to]) => `${from} → ${to}`)
            .join(', ')}; any other value rejects the record`,
    ],
    safeguards: [
      `stops when more than ${String(Math.round(rejects.share * 100))} %${rejects.most === undefined ? '' : ` or ${String(rejects.most)}`} of the records are rejected`,
      `fields that are new: ${contract.added}; missing: ${contract.missing}; of another type: ${contract.retyped}`,
      `${String(stream.examples.length)} example(s) of the mapping`,
    ],
  };
}

const DURATIONS = new Set(['lag', 'slice', 'lookback', 'timeout']);

/** Settings as one would write them: durations with their unit. */
export function shownSettings(settings: object): object {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      key,
      DURATIONS.has(key) && typeof value === 'number'
        ? shownMs(value)
        : typeof value === 'object' && value !== null && !Array.isArray(value)
          ? shownSettings(value as object)
          : (value as unknown),
    ]),
  );
}

function shownMs(ms: number): string {
  for (const [unit, length] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const)
    if (ms >= length && ms % length === 0) return `${String(ms / length)}${unit}`;
  return `${String(ms)}ms`;
}

/** What a source failed with; its code names it in `domain/faults.ts`. */
export interface Fault {
  kind: string;
  code: string;
  cause: string;
  cure: string;
}

/** What a look at a source showed. */
export interface Checked {
  report: CheckReport | null;
  /** How many records of a sample the mapping accepts, of how many; null without a sample. */
  accepted: { records: number; of: number } | null;
  /** Why others are rejected, the most frequent reason first. */
  reasons: string[];
  fault: Fault | null;
}

/** Really asks a source for a page and a count, and maps a sample of its records; what keeps it from that is told. */
export async function checkStream(open: OpenStream): Promise<Checked> {
  try {
    const report = await open.source.check();
    return { report, ...mapped(open, await open.source.sample()) };
  } catch (error) {
    return { report: null, accepted: null, reasons: [], fault: faultOf(error) };
  }
}

/** What becomes of a sample; a mapping that accepts nothing of it is a fault, and says which names are not there. */
function mapped({ map, config }: OpenStream, records: unknown[]): Pick<Checked, 'accepted' | 'reasons' | 'fault'> {
  if (records.length === 0) return { accepted: null, reasons: [], fault: null };
  const { outcomes } = map({ records, undecodable: new Map() }, { readAt: shanghaiInstant(Date.now()) });
  const counts = new Map<string, number>();
  for (const { rule, field } of outcomes.flatMap((problems) => problems ?? []))
    counts.set(`${rule} of ${field}`, (counts.get(`${rule} of ${field}`) ?? 0) + 1);
  const reasons = [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 5)
    .map(([reason, count]) => `${reason} ${String(count)}`);
  const accepted = { records: outcomes.filter((problems) => problems === null).length, of: records.length };
  const known = describeFields(records).map(({ field }) => field);
  const unknown = namedFields(config).filter((field) => !known.includes(field));
  const absent = unknown.map((field) => `${field} (did you mean ${closest(field, known)}?)`);
  reasons.push(...absent.map((field) => `the mapping names a field that is not there: ${field}`));
  if (accepted.records > 0) return { accepted, reasons, fault: null };
  const cause = 'the mapping accepts no record of the sample';
  const cure = `./hub connector preview ${config.id} shows why; ./hub connector discover ${config.id} drafts the mapping`;
  return { accepted, reasons, fault: { kind: 'configuration', code: 'mapping-refuses-all', cause, cure } };
}

/** The source's fields that a mapping names, those inside of others and of lists left out. */
function namedFields({ record, status }: StreamConfig): string[] {
  const fields = Object.values(record.fields).flatMap((rule) =>
    typeof rule === 'string' ? [rule] : (rule?.from ?? []),
  );
  const inList = typeof record.holders === 'string' ? ['holderName', 'holderCode', 'holderCodeType'] : [];
  const ofHolders = inList.flatMap((name) => record.fields[name as 'holderName'] ?? []);
  return [record.key, record.updatedAt, status.field, ...fields]
    .filter((field) => field !== undefined)
    .filter((field) => !field.includes('.') && !ofHolders.includes(field));
}

/** How to mend what a source failed with; anything that is no fault of its is thrown. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof HubError)) throw error;
  return { kind: error.kind, code: error.code, cause: error.message, cure: error.cure ?? 'look at the log' };
}

/** A record as it came, and what the mapping makes of it. */
export interface Previewed {
  raw: unknown;
  mapped: unknown;
  rejected: Problem[] | null;
}

/** What the mapping makes of every record of a page. */
export function mapPage(open: OpenStream, page: Page): Previewed[] {
  const { rows, outcomes, deleted } = open.map(page, { readAt: shanghaiInstant(Date.now()) });
  const accepted = (JSON.parse(rows.toJson().toString('utf8')) as { key: string }[]).values();
  const gone = new Set(deleted.map(({ key }) => key));
  return page.records.map((raw, index) => {
    const rejected = outcomes[index] ?? null;
    if (rejected) return { raw, mapped: null, rejected };
    const key = open.keyOf(raw);
    if (key !== null && gone.has(key)) return { raw, mapped: { key, status: 'deleted' }, rejected };
    return { raw, mapped: accepted.next().value, rejected };
  });
}

/** A previewed record without what is personal in it. */
export const maskedPreview = ({ raw, mapped: made, rejected }: Previewed): Previewed => ({
  ...{ raw: maskAll(raw), mapped: maskAll(made) },
  rejected: rejected?.map(({ rule, field }) => ({ rule, field })) ?? null,
});

/** The window of a preview; for a source of batches the next batch, which nothing has taken yet. */
export async function windowToPreview({ source, config }: OpenStream, fromMs: number, toMs: number): Promise<Window> {
  if (!source.nextBatch) return timeWindow(fromMs, toMs);
  const next = await source.nextBatch(null, { upToMs: Date.now(), known: () => Promise.resolve(new Map()) });
  if (next.batch) return next.batch;
  throw configurationError(`${config.id} has no batch to look at now`, {
    code: 'no-batch',
    zh: '源端现在没有可看的批次,请等它交付后再试',
    cure: 'wait until the source has delivered something',
  });
}
