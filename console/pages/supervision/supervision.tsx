import { Link } from 'react-router';
import type { Said } from '../../../domain/said.ts';
import { INSPECTIONS, STAGES, type FindingStage } from '../../../domain/supervision/findings.ts';
import type { FindingView } from '../../../server/api/supervision/findings.ts';
import { useLanguage } from '../../language.tsx';
import { CaseList } from '../../parts/cases/case-list.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { TaskState } from '../../parts/task-state.tsx';
import { DueTime, Moment } from '../../parts/time.tsx';

const TONES: Record<FindingStage, Tone> = {
  found: 'calm',
  ordered: 'warn',
  reported: 'calm',
  noticed: 'bad',
  passed: 'good',
  dismissed: 'off',
  cleared: 'off',
};

/** The rung of the ladder that a finding is on. */
export function StageMark({ stage }: { stage: FindingStage }) {
  const { name } = useLanguage();
  return <Mark tone={TONES[stage]}>{name(STAGES[stage])}</Mark>;
}

/** What a finding came from: a stream, a rule of the patrol, or a deadline. */
export function FindingSource({ stream, cause }: Pick<FindingView, 'stream' | 'cause'>) {
  const { say } = useLanguage();
  const [, task] = /^task\/(\d+)$/.exec(cause) ?? [];
  if (task !== undefined) return <Link to={`/tasks/${task}`}>{say(`时限任务 ${task}`, `deadline ${task}`)}</Link>;
  // Of a patrol the facts say by which number.
  return <>{stream}</>;
}

/** Findings of inspections, with what was ordered and what notice was given. */
export default function Supervision() {
  const { say, name } = useLanguage();
  const options = (words: Readonly<Record<string, Said>>) =>
    Object.entries(words).map(([value, pair]) => ({ value, label: name(pair) }));
  return (
    <CaseList
      what="findings"
      page="/supervision"
      title={say('责令与通报', 'Orders and notices')}
      note={say(
        '发现 → 责令限期改正 → 报整改 → 复查 → 书面通报；未选阶段时列出未了结的',
        'Found, ordered, reported, checked again, noticed; without a stage: those that have not ended',
      )}
      empty={say('没有符合条件的问题', 'There is no such finding')}
      filters={[
        { name: 'stage', label: say('阶段', 'Stage'), kind: 'choices', options: options(STAGES), width: 240 },
        { name: 'kind', label: say('方式', 'Found by'), kind: 'choice', options: options(INSPECTIONS), width: 150 },
        { name: 'unit', label: say('单位', 'Unit'), kind: 'unit' },
        { name: 'ended', label: say('含已了结', 'Also ended ones'), kind: 'tick', value: 'yes' },
      ]}
      columns={[
        { title: say('阶段', 'Stage'), dataIndex: 'stage', render: (on: FindingStage) => <StageMark stage={on} /> },
        { title: say('单位', 'Unit'), dataIndex: 'unit' },
        {
          title: say('来源', 'Found by'),
          render: (_, finding) => (
            <>
              {name(INSPECTIONS[finding.kind])}
              <br />
              <span className="quiet">
                <FindingSource {...finding} />
              </span>
            </>
          ),
        },
        {
          title: say('事实', 'Facts'),
          dataIndex: 'facts',
          render: (facts: string, { id }) => (
            <Link to={`/supervision/${id}`} className="finding-facts">
              {facts}
            </Link>
          ),
        },
        { title: say('发现', 'Found'), dataIndex: 'foundAt', render: (at: string) => <Moment at={at} /> },
        {
          title: say('改正期限', 'Term'),
          render: (_, { orderedAt, deadline }) =>
            orderedAt === null ? (
              '—'
            ) : deadline === null ? (
              say('无期限规则', 'no rule')
            ) : (
              <>
                <DueTime at={deadline.dueAt} />
                <br />
                <TaskState state={deadline.state} />
              </>
            ),
        },
        {
          title: say('通报文号', 'Notices'),
          dataIndex: 'notices',
          render: (numbers: string[]) => (numbers.length === 0 ? '—' : numbers.join(' ')),
        },
      ]}
    />
  );
}
