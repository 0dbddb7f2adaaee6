/**
 * Canonical states of a certificate (证照状态). No national list was found, every system has its own, so a
 * connector maps each source's values onto these; a value without a mapping rejects the record.
 */
export const STATUSES = {
  valid: '有效',
  suspended: '暂扣',
  onHold: '挂起',
  reportedLost: '挂失',
  pledged: '抵押质押',
  revoked: '吊销',
  rescinded: '撤销',
  cancelled: '注销',
  annulled: '废止',
  expired: '届满失效',
  transferred: '办理转出',
  other: '其他',
  /** The source keeps the record and marks it as deleted. */
  deleted: '源端删除',
} as const;

export type Status = keyof typeof STATUSES;

export const STATUS_NAMES = Object.keys(STATUSES) as Status[];
