import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../settings/load.ts';
import { describeTerm, DUTIES, STARTS, type Duty, type Term } from '../../../domain/ledger/duties.ts';
import { dueOf } from '../../support/law/due-dates.ts';

const profile = (jurisdiction: string) =>
  loadConfig({ folder: join(import.meta.dirname, '../../../config'), demo: true, jurisdiction });

const days = (workingDays: number): Term => ({ workingDays });

/** Every row of the five regulations with a dated (D) or an immediate (I) duty: article, number of the text, duties. */
const TABLE: Record<string, Record<string, [article: string, statutory: Term | null, duties: Duty[]]>> = {
  wuxi: {
    'WX-4.3': ['第四条（三）', null, ['increment']],
    'WX-7b': ['第七条', null, ['lifecycle']],
    'WX-8': ['第八条', null, ['consistency', 'push-online']],
    'WX-10a': ['第十条', null, ['outage-report']],
    'WX-10b': ['第十条', days(3), ['backfill']],
    'WX-11b': ['第十一条', null, ['share-filing']],
    'WX-11c': ['第十一条', days(7), ['share-decision']],
    'WX-18b': ['第十八条', days(1), ['dispute-mark']],
    'WX-18c': ['第十八条', days(5), ['dispute-answer']],
  },
  xuchang: {
    'XC-8': ['第八条', null, ['lifecycle']],
    'XC-10': ['第十条', null, ['increment']],
    'XC-11': ['第十一条', null, ['catalog', 'catalog-approval']],
    'XC-12': ['第十二条', null, ['consistency']],
    'XC-13a': ['第十三条第一款', null, ['push-online']],
    'XC-13c': ['第十三条第二款', days(1), ['push-offline']],
    'XC-13d': ['第十三条第三款', days(5), ['push-bulk']],
    'XC-14a': ['第十四条', null, ['delivery']],
    'XC-16': ['第十六条', null, ['stock']],
    'XC-18': ['第十八条', null, ['lifecycle']],
    'XC-24': ['第二十四条', days(5), ['dispute-answer']],
  },
  keqiao: {
    'KQ-9': ['第九条', null, ['usage-list']],
    'KQ-12b': ['第十二条', days(5), ['dispute-hand-up']],
  },
  ordos: {
    'EO-7': ['第七条', null, ['catalog', 'catalog-approval']],
    'EO-8b': ['第八条第二款', null, ['consistency', 'push-online']],
    'EO-8c': ['第八条第三款', null, ['lifecycle']],
    'EO-8e': ['第八条第五款', 'same-day', ['increment', 'push-offline']],
    'EO-9b': ['第九条', null, ['delivery']],
    'EO-10a': ['第十条', null, ['outage-report']],
    'EO-10b': ['第十条', days(3), ['backfill']],
    'EO-12': ['第十二条', null, ['usage-list']],
    'EO-20a': ['第二十条', null, ['dispute-answer']],
  },
  shanghai: {
    'SH-7a': ['第七条', null, ['catalog', 'catalog-approval']],
    'SH-8a': ['第八条', null, ['consistency', 'push-online']],
    'SH-8b': ['第八条', null, ['lifecycle']],
    'SH-8c': ['第八条第二款', 'same-day', ['increment', 'push-offline']],
    'SH-9b': ['第九条', null, ['delivery']],
    'SH-11a': ['第十一条', null, ['outage-report']],
    'SH-11b': ['第十一条', days(3), ['backfill']],
    'SH-13': ['第十三条', null, ['usage-list']],
    'SH-23a': ['第二十三条', null, ['dispute-answer']],
  },
};

