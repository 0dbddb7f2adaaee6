import { closest } from 'fastest-levenshtein';
import { stringify } from 'yaml';
import type { StreamConfig } from '../../config/stream-schema.ts';
import type { HubConfig } from '../../config/load.ts';
import type { CheckReport } from '../../connectors/contract.ts';
import { describeFields, draftMapping } from '../../connectors/discover.ts';
import type { OpenStream } from '../../connectors/registry.ts';
import { CHECKS } from '../../connectors/suite.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import { HubError, messageOf } from '../../domain/errors.ts';
import { describeWindow } from '../../domain/window.ts';
import { cutOffOf } from '../../temporal/schedules.ts';
import { table } from '../output.ts';
import { chosenWindow, configOf, selectStreams, withNamedStream, withStream, type StreamOptions } from './select.ts';

/** What `explain` says of one stream. */
export async function explainStreams(
  name: string | undefined,
  options: StreamOptions & { full?: boolean },
): Promise<void> {
  const config = configOf(options);
  const explained: unknown[] = [];
  for (const selected of selectStreams(config, name)) {
    const stream = selected.stream.id;
    await withStream(config, selected, {}, (open) => {
      const parts = explain(config, open);
      explained.push({ stream, ...parts, settings: open.config });
      if (options.json) return Promise.resolve();
      console.log(`${stream} · ${open.config.name ?? stream} · ${open.connector.name} (${open.connector.kind})`);
      for (const [head, lines] of Object.entries(parts)) {
        console.log(`  ${head}`);
        for (const line of lines) console.log(`    – ${line}`);
      }
      if (options.full) console.log(`  settings in force\n${indented(stringify(shownSettings(open.config)))}`);
      console.log('');
      return Promise.resolve();
    });
  }
  if (options.json) console.log(JSON.stringify(explained, null, 2));
}

function explain(config: HubConfig, { config: stream, connector, source }: OpenStream): Record<string, string[]> {
  const { rule, article, due } = config.jurisdiction.daily;
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
function shownSettings(settings: object): object {
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

const indented = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');

interface Checked {
  stream: string;
  connector: string;
  report: CheckReport | null;
  /** How many records of a sample the mapping accepts, of how many; null without a sample. */
  accepted: { records: number; of: number } | null;
  /** Why others are rejected, the most frequent reason first. */
  reasons: string[];
  fault: { kind: string; cause: string; cure: string } | null;
}

export async function checkStreams(name: string | undefined, options: StreamOptions): Promise<void> {
  const config = configOf(options);
  const checked: Checked[] = [];
  for (const selected of selectStreams(config, name)) {
    const [connector, stream] = [selected.connector.id, selected.stream.id];
    try {
      const checkedStream = await withStream(config, selected, {}, async (open) => {
        const report = await open.source.check();
        return { report, ...mapped(open, await open.source.sample()) };
      });
      checked.push({ stream, connector, ...checkedStream });
    } catch (error) {
      checked.push({ stream, connector, report: null, accepted: null, reasons: [], fault: faultOf(error) });
    }
  }
  if (checked.some(({ fault }) => fault)) process.exitCode = 1;
  if (options.json) return console.log(JSON.stringify(checked, null, 2));
  console.log(
    table(checked, [
      ['', ({ fault }) => (fault ? '✖' : '✔')],
      ['Stream', ({ stream }) => stream],
      ['On one page', ({ report }) => report?.records ?? '', 'right'],
      ['Counted', ({ report }) => report?.count ?? '', 'right'],
      [
        'Accepted of a sample',
        ({ accepted }) => (accepted ? `${String(accepted.records)} of ${String(accepted.of)}` : ''),
        'right',
      ],
      ['Clock', ({ report }) => (report ? `${(report.clockSkewMs / 1000).toFixed(1)} s` : ''), 'right'],
    ]),
  );
  for (const { stream, report, reasons, fault } of checked) {
    if (reasons.length > 0) console.log(`${stream}: rejected by ${reasons.join(', ')}`);
    for (const note of report?.notes ?? []) console.log(`${stream}: ${note}`);
    if (fault) console.log(`\n✖ ${stream} (${fault.kind})\n  cause  ${fault.cause}\n  cure   ${fault.cure}`);
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
  return { accepted, reasons, fault: { kind: 'configuration', cause, cure } };
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

function faultOf(error: unknown): { kind: string; cause: string; cure: string } {
  if (!(error instanceof HubError)) throw error;
  return { kind: error.kind, cause: error.message, cure: error.cure ?? 'look at the log' };
}

export async function discoverStream(name: string, options: StreamOptions): Promise<void> {
  await withNamedStream(name, options, {}, async ({ source, config }) => {
    const records = await source.sample();
    const fields = describeFields(records);
    const draft = draftMapping(fields, records);
    if (options.json) return console.log(JSON.stringify({ records: records.length, fields, draft }, null, 2));
    if (records.length === 0) return console.log(`${config.id}: the source has no records to look at`);
    console.log(`${String(records.length)} records of ${config.id}\n`);
    console.log(
      table(fields, [
        ['Field', ({ field }) => field],
        ['Type', ({ types }) => types.join(', ')],
        ['Filled', ({ filled }) => `${String(Math.round(filled * 100))} %`, 'right'],
        ['Different', ({ distinct }) => distinct, 'right'],
        ['For example', ({ sample }) => sample],
        ['Seems to be', ({ role, by }) => (role === null ? '' : `${role} (by ${by ?? ''})`)],
      ]),
    );
    console.log(`\nA draft for the stream; put the right words in place of ?\n\n${indented(stringify(draft))}`);
  });
}

export async function testStream(name: string, options: StreamOptions): Promise<void> {
  await withNamedStream(name, options, {}, async (open) => {
    const window = await chosenWindow(open, options);
    const subject = { ...open, window };
    const results: { check: string; result: 'held' | 'failed' | 'not asked'; fault?: string }[] = [];
    if (!options.json) console.log(`${open.config.id}, ${describeWindow(window)}; nothing is written\n`);
    for (const check of CHECKS) {
      let result: (typeof results)[number] = { check: check.name, result: 'held' };
      if (check.applies && !check.applies(subject)) result.result = 'not asked';
      else {
        try {
          await check.run(subject);
        } catch (error) {
          result = { check: check.name, result: 'failed', fault: messageOf(error) };
        }
      }
      results.push(result);
      if (options.json) continue;
      console.log(
        `${{ held: '✔', failed: '✖', 'not asked': '–' }[result.result]} ${check.name}${result.fault === undefined ? '' : `\n    ${result.fault}`}`,
      );
    }
    if (results.some(({ result }) => result === 'failed')) process.exitCode = 1;
    if (options.json) console.log(JSON.stringify({ window, results }, null, 2));
  });
}
