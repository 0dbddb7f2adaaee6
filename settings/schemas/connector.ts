import { z } from 'zod';
import { databaseConnectorSchema, exchangeConnectorSchema } from '../kinds/database.ts';
import { fileConnectorSchema } from '../kinds/file.ts';
import { httpConnectorSchema } from '../kinds/http.ts';
import { inboxConnectorSchema } from '../kinds/inbox.ts';
import type { CatalogSourceConfig, DisputeSourceConfig, OutboundConfig, StreamConfig } from '../kinds/stream.ts';

/** The kinds that the hub brings along, each with what its configuration looks like. */
export const BUILT_IN_KINDS = {
  http: httpConnectorSchema,
  database: databaseConnectorSchema,
  exchange: exchangeConnectorSchema,
  file: fileConnectorSchema,
  inbox: inboxConnectorSchema,
} as const;

/** `config/connectors/*.yaml`: one source system and its streams. */
export const anyConnectorSchema = z
  .discriminatedUnion('kind', [
    httpConnectorSchema,
    databaseConnectorSchema,
    exchangeConnectorSchema,
    fileConnectorSchema,
    inboxConnectorSchema,
  ])
  .meta({ title: 'Connector', description: 'One source system and its streams' });

/**
 * One source system as all parts of the hub know it; its id is the name of its file. What only its kind knows is read
 * by the kind, from the type that its own schema gives.
 */
export interface ConnectorConfig {
  id: string;
  kind: string;
  name: string;
  unit: string;
  hours?: string | undefined;
  maintenance: { from: string; to: string }[];
  streams: StreamConfig[];
  /** Systems that the hub sends to; kinds that cannot send have none. */
  outbound?: OutboundConfig[] | undefined;
  /** The catalog that the source publishes; kinds that cannot read one have none. */
  catalog?: CatalogSourceConfig | undefined;
  /** The tickets that the source lists; true where it pushes them. */
  disputes?: DisputeSourceConfig | true | undefined;
}
