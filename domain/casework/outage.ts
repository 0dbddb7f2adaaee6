/** Work that a fault stops (无锡第十条, 鄂尔多斯第十条, 上海第十一条). */
export const STOPPED_WORK = {
  issue: { zh: '制发', en: 'issuing' },
  collect: { zh: '归集', en: 'collection' },
  update: { zh: '更新', en: 'updates' },
  cancel: { zh: '注销', en: 'cancellation' },
} as const;
export type StoppedWork = keyof typeof STOPPED_WORK;

/** The largest file that can be handed in with a report, in bytes. */
export const LARGEST_EVIDENCE = 20_000_000;

/** How far an outage (不可抗力) is, over all its streams. */
export const OUTAGE_STAGES = {
  stopped: { zh: '未恢复', en: 'stopped' },
  backfilling: { zh: '补录中', en: 'being backfilled' },
  backfilled: { zh: '已补录核验', en: 'backfilled and proven' },
  withdrawn: { zh: '已撤回', en: 'withdrawn' },
} as const;
export type OutageStage = keyof typeof OUTAGE_STAGES;

export function outageStage(outage: {
  closedAs: string | null;
  streams: readonly { recoveredAt: unknown }[];
}): OutageStage {
  if (outage.closedAs !== null) return outage.closedAs === 'withdrawn' ? 'withdrawn' : 'backfilled';
  return outage.streams.some(({ recoveredAt }) => recoveredAt === null) ? 'stopped' : 'backfilling';
}
