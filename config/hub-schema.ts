import { z } from 'zod';
import { duration, secretRef, slug } from './values.ts';

const port = z.int().min(1).max(65_535);

/** A bucket of an S3-compatible server: MinIO, Ceph, a cloud's. */
const s3 = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/, error: 'an address such as https://s3.example.gov.cn' })
    .meta({ description: 'Address of the server, without the bucket' }),
  region: z.string().min(1).default('us-east-1').meta({ description: 'What the server calls its region' }),
  bucket: z.string().min(1).meta({ description: 'It must exist; the key needs GetObject, PutObject and ListBucket' }),
  prefix: z
    .string()
    .regex(/^(?:[\w.-]+\/)*$/, 'folders with a slash after each, for example hub/files/')
    .default('')
    .meta({ description: 'What the names of all files begin with' }),
  pathStyle: z
    .boolean()
    .default(true)
    .meta({ description: 'The bucket stands in the path; false where a cloud wants it in the name of the host' }),
  accessKey: secretRef,
  secretKey: secretRef,
});

const files = z
  .strictObject({
    folder: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Folder to keep them in (default: files/ of the hub’s data)' }),
    s3: s3.optional().meta({ description: 'Bucket of an S3-compatible server to keep them in' }),
    trustedRoots: z.string().min(1).optional().meta({
      description:
        'PEM file with the root certificates of those who may sign; without it no signature is called valid, only broken ones invalid',
    }),
  })
  .refine(({ folder, s3 }) => folder === undefined || s3 === undefined, 'either folder or s3, not both');

/** Where the files of certificates are kept. */
export type FileSettings = z.output<typeof files>;
export type S3Settings = z.output<typeof s3>;

/** `config/hub.yaml`. */
export const hubSchema = z
  .strictObject({
    jurisdiction: slug.meta({ description: 'Which profile of jurisdictions/ applies, for example wuxi' }),
    managementUnit: z
      .string()
      .regex(/^[0-9A-Z]{18}$/, 'an 18-character 统一社会信用代码')
      .optional()
      .meta({ description: '统一社会信用代码 of the unit that supervises (管理单位) and approves the catalog' }),
    server: z
      .strictObject({
        host: z.string().default('127.0.0.1').meta({ description: 'Address that the health page listens on' }),
        port: port.default(7080),
      })
      .prefault({}),
    temporal: z
      .strictObject({
        namespace: z.string().min(1).default('default'),
        taskQueue: slug.default('hub'),
      })
      .prefault({}),
    embedded: z
      .strictObject({
        postgresPort: port.default(7432),
        temporalPort: port.default(7233),
        temporalUiPort: port.default(8233),
      })
      .prefault({})
      .meta({
        description: 'Ports of the servers that the hub brings along; unused with DATABASE_URL and TEMPORAL_ADDRESS',
      }),
    returnEvery: duration
      .prefault('10m')
      .meta({ description: 'How often the platforms that return certificates are asked for new batches' }),
    files: files.prefault({}).meta({ description: 'Where the files of certificates (OFD, PDF) are kept' }),
    log: z
      .strictObject({
        level: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
        format: z.enum(['json', 'pretty']).default('json'),
      })
      .prefault({}),
  })
  .meta({ title: 'hub.yaml', description: 'The hub itself: which city, where it listens, its servers' });

export type HubSettings = z.output<typeof hubSchema>;
