import { Descriptions } from 'antd';
import { Link } from 'react-router';
import { SHARE_REQUEST } from '../../../domain/casework/share-request.ts';
import type { ShareRequestDetail } from '../../../server/api/casework/share-requests.ts';
import { useLanguage } from '../../language.tsx';
import { CasePage, told } from '../../parts/cases/case.tsx';
import { Mark } from '../../parts/mark.tsx';
import { Section } from '../../parts/page.tsx';
import { Extent, SharedType } from '../../parts/shared-types.tsx';
import { Nothing } from '../../parts/states.tsx';
import { Moment, moment } from '../../parts/time.tsx';
import { ShareOutcomeMark } from './share-requests.tsx';

/** One share request: what is wanted, what the units say, and what was decided. */
export default function ShareRequest() {
  const { say } = useLanguage();
  return (
    <CasePage
      path="/share-requests/:id"
      definition={SHARE_REQUEST}
      title={({ id, unitName }) => say(`共享申请 ${id} · ${unitName}`, `Share request ${id} · ${unitName}`)}
      mark={(data) => <ShareOutcomeMark {...data} />}
      can={({ can }) => can}
    >
      {(data) => <About data={data} />}
    </CasePage>
  );
}

function About({ data }: { data: ShareRequestDetail }) {
  const { say } = useLanguage();
  const silent = data.asked.filter(({ code }) => !data.opinions.some(({ unitCode }) => unitCode === code));
  return (
    <>
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
      {data.wish && <Wish wish={data.wish} grant={data.grant} />}
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
    </>
  );
}

/** The grant that is wished for and, once it was made, the grant. */
function Wish({ wish, grant }: { wish: NonNullable<ShareRequestDetail['wish']>; grant: ShareRequestDetail['grant'] }) {
  const { say } = useLanguage();
  return (
    <Section
      title={say('申请的授权', 'The grant that is wished for')}
      extra={
        grant && (
          <Link to="/grants?ended=true">
            {grant.endedAt === null ? (
              <Mark tone="good">{say(`已授权 ${grant.id}`, `granted, ${grant.id}`)}</Mark>
            ) : (
              <Mark tone="off">{say(`授权 ${grant.id} 已终止`, `grant ${grant.id} has ended`)}</Mark>
            )}
          </Link>
        )
      }
    >
      <Descriptions
        column={{ xs: 1, md: 2 }}
        size="small"
        items={told([
          [say('证照类型', 'Type'), <SharedType key="type" code={wish.typeCode} />],
          [say('事项', 'Matter'), `${wish.matterName} ${wish.matter}`],
          [say('应用场景', 'Scenario'), wish.scenario],
          [say('方式与字段', 'How, and which fields'), <Extent key="extent" {...wish} />],
          [say('法律依据', 'Legal basis'), wish.legalBasis],
          [say('每日调用上限', 'Calls a day'), wish.perDay],
          [say('授权截止', 'Until'), wish.until === null ? null : moment(wish.until)],
          [say('授权时间', 'Granted'), grant && `${moment(grant.grantedAt)} ${grant.grantedBy}`],
        ])}
      />
    </Section>
  );
}
