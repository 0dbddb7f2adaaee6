import assert from 'node:assert/strict';
import { it } from 'node:test';
import { shortfallInWords, type ShortfallFacts } from '../../../domain/supervision/shortfall.ts';

const CASES: [ShortfallFacts, zh: string, en: string][] = [
  [
    { what: 'flagged', fields: ['', 'issuedOn'], rules: ['date-invalid'] },
    'issuedOn：日期不存在或不合理',
    'issuedOn: is no possible date',
  ],
  [
    { what: 'reject', reject: 7, fields: [], rules: ['date-invalid'] },
    '编号 7：日期不存在或不合理',
    'number 7: is no possible date',
  ],
  [{ what: 'counts-differ', subject: 'x', declared: 3, held: 2 }, 'x：源端 3 条，库内 2 条', 'x: source 3, library 2'],
  [{ what: 'stock-plan', planned: 7 }, '计划 7 条', 'planned 7'],
  [{ what: 'extra', proof: 4 }, '第 4 号比对', 'proof 4'],
  [{ what: 'failed-calls', lacking: 2, of: 9, by: '王五' }, '共 9，其中 2，由 王五 上报', '2 of 9, reported by 王五'],
  [
    { what: 'cases-without', lacking: 2, of: 9, by: null },
    '共 9，其中 2，按用证清单和日志计',
    '2 of 9, by the list and the log of uses',
  ],
];

for (const [facts, zh, en] of CASES)
  it(`what a figure lacks in words: ${en}`, () => assert.deepEqual(shortfallInWords(facts), { zh, en }));
