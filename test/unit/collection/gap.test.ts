import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BEYOND_WINDOWS, outsideWindow, UNTIMED } from '../../../domain/difference-subjects.ts';
import { gapInWords, type GapFacts } from '../../../domain/collection/gap.ts';

const none = { from: null, to: null };
const lacking = { library: 0, missing: [], extra: [], different: [], repeated: [], ...none };
const CASES: [GapFacts, zh: string, en: string][] = [
  [
    { kind: 'interval', from: '2026-11-20T10:00:00+08:00', to: new Date('2026-11-20T03:00:00Z') },
    '2026-11-20 10:00:00 – 2026-11-20 11:00:00',
    '2026-11-20 10:00:00 – 2026-11-20 11:00:00',
  ],
  [{ kind: 'batch', first: 2, last: 2, ...none }, '第 2 批', 'link 2'],
  [{ kind: 'batch', first: 2, last: 4, ...none }, '第 2–4 批', 'link 2–4'],
  [{ kind: 'unacknowledged', batch: 'B3', ...none }, '批次 B3', 'batch B3'],
  [{ kind: 'paused', reason: 'HTTP 401', code: 'unauthorised', ...none }, '源端拒绝了凭据：HTTP 401', 'HTTP 401'],
  [{ kind: 'paused', reason: 'of old', code: null, ...none }, 'of old', 'of old'],
  [
    {
      kind: 'difference',
      subject: 'x',
      source: 3,
      library: 2,
      missing: ['a', 'b'],
      extra: [],
      different: ['c'],
      repeated: ['d'],
      ...none,
    },
    'x：源端 3 条，库内 2 条；库中缺失：a、b；内容不一致：c；重复出现（分页次序不稳，或源端主键重复）：d',
    'x: source 3, library 2; missing: a, b; other content: c; listed twice (pages without a stable order, or keys that are not unique): d',
  ],
  [
    {
      kind: 'difference',
      subject: BEYOND_WINDOWS,
      source: 3,
      ...lacking,
    },
    '源端 3 条记录的更新时间（或序号）为空、无法识别或在将来，读不到',
    '3 records of the source have no time of change (or number), or one that is none or lies ahead: no read reaches them',
  ],
  [
    {
      kind: 'difference',
      subject: UNTIMED,
      source: 2,
      ...lacking,
    },
    '2 条问题数据的更新时间为空、无法识别或在将来，不属于任何时段，待更正',
    '2 rejected records have no time of change, or one that is none or lies ahead: they are of no window until they are corrected',
  ],
  [
    {
      kind: 'difference',
      subject: outsideWindow({ from: '2026-11-22T00:00:00+08:00', to: '2026-11-22T21:00:00+08:00' }),
      source: 3,
      ...lacking,
    },
    '请求 2026-11-22 00:00:00 – 2026-11-22 21:00:00，源端返回了 3 条其他时间的记录（未按时段筛选，或起止、时区、时间字段不符）',
    'asked for 2026-11-22 00:00:00 – 2026-11-22 21:00:00, the source returned 3 records of other times (it does not filter, or means other ends, another time zone or another field)',
  ],
];

for (const [facts, zh, en] of CASES) it(`a gap in words: ${en}`, () => assert.deepEqual(gapInWords(facts), { zh, en }));
