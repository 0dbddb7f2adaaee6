import { Link } from 'react-router';
import { COVERAGE_STATES, STREAM_STATES, type CoverageState, type StreamStateName } from '../../domain/streams.ts';
import { useLanguage } from '../language.tsx';
import { Mark, type Tone } from './mark.tsx';

const TONES: Record<StreamStateName, Tone> = {
  paused: 'bad',
  late: 'bad',
  error: 'bad',
  outage: 'off',
  unknown: 'warn',
  'on time': 'good',
};

export function StreamStateMark({ state }: { state: StreamStateName }) {
  const { name } = useLanguage();
  return <Mark tone={TONES[state]}>{name(STREAM_STATES[state])}</Mark>;
}

/** Each state of a day has a shape of its own beside its colour. */
const SHAPES: Record<CoverageState, string> = { covered: '✔', partly: '½', gap: '✖', rest: '‖', 'not due': '·' };
const cellClass = (state: CoverageState): string => `cover cover-${state.replace(' ', '-')}`;

/** Where the map is wider than the page it begins with today, its last day. */
export function toToday(map: HTMLElement | null): void {
  if (map) map.scrollLeft = map.scrollWidth;
}

/** The head of a day’s column; the first one, and the first of a month, bear its name. */
export function DayHead({ day, first }: { day: string; first: boolean }) {
  const { language } = useLanguage();
  const month = new Date(day).toLocaleString(language, { month: 'short', timeZone: 'UTC' });
  return (
    <th scope="col" title={day}>
      {(first || day.endsWith('-01')) && <span className="cover-month">{month}</span>}
      {day.slice(8)}
    </th>
  );
}

/** A day of a stream, as a cell of the map. */
/** @param to where the day is shown */
export function CoverageCell({
  state,
  day,
  title,
  to,
}: {
  state: CoverageState;
  day: string;
  title?: string;
  to?: string;
}) {
  const { name } = useLanguage();
  const label = name(COVERAGE_STATES[state]);
  return (
    <td className={cellClass(state)} title={[title, day, label].filter(Boolean).join(' · ')}>
      {to === undefined ? (
        <>
          <span aria-hidden="true">{SHAPES[state]}</span>
          <span className="unseen">{label}</span>
        </>
      ) : (
        <Link to={to} aria-label={`${day} ${label}`}>
          <span aria-hidden="true">{SHAPES[state]}</span>
        </Link>
      )}
    </td>
  );
}

/** What the shapes of the map mean. */
export function CoverageLegend() {
  const { name } = useLanguage();
  return (
    <ul className="cover-legend">
      {(Object.keys(COVERAGE_STATES) as CoverageState[]).map((state) => (
        <li key={state}>
          <span className={cellClass(state)} aria-hidden="true">
            {SHAPES[state]}
          </span>{' '}
          {name(COVERAGE_STATES[state])}
        </li>
      ))}
    </ul>
  );
}

/** The three points of a count: 源端、读取、入库; said where they differ. */
export function ThreePoints({
  declared,
  read,
  committed,
}: {
  declared: number;
  read: number | null;
  committed: number | null;
}) {
  const { say } = useLanguage();
  const differ = read !== null && committed !== null && (declared !== read || read !== committed);
  return (
    <span className={differ ? 'three-points tone-bad' : 'three-points'}>
      {[declared, read, committed].map((count) => (count === null ? '…' : count.toLocaleString())).join(' / ')}
      {differ && ` ▲ ${say('不一致', 'differ')}`}
    </span>
  );
}
