import { createRequire } from 'node:module';
import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { WorkingCalendar, withDaysBefore, withLocalDays, type YearTable } from '../domain/ledger/calendar.ts';
import { messageOf } from '../domain/errors.ts';
import { expectedInWords, expected, foundInstead, placed } from '../domain/faults/expected.ts';
import { fault } from '../domain/faults.ts';
import type { FaultyFile } from '../domain/faulty-file.ts';
import type { Said } from '../domain/said.ts';
import { calendarSchema } from './schemas/calendar.ts';
import { anyConnectorSchema, BUILT_IN_KINDS, type ConnectorConfig } from './schemas/connector.ts';
import { linePlace } from './diagnostics.ts';
import { ConfigFiles, idOf, type FileVersions, type Prepare } from './files.ts';
import { hubSchema, type HubSettings } from './schemas/hub.ts';
import { jurisdictionSchema, type Jurisdiction } from './schemas/jurisdiction.ts';
import type { StreamConfig } from './kinds/stream.ts';

/** The whole configuration of one hub, read and checked. */
export interface HubConfig {
  settings: HubSettings;
  jurisdiction: Jurisdiction & { id: string };
  connectors: ConnectorConfig[];
  /** Kinds of the city's own, by name; what they can do is the business of connectors/. */
  ownKinds: Map<string, OwnKind>;
  /** The tables of calendars/ as they were published, one a year. */
  publishedTables: YearTable[];
  /** Working days of each of these years, with what the next year's notice sets of it and the city's own days. */
  calendar: WorkingCalendar;
  calendarTables: YearTable[];
  /** Changes whenever any file changes. */
  fingerprint: string;
  /** Where it was read from. */
  choice: ConfigChoice;
  /** Of each file the version that is in force, for the day on which it is faulty. */
  versions: FileVersions;
  /** Files that are not taken over as they stand. */
  faulty: readonly FaultyFile[];
}

/** A kind of connector that `connectors/kinds/` defines. */
export interface OwnKind {
  kind: string;
  spec: z.ZodType;
  /** What its streams can be asked for; the rest is the connectors' business. */
  capabilities: (stream: StreamConfig) => unknown;
}

/** What a command line may say over the files. */
export interface ConfigChoice {
  /** Folder that holds hub.yaml, jurisdictions/ and connectors/. */
  folder: string;
  /** Take the connectors of the simulated departments, connectors/demo/, and a task queue of their own. */
  demo: boolean;
  /** A profile other than the one that hub.yaml names. */
  jurisdiction?: string | undefined;
}

/**
 * Reads `hub.yaml`, the jurisdiction's profile and every connector.
 * Throws one configuration error that lists every fault of every file, a line each.
 */
export function loadConfig(choice: ConfigChoice): HubConfig {
  const config = loadValid(choice, new Map());
  requireFaultless(config.faulty);
  return config;
}

/** Throws one configuration error that lists every fault of some files, a line each; nothing where there are none. */
export function requireFaultless(faulty: readonly FaultyFile[]): void {
  if (faulty.length > 0) throw fault('config-invalid', { lines: faulty.flatMap(({ faults }) => faults) });
}

/**
 * As {@link loadConfig}, but a faulty file costs nothing beside itself: what it is for goes on by the version of it in
 * `before`, where it was last valid, and is left out where there is none. Throws where that would leave no `hub.yaml`, no
 * profile or, while nothing is known of before, no calendar.
 */
export function loadValid(choice: ConfigChoice, before: FileVersions): HubConfig {
  const files = new ConfigFiles(choice.folder, before);
  const ownKinds = ownKindsOf(files);
  const connectors = connectorsOf(files, choice.demo ? 'connectors/demo' : 'connectors', ownKinds);
  const targets = connectors.flatMap(({ outbound = [] }) => outbound.map((target) => target.id));
  const profileOf = profilesOf(files, targets);
  const idIn = (settings: HubSettings): string => choice.jurisdiction ?? settings.jurisdiction;
  const settings = files.read('hub.yaml', {
    schemaOf: () => hubSchema,
    check: (found) => [...unknownTarget(files, found, targets), ...profileOf(idIn(found)).faults],
    otherwise: 'as it stands',
  });
  const jurisdiction = settings && profileOf(idIn(settings)).profile;
  const tables = calendarsOf(files);
  const uncounted = before.size === 0 && files.faulty.some(({ file }) => file.startsWith('calendars/'));
  if (uncounted || !settings || !jurisdiction) {
    requireFaultless(files.faulty);
    throw new Error('a configuration without hub.yaml or profile has a fault');
  }
  if (choice.demo) settings.temporal.taskQueue += '-demo';
  return {
    settings,
    jurisdiction: { ...jurisdiction, id: idIn(settings) },
    connectors,
    ownKinds,
    ...calendarOf(tables, jurisdiction),
    fingerprint: files.fingerprint(),
    choice,
    versions: files.versions,
    faulty: files.faulty,
  };
}

