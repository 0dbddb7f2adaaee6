import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { SharedWork } from '../../shared-work.ts';
import { principalOf, type Needed } from './access.ts';
import type { Api, ApiOptions } from './api.ts';
import type { ProblemStatus } from './problem.ts';

/** An answer that is no JSON: a file or events (by their media type), the address of another page (302), nothing (204). */
export type OtherAnswer = { type: string } | { status: 204 | 302 };

/** What a route takes and answers, and what somebody needs for it: what requests are checked and described by. */
export interface RouteContract {
  needs: Needed;
  /** In Chinese, then in English. */
  summary: string;
  description?: string;
  tag: string;
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  answer: z.ZodType | OtherAnswer;
  /** What it refuses with, beside what comes with its needs and its input. */
  problems?: readonly ProblemStatus[];
  /** Requests a minute from one address, where they are fewer than of others. */
  most?: number;
  /** Of the body, in bytes. */
  bodyLimit?: number;
  /** It is the same for everybody with the same permissions and units: those who ask at once are answered at once. */
  shared?: true;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
type Read<T> = T extends z.ZodType ? z.output<T> : unknown;
type Written<T> = T extends z.ZodType ? z.input<T> : undefined;
/** A part of a contract, where it has one. */
type PartOf<C, Part extends string> = C extends Record<Part, infer T> ? T : undefined;

type Handler<C extends RouteContract> = (
  request: FastifyRequest<{
    Params: Read<PartOf<C, 'params'>>;
    Querystring: Read<PartOf<C, 'query'>>;
    Body: Read<PartOf<C, 'body'>>;
  }>,
  options: ApiOptions,
  reply: FastifyReply,
) => C['answer'] extends z.ZodType ? z.output<C['answer']> | Promise<z.output<C['answer']>> : unknown;

/** One endpoint of the API. */
export interface Route<M extends Method = Method, P extends string = string, C extends RouteContract = RouteContract> {
  method: M;
  path: P;
  contract: C;
  handle: (request: never, options: ApiOptions, reply: FastifyReply) => unknown;
}

/** The endpoints of a part of the API by their names, which its description bears as well. */
export type Routes = Readonly<Record<string, Route>>;

/** A path that is written out; one that is known only while the program runs would stand for every path. */
type Known<P extends string> = Partial<Record<P, 1>> extends Record<P, 1> ? never : P;

/** Every request that routes take, by method and path: its parts and its answer as they are on the wire. */
export type RequestsOf<R extends Route> = {
  [M in R['method']]: {
    [Each in Extract<R, { method: M }> as Known<Each['path']>]: {
      [Part in 'params' | 'query' | 'body' | 'answer']: Written<PartOf<Each['contract'], Part>>;
    };
  };
};

const routeOf =
  <M extends Method>(method: M) =>
  <const P extends string, C extends RouteContract>(path: P, contract: C, handle: Handler<C>): Route<M, P, C> => ({
    method,
    path,
    contract,
    handle,
  });

export const get = routeOf('GET');
export const post = routeOf('POST');
export const put = routeOf('PUT');
export const del = routeOf('DELETE');

declare module 'fastify' {
  interface FastifyContextConfig {
    answer?: OtherAnswer;
    problems?: readonly ProblemStatus[];
  }
}

/** Has an app answer the requests of routes. */
export function register(app: Api, options: ApiOptions, routes: Routes): void {
  const work = new SharedWork();
  for (const [operationId, { method, path, contract, handle }] of Object.entries(routes)) {
    const { needs, problems, answer, most, bodyLimit, summary, description, tag, params, query, body, shared } =
      contract;
    const other = answer instanceof z.ZodType ? undefined : answer;
    app.route({
      method,
      url: path,
      ...(bodyLimit !== undefined && { bodyLimit }),
      config: {
        needs,
        problems: problems ?? [],
        ...(other && { answer: other }),
        ...(most !== undefined && { rateLimit: { max: most, timeWindow: '1 minute' } }),
      },
      schema: {
        operationId,
        summary,
        tags: [tag],
        ...(description !== undefined && { description }),
        ...(params && { params }),
        ...(query && { querystring: query }),
        ...(body && { body }),
        ...(!other && { response: { 200: answer } }),
      },
      handler: (request, reply) => {
        if (!shared) return handle(request as never, options, reply);
        const { role, units, scopes } = principalOf(request);
        const key = JSON.stringify([request.url, role, units, scopes]);
        return work.of(key, () => Promise.resolve(handle(request as never, options, reply)));
      },
    });
  }
}
