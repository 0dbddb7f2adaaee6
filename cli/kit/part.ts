import type { Knex } from 'knex';
import { loadValid, type HubConfig } from '../../settings/load.ts';
import { createHubLogger, type Logger } from '../../settings/logger.ts';
import { readVersions } from '../../store/apply-config.ts';
import { openDatabase, requireSchema, requireServer } from '../../store/database.ts';
import { configChoice, requireAddresses, type CommonOptions } from './options.ts';

/** What a part of a hub has at its start. */
export interface StartingPart {
  databaseUrl: string;
  temporalAddress: string;
  db: Knex;
  config: HubConfig;
  logger: Logger;
}

/**
 * Starts a part of a hub: its database, and the configuration as it is or, where a file of it is faulty, was. Throws where
 * an address is missing, the database cannot be used, or there is nothing valid to go by.
 */
export async function startPart(options: CommonOptions, name: 'server' | 'worker'): Promise<StartingPart> {
  const addresses = requireAddresses();
  const db = openDatabase(addresses.databaseUrl, name);
  await requireServer(db, addresses.databaseUrl);
  await requireSchema(db);
  const config = loadValid(configChoice(options), await readVersions(db));
  return { ...addresses, db, config, logger: createHubLogger(config.settings.log, name) };
}
