import type { Said } from '../said.ts';
import type { Status } from './status.ts';

/** 状态标记: what can hold of a certificate beside its state, several at once, each with its own begin and end. */
export const STATE_MARKS = {
  mortgage: '抵押',
  pledge: '质押',
  /** The source does not say which of the two. */
  security: '抵押质押',
  suspension: '暂扣',
  hold: '挂起',
  loss: '挂失',
  inspection: '年检',
  renewal: '延续',
} as const;

export type StateMark = keyof typeof STATE_MARKS;

export const STATE_MARK_NAMES = Object.keys(STATE_MARKS) as StateMark[];

/** Marks with which a certificate is not in force, by the status that says the same. */
const SUSPENDING = { suspension: 'suspended', hold: 'onHold', loss: 'reportedLost' } as const satisfies Partial<
  Record<StateMark, Status>
>;

/** The mark that a status stands for. */
const IMPLIED: Partial<Record<Status, StateMark>> = {
  suspended: 'suspension',
  onHold: 'hold',
  reportedLost: 'loss',
  pledged: 'security',
};

/** What happened to marks, of a source that tells events. */
export interface MarkEvents {
  begins: StateMark[];
  ends: StateMark[];
}

/** What a version says of marks: all that hold, or the events it is told with. Null: no more than its status says. */
export type ToldMarks = StateMark[] | MarkEvents | null;

const areEvents = (told: ToldMarks | undefined): told is MarkEvents => !Array.isArray(told ?? []);

/** A version of a certificate, for what it says of marks. */
export interface MarkTeller {
  status: Status;
  marks?: ToldMarks | undefined;
  /** When its source changed it. */
  updatedAt: Date;
  /** When the hub took it. */
  recordedAt: Date;
}

/** When a mark began or ended. */
export interface MarkMoment {
  /** By the source's event; else by the change with which the source first said so. */
  at: Date;
  /** When the hub knew it. */
  knownAt: Date;
  /** It was not before: the same instant for an event, else the version before. Null: no version is known before. */
  notBefore: Date | null;
}

/** A time in which a mark holds. */
export interface MarkPeriod {
  mark: StateMark;
  /** Null: the source told the end of what the hub had not known. */
  begin: MarkMoment | null;
  /** Null: it holds. */
  end: MarkMoment | null;
}

/** How a source tells of marks: one state at a time, all marks that hold, or each event. */
export type Telling = 'state' | 'marks' | 'events';

/** What is lost between two reads of a source, or between two events, by how it tells of marks. */
export const LOST_BETWEEN_READS: Readonly<Record<Telling, Said>> = {
  state: {
    zh: '来源一次只报一个状态：同时存在的其他标记，以及两次读取之间开始又结束的标记，无从得知；起止由前后两次所报之差得出，不早于前一次',
    en: 'The source tells one state at a time: other marks that hold beside it, and marks that began and ended between two reads, are not known; begin and end are told by the difference of two reads',
  },
  marks: {
    zh: '来源报当时的标记：两次读取之间开始又结束的标记无从得知；起止由前后两次所报之差得出，不早于前一次',
    en: 'The source tells the marks that hold: those that began and ended between two reads are not known; begin and end are told by the difference of two reads',
  },
  events: {
    zh: '来源逐件报事件，事件不编号：同一种标记只记一个，如同时存在两项抵押，先结束的一项即作结束',
    en: 'The source tells each event, without a number of its own: a mark is one of its kind, and of two mortgages at once the end of the first is taken for the end of both',
  },
};

export const tellingOf = ({ marks }: Pick<MarkTeller, 'marks'>): Telling =>
  marks === null || marks === undefined ? 'state' : areEvents(marks) ? 'events' : 'marks';

/** What one version did to marks, and what holds since. */
export interface MarkChanges {
  began: StateMark[];
  ended: StateMark[];
  held: StateMark[];
}

/**
 * The marks of a certificate over its versions, which follow one another by their own time, and what each version did.
 * What a version states, the next one that does not state it ends; what an event began only an event ends.
 */
export function markHistory(versions: readonly MarkTeller[]): { periods: MarkPeriod[]; changes: MarkChanges[] } {
  const periods: MarkPeriod[] = [];
  /** What holds, and whether an event began it. */
  const held = new Map<StateMark, { period: MarkPeriod; byEvent: boolean }>();
  const changes = versions.map((version, index): MarkChanges => {
    const changed: Omit<MarkChanges, 'held'> = { began: [], ended: [] };
    const moment = (byEvent: boolean): MarkMoment => ({
      at: version.updatedAt,
      knownAt: version.recordedAt,
      notBefore: byEvent ? version.updatedAt : (versions[index - 1]?.updatedAt ?? null),
    });
    const begin = (mark: StateMark, byEvent: boolean): void => {
      if (held.has(mark)) return;
      const period = { mark, begin: moment(byEvent), end: null };
      periods.push(period);
      held.set(mark, { period, byEvent });
      changed.began.push(mark);
    };
    const end = (mark: StateMark, byEvent: boolean): void => {
      const known = held.get(mark)?.period;
      if (known) known.end = moment(byEvent);
      else if (periods.some((period) => period.mark === mark)) return;
      else periods.push({ mark, begin: null, end: moment(byEvent) });
      held.delete(mark);
      changed.ended.push(mark);
    };
    const stated = statedBy(version);
    for (const [mark, { byEvent }] of held) if (!byEvent && !stated.includes(mark)) end(mark, false);
    for (const mark of stated) begin(mark, false);
    const { begins, ends } = eventsOf(version);
    for (const mark of ends) end(mark, true);
    for (const mark of begins) begin(mark, true);
    return { ...changed, held: [...held.keys()] };
  });
  return { periods, changes };
}

/** What a version states of itself. A record that its source deleted states nothing. */
function statedBy({ status, marks }: MarkTeller): StateMark[] {
  if (status === 'deleted') return [];
  const implied = IMPLIED[status];
  return [...new Set([...(implied ? [implied] : []), ...(Array.isArray(marks) ? marks : [])])];
}

const eventsOf = ({ status, marks }: MarkTeller): MarkEvents =>
  status !== 'deleted' && areEvents(marks) ? marks : { begins: [], ends: [] };

export const isSuspending = (mark: StateMark): mark is keyof typeof SUSPENDING => Object.hasOwn(SUSPENDING, mark);

/** The status of a certificate of which nothing is said but that these marks hold. */
export function statusWith(marks: readonly StateMark[]): Status {
  const suspending = marks.find(isSuspending);
  return suspending ? SUSPENDING[suspending] : 'valid';
}