function ownKindsOf(files: ConfigFiles): Map<string, OwnKind> {
  const kinds = new Map<string, OwnKind>();
  for (const file of files.list('connectors/kinds', /\.ts$/)) {
    const text = files.text(file);
    const kind = typeof text === 'string' ? loadKind(files.path(file)) : text;
    if (!('zh' in kind)) kinds.set(kind.kind, kind);
    else files.note(file, [kind === text ? kind : placed(linePlace(files.shown(file), 1), kind)], 'left out');
  }
  return kinds;
}

function connectorsOf(files: ConfigFiles, folder: string, ownKinds: ReadonlyMap<string, OwnKind>): ConnectorConfig[] {
  const schemaOf = (data: unknown): z.ZodType<ConnectorConfig> => {
    const kind = isMap(data) && typeof data.kind === 'string' ? data.kind : '';
    const schema = Object.hasOwn(BUILT_IN_KINDS, kind)
      ? BUILT_IN_KINDS[kind as keyof typeof BUILT_IN_KINDS]
      : (ownKinds.get(kind)?.spec ?? anyConnectorSchema);
    // What only its kind knows is the kind's business.
    return schema as unknown as z.ZodType<ConnectorConfig>;
  };
  const templates = files.list('connectors/templates');
  const prepared =
    (place: string): Prepare =>
    (data, tell) =>
      withDefaults(data, (name) => {
        const file = templates.find((candidate) => idOf(candidate) === name);
        if (file === undefined) {
          const cure = { zh: '请添加到 connectors/templates/', en: 'add it to connectors/templates/' };
          tell(placed(linePlace(place, 1, 'template'), unknownName(name, templates.map(idOf), cure)));
          return {};
        }
        const { value, faults } = files.parse(file, { schemaOf: () => z.unknown() });
        faults.forEach(tell);
        return value;
      });
  const places = new Map<string, string>();
  const claim = (place: string, { streams }: ConnectorConfig): Said[] => {
    const claimed = streams.map(({ id }, index) => ({ id, at: `${place}:1:streams[${index}].id` }));
    const faults = claimed.flatMap(({ id, at }, index) => {
      const earlier = places.get(id) ?? claimed.slice(0, index).find((other) => other.id === id)?.at;
      if (earlier === undefined) return [];
      return placed(at, {
        zh: `“${id}”重复，应为不重复的标识；${earlier} 已使用`,
        en: `found “${id}” again, expected an id of its own; ${earlier} has it`,
      });
    });
    if (faults.length === 0) for (const { id, at } of claimed) places.set(id, at);
    return faults;
  };
  const read = files.readAll<ConnectorConfig>(files.list(folder), (file) => ({
    schemaOf,
    prepare: prepared(files.shown(file)),
    check: (connector) => claim(files.shown(file), connector),
    otherwise: 'left out',
  }));
  return read.map(([file, connector]) => ({ ...connector, id: idOf(file) }));
}

/** That `hub.yaml` sends texts to what no connector has. */
function unknownTarget(files: ConfigFiles, { reminders }: HubSettings, targets: readonly string[]): Said[] {
  const { target } = reminders.sms ?? {};
  if (target === undefined || targets.includes(target)) return [];
  const fault = {
    zh: `现为“${target}”，应为 ${targets.join('、') || '（没有）'} 之一；请添加到某个连接器的 outbound`,
    en: `found “${target}”, expected one of ${targets.join(', ') || '(none)'}; add it to outbound of a connector`,
  };
  return [placed(linePlace(files.shown('hub.yaml'), 1, 'reminders.sms.target'), fault)];
}

/** The profiles by their ids, each read when it is first asked for; what is said of `hub.yaml` where it names none that holds. */
function profilesOf(
  files: ConfigFiles,
  targets: readonly string[],
): (id: string) => { profile: Jurisdiction | null; faults: Said[] } {
  const known = files.list('jurisdictions');
  const read = new Map<string, Jurisdiction | null>();
  return (id) => {
    const place = linePlace(files.shown('hub.yaml'), 1, 'jurisdiction');
    const file = known.find((candidate) => idOf(candidate) === id);
    if (file === undefined) {
      const cure = { zh: '请在 jurisdictions/ 中添加', en: 'add a profile to jurisdictions/' };
      return { profile: null, faults: [placed(place, unknownName(id, known.map(idOf), cure))] };
    }
    let profile = read.get(id);
    if (profile === undefined) {
      profile = files.read(file, {
        schemaOf: () => jurisdictionSchema,
        check: ({ expiry }) => unknownExpiryTarget(files.shown(file), expiry?.target, targets),
        otherwise: 'as it stands',
      });
      read.set(id, profile);
    }
    if (profile) return { profile, faults: [] };
    const faulty = { zh: `“${id}”的配置文件有误，请修正`, en: `the profile “${id}” is faulty; mend it` };
    return { profile, faults: [placed(place, faulty)] };
  };
}

/** That a profile has holders reminded by what no connector has. */
function unknownExpiryTarget(place: string, target: string | undefined, targets: readonly string[]): Said[] {
  if (target === undefined || targets.includes(target)) return [];
  const known =
    targets.length > 0
      ? expectedInWords(expected('one-of', { among: targets }))
      : { zh: '某个连接器的发送目标', en: 'an outbound target of a connector' };
  const cure = { zh: '请修改或去掉', en: 'change or remove it' };
  return [placed(linePlace(place, 1, 'expiry.target'), foundInstead(`“${target}”`, known, cure))];
}

