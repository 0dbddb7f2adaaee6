import { z } from 'zod';
import {
  catalogSourceSchema,
  certificateFile,
  checkEachStream,
  checkEvents,
  connectorSchema,
  disputeSourceSchema,
  outboundSchema,
  path,
  requireUse,
  streamSchema,
  timeFormat,
  type Complain,
} from './stream.ts';
import { charset, duration, secretRef } from '../values.ts';
import { expected } from '../../domain/faults/expected.ts';

/** What the hub fills into an address or a body. */
export const PLACEHOLDERS = ['from', 'to', 'page', 'offset', 'size', 'batch', 'cursor', 'records'] as const;

const BRACED = PLACEHOLDERS.map((name) => `{${name}}`);

const address = z
  .string()
  .startsWith('/', expected('below-base'))
  .refine((text) => [...text.matchAll(/\{([^{}]*)\}/g)].every(([, name]) => PLACEHOLDERS.includes(name as never)), {
    error: expected('placeholders', { among: BRACED }),
  });

/** A name in braces, also one that is not written as a placeholder is; JSON within a text has none. */
const NAMED = /\{(\s*[\p{L}_$][\p{L}\d_.$-]*\s*)\}/gu;

const requestBody = z.record(z.string(), z.unknown()).superRefine((body, context) => {
  for (const { at, text } of textsIn(body)) {
    const unknown = [...text.matchAll(NAMED)].some(([, name]) => !PLACEHOLDERS.includes(name as never));
    if (unknown) context.addIssue({ code: 'custom', path: at, message: expected('placeholders', { among: BRACED }) });
  }
});

/** Every text within a value, and where it stands. */
function textsIn(value: unknown, at: string[] = []): { at: string[]; text: string }[] {
  if (typeof value === 'string') return [{ at, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => textsIn(inner, [...at, key]));
}

const request = {
  path: address.meta({
    description:
      'Address below baseUrl; {from} {to} {page} {offset} {size} {cursor}, for batches also {batch} {records}, are filled in',
  }),
  method: z.enum(['GET', 'POST']).default('GET'),
  body: requestBody.optional().meta({ description: 'JSON body; a value that is just "{page}" becomes a number' }),
};

const success = z
  .strictObject({
    field: path,
    values: z.array(z.string()).min(1),
    denied: z
      .array(z.string())
      .default([])
      .meta({ description: 'Result codes that mean: not authorised; the stream is paused then' }),
  })
  .optional()
  .meta({ description: 'The result code, and its values that mean success' });

const texts = z.record(z.string(), z.string());
const ALGORITHMS = [
  'sha256',
  'md5',
  'sm3',
  'hmac-sha256',
  'hmac-sm3',
  'sm2-sign',
  'plain',
  'sm4-ecb-encrypt',
  'sm4-cbc-encrypt',
  'sm4-ecb-decrypt',
  'sm4-cbc-decrypt',
  'aes-ecb-decrypt',
  'aes-cbc-decrypt',
] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

const step = z.strictObject({
  name: z.string().regex(/^\w+$/).meta({ description: 'What later steps and templates call the result' }),
  parts: z
    .array(z.string())
    .min(1)
    .meta({ description: 'Joined without a separator; {name} stands for a value, {body} for the request’s body' }),
  algorithm: z.enum(ALGORITHMS),
  key: z.string().optional().meta({ description: 'Template of the key, for example "{appSecret}"' }),
  keyEncoding: z.enum(['text', 'hex', 'base64']).default('text'),
  iv: z.string().optional().meta({ description: 'Template of the initialisation vector, in the key’s encoding' }),
  encoding: z.enum(['hex', 'HEX', 'base64']).default('base64').meta({
    description: 'How the result is written; for the decrypting ones, how their input is',
  }),
});
export type SigningStep = z.output<typeof step>;

const signing = {
  steps: z.array(step).default([]),
  headers: texts.default({}),
  query: texts.default({}),
  form: texts.optional().meta({ description: 'Fields of a form that takes the place of the body' }),
};

const fetchedSecret = z.strictObject({
  path: z.string().startsWith('/', expected('below-base')),
  method: z.enum(['GET', 'POST']).default('POST'),
  body: z.record(z.string(), z.unknown()).optional(),
  ...signing,
  values: z.record(z.string(), path).meta({ description: 'Name → where the answer holds it' }),
  decrypt: z
    .array(step)
    .default([])
    .meta({ description: 'Steps that work on the fetched values and put theirs in their place' }),
  success,
  ends: z
    .union([
      z.strictObject({ at: path }),
      z.strictObject({ after: path, unit: z.enum(['seconds', 'minutes']).default('seconds') }),
      z.strictObject({ every: duration }),
    ])
    .meta({ description: 'When it ends: {at: path}, {after: path, unit: minutes}, or {every: 15m}' }),
});
export type FetchedSecret = z.output<typeof fetchedSecret>;

const auth = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), name: z.string().min(1), value: secretRef }),
  z.strictObject({ type: z.literal('query'), name: z.string().min(1), value: secretRef }),
  z.strictObject({ type: z.literal('basic'), user: z.string().min(1), password: secretRef }),
  z.strictObject({ type: z.literal('bearer'), token: secretRef }),
  z.strictObject({
    type: z.literal('clientCredentials'),
    path: address,
    clientId: z.string().min(1),
    clientSecret: secretRef,
    scope: z.string().min(1).optional(),
    token: path.default('access_token'),
    expiresIn: path.default('expires_in'),
    expiresInUnit: z.enum(['seconds', 'minutes']).default('seconds'),
  }),
  z.strictObject({
    type: z.literal('signed'),
    values: z
      .record(z.string().regex(/^\w+$/), z.union([z.string(), secretRef]))
      .default({})
      .meta({ description: 'Constants and secrets by the names that templates use' }),
    time: timeFormat.default('epoch-ms').meta({ description: 'How {time} is written' }),
    fetched: z
      .array(fetchedSecret)
      .default([])
      .meta({ description: 'Secrets that are fetched and renewed before their end, in this order' }),
    ...signing,
    body: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'Envelope that takes the body’s place, for example {data: {encData: "{encrypted}"}}' }),
    answer: z
      .strictObject({ at: path, steps: z.array(step).min(1) })
      .optional()
      .meta({ description: 'Where the encrypted answer is; the last step’s result is the JSON that is read' }),
  }),
]);
export type Auth = z.output<typeof auth>;
export type SignedAuth = Extract<Auth, { type: 'signed' }>;

