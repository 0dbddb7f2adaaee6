import { principalOf } from '../base/access.ts';
import { ApiProblem } from '../base/problem.ts';
import { get } from '../base/route.ts';
import type { Audience } from './audience.ts';

declare module 'fastify' {
  interface FastifyInstance {
    audience: Audience;
  }
}

const NO_EVENTS = new ApiProblem(406, 'event-stream', {
  zh: '该地址只提供事件流（text/event-stream）',
  en: 'This address answers with events only (text/event-stream)',
});

const EVENTS = 'text/event-stream';

const getEvents = get(
  '/events',
  {
    needs: 'tasks:read',
    summary: '实时事件 Running reads and overdue deadlines as they change (server-sent events: syncs, overdue, beat)',
    tag: 'tasks',
    answer: { type: EVENTS },
    problems: [406],
  },
  (request, _options, reply) => {
    if (!/text\/event-stream|\*\/\*/.test(request.headers.accept ?? '')) throw NO_EVENTS;
    const principal = principalOf(request);
    const { credential } = request;
    reply.hijack();
    const response = reply.raw;
    response.writeHead(200, {
      'Content-Type': `${EVENTS}; charset=utf-8`,
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
      // Ends with the events, or the server would wait for it when it closes.
      Connection: 'close',
    });
    response.flushHeaders();
    if (credential === null) response.end();
    else request.server.audience.join({ principal, credential, response });
  },
);

/** What the console is told without asking. */
export const eventRoutes = { getEvents };
