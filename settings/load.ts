import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, relative } from 'node:path';
import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { WorkingCalendar, withDaysBefore, withLocalDays, type YearTable } from '../domain/ledger/calendar.ts';
import { messageOf } from '../domain/errors.ts';
import { expectedInWords, expected, foundInstead, placed } from '../domain/faults/expected.ts';
import { fault } from '../domain/faults.ts';
import type { Said } from '../domain/said.ts';
import { calendarSchema } from './schemas/calendar.ts';
import { anyConnectorSchema, BUILT_IN_KINDS, type ConnectorConfig } from './schemas/connector.ts';
import { linePlace, parseYaml } from './diagnostics.ts';
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
  const faults: Said[] = [];
  const digest = createHash('sha256');

  const textOf = (file: string): string | null => {
    try {
      const text = readFileSync(file, 'utf8');
      digest.update(file).update(text);
      return text;
    } catch (error) {
      const why = messageOf(error);
      faults.push(
        placed(linePlace(shownFile(file), 1), {
          zh: `无法读取（${why}）；请建立该文件，或用 --config 换一个目录`,
          en: `${why}; create the file or choose another folder with --config`,
        }),
      );
      return null;
    }
  };
  const read = <S extends z.ZodType>(
    file: string,
    schemaOf: (data: unknown) => S,
    prepare?: (data: unknown) => unknown,
  ): z.output<S> | null => {
    const text = textOf(file);
    if (text === null) return null;
    const parsed = parseYaml(shownFile(file), text, schemaOf, prepare);
    faults.push(...parsed.faults);
    return parsed.value;
  };

  const settings = read(join(choice.folder, 'hub.yaml'), () => hubSchema);
  const profiles = yamlFiles(join(choice.folder, 'jurisdictions'));
  const id = choice.jurisdiction ?? settings?.jurisdiction;
  const profile = profiles.find((file) => idOf(file) === id);
  let jurisdiction: Jurisdiction | null = null;
  if (profile !== undefined) jurisdiction = read(profile, () => jurisdictionSchema);
  else if (id !== undefined) {
    const known = profiles.map(idOf);
    faults.push(
      placed(
        linePlace(shownFile(join(choice.folder, 'hub.yaml')), 1, 'jurisdiction'),
        unknownName(id, known, { zh: '请在 jurisdictions/ 中添加', en: 'add a profile to jurisdictions/' }),
      ),
    );
  }

  const tables = new Map<number, YearTable>();
  for (const file of yamlFiles(join(choice.folder, 'calendars'))) {
    const table = read(file, () => calendarSchema);
    if (!table) continue;
    if (tables.has(table.year))
      faults.push(
        placed(linePlace(shownFile(file), 1, 'year'), {
          zh: `又有 ${table.year} 年，每年只应有一份日历`,
          en: `found ${table.year} again, expected one table for each year`,
        }),
      );
    tables.set(table.year, table);
  }

  const ownKinds = new Map<string, OwnKind>();
  for (const file of filesOf(join(choice.folder, 'connectors/kinds'), /\.ts$/)) {
    if (textOf(file) === null) continue;
    const kind = loadKind(file);
    if ('zh' in kind) faults.push(placed(linePlace(shownFile(file), 1), kind));
    else ownKinds.set(kind.kind, kind);
  }
  const templates = join(choice.folder, 'connectors/templates');
  const complete =
    (place: string) =>
    (data: unknown): unknown =>
      withDefaults(data, (name) => {
        const file = yamlFiles(templates).find((candidate) => idOf(candidate) === name);
        if (file !== undefined) return read(file, () => z.unknown());
        const known = yamlFiles(templates).map(idOf);
        const cure = { zh: '请添加到 connectors/templates/', en: 'add it to connectors/templates/' };
        faults.push(placed(linePlace(place, 1, 'template'), unknownName(name, known, cure)));
        return {};
      });
  const schemaOf = (data: unknown): z.ZodType => {
    const kind = isMap(data) && typeof data.kind === 'string' ? data.kind : '';
    if (Object.hasOwn(BUILT_IN_KINDS, kind)) return BUILT_IN_KINDS[kind as keyof typeof BUILT_IN_KINDS];
    return ownKinds.get(kind)?.spec ?? anyConnectorSchema;
  };

  const connectors: ConnectorConfig[] = [];
  const places = new Map<string, string>();
  for (const file of yamlFiles(join(choice.folder, choice.demo ? 'connectors/demo' : 'connectors'))) {
    const connector = read(file, schemaOf, complete(shownFile(file))) as ConnectorConfig | null;
    if (!connector) continue;
    connectors.push({ ...connector, id: idOf(file) });
    for (const [index, { id: stream }] of connector.streams.entries()) {
      const place = `${shownFile(file)}:1:streams[${index}].id`;
      const earlier = places.get(stream);
      if (earlier !== undefined)
        faults.push(
          placed(place, {
            zh: `“${stream}”重复，应为不重复的标识；${earlier} 已使用`,
            en: `found “${stream}” again, expected an id of its own; ${earlier} has it`,
          }),
        );
      places.set(stream, place);
    }
  }

  const sms = settings?.reminders.sms?.target;
  const targets = connectors.flatMap(({ outbound = [] }) => outbound.map((target) => target.id));
  if (sms !== undefined && !targets.includes(sms))
    faults.push(
      placed(linePlace(shownFile(join(choice.folder, 'hub.yaml')), 1, 'reminders.sms.target'), {
        zh: `现为“${sms}”，应为 ${targets.join('、') || '（没有）'} 之一；请添加到某个连接器的 outbound`,
        en: `found “${sms}”, expected one of ${targets.join(', ') || '(none)'}; add it to outbound of a connector`,
      }),
    );
  const reminder = jurisdiction?.expiry?.target;
  if (reminder !== undefined && profile !== undefined && !targets.includes(reminder)) {
    const known =
      targets.length > 0
        ? expectedInWords(expected('one-of', { among: targets }))
        : { zh: '某个连接器的发送目标', en: 'an outbound target of a connector' };
    const cure = { zh: '请修改或去掉', en: 'change or remove it' };
    faults.push(placed(linePlace(shownFile(profile), 1, 'expiry.target'), foundInstead(`“${reminder}”`, known, cure)));
  }

  if (faults.length > 0 || !settings || !jurisdiction || id === undefined) {
    throw fault('config-invalid', { lines: faults });
  }
  if (choice.demo) settings.temporal.taskQueue += '-demo';
  return {
    settings,
    jurisdiction: { ...jurisdiction, id },
    connectors,
    ownKinds,
    ...calendarOf([...tables.values()], jurisdiction),
    fingerprint: digest.digest('hex'),
    choice,
  };
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

const shownFile = (file: string): string => relative(process.cwd(), file) || file;
const yamlFiles = (folder: string): string[] => filesOf(folder, /\.ya?ml$/);

function filesOf(folder: string, name: RegExp): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((candidate) => name.test(candidate))
    .sort()
    .map((candidate) => join(folder, candidate));
}

const idOf = (file: string): string => basename(file).replace(/\.ya?ml$/, '');

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