describe('the regulations as configuration', () => {
  for (const [city, table] of Object.entries(TABLE)) {
    const { rules, readings } = profile(city).jurisdiction;

    it(`${city}: every dated and every immediate duty is a rule, under its article, with the number of the text or none`, () => {
      for (const [id, [article, statutory, duties]] of Object.entries(table)) {
        const rule = rules.find((candidate) => candidate.id === id);
        assert.ok(rule, id);
        assert.equal(rule.article, article, id);
        assert.deepEqual(rule.duties, duties, id);
        assert.equal(rule.basis, statutory === null ? 'internal' : 'statutory', id);
        if (statutory !== null) assert.deepEqual(rule.term, statutory, id);
        else assert.match(describeTerm(rule), /内控时限/, id);
      }
    });

    it(`${city}: a statutory number stands in no rule that the text gives none`, () => {
      const numbered = rules.filter(({ basis, term }) => basis === 'statutory' && term !== null).map(({ id }) => id);
      const expected = Object.entries(table).flatMap(([id, [, statutory]]) => (statutory === null ? [] : [id]));
      assert.deepEqual(numbered, expected);
    });

    it(`${city}: every rule says who owes it to when, from what on, and what ends it; what a breach leads to only where the text says so`, () => {
      for (const rule of rules) {
        assert.ok(rule.quote.length > 4 && rule.trigger && rule.ends, rule.id);
        assert.doesNotMatch(rule.breach ?? '有', /^$|未规定/, rule.id);
        for (const duty of rule.duties) assert.ok(duty in DUTIES);
        assert.ok(STARTS[rule.starts].zh, rule.id);
      }
      assert.ok(readings.length >= 4);
    });
  }

  it('only what a regulation has is watched: no force majeure in Xuchang and Keqiao, expiry in Wuxi alone', () => {
    const cities = (duty: Duty): string[] =>
      Object.keys(TABLE).filter((city) => profile(city).jurisdiction.rules.some(({ duties }) => duties.includes(duty)));
    assert.deepEqual(cities('backfill'), ['wuxi', 'ordos', 'shanghai']);
    assert.deepEqual(cities('expiry'), ['wuxi']);
    assert.deepEqual(cities('dispute-mark'), ['wuxi']);
    assert.deepEqual(cities('dispute-hand-up'), ['keqiao']);
    assert.deepEqual(cities('share-decision'), ['wuxi']);
    assert.deepEqual(cities('push-bulk'), ['xuchang']);
  });
});

describe('when a term ends', () => {
  const { calendar } = profile('wuxi');
  const due = (term: Term, start: string, dayEnds = '24:00') => dueOf(term, Date.parse(start), calendar, dayEnds);

  for (const [term, start, at] of [
    // Around the Spring Festival, the National Day and made-up weekends.
    [days(1), '2026-02-13T16:00:00+08:00', '2026-02-14T24:00:00+08:00'],
    [days(1), '2026-02-14T09:00:00+08:00', '2026-02-24T24:00:00+08:00'],
    [days(5), '2026-02-10T23:59:59+08:00', '2026-02-24T24:00:00+08:00'],
    [days(3), '2026-09-30T09:00:00+08:00', '2026-10-10T24:00:00+08:00'],
    [days(7), '2026-09-17T09:00:00+08:00', '2026-09-28T24:00:00+08:00'],
    [days(5), '2026-10-03T10:00:00+08:00', '2026-10-13T24:00:00+08:00'],
    // Just after midnight in Shanghai is the day before in UTC.
    [days(1), '2026-11-23T00:30:00+08:00', '2026-11-24T24:00:00+08:00'],
    [days(1), '2026-12-30T10:00:00+08:00', '2026-12-31T24:00:00+08:00'],
  ] as const) {
    it(`${describeTerm({ term, basis: 'statutory' }, 'en')} from ${start}: ${at}`, () =>
      assert.deepEqual(due(term, start), { at, calendar: '2026/1' }));
  }

  it('the same day is a calendar day, rest days included, whatever the calendar knows', () => {
    assert.deepEqual(due('same-day', '2026-10-01T08:00:00+08:00'), { at: '2026-10-02T00:00:00+08:00', calendar: null });
    assert.deepEqual(due('same-day', '2031-01-01T08:00:00+08:00'), { at: '2031-01-02T00:00:00+08:00', calendar: null });
  });

  it('at once is so many minutes, at night as well', () => {
    assert.deepEqual(due({ minutes: 120 }, '2026-10-01T23:00:00+08:00'), {
      at: '2026-10-02T01:00:00+08:00',
      calendar: null,
    });
  });

  it('a year without a table leaves it open, and says which', () => {
    assert.deepEqual(due(days(1), '2026-12-31T10:00:00+08:00'), { at: null, missing: 2027 });
    assert.deepEqual(due(days(7), '2026-12-25T10:00:00+08:00'), { at: null, missing: 2027 });
  });

  it('ends at close of business where the city has chosen that', () => {
    assert.deepEqual(due(days(1), '2026-11-23T10:00:00+08:00', '17:30'), {
      at: '2026-11-24T17:30:00+08:00',
      calendar: '2026/1',
    });
  });
});
