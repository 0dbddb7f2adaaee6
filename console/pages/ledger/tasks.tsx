import { Button, DatePicker } from 'antd';
import type { TableColumnsType } from 'antd';
import dayjs from 'dayjs';
import { Link } from 'react-router';
import { BASES } from '../../../domain/basis.ts';
import { DUTIES, OBLIGATION_STATES } from '../../../domain/ledger/duties.ts';
import type { TaskView } from '../../../server/api/ledger/tasks.ts';
import type { QueryOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { ChoiceFilter, ChoicesFilter, TextFilter, UnitFilter, useChoices } from '../../parts/filters.tsx';
import { Article } from '../../parts/article.tsx';
import { ExportButton } from '../../parts/export.tsx';
import { List, useFilters } from '../../parts/list.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { SavedViews } from '../../parts/saved-views.tsx';
import { Subject } from '../../parts/subject.tsx';
import { Remaining, TaskState } from '../../parts/task-state.tsx';
import { DueTime, Moment } from '../../parts/time.tsx';

/** Columns of deadlines, also where other pages list some. */
export function useTaskColumns(): TableColumnsType<TaskView> {
  const { say, name } = useLanguage();
  return [
    { title: say('编号', 'No.'), dataIndex: 'id', render: (id: number) => <Link to={`/tasks/${id}`}>{id}</Link> },
    {
      title: say('状态与剩余', 'State and what is left'),
      render: (_, { remaining, state }) => (
        <>
          <TaskState state={state} />
          {remaining !== null && (
            <div>
              <Remaining days={remaining} state={state} />
            </div>
          )}
        </>
      ),
    },
    { title: say('责任单位', 'Owner'), dataIndex: 'owner' },
    {
      title: say('事项与对象', 'Duty and subject'),
      render: (_, { id, kind, subject, stream }) => (
        <>
          <Link to={`/tasks/${id}`}>{name(DUTIES[kind])}</Link>
          <div className="quiet task-subject">
            <Subject subject={subject} stream={stream} />
          </div>
        </>
      ),
    },
    {
      title: say('条款', 'Article'),
      render: (_, task) => (
        <div className="task-article">
          <Article {...task} />
        </div>
      ),
    },
    {
      title: say('起算与到期', 'Start and due'),
      render: (_, { startedAt, dueAt }) => (
        <>
          <DueTime at={dueAt} />
          <div className="quiet">
            {say('起算', 'from')} <Moment at={startedAt} />
          </div>
        </>
      ),
    },
    {
      title: say('办结条件', 'What ends it'),
      dataIndex: 'nextStep',
      render: (step: string | null) => <div className="next-step">{step ?? '—'}</div>,
    },
  ];
}

export default function Tasks() {
  const { say } = useLanguage();
  const choicesOf = useChoices();
  const { filters, change } = useFilters<QueryOf<'/tasks'>>();
  const columns = useTaskColumns();
  const { state, basis, kind, unit, rule, subject, dueFrom, dueTo } = filters;
  const chosen = { state, basis, kind, unit, rule, subject, dueFrom, dueTo };
  return (
    <PageLayout
      title={say('时限任务', 'Deadlines')}
      note={say('未选状态时列出未办结的，最早到期在前', 'Without a state: those that run, the earliest due first')}
      actions={
        <>
          <SavedViews />
          <ExportButton what="tasks" filter={chosen} />
        </>
      }
    >
      <Section>
        <div className="filters" role="search">
          <ChoicesFilter
            label={say('状态', 'State')}
            value={state}
            options={choicesOf(OBLIGATION_STATES)}
            onChange={(value) => change({ state: value })}
            width={160}
          />
          <ChoiceFilter
            label={say('时限性质', 'Basis')}
            value={basis}
            options={choicesOf(BASES)}
            onChange={(value) => change({ basis: value })}
            width={130}
          />
          <ChoicesFilter
            label={say('事项', 'Duty')}
            value={kind}
            options={choicesOf(DUTIES)}
            onChange={(value) => change({ kind: value })}
            width={180}
          />
          <UnitFilter
            label={say('责任单位', 'Owner')}
            value={unit}
            onChange={(value) => change({ unit: value })}
            width={200}
          />
          <TextFilter
            label={say('规则', 'Rule')}
            value={rule}
            onChange={(value) => change({ rule: value })}
            width={120}
          />
          <DatePicker.RangePicker
            allowEmpty
            aria-label={say('到期日', 'Due')}
            placeholder={[say('到期自', 'Due from'), say('至', 'to')]}
            value={[dueFrom === undefined ? null : dayjs(dueFrom), dueTo === undefined ? null : dayjs(dueTo)]}
            onChange={(_, [from, to]) => change({ dueFrom: from, dueTo: to })}
          />
          <Button
            onClick={() =>
              change({ state: '', basis: '', kind: '', unit: '', rule: '', subject: '', dueFrom: '', dueTo: '' })
            }
          >
            {say('清空', 'Clear')}
          </Button>
        </div>
        <List
          path="/tasks"
          query={chosen}
          columns={columns}
          rowKey="id"
          label={say('时限任务', 'Deadlines')}
          empty={say('没有符合条件的时限任务', 'There is no such deadline')}
        />
      </Section>
    </PageLayout>
  );
}