function calendarsOf(files: ConfigFiles): YearTable[] {
  const years = new Set<number>();
  const read = files.readAll<YearTable>(files.list('calendars'), (file) => ({
    schemaOf: () => calendarSchema,
    check: ({ year }) => {
      if (!years.has(year)) return (years.add(year), []);
      const again = {
        zh: `又有 ${year} 年，每年只应有一份日历`,
        en: `found ${year} again, expected one table for each year`,
      };
      return [placed(linePlace(files.shown(file), 1, 'year'), again)];
    },
    otherwise: 'left out',
  }));
  return read.map(([, table]) => table);
}

/** That a file of some name is not among those that there are. */
function unknownName(name: string, known: readonly string[], add: Said): Said {
  const nearest = known.length === 0 ? null : closest(name, known);
  return {
    zh: `现为“${name}”，应为 ${known.join('、')} 之一；${nearest === null ? add.zh : `是否为“${nearest}”？`}`,
    en: `found “${name}”, expected one of ${known.join(', ')}; ${nearest === null ? add.en : `did you mean “${nearest}”?`}`,
  };
}

/** What a city counts working days by, from the tables that were published. */
export function calendarOf(
  publishedTables: YearTable[],
  { localDays }: Pick<Jurisdiction, 'localDays'>,
): Pick<HubConfig, 'publishedTables' | 'calendar' | 'calendarTables'> {
  const calendarTables = withLocalDays(withDaysBefore(publishedTables), localDays);
  return { publishedTables, calendarTables, calendar: new WorkingCalendar(calendarTables) };
}

type Json = Record<string, unknown>;
const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Completes a connector: first from the template that it names, which it can overrule, then each stream from the
 * connector's `defaults`.
 */
function withDefaults(data: unknown, template: (name: string) => unknown): unknown {
  if (!isMap(data)) return data;
  let result = data;
  if (typeof data.template === 'string') {
    const { template: name, ...own } = data;
    const found = template(name);
    if (isMap(found)) result = merge(found, own);
  }
  if (!isMap(result.defaults) || !Array.isArray(result.streams)) return result;
  const { defaults, ...rest } = result;
  return {
    ...rest,
    streams: result.streams.map((stream: unknown) => (isMap(stream) ? merge(defaults, stream) : stream)),
  };
}

/** `over` wins; maps are merged key by key, lists are not. */
function merge(under: Json, over: Json): Json {
  const result: Json = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = under[key];
    result[key] = isMap(below) && isMap(value) ? merge(below, value) : value;
  }
  return result;
}

const DEFINITION = 'export default defineConnector({ kind, spec, capabilities, open })';
const DEFINED: Said = {
  zh: `${DEFINITION}，见 docs/connectors/own-kinds.md`,
  en: `${DEFINITION}; see docs/connectors/own-kinds.md`,
};

/** A kind of the city's own; what is wrong with the file, where something is. */
function loadKind(file: string): OwnKind | Said {
  try {
    const { default: kind } = createRequire(import.meta.url)(file) as { default?: Partial<OwnKind> };
    if (typeof kind?.kind !== 'string' || !(kind.spec instanceof z.ZodType))
      return { zh: `没有连接器，应为 ${DEFINED.zh}`, en: `found no connector, expected ${DEFINED.en}` };
    if (typeof kind.capabilities !== 'function')
      return { zh: `没有 capabilities，应为 ${DEFINED.zh}`, en: `found no capabilities, expected ${DEFINED.en}` };
    if (Object.hasOwn(BUILT_IN_KINDS, kind.kind))
      return {
        zh: `“${kind.kind}”是枢纽自带的种类，请另取名称`,
        en: `found the kind “${kind.kind}”, which the hub has itself; choose another name`,
      };
    return kind as OwnKind;
  } catch (error) {
    const why = messageOf(error);
    return { zh: `无法加载（${why}）；请修正该文件`, en: `cannot be loaded: ${why}; mend the file` };
  }
}

/** A stream with the connector that it belongs to. */
export interface ConfiguredStream {
  connector: ConnectorConfig;
  stream: StreamConfig;
}

/** When a stream's day is over, in this jurisdiction. */
export const cutOffOf = ({ jurisdiction }: Pick<HubConfig, 'jurisdiction'>, stream: string): string =>
  jurisdiction.daily.streams[stream]?.cutOff ?? jurisdiction.daily.cutOff;

/** Finds a stream and the connector that it belongs to; throws a configuration error when there is none. */
export function findStream(config: HubConfig, id: string): ConfiguredStream {
  for (const connector of config.connectors) {
    const stream = connector.streams.find((candidate) => candidate.id === id);
    if (stream) return { connector, stream };
  }
  const known = config.connectors.flatMap((connector) => connector.streams.map((stream) => stream.id));
  throw fault('stream-unknown', { streams: [id], nearest: known.length > 0 ? closest(id, known) : undefined });
}
