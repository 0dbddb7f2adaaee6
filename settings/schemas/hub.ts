import { z } from 'zod';
import { duration, hours, secretRef, slug, timeOfDay } from '../values.ts';
import { DAY_MS } from '../../domain/dates.ts';
import { expected } from '../../domain/faults/expected.ts';

const network = z.union(
  [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
  'an address or a network, for example 10.1.0.0/16',
);
const unitCode = z.string().regex(/^[0-9A-Z]{18}$/, expected('credit-code'));
const port = z.int().min(1).max(65_535);

/** A bucket of an S3-compatible server: MinIO, Ceph, a cloud's. */
const s3 = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/, error: expected('url-like', { example: 'https://s3.example.gov.cn' }) })
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
        'PEM file with the root certificates of those who may sign and make seals, or with those of authorities below them; without it no seal is called valid, only broken ones invalid',
    }),
    crls: z.array(z.string().min(1)).min(1).optional().meta({
      description:
        'Files with lists of revoked certificates (吊销列表), PEM or DER, of every authority below trustedRoots; read again when they change',
    }),
  })
  .refine(({ folder, s3 }) => folder === undefined || s3 === undefined, 'either folder or s3, not both');

/** Where the files of certificates are kept. */
export type FileSettings = z.output<typeof files>;
export type S3Settings = z.output<typeof s3>;

const smtp = z
  .strictObject({
    host: z.string().min(1).meta({ description: 'The mail server' }),
    port: port.default(465),
    secure: z.boolean().default(true).meta({
      description: 'TLS from the start; false: STARTTLS where the server has it, and always before a password is sent',
    }),
    user: z.string().min(1).optional(),
    password: secretRef.optional(),
    from: z.email({ error: expected('e-mail') }).meta({ description: 'Address that the hub writes from' }),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), 'user and password, or neither');

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

const oidc = z.strictObject({
  issuer: z
    .url({ protocol: /^https?$/, error: expected('url-like', { example: 'https://sso.example.gov.cn' }) })
    .refine(
      (issuer) => issuer.startsWith('https:') || LOOPBACK.has(new URL(issuer).hostname),
      'an address that begins with https:// (http:// only on this machine itself)',
    )
    .meta({ description: 'The provider; what it can do is read from /.well-known/openid-configuration below it' }),
  clientId: z.string().min(1).meta({ description: 'What the provider calls the hub' }),
  clientSecret: secretRef,
  loginClaim: z.string().min(1).default('preferred_username').meta({
    description: 'Claim that an account’s login is compared with at the first sign-in; users must not choose it',
  }),
  label: z.string().min(1).default('统一身份认证').meta({ description: 'What the button of the sign-in page says' }),
});

/** The identity provider through which people sign in (OpenID Connect). */
export type OidcSettings = z.output<typeof oidc>;

/** The key of one receiver; while it is changed, its messages are signed with the one before as well. */
const receiverKey = z.strictObject({
  secret: secretRef,
  previous: secretRef.optional().meta({
    description: 'The key before, which messages are signed with as well until the receiver has the new one',
  }),
});

/** Keys of the receivers of messages, by their units: each secret stands for one alone. */
const receiverKeys = z.record(unitCode, receiverKey).superRefine((keys, context) => {
  const seen = new Set<string>();
  for (const [unit, key] of Object.entries(keys))
    for (const part of ['secret', 'previous'] as const) {
      if (key[part] === undefined) continue;
      const where = JSON.stringify(key[part]);
      if (seen.has(where)) context.addIssue({ code: 'custom', path: [unit, part], message: expected('own-secret') });
      seen.add(where);
    }
});

const reminders = z
  .strictObject({
    hours: hours
      .refine((text) => text.slice(0, 5) < text.slice(6), 'hours that end after they begin')
      .default('08:30-17:30')
      .meta({ description: 'When reminders are sent on working days, Shanghai time' }),
    digestAt: timeOfDay
      .default('08:30')
      .meta({ description: 'When the management unit gets the day’s summary (每日简报) on working days' }),
    smtp: smtp.optional().meta({ description: 'Mail server for contacts with an e-mail address' }),
    webhook: z
      .strictObject({
        keys: receiverKeys.meta({
          description: 'By the 统一社会信用代码 of each unit; a webhook of a unit that has none gets nothing',
        }),
      })
      .optional()
      .meta({ description: 'Keys that messages to the webhooks of contacts are signed with (HMAC-SHA256)' }),
    sms: z
      .strictObject({ target: slug })
      .optional()
      .meta({ description: 'Outbound target of a connector that messages to phones are sent through' }),
  })
  .prefault({});

/** How units are reminded of their deadlines. */
export type ReminderSettings = z.output<typeof reminders>;

const haveOwnIds = (list: readonly { id: string }[]): boolean => new Set(list.map(({ id }) => id)).size === list.length;

