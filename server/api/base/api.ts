import type { Client } from '@temporalio/client';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Knex } from 'knex';
import type { HubConfig } from '../../../settings/load.ts';
import type { Logger } from '../../../settings/logger.ts';
import type { FileStore } from '../../../store/library/files/contract.ts';

/** What the API works with. */
export interface ApiOptions {
  db: Knex;
  now: () => Date;
  logger: Logger;
  /** The configuration as it is now. */
  config: () => HubConfig;
  /** Throws when Temporal cannot be reached. */
  temporal: () => Promise<Client>;
  /** Files of certificates. */
  files: FileStore;
}

/** A part of the API, with its schemas as types. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;
