import { FROM_THE_START, type Exchange, type WindowSource } from '../../../connectors/contract.ts';
import { mask } from '../../../connectors/examine/discover.ts';
import { batchToPreview, mapSample, maskedPreview, type Previewed } from '../../../connectors/examine/examine.ts';
import { pagesOf } from '../../../connectors/reading.ts';
import type { StreamConfig } from '../../../settings/kinds/stream.ts';
import { HubError } from '../../../domain/errors.ts';
import { RULES, type Problem } from '../../../domain/library/validation.ts';
import {
  batchName,
  describeWindow,
  sliceWindow,
  timeWindow,
  type TimeWindow,
  type Window,
} from '../../../domain/collection/window.ts';
import { gaps } from '../../../store/collection/batches.ts';
import { getStream } from '../../../store/collection/streams.ts';
import { auditOperator } from '../../kit/clear.ts';
import { libraryAddress, withLibrary } from '../../kit/library.ts';
import { jsonText, print, printAsGiven, printJson, table, thousands } from '../../kit/output.ts';
import { windowBounds, chosenWindow, withNamedStream, type StreamOptions } from '../../kit/select.ts';

interface PreviewOptions extends StreamOptions {
  pages: number;
  unmasked?: boolean;
}

/** Records of a page that are shown, the rejected ones before the others. */
const SHOWN = 5;

/** Reads and maps a few pages, and writes nothing. */
export async function previewStream(name: string, options: PreviewOptions): Promise<void> {
  let exchanges: Exchange[] = [];
  const trace = (exchange: Exchange): void => void exchanges.push(exchange);
  await withNamedStream(name, options, { trace }, async (open) => {
    const window = await chosenWindow(open, options);
    exchanges = [];
    const pages: unknown[] = [];
    const print = await previewPrinter(name, options);
    if (!options.json) print(`${open.config.id}，${describeWindow(window)}，不写库。 Nothing is written`);
    for await (const page of pagesOf(open.source, window, FROM_THE_START, new AbortController().signal)) {
      const mapped = mapSample(open, page);
      const shown = {
        page: page.number,
        records: page.records.length,
        total: page.total,
        ...counts(mapped),
        exchanges,
      };
      exchanges = [];
      pages.push({ ...shown, rows: mapped.map((row) => hidden(row, options)) });
      if (!options.json) printPage(shown, mapped, options, print);
      if (pages.length === options.pages) break;
    }
    if (options.json) print(jsonText({ window, pages: maskedExchanges(pages, options) }));
  });
}

/** Whoever previews in clear is written down, where there is a hub with an audit. */
async function previewPrinter(name: string, options: PreviewOptions): Promise<(text: string) => void> {
  if (!options.unmasked) return print;
  const look = { action: 'streams:read', object: `stream/${name}`, detail: { did: 'preview', masked: false } };
  if ((await libraryAddress(options)) !== null) await withLibrary(options, (db) => auditOperator(db, look));
  return printAsGiven;
}

const counts = (rows: Previewed[]): { accepted: number; rejected: number } => {
  const rejected = rows.filter((row) => row.rejected).length;
  return { accepted: rows.length - rejected, rejected };
};

const hidden = (row: Previewed, { unmasked }: PreviewOptions): Previewed => (unmasked ? row : maskedPreview(row));

function maskedExchanges(pages: unknown[], { unmasked }: PreviewOptions): unknown[] {
  if (unmasked) return pages;
  return pages.map((page) => ({
    ...(page as object),
    exchanges: (page as { exchanges: Exchange[] }).exchanges.map(({ request, response }) => ({
      request,
      response: maskedText(response),
    })),
  }));
}

/** The texts of an answer, masked where they stand. */
const maskedText = (text: string): string =>
  text.replace(/(?<=[:[,]\s*)"((?:[^"\\]|\\.)*)"/g, (_, value: string) => `"${mask(value)}"`);

function printPage(
  page: { page: number; records: number; accepted: number; rejected: number; exchanges: Exchange[] },
  rows: Previewed[],
  options: PreviewOptions,
  print: (text: string) => void,
): void {
  print(
    `\n第 ${page.page + 1} 页：${page.records} 条，接受 ${page.accepted}，拒收 ${page.rejected}。 Page ${page.page + 1}: ${page.records} records, ${page.accepted} accepted, ${page.rejected} rejected`,
  );
  for (const { request, response } of page.exchanges) {
    print(`  → ${request.split('\n').join('\n    ')}`);
    print(`  ← ${(options.unmasked ? response : maskedText(response)).slice(0, 600).split('\n').join('\n    ')}`);
  }
  const chosen = [
    ...rows.filter(({ rejected }) => rejected).slice(0, SHOWN),
    ...rows.filter(({ rejected }) => !rejected).slice(0, 2),
  ];
  print(
    table(
      chosen.map((row) => ({ ...hidden(row, options), why: row.rejected })),
      [
        ['', ({ why }) => (why ? '✖' : '✔')],
        ['原样', ({ raw }) => wrapped(raw)],
        ['映射结果，或拒收原因', ({ mapped, why }) => (why ? reasons(why, options) : wrapped(mapped))],
      ],
    ),
  );
}

const reasons = (problems: Problem[], { unmasked }: PreviewOptions): string =>
  problems
    .map(
      ({ rule, field, found }) =>
        `${field} ${RULES[rule].zh}（${rule}）${unmasked && found !== undefined ? `\n${found}` : ''}`,
    )
    .join('\n');

/** A record in lines of one field each. */
function wrapped(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return Object.entries(value)
    .filter(([, item]) => item !== null && item !== '')
    .map(([key, item]) => `${key}: ${(typeof item === 'string' ? item : JSON.stringify(item)).slice(0, 50)}`)
    .join('\n');
}

/** What a run would read: what a running hub lacks, or the chosen window. */
export async function planStream(name: string, options: StreamOptions): Promise<void> {
  await withNamedStream(name, options, {}, async ({ source, config }) => {
    const windows: { window: Window; records: number }[] = [];
    if (source.by === 'batches') {
      const window = await batchToPreview(source, config);
      windows.push({ window, records: window.declared });
    } else {
      for (const window of await windowsOf(source, config, options))
        windows.push({ window, records: await source.count(window) });
    }
    if (options.json) return printJson(windows);
    if (windows.length === 0) return print(`${config.id}：没有待读取的时段。 ${config.id}: nothing is left to read`);
    print(
      table(windows, [
        ['将读取', ({ window }) => (window.kind === 'batch' ? `批次 ${batchName(window)}` : describeWindow(window))],
        ['条数', ({ records }) => thousands(records), 'right'],
      ]),
    );
  });
}

async function windowsOf(source: WindowSource, config: StreamConfig, options: StreamOptions): Promise<TimeWindow[]> {
  if (options.from !== undefined || options.to !== undefined)
    return sliceWindow(timeWindow(...windowBounds(options)), config.slice);
  const readable = new Date((await source.clock()) - config.lag);
  const open = await withLibrary(options, async (db) => {
    const { id, collectFrom } = await getStream(db, config.id);
    return gaps(db, id, collectFrom, readable);
  }).catch((error: unknown) => {
    if (error instanceof HubError && error.code === 'no-database') return null;
    throw error;
  });
  // Without a running hub, everything since yesterday.
  const parts = open ?? [{ from: new Date(windowBounds(options)[0]), to: readable }];
  return parts.flatMap(({ from, to }) => sliceWindow(timeWindow(from.getTime(), to.getTime()), config.slice));
}
