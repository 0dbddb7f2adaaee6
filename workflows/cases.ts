import {
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { CaseView } from '../activities/cases.ts';
import { wakeSignal, type CaseInput } from './messages.ts';
import { HUB_DUE_AT } from './search-attributes.ts';
import { ledger } from './steps.ts';

const MINUTE_MS = 60_000;
/** A day's deadlines end at one instant: cases look at them one after the other, spread over this time. */
const SPREAD_MS = 15 * MINUTE_MS;
/** Between two looks for something that nobody announces, growing. */
const POLL_MINUTES = [1, 2, 5, 10, 30, 60];

/** One objection to a certificate (异议): waits for what people do, has the objector told, follows the correction. */
export async function dispute({ id }: CaseInput): Promise<void> {
  return watchCase(() => ledger.advanceDispute.executeWithOptions({ summary: '推进异议' }, [{ id }]), { id });
}

/** One share request (共享申请): waits for the decision. */
export async function share({ id }: CaseInput): Promise<void> {
  return watchCase(() => ledger.advanceShareRequest.executeWithOptions({ summary: '推进共享申请' }, [{ id }]), { id });
}

/** One order to rectify (责令限期改正): waits for the unit, the re-check, and the end of its term. */
export async function rectification({ id }: CaseInput): Promise<void> {
  return watchCase(() => ledger.advanceRectification.executeWithOptions({ summary: '推进整改' }, [{ id }]), { id });
}

/**
 * Waits through a case: looks at it whenever somebody did something, when its next deadline has passed, and now and then
 * while something is on its way that nobody announces. What is due when, and what is overdue, the ledger says: a
 * deadline that passes ends nothing here.
 */
async function watchCase(advance: () => Promise<CaseView>, input: CaseInput): Promise<void> {
  let woken = false;
  setHandler(wakeSignal, () => {
    woken = true;
  });
  for (let polls = 0; ;) {
    woken = false;
    const view = await advance();
    showCase(view);
    if (!view.open) return;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<(input: CaseInput) => Promise<void>>(input);
    polls = view.polls ? polls + 1 : 0;
    const waitMs = Math.min(untilDueMs(view, input.id), view.polls ? pollMs(polls) : Infinity);
    if (waitMs === Infinity) await condition(() => woken);
    else if (await condition(() => woken, waitMs, { summary: view.polls ? '等待回执或更正' : '等待下一时限' }))
      polls = 0;
  }
}

const pollMs = (polls: number): number => (POLL_MINUTES[Math.min(polls, POLL_MINUTES.length) - 1] ?? 60) * MINUTE_MS;

/** How long until the next deadline has passed; each case has its own place in the quarter of an hour after it. */
export function untilDueMs({ nextDueAt }: Pick<CaseView, 'nextDueAt'>, id: number): number {
  if (nextDueAt === null) return Infinity;
  return Math.max(0, Date.parse(nextDueAt) - Date.now()) + ((id * 7919) % SPREAD_MS);
}

/** Shows in Temporal's UI how a case stands, and lets it be found there by its next deadline. */
export function showCase({ stage, deadlines, nextDueAt }: CaseView): void {
  setCurrentDetails(`**${stage}**\n\n${deadlines.join('\n\n')}`);
  upsertSearchAttributes([{ key: HUB_DUE_AT, value: nextDueAt === null ? null : new Date(nextDueAt) }]);
}
