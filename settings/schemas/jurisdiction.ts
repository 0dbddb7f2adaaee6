import { z } from 'zod';
import { CATALOG_FIELDS } from '../../domain/library/catalog.ts';
import { EVERY_BASIS } from '../../domain/basis.ts';
import { DUTIES, OWNERS, STARTS, type Rule } from '../../domain/ledger/duties.ts';
import { RANKINGS } from '../../domain/supervision/figures.ts';
import { FUNCTIONS, type OtherDuty } from '../../domain/ledger/served.ts';
import { STRENGTHS } from '../../domain/sharing/holder.ts';
import { calendarDate, slug, timeOfDay, keyOf } from '../values.ts';
import { expected } from '../../domain/faults/expected.ts';

const ruleId = z.string().regex(/^[A-Z]{2}-[\w.]+$/, expected('rule-id'));
/** The longest term in working days that deadlines are kept ready for. */
export const LONGEST_TERM = 60;

const term = z.union(
  [
    z.strictObject({ workingDays: z.int().min(1).max(LONGEST_TERM) }),
    z.literal('same-day'),
    z.strictObject({ minutes: z.int().min(1).max(1440) }),
  ],
  { error: expected('term') },
);

const rule = z
  .strictObject({
    id: ruleId.meta({ description: 'Letters of the regulation, number of the article' }),
    article: z.string().min(1).meta({ description: 'For example 第十八条' }),
    quote: z.string().min(1).meta({ description: 'The duty in a few words of the regulation' }),
    duties: z
      .array(keyOf(DUTIES))
      .min(1)
      .meta({ description: 'What the hub watches under this rule: docs/deadlines.md lists them' }),
    trigger: z.string().min(1).meta({ description: 'What sets the duty off, in words' }),
    starts: keyOf(STARTS)
      .optional()
      .meta({ description: 'Event that starts the clock, where the duty has a choice of them' }),
    owner: keyOf(OWNERS).meta({ description: 'Who owes it' }),
    term: z
      .union([term, z.literal('by-order')], {
        error: expected('term-or-order'),
      })
      .optional()
      .meta({
        description:
          'The term that the regulation sets (法定时限); by-order, for rectification alone: it has terms set case by case (责令限期改正). A rule of rectification without it is the city’s own (督办)',
      }),
    target: term.optional().meta({
      description: 'The city’s own target where the regulation says 及时, 同步 or 实时 without a number (内控时限)',
    }),
    ends: z.string().min(1).meta({ description: 'What ends it, in words' }),
    breach: z.string().min(1).optional().meta({
      description: 'What a breach leads to by the regulation, with its article; left out where it says nothing of that',
    }),
  })
  .superRefine(({ term: statutory, target, duties, starts }, context) => {
    const complain = (path: (string | number)[], message: string): void => {
      context.addIssue({ code: 'custom', path, message });
    };
    if (statutory !== undefined && target !== undefined) complain(['target'], expected('term-or-target'));
    if (statutory === undefined && target === undefined && !duties.includes('rectification'))
      complain(['term'], expected('term-needed'));
    if (statutory === 'by-order' && !duties.every((duty) => duty === 'rectification'))
      complain(['term'], expected('order-alone'));
    if (duties.includes('lifecycle') && (statutory ?? target) !== 'same-day')
      complain([statutory === undefined ? 'target' : 'term'], expected('same-day-events'));
    for (const duty of starts === undefined ? [] : duties) {
      const allowed: readonly string[] = DUTIES[duty].starts;
      if (!allowed.includes(starts ?? '')) complain(['starts'], expected('starts-of', { among: allowed, duty }));
    }
  })
  .transform(({ term: statutory, target, starts, ...rest }): Rule => ({
    ...rest,
    starts: starts ?? DUTIES[rest.duties[0] ?? 'increment'].starts[0],
    term: (statutory === 'by-order' ? undefined : statutory) ?? target ?? null,
    basis: statutory === undefined ? 'internal' : 'statutory',
  }));

