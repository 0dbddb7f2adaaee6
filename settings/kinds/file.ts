import { z } from 'zod';
import { certificateFile, checkEachStream, checkEvents, connectorSchema, streamSchema } from './stream.ts';
import { duration, secretRef } from '../values.ts';
import { expected } from '../../domain/faults/expected.ts';

export const FILE_FORMATS = ['xlsx', 'xls', 'csv', 'jsonl'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

export const fileStream = streamSchema.extend({
  files: z
    .string()
    .min(1)
    .regex(/^[^/]+$/, expected('file-name'))
    .meta({
      description:
        'Names of the files: * stands for anything, {date} for the day, for example permits-{date}.csv; a name that ends in .zip is unpacked',
    }),
  date: z
    .enum(['yyyyMMdd', 'yyyy-MM-dd'])
    .default('yyyyMMdd')
    .meta({ description: 'How {date} is written; files without it belong to the day of their last change' }),
  format: z.enum(FILE_FORMATS).optional().meta({ description: 'Taken from the name where left out' }),
  encoding: z.enum(['utf-8', 'gbk', 'gb18030', 'big5']).optional().meta({
    description:
      'Of csv and jsonl; found where left out: UTF-8 where all bytes are, UTF-16 and Big5 as they show, else GB18030',
  }),
  sheet: z.string().min(1).optional().meta({ description: 'Of xlsx and xls; the first one where left out' }),
  header: z
    .int()
    .min(1)
    .default(1)
    .meta({ description: 'Row with the names of the columns; rows above it, such as a merged title, are passed over' }),
  delimiter: z.string().length(1).default(',').meta({ description: 'Of csv' }),
  complete: z
    .union([
      z.strictObject({ marker: z.string().min(1).meta({ description: 'Ending of the marker file, for example .ok' }) }),
      z.strictObject({
        countLine: z
          .string()
          .regex(/\(/, expected('count-line'))
          .meta({ description: 'The last line, and where the number of rows is in it' }),
      }),
      z.strictObject({ checksum: z.enum(['md5', 'sha256', 'sm3']) }),
    ])
    .optional()
    .meta({
      description:
        'How a file is known to be whole: {marker: .ok}, {countLine: "^共(\\d+)条$"}, {checksum: sha256} for a file of that ending beside it. xlsx and zip carry checksums of their own',
    }),
  content: z.enum(['increment', 'full']).default('increment').meta({ description: 'full: every file has all records' }),
  deletes: z
    .strictObject({ share: z.number().gt(0).max(1) })
    .optional()
    .meta({
      description:
        'For content: full; records that a file no longer has are taken as deleted, up to this share of the library',
    }),
  numbers: z.array(z.string()).default([]).meta({
    description:
      'Columns with codes that are numbers by nature; elsewhere a code in a number cell is rejected, because it may have lost zeros or digits',
  }),
  page: z.strictObject({ size: z.int().min(1).max(10_000).default(1000) }).prefault({}),
  file: certificateFile.meta({ description: 'Files of the certificates (OFD, PDF): their names in the same folder' }),
});

/** `kind: file`: files in a folder, over SFTP or over HTTP. */
export const fileConnectorSchema = connectorSchema
  .extend({
    kind: z.literal('file'),
    address: z
      .union(
        [
          z.string().regex(/^(?:\/|\.\/|sftp:\/\/|https?:\/\/)/, expected('file-folder')),
          z.strictObject({ env: z.string().min(1) }),
        ],
        { error: expected('file-address') },
      )
      .meta({ description: 'Folder, sftp://user@host:port/folder, or https://host/folder' }),
    password: secretRef.optional(),
    privateKey: secretRef.optional().meta({ description: 'For SFTP: the key, in OpenSSH or PEM form' }),
    hostKey: z
      .string()
      .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, expected('fingerprint'))
      .optional()
      .meta({ description: 'For SFTP: fingerprint that the server’s key must have' }),
    timeout: duration.prefault('30s'),
    maxFile: z
      .int()
      .min(1)
      .default(200)
      .meta({ description: 'Largest xlsx or xls, in megabytes; they are opened whole. csv and jsonl are not limited' }),
    streams: z.array(fileStream).min(1),
  })
  .superRefine((connector, context) => {
    const { address } = connector;
    const sftp = typeof address === 'object' || address.startsWith('sftp:');
    if (typeof address === 'string' && sftp && connector.hostKey === undefined)
      context.addIssue({ code: 'custom', path: ['hostKey'], message: expected('host-fingerprint') });
    checkEachStream<z.output<typeof fileStream>>((stream, complain) => {
      const format = stream.format ?? formatOf(stream.files);
      const zipped = stream.files.toLowerCase().endsWith('.zip');
      if (stream.files.split('{date}').length > 2) complain(['files'], expected('date-once'));
      if (stream.complete && 'countLine' in stream.complete && !hasGroup(stream.complete.countLine))
        complain(['complete', 'countLine'], expected('count-line'));
      if (format === null) complain(['format'], expected('format-untold', { among: FILE_FORMATS }));
      if (stream.complete === undefined && format !== 'xlsx' && !zipped) complain(['complete'], expected('whole-file'));
      if (stream.complete && 'countLine' in stream.complete && format !== 'csv' && format !== 'jsonl')
        complain(['complete'], expected('no-lines'));
      checkEvents(stream, stream.content !== 'full', complain);
      if (stream.deletes && stream.content !== 'full') complain(['deletes'], expected('full-of-deletes'));
      if (
        typeof address === 'string' &&
        address.startsWith('http') &&
        (!stream.files.includes('{date}') || stream.files.includes('*'))
      )
        complain(['files'], expected('dated-name'));
    })(connector, context);
  })
  .meta({ title: 'file', description: 'Files in a folder, over SFTP or over HTTP' });

function hasGroup(expression: string): boolean {
  try {
    return (new RegExp(`${expression}|`).exec('')?.length ?? 0) > 1;
  } catch {
    return false;
  }
}

/** The format that a name such as `permits-{date}.csv` or `permits-*.csv.zip` tells; null when it tells none. */
export function formatOf(name: string): FileFormat | null {
  const ending = /\.(\w+)(?:\.zip)?$/i.exec(name)?.[1]?.toLowerCase();
  return FILE_FORMATS.find((format) => format === ending) ?? null;
}

export type FileConnectorConfig = z.output<typeof fileConnectorSchema> & { id: string };
export type FileStreamConfig = FileConnectorConfig['streams'][number];
