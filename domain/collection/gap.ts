import { shanghaiWallTime } from '../dates.ts';
import { subjectInWords } from '../difference-subjects.ts';
import { faultNamed } from '../faults.ts';
import type { Said } from '../said.ts';

/** What can be due and not proven to be in. */
export const GAP_KINDS = {
  interval: { zh: '未归集的时段', en: 'not collected' },
  outage: { zh: '不可抗力期间', en: 'of an outage' },
  batch: { zh: '未归集的批次', en: 'batch missing' },
  difference: { zh: '源端与库内不一致', en: 'differs' },
  unacknowledged: { zh: '未向源端确认', en: 'not acknowledged' },
  paused: { zh: '已暂停', en: 'paused' },
} as const;

/** What is known of a gap, by its kind; times as dates in the hub, as text on the wire. */
export type GapFacts<Time = Date | string> = { from: Time | null; to: Time | null } & (
  | { kind: 'interval' | 'outage' }
  /** Links of a chain of batches, the last one included. */
  | { kind: 'batch'; first: number; last: number }
  | { kind: 'paused'; reason: string; code: string | null }
  | { kind: 'unacknowledged'; batch: string }
  | ({ kind: 'difference' } & Difference)
);

/** How a source and the library differ in one window or batch; of the keys that differ, the first. */
export interface Difference {
  subject: string;
  source: number;
  library: number;
  missing: string[];
  extra: string[];
  different: string[];
  /** Keys that the source lists more than once, as where its pages have no stable order. */
  repeated: string[];
}

/** What a gap is of, in words. */
export function gapInWords(gap: GapFacts): Said {
  switch (gap.kind) {
    case 'interval':
    case 'outage':
      return same([gap.from, gap.to].map(wallTime).join(' – '));
    case 'batch': {
      const links = gap.first === gap.last ? String(gap.first) : `${gap.first}–${gap.last}`;
      return { zh: `第 ${links} 批`, en: `link ${links}` };
    }
    case 'paused':
      return { zh: [faultNamed(gap.code)?.brief, gap.reason].filter(Boolean).join('：'), en: gap.reason };
    case 'unacknowledged':
      return { zh: `批次 ${gap.batch}`, en: `batch ${gap.batch}` };
    case 'difference':
      return (
        subjectInWords(gap.subject, gap.source) ?? {
          zh: [`${gap.subject}：源端 ${gap.source} 条，库内 ${gap.library} 条`, ...keysOf(gap, 'zh')].join('；'),
          en: [`${gap.subject}: source ${gap.source}, library ${gap.library}`, ...keysOf(gap, 'en')].join('; '),
        }
      );
  }
}

const same = (text: string): Said => ({ zh: text, en: text });
const wallTime = (at: Date | string | null): string => (at === null ? '' : shanghaiWallTime(new Date(at).getTime()));

const SIDES = [
  ['missing', { zh: '库中缺失', en: 'missing' }],
  ['extra', { zh: '仅库中有', en: 'only in the library' }],
  ['different', { zh: '内容不一致', en: 'other content' }],
  [
    'repeated',
    {
      zh: '重复出现（分页次序不稳，或源端主键重复）',
      en: 'listed twice (pages without a stable order, or keys that are not unique)',
    },
  ],
] as const;

function keysOf(difference: Difference, language: keyof Said): string[] {
  const [colon, comma] = language === 'zh' ? ['：', '、'] : [': ', ', '];
  return SIDES.filter(([side]) => difference[side].length > 0).map(
    ([side, name]) => `${name[language]}${colon}${difference[side].join(comma)}`,
  );
}
