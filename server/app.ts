import Fastify, { type FastifyInstance } from 'fastify';
import { healthRoutes, type HealthOptions } from './health.ts';
import { inboxRoutes, type InboxOptions } from './inbox.ts';

/** The hub's HTTP server. */
export function createApp(options: HealthOptions & InboxOptions): FastifyInstance {
  const app = Fastify({ logger: false });
  healthRoutes(app, options);
  inboxRoutes(app, options);
  return app;
}
