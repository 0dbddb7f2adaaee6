import { z } from 'zod';
import { HOLDER_KINDS, LEVELS, PUBLICITY, type CatalogEntry } from '../../domain/library/catalog.ts';
import { MERGED_FIELDS } from '../../domain/library/merge.ts';
import { calendarDate, keyOf, plainName, slug } from '../values.ts';
import { expected } from '../../domain/faults/expected.ts';

const unit = z.strictObject({
  name: z.string().min(1),
  code: z.string().regex(/^[0-9A-Z]{18}$/, expected('credit-code')),
});
const typeCode = z.string().regex(/^[0-9A-Z]{21}$/, expected('type-code'));

const faceField = z.strictObject({
  name: plainName.meta({ description: 'Name of the field in the certificate’s 照面扩展' }),
  label: z.string().min(1).meta({ description: 'What is printed beside it' }),
  required: z.boolean().default(false),
  type: z.enum(['text', 'date', 'number']).default('text'),
  values: z.array(z.string().min(1)).default([]).meta({ description: 'The only values it can have' }),
});

/** One entry of the issuing catalog (发证目录), as it is imported. Only code and name are needed of a draft. */
export const catalogEntrySchema = z
  .strictObject({
    typeCode: typeCode.meta({ description: '证照类型代码' }),
    name: z.string().min(1).meta({ description: '证照名称' }),
    category: z.string().min(1).nullable().default(null).meta({ description: '证照类型, for example 证照 or 批文' }),
    issuer: unit.nullable().default(null).meta({ description: '发证单位' }),
    definer: unit.nullable().default(null).meta({ description: '证照定义机构' }),
    holders: z.array(keyOf(HOLDER_KINDS)).default([]).meta({ description: '持证主体类型' }),
    template: z.string().min(1).nullable().default(null).meta({ description: '证照模板（底图）: name of its file' }),
    face: z.array(faceField).default([]).meta({ description: '照面信息' }),
    inspection: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .meta({ description: '年检字段: the field of face whose change is an annual inspection (年审, 年检)' }),
    collectFrom: calendarDate.nullable().default(null).meta({ description: '证照归集起始时间' }),
    publicity: keyOf(PUBLICITY).nullable().default(null).meta({ description: '类目公开属性' }),
    level: keyOf(LEVELS).nullable().default(null).meta({ description: '标准级别' }),
    items: z
      .array(z.strictObject({ code: z.string().min(1), name: z.string().min(1) }))
      .default([])
      .meta({ description: '关联事项' }),
    validYears: z.int().min(1).nullable().default(null).meta({ description: 'Longest validity in years; none: 长期' }),
    members: z.array(typeCode).default([]).meta({ description: '一业一证: the types that this licence is made of' }),
    sources: z
      .array(slug)
      .default([])
      .meta({ description: 'Streams that deliver the same certificates, the one that is believed first in front' }),
    fieldSources: z
      .partialRecord(z.enum(MERGED_FIELDS), z.array(slug).min(1))
      .default({})
      .meta({ description: 'The same for single fields, before sources: {status: [province-return]}' }),
  })
  .refine(({ face, inspection }) => inspection === null || face.some(({ name }) => name === inspection), {
    path: ['inspection'],
    message: expected('face-field'),
  })
  .meta({ title: 'Catalog entry', description: 'One type of certificate in the issuing catalog (发证目录)' });

export const catalogSchema = z.array(catalogEntrySchema) satisfies z.ZodType<CatalogEntry[]>;
