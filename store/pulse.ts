import type { Knex } from 'knex';
import pg from 'pg';
import { cutConnections, DatabaseSilent } from './database.ts';

const LOOK_EVERY_MS = 500;
/** So many looks without an answer: the database keeps silent. Looks and not time, so that a busy process blames itself. */
const LOOKS_UNANSWERED = 7;

/**
 * Feels whether the database answers at all, on a connection of its own. When it does not, the connections of the pools
 * are cut, so that nobody waits for what may never come; they are opened anew once it answers again. A database that
 * refuses, or is busy with what it was asked, answers.
 */
export class Pulse {
  readonly #url: string;
  readonly #pools: readonly Knex[];
  readonly #timer: NodeJS.Timeout;
  readonly #waiting = new Set<(error: DatabaseSilent) => void>();
  #client: pg.Client | null = null;
  /** Looks since it was asked; null while nothing is asked. */
  #unanswered: number | null = null;
  #silent = false;

  constructor(url: string, pools: readonly Knex[]) {
    this.#url = url;
    this.#pools = pools;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  get silent(): boolean {
    return this.#silent;
  }

  /** Has somebody told when the database falls silent; returns what ends that. */
  whenSilent(tell: (error: DatabaseSilent) => void): () => void {
    this.#waiting.add(tell);
    return () => this.#waiting.delete(tell);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#hangUp();
  }

  #look(): void {
    if (this.#unanswered === null) {
      this.#unanswered = 0;
      void this.#ask(this.#client).then(() => {
        this.#unanswered = null;
      });
    } else if (++this.#unanswered >= LOOKS_UNANSWERED) {
      this.#hangUp();
      if (this.#silent) return;
      this.#silent = true;
      for (const pool of this.#pools) cutConnections(pool);
      for (const tell of this.#waiting) tell(new DatabaseSilent());
      this.#waiting.clear();
    }
  }

  /** Asks on the connection that there is, or a new one; settles with whatever is answered, or when it is hung up. */
  async #ask(open: pg.Client | null): Promise<void> {
    const client = open ?? new pg.Client({ connectionString: this.#url, application_name: 'hub pulse' });
    try {
      if (!open) {
        this.#client = client;
        client.on('error', () => this.#forget(client));
        await client.connect();
      }
      await client.query('SELECT 1');
      this.#silent = false;
    } catch (error) {
      this.#forget(client);
      // It refuses, which is an answer.
      if (error instanceof pg.DatabaseError || (error as { code?: string }).code !== undefined) this.#silent = false;
    }
  }

  #forget(client: pg.Client): void {
    if (this.#client === client) this.#client = null;
    client.connection.stream.destroy();
  }

  #hangUp(): void {
    if (this.#client) this.#forget(this.#client);
  }
}
