import { z } from 'zod';
import {
  catalogSourceSchema,
  checkEachStream,
  checkEvents,
  connectorSchema,
  disputeSourceSchema,
  eventsHaveTimes,
  outboundSchema,
  requireUse,
  streamSchema,
  timeFormat,
} from './stream.ts';
import { charset, secretRef } from '../values.ts';
import { expected } from '../../domain/faults/expected.ts';

/** Servers by the scheme of their address. */
export const SCHEMES = [
  'postgres',
  'kingbase',
  'opengauss',
  'mysql',
  'mariadb',
  'sqlserver',
  'oracle',
  'dameng',
  'sqlite',
] as const;
export type Scheme = (typeof SCHEMES)[number];

const identifier = z
  .string()
  .regex(/^[\p{L}_][\p{L}\p{N}_$#]*(?:\.[\p{L}_][\p{L}\p{N}_$#]*){0,2}$/u, expected('identifier'));

/** Where a database is: for `database`, `exchange` and outbound connectors alike. */
export const databaseAddress = {
  address: z
    .union(
      [
        z
          .string()
          .regex(new RegExp(`^(?:postgresql|${SCHEMES.join('|')}):`), expected('database-scheme', { among: SCHEMES }))
          .refine((text) => !/\/\/[^/@]*:[^/@]*@/.test(text), {
            error: expected('address-without-secret'),
          }),
        z.strictObject({ env: z.string().min(1) }),
      ],
      { error: expected('database-address') },
    )
    .meta({
      description:
        'scheme://user@host:port/database; schemes postgres kingbase opengauss mysql mariadb sqlserver oracle dameng, or sqlite:/path. To another machine with TLS and a checked certificate, unless ?sslmode=require (not checked) or ?sslmode=disable says otherwise; sslrootcert, sslcert and sslkey name files. sqlserver: encrypt, trustServerCertificate; oracle, dameng: protocol=tcp or tcps',
    }),
  password: secretRef.optional(),
  charset: charset.optional().meta({
    description:
      'For mysql and mariadb: character set of texts that columns of latin1 hold as bytes; other columns are read as they are',
  }),
};

const table = identifier.meta({ description: 'Table or view, name or schema.name' });

const databaseStream = streamSchema.extend({
  table: table.optional(),
  query: z
    .string()
    .regex(/^\s*(?:select|with)\s/i, expected('select'))
    .optional()
    .meta({ description: 'A SELECT instead of a table; its columns are the record’s fields' }),
  cursor: z
    .union([
      z.enum(['time', 'snapshot']),
      z.strictObject({
        sequence: identifier.meta({ description: 'A number that only ever grows' }),
        within: z
          .literal('time')
          .optional()
          .meta({ description: 'Windows by record.updatedAt, the sequence orders records of one instant' }),
      }),
    ])
    .default('time')
    .meta({
      description:
        'time: windows of record.updatedAt; {sequence: column}: what comes after the last number; {sequence, within: time}: both; snapshot: the whole table each day',
    }),
  timeFormat: z
    .union([z.literal('native'), timeFormat])
    .default('native')
    .meta({ description: 'native: a date or timestamp column; the others: text or numbers in that form' }),
  page: z.strictObject({ size: z.int().min(1).max(10_000).default(1000) }).prefault({}),
  most: z
    .int()
    .min(1)
    .default(100_000)
    .meta({ description: 'Most rows of one batch, where batches are made by sequence' }),
  deletes: z
    .strictObject({ share: z.number().gt(0).max(1) })
    .optional()
    .meta({
      description:
        'For snapshots: records that the source no longer has are taken as deleted, up to this share of the library',
    }),
});

/** A table that is read whole each time. */
const wholeTable = databaseStream.pick({ table: true, query: true, page: true }).shape;

const tableCatalog = z.strictObject({ ...wholeTable, ...catalogSourceSchema.shape }).meta({
  description: 'A catalog of certificate types (发证目录) that the source publishes: the whole table, each time',
});

const tableDisputes = z.strictObject({ ...wholeTable, ...disputeSourceSchema.shape }).meta({
  description:
    'Disputes (异议) that the source lists as tickets, read every 5 minutes: the whole table, best that of those which are not answered',
});
export type TableListConfig = z.output<typeof tableCatalog> | z.output<typeof tableDisputes>;

const tableOutbound = outboundSchema.extend({
  table: table.meta({ description: 'Table that takes a row for each message; its columns are the message’s fields' }),
  key: identifier
    .default('message_key')
    .meta({ description: 'Column with the message’s own key: a row that is there already is left alone' }),
});
export type TableOutboundConfig = z.output<typeof tableOutbound>;

/** `kind: database`: tables, views and queries of a department’s database. */
export const databaseConnectorSchema = connectorSchema
  .extend({
    kind: z.literal('database'),
    ...databaseAddress,
    streams: z.array(databaseStream).default([]),
    outbound: z.array(tableOutbound).default([]),
    catalog: tableCatalog.optional(),
    disputes: tableDisputes.optional(),
  })
  .superRefine(requireUse)
  .superRefine((connector, context) => {
    for (const name of ['catalog', 'disputes'] as const) {
      const list = connector[name];
      if (list && (list.table === undefined) === (list.query === undefined))
        context.addIssue({ code: 'custom', path: [name, 'table'], message: expected('table-or-query') });
    }
  })
  .superRefine(
    checkEachStream<z.output<typeof databaseStream>>((stream, complain) => {
      const { cursor, record, overlap } = stream;
      if ((stream.table === undefined) === (stream.query === undefined))
        complain(['table'], expected('table-or-query'));
      const byTime = cursor === 'time' || (typeof cursor === 'object' && cursor.within === 'time');
      if (byTime && record.updatedAt === undefined) complain(['record', 'updatedAt'], expected('window-column'));
      checkEvents(stream, !byTime && cursor !== 'snapshot', complain);
      if (stream.deletes && cursor !== 'snapshot') complain(['deletes'], expected('snapshot-of-deletes'));
      if (cursor === 'snapshot' && overlap !== undefined) complain(['overlap'], expected('overlap-none'));
      if (overlap?.endsWith('rows') === byTime)
        complain(['overlap'], expected(byTime ? 'overlap-time' : 'overlap-rows'));
      if (stream.delivery === 'return' && (byTime || cursor === 'snapshot'))
        complain(['delivery'], expected('sequence-of-return'));
    }),
  )
  .meta({ title: 'database', description: 'Tables, views and queries of a department’s database' });

export type DatabaseConnectorConfig = z.output<typeof databaseConnectorSchema> & { id: string };
export type DatabaseStreamConfig = DatabaseConnectorConfig['streams'][number];

const exchangeStream = streamSchema.extend({
  table: table.meta({ description: 'Table that the department fills with operation rows' }),
  rowId: identifier
    .default('dsc_biz_record_id')
    .meta({ description: 'Number of the row, by which rows are read in order' }),
  operation: z
    .strictObject({
      field: identifier.default('dsc_biz_operation'),
      deletes: z
        .array(z.string())
        .min(1)
        .default(['D', 'd', 'delete', 'DELETE'])
        .meta({ description: 'Values that delete the record; all others insert or update it' }),
    })
    .prefault({}),
  consumed: z
    .strictObject({
      field: identifier.default('consumed'),
      open: z.union([z.string(), z.number(), z.null()]).default(0),
      done: z.union([z.string(), z.number()]).default(1),
      at: identifier.optional().meta({ description: 'Column that takes the time of the mark' }),
    })
    .prefault({})
    .meta({ description: 'How a row is marked as consumed, after the commit in the hub' }),
  receipts: z
    .strictObject({
      table,
      rowId: identifier.default('record_id'),
      rule: identifier.default('error_code'),
      message: identifier.default('error_remark'),
      at: identifier.default('created_at'),
    })
    .optional()
    .meta({ description: 'Table that takes a line for every rejected row' }),
  page: z.strictObject({ size: z.int().min(1).max(5_000).default(1000) }).prefault({}),
  most: z.int().min(1).default(100_000).meta({ description: 'Most rows of one batch' }),
});

/** `kind: exchange`: a front-end exchange database (前置库). */
export const exchangeConnectorSchema = connectorSchema
  .extend({ kind: z.literal('exchange'), ...databaseAddress, streams: z.array(exchangeStream).min(1) })
  .superRefine(eventsHaveTimes)
  .meta({ title: 'exchange', description: 'A front-end exchange database (前置库) that the department fills' });

export type ExchangeConnectorConfig = z.output<typeof exchangeConnectorSchema> & { id: string };
export type ExchangeStreamConfig = ExchangeConnectorConfig['streams'][number];
