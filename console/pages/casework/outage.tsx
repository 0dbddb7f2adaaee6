import { Descriptions } from 'antd';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { OUTAGE, STOPPED_WORK } from '../../../domain/casework/outage.ts';
import type { OutageDetail } from '../../../server/api/casework/outages.ts';
import { addressOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { CasePage, told } from '../../parts/cases/case.tsx';
import { Mark } from '../../parts/mark.tsx';
import { Section } from '../../parts/page.tsx';
import { DueTime, moment, Moment } from '../../parts/time.tsx';
import { OutageStageMark } from './outages.tsx';

type OutageAction = keyof typeof OUTAGE.actions;
type Stream = OutageDetail['streams'][number];

/** One outage: what each of its streams owes, how much has come, and the proof. */
export default function Outage() {
  const { say } = useLanguage();
  return (
    <CasePage
      path="/outages/:id"
      definition={OUTAGE}
      title={({ id, unitName }) => say(`故障 ${id} · ${unitName}`, `Outage ${id} · ${unitName}`)}
      mark={({ stage }) => <OutageStageMark stage={stage} />}
      can={({ can }) => ACTIONS.filter((action) => can[action] === true || namesOf(can[action]).length > 0)}
      streamsFor={({ can, streams }, action) =>
        streams
          .filter(({ stream }) => namesOf(can[action]).includes(stream))
          .map(({ stream, title }) => ({ value: stream, label: `${title} · ${stream}` }))
      }
    >
      {(data) => <About data={data} />}
    </CasePage>
  );
}

const ACTIONS = Object.keys(OUTAGE.actions) as OutageAction[];
const namesOf = (possible: boolean | string[]): string[] => (typeof possible === 'boolean' ? [] : possible);

function About({ data }: { data: OutageDetail }) {
  const { say, name } = useLanguage();
  return (
    <>
      <Section title={say('上报情况', 'The report')}>
        <Descriptions
          column={{ xs: 1, md: 2 }}
          size="small"
          items={told([
            [say('原因', 'Cause'), data.cause],
            [say('停办业务', 'Stopped'), data.kinds.map((kind) => name(STOPPED_WORK[kind])).join(say('、', ', '))],
            [say('发生', 'Began'), <Moment key="began" at={data.beganAt} />],
            [say('上报', 'Reported'), <Moment key="reported" at={data.reportedAt} />],
            [
              say('确认', 'Confirmed'),
              data.confirmedAt === null ? (
                <Mark key="confirmed" tone="warn">
                  {say('待确认：仅中止上报时未到期的时限', 'provisional: only what was not due when it was reported')}
                </Mark>
              ) : (
                <span key="confirmed">
                  <Moment at={data.confirmedAt} /> {[data.confirmedBy, data.document].filter(Boolean).join(' ')}
                </span>
              ),
            ],
            [
              say('证明材料', 'Evidence'),
              data.evidenceName === null ? (
                say('未上传', 'none')
              ) : (
                <a href={addressOf('/outages/:id/evidence', { params: { id: data.id } })} download={data.evidenceName}>
                  {data.evidenceName}
                </a>
              ),
            ],
            [
              'SHA-256',
              data.evidenceSha256 === null ? null : (
                <span key="hash" className="code">
                  {data.evidenceSha256}
                </span>
              ),
            ],
          ])}
        />
      </Section>
      <Section
        title={say('应补、已补、缺口', 'What is owed, what has come, what is missing')}
        extra={
          <span className="quiet">{say('按停办时段的归集覆盖计算', 'By the coverage of the time that was lost')}</span>
        }
      >
        <BurnDown outage={data} />
        <ul className="outage-streams">
          {data.streams.map((stream) => (
            <StreamArrival key={stream.stream} stream={stream} />
          ))}
        </ul>
      </Section>
      {data.paper.length > 0 && (
        <Section title={say('手工台账', 'Records made on paper')}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{say('入库', 'Taken')}</th>
                <th scope="col">{say('由谁', 'By')}</th>
                <th scope="col">{say('数据流', 'Stream')}</th>
                <th scope="col" className="number">
                  {say('记录', 'Records')}
                </th>
                <th scope="col" className="number">
                  {say('问题数据', 'Rejected')}
                </th>
              </tr>
            </thead>
            <tbody>
              {data.paper.map((paper, index) => (
                <tr key={index}>
                  <td>
                    <Moment at={paper.at} />
                  </td>
                  <td>{paper.by}</td>
                  <td>{paper.stream}</td>
                  <td className="number">{paper.read.toLocaleString()}</td>
                  <td className="number">{paper.rejected.toLocaleString()}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Section>
      )}
    </>
  );
}

const [WIDTH, HEIGHT] = [720, 110];

/** How what was lost has come in (补录进度): a line that is to reach the ground before the due time. */
function BurnDown({ outage: { streams, burnDown, reportedAt, nextDueAt } }: { outage: OutageDetail }) {
  const { say } = useLanguage();
  const lasting = useDuration();
  const last = burnDown.at(-1);
  // Nothing was missing when it was reported.
  if (!last || burnDown[0]?.minutes === 0) return null;
  const whole = streams.reduce((sum, stream) => sum + (stream.byBatches ? 0 : stream.expectedMinutes), 0);
  const recovered = streams.flatMap(({ recoveredAt }) => (recoveredAt === null ? [] : [Date.parse(recoveredAt)]));
  const firstRead = Date.parse(burnDown[0]?.at ?? last.at);
  const from = Math.min(recovered.length > 0 ? Math.min(...recovered) : Date.parse(reportedAt), firstRead);
  const to = Math.max(Date.parse(last.at), nextDueAt === null ? 0 : Date.parse(nextDueAt)) + 1;
  const x = (at: number): number => ((at - from) / (to - from)) * WIDTH;
  const y = (minutes: number): number => HEIGHT - (minutes / Math.max(whole, 1)) * HEIGHT;
  const line = burnDown.map(({ at, minutes }) => `H${x(Date.parse(at)).toFixed(1)}V${y(minutes).toFixed(1)}`).join('');
  const told = say(
    `共需补 ${lasting(whole)}，至 ${moment(last.at)} 尚缺 ${lasting(last.minutes)}`,
    `${lasting(whole)} in all, ${lasting(last.minutes)} missing still at ${moment(last.at)}`,
  );
  return (
    <figure className="burn-down">
      <svg viewBox={`-1 -2 ${WIDTH + 2} ${HEIGHT + 4}`} role="img" aria-label={told} preserveAspectRatio="none">
        <path className="burn-down-area" d={`M0,${y(whole)}${line}V${HEIGHT}H0Z`} />
        <path className="burn-down-line" d={`M0,${y(whole)}${line}`} />
        <path className="burn-down-ground" d={`M0,${HEIGHT}H${WIDTH}`} />
        {nextDueAt !== null && <path className="burn-down-due" d={`M${x(Date.parse(nextDueAt))},0V${HEIGHT}`} />}
      </svg>
      <figcaption className="outage-ends quiet">
        <Moment at={shanghaiInstant(from)} />
        <span>{told}</span>
        {nextDueAt === null ? (
          <Moment at={last.at} />
        ) : (
          <span>
            {say('到期', 'due')} <DueTime at={nextDueAt} />
          </span>
        )}
      </figcaption>
    </figure>
  );
}

/** One stream: a bar of the time that was lost, its gaps where they are, and the numbers. */
function StreamArrival({ stream }: { stream: Stream }) {
  const { say } = useLanguage();
  const { expectedMinutes, missingMinutes, provenAt, recoveredAt, byBatches } = stream;
  const lasting = useDuration();
  const from = Date.parse(stream.from);
  const whole = Math.max(Date.parse(stream.to) - from, 1);
  const part = (time: string) => ((Date.parse(time) - from) / whole) * 100;
  const arrived = expectedMinutes - missingMinutes;
  const share = expectedMinutes === 0 ? 100 : Math.floor((arrived / expectedMinutes) * 100);
  return (
    <li className="outage-stream">
      <div className="outage-stream-head">
        <span>
          <strong>{stream.title}</strong> <span className="quiet">{stream.stream}</span> · {stream.unit}
          {stream.round > 1 && (
            <span className="quiet"> · {say(`第 ${stream.round} 次`, `round ${stream.round}`)}</span>
          )}
        </span>
        {provenAt !== null ? (
          <Mark tone="good">{say(`${moment(provenAt)} 核验通过`, `proven at ${moment(provenAt)}`)}</Mark>
        ) : recoveredAt !== null ? (
          <Mark tone="warn">{say(`${moment(recoveredAt)} 已排除，补录中`, `cleared at ${moment(recoveredAt)}`)}</Mark>
        ) : (
          <Mark tone="bad">{say('未恢复', 'stopped')}</Mark>
        )}
      </div>
      {!byBatches && (
        <div className="outage-bar" aria-hidden="true">
          {stream.missing.map((gap) => (
            <span
              key={gap.from}
              className="outage-gap"
              style={{ left: `${part(gap.from)}%`, width: `${Math.max(part(gap.to) - part(gap.from), 0.5)}%` }}
            />
          ))}
        </div>
      )}
      <div className="outage-ends quiet">
        <Moment at={stream.from} />
        <span>
          <Moment at={stream.to} />
          {recoveredAt === null && say('（至今）', ' (until now)')}
        </span>
      </div>
      <dl className="outage-numbers">
        <div>
          <dt>{say('应补', 'Owed')}</dt>
          <dd>{lasting(expectedMinutes)}</dd>
        </div>
        {byBatches ? (
          <div>
            <dt>{say('缺口', 'Missing')}</dt>
            <dd>{say('按批次交付，以核验为准', 'delivered by batches: the proof tells')}</dd>
          </div>
        ) : (
          <>
            <div>
              <dt>{say('已补', 'Come')}</dt>
              <dd>
                {lasting(arrived)} ({share}%)
              </dd>
            </div>
            <div>
              <dt>{say('缺口', 'Missing')}</dt>
              <dd className={missingMinutes > 0 ? 'tone-bad' : ''}>
                {lasting(missingMinutes)}
                {stream.missing.length > 1 && say(`,${stream.missing.length} 段`, `, ${stream.missing.length} parts`)}
              </dd>
            </div>
          </>
        )}
        <div>
          <dt>{say('补录记录', 'Records read')}</dt>
          <dd>
            {stream.read.toLocaleString()}
            {stream.rejected > 0 && say(`，问题数据 ${stream.rejected}`, `, ${stream.rejected} rejected`)}
          </dd>
        </div>
        <div>
          <dt>{say('核验', 'Proof')}</dt>
          <dd>
            {stream.proofs.length === 0
              ? '—'
              : stream.proofs.map((proof) => (
                  <div key={proof.id}>
                    {say(
                      `第 ${proof.id} 号：源端 ${proof.sourceRecords.toLocaleString()} 条（其中问题数据 ${proof.sourceRefused.toLocaleString()} 条），库内 ${proof.libraryRecords.toLocaleString()} 条，差异 ${proof.differences}`,
                      `No. ${proof.id}: ${proof.sourceRecords.toLocaleString()} at the source, ${proof.sourceRefused.toLocaleString()} of them rejected, ${proof.libraryRecords.toLocaleString()} here, ${proof.differences} differ`,
                    )}
                  </div>
                ))}
          </dd>
        </div>
      </dl>
    </li>
  );
}

/** Minutes in words. */
function useDuration(): (minutes: number) => string {
  const { say } = useLanguage();
  return (minutes) => {
    const days = Math.floor(minutes / 1_440);
    const hours = Math.floor((minutes % 1_440) / 60);
    const rest = minutes % 60;
    const parts = [
      ...(days > 0 ? [say(`${days} 天`, `${days} d`)] : []),
      ...(hours > 0 ? [say(`${hours} 小时`, `${hours} h`)] : []),
      ...(rest > 0 && days === 0 ? [say(`${rest} 分`, `${rest} min`)] : []),
    ];
    return parts.length === 0 ? '0' : parts.join(' ');
  };
}
