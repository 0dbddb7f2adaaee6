import Fastify, { type FastifyInstance } from 'fastify';
import type { ApiOptions } from './api/base/api.ts';
import { api } from './api/index.ts';
import { consoleFiles } from './console-files.ts';
import { healthRoutes, type HealthOptions } from './health.ts';
import { inboxRoutes } from './inbox/inbox.ts';
import type { InboxOptions } from './inbox/request.ts';

/** The console: its API, and the folder of its files; null where they are served from elsewhere. */
export type ConsoleOptions = ApiOptions & { folder: string | null };

/** The hub's HTTP server: health, the inbox, the API and the console. */
export function createApp(
  options: HealthOptions & InboxOptions,
  console: ConsoleOptions | null = null,
): FastifyInstance {
  const app = Fastify({ logger: false, trustProxy: console?.config().settings.server.trustProxy ?? false });
  healthRoutes(app, options);
  inboxRoutes(app, options);
  if (console) {
    void app.register(api, { ...console, prefix: '/api/v1' });
    if (console.folder !== null) void app.register(consoleFiles, { folder: console.folder });
  }
  return app;
}
