import { z } from 'zod';
import { connectorSchema, eventsHaveTimes, requireUse, streamSchema } from './stream.ts';
import { duration, secretRef } from '../values.ts';

/** `kind: inbox`: departments push their records to the hub. */
export const inboxConnectorSchema = connectorSchema
  .extend({
    kind: z.literal('inbox'),
    token: secretRef.meta({ description: 'What the department sends as Authorization: Bearer …' }),
    signature: z
      .strictObject({
        algorithm: z.enum(['hmac-sha256', 'hmac-sm3']).default('hmac-sha256'),
        secret: secretRef,
        keyId: z
          .string()
          .regex(/^[\w.-]{1,100}$/, 'letters, digits, . _ -')
          .optional()
          .meta({ description: 'What X-Hub-Key-Id says; the connector’s name where left out' }),
        tolerance: duration.prefault('5m').meta({ description: 'How far the request’s time may be from ours' }),
      })
      .optional()
      .meta({
        description:
          'X-Hub-Signature: hexadecimal of algorithm(secret, what is signed of the request): see docs/connectors/pushing.md',
      }),
    most: z.int().min(1).max(10_000).default(1000).meta({ description: 'Most records of one request' }),
    streams: z.array(streamSchema).default([]),
    disputes: z
      .literal(true)
      .optional()
      .meta({ description: 'Disputes (异议) are pushed, too: see docs/connectors/pushing.md' }),
  })
  .superRefine(requireUse)
  .superRefine(eventsHaveTimes)
  .meta({ title: 'inbox', description: 'Departments push their records to the hub' });

export type InboxConnectorConfig = z.output<typeof inboxConnectorSchema> & { id: string };
