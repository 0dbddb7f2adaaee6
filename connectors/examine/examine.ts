import { closest } from 'fastest-levenshtein';
import type { HubConfig } from '../../settings/load.ts';
import { cutOffOf } from '../../settings/load.ts';
import { dailyRule } from '../../settings/schemas/jurisdiction.ts';
import type { StreamConfig } from '../../settings/kinds/stream.ts';
import { DAY_MS, shanghaiInstant } from '../../domain/dates.ts';
import { HubError } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import { DRIFT_ACTIONS } from '../../domain/streams.ts';
import type { Said } from '../../domain/said.ts';
import type { Problem, RuleId } from '../../domain/library/validation.ts';
import { timeWindow, type BatchWindow, type Window } from '../../domain/collection/window.ts';
import { FROM_THE_START, type BatchSource, type CheckReport, type Page } from '../contract.ts';
import { describeFields, maskAll } from './discover.ts';
import type { OpenStream } from '../registry.ts';
import { outsideOf, requireInside } from './suite.ts';

/** What is said of one side of a stream. */
export interface Explained {
  title: Said;
  lines: Said[];
}

/** What a stream does, in words, by what its configuration says. */
export function explainStream(config: HubConfig, { config: stream, connector, source }: OpenStream): Explained[] {
  const { id: rule, article } = dailyRule(config.jurisdiction);
  const { due } = config.jurisdiction.daily;
  const daily = stream.delivery === 'daily';
  const { record, status, rejects, contract } = stream;
  const fields = Object.entries(record.fields).flatMap(([field, from]) =>
    from === undefined ? [] : [`${field} ← ${typeof from === 'string' ? from : JSON.stringify(from)}`],
  );
  const [lag, back, every] = [shownMs(stream.lag), shownMs(stream.lookback), shownMs(config.settings.returnEvery)];
  const cutOff = cutOffOf(config, stream.id);
  const [share, most] = [String(Math.round(rejects.share * 100)), rejects.most];
  const { added, missing, retyped } = contract;
  const when: Said =
    stream.delivery === 'stock'
      ? { zh: '由 ./hub stock run 启动', en: 'when ./hub stock run says so' }
      : daily
        ? {
            zh: `每天 ${cutOff}，依据 ${rule} ${article}，${due} 前完成；午夜前后各再核一次`,
            en: `each day at ${cutOff}, for ${rule} ${article}, due by ${due}; once more before midnight and after it`,
          }
        : { zh: `每 ${every} 一次`, en: `every ${every}` };
  return [
    { title: { zh: '向源端请求什么', en: 'what is asked' }, lines: source.explain() },
    {
      title: { zh: '何时归集', en: 'when' },
      lines: [
        when,
        ...(stream.since === undefined ? [] : [{ zh: `自 ${stream.since} 起`, en: `from ${stream.since} on` }]),
        {
          zh: `不读最近 ${lag} 内的数据；每次重新比对近 ${back} 的计数`,
          en: `leaves out what is younger than ${lag}, and compares the counts of the last ${back} again`,
        },
        ...(connector.hours === undefined
          ? []
          : [{ zh: `仅在 ${connector.hours} 之间`, en: `only between ${connector.hours}` }]),
        ...connector.maintenance.map(({ from, to }) => ({
          zh: `${from} 至 ${to} 维护，不读`,
          en: `not between ${from} and ${to}`,
        })),
      ],
    },
    {
      title: { zh: '字段映射', en: 'mapping' },
      lines: [
        same(`key ← ${record.key}${record.updatedAt === undefined ? '' : `, updatedAt ← ${record.updatedAt}`}`),
        ...(fields.length > 0 ? [same(fields.join(', '))] : []),
        {
          zh: '与 GB/T 36903 同名的字段无须列出；其余字段原样保留（照面扩展）',
          en: 'fields with names of GB/T 36903 need no entry; all others are kept as they are (照面扩展)',
        },
        status.field === undefined
          ? { zh: '每条记录均视为有效', en: 'every record is valid' }
          : valuesInWords('status', status.field, status.values),
        ...status.marks.map(({ field, values }) => valuesInWords('marks', field, values)),
        ...(status.events ? [valuesInWords('events', status.events.field, status.events.values)] : []),
      ],
    },
    {
      title: { zh: '保护措施', en: 'safeguards' },
      lines: [
        {
          zh: `不合格超过 ${share}%${most === undefined ? '' : ` 或 ${most} 条`}即停止`,
          en: `stops when more than ${share} %${most === undefined ? '' : ` or ${most}`} of the records are rejected`,
        },
        {
          zh: `新增字段：${DRIFT_ACTIONS[added].zh}；缺少字段：${DRIFT_ACTIONS[missing].zh}；类型改变：${DRIFT_ACTIONS[retyped].zh}`,
          en: `fields that are new: ${added}; missing: ${missing}; of another type: ${retyped}`,
        },
        {
          zh: `映射样例 ${stream.examples.length} 个`,
          en: `${stream.examples.length} example(s) of the mapping`,
        },
      ],
    },
  ];
}

const same = (text: string): Said => ({ zh: text, en: text });

type EventTarget = NonNullable<StreamConfig['status']['events']>['values'][string];
type Target = string | string[] | EventTarget;

function valuesInWords(what: string, field: string, values: Readonly<Record<string, Target>>): Said {
  const map = Object.entries(values)
    .map(([from, to]) => `${from} → ${targetInWords(to)}`)
    .join(', ');
  return {
    zh: `${what} ← ${field}：${map}；其他取值视为不合格`,
    en: `${what} ← ${field}: ${map}; any other value rejects the record`,
  };
}

