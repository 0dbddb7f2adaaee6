import { z } from 'zod';
import { COMPLETED_CASE_MODES } from '../../domain/casework/completed-case.ts';
import { CERTIFICATE_FIELDS, type CertificateField } from '../../domain/library/certificate.ts';
import { STATE_MARKS } from '../../domain/library/marks.ts';
import { STATUS_NAMES } from '../../domain/library/status.ts';
import { DRIFT_ACTIONS } from '../../domain/streams.ts';
import { calendarDate, duration, hours, keyOf, plainName, slug } from '../values.ts';
import { expected } from '../../domain/faults/expected.ts';

export const path = plainName.meta({
  description: 'Path into the record or answer, for example data.list; $ is the whole of it',
});

const fieldRule = z.union(
  [
    path,
    z.strictObject({
      from: path.optional().meta({ description: 'Field of the source; left out beside constant' }),
      constant: z.string().min(1).optional().meta({ description: 'The value, for every record' }),
      default: z.string().min(1).optional().meta({ description: 'The value where the source’s field is empty' }),
      lookup: z
        .record(z.string(), z.string())
        .optional()
        .meta({ description: 'The source’s value → ours; a value that is missing here stays as it is' }),
      dates: z
        .enum(['dmy', 'mdy'])
        .optional()
        .meta({ description: 'Order of dates such as 03/04/2026, which could be read both ways' }),
    }),
  ],
  { error: expected('field-rule') },
);

/** Where a field of a certificate comes from. */
export type FieldRule = z.output<typeof fieldRule>;

const fieldMap = z
  .strictObject(
    Object.fromEntries(CERTIFICATE_FIELDS.map((field) => [field, fieldRule.optional()])) as Record<
      CertificateField,
      z.ZodOptional<typeof fieldRule>
    >,
  )
  .meta({
    description:
      'Which field of the source holds what. A field that bears its GB/T 36903 name (ZZBH, zzbh or certificateNumber) needs no entry',
  });

const statusName = z.enum(STATUS_NAMES as [(typeof STATUS_NAMES)[number], ...typeof STATUS_NAMES]);
const markName = keyOf(STATE_MARKS);
const onDrift = keyOf(DRIFT_ACTIONS).default('warn');

