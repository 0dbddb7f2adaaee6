import { Descriptions } from 'antd';
import { useParams } from 'react-router';
import { SHARE_OUTCOMES } from '../../../domain/casework/share-request.ts';
import type { ShareRequestDetail } from '../../../server/api/casework/share-requests.ts';
import { useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import type { ActionField } from '../../parts/action-form.tsx';
import { Beside, CaseActions, CaseSections, NextDue, told, WorkflowLink } from '../../parts/case.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { ShareOutcomeMark } from './share-requests.tsx';

type Action = ShareRequestDetail['can'][number];

/** One share request: what is wanted, what the units say, and what was decided. */
export default function ShareRequest() {
  const { say } = useLanguage();
  const { id = '' } = useParams();
  const words = useActions();
  const { data, error, refetch } = useGet<ShareRequestDetail>(`/share-requests/${id}`);
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const silent = data.asked.filter(({ code }) => !data.opinions.some(({ unitCode }) => unitCode === code));
  return (
    <PageLayout
      title={say(`共享申请 ${data.id} · ${data.unitName}`, `Share request ${data.id} · ${data.unitName}`)}
      note={
        <Beside>
          <ShareOutcomeMark {...data} />
          {data.nextDueAt !== null && (
            <span>
              {say('最近到期', 'Next due')} <NextDue {...data} />
            </span>
          )}
          <WorkflowLink id={data.workflowId} />
        </Beside>
      }
      actions={
        <CaseActions
          version={data.version}
          actions={data.can.map((action) => ({
            key: action,
            ...words[action],
            path: `/share-requests/${id}/${action}`,
            body: (given) => given,
          }))}
        />
      }
    >
      <Section title={say('申请内容', 'What is wanted')}>
        <Descriptions
          column={{ xs: 1, md: 2 }}
          size="small"
          items={told([
            [say('需要的证照', 'Wanted'), data.wanted],
            [say('用证单位', 'User unit'), `${data.unitName} ${data.unitCode}`],
            [say('用于事项', 'For'), data.scenario],
            [say('提出', 'Requested'), <Moment key="requested" at={data.requestedAt} />],
            [say('需求产生', 'Needed since'), data.neededAt === null ? null : <Moment at={data.neededAt} />],
            [say('决定', 'Decided'), data.decidedAt === null ? null : <Moment at={data.decidedAt} />],
            [say('决定内容', 'Decision'), data.outcomeText],
          ])}
        />
      </Section>
      <Section title={say('各单位意见', 'What the units say')}>
        {data.opinions.length === 0 && silent.length === 0 ? (
          <Nothing>{say('尚未征求意见', 'Nobody was asked yet')}</Nothing>
        ) : (
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{say('单位', 'Unit')}</th>
                <th scope="col">{say('意见', 'Opinion')}</th>
                <th scope="col">{say('时间', 'When')}</th>
                <th scope="col">{say('由谁', 'By')}</th>
              </tr>
            </thead>
            <tbody>
              {data.opinions.map((opinion) => (
                <tr key={opinion.unitCode}>
                  <th scope="row">{opinion.unitName}</th>
                  <td>{opinion.opinion}</td>
                  <td>
                    <Moment at={opinion.saidAt} />
                  </td>
                  <td>{opinion.saidBy}</td>
                </tr>
              ))}
              {silent.map(({ code, name }) => (
                <tr key={code}>
                  <th scope="row">{name}</th>
                  <td className="quiet">{say('已征求，尚未回复', 'asked, no answer yet')}</td>
                  <td>—</td>
                  <td>—</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Section>
      <CaseSections {...data} />
    </PageLayout>
  );
}

/** What each action is called and asks for. */
function useActions(): Record<Action, { label: string; note?: string; fields: ActionField[] }> {
  const { say, name } = useLanguage();
  const { may } = useSession();
  const units = useGet<{ items: { code: string; name: string }[] }>(
    '/unit-names',
    {},
    { enabled: may('share:decide') },
  );
  const choices = (units.data?.items ?? []).map(({ code, name: called }) => ({
    value: code,
    label: `${called} ${code}`,
  }));
  return {
    ask: {
      label: say('征求意见', 'Ask units'),
      note: say('被征求的单位可查看本申请并发表意见', 'They see the request from then on, and can say'),
      fields: [{ name: 'units', label: say('单位', 'Units'), required: true, kind: 'choices', options: choices }],
    },
    say: {
      label: say('发表意见', 'Say'),
      fields: [
        { name: 'opinion', label: say('意见', 'Opinion'), required: true, multiline: true },
        ...(may('share:decide')
          ? [
              {
                name: 'unit',
                label: say('代为登记的单位', 'For which unit'),
                kind: 'choice' as const,
                options: choices,
                hint: say('不填即为本单位', 'One’s own, where it is left out'),
              },
            ]
          : []),
      ],
    },
    decide: {
      label: say('作出决定', 'Decide'),
      fields: [
        {
          name: 'outcome',
          label: say('结果', 'Outcome'),
          required: true,
          kind: 'choice',
          options: Object.entries(SHARE_OUTCOMES).map(([value, pair]) => ({ value, label: name(pair) })),
        },
        {
          name: 'text',
          label: say('说明', 'In words'),
          required: true,
          multiline: true,
          hint: say(
            '同意的内容、不同意的理由，或替代方案',
            'What is granted, why it is refused, or which other way there is',
          ),
        },
      ],
    },
    withdraw: {
      label: say('撤回申请', 'Withdraw'),
      fields: [{ name: 'reason', label: say('理由', 'Why'), required: true, multiline: true }],
    },
  };
}
