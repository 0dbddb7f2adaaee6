import type { StreamConfig } from '../config/connector-schema.ts';
import { findStream, type HubConfig } from '../config/load.ts';
import type { ConnectorKind, Source } from './contract.ts';
import { http } from './http/index.ts';
import { compileMapping, type Mapping } from './mapping.ts';

/** Every kind of connector; a new kind is one entry here. */
export const KINDS: Record<ConnectorKind['kind'], ConnectorKind> = { http };

/** A stream ready to be read. */
export interface OpenStream extends Mapping {
  config: StreamConfig;
  source: Source;
}

/**
 * The streams of one configuration, opened when first needed and kept, so that tokens and connections outlive one read.
 */
export class Streams {
  readonly #config: HubConfig;
  readonly #open = new Map<string, OpenStream>();

  constructor(config: HubConfig) {
    this.#config = config;
  }

  /** Throws a configuration error for an unknown stream and for a missing secret. */
  get(id: string): OpenStream {
    const known = this.#open.get(id);
    if (known) return known;
    const { connector, stream } = findStream(this.#config, id);
    const opened = { config: stream, source: KINDS[connector.kind].open(connector, stream), ...compileMapping(stream) };
    this.#open.set(id, opened);
    return opened;
  }
}
