import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { DECLARATIONS } from '../../../domain/collection/declaration.ts';
import { declarable, declare, endDeclaration, listDeclarations } from '../../../store/collection/declarations.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { get, post } from '../base/route.ts';
import { idParams, instant, text } from '../base/views.ts';
import { seenStream, streamParams } from './streams.ts';

const kind = keyOf(DECLARATIONS);

const declarationView = z
  .object({
    id: z.int(),
    stream: z.string(),
    unit: z.string(),
    kind,
    article: z.string().nullable().meta({ description: 'That allows it; null where none has to' }),
    said: z.string(),
    document: z.string(),
    by: z.string(),
    at: instant,
  })
  .meta({ id: 'Declaration' });
export type DeclarationView = z.input<typeof declarationView>;

const getDeclarations = get(
  '/declarations',
  {
    needs: 'streams:read',
    summary: '声明 What units declare of their streams, as far as it holds',
    tag: 'streams',
    answer: z.object({
      items: z.array(declarationView),
      kinds: z.array(kind).meta({ description: 'What can be declared under the regulation' }),
    }),
  },
  async (request, { db, config }) => {
    const { exception } = config().jurisdiction.synchronisation;
    return {
      items: await listDeclarations(db, principalOf(request).units),
      kinds: await declarable(db, exception),
    };
  },
);

const postDeclaration = post(
  '/declarations',
  {
    needs: 'streams:declare',
    summary: '登记声明 Put a declaration of a stream on file; it holds from the next day on',
    tag: 'streams',
    body: z.object({ stream: streamParams.shape.name, kind, said: text(500), document: text(200) }),
    answer: z.object({ id: z.int() }),
    problems: [404, 409],
  },
  (request, options) =>
    act(request, options, async (trx, { by, at, principal }) => {
      const { body } = request;
      await seenStream({ ...options, db: trx }, body.stream, principal);
      const id = await declare(trx, body, options.config().jurisdiction.synchronisation, { by, at });
      const { stream, kind: declared, document } = body;
      return {
        answer: { id },
        deed: { action: 'streams:declare', object: `declaration/${id}`, detail: { stream, kind: declared, document } },
      };
    }),
);

const postDeclarationEnd = post(
  '/declarations/:id/end',
  {
    needs: 'streams:declare',
    summary: '终止声明 Note that a declaration holds no longer; what it freed of is owed again from the next day on',
    tag: 'streams',
    params: idParams,
    answer: z.object({}),
    problems: [404],
  },
  (request, options) =>
    act(request, options, async (trx, { by, at, principal }) => {
      const { id } = request.params;
      await endDeclaration(trx, id, { by, at }, principal.units);
      return {
        answer: {},
        deed: { action: 'streams:declare', object: `declaration/${id}`, detail: { changed: 'ended' } },
      };
    }),
);

/** Declarations of streams (声明): not synchronisable, reviewed before signing. */
export const declarationRoutes = { getDeclarations, postDeclaration, postDeclarationEnd };
