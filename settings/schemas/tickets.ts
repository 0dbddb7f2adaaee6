import { z } from 'zod';
import { parseInstant } from '../../domain/dates.ts';
import { normaliseCode } from '../../domain/library/identifiers.ts';
import { expected } from '../../domain/faults/expected.ts';

/** A text that can be kept. */
const text = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .refine((value) => value.isWellFormed() && !value.includes('\0'), expected('plain-text'));

const time = z.string().transform((given, context) => {
  const instant = parseInstant(given.trim());
  if (instant === null)
    context.addIssue({ code: 'custom', message: expected('time', { example: '"2026-11-22 09:30:00"' }) });
  return new Date(instant ?? 0);
});

const NUMBER = text(200)
  .transform(normaliseCode)
  .meta({ description: 'Its number at the source (工单编号): the same one is one dispute' });

/** A dispute (异议) as it comes in, through whatever door. */
export const disputeSchema = z.strictObject({
  ticket: NUMBER.nullable().default(null),
  number: text(200).transform(normaliseCode).meta({ description: '证照编号 of the certificate' }),
  type: text(100)
    .transform(normaliseCode)
    .nullable()
    .default(null)
    .meta({ description: '证照类型代码, where the number alone does not tell' }),
  objector: text(500).nullable().default(null).meta({ description: '异议人' }),
  contact: text(500).nullable().default(null).meta({ description: 'How they are told' }),
  statement: text(20_000).meta({ description: '异议内容' }),
  raisedAt: time.optional(),
  receivedAt: time.optional().meta({ description: 'When the issuer received it, once it has' }),
});

/** One that has a number where it comes from. */
export const ticketSchema = disputeSchema.extend({ ticket: NUMBER });
/** One of a list: it says when it was raised. */
export const listedTicketSchema = ticketSchema.extend({ raisedAt: time });

export type ListedTicket = z.output<typeof listedTicketSchema>;
