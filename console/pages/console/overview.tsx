import { Alert } from 'antd';
import { Link } from 'react-router';
import { BASES, EVERY_BASIS, type Basis } from '../../../domain/basis.ts';
import type { OverviewView } from '../../../server/api/ledger/overview.ts';
import { useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { Blind } from '../../parts/blind.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import { dueMoment, moment } from '../../parts/time.tsx';

/** What is overdue, whose, under which article: the numbers that a supervisor looks at first. */
export default function Overview() {
  const { say, name } = useLanguage();
  const { data, error, refetch } = useGet('/overview');
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const today = data.at.slice(0, 10);
  const checked = say(`${moment(data.at)} 核查`, `checked at ${moment(data.at)}`);
  return (
    <PageLayout title={say('总览', 'Overview')} note={checked}>
      {data.blind && <Blind />}
      {EVERY_BASIS.filter((basis) => data[basis].late.length > 0).map((basis) => (
        <Alert
          key={basis}
          className="late-bar"
          type="error"
          showIcon
          title={say(
            `归集数据迟到（${BASES[basis].zh}）：${data[basis].late.length} 个单位`,
            `Data is late (${BASES[basis].en}): ${data[basis].late.length} units`,
          )}
          description={data[basis].late.map(({ code, name: unit, since }) => (
            <div key={code}>
              <Link to={`/tasks?state=overdue&basis=${basis}&kind=increment&unit=${code}`}>{unit}</Link>{' '}
              {say(`自 ${dueMoment(since)}`, `since ${dueMoment(since)}`)}
            </div>
          ))}
        />
      ))}
      {EVERY_BASIS.map((basis) => {
        const { dueToday, overdue, rectifying, worst } = data[basis];
        return (
          <Section key={basis} title={name(BASES[basis])}>
            <div className="tiles">
              <Tile
                label={say('今日到期', 'Due today')}
                count={dueToday}
                to={`/tasks?state=due+soon%2Copen&basis=${basis}&dueTo=${today}`}
              />
              <Tile label={say('已逾期', 'Overdue')} count={overdue} to={`/tasks?state=overdue&basis=${basis}`} bad />
              <Tile
                label={say('限期整改中', 'Under rectification')}
                count={rectifying}
                to={`/tasks?kind=rectification&basis=${basis}`}
              />
            </div>
            <h3>{say('逾期比例最高的单位', 'Worst units, by their share of overdue deadlines')}</h3>
            {worst.length === 0 ? (
              <Nothing>{say(`没有单位逾期（${checked}）`, `No unit is overdue (${checked})`)}</Nothing>
            ) : (
              <WorstUnits basis={basis} units={worst} />
            )}
          </Section>
        );
      })}
      <div className="tiles">
        <Tile label={say('已发文书', 'Noticed')} count={data.noticed} to="/supervision?stage=noticed" />
      </div>
    </PageLayout>
  );
}

function Tile({
  label,
  count,
  to,
  bad = false,
}: {
  label: string;
  count: OverviewView['noticed'];
  to: string;
  bad?: boolean;
}) {
  const { say } = useLanguage();
  const change = count.now - count.before;
  return (
    <Link className="tile" to={to}>
      {label}
      <span className={`tile-number${bad && count.now > 0 ? ' tone-bad' : ''}`}>{count.now.toLocaleString()}</span>
      <span className="quiet">
        {say('较昨日此时', 'since yesterday')} {change === 0 ? '±0' : change > 0 ? `▲ +${change}` : `▼ −${-change}`}
      </span>
    </Link>
  );
}

function WorstUnits({ basis, units }: { basis: Basis; units: OverviewView[Basis]['worst'] }) {
  const { say } = useLanguage();
  return (
    <table className="plain">
      <thead>
        <tr>
          <th scope="col">{say('单位', 'Unit')}</th>
          <th scope="col" className="number">
            {say('逾期', 'Overdue')}
          </th>
          <th scope="col" className="number">
            {say('未办结', 'Running')}
          </th>
          <th scope="col">{say('逾期比例', 'Share')}</th>
        </tr>
      </thead>
      <tbody>
        {units.map(({ code, name, running, overdue }) => {
          const share = Math.round((overdue / running) * 100);
          return (
            <tr key={code}>
              <th scope="row">
                <Link to={`/tasks?state=overdue&basis=${basis}&unit=${code}`}>{name}</Link>
              </th>
              <td className="number">{overdue.toLocaleString()}</td>
              <td className="number">{running.toLocaleString()}</td>
              <td>
                <span className="share">
                  <span className="share-bar" aria-hidden="true">
                    <span className="share-part" style={{ width: `${share}%` }} />
                  </span>
                  {share}%
                </span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