const SEQUENTIAL = ['cursor', 'link', 'next'];

const httpStream = streamSchema.extend({
  ...request,
  file: certificateFile.meta({
    description: 'Files of the certificates (OFD, PDF): an address below baseUrl, or a whole one on the same host',
  }),
  response: z.strictObject({
    records: path.meta({
      description: 'Where the list of records is; a list that arrives as a JSON string is read too',
    }),
    total: path.optional().meta({ description: 'How many records the whole window has' }),
    more: path.optional().meta({ description: 'true while there are further pages' }),
    untilEmpty: z.literal(true).optional().meta({ description: 'The page after the last one is empty' }),
    next: path.optional().meta({ description: 'Next cursor or address, for page.by cursor and next' }),
    success,
    warnings: z
      .strictObject({ list: path, key: path, message: path })
      .optional()
      .meta({ description: 'Remarks of the source on single records; kept with the record as a flag' }),
  }),
  page: z
    .strictObject({
      by: z.enum(['number', 'offset', 'cursor', 'link', 'next', 'slice']).default('number').meta({
        description:
          'number {page}; offset {offset}; cursor: response.next into {cursor}; link: Link header; next: an address in response.next; slice: parts of the window, one page each',
      }),
      first: z.union([z.literal(0), z.literal(1)]).default(1),
      size: z.int().min(1).max(10_000).default(1000),
      slice: duration.prefault('1h').meta({ description: 'Length of the parts, for page.by slice' }),
    })
    .prefault({}),
  window: z
    .strictObject({
      format: timeFormat.default('datetime'),
      end: z
        .enum(['exclusive', 'inclusive'])
        .default('exclusive')
        .meta({ description: 'inclusive: the source also returns records at {to}; they are left to the next window' }),
    })
    .prefault({}),
  count: z
    .strictObject({ ...request, value: path })
    .optional()
    .meta({
      description: 'Where the source says how many records a window has; the first page’s total where left out',
    }),
  countAll: z
    .strictObject({ ...request, value: path })
    .optional()
    .meta({
      description:
        'Where the source says how many records it has in all, whatever their times: each night those are counted that no window reaches',
    }),
  batches: z
    .strictObject({
      next: z.strictObject({ ...request, id: path, cursor: path, count: path }),
      acknowledge: z.strictObject({ ...request, method: z.enum(['GET', 'POST']).default('POST') }),
    })
    .optional()
    .meta({ description: 'For delivery: return — how the next batch is asked for and acknowledged' }),
});

/** A list that is read whole each time: no windows, no batches. */
const wholeList = {
  ...httpStream.pick({ path: true, method: true, body: true, response: true, page: true }).shape,
  path: address.meta({ description: 'Address below baseUrl; {page} {offset} {size} {cursor} are filled in' }),
  response: httpStream.shape.response.omit({ warnings: true }),
};

const httpCatalog = z.strictObject({ ...wholeList, ...catalogSourceSchema.shape }).meta({
  description: 'A catalog of certificate types (发证目录) that the source publishes: the whole list, each time',
});

const httpDisputes = z.strictObject({ ...wholeList, ...disputeSourceSchema.shape }).meta({
  description:
    'Disputes (异议) that the source lists as tickets, read every 5 minutes: the whole list, best that of those which are not answered',
});
export type HttpListConfig = z.output<typeof httpCatalog> | z.output<typeof httpDisputes>;

const messagePath = z.string().regex(/^\/(?:[^{}]|\{key\})*$/, expected('below-base-key'));

