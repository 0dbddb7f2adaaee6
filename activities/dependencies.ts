import type { Knex } from 'knex';
import type { Streams } from '../connectors/registry.ts';

/** What activities work with. */
export interface Dependencies {
  db: Knex;
  /** The streams of the configuration as it is now. */
  streams: () => Streams;
  /** Now; tests put a clock of their own here. */
  now: () => Date;
}
