import { Button, Checkbox, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import { INSPECTIONS, STAGES, type InspectionKind, type FindingStage } from '../../../domain/supervision/findings.ts';
import type { FindingView } from '../../../server/api/supervision/supervision.ts';
import { useLanguage } from '../../language.tsx';
import { ChoiceFilter, ChoicesFilter, UnitFilter } from '../../parts/filters.tsx';
import { ExportButton } from '../../parts/export.tsx';
import { List, useFilters } from '../../parts/list.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
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
  const { filters, change } = useFilters();
  const { stage, kind, unit, ended } = filters;
  const chosen = { stage, kind, unit, ended };
  const columns: TableColumnsType<FindingView> = [
    { title: say('编号', 'No.'), dataIndex: 'id', render: (id: number) => <Link to={`/supervision/${id}`}>{id}</Link> },
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
  ];
  return (
    <PageLayout
      title={say('责令与通报', 'Orders and notices')}
      note={say(
        '发现 → 责令限期改正 → 报整改 → 复查 → 书面通报；未选阶段时列出未了结的',
        'Found, ordered, reported, checked again, noticed; without a stage: those that have not ended',
      )}
      actions={<ExportButton what="findings" filter={chosen} />}
    >
      <Section>
        <div className="filters" role="search">
          <ChoicesFilter
            label={say('阶段', 'Stage')}
            value={stage}
            options={(Object.keys(STAGES) as FindingStage[]).map((value) => ({ value, label: name(STAGES[value]) }))}
            onChange={(value) => change({ stage: value })}
            width={240}
          />
          <ChoiceFilter
            label={say('方式', 'Found by')}
            value={kind}
            options={(Object.keys(INSPECTIONS) as InspectionKind[]).map((value) => ({
              value,
              label: name(INSPECTIONS[value]),
            }))}
            onChange={(value) => change({ kind: value })}
            width={150}
          />
          <UnitFilter label={say('单位', 'Unit')} value={unit} onChange={(value) => change({ unit: value })} />
          <Checkbox checked={ended === 'yes'} onChange={({ target }) => change({ ended: target.checked ? 'yes' : '' })}>
            {say('含已了结', 'Also ended ones')}
          </Checkbox>
          <Button onClick={() => change({ stage: '', kind: '', unit: '', ended: '' })}>{say('清空', 'Clear')}</Button>
        </div>
        <List<FindingView>
          path="/findings"
          query={chosen}
          columns={columns}
          rowKey="id"
          label={say('责令与通报', 'Orders and notices')}
          empty={say('没有符合条件的问题', 'There is no such finding')}
        />
      </Section>
    </PageLayout>
  );
}
