import type { ConnectorConfig } from '../settings/schemas/connector.ts';
import type {
  CatalogSourceConfig,
  DisputeSourceConfig,
  OutboundConfig,
  StreamConfig,
} from '../settings/kinds/stream.ts';
import { fault } from '../domain/faults.ts';
import { findStream, type ConfiguredStream, type HubConfig } from '../settings/load.ts';
import type {
  Capabilities,
  ConnectorKind,
  ListSource,
  OpenOptions,
  PublishedList,
  RecordHints,
  Source,
  SourceBy,
  Target,
} from './contract.ts';
import { database } from './database/index.ts';
import { exchange } from './exchange/index.ts';
import { file } from './file/index.ts';
import { keepHours } from './hours.ts';
import { http } from './http/index.ts';
import { inbox } from './inbox/index.ts';
import { compileMapping, type Mapping } from './mapping/compile.ts';
import { sourceBy } from './reading.ts';

/** The kinds that the hub brings along; a new one is one entry here, and one in settings/schemas/connector.ts. */
const BUILT_IN: Record<string, ConnectorKind> = { http, database, exchange, file, inbox };

/** A stream ready to be read. */
export interface OpenStream extends Mapping {
  config: StreamConfig;
  connector: ConnectorConfig;
  source: Source;
  capabilities: Capabilities;
  hints: RecordHints;
}

/**
 * The streams of one configuration, opened when first needed and kept, so that tokens and connections outlive one read.
 */
export class Streams {
  readonly #config: HubConfig;
  readonly #options: OpenOptions;
  readonly #open = new Map<string, OpenStream>();
  readonly #lists = new Map<string, ListSource>();
  readonly #targets = new Map<string, ReturnType<Streams['target']>>();

  constructor(config: HubConfig, options: OpenOptions = {}) {
    this.#config = config;
    this.#options = options;
  }

  /** Throws a configuration error for an unknown stream and for a missing secret. */
  get(id: string): OpenStream {
    const known = this.#open.get(id);
    if (known) return known;
    const { connector, stream } = findStream(this.#config, id);
    const opened = openStream(this.#config, connector, stream, this.#options);
    this.#open.set(id, opened);
    return opened;
  }

  /** As {@link get}, for work that was planned for a stream that is read in this way; throws where it no longer is. */
  getBy<B extends Source['by']>(by: B, id: string): OpenStream & { source: SourceBy<B> } {
    const stream = this.get(id);
    return { ...stream, source: sourceBy(by, stream.source) };
  }

  /** What can be done with a stream, which is not opened for that; throws a configuration error for an unknown one. */
  capabilities(id: string): Capabilities {
    return capabilitiesOf(this.#config, findStream(this.#config, id));
  }

  /** The catalog that a connector's source publishes; throws a configuration error where there is none. */
  catalog(id: string): { source: ListSource; config: CatalogSourceConfig; connector: ConnectorConfig } {
    const connector = this.connector(id);
    const config = connector?.catalog;
    const source = config && this.#list(connector, { name: 'catalog', key: config.fields.typeCode, config });
    if (source) return { source, config, connector };
    throw fault('catalog-unknown', { connector: id });
  }

  /** The tickets that a connector's source lists; throws a configuration error where it lists none. */
  disputes(id: string): { source: ListSource; config: DisputeSourceConfig } {
    const connector = this.connector(id);
    const config = connector?.disputes;
    const source =
      config && config !== true && this.#list(connector, { name: 'disputes', key: config.fields.ticket, config });
    if (source) return { source, config };
    throw fault('disputes-unknown', { connector: id });
  }

  #list(connector: ConnectorConfig, list: PublishedList): ListSource | undefined {
    const id = `${connector.id} ${list.name}`;
    const known = this.#lists.get(id);
    if (known) return known;
    const source = kindOf(this.#config, connector).openList?.(connector, list, this.#options);
    if (!source) return undefined;
    const kept = keepHours(source, connector);
    this.#lists.set(id, kept);
    return kept;
  }

  /** A source system by its id; undefined for an unknown one. */
  connector(id: string): ConnectorConfig | undefined {
    return this.#config.connectors.find((candidate) => candidate.id === id);
  }

  /** A system that the hub sends to; throws a configuration error for an unknown one. */
  target(id: string): { target: Target; config: OutboundConfig; connector: ConnectorConfig } {
    const known = this.#targets.get(id);
    if (known) return known;
    for (const connector of this.#config.connectors) {
      const config = connector.outbound?.find((candidate) => candidate.id === id);
      const target = config && kindOf(this.#config, connector).openTarget?.(connector, config);
      if (!target) continue;
      const opened = { target, config, connector };
      this.#targets.set(id, opened);
      return opened;
    }
    throw fault('target-unknown', { target: id });
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(async ({ source }) => source.close?.()));
    await Promise.all([...this.#lists.values()].map(async (source) => source.close?.()));
    await Promise.all([...this.#targets.values()].map(async ({ target }) => target.close?.()));
    this.#open.clear();
    this.#lists.clear();
    this.#targets.clear();
  }
}

const kindOf = ({ ownKinds }: Pick<HubConfig, 'ownKinds'>, { kind }: ConnectorConfig): ConnectorKind =>
  BUILT_IN[kind] ?? (ownKinds.get(kind) as ConnectorKind);

/** What can be done with a stream, by its configuration alone. */
export const capabilitiesOf = (
  config: Pick<HubConfig, 'ownKinds'>,
  { connector, stream }: ConfiguredStream,
): Capabilities => kindOf(config, connector).capabilities(stream);

/** What a kind knows of a stream's records, by its configuration alone. */
export const hintsOf = (config: Pick<HubConfig, 'ownKinds'>, { connector, stream }: ConfiguredStream): RecordHints =>
  kindOf(config, connector).hints?.(stream) ?? {};

/** How a stream’s records are mapped, for who has some without its source. Codes in number cells may have lost digits. */
export function mappingOf(
  config: Pick<HubConfig, 'ownKinds'>,
  connector: ConnectorConfig,
  stream: StreamConfig,
): Mapping & { hints: RecordHints } {
  const hints = { numbers: [], ...hintsOf(config, { connector, stream }) };
  return { hints, ...compileMapping(stream, hints) };
}

/** Opens one stream of a connector. */
export function openStream(
  config: Pick<HubConfig, 'ownKinds'>,
  connector: ConnectorConfig,
  stream: StreamConfig,
  options: OpenOptions = {},
): OpenStream {
  const hints = hintsOf(config, { connector, stream });
  return {
    config: stream,
    connector,
    capabilities: capabilitiesOf(config, { connector, stream }),
    hints,
    source: keepHours(kindOf(config, connector).open(connector, stream, options), connector),
    ...compileMapping(stream, hints),
  };
}

/** What the clock of a source of windows says; the source is opened for that alone. */
export async function clockOf(
  config: Pick<HubConfig, 'ownKinds'>,
  { connector, stream }: ConfiguredStream,
): Promise<number> {
  const { source } = openStream(config, connector, stream);
  try {
    return await sourceBy('windows', source).clock();
  } finally {
    await source.close?.();
  }
}
