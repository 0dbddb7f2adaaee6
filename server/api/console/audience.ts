import { setTimeout as delay } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { byBasis, type Basis } from '../../../domain/basis.ts';
import type { Duty } from '../../../domain/ledger/duties.ts';
import {
  becameOverdue,
  overdueByUnit,
  latestSyncs,
  type NewlyOverdue,
  type LatestSync,
} from '../../../store/collection/live.ts';
import { inForce, type Principal } from '../../../store/console/sessions.ts';
import type { ApiOptions } from '../base/api.ts';
import { sees } from '../ledger/tasks.ts';

/** What the console is told without asking, by the name of the event. `at`: when the hub looked. */
export interface LiveEvents {
  /** Reads that are under way, and the batches of those that have just ended, whenever they change. */
  syncs: { at: string; syncs: Omit<LatestSync, 'unitCode' | 'ended'>[]; ended: number[] };
  /** How many deadlines are overdue by basis, whenever that changes, and the newest of those that became so since the last look. */
  overdue: {
    at: string;
    counts: Record<Basis, number>;
    newest: { id: number; kind: Duty; basis: Basis; owner: string }[];
  };
  /** All is as it was. */
  beat: { at: string };
}

const LOOK_EVERY_MS = 3_000;
const BEAT_EVERY_MS = 15_000;
/** Each keeps a connection open, of which there are not many: of one account, who has listened longest makes room. */
const MOST_OF_ACCOUNT = 20;
/** Of the newest, so many are named. */
const NAMED = 5;
const MOST_NEWEST = 200;

/** Somebody who listens, and what they have been told. */
interface Listener {
  principal: Principal;
  credential: Buffer;
  response: ServerResponse;
  told: { syncs?: string; overdue?: string };
  beatAt: number;
}

interface Look {
  at: Date;
  syncs: LatestSync[];
  overdue: Map<string, Record<Basis, number>>;
  newest: NewlyOverdue[];
}

/** Those who listen to running reads and overdue deadlines: one look at the database serves everybody. */
export class Audience {
  readonly #options: Pick<ApiOptions, 'db' | 'now' | 'logger'>;
  readonly #listeners = new Set<Listener>();
  readonly #stopped = new AbortController();
  #looking: Promise<void> | null = null;

  constructor(options: Pick<ApiOptions, 'db' | 'now' | 'logger'>) {
    this.#options = options;
  }

  /** Tells somebody what changes, until they leave or may not know it any more. */
  join({ principal, credential, response }: Pick<Listener, 'principal' | 'credential' | 'response'>): void {
    if (this.#stopped.signal.aborted) return void response.end();
    const listener: Listener = { principal, credential, response, told: {}, beatAt: this.#options.now().getTime() };
    response.on('close', () => this.#listeners.delete(listener));
    const [longest, ...others] = [...this.#listeners].filter((one) => one.principal.accountId === principal.accountId);
    if (longest && others.length + 1 >= MOST_OF_ACCOUNT) this.#leave(longest);
    this.#listeners.add(listener);
    this.#looking ??= this.#lookOn();
  }

  /** Sends everybody away: a response that never ends would keep the server from closing. */
  async close(): Promise<void> {
    this.#stopped.abort();
    for (const listener of this.#listeners) this.#leave(listener);
    await this.#looking;
  }

  #leave(listener: Listener): void {
    this.#listeners.delete(listener);
    listener.response.end();
  }

  async #lookOn(): Promise<void> {
    const { db, now, logger } = this.#options;
    let since = now();
    while (this.#listeners.size > 0 && !this.#stopped.signal.aborted) {
      try {
        const at = now();
        const [syncs, overdue, newest] = await Promise.all([
          latestSyncs(db, at),
          overdueByUnit(db, at),
          becameOverdue(db, since, at, MOST_NEWEST),
        ]);
        since = at;
        for (const listener of this.#listeners) tell(listener, { at, syncs, overdue, newest });
        await this.#beat(at);
      } catch (error) {
        // Whoever listens comes again, and is told the truth when there is one.
        logger.warn('listeners are sent away', { error: (error as { code?: string }).code ?? (error as Error).name });
        for (const listener of this.#listeners) this.#leave(listener);
      }
      await delay(LOOK_EVERY_MS, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
    }
    this.#looking = null;
  }

  /** Says to those who have waited for it that all is as it was; whose credential does not hold any more has to leave. */
  async #beat(at: Date): Promise<void> {
    const due = [...this.#listeners].filter(({ beatAt }) => at.getTime() - beatAt >= BEAT_EVERY_MS);
    if (due.length === 0) return;
    const credentials = due.map(({ credential }) => credential);
    const valid = await inForce(this.#options.db, credentials, at);
    for (const listener of due) {
      if (valid.has(listener.credential.toString('hex'))) beat(listener, at);
      else this.#leave(listener);
    }
  }
}

/** Tells somebody what changed of what they may see. */
function tell({ principal, response, told }: Listener, { at, syncs, overdue, newest }: Look): void {
  // Whoever does not read gets the next look.
  if (response.writableNeedDrain) return;
  const when = shanghaiInstant(at.getTime());
  const seen = syncs.filter(({ unitCode }) => sees(principal, unitCode));
  const event = {
    syncs: seen
      .filter((sync) => !sync.ended)
      .map(({ id, stream, title, purpose, pages, records, declared }) => ({
        id,
        stream,
        title,
        purpose,
        pages,
        records,
        declared,
      })),
    ended: seen.filter((sync) => sync.ended).map(({ id }) => id),
  };
  const text = JSON.stringify(event);
  if (text !== told.syncs) send(response, 'syncs', { at: when, ...event });
  told.syncs = text;
  const own = [...overdue].filter(([unit]) => sees(principal, unit));
  const counts = byBasis((basis) => own.reduce((sum, [, tasks]) => sum + tasks[basis], 0));
  const counted = JSON.stringify(counts);
  const added = newest.filter(({ ownerCode }) => sees(principal, ownerCode));
  if (counted !== told.overdue || added.length > 0) {
    const named =
      told.overdue === undefined
        ? []
        : added.slice(0, NAMED).map(({ id, kind, basis, owner }) => ({ id, kind, basis, owner }));
    send(response, 'overdue', { at: when, counts, newest: named });
  }
  told.overdue = counted;
}

function beat(listener: Listener, at: Date): void {
  listener.beatAt = at.getTime();
  send(listener.response, 'beat', { at: shanghaiInstant(at.getTime()) });
}

const send = <K extends keyof LiveEvents>(response: ServerResponse, event: K, data: LiveEvents[K]): boolean =>
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
