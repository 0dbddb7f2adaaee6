import type { Certificate } from './certificate.ts';
import type { Status } from './status.ts';

/** Events of a certificate's life (WX 7, XC 18, EO 8), with their Chinese names. */
export const EVENTS = {
  issued: '签发',
  changed: '变更',
  renewed: '延续',
  reportedLost: '挂失',
  pledged: '抵押质押',
  suspended: '暂扣',
  onHold: '挂起',
  resumed: '恢复',
  revoked: '吊销',
  rescinded: '撤销',
  cancelled: '注销',
  annulled: '废止',
  expired: '届满',
  transferred: '转出',
  deleted: '源端删除',
  other: '其他变动',
} as const;

export type LifeEvent = keyof typeof EVENTS;

/** The event by which a state is entered; `final` states are left by no event but the source's deletion. */
const STATES: Readonly<Record<Status, { entered: LifeEvent; final?: true }>> = {
  valid: { entered: 'resumed' },
  suspended: { entered: 'suspended' },
  onHold: { entered: 'onHold' },
  reportedLost: { entered: 'reportedLost' },
  pledged: { entered: 'pledged' },
  expired: { entered: 'expired' },
  other: { entered: 'other' },
  revoked: { entered: 'revoked', final: true },
  rescinded: { entered: 'rescinded', final: true },
  cancelled: { entered: 'cancelled', final: true },
  annulled: { entered: 'annulled', final: true },
  transferred: { entered: 'transferred', final: true },
  deleted: { entered: 'deleted', final: true },
};

/** What of a version tells the event that led to it. */
export type Standing = Pick<Certificate, 'status' | 'expiresOn' | 'longTerm'>;

/**
 * The event between two versions of a certificate that follow one another by their own time; `conflict` where the
 * source lets a certificate live on that it had ended. Null before stands for the first version.
 */
export function eventBetween(before: Standing | null, after: Standing): { event: LifeEvent; conflict: boolean } {
  if (before === null)
    return { event: after.status === 'valid' ? 'issued' : STATES[after.status].entered, conflict: false };
  const conflict = STATES[before.status].final === true && after.status !== before.status && after.status !== 'deleted';
  if (lastsLonger(before, after) && after.status === 'valid') return { event: 'renewed', conflict };
  if (before.status === after.status) return { event: 'changed', conflict };
  return { event: STATES[after.status].entered, conflict };
}

const lastsLonger = (before: Standing, after: Standing): boolean =>
  !before.longTerm &&
  (after.longTerm || (before.expiresOn !== null && after.expiresOn !== null && after.expiresOn > before.expiresOn));