/** A status, marks that hold, or marks that begin and end. */
function targetInWords(target: Target): string {
  if (typeof target === 'string') return target;
  if (Array.isArray(target)) return target.join(' + ');
  const { begins, ends } = target;
  return [...begins.map((mark) => `begins ${mark}`), ...ends.map((mark) => `ends ${mark}`)].join(', ') || '—';
}

const DURATIONS = new Set(['lag', 'slice', 'lookback', 'timeout', 'longestAnswer', 'longestWait']);

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
    ['d', DAY_MS],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const)
    if (ms >= length && ms % length === 0) return `${ms / length}${unit}`;
  return `${ms}ms`;
}

/** What a source failed with; its code names it in `domain/faults.ts`. */
export interface SourceFault {
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
  refused: { rule: RuleId; field: string; records: number }[];
  /** Fields that the mapping names and the records do not have, with the one that is meant. */
  absent: { field: string; nearest: string }[];
  fault: SourceFault | null;
}

/** Really asks a source for a page and a count, and maps a sample of its records; what keeps it from that is told. */
export async function checkStream(open: OpenStream): Promise<Checked> {
  try {
    const report = await open.source.check();
    const looked = { report, ...mapped(open, await open.source.sample()) };
    return looked.fault ? looked : { ...looked, fault: await outsideLastDay(open) };
  } catch (error) {
    return { report: null, accepted: null, refused: [], absent: [], fault: faultOf(error) };
  }
}

/** The fault of a source whose first page of the last day holds records of other times. */
async function outsideLastDay({ source, config, map, keyOf }: OpenStream): Promise<SourceFault | null> {
  if (source.by !== 'windows') return null;
  const nowMs = Date.now();
  const window = timeWindow(nowMs - DAY_MS, nowMs);
  try {
    for await (const page of source.read(window, FROM_THE_START, new AbortController().signal)) {
      requireInside(config.id, window, outsideOf({ map, keyOf }, window, [page]));
      break;
    }
    return null;
  } catch (error) {
    return faultOf(error);
  }
}

/** What becomes of a sample; a mapping that accepts nothing of it is a fault, and says which names are not there. */
function mapped(
  { map, config }: OpenStream,
  records: unknown[],
): Pick<Checked, 'accepted' | 'refused' | 'absent' | 'fault'> {
  if (records.length === 0) return { accepted: null, refused: [], absent: [], fault: null };
  const { outcomes } = map({ records, undecodable: new Map() }, { readAt: shanghaiInstant(Date.now()) });
  const problems = outcomes.flatMap((found) => found ?? []);
  const refused = [...Map.groupBy(problems, ({ rule, field }) => `${rule} ${field}`).values()]
    .flatMap(([first, ...others]) =>
      first ? [{ rule: first.rule, field: first.field, records: others.length + 1 }] : [],
    )
    .sort((a, b) => b.records - a.records)
    .slice(0, 5);
  const accepted = { records: outcomes.filter((found) => found === null).length, of: records.length };
  const known = describeFields(records).map(({ field }) => field);
  const absent = namedFields(config)
    .filter((field) => !known.includes(field))
    .map((field) => ({ field, nearest: closest(field, known) }));
  if (accepted.records > 0) return { accepted, refused, absent, fault: null };
  return { accepted, refused, absent, fault: faultOf(fault('mapping-refuses-all')) };
}

/** The source's fields that a mapping names, those inside of others and of lists left out. */
function namedFields({ record, status }: StreamConfig): string[] {
  const fields = Object.values(record.fields).flatMap((rule) =>
    typeof rule === 'string' ? [rule] : (rule?.from ?? []),
  );
  const inList = typeof record.holders === 'string' ? ['holderName', 'holderCode', 'holderCodeType'] : [];
  const ofHolders = inList.flatMap((name) => record.fields[name as 'holderName'] ?? []);
  const telling = [status.field, ...status.marks.map(({ field }) => field), status.events?.field];
  return [record.key, record.updatedAt, ...telling, ...fields]
    .filter((field) => field !== undefined)
    .filter((field) => !field.includes('.') && !ofHolders.includes(field));
}

/** How to mend what a source failed with; anything that is no fault of its is thrown. */
export function faultOf(error: unknown): SourceFault {
  if (!(error instanceof HubError)) throw error;
  return { kind: error.kind, code: error.code, cause: error.message, cure: error.cure?.en ?? 'look at the log' };
}

/** A record as it came, and what the mapping makes of it. */
export interface Previewed {
  raw: unknown;
  mapped: unknown;
  rejected: Problem[] | null;
}

/** What the mapping makes of every record of a page. */
export function mapSample(open: OpenStream, page: Page): Previewed[] {
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
  raw: maskAll(raw),
  mapped: maskAll(made),
  rejected: rejected?.map(({ rule, field }) => ({ rule, field })) ?? null,
});

/** The window of a preview; for a source of batches the next batch, which nothing has taken yet. */
export async function windowToPreview({ source, config }: OpenStream, fromMs: number, toMs: number): Promise<Window> {
  return source.by === 'windows' ? timeWindow(fromMs, toMs) : batchToPreview(source, config);
}

/** The next batch of a source that nothing has taken anything of yet. */
export async function batchToPreview(source: BatchSource, { id }: Pick<StreamConfig, 'id'>): Promise<BatchWindow> {
  const next = await source.nextBatch(null, { upToMs: Date.now(), known: () => Promise.resolve(new Map()) });
  if (next.batch) return next.batch;
  const [unreadable] = next.unreadable ?? [];
  if (unreadable) throw unreadable.fault;
  throw fault('no-batch', { stream: id });
}
