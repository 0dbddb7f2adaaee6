import { activityInfo } from '@temporalio/activity';
import { digestOf } from '../connectors/digest.ts';
import { mapPage } from '../connectors/mapping/map-page.ts';
import { parseKeepingDigits } from '../connectors/json.ts';
import { openContract } from '../connectors/mapping/source-contract.ts';
import { shanghaiInstant } from '../domain/dates.ts';
import { approvedCatalog } from '../store/library/catalog.ts';
import { followRejects } from '../store/collection/days.ts';
import { fieldMemory } from '../store/collection/fields.ts';
import { certificatesAt } from '../store/collection/lifecycle.ts';
import type { PageCounts } from '../store/collection/pages.ts';
import * as rejects from '../store/collection/rejects.ts';
import { getStream } from '../store/collection/streams.ts';
import type { Dependencies } from './dependencies.ts';

/** Rejects mapped and committed at once. */
const AT_ONCE = 1_000;

/** How far a replay has come. */
export interface ReplayProgress extends PageCounts {
  /** The last reject that was looked at; null when none was left. */
  last: number | null;
}

/** Which rejects of a stream are mapped again. */
export interface ReplayChoice {
  stream: string;
  rule?: string | undefined;
  after: number;
  upTo: number;
}

/** Maps rejected records again: after a mapping was mended, their unit corrected them, or their type was approved. */
export function createReplayActivities(dependencies: Dependencies) {
  const { db } = dependencies;
  return {
    /** The youngest reject of a stream: those that come later are not part of a replay. */
    async findLastReject(input: { stream: string }): Promise<number> {
      return rejects.lastReject(db, (await getStream(db, input.stream)).id);
    },

    /** Maps the next open rejects after one, a page of them, and commits what became of them. */
    async replayRejects(input: ReplayChoice): Promise<ReplayProgress> {
      return replayPage(dependencies, input);
    },
  };
}

/** Takes in what waited for its type, once that is approved. */
export async function replayWaiting(dependencies: Dependencies, stream: string): Promise<void> {
  const upTo = await rejects.lastReject(dependencies.db, (await getStream(dependencies.db, stream)).id);
  for (let after: number | null = 0; after !== null;) {
    ({ last: after } = await replayPage(dependencies, { stream, rule: 'type-unlisted', after, upTo }));
  }
}

async function replayPage({ db, streams, now }: Dependencies, input: ReplayChoice): Promise<ReplayProgress> {
  const stream = streams().get(input.stream);
  const { id } = await getStream(db, input.stream);
  const { after, upTo, rule } = input;
  const open = await rejects.openRejects(db, id, { after, upTo, rule, limit: AT_ONCE });
  const catalog = await approvedCatalog(db);
  const totals = { read: 0, accepted: 0, unchanged: 0, rejected: 0 };
  const contract = await openContract(stream.config, fieldMemory(db, id, now));
  const untimed = stream.config.record.updatedAt === undefined;
  const at = now();
  // Records without a time of their own keep the one of the batch that brought them.
  const groups = Map.groupBy(open, ({ updatedAt }) => (untimed ? (updatedAt ?? at).getTime() : 0));
  for (const [readMs, group] of groups) {
    const records = group.map(({ record }) => parseKeepingDigits(record));
    const page = { records, undecodable: new Map<number, string>() };
    const mapped = await mapPage(
      stream,
      page,
      { readAt: shanghaiInstant(untimed ? readMs : at.getTime()), catalog },
      contract,
      (events) => certificatesAt(db, id, events),
    );
    const refused = group.flatMap(({ id: reject }, index) => {
      const problems = mapped.outcomes[index];
      return problems ? [{ id: reject, key: stream.keyOf(records[index]), problems }] : [];
    });
    const accepted = group.flatMap(({ id: reject }, index) => (mapped.outcomes[index] ? [] : [reject]));
    const counts = await rejects.commitReplay(
      db,
      id,
      {
        accepted,
        refused,
        page: {
          number: 0,
          digest: digestOf(records),
          position: null,
          read: accepted.length,
          rejected: [],
          rows: mapped.rows.toJson(),
          deleted: mapped.deleted,
        },
      },
      {
        untimed,
        file: stream.hints.file,
        completed: stream.config.completed,
        workflowId: activityInfo().workflowExecution?.workflowId ?? '',
      },
      at,
    );
    totals.read += group.length;
    totals.accepted += counts.accepted;
    totals.unchanged += counts.unchanged;
    totals.rejected += counts.rejected;
  }
  const last = open.at(-1)?.id ?? null;
  if (last === null) await followRejects(db, id, now());
  return { ...totals, last };
}
