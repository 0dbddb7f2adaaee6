import { Alert, Descriptions } from 'antd';
import { Link } from 'react-router';
import { DISPUTE, DISPUTE_SOURCES } from '../../../domain/casework/dispute.ts';
import type { DisputeDetail } from '../../../server/api/casework/disputes.ts';
import { useLanguage } from '../../language.tsx';
import { CasePage, told } from '../../parts/cases/case.tsx';
import { Mark } from '../../parts/mark.tsx';
import { Section } from '../../parts/page.tsx';
import { moment, Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { DisputeStageMark } from './disputes.tsx';

/** One dispute: what it is about, how far it is, and what can be done with it now. */
export default function Dispute() {
  const { say } = useLanguage();
  return (
    <CasePage
      path="/disputes/:id"
      definition={DISPUTE}
      title={({ id }) => say(`异议 ${id}`, `Dispute ${id}`)}
      mark={(data) => <DisputeStageMark {...data} />}
      can={({ can }) => can}
    >
      {(data) => <About data={data} />}
    </CasePage>
  );
}

function About({ data }: { data: DisputeDetail }) {
  const { say, name } = useLanguage();
  const { may } = useSession();
  const source = DISPUTE_SOURCES[data.source];
  const certificate = `/certificates?number=${encodeURIComponent(data.number)}`;
  return (
    <>
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
            [say('送达发证单位', 'Handed to the issuer'), <Moment key="received" at={data.receivedAt} />],
            [say('确认接收', 'Confirmed'), <Moment key="acknowledged" at={data.acknowledgedAt} />],
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
    </>
  );
}
