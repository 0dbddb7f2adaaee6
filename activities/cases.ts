import { DISPUTE_STAGES, disputeStage } from '../domain/casework/dispute.ts';
import { DUTIES } from '../domain/ledger/duties.ts';
import { SHARE_STAGES, shareStage } from '../domain/casework/share-request.ts';
import { STAGES } from '../domain/supervision/findings.ts';
import { shanghaiInstant, shanghaiWallTime } from '../domain/dates.ts';
import { caseWorkflowId } from '../domain/ids.ts';
import { sliceWindow, timeWindow, type TimeWindow } from '../domain/collection/window.ts';
import { gaps } from '../store/collection/batches.ts';
import { subjectOf, type CaseFile } from '../store/ledger/case-files.ts';
import { advanceDispute } from '../store/casework/disputes.ts';
import { noteOverdue, runningDeadlines } from '../store/ledger/obligations.ts';
import { closeDays } from '../store/collection/days.ts';
import { advanceOutage, settleBackfill } from '../store/casework/outages.ts';
import { seeShareRequest } from '../store/casework/share-requests.ts';
import { getStream } from '../store/collection/streams.ts';
import { seeRectification } from '../store/supervision/findings.ts';
import type { CaseDependencies } from './dependencies.ts';

/** How a case stands, for its workflow; nothing of it is personal. */
export interface CaseView {
  open: boolean;
  /** For people, in Temporal's UI. */
  stage: string;
  deadlines: string[];
  /** The next deadline that has not passed yet. */
  nextDueAt: string | null;
  /** Something is on its way that nobody announces. */
  polls: boolean;
}

/** A stream's backfill: what is missing, and what is to be proven of it. */
export interface Backfill {
  stream: string;
  title: string;
  unit: string;
  round: number;
  /** From when to when the stream was stopped. */
  from: string;
  to: string;
  windows: TimeWindow[];
  /** The period; of a source of batches, when they were taken. */
  prove: { window: TimeWindow } | { taken: TimeWindow };
  byBatches: boolean;
}

/** What the workflows of cases do; each looks at the case as it is in the database. */
export function createCaseActivities({ db, streams, now, disputeTarget }: CaseDependencies) {
  return {
    /** Does what follows by itself in a dispute. */
    async advanceDispute({ id }: { id: number }): Promise<CaseView> {
      const { dispute, polls } = await advanceDispute(db, id, disputeTarget(), now());
      const stage = `异议 ${id} · ${DISPUTE_STAGES[disputeStage(dispute)].zh}`;
      return { ...(await viewOf(dispute, stage)), polls };
    },

    /** Looks at a share request. */
    async advanceShareRequest({ id }: { id: number }): Promise<CaseView> {
      const request = await seeShareRequest(db, id, now());
      return viewOf(request, `共享申请 ${id} · ${SHARE_STAGES[shareStage(request)].zh}`);
    },

    /** Looks at an order to rectify. */
    async advanceRectification({ id }: { id: number }): Promise<CaseView> {
      const { file, finding } = await seeRectification(db, id, now());
      return viewOf(file, `整改 ${id} · ${finding.unit} · ${STAGES[finding.stage].zh}`);
    },

    /** Starts the clocks of what has recovered, and says what is to be read and proven for it. */
    async advanceOutage({ id }: { id: number }): Promise<CaseView & { backfill: Backfill[] }> {
      const { outage, backfill } = await advanceOutage(db, id, now());
      const stopped = outage.streams.filter(({ recoveredAt }) => recoveredAt === null).length;
      const proven = outage.streams.filter(({ provenAt }) => provenAt !== null).length;
      const stage = `故障 ${id} · 未恢复 ${stopped} · 补录中 ${backfill.length} · 已核验 ${proven}`;
      const parts: Backfill[] = [];
      for (const { from, to, ...label } of backfill) {
        const { source, config } = streams().get(label.stream);
        const stream = await getStream(db, label.stream);
        const since = new Date(Math.max(from.getTime(), stream.collectFrom.getTime()));
        const window = timeWindow(since.getTime(), Math.max(to.getTime(), since.getTime() + 1));
        // A source of batches is read by its chain: what it kept back comes as its next batches.
        const byBatches = source.by === 'batches';
        const missing = byBatches ? [] : await gaps(db, stream.id, since, to);
        parts.push({
          ...label,
          from: window.from,
          to: window.to,
          windows: missing.flatMap((gap) =>
            sliceWindow(timeWindow(gap.from.getTime(), gap.to.getTime()), config.slice),
          ),
          byBatches,
          prove: byBatches ? { taken: timeWindow(since.getTime(), now().getTime()) } : { window },
        });
      }
      return { ...(await viewOf(outage, stage)), backfill: parts };
    },

    /**
     * Ends a stream’s backfill by its proofs, and meets the days that were suspended; false while something of the
     * outage is not covered, as of a source that cannot list what it delivered.
     */
    async settleBackfill(input: { id: number; part: Backfill; proofs: number[] }): Promise<boolean> {
      const { part, proofs } = input;
      const stream = await getStream(db, part.stream);
      const covered = await gaps(db, stream.id, new Date(part.from), new Date(part.to));
      if (stream.delivery === 'daily' && covered.length > 0) return false;
      await closeDays(db, stream.id, now());
      await settleBackfill(db, input.id, { ...part, proofs }, now());
      return true;
    },
  };

  async function viewOf(file: CaseFile, stage: string): Promise<CaseView> {
    const workflowId = caseWorkflowId(file);
    await noteOverdue(db, subjectOf(file), workflowId, now());
    const running = await runningDeadlines(db, workflowId);
    const next = running.find(({ dueAt }) => dueAt !== null && dueAt > now());
    return {
      open: file.closedAt === null,
      stage,
      polls: false,
      nextDueAt: next?.dueAt ? shanghaiInstant(next.dueAt.getTime()) : null,
      deadlines: running.map(({ duty, dueAt }) => {
        const due =
          dueAt === null
            ? '日历未公布'
            : `${dueAt <= now() ? '**已逾期**' : '限'} ${shanghaiWallTime(dueAt.getTime())}`;
        return `${DUTIES[duty].zh}：${due}`;
      }),
    };
  }
}