/** A duty that no deadline watches. */
const otherDuty = z
  .strictObject({
    id: z.string().regex(/^[A-Z]{2}-[\w./]+$/, 'an id as rules have it, for example EO-4.3'),
    article: z.string().min(1).meta({ description: 'For example 第四条（三）' }),
    quote: z.string().min(1).meta({ description: 'The duty in a few words of the regulation' }),
    servedBy: z
      .array(keyOf(FUNCTIONS))
      .default([])
      .meta({ description: 'What of the hub serves it: docs/duties.md explains them' }),
    missing: z.string().min(1).optional().meta({ description: 'What of it the hub does not do' }),
    nothing: z.string().min(1).optional().meta({ description: 'Why the text asks nothing of software' }),
  })
  .superRefine(({ servedBy, missing, nothing }, context) => {
    const answers = Number(servedBy.length > 0 || missing !== undefined) + Number(nothing !== undefined);
    if (answers !== 1)
      context.addIssue({
        code: 'custom',
        path: ['servedBy'],
        message: 'what serves it, or what is missing, or both; or else nothing: why the text asks nothing of software',
      });
  }) satisfies z.ZodType<OtherDuty>;

const above = (what: string, most = Number.MAX_SAFE_INTEGER) =>
  z
    .int()
    .min(0)
    .max(most)
    .meta({ description: `A unit with more than this gets a finding: ${what}` });
const within = (what: string) => z.int().min(1).max(366).meta({ description: what });
const patrolId = slug.meta({ description: 'Name of the rule; what it found is known by it' });

const basis = z.enum(EVERY_BASIS).default('statutory').meta({
  description: 'Of which deadlines: statutory (法定时限), or internal (内控时限). They are never counted together',
});

/** A rule of the patrol. */
const patrolRule = z.discriminatedUnion('what', [
  z.strictObject({
    id: patrolId,
    what: z.literal('overdue-count'),
    basis,
    above: above('deadlines that are overdue now'),
  }),
  z.strictObject({
    id: patrolId,
    what: z.literal('overdue-share'),
    basis,
    above: above('percent of the deadlines that came due which were not met in time', 100),
    within: within('Deadlines that came due in so many days'),
  }),
  z.strictObject({
    id: patrolId,
    what: z.literal('late-count'),
    basis,
    above: above('deadlines that were met after they were due'),
    within: within('Deadlines that came due in so many days'),
  }),
  z.strictObject({
    id: patrolId,
    what: z.literal('rejects-open'),
    above: above('rejected records that were not corrected'),
    within: within('Days that a unit has to correct a rejected record'),
  }),
  z.strictObject({
    id: patrolId,
    what: z.literal('difference-age'),
    above: above('days that a difference to the source has lasted'),
  }),
]);

const article = z.string().min(1).meta({ description: 'For example 第三十一条' });
/** What the regulation has for work that is not right. */
const sanctions = {
  order: z
    .strictObject({ name: z.string().min(1).max(20) })
    .default({ name: '督办' })
    .meta({
      description:
        'What a unit is asked to rectify by, within a term: 责令限期改正 where the regulation has it; its article is that of the rule with the duty rectification',
    }),
  notice: z
    .strictObject({ name: z.string().min(1).max(20), article: article.optional() })
    .optional()
    .meta({
      description:
        'The document on what was not rectified in time: {name: 书面通报, article: 第三十一条} where the regulation has it, {name: 督办函} without an article elsewhere; left out, there is none',
    }),
  items: z
    .array(
      z.strictObject({
        id: z.string().min(1).max(10).meta({ description: 'Its number as it is printed, for example 五' }),
        text: z.string().min(1).meta({ description: 'Its text in a few words of the regulation' }),
        foundBy: z.array(z.string()).default([]).meta({
          description: 'What leads to it by itself: patrol/ID, sample, trial, ids of rules whose deadline is overdue',
        }),
      }),
    )
    .default([])
    .meta({ description: 'Items (项) of that article: a finding names the one that it falls under' }),
  exemption: z
    .strictObject({ article })
    .optional()
    .meta({ description: 'The article by which a deadline can be exempted (容错); left out, none can' }),
};
const leadDays = z.int().min(1).max(730);

