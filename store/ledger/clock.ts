import { hostname } from 'node:os';
import type { Knex } from 'knex';
import { fault } from '../../domain/faults.ts';
import { withConnection } from '../database.ts';
import type { HubPart } from './uptime.ts';

/** Time that counts: the database's, whatever the clock of this machine says. */
export interface Clock {
  now: () => Date;
  /** How far this machine's clock is ahead of it, ms; negative where it is behind. */
  aheadMs: () => number;
}

/** So much is the way there and back, and no wrong clock. */
const MOST_AHEAD_MS = 5_000;
const READ_EVERY_MS = 15_000;
/** What took longer to answer says too little of when it was read. */
const LONGEST_READ_MS = 1_000;
const READS = 5;

/** Whether this machine's clock is so far from the database's that what it would tell people cannot be trusted. */
export const isClockWrong = ({ aheadMs }: Pick<Clock, 'aheadMs'>): boolean => Math.abs(aheadMs()) > MOST_AHEAD_MS;

/**
 * The database's clock, read again and again; in between the time goes on by the processor's own count, which a changed
 * clock of the machine does not touch. That a machine's clock is wrong is noted in the database, for the watchdog.
 */
export class DatabaseClock implements Clock {
  readonly #db: Knex;
  readonly #process: string;
  readonly #timer: NodeJS.Timeout;
  #databaseMs = Date.now();
  #countMs = performance.now();
  #noted = false;

  private constructor(db: Knex, part: HubPart) {
    this.#db = db;
    this.#process = `${hostname()} ${part}`;
    this.#timer = setInterval(() => void this.read().catch(() => undefined), READ_EVERY_MS).unref();
  }

  /** Reads the clock; throws what the database answers when it cannot. */
  static async open(db: Knex, part: HubPart): Promise<DatabaseClock> {
    const clock = new DatabaseClock(db, part);
    await clock.read();
    return clock;
  }

  readonly now = (): Date => new Date(this.#databaseMs + performance.now() - this.#countMs);

  readonly aheadMs = (): number => Date.now() - this.now().getTime();

  /** Reads the database's clock, and notes there whether this machine's is wrong. */
  async read(): Promise<void> {
    const [databaseMs, countMs] = await readClock(this.#db);
    [this.#databaseMs, this.#countMs] = [databaseMs, countMs];
    const wrong = isClockWrong(this);
    if (wrong)
      await this.#db('wrong_clock')
        .insert({ process: this.#process, ahead_ms: Math.round(this.aheadMs()), read_at: this.now() })
        .onConflict('process')
        .merge();
    else if (this.#noted) await this.#db('wrong_clock').where({ process: this.#process }).delete();
    this.#noted = wrong;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** The database's time, ms, and this processor's count when it was that late; asked again where the answer took long. */
async function readClock(db: Knex): Promise<[databaseMs: number, countMs: number]> {
  return withConnection(db, async (connection) => {
    for (let tries = 1; ; tries++) {
      const askedMs = performance.now();
      const { rows } = await connection.query<{ ms: number }>(
        'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS ms',
      );
      const tookMs = performance.now() - askedMs;
      if (tookMs <= LONGEST_READ_MS || tries === READS) return [rows[0]?.ms ?? 0, askedMs + tookMs / 2];
    }
  });
}

/** Throws a configuration error on a machine whose clock is wrong: what a command writes would bear its time. */
export async function requireClock(db: Knex): Promise<void> {
  const [databaseMs, countMs] = await readClock(db);
  const aheadMs = (): number => Date.now() - (databaseMs + performance.now() - countMs);
  if (isClockWrong({ aheadMs })) throw fault('clock-wrong', { aheadMs: aheadMs() });
}
