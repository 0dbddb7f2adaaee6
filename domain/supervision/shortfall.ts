import { LATE_BECAUSE, type LateBecause } from '../collection/day.ts';
import { DUTIES, OBLIGATION_STATES, type Duty, type ObligationState } from '../ledger/duties.ts';
import { RULES, type RuleId } from '../library/validation.ts';
import type { Said } from '../said.ts';

/** Why something is missing to 100 % of a figure (指标差在哪里). */
export type ShortfallFacts =
  | { what: 'deadline'; state: ObligationState; duty: Duty; rule: string; article: string }
  /** A record of the library that breaks rules. */
  | { what: 'flagged'; fields: string[]; rules: RuleId[] }
  /** `fields`: none where they were not asked for. */
  | { what: 'reject'; reject: number; fields: string[]; rules: RuleId[] }
  | { what: 'at-source-only'; subject: string }
  | { what: 'counts-differ'; subject: string; declared: number; held: number }
  | { what: 'stock-plan'; planned: number }
  /** A type of the catalog that no stream brings. */
  | { what: 'unconnected-type'; name: string }
  /** Came in after the day on which it was due. */
  | { what: 'late'; because: LateBecause; day: string }
  | { what: 'corrected-late'; reject: number; day: string }
  /** A day that is overdue and not proven to be in. */
  | { what: 'day-open'; day: string }
  /** Found by a proof of record by record. */
  | { what: 'missing' | 'extra' | 'different'; proof: number }
  /** Of a month, as the unit reported it by somebody; null: as the log of uses has it. */
  | { what: 'unlinked-items' | 'cases-without' | 'failed-calls'; lacking: number; of: number; by: string | null };
export type ShortfallKind = ShortfallFacts['what'];

/** What is missing, by its kind. */
export const SHORTFALLS: Readonly<Record<ShortfallKind, Said>> = {
  deadline: { zh: '时限任务', en: 'deadline' },
  flagged: { zh: '在库记录', en: 'in the library' },
  reject: { zh: '问题数据', en: 'reject' },
  'at-source-only': { zh: '仅源端有', en: 'at the source only' },
  'counts-differ': { zh: '条数不一致', en: 'counts differ' },
  'stock-plan': { zh: '存量计划未到', en: 'stock plan' },
  'unconnected-type': { zh: '未接入的证照类型', en: 'type that no stream brings' },
  late: { zh: '迟到的记录', en: 'came late' },
  'corrected-late': { zh: '逾期更正的问题数据', en: 'corrected late' },
  'day-open': { zh: '逾期未归齐的归集日', en: 'day overdue' },
  missing: { zh: '库中缺失', en: 'missing' },
  extra: { zh: '仅库中有', en: 'only in the library' },
  different: { zh: '内容不一致', en: 'other content' },
  'unlinked-items': { zh: '未关联证照的事项', en: 'items without a linked certificate' },
  'cases-without': { zh: '未用证照的办件', en: 'cases that used none' },
  'failed-calls': { zh: '失败的调用', en: 'calls that failed' },
};

/** What there is to know about it, in words. */
export function shortfallInWords(facts: ShortfallFacts): Said {
  switch (facts.what) {
    case 'deadline': {
      const [state, duty] = [OBLIGATION_STATES[facts.state], DUTIES[facts.duty]];
      const by = `${facts.rule} ${facts.article}`;
      return { zh: `${duty.zh}，${state.zh}（${by}）`, en: `${duty.en}, ${state.en} (${by})` };
    }
    case 'flagged':
      return rulesInWords(facts);
    case 'reject': {
      const rules = rulesInWords(facts);
      return { zh: `编号 ${facts.reject}：${rules.zh}`, en: `number ${facts.reject}: ${rules.en}` };
    }
    case 'at-source-only':
      return { zh: facts.subject, en: facts.subject };
    case 'counts-differ': {
      const { subject, declared, held } = facts;
      return {
        zh: `${subject}：源端 ${declared} 条，库内 ${held} 条`,
        en: `${subject}: source ${declared}, library ${held}`,
      };
    }
    case 'stock-plan':
      return { zh: `计划 ${facts.planned} 条`, en: `planned ${facts.planned}` };
    case 'unconnected-type':
      return { zh: facts.name, en: facts.name };
    case 'late': {
      const by = LATE_BECAUSE[facts.because];
      return { zh: `按${by.zh}属于 ${facts.day}`, en: `of ${facts.day} by ${by.en}` };
    }
    case 'corrected-late': {
      const { reject, day } = facts;
      return { zh: `属于 ${day}，问题数据第 ${reject} 号`, en: `of ${day}, reject ${reject}` };
    }
    case 'day-open':
      return { zh: `${facts.day}，应有条数不明，至少计 1 条`, en: `${facts.day}; at least one record is due` };
    case 'missing':
    case 'extra':
    case 'different':
      return { zh: `第 ${facts.proof} 号比对`, en: `proof ${facts.proof}` };
    case 'unlinked-items':
    case 'cases-without':
    case 'failed-calls': {
      const { lacking, of, by } = facts;
      return by === null
        ? {
            zh: `共 ${of}，其中 ${lacking}，按用证清单和日志计`,
            en: `${lacking} of ${of}, by the list and the log of uses`,
          }
        : { zh: `共 ${of}，其中 ${lacking}，由 ${by} 上报`, en: `${lacking} of ${of}, reported by ${by}` };
    }
  }
}

function rulesInWords({ fields, rules }: { fields: readonly string[]; rules: readonly RuleId[] }): Said {
  const named = fields.filter((field) => field !== '');
  const say = (language: keyof Said, colon: string, comma: string): string => {
    const words = rules.map((rule) => RULES[rule][language]).join(comma);
    return named.length > 0 ? `${named.join(comma)}${colon}${words}` : words;
  };
  return { zh: say('zh', '：', '、'), en: say('en', ': ', ', ') };
}
