import { z } from 'zod';
import { CATALOG_FIELDS, type CatalogField } from '../domain/catalog.ts';
import { slug, timeOfDay } from './values.ts';

/** `config/jurisdictions/*.yaml`: the regulation of one city. */
export const jurisdictionSchema = z
  .strictObject({
    name: z.string().min(1).meta({ description: 'The city, for example 无锡市' }),
    areaCode: z.string().regex(/^\d{6}$/, 'a GB/T 2260 area code in quotes, for example "320200"'),
    regulation: z.strictObject({
      title: z.string().min(1),
      number: z.string().min(1).optional().meta({ description: '文号; left out for a draft' }),
      date: z.string().min(1),
      draft: z.boolean().default(false),
    }),
    daily: z
      .strictObject({
        rule: z.string().regex(/^[A-Z]{2}-[\w.]+$/, 'a rule id, for example EO-8e'),
        article: z.string().min(1).meta({ description: 'Article of the regulation, for example 第八条第五款' }),
        duty: z.string().min(1).meta({ description: 'The duty in a few words of the regulation' }),
        basis: z
          .enum(['statutory', 'internal'])
          .meta({ description: 'internal: the text sets no day, the target is the city’s own (内控时限)' }),
        cutOff: timeOfDay.meta({
          description: 'When a stream’s day is over at the source: the day is read and its counts are compared then',
        }),
        due: timeOfDay
          .default('24:00')
          .meta({ description: 'By when the day’s increment must be in, on the same day' }),
        streams: z
          .record(slug, z.strictObject({ cutOff: timeOfDay }))
          .default({})
          .meta({ description: 'Streams whose day is over at another time' }),
      })
      .meta({ description: 'The daily increment (每日增量归集): which streams are due by what time of day' }),
    dayEnds: timeOfDay.default('24:00').meta({
      description: 'When the last day of a term in working days ends: 24:00, or close of business such as "17:30"',
    }),
    catalog: z
      .strictObject({
        article: z.string().min(1),
        required: z.array(z.enum(Object.keys(CATALOG_FIELDS) as [CatalogField, ...CatalogField[]])),
      })
      .meta({ description: 'What an entry of the issuing catalog (发证目录) must say before it can be approved' }),
  })
  .meta({ title: 'Jurisdiction', description: 'The regulation of one city as configuration' });

export type Jurisdiction = z.output<typeof jurisdictionSchema>;
