import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { closest } from 'fastest-levenshtein';
import type { z } from 'zod';
import { configurationError, messageOf } from '../domain/errors.ts';
import { anyConnectorSchema, type ConnectorConfig, type StreamConfig } from './connector-schema.ts';
import { parseYaml } from './diagnostics.ts';
import { hubSchema, type HubSettings } from './hub-schema.ts';
import { jurisdictionSchema, type Jurisdiction } from './jurisdiction-schema.ts';

/** The whole configuration of one hub, read and checked. */
export interface HubConfig {
  settings: HubSettings;
  jurisdiction: Jurisdiction & { id: string };
  connectors: ConnectorConfig[];
  /** Changes whenever any file changes. */
  fingerprint: string;
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
  const faults: string[] = [];
  const digest = createHash('sha256');

  const read = <S extends z.ZodType>(file: string, schema: S): z.output<S> | null => {
    const shown = relative(process.cwd(), file) || file;
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      faults.push(`${shown}:1:: ${messageOf(error)}; create the file or choose another folder with --config`);
      return null;
    }
    digest.update(file).update(text);
    const parsed = parseYaml(shown, text, schema);
    faults.push(...parsed.faults);
    return parsed.value;
  };

  const settings = read(join(choice.folder, 'hub.yaml'), hubSchema);
  const profiles = yamlFiles(join(choice.folder, 'jurisdictions'));
  const id = choice.jurisdiction ?? settings?.jurisdiction;
  const profile = profiles.find((file) => idOf(file) === id);
  let jurisdiction: Jurisdiction | null = null;
  if (profile !== undefined) jurisdiction = read(profile, jurisdictionSchema);
  else if (id !== undefined) {
    const known = profiles.map(idOf);
    faults.push(
      `${relative(process.cwd(), join(choice.folder, 'hub.yaml'))}:1:jurisdiction: found “${id}”, expected one of ${known.join(', ')}; ` +
        (known.length > 0 ? `did you mean “${closest(id, known)}”?` : 'add a profile to jurisdictions/'),
    );
  }

  const connectors: ConnectorConfig[] = [];
  const places = new Map<string, string>();
  for (const file of yamlFiles(join(choice.folder, choice.demo ? 'connectors/demo' : 'connectors'))) {
    const connector = read(file, anyConnectorSchema);
    if (!connector) continue;
    connectors.push({ ...connector, id: idOf(file) });
    for (const [index, { id: stream }] of connector.streams.entries()) {
      const place = `${relative(process.cwd(), file)}:1:streams[${String(index)}].id`;
      const earlier = places.get(stream);
      if (earlier !== undefined)
        faults.push(`${place}: found “${stream}” again, expected an id of its own; ${earlier} has it`);
      places.set(stream, place);
    }
  }

  if (faults.length > 0 || !settings || !jurisdiction || id === undefined) {
    throw configurationError(faults.join('\n'), { code: 'config-invalid' });
  }
  if (choice.demo) settings.temporal.taskQueue += '-demo';
  return { settings, jurisdiction: { ...jurisdiction, id }, connectors, fingerprint: digest.digest('hex') };
}

function yamlFiles(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

const idOf = (file: string): string => basename(file).replace(/\.ya?ml$/, '');

/** Finds a stream and the connector that it belongs to; throws a configuration error when there is none. */
export function findStream(config: HubConfig, id: string): { connector: ConnectorConfig; stream: StreamConfig } {
  for (const connector of config.connectors) {
    const stream = connector.streams.find((candidate) => candidate.id === id);
    if (stream) return { connector, stream };
  }
  const known = config.connectors.flatMap((connector) => connector.streams.map((stream) => stream.id));
  throw configurationError(
    `No stream “${id}” is configured; ${known.length > 0 ? `did you mean “${closest(id, known)}”?` : 'add one to config/connectors/'}`,
    { code: 'stream-unknown' },
  );
}
