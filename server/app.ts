import Fastify, { type FastifyInstance } from 'fastify';
import type { ApiOptions } from './api/base/api.ts';
import { api, holders, shareInterface } from './api/index.ts';
import { consoleFiles } from './console-files.ts';
import { healthRoutes, type HealthOptions } from './health.ts';
import { DatabaseSilent, type PoolLimits } from '../store/database.ts';
import type { Pulse } from '../store/pulse.ts';
import { inboxRoutes } from './inbox/inbox.ts';
import type { InboxOptions } from './inbox/request.ts';

/** The console: its API, and the folder of its files; null where they are served from elsewhere. */
export type ConsoleOptions = ApiOptions & { folder: string | null };

/** A request has to be here by then, its headers sooner; whoever sends more slowly is cut off. */
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 20_000;
/** Connections at once; each page of the console keeps one open. */
const MOST_CONNECTIONS = 1_000;

/** Of the console's pool: the more of a database of few cores, the longer each of them takes. */
export const CONSOLE_LIMITS: PoolLimits = { most: 8 };

/**
 * The hub's HTTP server: health, the inbox, the API and the console. Each has a pool of its own, so that who waits for one
 * of them does not wait for the others. Nobody waits for a database whose pulse is gone.
 */
export function createApp(
  health: HealthOptions,
  inbox: InboxOptions,
  console: ConsoleOptions | null = null,
  pulse: Pulse | null = null,
): FastifyInstance {
  const app = Fastify({
    logger: false,
    trustProxy: console?.config().settings.server.trustProxy ?? [],
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 1_000 },
  });
  app.server.maxConnections = MOST_CONNECTIONS;
  healthRoutes(app, health, pulse);
  void app.register((asking, _, done) => {
    if (pulse) refuseWhileSilent(asking, pulse);
    inboxRoutes(asking, inbox);
    if (console) {
      void asking.register(api, { ...console, prefix: '/api/v1' });
      void asking.register(shareInterface, { ...console, prefix: '/share/v1' });
      void asking.register(holders, { ...console, prefix: '/holder/v1' });
    }
    done();
  });
  if (console && console.folder !== null) void app.register(consoleFiles, { folder: console.folder });
  return app;
}

/** Refuses requests while the database is silent, and those that it leaves waiting when it falls silent. */
function refuseWhileSilent(app: FastifyInstance, pulse: Pulse): void {
  app.addHook('onRequest', (_request, reply, next) => {
    if (pulse.silent) {
      next(new DatabaseSilent());
      return;
    }
    const answered = pulse.whenSilent((error) => {
      if (!reply.sent) void reply.send(error);
    });
    reply.raw.once('close', answered);
    next();
  });
}
