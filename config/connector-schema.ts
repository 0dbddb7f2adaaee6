import { z } from 'zod';
import { STATUS_NAMES } from '../domain/status.ts';
import { calendarDate, duration, secretRef, slug } from './values.ts';

const path = z.string().min(1).meta({ description: 'Path into the record or answer, for example data.list' });

const fieldMap = z
  .strictObject({
    identifier: path.optional(),
    typeCode: path.optional(),
    name: path.optional(),
    number: path.optional(),
    issuerName: path.optional(),
    issuerCode: path.optional(),
    issuedOn: path.optional(),
    effectiveOn: path.optional(),
    expiresOn: path.optional(),
    holderName: path.optional(),
    holderCode: path.optional(),
    holderCodeType: path.optional(),
  })
  .meta({
    description:
      'Which field of the source holds what. A field that bears its GB/T 36903 name (ZZBH, zzbh or certificateNumber) needs no entry',
  });

/** What every kind of connector says of a stream, whatever the way its records travel. */
export const streamSchema = z.strictObject({
  id: slug.meta({ description: 'Name of the stream in workflows, commands and reports' }),
  name: z.string().min(1).optional().meta({ description: 'What people call it; the id where left out' }),
  delivery: z
    .enum(['daily', 'return'])
    .default('daily')
    .meta({ description: 'daily: each day’s increment is fetched; return: a platform returns batches (回传)' }),
  certificateType: z
    .strictObject({ code: z.string().min(1), name: z.string().min(1) })
    .optional()
    .meta({ description: 'Type of every certificate of the stream, where the records do not say' }),
  since: calendarDate
    .optional()
    .meta({ description: '归集起始时间; the day the hub first saw the stream where left out' }),
  lag: duration
    .prefault('2m')
    .meta({ description: 'How long a record may take at the source to become visible after its update time' }),
  slice: duration.prefault('31d').meta({ description: 'Longest window read as one' }),
  lookback: duration
    .prefault('3d')
    .meta({ description: 'How far back each day’s reconciliation compares counts again, to find late records' }),
  record: z.strictObject({
    key: path.meta({ description: 'The source’s own key of a record' }),
    updatedAt: path.meta({ description: 'When the source last changed it; the window is asked by this time' }),
    fields: fieldMap.prefault({}),
    holders: path.optional().meta({ description: 'List of holders, where a record carries several' }),
    codeTypes: z
      .record(z.string(), z.string().regex(/^\d{3}$/))
      .default({})
      .meta({ description: 'The source’s own values of 持证主体代码类型 → GB/T 36903 codes' }),
    longTerm: z
      .array(z.string())
      .default(['长期', '长期有效', '永久', '9999-12-31'])
      .meta({ description: 'Values of the end of validity that mean 长期' }),
  }),
  status: z.strictObject({
    field: path,
    values: z
      .record(z.string(), z.enum(STATUS_NAMES as [(typeof STATUS_NAMES)[number], ...typeof STATUS_NAMES]))
      .meta({ description: 'The source’s values → canonical states; a value that is missing here rejects the record' }),
    deleted: z
      .strictObject({ field: path, values: z.array(z.string()).min(1) })
      .optional()
      .meta({ description: 'The field and its values by which the source marks a record as deleted' }),
  }),
});

/** What every kind of connector says of a source system. */
export const connectorSchema = z.strictObject({
  name: z.string().min(1).meta({ description: 'The department or platform' }),
  unit: z
    .string()
    .regex(/^[0-9A-Z]{18}$/, 'the 18-character 统一社会信用代码 of the unit')
    .meta({ description: '统一社会信用代码 of the unit that answers for the records' }),
});

/** What the hub fills into an address or a body. */
export const PLACEHOLDERS = ['from', 'to', 'page', 'size', 'batch', 'cursor', 'records'] as const;

const address = z
  .string()
  .startsWith('/', 'an address below baseUrl that begins with /')
  .refine((text) => [...text.matchAll(/\{(\w*)\}/g)].every(([, name]) => PLACEHOLDERS.includes(name as never)), {
    error: `only the placeholders ${PLACEHOLDERS.map((name) => `{${name}}`).join(' ')}`,
  });

const request = {
  path: address.meta({
    description:
      'Address below baseUrl; {from} {to} {page} {size}, for batches also {batch} {cursor} {records}, are filled in',
  }),
  method: z.enum(['GET', 'POST']).default('GET'),
  body: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({ description: 'JSON body; a value that is just "{page}" becomes a number' }),
};

