import { Button, Space, type DescriptionsProps } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { DUTIES } from '../../domain/ledger/duties.ts';
import type { EventView, TaskView } from '../../server/api/ledger/tasks.ts';
import { send } from '../api.ts';
import { useLanguage } from '../language.tsx';
import { useSession } from '../session.tsx';
import { ActionForm, type ActionField } from './action-form.tsx';
import { Article } from './article.tsx';
import { Mark } from './mark.tsx';
import { Section } from './page.tsx';
import { Nothing } from './states.tsx';
import { Remaining, TaskState } from './task-state.tsx';
import { DueTime, dueMoment, Moment } from './time.tsx';
import { Timeline } from './timeline.tsx';

/** The deadline of a case that is next, in a list. */
export function NextDue({ nextDueAt, overdue }: { nextDueAt: string | null; overdue: boolean }) {
  const { say } = useLanguage();
  if (nextDueAt === null) return <span className="quiet">—</span>;
  if (!overdue) return <DueTime at={nextDueAt} />;
  return (
    <Mark tone="bad">
      {dueMoment(nextDueAt)} {say('逾期', 'overdue')}
    </Mark>
  );
}

/** Something that can be done in a case now: what it asks for, and what is sent for what was given. */
export interface CaseAction {
  key: string;
  label: string;
  note?: string;
  fields: ActionField[];
  /** Address below the API. */
  path: string;
  body: (given: Record<string, unknown>) => object;
}

/** Buttons for what can be done in a case; each asks for what it needs. The first is what comes next. */
export function CaseActions({ actions, version }: { actions: readonly CaseAction[]; version: string }) {
  const [chosen, setChosen] = useState<CaseAction | null>(null);
  return (
    <>
      {actions.map((action, index) => (
        <Button key={action.key} type={index === 0 ? 'primary' : 'default'} onClick={() => setChosen(action)}>
          {action.label}
        </Button>
      ))}
      {chosen && (
        <ActionForm
          key={chosen.key}
          open
          close={() => setChosen(null)}
          title={chosen.label}
          note={chosen.note}
          fields={chosen.fields}
          submit={(given) => send('POST', chosen.path, chosen.body(given), version)}
        />
      )}
    </>
  );
}

/** The workflow that waits for a case, in Temporal’s own pages. */
export function WorkflowLink({ id }: { id: string }) {
  const { say } = useLanguage();
  const { hub } = useSession();
  if (hub.temporalUi === null) return null;
  return (
    <a href={`${hub.temporalUi}/workflows/${encodeURIComponent(id)}`} target="_blank" rel="noreferrer">
      {say('在 Temporal 中查看', 'In Temporal')}
    </a>
  );
}

/** The deadlines of a case and what happened in it. */
export function CaseSections({
  tasks,
  hasTerm,
  events,
}: {
  tasks: readonly TaskView[];
  hasTerm: boolean;
  events: readonly EventView[];
}) {
  const { say, name } = useLanguage();
  const session = useSession();
  return (
    <>
      <Section title={say('时限', 'Deadlines')}>
        {tasks.length === 0 ? (
          <Nothing>
            {hasTerm
              ? say('时限尚未起算', 'No deadline has begun yet')
              : say(
                  `《${session.hub.regulation}》未规定此类事项的时限；办理过程照常记录`,
                  'No statutory term: the regulation sets none for this. What is done is recorded all the same.',
                )}
          </Nothing>
        ) : (
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{say('状态', 'State')}</th>
                <th scope="col">{say('事项', 'Duty')}</th>
                <th scope="col">{say('责任单位', 'Owner')}</th>
                <th scope="col">{say('条款', 'Article')}</th>
                <th scope="col">{say('起算', 'Start')}</th>
                <th scope="col">{say('到期', 'Due')}</th>
                <th scope="col">{say('剩余', 'Left')}</th>
              </tr>
            </thead>
            <tbody>
              {tasks.map((task) => (
                <tr key={task.id}>
                  <td>
                    <TaskState state={task.state} />
                  </td>
                  <td>
                    {session.unitCode === null || session.unitCode === task.ownerCode ? (
                      <Link to={`/tasks/${task.id}`}>{name(DUTIES[task.kind])}</Link>
                    ) : (
                      name(DUTIES[task.kind])
                    )}
                  </td>
                  <td>{task.owner}</td>
                  <td>
                    <Article {...task} />
                  </td>
                  <td>
                    <Moment at={task.startedAt} />
                  </td>
                  <td>
                    <DueTime at={task.dueAt} />
                  </td>
                  <td>
                    {task.endedAt === null ? (
                      <Remaining days={task.remaining} state={task.state} />
                    ) : (
                      <span className="quiet">
                        {say('办结', 'ended')} <Moment at={task.endedAt} />
                      </span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Section>
      <Section title={say('经过', 'Timeline')}>
        <Timeline events={events} />
      </Section>
    </>
  );
}

type Item = NonNullable<DescriptionsProps['items']>[number];

/** Rows of a description, without those that there is nothing to say of. */
export const told = (rows: readonly [label: string, value: React.ReactNode][]): Item[] =>
  rows
    .filter(([, value]) => value !== null && value !== '')
    .map(([label, children]) => ({ key: label, label, children }));

/** Several things beside each other, below a heading. */
export const Beside = ({ children }: { children: React.ReactNode }) => (
  <Space size="middle" wrap>
    {children}
  </Space>
);