const holders = z
  .strictObject({
    portals: z
      .array(
        z.strictObject({
          id: slug.meta({ description: 'What its assertions call it' }),
          name: z.string().min(1).meta({ description: 'What the log of uses calls it, for example 江苏政务服务APP' }),
          unit: z
            .string()
            .regex(/^[0-9A-Z]{18}$/, expected('credit-code'))
            .meta({ description: '统一社会信用代码 of the unit that runs it' }),
          key: secretRef.meta({ description: 'Key that its assertions are signed with (HMAC-SHA256)' }),
        }),
      )
      .default([])
      .refine(haveOwnIds, 'portals that each have an id of their own')
      .meta({ description: 'Portals that holders come through; docs/holders.md says what they sign' }),
  })
  .prefault({});

/** A portal through which holders (持证主体) reach what is theirs. */
export type PortalSettings = z.output<typeof holders>['portals'][number];

/** As long as codes (用证码) read on what was found. */
const SHORTEST_KEPT_MS = 31 * DAY_MS;
const byItself = {
  id: slug.meta({ description: 'What its signatures call it' }),
  account: z.string().min(1).meta({ description: 'Login of the account of its unit that it acts as' }),
};
const sharing = z
  .strictObject({
    clients: z
      .array(
        z.union([
          z.strictObject({
            ...byItself,
            key: secretRef.meta({ description: 'Key that it signs with (HMAC-SHA256)' }),
          }),
          z.strictObject({
            ...byItself,
            sm2: z
              .string()
              .toLowerCase()
              .regex(/^04[0-9a-f]{128}$/, 'an SM2 public key: 04 x y in hexadecimal')
              .meta({ description: 'Public key of what it signs with (SM2 with SM3): 04 x y in hexadecimal' }),
          }),
        ]),
      )
      .default([])
      .refine(haveOwnIds, 'clients that each have an id of their own')
      .meta({ description: 'Systems of user units that sign their requests in place of bearing a token' }),
    keepUses: duration
      .refine((ms) => ms >= SHORTEST_KEPT_MS, '31d or longer')
      .optional()
      .meta({
        description:
          'How long uses stay in the log (default: for ever); older ones are removed once they are archived and the archive was checked',
      }),
    longestUnsigned: duration.prefault('24h').meta({
      description: 'So long receipts may wait for their signature; past that no use is answered until they are signed',
    }),
  })
  .prefault({});

/** `config/hub.yaml`. */
export const hubSchema = z
  .strictObject({
    jurisdiction: slug.meta({ description: 'Which profile of jurisdictions/ applies, for example wuxi' }),
    managementUnit: unitCode
      .optional()
      .meta({ description: '统一社会信用代码 of the unit that supervises (管理单位) and approves the catalog' }),
    managementName: z.string().min(1).default('管理单位').meta({ description: 'Name of the management unit' }),
    server: z
      .strictObject({
        host: z
          .string()
          .default('127.0.0.1')
          .meta({ description: 'Address that the console, the API and the inbox listen on' }),
        port: port.default(7080),
        trustProxy: z.array(network).default([]).meta({
          description: 'Addresses or networks of the proxies before the hub, which say in X-Forwarded-For who calls',
        }),
        publicUrl: z
          .url({ protocol: /^https?$/, error: expected('url-like', { example: 'https://hub.example.gov.cn' }) })
          .optional()
          .meta({
            description:
              'Address that browsers use, where a proxy stands before the hub; https makes the cookie secure',
          }),
        oidc: oidc.optional().meta({ description: 'Sign-in through an identity provider, beside local accounts' }),
      })
      .prefault({}),
    temporal: z
      .strictObject({
        namespace: z.string().min(1).default('default'),
        taskQueue: slug.default('hub'),
        ui: z
          .url({ protocol: /^https?$/, error: expected('url-like', { example: 'https://temporal.example.gov.cn' }) })
          .optional()
          .meta({ description: 'Address of Temporal’s UI for links of the console (default: the embedded one’s)' }),
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
    disputes: z
      .strictObject({
        target: slug
          .optional()
          .meta({ description: 'Outbound target that tells objectors the result; people do without it' }),
      })
      .prefault({})
      .meta({ description: 'Objections to certificates (异议)' }),
    outgoing: z
      .strictObject({ networks: z.array(network).default([]) })
      .prefault({})
      .meta({
        description:
          'Addresses or networks beside the public internet, such as the government’s own, that addresses which people enter (webhooks) may lead to',
      }),
    sharing: sharing.meta({ description: 'How certificates are used: /share/v1' }),
    holders: holders.meta({ description: 'How holders (持证主体) reach what is theirs: /holder/v1' }),
    reminders: reminders.meta({ description: 'Reminders of deadlines (催办) to the contacts on file (专人)' }),
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