const auth = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), name: z.string().min(1), value: secretRef }),
  z.strictObject({
    type: z.literal('clientCredentials'),
    path: address,
    clientId: z.string().min(1),
    clientSecret: secretRef,
    token: path.default('access_token'),
    expiresIn: path.default('expires_in'),
    expiresInUnit: z.enum(['seconds', 'minutes']).default('seconds'),
  }),
]);

const httpStream = streamSchema.extend({
  ...request,
  response: z
    .strictObject({
      records: path.meta({
        description: 'Where the list of records is; a list that arrives as a JSON string is read too',
      }),
      total: path.optional().meta({ description: 'How many records the whole window has' }),
      more: path.optional().meta({ description: 'true while there are further pages' }),
      success: z.strictObject({ field: path, values: z.array(z.string()).min(1) }).optional(),
    })
    .refine((response) => (response.total === undefined) !== (response.more === undefined), {
      message: 'exactly one of total and more, by which the hub knows that a window is complete',
    }),
  page: z
    .strictObject({
      first: z.union([z.literal(0), z.literal(1)]).default(1),
      size: z.int().min(1).max(10_000).default(1000),
    })
    .prefault({}),
  window: z
    .strictObject({
      format: z.enum(['iso', 'datetime', 'date-time-ms', 'epoch-ms', 'epoch-s']).default('datetime'),
      end: z
        .enum(['exclusive', 'inclusive'])
        .default('exclusive')
        .meta({ description: 'inclusive: the source also returns records at {to}, so one unit less is asked' }),
    })
    .prefault({}),
  count: z
    .strictObject({ ...request, value: path })
    .optional()
    .meta({
      description: 'Where the source says how many records a window has; the first page’s total where left out',
    }),
  batches: z
    .strictObject({
      next: z.strictObject({ ...request, id: path, cursor: path, count: path }),
      acknowledge: z.strictObject({ ...request, method: z.enum(['GET', 'POST']).default('POST') }),
    })
    .optional()
    .meta({ description: 'For delivery: return — how the next batch is asked for and acknowledged' }),
});

/** `config/connectors/*.yaml`: one source system that is reached over HTTP. */
export const httpConnectorSchema = connectorSchema
  .extend({
    kind: z.literal('http'),
    baseUrl: z.union(
      [
        z.url({ protocol: /^https?$/, error: 'an address such as https://dept.example.gov.cn/api' }),
        z.strictObject({ env: z.string().min(1) }),
      ],
      {
        error: 'an address such as https://dept.example.gov.cn/api, or {env: NAME}',
      },
    ),
    auth: auth.optional(),
    timeout: duration.prefault('30s'),
    inFlight: z.int().min(1).max(16).default(3).meta({ description: 'Pages asked for at once' }),
    maxPage: z.int().min(1).default(64).meta({ description: 'Largest answer accepted, in megabytes' }),
    streams: z.array(httpStream).min(1),
  })
  .superRefine((connector, context) => {
    for (const [index, stream] of connector.streams.entries()) {
      if (stream.delivery === 'return' && !stream.batches) {
        context.addIssue({
          code: 'custom',
          path: ['streams', index, 'delivery'],
          message: 'batches, because delivery is return',
        });
      }
      if (stream.delivery === 'daily' && stream.batches) {
        context.addIssue({
          code: 'custom',
          path: ['streams', index, 'batches'],
          message: 'delivery: return beside batches',
        });
      }
      if (stream.delivery === 'daily' && !stream.count && stream.response.total === undefined) {
        context.addIssue({
          code: 'custom',
          path: ['streams', index, 'response'],
          message: 'a count endpoint, because the answer has no total',
        });
      }
    }
  })
  .meta({ title: 'Connector', description: 'One source system and its streams' });

export const anyConnectorSchema = z.discriminatedUnion('kind', [httpConnectorSchema]);

export type HttpConnectorConfig = z.output<typeof httpConnectorSchema> & { id: string };
export type HttpStreamConfig = HttpConnectorConfig['streams'][number];
/** One source system; its id is the name of its file. */
export type ConnectorConfig = z.output<typeof anyConnectorSchema> & { id: string };
/** One stream as every kind knows it. */
export type StreamConfig = z.output<typeof streamSchema>;
