import { defineSearchAttributeKey, TypedSearchAttributes, type SearchAttributePair } from '@temporalio/common';
import type { CatalogLabel, HotlineLabel, StreamLabel, TargetLabel } from './messages.ts';

/** What operators filter by in Temporal's UI; never encrypted there, so never a person's data. */
export const HUB_STREAM = defineSearchAttributeKey('HubStream', 'KEYWORD');
export const HUB_UNIT = defineSearchAttributeKey('HubUnit', 'KEYWORD');
export const HUB_KIND = defineSearchAttributeKey('HubKind', 'KEYWORD');
export const HUB_DUE_AT = defineSearchAttributeKey('HubDueAt', 'DATETIME');

/** Set by Temporal on scheduled runs: the time the schedule named, whenever the run began. */
export const SCHEDULED_AT = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');

export type WorkflowKind =
  | '异议'
  | '不可抗力'
  | '共享申请'
  | '整改'
  | '回传'
  | '每日归集'
  | '读取'
  | '取批次'
  | '对账'
  | '比对'
  | '抽查'
  | '重放'
  | '存量'
  | '文件'
  | '发送'
  | '目录'
  | '工单';

export const streamAttributes = ({ stream, unit }: StreamLabel, kind: WorkflowKind): TypedSearchAttributes =>
  attributes(stream, unit, kind);

export const targetAttributes = ({ target, unit }: TargetLabel): TypedSearchAttributes =>
  attributes(target, unit, '发送');

export const catalogAttributes = ({ connector, unit }: CatalogLabel): TypedSearchAttributes =>
  attributes(connector, unit, '目录');

export const hotlineAttributes = ({ connector, unit }: HotlineLabel): TypedSearchAttributes =>
  attributes(connector, unit, '工单');

/** Of a case: its subject in the ledger, and what it is of. */
export const caseAttributes = (subject: string, kind: WorkflowKind): TypedSearchAttributes =>
  new TypedSearchAttributes([
    { key: HUB_STREAM, value: subject },
    { key: HUB_KIND, value: kind },
  ]);

function attributes(name: string, unit: string, kind: WorkflowKind): TypedSearchAttributes {
  const pairs: SearchAttributePair[] = [
    { key: HUB_STREAM, value: name },
    { key: HUB_UNIT, value: unit },
    { key: HUB_KIND, value: kind },
  ];
  return new TypedSearchAttributes(pairs);
}
