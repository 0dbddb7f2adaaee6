import { z } from 'zod';
import { maskNumbers } from '../../../domain/library/personal.ts';
import { may } from '../../../domain/access.ts';
import { dayInWords, LATE_BECAUSE } from '../../../domain/collection/day.ts';
import { EVERY_STATE } from '../../../domain/ledger/duties.ts';
import { keyOf } from '../../../settings/values.ts';
import { dayReport, lateRecords } from '../../../store/collection/days.ts';
import { principalOf } from '../base/access.ts';
import { ApiProblem } from '../base/problem.ts';
import { get } from '../base/route.ts';
import { basis, date, instant, saidView } from '../base/views.ts';
import { seenStream, streamParams } from './streams.ts';

const dayView = z
  .object({
    stream: z.string(),
    title: z.string(),
    unit: z.string(),
    date,
    at: instant,
    task: z.int().meta({ description: 'Number of its deadline' }),
    rule: z.string(),
    article: z.string(),
    basis,
    state: z.enum(EVERY_STATE),
    dueAt: instant,
    metAt: instant.nullable(),
    verifiedAt: instant.nullable().meta({ description: 'When the whole day was verified, after its end' }),
    producedBy: z.enum(['issue', 'update']).meta({ description: 'daily.producedBy of the profile' }),
    graceMinutes: z.int().meta({ description: 'daily.graceMinutes of the profile' }),
    judgedBy: saidView.meta({ description: 'Which time says of what day a record is, and the grace, in words' }),
    late: z.int().meta({ description: 'Records of the day that came in after it was due' }),
    records: z
      .array(
        z.object({
          key: z.string().nullable(),
          number: z.string().nullable().meta({ description: '证照编号; null: the library does not hold it' }),
          recordedAt: instant,
          because: keyOf(LATE_BECAUSE),
          reject: z.int().nullable().meta({ description: 'It was refused when it came' }),
        }),
      )
      .meta({ description: 'The first of the late ones; what names a person is masked for who may not see it' }),
  })
  .meta({ id: 'StreamDay' });
export type StreamDay = z.input<typeof dayView>;

/** Late records that are named. */
const NAMED = 200;

const NO_DAY = new ApiProblem(404, 'day-unknown', {
  zh: '该数据流当日没有归集时限',
  en: 'The stream owes no increment of that day',
});

const getStreamDay = get(
  '/streams/:name/days/:date',
  {
    needs: 'streams:read',
    summary: '一个归集日 One day of a stream: its deadline, by which time it is judged, and the records that came late',
    tag: 'streams',
    params: streamParams.extend({ date }),
    answer: dayView,
    problems: [404],
  },
  async (request, options) => {
    const { db, now } = options;
    const at = now();
    const { name, date: day } = request.params;
    const principal = principalOf(request);
    const { stream, title, unit } = await seenStream(options, name, principal);
    const [report, records] = await Promise.all([dayReport(db, name, day, at), lateRecords(db, name, day, NAMED)]);
    if (!report) throw NO_DAY;
    const personal = may(principal, 'certificates:personal');
    return {
      ...report,
      stream,
      title,
      unit,
      date: day,
      at,
      judgedBy: dayInWords(report),
      records: records.map(({ key, number, ...record }) => ({
        ...record,
        key: key === null || personal ? key : maskNumbers(key),
        number: number === null ? null : maskNumbers(number),
      })),
    };
  },
);

/** One day of a stream. */
export const streamDayRoutes = { getStreamDay };
