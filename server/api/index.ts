import cookie from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { isTooDeep } from '../../connectors/json.ts';
import { guard } from './base/access.ts';
import type { ApiOptions } from './base/api.ts';
import { describedAs, type About } from './base/openapi.ts';
import { answerProblem, InvalidRequest, notFound, unstorableIn } from './base/problem.ts';
import { register, type RequestsOf, type Routes } from './base/route.ts';
import { overviewRoutes } from './ledger/overview.ts';
import { taskRoutes } from './ledger/tasks.ts';
import { taskActionRoutes } from './ledger/task-actions.ts';
import { lawRoutes } from './ledger/law.ts';
import { catalogRoutes } from './library/catalog.ts';
import { certificateRoutes } from './library/certificates.ts';
import { certificateRecordRoutes } from './library/certificate.ts';
import { streamRoutes } from './collection/streams.ts';
import { streamDayRoutes } from './collection/day.ts';
import { declarationRoutes } from './collection/declarations.ts';
import { streamDetailRoutes } from './collection/stream.ts';
import { streamActionRoutes } from './collection/stream-actions.ts';
import { rejectRoutes } from './collection/rejects.ts';
import { authorisationRoutes } from './sharing/authorisations.ts';
import { copyRoutes } from './sharing/copies.ts';
import { grantRoutes } from './sharing/grants.ts';
import { holderRoutes } from './sharing/holder.ts';
import { presentationRoutes, scanRoutes } from './sharing/presentations.ts';
import { usageListRoutes } from './sharing/usage-lists.ts';
import { shareCatalogRoutes } from './sharing/share-catalog.ts';
import { shareRoutes } from './sharing/share.ts';
import { statusListRoutes } from './sharing/status-lists.ts';
import { useFigureRoutes } from './sharing/use-figures.ts';
import { useRoutes } from './sharing/uses.ts';
import { disputeRoutes } from './casework/disputes.ts';
import { outageRoutes } from './casework/outages.ts';
import { shareRequestRoutes } from './casework/share-requests.ts';
import { figureRoutes } from './supervision/figures.ts';
import { findingRoutes } from './supervision/findings.ts';
import { inspectionRoutes } from './supervision/inspections.ts';
import { accountRoutes } from './console/accounts.ts';
import { Audience } from './console/audience.ts';
import { auditRoutes } from './console/audit.ts';
import { contactRoutes } from './console/contacts.ts';
import { eventRoutes } from './console/events.ts';
import { exportRoutes } from './console/exports.ts';
import { oidcRoutes } from './console/oidc.ts';
import { operationRoutes } from './console/operation.ts';
import { savedViewRoutes } from './console/saved-views.ts';
import { sessionRoutes } from './console/session.ts';
import { tokenRoutes } from './console/tokens.ts';
import { unitRoutes } from './console/units.ts';

/** Every endpoint, room by room. */
const TABLES = [
  overviewRoutes,
  taskRoutes,
  taskActionRoutes,
  lawRoutes,
  catalogRoutes,
  certificateRoutes,
  certificateRecordRoutes,
  streamRoutes,
  streamDetailRoutes,
  streamDayRoutes,
  streamActionRoutes,
  declarationRoutes,
  rejectRoutes,
  usageListRoutes,
  grantRoutes,
  shareCatalogRoutes,
  useRoutes,
  useFigureRoutes,
  disputeRoutes,
  outageRoutes,
  shareRequestRoutes,
  figureRoutes,
  findingRoutes,
  inspectionRoutes,
  sessionRoutes,
  oidcRoutes,
  tokenRoutes,
  savedViewRoutes,
  accountRoutes,
  unitRoutes,
  contactRoutes,
  auditRoutes,
  exportRoutes,
  operationRoutes,
  eventRoutes,
] as const;

type Endpoints<Table> = Table extends unknown ? Table[keyof Table] : never;
/** What every request of the API takes and is answered, by method and path; not answered in JSON: undefined. */
export type ApiRequests = RequestsOf<Endpoints<(typeof TABLES)[number]>>;

/** The same of the share interface. */
export type ShareRequests = RequestsOf<Endpoints<typeof shareRoutes>>;

/** Requests a minute from one address; a page of the console makes a handful. */
const MOST_REQUESTS = 1200;
/** Of a business system that uses certificates; what its unit may use a day, its grants say. */
const MOST_USES = 300_000;

/**
 * The API of the console and of programs, under /api/v1: everything that the console shows or does. Its description
 * (OpenAPI 3.1) is made from the schemas that requests are checked by.
 */
export const api: FastifyPluginCallback<ApiOptions> = (app, options, done) => {
  const audience = new Audience(options);
  app.decorate('audience', audience);
  app.addHook('preClose', () => audience.close());
  serve(app, options, TABLES, MOST_REQUESTS, {
    title: '电子证照枢纽 Certificate hub',
    description: 'Everything that the console shows or does. Errors are problem+json (RFC 9457).',
    by: ['token'],
  });
  done();
};

/** The share interface (用证接口), under /share/v1: what systems of user units use certificates by. */
export const shareInterface: FastifyPluginCallback<ApiOptions> = (app, options, done) => {
  serve(app, options, [shareRoutes, copyRoutes, scanRoutes, statusListRoutes], MOST_USES, {
    title: '用证接口 Share interface',
    description: 'Certificates for systems of user units, within their grants. Errors are problem+json (RFC 9457).',
    by: ['token', 'client'],
  });
  done();
};

/** What holders (持证主体) do with certificates of their own, under /holder/v1: what portals offer them. */
export const holders: FastifyPluginCallback<ApiOptions> = (app, options, done) => {
  serve(app, options, [holderRoutes, presentationRoutes, authorisationRoutes], MOST_REQUESTS, {
    title: '持证主体接口 Holders',
    description: 'What portals offer holders of their own certificates. Errors are problem+json (RFC 9457).',
    by: ['holder'],
  });
  done();
};

/** Has an app answer routes, behind the one door, with their description beside them. */
function serve(app: FastifyInstance, options: ApiOptions, tables: readonly Routes[], most: number, about: About): void {
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
    const unstorable = unstorableIn(data);
    if (unstorable) return { error: new InvalidRequest([unstorable]) };
    const { data: value, error } = (schema as z.ZodType).safeParse(data, { error: () => '', reportInput: true });
    return error ? { error: new InvalidRequest(error.issues) } : { value };
  });
  const parsed = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, answered) => {
    if (isTooDeep(body)) answered(new InvalidRequest([]));
    else void parsed(request, body, answered);
  });
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => answerProblem(error, request, reply, options.logger));
  app.setNotFoundHandler((request, reply) => answerProblem(notFound(), request, reply, options.logger));
  void app.register(cookie);
  void app.register(rateLimit, {
    max: most,
    timeWindow: '1 minute',
    // All holders come from the address of their portal.
    keyGenerator: ({ holder, ip }) => (holder ? `${holder.portal.id} ${holder.code}` : ip),
  });
  void app.register(swagger, describedAs(about));
  app.after(() => {
    guard(app, options);
    const needs = about.by.includes('holder') ? 'public' : 'signed-in';
    app.get('/openapi.json', { config: { needs }, schema: { hide: true } }, () => app.swagger());
    const typed = app.withTypeProvider<ZodTypeProvider>();
    for (const table of tables) register(typed, options, table);
  });
}
