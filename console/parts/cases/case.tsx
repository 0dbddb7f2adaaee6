import { Space, type DescriptionsProps } from 'antd';
import type { ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import type { CaseDefinition } from '../../../domain/casework/definition.ts';
import { DUTIES } from '../../../domain/ledger/duties.ts';
import type { EventView, TaskView } from '../../../server/api/ledger/tasks.ts';
import { useAnswer, type AnswerOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { useSession } from '../../session.tsx';
import { Article } from '../article.tsx';
import { CaseActions } from './case-actions.tsx';
import type { Option } from '../filters.tsx';
import { Mark } from '../mark.tsx';
import { PageLayout, Section } from '../page.tsx';
import { Failure, Nothing, Waiting } from '../states.tsx';
import { Remaining, TaskState } from '../task-state.tsx';
import { DueTime, dueMoment, Moment } from '../time.tsx';
import { Timeline } from '../timeline.tsx';

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

/** Where the API has one case, by kind. */
type CasePath = '/disputes/:id' | '/outages/:id' | '/share-requests/:id';

/** The page of one case: how far it is, what can be done with it now, its own sections, its deadlines and its timeline. */
export function CasePage<P extends CasePath, Action extends string>({
  path,
  definition,
  title,
  mark,
  can,
  streamsFor,
  children,
}: {
  path: P;
  definition: Pick<CaseDefinition<never, string, Action>, 'path' | 'actions'>;
  title: (data: AnswerOf<P>) => string;
  mark: (data: AnswerOf<P>) => ReactNode;
  can: (data: AnswerOf<P>) => readonly Action[];
  streamsFor?: (data: AnswerOf<P>, action: Action) => readonly Option[];
  children: (data: AnswerOf<P>) => ReactNode;
}) {
  const { say } = useLanguage();
  const { id = '' } = useParams();
  const { data, error, refetch } = useAnswer<AnswerOf<P>>(path, { params: { id } });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const round = 'round' in data ? data.round : 1;
  return (
    <PageLayout
      title={title(data)}
      note={
        <Space size="middle" wrap>
          {mark(data)}
          {data.nextDueAt !== null && (
            <span>
              {say('最近到期', 'Next due')} <NextDue {...data} />
            </span>
          )}
          {round > 1 && <span>{say(`第 ${round} 轮`, `Round ${round}`)}</span>}
          <WorkflowLink id={data.workflowId} />
        </Space>
      }
      actions={
        <CaseActions
          definition={definition}
          id={data.id}
          version={data.version}
          can={can(data)}
          streamsFor={streamsFor && ((action: Action) => streamsFor(data, action))}
        />
      }
    >
      {children(data)}
      <CaseSections {...data} />
    </PageLayout>
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
function CaseSections({
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
export const told = (rows: readonly [label: string, value: ReactNode][]): Item[] =>
  rows
    .filter(([, value]) => value !== null && value !== '')
    .map(([label, children]) => ({ key: label, label, children }));
