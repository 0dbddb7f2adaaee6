import { Descriptions } from 'antd';
import { SHARE_REQUEST } from '../../../domain/casework/share-request.ts';
import type { ShareRequestDetail } from '../../../server/api/casework/share-requests.ts';
import { useLanguage } from '../../language.tsx';
import { CasePage, told } from '../../parts/cases/case.tsx';
import { Section } from '../../parts/page.tsx';
import { Nothing } from '../../parts/states.tsx';
import { Moment } from '../../parts/time.tsx';
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
