/** How a completed case's certificates are issued (签发方式), which decides by when they are to be pushed. */
export const COMPLETED_CASE_MODES = { online: '在线', offline: '离线', bulk: '批量' } as const;
export type CompletedCaseMode = keyof typeof COMPLETED_CASE_MODES;

/** What a department says of one completed case (业务办结). Of a case that is known, what is left out stays as it is. */
export interface CompletedCaseNotice {
  /** 办件编号, unique in the stream. */
  caseNumber: string;
  /** 办结时间. */
  completedAt?: Date | undefined;
  mode?: CompletedCaseMode | undefined;
  /** 批次: the bulk issue that the case is part of, for mode bulk. */
  batch?: string | undefined;
  /** Key of the record with its certificate. */
  recordKey?: string | undefined;
  /** 证照编号, for departments that do not know the key. */
  number?: string | undefined;
  /** 送达时间. */
  deliveredAt?: Date | undefined;
  /** 送达渠道: through what the holder was given it, such as the name of a portal. */
  deliveredThrough?: string | undefined;
  /** 撤回: the case was completed by mistake; false takes that back. */
  withdrawn?: boolean | undefined;
}
