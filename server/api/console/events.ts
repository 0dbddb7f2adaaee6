import { setTimeout as delay } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { shanghaiInstant } from '../../../domain/dates.ts';
import type { Duty } from '../../../domain/ledger/duties.ts';
import {
  becameOverdue,
  overdueByUnit,
  latestSyncs,
  type NewlyOverdue,
  type LatestSync,
} from '../../../store/collection/live.ts';
import { inForce, type Principal } from '../../../store/console/sessions.ts';
import { principalOf } from '../base/access.ts';
import type { Api, ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
import { sees } from '../ledger/tasks.ts';

/** What the console is told without asking, by the name of the event. `at`: when the hub looked. */
export interface LiveEvents {
  /** Reads that are under way, and the batches of those that have just ended, whenever they change. */
  syncs: { at: string; syncs: Omit<LatestSync, 'unitCode' | 'ended'>[]; ended: number[] };
  /** How many deadlines are overdue, whenever that changes, and the newest of those that became so since the last look. */
  overdue: { at: string; count: number; newest: { id: number; kind: Duty; owner: string }[] };
  /** All is as it was. */
  beat: { at: string };
}

const LOOK_EVERY_MS = 3_000;
const BEAT_EVERY_MS = 15_000;
/** Of the newest, so many are named. */
const NAMED = 5;
const MOST_NEWEST = 200;

const NO_EVENTS = new ApiProblem(406, 'event-stream', {
  zh: '该地址只提供事件流（text/event-stream）',
  en: 'This address answers with events only (text/event-stream)',
});

/** Somebody who listens, and what they have been told. */
interface Listener {
  principal: Principal;
  credential: Buffer;
  response: ServerResponse;
  told: { syncs?: string; overdue?: number };
  beatAt: number;
}

interface Look {
  at: Date;
  syncs: LatestSync[];
  overdue: Map<string, number>;
  newest: NewlyOverdue[];
}

/** Running reads and overdue deadlines as they change: one look at the database serves everybody who listens. */
export function eventRoutes(app: Api, { db, now, logger }: ApiOptions): void {
  const listeners = new Set<Listener>();
  const stopped = new AbortController();
  let looking: Promise<void> | null = null;

  const leave = (listener: Listener): void => {
    listeners.delete(listener);
    listener.response.end();
  };
  const lookOn = async (): Promise<void> => {
    let since = now();
    while (listeners.size > 0 && !stopped.signal.aborted) {
      try {
        const at = now();
        const [syncs, overdue, newest] = await Promise.all([
          latestSyncs(db, at),
          overdueByUnit(db, at),
          becameOverdue(db, since, at, MOST_NEWEST),
        ]);
        since = at;
        for (const listener of listeners) tell(listener, { at, syncs, overdue, newest });
        const due = [...listeners].filter(({ beatAt }) => at.getTime() - beatAt >= BEAT_EVERY_MS);
        if (due.length > 0) {
          const valid = await inForce(
            db,
            due.map(({ credential }) => credential),
            at,
          );
          for (const listener of due) {
            if (valid.has(listener.credential.toString('hex'))) beat(listener, at);
            else leave(listener);
          }
        }
      } catch (error) {
        // Whoever listens comes again, and is told the truth when there is one.
        logger.warn('listeners are sent away', { error: (error as { code?: string }).code ?? (error as Error).name });
        for (const listener of listeners) leave(listener);
      }
      await delay(LOOK_EVERY_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
    looking = null;
  };

  // A response that never ends would keep the server from closing.
  app.addHook('preClose', async () => {
    stopped.abort();
    for (const listener of listeners) leave(listener);
    await looking;
  });

  app.get(
    '/events',
    {
      config: { needs: 'tasks:read' },
      schema: {
        summary:
          '实时事件 Running reads and overdue deadlines as they change (server-sent events: syncs, overdue, beat)',
        tags: ['tasks'],
        response: { 200: z.string().meta({ description: 'text/event-stream' }) },
      },
    },
    (request, reply) => {
      if (!/text\/event-stream|\*\/\*/.test(request.headers.accept ?? '')) throw NO_EVENTS;
      const principal = principalOf(request);
      const { credential } = request;
      reply.hijack();
      const response = reply.raw;
      response.writeHead(200, {
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store, no-transform',
        'X-Accel-Buffering': 'no',
        // Ends with the events, or the server would wait for it when it closes.
        Connection: 'close',
      });
      response.flushHeaders();
      if (credential === null || stopped.signal.aborted) return void response.end();
      const listener: Listener = { principal, credential, response, told: {}, beatAt: now().getTime() };
      response.on('close', () => listeners.delete(listener));
      listeners.add(listener);
      looking ??= lookOn();
    },
  );
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
  let count = 0;
  for (const [unit, tasks] of overdue) if (sees(principal, unit)) count += tasks;
  const added = newest.filter(({ ownerCode }) => sees(principal, ownerCode));
  if (count !== told.overdue || added.length > 0) {
    const named =
      told.overdue === undefined ? [] : added.slice(0, NAMED).map(({ id, kind, owner }) => ({ id, kind, owner }));
    send(response, 'overdue', { at: when, count, newest: named });
  }
  told.overdue = count;
}

function beat(listener: Listener, at: Date): void {
  listener.beatAt = at.getTime();
  send(listener.response, 'beat', { at: shanghaiInstant(at.getTime()) });
}

const send = <K extends keyof LiveEvents>(response: ServerResponse, event: K, data: LiveEvents[K]): boolean =>
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
