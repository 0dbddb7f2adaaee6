import type { ConnectorConfig } from '../config/connector-schema.ts';
import type { StreamConfig } from '../config/stream-schema.ts';
import { findStream, type HubConfig } from '../config/load.ts';
import type { ConnectorKind, OpenOptions, RecordHints, Source } from './contract.ts';
import { database } from './database/index.ts';
import { exchange } from './exchange/index.ts';
import { file } from './file/index.ts';
import { keepHours } from './hours.ts';
import { http } from './http/index.ts';
import { inbox } from './inbox/index.ts';
import { compileMapping, type Mapping } from './mapping.ts';

/** The kinds that the hub brings along; a new one is one entry here, and one in config/connector-schema.ts. */
const BUILT_IN: Record<string, ConnectorKind> = { http, database, exchange, file, inbox };

/** A stream ready to be read. */
export interface OpenStream extends Mapping {
  config: StreamConfig;
  connector: ConnectorConfig;
  source: Source;
  hints: RecordHints;
}

/**
 * The streams of one configuration, opened when first needed and kept, so that tokens and connections outlive one read.
 */
export class Streams {
  readonly #config: HubConfig;
  readonly #options: OpenOptions;
  readonly #open = new Map<string, OpenStream>();

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

  /** Ends every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(async ({ source }) => source.close?.()));
    this.#open.clear();
  }
}

/** Opens one stream of a connector. */
export function openStream(
  { ownKinds }: Pick<HubConfig, 'ownKinds'>,
  connector: ConnectorConfig,
  stream: StreamConfig,
  options: OpenOptions = {},
): OpenStream {
  const kind = BUILT_IN[connector.kind] ?? (ownKinds.get(connector.kind) as ConnectorKind);
  const hints = kind.hints?.(stream) ?? {};
  return {
    ...{ config: stream, connector, hints },
    source: keepHours(kind.open(connector, stream, options), connector),
    ...compileMapping(stream, hints),
  };
}
