import { Client, Connection } from '@temporalio/client';
import { messageOf } from '../domain/errors.ts';
import { fault } from '../domain/faults.ts';
import { HUB_DUE_AT, HUB_KIND, HUB_STREAM, HUB_UNIT } from '../workflows/search-attributes.ts';

/** First server whose UI shows the summaries and details that the workflows write. */
const OLDEST_SERVER = [1, 26] as const;
/** Who only wants to know a version does not wait longer. */
const ASK_FOR_MS = 2_000;

/** Connects to Temporal; throws one clear error when it cannot be reached or is too old. */
export async function connectTemporal(address: string, namespace: string): Promise<Client> {
  let connection: Connection;
  try {
    connection = await Connection.connect({ address, connectTimeout: 5_000 });
  } catch (error) {
    throw fault('temporal-away', { address, why: messageOf(error) }, { cause: error });
  }
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  const [major = 0, minor = 0] = serverVersion.split('.').map(Number);
  if (major < OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor < OLDEST_SERVER[1])) {
    await connection.close();
    throw fault('temporal-too-old', { address, version: serverVersion, oldest: OLDEST_SERVER.join('.') });
  }
  return new Client({ connection, namespace });
}

/** Version of the server at an address; throws at once when nothing answers there. */
export async function temporalVersion(address: string): Promise<string> {
  // Without what tries again.
  const connection = Connection.lazy({ address, interceptors: [] });
  try {
    const asked = (): ReturnType<typeof connection.workflowService.getSystemInfo> =>
      connection.workflowService.getSystemInfo({});
    return (await connection.withDeadline(Date.now() + ASK_FOR_MS, asked)).serverVersion;
  } finally {
    await connection.close();
  }
}

/** Values of Temporal's IndexedValueType. */
const INDEXED_TYPES = { KEYWORD: 2, DATETIME: 6 } as const;

/** Registers the search attributes that the workflows set; those that are there stay. */
export async function registerSearchAttributes(client: Client): Promise<void> {
  const { namespace } = client.options;
  const { operatorService } = client.connection as Connection;
  const known = await operatorService.listSearchAttributes({ namespace });
  const missing = [HUB_STREAM, HUB_UNIT, HUB_KIND, HUB_DUE_AT].filter(({ name }) => !(name in known.customAttributes));
  if (missing.length === 0) return;
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map(({ name, type }) => [name, INDEXED_TYPES[type]])),
  });
}

/** A client that connects when it is first needed and again after a failure, for programs that outlive Temporal. */
export class LazyTemporal {
  readonly #address: string;
  readonly #namespace: string;
  #client: Promise<Client> | null = null;

  constructor(address: string, namespace: string) {
    this.#address = address;
    this.#namespace = namespace;
  }

  async client(): Promise<Client> {
    this.#client ??= connectTemporal(this.#address, this.#namespace);
    try {
      return await this.#client;
    } catch (error) {
      this.#client = null;
      throw error;
    }
  }

  async close(): Promise<void> {
    await (await this.#client?.catch(() => null))?.connection.close();
  }
}
