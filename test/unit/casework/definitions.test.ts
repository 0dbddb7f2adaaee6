import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  actionsAt,
  markOf,
  possibleActions,
  refusedAction,
  type CaseDefinition,
} from '../../../domain/casework/definition.ts';
import { DISPUTE, type DisputeFacts, type DisputeStage } from '../../../domain/casework/dispute.ts';
import { OUTAGE, type OutageFacts, type OutageStage } from '../../../domain/casework/outage.ts';
import { SHARE_REQUEST, type ShareFacts, type ShareStage } from '../../../domain/casework/share-request.ts';
import { FINDING, type FindingFacts, type FindingStage } from '../../../domain/supervision/findings.ts';

const then = new Date('2026-11-23T10:00:00+08:00');
const nothing: DisputeFacts = {
  issuerCode: null,
  closedAs: null,
  receivedAt: null,
  acknowledgedAt: null,
  markedAt: null,
  sentAt: null,
  upheld: null,
  correctedAt: null,
  toldAt: null,
};
/** The facts that make each stage, and let everything be done that can be done in it. */
const DISPUTES: Record<DisputeStage, DisputeFacts> = {
  raised: nothing,
  verifying: { ...nothing, receivedAt: then },
  away: { ...nothing, sentAt: then },
  telling: { ...nothing, receivedAt: then, upheld: true },
  correcting: { ...nothing, receivedAt: then, upheld: true, toldAt: then },
  closed: { ...nothing, receivedAt: then, upheld: false, toldAt: then, closedAs: 'told' },
};
const [stopped, cleared] = [null, then].map((recoveredAt) => ({ unitCode: 'U1', recoveredAt }));
const OUTAGES: Record<OutageStage, OutageFacts> = {
  stopped: { closedAs: null, confirmedAt: null, streams: [stopped!, cleared!] },
  backfilling: { closedAs: null, confirmedAt: null, streams: [cleared!] },
  backfilled: { closedAs: 'backfilled', confirmedAt: null, streams: [cleared!] },
  withdrawn: { closedAs: 'withdrawn', confirmedAt: null, streams: [stopped!] },
};
const SHARE_REQUESTS: Record<ShareStage, ShareFacts> = {
  open: { unitCode: 'U1', closedAs: null },
  granted: { unitCode: 'U1', closedAs: 'granted' },
  refused: { unitCode: 'U1', closedAs: 'refused' },
  alternative: { unitCode: 'U1', closedAs: 'alternative' },
  withdrawn: { unitCode: 'U1', closedAs: 'withdrawn' },
};
const overdue = { state: 'overdue', dueAt: then } as const;
const FINDINGS = Object.fromEntries(
  Object.keys(FINDING.stages).map((stage) => [stage, { stage: stage as FindingStage, deadline: overdue }]),
) as Record<FindingStage, FindingFacts>;

/** Each kind with the facts of its stages. */
function kind<Facts, Stage extends string>(
  definition: CaseDefinition<Facts, Stage>,
  factsOf: Readonly<Record<Stage, Facts>>,
): [name: string, check: () => void][] {
  const { stages, stageOf, actions } = definition;
  const all = Object.keys(stages) as Stage[];
  return [
    [
      'has stages that follow from what is known',
      () => all.forEach((stage) => assert.equal(stageOf(factsOf[stage]), stage)),
    ],
    [
      'has every action possible in its stages and refused, with the reason, in all others',
      () => {
        for (const [name, action] of Object.entries(actions))
          for (const stage of all) {
            const refused = refusedAction(definition, factsOf[stage], name);
            const label = `${name} in ${stage}`;
            assert.equal(possibleActions(definition, factsOf[stage]).includes(name), refused === null, label);
            if (action.stages.includes(stage)) assert.equal(refused, null, label);
            else {
              assert.match(refused?.en ?? '', new RegExp(`^found it ${stage} `), label);
              assert.match(refused?.zh ?? '', new RegExp(`^现为“${stages[stage].zh}”，须为“`), label);
            }
          }
      },
    ],
    [
      'tells the actions at one address apart',
      () => {
        for (const path of new Set(Object.values(actions).map((action) => action.path))) {
          const marks = actionsAt(definition, path).map(([name]) => JSON.stringify(markOf(definition, name)));
          assert.equal(new Set(marks).size, marks.length, path);
        }
      },
    ],
  ];
}

for (const [name, checks] of [
  ['a dispute', kind(DISPUTE, DISPUTES)],
  ['an outage', kind(OUTAGE, OUTAGES)],
  ['a share request', kind(SHARE_REQUEST, SHARE_REQUESTS)],
  ['a finding', kind(FINDING, FINDINGS)],
] as const)
  describe(name, () => {
    for (const [what, check] of checks) it(what, check);
  });

describe('what is refused for what is known of a case', () => {
  it('a certificate is marked once, corrected only where the objector was right, and what was withdrawn stays so', () => {
    const why = (facts: DisputeFacts, action: 'mark' | 'correct' | 'reopen') =>
      refusedAction(DISPUTE, facts, action)?.en ?? '';
    assert.match(why({ ...DISPUTES.verifying, markedAt: then }, 'mark'), /marked already/);
    assert.match(why({ ...DISPUTES.telling, upheld: false }, 'correct'), /nothing to correct/);
    for (const closedAs of ['withdrawn', 'merged'] as const)
      assert.equal(why({ ...DISPUTES.closed, closedAs }, 'reopen'), `it was ${closedAs}; raise another one`);
  });

  it('a fault comes again only where it was cleared', () => {
    const refused = refusedAction(OUTAGE, { closedAs: null, confirmedAt: null, streams: [stopped!] }, 'relapse');
    assert.equal(refused?.zh, '没有已排除故障的数据流');
  });

  it('a notice is only of what was not rectified in time, and it is said why not', () => {
    const why = (deadline: FindingFacts['deadline']): string[] => {
      const { code = '', zh = '', en = '' } = refusedAction(FINDING, { stage: 'ordered', deadline }, 'notice') ?? {};
      return [code, zh.replace('只适用于逾期未改正的问题；', ''), en];
    };
    assert.deepEqual(why(overdue), ['', '', '']);
    assert.deepEqual(why({ state: 'due soon', dueAt: then }), [
      'not-overdue',
      '其改正期限至 2026-11-23 10:00:00 届满',
      'its term ends 2026-11-23 10:00:00, and it is not overdue',
    ]);
    for (const [deadline, zh] of [
      [null, '本市规则没有整改的期限规则，期限未起算'],
      [{ state: 'exempted', dueAt: then }, '其改正期限已容错'],
      [{ state: 'no calendar', dueAt: null }, '日历未公布，其改正期限未定'],
    ] as const)
      assert.deepEqual(why(deadline).slice(0, 2), ['not-overdue', zh]);
  });
});
