import { Link } from 'react-router';
import { STATES_OF_FORCE, type StateOfForce } from '../../../domain/library/lifecycle.ts';
import { STATE_MARKS, type StateMark } from '../../../domain/library/marks.ts';
import type { CertificateDetail } from '../../../server/api/library/certificate.ts';
import { useLanguage } from '../../language.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { Nothing } from '../../parts/states.tsx';
import { Moment, moment } from '../../parts/time.tsx';

const FORCE: Readonly<Record<StateOfForce, { tone: Tone; en: string }>> = {
  inForce: { tone: 'good', en: 'in force' },
  suspended: { tone: 'warn', en: 'suspended' },
  ended: { tone: 'off', en: 'ended' },
};

/** Whether a certificate is in force. */
export function Force({ state }: { state: StateOfForce }) {
  const { say } = useLanguage();
  return <Mark tone={FORCE[state].tone}>{say(STATES_OF_FORCE[state], FORCE[state].en)}</Mark>;
}

/** A mark (状态标记) in words. */
export function useMarkName(): (mark: StateMark) => string {
  const { say } = useLanguage();
  return (mark) => say(STATE_MARKS[mark], mark);
}

type Standing = NonNullable<CertificateDetail['standing']>;

/** When a mark began or ended, and when the hub knew it. */
function Happened({ of, otherwise }: { of: Standing['marks'][number]['begin']; otherwise: string }) {
  const { say } = useLanguage();
  if (of === null) return <span className="quiet">{otherwise}</span>;
  const { at, knownAt, notBefore } = of;
  return (
    <>
      <Moment at={at} />
      {notBefore !== at && (
        <div className="quiet">
          {notBefore === null
            ? say('首次归集时已有', 'there when it was first read')
            : say(`不早于 ${moment(notBefore)}`, `not before ${moment(notBefore)}`)}
        </div>
      )}
      <div className="quiet">{say(`中心获知 ${moment(knownAt)}`, `known ${moment(knownAt)}`)}</div>
    </>
  );
}

/** How a certificate stands: in force or not, its marks with their times, and what its source does not tell. */
export function StandingOf({ standing }: { standing: CertificateDetail['standing'] }) {
  const { say, name } = useLanguage();
  const markName = useMarkName();
  if (standing === null) return <Nothing>{say('当时还没有这份证照', 'There was no such certificate then')}</Nothing>;
  return (
    <>
      <p>
        <Force state={standing.state} />{' '}
        {standing.marks
          .filter(({ end }) => end === null)
          .map(({ mark }) => (
            <Mark key={mark} tone="warn">
              {markName(mark)}
            </Mark>
          ))}
      </p>
      {standing.marks.length > 0 && (
        <table className="plain" aria-label={say('状态标记', 'Marks')}>
          <thead>
            <tr>
              <th scope="col">{say('标记', 'Mark')}</th>
              <th scope="col">{say('起', 'Began')}</th>
              <th scope="col">{say('止', 'Ended')}</th>
              <th scope="col">{say('来源', 'Source')}</th>
            </tr>
          </thead>
          <tbody>
            {standing.marks.map(({ mark, source, begin, end }, index) => (
              <tr key={index}>
                <td>{markName(mark)}</td>
                <td>
                  <Happened of={begin} otherwise={say('来源未报其始', 'its begin was not told')} />
                </td>
                <td>
                  <Happened of={end} otherwise={say('仍在', 'it holds')} />
                </td>
                <td>{source}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="quiet">{name(standing.lost)}</p>
    </>
  );
}

/** What a licence of several (一业一证) is made of, and its state by theirs. */
export function MembersOf({ composite }: { composite: NonNullable<CertificateDetail['composite']> }) {
  const { say } = useLanguage();
  return (
    <>
      <p>
        <Force state={composite.state} />{' '}
        <span className="quiet">{say('状态随成员证照', 'its state follows that of its members')}</span>
      </p>
      <table className="plain" aria-label={say('成员证照', 'Members')}>
        <thead>
          <tr>
            <th scope="col">{say('成员证照', 'Member')}</th>
            <th scope="col">{say('证照编号', 'Number')}</th>
            <th scope="col">{say('状态', 'State')}</th>
          </tr>
        </thead>
        <tbody>
          {composite.members.map(({ typeCode, name, held }) => (
            <tr key={typeCode}>
              <td>
                {name} <span className="quiet">{typeCode}</span>
              </td>
              <td>{held ? <Link to={`/certificates?number=${held.number}`}>{held.number}</Link> : '—'}</td>
              <td>
                {held ? (
                  <Force state={held.state} />
                ) : (
                  <Mark tone="bad">{say('持证主体没有', 'its holder has none')}</Mark>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