/** What every kind of connector says of a stream, whatever the way its records travel. */
export const streamSchema = z.strictObject({
  id: slug.meta({ description: 'Name of the stream in workflows, commands and reports' }),
  name: z.string().min(1).optional().meta({ description: 'What people call it; the id where left out' }),
  delivery: z.enum(['daily', 'return', 'stock']).default('daily').meta({
    description:
      'daily: each day’s increment is owed under the jurisdiction’s rule; return: a platform returns batches (回传) whenever it has some; stock: old records (存量), imported once by ./hub stock',
  }),
  stock: z
    .strictObject({
      planned: z
        .int()
        .min(1)
        .optional()
        .meta({ description: 'Records that there are; counted at the source where left out' }),
      by: calendarDate.optional().meta({ description: 'The day by which the unit has promised them' }),
      seal: slug.optional().meta({
        description:
          'The outbound target of an e-seal service (批量电子签章), which certificates in force are handed to',
      }),
      sealAtOnce: z.int().min(1).max(1000).default(200).meta({ description: 'Certificates in one message to it' }),
    })
    .optional()
    .meta({ description: 'The plan, for delivery: stock' }),
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
  overlap: z
    .string()
    .regex(/^\d+(?:ms|s|m|h|d|rows)$/, expected('overlap'))
    .optional()
    .meta({
      description:
        'How much of what was read before is read again, for late commits: time, or, 5000rows, so many numbers of a sequence',
    }),
  slice: duration.prefault('31d').meta({ description: 'Longest window read as one' }),
  lookback: duration
    .prefault('3d')
    .meta({ description: 'How far back each day’s reconciliation compares counts again, to find late records' }),
  record: z.strictObject({
    key: path.meta({ description: 'The source’s own key of a record' }),
    updatedAt: path
      .optional()
      .meta({ description: 'When the source last changed it; kinds that read by time ask for windows of it' }),
    fields: fieldMap.prefault({}),
    holders: z
      .union([path, z.strictObject({ split: z.string().min(1) }), z.strictObject({ rows: z.literal(true) })], {
        error: expected('holders-rule'),
      })
      .optional()
      .meta({
        description:
          'Several holders: the field with their list; {split: "、;"} where names and codes stand in one text each, in the same order; {rows: true} where a file has a row for each, one after the other under one key',
      }),
    extension: z
      .strictObject({
        rename: z.record(z.string(), plainName).default({}),
        leave: z.array(z.string()).default([]),
      })
      .prefault({})
      .meta({
        description:
          '照面扩展: every other field is kept under its own name, unless it is renamed here or left at the source',
      }),
    review: z
      .strictObject({
        field: path,
        values: z
          .array(z.string())
          .min(1)
          .optional()
          .meta({ description: 'Its values that mean so; any where left out' }),
      })
      .optional()
      .meta({
        description:
          'The field that says that the issuer reviewed the certificate before signing (签发审核); it stays in the 照面扩展, and a record without it is remarked as 未见签发审核. Where records have none, the unit declares it: ./hub declarations',
      }),
    codeTypes: z
      .record(z.string(), z.string().regex(/^\d{3}$/))
      .default({})
      .meta({ description: 'The source’s own values of 持证主体代码类型 → GB/T 36903 codes' }),
    longTerm: z
      .array(z.string())
      .default(['长期', '長期', '长期有效', '永久', '永久有效', '无固定期限', '无期限', '无限期', '终身', '终身有效'])
      .meta({ description: 'Values of the end of validity that mean 长期, beside days of the year 9999' }),
  }),
  status: z
    .strictObject({
      field: path.optional().meta({ description: 'Left out where the source lists valid certificates only' }),
      values: z
        .record(z.string(), z.union([statusName, z.array(markName).min(1)]))
        .default({})
        .meta({
          description:
            'The source’s values → canonical states, or lists of marks (状态标记) that hold; a value that is missing here rejects the record',
        }),
      marks: z
        .array(
          z.strictObject({
            field: path.meta({ description: 'Field with one value, a list of them, or a text with 、 or commas' }),
            values: z.record(z.string(), z.union([markName, z.literal('none')])).meta({
              description: 'Its values → marks, or none; a value that is missing here rejects the record',
            }),
          }),
        )
        .default([])
        .meta({ description: 'Fields that say which marks hold now, for sources that have them beside the state' }),
      events: z
        .strictObject({
          field: path.meta({ description: 'Field that names the event; empty where the record tells none' }),
          values: z
            .record(
              z.string(),
              z.strictObject({
                begins: z.array(markName).default([]),
                ends: z.array(markName).default([]),
              }),
            )
            .meta({ description: 'Its values → marks that begin and end; {} for events that change none' }),
        })
        .optional()
        .meta({
          description: 'For sources that deliver a record for each event (全过程事件): each is kept and applied',
        }),
      deleted: z
        .strictObject({ field: path, values: z.array(z.string()).min(1) })
        .optional()
        .meta({ description: 'The field and its values by which the source marks a record as deleted' }),
    })
    .refine(
      ({ values, marks, events }) => !events || (marks.length === 0 && !Object.values(values).some(Array.isArray)),
      {
        path: ['events'],
        error: 'no marks beside events: a source tells either what holds or what happened',
      },
    ),
  completed: z
    .strictObject({
      at: path.meta({
        description: 'Field of the record with the time of completion (办结时间), or updatedAt, or issuedOn (its end)',
      }),
      mode: keyOf(COMPLETED_CASE_MODES).meta({
        description: '签发方式; with bulk, what one batch brings is one bulk issue',
      }),
    })
    .optional()
    .meta({
      description:
        'Makes a completed case (业务办结) of each record whose certificate is new, for departments that announce none: by when it should have been pushed. Such a case is known only once its record is in',
    }),
  rejects: z
    .strictObject({
      most: z.int().min(0).optional().meta({ description: 'Most rejected records of one read' }),
      share: z.number().min(0).max(1).default(0.5).meta({
        description: 'Largest rejected share, from 200 records on, or from 20 on where all of a read are rejected',
      }),
      garbled: z.number().min(0).max(1).default(0.3).meta({
        description: 'Largest share of records with names in another character set (乱码), from 10 records on',
      }),
    })
    .prefault({})
    .meta({ description: 'Beyond any threshold the read stops and the stream is paused' }),
  contract: z.strictObject({ added: onDrift, missing: onDrift, retyped: onDrift }).prefault({}).meta({
    description:
      'What to do when the source’s fields are not those of its first read: accept, warn (and accept), reject the records, stop the stream',
  }),
  examples: z
    .array(
      z.strictObject({
        input: z.record(z.string(), z.unknown()),
        expected: z
          .record(z.string(), z.unknown())
          .optional()
          .meta({ description: 'Fields of the certificate that must come of it; others are not looked at' }),
        rejected: z
          .array(z.string())
          .min(1)
          .optional()
          .meta({ description: 'Or the rules by which it must be rejected' }),
      }),
    )
    .default([])
    .meta({ description: 'Records and what must come of them; ./hub connector test runs them' }),
});

