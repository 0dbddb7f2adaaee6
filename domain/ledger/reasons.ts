import { shanghaiWallTime } from '../dates.ts';
import type { Said } from '../said.ts';

/** Who changes the ledger where no person does. */
export const HUB = 'hub';
/** Who did something, as people read it. */
export const actorInWords = (by: string): Said => (by === HUB ? { zh: '系统', en: 'the hub' } : { zh: by, en: by });

/**
 * Why a deadline stands as it does, as the ledger keeps it: what a person said, or what the hub found. It is put into
 * words where people read it.
 */
export type Reason =
  | { code: 'said'; text: string }
  /** Records of the day came in after its deadline. */
  | { code: 'late-records'; records: number }
  /** The hub was not at work (null: until now) for as long as the day was late; so many records came in meanwhile. */
  | { code: 'hub-away'; from: string; to: string | null; records: number }
  /** Records of the day were refused and are not corrected. */
  | { code: 'open-rejects'; records: number }
  /** Parts of the day that are not proven to be in, Shanghai time; the first of them. */
  | { code: 'not-proven'; parts: { from: string; to: string }[]; more: boolean }
  /** Counts of source and library differ. */
  | { code: 'differs' }
  | { code: 'outage'; cause: string }
  /** Proofs found the backfill equal; `rejects`: so many records of it were refused, and have a deadline of their own. */
  | { code: 'proven'; proofs: number[]; rejects?: number }
  /** The department withdrew the completed case, or announced it anew. */
  | { code: 'case-withdrawn' }
  | { code: 'bulk-withdrawn' }
  /** The management unit set this term beside one that had been counted from a wrong time. */
  | { code: 'term-corrected'; said: string }
  | { code: 'no-streams' }
  /** What its stream came by was removed from the configuration: nothing is read any more, and it runs on. */
  | { code: 'connector-removed'; connector: string; removedAt: string }
  /** The holder was given it by another way than the regulation names; null: it was not told by which. */
  | { code: 'delivered-elsewhere'; through: string | null }
  /** Events that came in after the day on which they came about. */
  | { code: 'late-events'; events: number }
  /** It was opened, and the regulation does not ask it of this unit. */
  | { code: 'not-owed' }
  /** It had ended while the calendar was missing (日历未公布), and was judged once its table was there. */
  | { code: 'calendar-arrived' }
  /** Exempted (容错): for which cause outside the unit’s hands, by whose approval, under which article. */
  | { code: 'exempted'; cause: string; approver: string; article: string }
  /** Handed over to others (移送). */
  | { code: 'handed-over' }
  | { code: 'certificate-ended' }
  | { code: 'reminded-elsewhere' }
  /** The case went to somebody for whom the city’s regulation has no term. */
  | { code: 'sent-on'; to: string }
  /** Another issuer answers for it. */
  | { code: 'transferred'; to: string }
  /** Another dispute took it over. */
  | { code: 'merged'; into: number }
  | { code: 'dispute-closed' }
  /** What was rectified did not pass, and got another term. */
  | { code: 'term-renewed' };

