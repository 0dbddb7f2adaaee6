import { Button, Descriptions, Space } from 'antd';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { DUTIES, URGENT_STATES } from '../../../domain/ledger/duties.ts';
import { send, useGet, type BodyOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { useLadder } from '../../parts/cases/ladder.ts';
import { useCaseFields } from '../../parts/cases/case-actions.tsx';
import { Article } from '../../parts/article.tsx';
import { BodyForm, type FieldOf } from '../../parts/forms/body-form.tsx';
import { useObjectPage } from '../../parts/object-page.ts';
import { Days } from '../../parts/days.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Waiting } from '../../parts/states.tsx';
import { Subject } from '../../parts/subject.tsx';
import { Remaining, TaskState } from '../../parts/task-state.tsx';
import { DueTime, Moment } from '../../parts/time.tsx';
import { Timeline } from '../../parts/timeline.tsx';
import { useSession } from '../../session.tsx';

/** One deadline: how it came to be due, day by day, and everything that became of it. */
export default function Task() {
  const { say, name } = useLanguage();
  const { may, hub } = useSession();
  const { exemption, notice } = hub.sanctions;
  const objectPage = useObjectPage();
  const { id = '' } = useParams();
  const [exempting, setExempting] = useState(false);
  const [correcting, setCorrecting] = useState(false);
  const [urging, setUrging] = useState(false);
  const [ordering, setOrdering] = useState(false);
  const { order } = useLadder().actions;
  const fieldsOf = useCaseFields([order.fields]);
  const navigate = useNavigate();
  const { data, error, refetch } = useGet('/tasks/:id', { params: { id } });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const about = objectPage(data.subject);
  const isMissed = data.state === 'overdue' || data.state === 'met late';
  return (
    <PageLayout
      title={`${name(DUTIES[data.kind])} · ${data.owner}`}
      note={
        <Space size="middle" wrap>
          <TaskState state={data.state} />
          {data.remaining !== null && <Remaining days={data.remaining} state={data.state} />}
        </Space>
      }
      actions={
        <>
          {about !== null && <Link to={about}>{say('查看案件', 'The case')}</Link>}
          {data.kind === 'increment' && data.stream !== null && (
            <Link to={`/streams/${data.stream.name}/days/${data.subject.split('/')[1] ?? ''}`}>
              {say('查看当日', 'The day')}
            </Link>
          )}
          {data.workflowId !== null && hub.temporalUi !== null && (
            <a
              href={`${hub.temporalUi}/workflows/${encodeURIComponent(data.workflowId)}`}
              target="_blank"
              rel="noreferrer"
            >
              {say('在 Temporal 中查看', 'In Temporal')}
            </a>
          )}
          {may('tasks:urge') && URGENT_STATES.includes(data.state) && (
            <Button onClick={() => setUrging(true)}>{say('催办', 'Urge')}</Button>
          )}
          {may('supervision:order') && data.state === 'overdue' && data.kind !== 'rectification' && (
            <Button onClick={() => setOrdering(true)}>{name(order)}</Button>
          )}
          {may('tasks:correct') && isMissed && data.kind !== 'increment' && (
            <Button onClick={() => setCorrecting(true)}>{say('更正时限', 'Correct')}</Button>
          )}
          {exemption !== null && may('tasks:exempt') && isMissed && (
            <Button onClick={() => setExempting(true)}>{say('容错', 'Exempt')}</Button>
          )}
        </>
      }
    >
      <Section title={say('依据与时限', 'What is owed')}>
        <Descriptions
          column={{ xs: 1, md: 2 }}
          size="small"
          items={[
            { key: 'article', label: say('条款', 'Article'), children: <Article {...data} /> },
            { key: 'duty', label: say('要求', 'Duty'), children: data.duty },
            ...(data.nextStep === null
              ? []
              : [{ key: 'next', label: say('办结条件', 'What ends it'), children: data.nextStep }]),
            { key: 'owner', label: say('责任单位', 'Owner'), children: `${data.owner} ${data.ownerCode}` },
            { key: 'subject', label: say('对象', 'Subject'), children: <Subject {...data} /> },
            { key: 'start', label: say('起算', 'Start'), children: <Moment at={data.startedAt} /> },
            { key: 'due', label: say('到期', 'Due'), children: <DueTime at={data.dueAt} /> },
            ...(data.calendar === null
              ? []
              : [{ key: 'calendar', label: say('日历版本', 'Calendar'), children: data.calendar }]),
            ...(data.endedAt === null
              ? []
              : [{ key: 'ended', label: say('办结', 'Ended'), children: <Moment at={data.endedAt} /> }]),
            ...(data.reason === null
              ? []
              : [{ key: 'reason', label: say('原因', 'Why'), children: name(data.reason) }]),
            ...(data.document === null
              ? []
              : [{ key: 'document', label: say('文号', 'Document'), children: data.document }]),
          ]}
        />
      </Section>
      {data.days.length > 0 && (
        <Section title={say('到期日怎么算出来的', 'How the due day came about')}>
          <Days days={data.days} />
        </Section>
      )}
      {data.events.length > 0 && (
        <Section title={say('经过', 'Timeline')}>
          <Timeline events={data.events} />
        </Section>
      )}
      <Section title={say('变更记录', 'Changes')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{say('直到', 'Until')}</th>
              <th scope="col">{say('由谁', 'By')}</th>
              <th scope="col">{say('责任单位', 'Owner')}</th>
              <th scope="col">{say('到期', 'Due')}</th>
              <th scope="col">{say('办结', 'Met')}</th>
              <th scope="col">{say('说明', 'Why')}</th>
            </tr>
          </thead>
          <tbody>
            {data.changes.map((change, index) => (
              <tr key={index}>
                <td>{change.until === null ? say('现在', 'now') : <Moment at={change.until} />}</td>
                <td>{change.by}</td>
                <td>{change.owner}</td>
                <td>
                  <DueTime at={change.dueAt} />
                </td>
                <td>
                  <Moment at={change.metAt ?? change.exemptedAt ?? change.cancelledAt} />
                </td>
                <td>
                  {[change.reason && name(change.reason), change.document, change.suspendedBy]
                    .filter(Boolean)
                    .join(' ')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
      <BodyForm
        open={correcting}
        close={() => setCorrecting(false)}
        title={say('更正时限', 'Set a corrected term')}
        note={say(
          '起算时间有误的，按更正后的起算时间另立一项时限；原逾期任务保留，两项均计入统计。',
          'Where it was counted from a wrong time: another term, from the right one. The missed one stays, and both count.',
        )}
        fields={[
          { name: 'startedAt', label: say('起算时间', 'When it really started'), kind: 'time', required: true },
          { name: 'reason', label: say('理由', 'Why'), required: true, multiline: true },
          { name: 'document', label: say('依据文号', 'What shows it'), required: true },
        ]}
        submit={(body: BodyOf<'POST', '/tasks/:id/correct'>) =>
          send('POST', '/tasks/:id/correct', { params: { id }, body })
        }
        done={({ task }) => void navigate(`/tasks/${task}`)}
      />
      <BodyForm
        open={exempting}
        close={() => setExempting(false)}
        title={say('容错：不追究本次逾期', 'Exempt this deadline')}
        note={say(
          `依据${exemption?.article ?? ''}。容错单独计数，不算按期办结。`,
          `By ${exemption?.article ?? ''}. It is counted apart, not as met.`,
        )}
        fields={[
          {
            name: 'cause',
            label: say('客观原因', 'What was out of the unit’s hands'),
            required: true,
            multiline: true,
          },
          { name: 'document', label: say('批准文号', 'Number of the decision'), required: true },
          { name: 'approver', label: say('批准人', 'Who approved it'), required: true },
        ]}
        submit={(body: BodyOf<'POST', '/tasks/:id/exempt'>) =>
          send('POST', '/tasks/:id/exempt', { params: { id }, body })
        }
      />
      <BodyForm
        open={ordering}
        close={() => setOrdering(false)}
        title={name(order)}
        note={say(
          `向${data.owner}下达，期限从下达时起算${notice === null ? '' : `；逾期未改正的可出具${notice.name}`}。`,
          `To ${data.owner}; its term begins now.${notice === null ? '' : ' What is not rectified in time can get a notice.'}`,
        )}
        fields={fieldsOf(order.fields) as FieldOf<BodyOf<'POST', '/tasks/:id/order'>>[]}
        submit={(body: BodyOf<'POST', '/tasks/:id/order'>) =>
          send('POST', '/tasks/:id/order', { params: { id }, body })
        }
        done={({ finding }) => void navigate(`/supervision/${finding}`)}
      />
      <BodyForm
        open={urging}
        close={() => setUrging(false)}
        title={say('催办', 'Urge')}
        note={say(
          '即刻发给责任单位备案的专人；非工作时间的留到工作时间发出。每项任务每天最多一次。',
          'To the contacts of the unit at once, or when working hours begin; once a day for each deadline.',
        )}
        fields={[
          {
            name: 'note',
            label: say('催办说明', 'What to say'),
            required: true,
            multiline: true,
            hint: say('会随邮件、短信发出，请勿写个人信息', 'It is sent by mail and text message: nothing personal'),
          },
        ]}
        button={say('发出催办', 'Send')}
        submit={(body: BodyOf<'POST', '/tasks/:id/urge'>) => send('POST', '/tasks/:id/urge', { params: { id }, body })}
      />
    </PageLayout>
  );
}
