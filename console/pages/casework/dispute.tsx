import { Alert, Descriptions } from 'antd';
import { Link, useParams } from 'react-router';
import { DISPUTE_ACTIONS, DISPUTE_SOURCES, type DisputeAction } from '../../../domain/casework/dispute.ts';
import type { DisputeDetail } from '../../../server/api/casework/disputes.ts';
import { useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import type { ActionField } from '../../parts/action-form.tsx';
import { Beside, CaseActions, CaseSections, NextDue, told, WorkflowLink } from '../../parts/case.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Waiting } from '../../parts/states.tsx';
import { moment, Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { DisputeStageMark } from './disputes.tsx';

/** One dispute: what it is about, how far it is, and what can be done with it now. */
export default function Dispute() {
  const { say, name } = useLanguage();
  const { may } = useSession();
  const { id = '' } = useParams();
  const fieldsOf = useFields();
  const { data, error, refetch } = useGet<DisputeDetail>(`/disputes/${id}`);
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const source = DISPUTE_SOURCES[data.source];
  const certificate = `/certificates?number=${encodeURIComponent(data.number)}`;
  return (
    <PageLayout
      title={say(`异议 ${data.id}`, `Dispute ${data.id}`)}
      note={
        <Beside>
          <DisputeStageMark {...data} />
          {data.nextDueAt !== null && (
            <span>
              {say('最近到期', 'Next due')} <NextDue {...data} />
            </span>
          )}
          {data.round > 1 && <span>{say(`第 ${data.round} 轮`, `Round ${data.round}`)}</span>}
          <WorkflowLink id={data.workflowId} />
        </Beside>
      }
      actions={
        <CaseActions
          version={data.version}
          actions={data.can.map((action) => ({
            key: action,
            label: name(DISPUTE_ACTIONS[action]),
            note: name(DISPUTE_ACTIONS[action].help),
            fields: fieldsOf(action),
            path: `/disputes/${id}/${DISPUTE_ACTIONS[action].needs === 'disputes:answer' ? 'answer' : 'manage'}`,
            body: (given) => ({
              ...given,
              action,
              ...('upheld' in given && { upheld: given.upheld === 'true' }),
            }),
          }))}
        />
      }
    >
      {data.marks.length > 0 && (
        <Alert
          className="late-bar"
          type="warning"
          showIcon
          title={say('证照已作异议标注', 'The certificate is marked as disputed')}
          description={data.marks.map((mark) => (
            <div key={mark.dispute}>
              {mark.dispute === data.id ? (
                say('本异议', 'by this dispute')
              ) : (
                <Link to={`/disputes/${mark.dispute}`}>{say(`异议 ${mark.dispute}`, `Dispute ${mark.dispute}`)}</Link>
              )}{' '}
              {say(`自 ${moment(mark.markedAt)}`, `since ${moment(mark.markedAt)}`)}
            </div>
          ))}
        />
      )}
      <Section title={say('基本情况', 'What it is about')}>
        <Descriptions
          column={{ xs: 1, md: 2 }}
          size="small"
          items={told([
            [
              say('证照编号', 'Certificate'),
              may('certificates:read') ? <Link to={certificate}>{data.number}</Link> : data.number,
            ],
            [say('证照类型', 'Type'), data.typeCode ?? say('库中没有该编号', 'not in the library')],
            [
              say('发证单位', 'Issuer'),
              data.issuerName === null ? say('未知', 'unknown') : `${data.issuerName} ${data.issuerCode ?? ''}`,
            ],
            [say('来源', 'Source'), [source ? name(source) : data.source, data.ticket].filter(Boolean).join(' ')],
            [say('提出', 'Raised'), <Moment key="raised" at={data.raisedAt} />],
            [say('发证单位接收', 'Received'), <Moment key="received" at={data.receivedAt} />],
            [say('标注', 'Marked'), <Moment key="marked" at={data.markedAt} />],
            [say('核实完成', 'Verified'), <Moment key="verified" at={data.verifiedAt} />],
            [say('提请或转往', 'Sent to'), data.sentTo],
            [say('发文号', 'Reference'), data.sentReference],
            [say('提请时间', 'Sent'), data.sentAt === null ? null : <Moment at={data.sentAt} />],
            [
              say('核实结果', 'Result'),
              data.upheld === null ? null : data.upheld ? (
                <Mark tone="warn">{say('异议成立', 'the objector is right')}</Mark>
              ) : (
                <Mark tone="calm">{say('异议不成立', 'the objector is not right')}</Mark>
              ),
            ],
            [say('更正', 'Correction'), data.correction],
            [say('告知', 'Told'), data.toldAt === null ? null : <Moment at={data.toldAt} />],
            [say('告知凭证', 'Receipt'), data.toldReceipt],
            [
              say('并入', 'Merged into'),
              data.mergedInto === null ? null : <Link to={`/disputes/${data.mergedInto}`}>{data.mergedInto}</Link>,
            ],
          ])}
        />
      </Section>
      <Section
        title={say('异议人与内容', 'Who objects, and what they say')}
        extra={
          data.personal && (
            <span className="quiet">{say('个人信息，查阅已留痕', 'Personal; this reading is in the audit')}</span>
          )
        }
      >
        {data.personal ? (
          <Descriptions
            column={1}
            size="small"
            items={told([
              [say('异议人', 'Objector'), data.objector ?? '—'],
              [say('联系方式', 'Contact'), data.contact ?? '—'],
              [
                say('异议内容', 'Statement'),
                <span key="statement" className="said">
                  {data.statement}
                </span>,
              ],
              [
                say('答复内容', 'Answer'),
                data.answer === null ? null : (
                  <span key="answer" className="said">
                    {data.answer}
                  </span>
                ),
              ],
            ])}
          />
        ) : (
          <span className="quiet">
            {say('涉及个人信息，仅发证单位和管理单位可见', 'Personal: for the issuer and the management unit only')}
          </span>
        )}
      </Section>
      <CaseSections {...data} />
    </PageLayout>
  );
}

/** What each action asks for. */
function useFields(): (action: DisputeAction) => ActionField[] {
  const { say } = useLanguage();
  const { may } = useSession();
  const units = useGet<{ items: { code: string; name: string }[] }>(
    '/unit-names',
    {},
    { enabled: may('disputes:manage') },
  );
  const result: ActionField[] = [
    {
      name: 'upheld',
      label: say('核实结果', 'Result'),
      required: true,
      kind: 'choice',
      options: [
        { value: 'true', label: say('异议成立', 'The objector is right') },
        { value: 'false', label: say('异议不成立', 'The objector is not right') },
      ],
    },
    {
      name: 'answer',
      label: say('答复内容', 'Answer'),
      required: true,
      multiline: true,
      hint: say('将告知异议人', 'The objector is told this'),
    },
  ];
  const sent: ActionField[] = [
    { name: 'to', label: say('受理单位', 'To whom'), required: true },
    { name: 'reference', label: say('发文号', 'Reference') },
  ];
  const reason: ActionField[] = [{ name: 'reason', label: say('理由', 'Why'), required: true, multiline: true }];
  const fields: Record<DisputeAction, ActionField[]> = {
    receive: [
      {
        name: 'receivedAt',
        label: say('接收时间', 'When'),
        kind: 'time',
        hint: say('不填即为现在', 'Now, where it is left out'),
      },
    ],
    mark: [],
    verify: result,
    'upper-answer': result,
    'hand-up': sent,
    route: sent,
    tell: [
      {
        name: 'receipt',
        label: say('告知凭证', 'What proves it'),
        required: true,
        hint: say('如通话编号、回执编号', 'Such as the number of a call'),
      },
    ],
    correct: [{ name: 'note', label: say('更正情况', 'How'), required: true, multiline: true }],
    transfer: [
      {
        name: 'issuer',
        label: say('发证单位', 'Issuer'),
        required: true,
        kind: 'choice',
        options: (units.data?.items ?? []).map(({ code, name }) => ({ value: code, label: `${name} ${code}` })),
      },
    ],
    merge: [{ name: 'into', label: say('并入的异议编号', 'Into which dispute'), required: true, kind: 'number' }],
    withdraw: reason,
    reopen: reason,
  };
  return (action) => fields[action];
}