/** One stream as every kind knows it. */
export type StreamConfig = z.output<typeof streamSchema>;

/** Files of certificates (OFD, PDF), for kinds that can fetch them. */
export const certificateFile = z
  .strictObject({
    reference: path.meta({ description: 'Field that says where the file is; it stays in the 照面扩展' }),
    signature: path.optional().meta({ description: 'Field with what the source says of the file’s signature' }),
    largest: z.number().positive().default(20).meta({ description: 'Largest file, in megabytes' }),
  })
  .optional();

/** What every kind of connector says of a source system. */
export const connectorSchema = z.strictObject({
  name: z.string().min(1).meta({ description: 'The department or platform' }),
  unit: z
    .string()
    .regex(/^[0-9A-Z]{18}$/, expected('unit-code'))
    .meta({ description: '统一社会信用代码 of the unit that answers for the records' }),
  hours: hours.optional().meta({ description: 'When the source may be asked, Shanghai time; may cross midnight' }),
  maintenance: z
    .array(
      z.strictObject({
        from: z.iso.datetime({ offset: true, error: expected('instant', { example: '2026-12-01T20:00:00+08:00' }) }),
        to: z.iso.datetime({ offset: true, error: expected('instant', { example: '2026-12-02T06:00:00+08:00' }) }),
      }),
    )
    .default([])
    .meta({ description: 'Announced windows in which the source is away and is not asked' }),
});

/** What every kind of connector says of a system that the hub sends to. */
export const outboundSchema = z.strictObject({
  id: slug.meta({ description: 'Name of the target in workflows, commands and reports' }),
  name: z.string().min(1).optional(),
  attempts: z
    .int()
    .min(1)
    .default(20)
    .meta({ description: 'Tries of one message before it becomes a dead letter; the last ones are six hours apart' }),
});

/** A system that the hub sends to, as all kinds know it. */
export type OutboundConfig = z.output<typeof outboundSchema>;

const unitFields = z.strictObject({ name: fieldRule, code: fieldRule }).optional();
const entryField = fieldRule.optional();

/** What every kind of connector says of a list of catalog entries that its source publishes, whatever the way to it. */
export const catalogSourceSchema = z.strictObject({
  fields: z
    .strictObject({
      typeCode: path.meta({ description: '证照类型代码, by which an entry is known' }),
      name: fieldRule.meta({ description: '证照名称' }),
      category: entryField.meta({ description: '证照类型' }),
      issuer: unitFields.meta({ description: '发证单位' }),
      definer: unitFields.meta({ description: '证照定义机构' }),
      holders: entryField.meta({
        description: '持证主体类型: a list, or one text with 、 or commas; lookup holds for each of them',
      }),
      template: entryField.meta({ description: '证照模板（底图）' }),
      face: z
        .strictObject({
          list: path,
          name: fieldRule,
          label: fieldRule,
          required: entryField,
          type: entryField,
          values: entryField,
        })
        .optional()
        .meta({ description: '照面信息: where their list is, and which field of its items holds what' }),
      collectFrom: entryField.meta({ description: '证照归集起始时间' }),
      publicity: entryField.meta({ description: '类目公开属性' }),
      level: entryField.meta({ description: '标准级别' }),
      items: z
        .strictObject({ list: path, code: fieldRule, name: fieldRule })
        .optional()
        .meta({ description: '关联事项: where their list is, and which field of its items holds what' }),
      validYears: entryField.meta({ description: '有效年限 in years, or 长期' }),
      members: entryField.meta({ description: '一业一证: a list, or one text with 、 or commas' }),
    })
    .meta({
      description:
        'Which field of the source holds what, by {from, constant, default, lookup, dates} as in record.fields; what is left out, or empty, stays as the city has it',
    }),
});

