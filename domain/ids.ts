/**
 * Ids of everything that Temporal keeps. A workflow id is a lock: a second start of the same id is refused.
 * Temporal appends the scheduled time to the ids of scheduled runs.
 */

/** One window of one stream is read at a time. */
export const syncWorkflowId = (stream: string): string => `sync:${stream}`;
/** One comparison of one stream runs at a time. */
export const reconcileWorkflowId = (stream: string): string => `reconcile:${stream}`;
export const returnWorkflowId = (stream: string): string => `return:${stream}`;
/** One proof of a stream runs at a time. */
export const proveWorkflowId = (stream: string): string => `prove:${stream}`;
/** One replay of a stream's rejects runs at a time. */
export const replayWorkflowId = (stream: string): string => `replay:${stream}`;
/** One sample of a stream, as it was begun. */
export const inspectionWorkflowId = (inspection: number): string => `inspection:${inspection}`;
/** One import of a stream's stock runs at a time. */
export const stockWorkflowId = (stream: string): string => `stock:${stream}`;
/** Scheduled runs that fetch a stream's files; one that is asked for is alone. */
export const filesWorkflowId = (stream: string): string => `files:${stream}`;
/** Scheduled runs of a stream's day; one that is started by hand carries its date. */
export const dailyWorkflowId = (stream: string, date?: string): string =>
  date === undefined ? `daily:${stream}` : `daily:${stream}:${date}`;

/** A published catalog is compared once at a time. */
export const catalogWorkflowId = (connector: string): string => `catalog:${connector}`;
/** The tickets of a source are taken once at a time. */
export const hotlineWorkflowId = (connector: string): string => `hotline:${connector}`;
export const outboundWorkflowId = (target: string): string => `outbound:${target}`;

/** What a case can be of; also the name of its workflow's type. */
export type CaseKind = 'dispute' | 'outage' | 'share' | 'rectification';
/** One workflow a case. */
export const caseWorkflowId = ({ kind, id }: { kind: CaseKind; id: number }): string => `${kind}:${id}`;

/** Tells what waits that the calendar moved its deadlines. */
export const retimeWorkflowId = (): string => 'retime';

export const catalogScheduleId = catalogWorkflowId;
export const hotlineScheduleId = hotlineWorkflowId;
export const outboundScheduleId = outboundWorkflowId;
export const returnScheduleId = returnWorkflowId;
export const filesScheduleId = filesWorkflowId;
export const proveScheduleId = proveWorkflowId;
export const dailyScheduleId = (stream: string): string => dailyWorkflowId(stream);
