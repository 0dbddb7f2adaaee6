import cookie from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import swagger, { type SwaggerTransform } from '@fastify/swagger';
import type { z } from 'zod';
import { disputeRoutes } from './casework/disputes.ts';
import { outageRoutes } from './casework/outages.ts';
import { operationRoutes } from './console/operation.ts';
import { accountRoutes } from './console/accounts.ts';
import { auditRoutes } from './console/audit.ts';
import { eventRoutes } from './console/events.ts';
import { oidcRoutes } from './console/oidc.ts';
import { catalogRoutes } from './library/catalog.ts';
import { certificateRoutes } from './library/certificates.ts';
import { lawRoutes } from './ledger/law.ts';
import { exportRoutes } from './console/exports.ts';
import { figureRoutes } from './supervision/figures.ts';
import { rejectRoutes } from './collection/rejects.ts';
import { savedViewRoutes } from './console/saved-views.ts';
import { sessionRoutes } from './console/session.ts';
import { shareRequestRoutes } from './casework/share-requests.ts';
import { streamRoutes } from './collection/streams.ts';
import { supervisionRoutes } from './supervision/supervision.ts';
import { taskRoutes } from './ledger/tasks.ts';
import type { FastifyPluginCallback } from 'fastify';
import { createJsonSchemaTransform, serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { guard } from './base/access.ts';
import type { ApiOptions } from './base/api.ts';
import { answerProblem, InvalidRequest, notFound } from './base/problem.ts';

const PARTS = [
  sessionRoutes,
  savedViewRoutes,
  oidcRoutes,
  taskRoutes,
  disputeRoutes,
  outageRoutes,
  shareRequestRoutes,
  supervisionRoutes,
  figureRoutes,
  exportRoutes,
  streamRoutes,
  rejectRoutes,
  operationRoutes,
  certificateRoutes,
  catalogRoutes,
  lawRoutes,
  accountRoutes,
  auditRoutes,
  eventRoutes,
];

/** Says in the description what each route needs. */
const withNeeds =
  (transform: SwaggerTransform): SwaggerTransform =>
  (route) => {
    const { schema, url } = transform(route);
    return { schema: { ...schema, 'x-needs': route.route.config?.needs } as typeof schema, url };
  };

/** Requests a minute from one address; a page of the console makes a handful. */
const MOST_REQUESTS = 1200;

/**
 * The API of the console and of programs, under /api/v1: everything that the console shows or does. Its description
 * (OpenAPI 3.1) is made from the schemas that requests are checked by.
 */
export const api: FastifyPluginCallback<ApiOptions> = (app, options, done) => {
  app.addHook('onRequest', (request, reply, next) => {
    // Whoever asked has left already, as a page does that is closed: no answer, and no address to count by.
    if ((request.ip as string | undefined) === undefined) {
      reply.hijack();
      return;
    }
    // What somebody may see is kept by no cache, and taken for nothing but what it is.
    void reply.headers({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    next();
  });
  app.setValidatorCompiler(({ schema }) => (data) => {
    const { data: value, error } = (schema as z.ZodType).safeParse(data, { error: () => '', reportInput: true });
    return error ? { error: new InvalidRequest(error.issues) } : { value };
  });
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => answerProblem(error, request, reply, options.logger));
  app.setNotFoundHandler((request, reply) => answerProblem(notFound(), request, reply, options.logger));
  void app.register(cookie);
  void app.register(rateLimit, { max: MOST_REQUESTS, timeWindow: '1 minute' });
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: '电子证照枢纽 Certificate hub',
        version: '1',
        description: 'Everything that the console shows or does. Errors are problem+json (RFC 9457).',
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'An API token, made in the console' },
        },
      },
      security: [{ token: [] }],
    },
    transform: withNeeds(
      createJsonSchemaTransform({
        zodToJsonConfig: {
          unrepresentable: 'any',
          override: ({ zodSchema, jsonSchema }) => {
            if (zodSchema._zod.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
          },
        },
      }),
    ),
  });
  app.after(() => {
    guard(app, options);
    app.get('/openapi.json', { config: { needs: 'signed-in' }, schema: { hide: true } }, () => app.swagger());
    for (const part of PARTS) part(app.withTypeProvider<ZodTypeProvider>(), options);
  });
  done();
};
