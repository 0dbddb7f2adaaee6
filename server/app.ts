import Fastify, { type FastifyInstance } from 'fastify';
import { healthRoutes, type HealthOptions } from './health.ts';

/** The hub's HTTP server. */
export function createApp(options: HealthOptions): FastifyInstance {
  const app = Fastify({ logger: false });
  healthRoutes(app, options);
  return app;
}
