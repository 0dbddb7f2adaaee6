import { defineSearchAttributeKey, TypedSearchAttributes, type SearchAttributePair } from '@temporalio/common';
import type { StreamLabel, TargetLabel } from './messages.ts';

/** What operators filter by in Temporal's UI; never encrypted there, so never a person's data. */
export const HUB_STREAM = defineSearchAttributeKey('HubStream', 'KEYWORD');
export const HUB_UNIT = defineSearchAttributeKey('HubUnit', 'KEYWORD');
export const HUB_KIND = defineSearchAttributeKey('HubKind', 'KEYWORD');
export const HUB_DUE_AT = defineSearchAttributeKey('HubDueAt', 'DATETIME');

/** Set by Temporal on scheduled runs: the time the schedule named, whenever the run began. */
export const SCHEDULED_AT = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');

export type WorkflowKind = '回传' | '每日归集' | '读取' | '取批次' | '对账' | '发送';

export function streamAttributes(label: StreamLabel, kind: WorkflowKind, dueAt?: Date): TypedSearchAttributes {
  const pairs: SearchAttributePair[] = [
    { key: HUB_STREAM, value: label.stream },
    { key: HUB_UNIT, value: label.unit },
    { key: HUB_KIND, value: kind },
  ];
  if (dueAt) pairs.push({ key: HUB_DUE_AT, value: dueAt });
  return new TypedSearchAttributes(pairs);
}

export function targetAttributes({ target, unit }: TargetLabel): TypedSearchAttributes {
  const kind: WorkflowKind = '发送';
  return new TypedSearchAttributes([
    { key: HUB_STREAM, value: target },
    { key: HUB_UNIT, value: unit },
    { key: HUB_KIND, value: kind },
  ]);
}