/** `config/jurisdictions/*.yaml`: the regulation of one city. */
export const jurisdictionSchema = z
  .strictObject({
    name: z.string().min(1).meta({ description: 'The city, for example 无锡市' }),
    areaCode: z.string().regex(/^\d{6}$/, expected('area-code')),
    regulation: z.strictObject({
      title: z.string().min(1),
      number: z.string().min(1).optional().meta({ description: '文号; left out for a draft' }),
      date: z.string().min(1),
      draft: z.boolean().default(false),
    }),
    rules: z.array(rule).min(1).meta({ description: 'Every duty of the regulation that the hub watches' }),
    otherDuties: z
      .array(otherDuty)
      .default([])
      .meta({ description: 'Every other duty of the regulation, and what of the hub serves it (./hub duties)' }),
    readings: z
      .array(
        z.strictObject({
          point: z.string().min(1).meta({ description: 'What the text leaves open' }),
          reading: z.string().min(1).meta({ description: 'How this city reads it' }),
          rules: z.array(ruleId).default([]).meta({ description: 'The rules that it is about' }),
        }),
      )
      .default([])
      .meta({ description: 'How the city reads what the text leaves open; the rules say the same to the hub' }),
    daily: z
      .strictObject({
        rule: ruleId.meta({ description: 'Of the rules with the duty increment, the one that each day falls under' }),
        cutOff: timeOfDay.meta({
          description: 'When a stream’s day is over at the source: the day is read and its counts are compared then',
        }),
        due: timeOfDay
          .default('24:00')
          .meta({ description: 'By when the day’s increment must be in, on the same day' }),
        producedBy: z.enum(['issue', 'update']).default('issue').meta({
          description:
            'By what a new record is of a day (当日产生): issue, when it was issued or its case completed, whoever stamped it later; update, when its source last changed it. Changed records are always of the day of their change',
        }),
        graceMinutes: z.int().min(0).max(120).default(0).meta({
          description:
            'Records that change in so many last minutes of a day may come in after its end without making it late; the regulations name no such grace',
        }),
        streams: z
          .record(slug, z.strictObject({ cutOff: timeOfDay }))
          .default({})
          .meta({ description: 'Streams whose day is over at another time' }),
      })
      .meta({ description: 'The daily increment (每日增量归集): which streams are due by what time of day' }),
    disputes: z
      .strictObject({
        receipt: z.enum(['registered', 'acknowledged']).default('registered').meta({
          description:
            'When the issuer has received a dispute (收到工单): registered, when the hub has handed it to the issuer, at the registration at the latest (电子签名法第十一条); acknowledged, when the issuer says so (接收), which a rule with the duty dispute-receipt watches',
        }),
      })
      .prefault({}),
    delivery: z
      .strictObject({
        through: z.array(z.string().min(1)).default([]).meta({
          description:
            'What the regulation has certificates delivered through (送达渠道), for example 随申办: a delivery that is told without one of these names in its deliveredThrough does not count. Left out, any does',
        }),
      })
      .prefault({}),
    holders: z
      .strictObject({
        strength: keyOf(STRENGTHS).default('person').meta({
          description:
            'How sure a portal has to be of who a holder is (强身份认证, 实名认证): account, an account alone; named, name and number checked (实名); person, the person checked (实人)',
        }),
      })
      .prefault({}),
    synchronisation: z
      .strictObject({
        exception: z.strictObject({ article }).optional().meta({
          description:
            'The article that excepts what cannot be synchronised by law or 经技术认定: units declare it (./hub declarations); left out, nobody can',
        }),
      })
      .prefault({}),
    oldestDays: z.int().min(30).max(3660).default(366).meta({
      description: 'Receipts and other starts of clocks that are told to lie longer ago are refused as typing errors',
    }),
    dayEnds: timeOfDay.default('24:00').meta({
      description: 'When the last day of a term in working days ends: 24:00, or close of business such as "17:30"',
    }),
    localDays: z
      .array(
        z.strictObject({
          date: calendarDate,
          work: z
            .boolean()
            .meta({ description: 'A day of work (true) or of rest (false), whatever the State Council says' }),
          source: z.string().min(1).meta({ description: 'The notice, for example 内政办发〔2026〕3号' }),
        }),
      )
      .default([])
      .meta({ description: 'Days that the city’s own notices set, over the tables in calendars/' }),
    supervision: z
      .strictObject({
        ...sanctions,
        rankedBy: keyOf(RANKINGS).default('records').meta({
          description:
            'Which figure ranks units in an assessment (考核): records, how many came in by their term (及时率; the regulations speak of 数据归集的及时性), or tasks, how many deadlines were met in time (按期办结率). 法定 and 内控 are ranked apart',
        }),
        patrol: z
          .array(patrolRule)
          .default([])
          .meta({ description: 'What ./hub supervise patrol looks for (电子督查); the numbers are the city’s own' }),
      })
      .prefault({}),
    expiry: z
      .strictObject({
        leadDays: leadDays.meta({ description: 'How many days before its end a certificate’s holder is reminded' }),
        types: z
          .record(z.string().regex(/^[0-9A-Z]{21}$/, expected('type-code')), leadDays)
          .default({})
          .meta({ description: 'Types of certificate (证照类型代码) whose holders are reminded at another time' }),
        target: slug.optional().meta({
          description: 'The outbound target of the portal that reminds; left out, the units remind by lists',
        }),
      })
      .optional()
      .meta({ description: 'Reminders of an expiry (到期提醒), for a profile that has a rule with the duty expiry' }),
    catalog: z
      .strictObject({
        article: z.string().min(1),
        required: z.array(keyOf(CATALOG_FIELDS)),
      })
      .meta({ description: 'What an entry of the issuing catalog (发证目录) must say before it can be approved' }),
  })
  .superRefine(
    (
      { regulation, rules, otherDuties, readings, daily, disputes, localDays, supervision, synchronisation, expiry },
      context,
    ) => {
      const complain = (path: (string | number)[], message: string): void => {
        context.addIssue({ code: 'custom', path, message });
      };
      const ids = rules.map(({ id }) => id);
      for (const [index, id] of ids.entries())
        if (ids.indexOf(id) !== index) complain(['rules', index, 'id'], expected('own-id'));
      const every = [...ids, ...otherDuties.map(({ id }) => id)];
      for (const [index, { id }] of otherDuties.entries())
        if (every.indexOf(id) !== ids.length + index) complain(['otherDuties', index, 'id'], expected('own-id'));
      for (const [index, { rules: named }] of readings.entries())
        for (const [at, id] of named.entries())
          if (!ids.includes(id)) complain(['readings', index, 'rules', at], expected('one-of', { among: ids }));
      const increments = rules.filter(({ duties }) => duties.includes('increment'));
      if (!increments.some(({ id }) => id === daily.rule))
        complain(['daily', 'rule'], expected('increment-rule', { among: increments.map(({ id }) => id) }));
      if (disputes.receipt === 'acknowledged' && !rules.some(({ duties }) => duties.includes('dispute-receipt')))
        complain(['rules'], expected('receipt-rule'));
      for (const [index, { id }] of supervision.patrol.entries())
        if (supervision.patrol.findIndex((other) => other.id === id) !== index)
          complain(['supervision', 'patrol', index, 'id'], expected('own-id'));
      const { order, notice, exemption } = supervision;
      const cited = {
        'supervision.notice.article': notice?.article,
        'supervision.exemption.article': exemption?.article,
        'synchronisation.exception.article': synchronisation.exception?.article,
      };
      for (const [path, article] of Object.entries(cited))
        if (regulation.draft && article !== undefined) complain(path.split('.'), expected('draft-uncited'));
      // Sanctions of the law bear its names where it has them, and nowhere else.
      const ordersByLaw = rules.some(({ duties, basis }) => duties.includes('rectification') && basis === 'statutory');
      if ((regulation.draft || !ordersByLaw) && order.name.includes('责令'))
        complain(['supervision', 'order', 'name'], expected('order-of-law'));
      if (notice?.name.includes('通报') && notice.article === undefined)
        complain(['supervision', 'notice', 'name'], expected('notice-of-law'));
      if (notice?.article !== undefined && !ordersByLaw)
        complain(['supervision', 'notice', 'article'], expected('order-first'));
      const finders = ['sample', 'trial', ...supervision.patrol.map(({ id }) => `patrol/${id}`), ...ids];
      for (const [index, { id, foundBy }] of supervision.items.entries()) {
        const path = ['supervision', 'items', index];
        if (supervision.items.findIndex((other) => other.id === id) !== index)
          complain([...path, 'id'], expected('own-id'));
        for (const [at, finder] of foundBy.entries())
          if (!finders.includes(finder)) complain([...path, 'foundBy', at], expected('one-of', { among: finders }));
          else if (supervision.items.some((other, before) => before < index && other.foundBy.includes(finder)))
            complain([...path, 'foundBy', at], expected('one-item'));
      }
      const reminding = rules.find(({ duties }) => duties.includes('expiry'));
      if (reminding && expiry === undefined) complain(['expiry'], expected('lead-days', { rule: reminding.id }));
      if (!reminding && expiry !== undefined) complain(['expiry'], expected('no-expiry'));
      for (const [index, { date }] of localDays.entries())
        if (localDays.findIndex((other) => other.date === date) !== index)
          complain(['localDays', index, 'date'], expected('each-date-once'));
    },
  )
  .meta({ title: 'Jurisdiction', description: 'The regulation of one city as configuration' });

export type Jurisdiction = z.output<typeof jurisdictionSchema>;

/** The rule that each day's increment falls under. */
export function dailyRule({ rules, daily }: Jurisdiction): Rule {
  const found = rules.find(({ id }) => id === daily.rule);
  if (!found) throw new Error(`the profile has no rule ${daily.rule}`); // checked by the schema
  return found;
}