/** A reason as people read it. */
export function reasonInWords(reason: Reason): Said {
  switch (reason.code) {
    case 'said':
      return { zh: reason.text, en: reason.text };
    case 'late-records':
      return { zh: `到期后才入库 ${reason.records} 条`, en: `${reason.records} records came in after it was due` };
    case 'hub-away': {
      const [from, to] = [reason.from, reason.to].map((at) => at && shanghaiWallTime(Date.parse(at)).slice(0, 16));
      const late = reason.records > 0;
      return {
        zh: `枢纽自 ${from} ${to ? `至 ${to} ` : '起'}未运行，不是该单位迟延${late ? `；到期后才入库 ${reason.records} 条` : ''}`,
        en: `the hub was not at work from ${from} ${to ? `to ${to}` : 'on'}, the unit is not late${late ? `; ${reason.records} records came in after it was due` : ''}`,
      };
    }
    case 'open-rejects':
      return {
        zh: `当日未更正的问题数据 ${reason.records} 条`,
        en: `${reason.records} rejected records of the day are not corrected`,
      };
    case 'not-proven': {
      const parts = reason.parts.map(({ from, to }) => `${from} – ${to}`);
      const rest = reason.more ? ' …' : '';
      return { zh: `未证实归集：${parts.join('、')}${rest}`, en: `not proven to be in: ${parts.join(', ')}${rest}` };
    }
    case 'differs':
      return { zh: '源端与库内不一致', en: 'source and library differ' };
    case 'outage':
      return { zh: reason.cause, en: reason.cause };
    case 'proven': {
      const named = reason.rejects
        ? {
            zh: `；问题数据 ${reason.rejects} 条另计时限`,
            en: `; ${reason.rejects} rejects have a deadline of their own`,
          }
        : { zh: '', en: '' };
      return { zh: `核验 ${reason.proofs.join('、')}${named.zh}`, en: `proofs ${reason.proofs.join(', ')}${named.en}` };
    }
    case 'case-withdrawn':
      return {
        zh: '部门已撤回或重新报送该业务',
        en: 'the department withdrew the case, or announced it anew',
      };
    case 'bulk-withdrawn':
      return { zh: '该批业务均已撤回', en: 'all cases of the batch were withdrawn' };
    case 'term-corrected':
      return { zh: `更正起算时间：${reason.said}`, en: `corrected: ${reason.said}` };
    case 'delivered-elsewhere':
      return reason.through === null
        ? { zh: '已送达，未说明送达渠道', en: 'delivered, and not said through what' }
        : {
            zh: `经${reason.through}送达，不是办法规定的渠道`,
            en: `delivered through ${reason.through}, which the regulation does not name`,
          };
    case 'late-events':
      return {
        zh: `次日起才入库的事件 ${reason.events} 件`,
        en: `${reason.events} events came in after their day`,
      };
    case 'not-owed':
      return { zh: '依本市办法，该单位不负此项义务', en: 'the regulation does not ask it of this unit' };
    case 'no-streams':
      return { zh: '该单位已不负责任何数据流', en: 'the unit answers for no stream any more' };
    case 'connector-removed': {
      const since = shanghaiWallTime(Date.parse(reason.removedAt)).slice(0, 16);
      return {
        zh: `连接器 ${reason.connector} 已于 ${since} 移除，不再归集；时限照常计算，是否容错由管理单位决定`,
        en: `the connector ${reason.connector} was removed on ${since}: nothing is read, the deadline runs on, and only the management unit can exempt it`,
      };
    }
    case 'calendar-arrived':
      return {
        zh: '办结时日历未公布，日历到后据以判定是否按期',
        en: 'it ended while the calendar was not published, and is judged by it since',
      };
    case 'exempted':
      return {
        zh: `${reason.cause}（${reason.approver}批准，依据${reason.article}）`,
        en: `${reason.cause} (approved by ${reason.approver}, by ${reason.article})`,
      };
    case 'handed-over':
      return { zh: '移送', en: 'handed over' };
    case 'certificate-ended':
      return { zh: '证照已换发或已终止', en: 'the certificate was renewed or ended' };
    case 'reminded-elsewhere':
      return { zh: '已在系统外提醒', en: 'reminded outside the hub' };
    case 'sent-on':
      return { zh: `已按国家规定转${reason.to}处理`, en: `sent on to ${reason.to} under national rules` };
    case 'transferred':
      return { zh: `已移交${reason.to}`, en: `transferred to ${reason.to}` };
    case 'merged':
      return { zh: `并入异议 ${reason.into}`, en: `merged into dispute ${reason.into}` };
    case 'dispute-closed':
      return { zh: '异议已办结，无需再标注', en: 'the dispute is closed: there is nothing left to mark' };
    case 'term-renewed':
      return { zh: '复查未通过，另定期限', en: 'it did not pass, and got another term' };
  }
}

/** What a person said, as the ledger keeps it. */
export const said = (text: string): Reason => ({ code: 'said', text });