const httpOutbound = outboundSchema.extend({
  path: messagePath.meta({ description: 'Where messages are sent; {key} is the message’s own key' }),
  method: z.enum(['POST', 'PUT']).default('POST'),
  success,
  receipt: path.optional().meta({ description: 'Where the answer has the receiver’s receipt number' }),
  results: z
    .strictObject({
      path: messagePath.meta({ description: 'Where the receiver says later what became of a message’s items' }),
      records: path.meta({ description: 'List of the items in the answer' }),
      key: path.meta({ description: 'Our key of an item' }),
      state: path,
      done: z.array(z.string()).min(1).meta({ description: 'Values of state that mean: done, for example sealed' }),
      refused: z
        .array(z.string())
        .default([])
        .meta({ description: 'Values that mean: refused; any other is still open' }),
      reference: path.optional().meta({ description: 'The receiver’s number of what it made' }),
      detail: path.optional().meta({ description: 'Why it refused' }),
    })
    .optional(),
});
export type HttpOutboundConfig = z.output<typeof httpOutbound>;

/** There must be one rule by which the last page is known. */
function checkPaging({ page, response }: Pick<z.output<typeof httpStream>, 'page' | 'response'>, complain: Complain) {
  const rules = [response.total, response.more, response.untilEmpty].filter((rule) => rule !== undefined);
  if (rules.length > 1 || (rules.length === 0 && !SEQUENTIAL.includes(page.by) && page.by !== 'slice')) {
    complain(['response'], expected('paging-end'));
  }
  if ((page.by === 'cursor' || page.by === 'next') !== (response.next !== undefined))
    complain(['response', 'next'], expected('paging-next'));
}

/** `kind: http`: a gateway that answers with JSON. */
export const httpConnectorSchema = connectorSchema
  .extend({
    kind: z.literal('http'),
    baseUrl: z.union(
      [
        z.url({ protocol: /^https?$/, error: expected('url-like', { example: 'https://dept.example.gov.cn/api' }) }),
        z.strictObject({ env: z.string().min(1) }),
      ],
      { error: expected('base-url') },
    ),
    auth: auth.optional(),
    timeout: duration.prefault('30s').meta({ description: 'Longest silence of the source' }),
    longestAnswer: duration.prefault('2m').meta({
      description: 'Longest time that one answer may take altogether, however steadily it comes',
    }),
    longestWait: duration.prefault('1h').meta({
      description: 'Longest time that the source is left alone when it asks for it (Retry-After)',
    }),
    charset: charset.optional().meta({
      description: 'Character set of its answers; found where left out: UTF-8, or what their Content-Type says',
    }),
    inFlight: z.int().min(1).max(16).default(3).meta({ description: 'Pages asked for at once' }),
    rate: z
      .strictObject({ requests: z.int().min(1), per: duration })
      .optional()
      .meta({ description: 'Most requests in a span of time, {requests: 5, per: 1s}' }),
    maxPage: z.number().positive().default(64).meta({ description: 'Largest answer accepted, in megabytes' }),
    streams: z.array(httpStream).default([]),
    outbound: z.array(httpOutbound).default([]),
    catalog: httpCatalog.optional(),
    disputes: httpDisputes.optional(),
  })
  .superRefine(requireUse)
  .superRefine((connector, context) => {
    for (const name of ['catalog', 'disputes'] as const) {
      const list = connector[name];
      if (!list) continue;
      const complain: Complain = (at, message) => {
        context.addIssue({ code: 'custom', path: [name, ...at], message });
      };
      const { path: address, body, page } = list;
      const asked = `${address} ${JSON.stringify(body ?? {})}`;
      if (/\{(?:from|to|batch|records)\}/.test(asked)) complain(['path'], expected('list-placeholders'));
      if (page.by === 'slice') complain(['page', 'by'], expected('list-paging'));
      // An address that names no page is answered with the whole list at once.
      if (/\{(?:page|offset|cursor)\}/.test(asked) || SEQUENTIAL.includes(page.by)) checkPaging(list, complain);
    }
  })
  .superRefine(
    checkEachStream<z.output<typeof httpStream>>((stream, complain) => {
      const { delivery, batches, count, page, response, record } = stream;
      if (delivery === 'return' && !batches) complain(['delivery'], expected('batches-of-return'));
      if (delivery === 'daily' && batches) complain(['batches'], expected('return-of-batches'));
      if (record.updatedAt === undefined) complain(['record', 'updatedAt'], expected('window-field'));
      checkEvents(stream, batches !== undefined, complain);
      checkPaging(stream, complain);
      if (!batches && !count && response.total === undefined) complain(['response'], expected('count-endpoint'));
      if (page.by === 'slice' && response.total !== undefined)
        complain(['response', 'total'], expected('count-instead'));
    }),
  )
  .meta({ title: 'http', description: 'A gateway that answers with JSON' });

export type HttpConnectorConfig = z.output<typeof httpConnectorSchema> & { id: string };
export type HttpStreamConfig = HttpConnectorConfig['streams'][number];