/** A published catalog, as all kinds know it. */
export type CatalogSourceConfig = z.output<typeof catalogSourceSchema>;

/** What every kind of connector says of tickets that its source lists: disputes (异议), such as the 12345 hotline has. */
export const disputeSourceSchema = z.strictObject({
  fields: z
    .strictObject({
      ticket: path.meta({ description: 'Its number at the source (工单编号): the same one is one dispute' }),
      number: fieldRule.meta({ description: '证照编号 of the certificate' }),
      type: fieldRule
        .optional()
        .meta({ description: '证照类型代码, for numbers that certificates of several types have' }),
      objector: fieldRule.optional().meta({ description: 'Who objects (异议人)' }),
      contact: fieldRule.optional().meta({ description: 'How they are told, such as a telephone number' }),
      statement: fieldRule.meta({ description: 'What they say (异议内容)' }),
      raisedAt: fieldRule.meta({ description: 'When it was raised' }),
      receivedAt: fieldRule.optional().meta({
        description:
          'When the issuer received it, once it has: its clock starts there, or before, when the hub took the ticket',
      }),
    })
    .meta({
      description:
        'Which field of the source holds what, by {from, constant, default, lookup, dates} as in record.fields',
    }),
});

/** A list of tickets, as all kinds know it. */
export type DisputeSourceConfig = z.output<typeof disputeSourceSchema>;

/** How a time cursor is written at the source. */
export const timeFormat = z.enum(['datetime', 'iso', 'date-time-ms', 'compact', 'epoch-ms', 'epoch-s']);
export type TimeFormat = z.output<typeof timeFormat>;

/** A connector that neither reads nor sends is a mistake. */
export function requireUse(
  connector: { streams: unknown[]; outbound?: unknown[]; catalog?: unknown; disputes?: unknown },
  context: z.core.$RefinementCtx,
): void {
  const { streams, outbound = [], catalog, disputes } = connector;
  if (streams.length + outbound.length > 0 || catalog !== undefined || disputes !== undefined) return;
  context.addIssue({
    code: 'custom',
    path: ['streams'],
    message: expected('use'),
  });
}

/** What `superRefine` hands to the checks that look at a whole connector. */
export type Complain = (path: (string | number)[], message: string) => void;

/** Calls a check for every stream; `complain` takes a path within the stream. */
export function checkEachStream<S>(check: (stream: S, complain: Complain) => void) {
  return (connector: { streams: S[] }, context: z.core.$RefinementCtx): void => {
    for (const [index, stream] of connector.streams.entries()) {
      check(stream, (at, message) => {
        context.addIssue({ code: 'custom', path: ['streams', index, ...at], message });
      });
    }
  };
}

/**
 * Events are lost where a source delivers certificates as they are when it is asked, and have no place without a time.
 * @param each the source delivers each record that it makes, once
 */
export function checkEvents({ status, record }: StreamConfig, each: boolean, complain: Complain): void {
  if (!status.events) return;
  if (!each) complain(['status', 'events'], expected('marks-instead'));
  if (record.updatedAt === undefined) complain(['record', 'updatedAt'], expected('event-time'));
}

/** For sources that deliver each record. */
export const eventsHaveTimes = checkEachStream<StreamConfig>((stream, complain) => {
  checkEvents(stream, true, complain);
});
