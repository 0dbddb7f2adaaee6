import type { Certificate } from './certificate.ts';
import { isSuspending, markHistory, type MarkChanges, type MarkTeller, type StateMark } from './marks.ts';
import { STATUS_NAMES, type Status } from './status.ts';

/** Events of a certificate's life (WX 7, XC 18, EO 8), with their Chinese names. */
export const EVENTS = {
  issued: '签发',
  changed: '变更',
  renewed: '延续',
  /** 年审, 年检: the annual inspection that some types of certificate need. */
  inspected: '年检',
  reportedLost: '挂失',
  pledged: '抵押质押',
  suspended: '暂扣',
  onHold: '挂起',
  /** Nothing but marks began or ended. */
  marked: '状态标记变动',
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

/**
 * The event by which a state is entered, and how the state ends a certificate: `finally`, which no event but the
 * source's deletion leaves, or `until renewed`.
 */
const STATES: Readonly<Record<Status, { entered: LifeEvent; ends?: 'finally' | 'until renewed' }>> = {
  valid: { entered: 'resumed' },
  suspended: { entered: 'suspended' },
  onHold: { entered: 'onHold' },
  reportedLost: { entered: 'reportedLost' },
  pledged: { entered: 'pledged' },
  other: { entered: 'other' },
  expired: { entered: 'expired', ends: 'until renewed' },
  revoked: { entered: 'revoked', ends: 'finally' },
  rescinded: { entered: 'rescinded', ends: 'finally' },
  cancelled: { entered: 'cancelled', ends: 'finally' },
  annulled: { entered: 'annulled', ends: 'finally' },
  transferred: { entered: 'transferred', ends: 'finally' },
  deleted: { entered: 'deleted', ends: 'finally' },
};

/** States after which a certificate cannot live on. */
export const FINAL_STATUSES = STATUS_NAMES.filter((status) => STATES[status].ends === 'finally');

/** 证照现况: whether a certificate is in force, whatever marks it has. */
export const STATES_OF_FORCE = { inForce: '有效', suspended: '中止', ended: '终止' } as const;
export type StateOfForce = keyof typeof STATES_OF_FORCE;

/** Whether a certificate with a status and with the marks that hold is in force; 其他 does not say so, and is not. */
export function stateOfForce(status: Status, held: readonly StateMark[]): StateOfForce {
  if (STATES[status].ends !== undefined) return 'ended';
  return status === 'other' || held.some(isSuspending) ? 'suspended' : 'inForce';
}

/** What of a version tells the event that led to it. */
export type Standing = Pick<Certificate, 'status' | 'expiresOn' | 'longTerm' | 'extension'>;

/**
 * The event between two versions of a certificate that follow one another by their own time; `conflict` where the
 * source lets a certificate live on that it had ended. Null before stands for the first version. `inspection` is the
 * face field, named by the catalog, that an annual inspection changes: an inspection tells more than the state that it
 * leaves the certificate in, unless that ends it.
 */
export function eventBetween(
  before: Standing | null,
  after: Standing,
  inspection?: string | null,
): { event: LifeEvent; conflict: boolean } {
  const { entered, ends } = STATES[after.status];
  if (before === null) return { event: after.status === 'valid' ? 'issued' : entered, conflict: false };
  const conflict =
    STATES[before.status].ends === 'finally' && after.status !== before.status && after.status !== 'deleted';
  if (lastsLonger(before, after) && after.status === 'valid') return { event: 'renewed', conflict };
  if (!conflict && ends === undefined && isInspected(before, after, inspection))
    return { event: 'inspected', conflict };
  return { event: before.status === after.status ? 'changed' : entered, conflict };
}

/** A version with the event that led to it, what it did to marks, and how the certificate stands since. */
export type Lived<T> = T & { event: LifeEvent; conflict: boolean; state: StateOfForce } & MarkChanges;

/** The versions of a certificate in their order, each with what it did. */
export function withEvents<T extends Standing & MarkTeller>(
  versions: readonly T[],
  inspection?: string | null,
): Lived<T>[] {
  const { changes } = markHistory(versions);
  return versions.map((version, index) => {
    const { event, conflict } = eventBetween(versions[index - 1] ?? null, version, inspection);
    const did = changes[index] ?? { began: [], ended: [], held: [] };
    const marked = event === 'changed' && did.began.length + did.ended.length > 0;
    const state = stateOfForce(version.status, did.held);
    return { ...version, ...did, event: marked ? 'marked' : event, conflict, state };
  });
}

function isInspected(before: Standing, after: Standing, field: string | null | undefined): boolean {
  if (field === undefined || field === null) return false;
  const value = (version: Standing): string => JSON.stringify(version.extension[field] ?? '');
  return value(after) !== '""' && value(after) !== value(before);
}

const lastsLonger = (before: Standing, after: Standing): boolean =>
  !before.longTerm &&
  (after.longTerm || (before.expiresOn !== null && after.expiresOn !== null && after.expiresOn > before.expiresOn));
