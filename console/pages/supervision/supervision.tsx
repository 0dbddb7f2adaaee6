import { Link } from 'react-router';
import { LARGEST_EVIDENCE } from '../../../domain/casework/outage.ts';
import type { Said } from '../../../domain/said.ts';
import { INSPECTIONS, type FindingStage } from '../../../domain/supervision/findings.ts';
import type { FindingView } from '../../../server/api/supervision/findings.ts';
import { send, useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { CaseList } from '../../parts/cases/case-list.tsx';
import { useLadder } from '../../parts/cases/ladder.ts';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { TaskState } from '../../parts/task-state.tsx';
import { DueTime, Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';

const TONES: Record<FindingStage, Tone> = {
  found: 'calm',
  ordered: 'warn',
  reported: 'calm',
  noticed: 'bad',
  passed: 'good',
  dismissed: 'off',
  transferred: 'off',
  cleared: 'off',
};

/** The rung of the ladder that a finding is on. */
export function StageMark({ stage }: { stage: FindingStage }) {
  const { name } = useLanguage();
  const { stages } = useLadder();
  return <Mark tone={TONES[stage]}>{name(stages[stage])}</Mark>;
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
  const { may, hub } = useSession();
  const { notice, items } = hub.sanctions;
  const { stages } = useLadder();
  const units = useGet('/unit-names', { enabled: may('supervision:order') });
  const options = (words: Readonly<Record<string, Said>>) =>
    Object.entries(words).map(([value, pair]) => ({ value, label: name(pair) }));
  return (
    <CaseList
      what="findings"
      page="/supervision"
      title={say('问题整改', 'Findings')}
      note={say(
        `发现 → ${stages.ordered.zh} → 报整改 → 复查${notice === null ? '' : ` → ${notice.name}`}；未选阶段时列出未了结的`,
        'Found, ordered, reported, checked again, noticed; without a stage: those that have not ended',
      )}
      empty={say('没有符合条件的问题', 'There is no such finding')}
      filters={[
        { name: 'stage', label: say('阶段', 'Stage'), kind: 'choices', options: options(stages), width: 240 },
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
        ...(items.length === 0
          ? []
          : [
              {
                title: say('所属项', 'Item'),
                render: (_: unknown, { item }: FindingView) => (item === null ? '—' : `（${item.id}）`),
              },
            ]),
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
          title: say('文书文号', 'Notices'),
          dataIndex: 'notices',
          render: (numbers: string[]) => (numbers.length === 0 ? '—' : numbers.join(' ')),
        },
      ]}
      opening={{
        needs: 'supervision:order',
        button: say('登记问题', 'Enter one'),
        title: say('登记问题', 'Enter a finding by hand'),
        submit: (body) => send('POST', '/findings', { body }),
        fields: [
          {
            name: 'unit',
            label: say('单位', 'Unit'),
            required: true,
            kind: 'choice',
            options: (units.data?.items ?? []).map(({ code, name: called }) => ({
              value: code,
              label: `${called} ${code}`,
            })),
          },
          ...(items.length === 0
            ? []
            : [
                {
                  name: 'item',
                  label: say('所属项', 'Item'),
                  required: true,
                  kind: 'choice',
                  options: items.map(({ id, text }) => ({ value: id, label: `（${id}）${text}` })),
                } as const,
              ]),
          { name: 'facts', label: say('事实', 'Facts'), required: true, multiline: true },
          {
            name: 'evidence',
            label: say('证明材料', 'A file that shows it'),
            required: true,
            kind: 'file',
            largest: LARGEST_EVIDENCE,
            hint: say('不超过 20 MB', 'At most 20 MB'),
          },
        ],
      }}
    />
  );
}
