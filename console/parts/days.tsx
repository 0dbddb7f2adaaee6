import { DAY_REASONS, type TracedDay } from '../../domain/ledger/calendar.ts';
import { useLanguage } from '../language.tsx';

/** How a due day came about, day by day. */
export function Days({ days }: { days: readonly TracedDay[] }) {
  const { say, name } = useLanguage();
  return (
    <ol className="days">
      {days.map(({ date, counted, reason }) => (
        <li key={date} className={counted ? 'day day-counted' : 'day'}>
          <span className="day-date">{date.slice(5)}</span>
          {counted ? say('计入', 'counts') : say('不计', 'does not')}
          <br />
          <span className="quiet">{reason === 'start' ? say('起算日', 'start') : name(DAY_REASONS[reason])}</span>
        </li>
      ))}
    </ol>
  );
}
