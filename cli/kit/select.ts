import { closest } from 'fastest-levenshtein';
import type { Command } from 'commander';
import { idOf } from '../../settings/files.ts';
import { requireFaultless, type ConfiguredStream, type HubConfig } from '../../settings/load.ts';
import { windowToPreview } from '../../connectors/examine/examine.ts';
import { openStream, type OpenStream } from '../../connectors/registry.ts';
import type { OpenOptions } from '../../connectors/contract.ts';
import { shanghaiDate, startOfDayMs, parseInstant, addDays } from '../../domain/dates.ts';
import { fault } from '../../domain/faults.ts';
import type { Window } from '../../domain/collection/window.ts';
import { provideDepartments } from './demo-departments.ts';
import { dataFolder, readConfig, withConfig, withData, type CommonOptions } from './options.ts';

export interface StreamOptions extends CommonOptions {
  json?: boolean;
  from?: string;
  to?: string;
}

/** Options of every command that looks at configured streams. */
export const withStreams = (command: Command): Command =>
  withData(withConfig(command)).option('--json', 'for programs');

/** Adds the choice of a window of time. */
export const withWindow = (command: Command): Command =>
  command
    .option('--from <time>', 'start of the window, Shanghai time (default: yesterday 00:00)')
    .option('--to <time>', 'its end (default: now)');

/** The configuration; with --demo, that of the demonstration which runs here. */
export function configOf(options: CommonOptions): HubConfig {
  const config = readConfig(options);
  if (options.demo) provideDepartments(dataFolder(options, true));
  return config;
}

/** The streams of that name, or of the connector of that name; all where none is given. Throws the faults of its file. */
export function selectStreams(config: HubConfig, name: string | undefined): ConfiguredStream[] {
  requireFaultless(config.faulty.filter(({ file }) => idOf(file) === name));
  const all = config.connectors.flatMap((connector) => connector.streams.map((stream) => ({ connector, stream })));
  const exact = all.filter(({ stream }) => stream.id === name);
  const found =
    name === undefined ? all : exact.length > 0 ? exact : all.filter(({ connector }) => connector.id === name);
  // One that lists or takes disputes alone has no streams.
  const alone = config.connectors.some(({ id, disputes }) => id === name && disputes !== undefined);
  if (found.length > 0 || alone) return found;
  // It may stand in one of these.
  requireFaultless(config.faulty);
  const names = all.flatMap(({ connector, stream }) => [connector.id, stream.id]);
  throw fault('selection-unknown', { name, nearest: names.length > 0 ? closest(name ?? '', names) : undefined });
}

/** The one stream of that name. */
function selectStream(config: HubConfig, name: string): ConfiguredStream {
  const [first, ...others] = selectStreams(config, name);
  if (first && others.length === 0) return first;
  if (!first) throw fault('no-streams', { connector: name });
  throw fault('stream-unchosen', { streams: [first, ...others].map(({ stream }) => stream.id) });
}

/** Opens a stream for some work, and ends its connections afterwards. */
export async function withStream<T>(
  config: HubConfig,
  { connector, stream }: ConfiguredStream,
  options: OpenOptions,
  work: (stream: OpenStream) => Promise<T>,
): Promise<T> {
  const open = openStream(config, connector, stream, options);
  try {
    return await work(open);
  } finally {
    await open.source.close?.();
  }
}

/** Opens the one stream of that name for some work. */
export function withNamedStream<T>(
  name: string,
  options: StreamOptions,
  opening: OpenOptions,
  work: (stream: OpenStream) => Promise<T>,
): Promise<T> {
  const config = configOf(options);
  return withStream(config, selectStream(config, name), opening, work);
}

/** The window that was chosen; for a source of batches the next batch, which nothing has taken yet. */
export function chosenWindow(open: OpenStream, options: StreamOptions): Promise<Window> {
  const [fromMs, toMs] = open.source.by === 'batches' ? [0, 0] : windowBounds(options);
  return windowToPreview(open, fromMs, toMs);
}

/** Reads an option that is a time, epoch milliseconds. */
export function instantOption(text: string, option: string): number {
  const instant = parseInstant(text);
  if (instant !== null) return Date.parse(instant);
  throw fault('time-invalid', { option, found: text });
}

/** Both ends of the chosen window, epoch milliseconds. */
export function windowBounds({ from, to }: StreamOptions): [fromMs: number, toMs: number] {
  const fromMs =
    from === undefined ? startOfDayMs(addDays(shanghaiDate(Date.now()), -1)) : instantOption(from, '--from');
  const toMs = to === undefined ? Date.now() : instantOption(to, '--to');
  if (fromMs < toMs) return [fromMs, toMs];
  throw fault('window-backwards');
}
