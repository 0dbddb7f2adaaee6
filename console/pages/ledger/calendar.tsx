import { Alert, Button, DatePicker, InputNumber, Segmented } from 'antd';
import dayjs from 'dayjs';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { DAY_REASONS, type DayReason } from '../../../domain/ledger/calendar.ts';
import type { CalendarPreview, CalendarView } from '../../../server/api/ledger/law.ts';
import { useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { Days } from '../../parts/days.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import { dueMoment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { ImportCalendar } from './calendar-import.tsx';

type CalendarDay = NonNullable<CalendarView['days']>[number];
/** Beside its colour, each kind of day has a sign, as on printed calendars; ordinary days have none. */
const SIGNS: Record<DayReason, { zh: string; en: string }> = {
  start: { zh: '', en: '' },
  working: { zh: '', en: '' },
  'made-up': { zh: '班', en: 'W' },
  holiday: { zh: '休', en: 'H' },
  weekend: { zh: '–', en: '–' },
};
const KINDS = ['working', 'made-up', 'holiday', 'weekend'] as const;
const WEEKDAYS = { zh: '一 二 三 四 五 六 日', en: 'M T W T F S S' };

/** The working days of a year, why each day is one or not, and what another table would move. */
export default function Calendar() {
  const { say } = useLanguage();
  const { may } = useSession();
  const [params, setParams] = useSearchParams();
  const [importing, setImporting] = useState(false);
  const year = params.get('year') ?? undefined;
  const [imported, setImported] = useState<CalendarPreview | null>(null);
  const arrived = (shown: CalendarView) => imported === null || isInForce(shown, imported);
  const { data, error, refetch } = useGet('/calendar', { query: { year }, until: arrived });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const table = data.years.find((one) => one.year === data.year);
  const known = data.years.map((one) => one.year);
  const years = [...new Set([...known, data.year, Math.max(...known, data.year - 1) + 1])].toSorted((a, b) => a - b);
  return (
    <PageLayout
      title={say('日历', 'Calendar')}
      note={
        table === undefined ? undefined : (
          <>
            {say(`${data.year} 年，版本 ${table.version}，依据 `, `${data.year}, version ${table.version}, from `)}
            {/^https?:/.test(table.source) ? (
              <a href={table.source} target="_blank" rel="noreferrer">
                {table.source}
              </a>
            ) : (
              table.source
            )}
          </>
        )
      }
      actions={
        <>
          <Segmented<number>
            aria-label={say('年份', 'Year')}
            value={data.year}
            options={years}
            onChange={(chosen) => setParams({ year: String(chosen) })}
          />
          {may('calendar:import') && (
            <Button type="primary" onClick={() => setImporting(true)}>
              {say('导入日历', 'Import a table')}
            </Button>
          )}
        </>
      }
    >
      {imported !== null && !arrived(data) && (
        <Alert
          className="late-bar"
          type="info"
          showIcon
          title={say(
            `${imported.year} 年版本 ${imported.version} 已导入，正在按它重算到期时间`,
            `${imported.year}, version ${imported.version}, is imported; deadlines are being counted by it`,
          )}
        />
      )}
      <Section title={say(`${data.year} 年工作日`, `Working days of ${data.year}`)} extra={<Legend days={data.days} />}>
        {data.days === null ? (
          <Nothing>
            {say(
              `日历未公布：${data.year} 年还没有工作日表，到期日落在该年的任务暂不计算`,
              `There is no table of ${data.year} yet: deadlines that end in it are not counted`,
            )}
          </Nothing>
        ) : (
          <YearGrid days={data.days} />
        )}
      </Section>
      <DueCalculator />
      {importing && (
        <ImportCalendar
          close={() => setImporting(false)}
          done={(table) => {
            setImporting(false);
            setImported(table);
            setParams({ year: String(table.year) });
          }}
        />
      )}
    </PageLayout>
  );
}

/** Whether the hub has taken a table over, and counted its deadlines by it. */
const isInForce = ({ years, counted }: CalendarView, { year, version }: CalendarPreview): boolean =>
  years.some((table) => table.year === year && table.version === version) &&
  (counted?.split(' ').includes(`${year}/${version}`) ?? false);

function Legend({ days }: { days: CalendarView['days'] }) {
  const { name } = useLanguage();
  if (days === null) return null;
  return (
    <ul className="calendar-legend">
      {KINDS.map((kind) => (
        <li key={kind}>
          <span className={`calendar-day day-${kind}`} aria-hidden="true">
            {kind === 'working' ? '1' : name(SIGNS[kind])}
          </span>{' '}
          {name(DAY_REASONS[kind])} {days.filter(({ reason }) => reason === kind).length}
        </li>
      ))}
    </ul>
  );
}

function YearGrid({ days }: { days: CalendarDay[] }) {
  const { say, language } = useLanguage();
  const months = Map.groupBy(days, ({ date }) => date.slice(0, 7));
  return (
    <div className="calendar-year">
      {[...months].map(([month, own]) => (
        <table key={month} className="calendar-month">
          <caption>{say(`${Number(month.slice(5))} 月`, month)}</caption>
          <thead>
            <tr>
              {WEEKDAYS[language].split(' ').map((day, index) => (
                <th key={index} scope="col">
                  {day}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {weeksOf(own).map((week, index) => (
              <tr key={index}>{week.map((day, at) => (day ? <DayCell key={at} day={day} /> : <td key={at} />))}</tr>
            ))}
          </tbody>
        </table>
      ))}
    </div>
  );
}

function DayCell({ day: { date, reason, local } }: { day: CalendarDay }) {
  const { name, say } = useLanguage();
  const why = `${date} ${name(DAY_REASONS[reason])}${local === null ? '' : ` · ${say('本市通知', 'local notice')} ${local}`}`;
  return (
    <td title={why}>
      <span className={`calendar-day day-${reason}${local === null ? '' : ' day-local'}`}>
        {Number(date.slice(8))}
        <sup aria-hidden="true">{name(SIGNS[reason])}</sup>
        {reason !== 'working' && <span className="unseen">{name(DAY_REASONS[reason])}</span>}
      </span>
    </td>
  );
}

/** The days of a month in weeks from Monday on. */
function weeksOf(days: readonly CalendarDay[]): (CalendarDay | null)[][] {
  const first = (new Date(`${days[0]?.date ?? ''}T00:00:00Z`).getUTCDay() + 6) % 7;
  const cells = [...Array<null>(first).fill(null), ...days];
  return Array.from({ length: Math.ceil(cells.length / 7) }, (_, week) =>
    Array.from({ length: 7 }, (__, day) => cells[week * 7 + day] ?? null),
  );
}

/** When a term ends, with every day on the way. */
function DueCalculator() {
  const { say } = useLanguage();
  const [start, setStart] = useState(dayjs().format('YYYY-MM-DD'));
  const [workingDays, setWorkingDays] = useState(5);
  const { data, error } = useGet('/due', { query: { start, workingDays } });
  return (
    <Section title={say('期限计算', 'When a term ends')}>
      <div className="filters">
        <label>
          {say('起算日', 'Start')}{' '}
          <DatePicker
            allowClear={false}
            value={dayjs(start)}
            aria-label={say('起算日', 'Start')}
            onChange={(day) => day && setStart(day.format('YYYY-MM-DD'))}
          />
        </label>
        <label>
          {say('期限', 'Term')}{' '}
          <InputNumber
            min={1}
            max={60}
            precision={0}
            value={workingDays}
            aria-label={say('期限（工作日）', 'Term in working days')}
            onChange={(days) => days !== null && setWorkingDays(days)}
          />{' '}
          {say('个工作日', 'working days')}
        </label>
        {data && !error && (
          <strong>
            {say('到期', 'Due')} {dueMoment(data.due)} <span className="quiet">{data.calendar}</span>
          </strong>
        )}
      </div>
      {error && <Alert type="warning" showIcon title={error.message} description={error.cure} />}
      {data && !error && <Days days={data.days} />}
    </Section>
  );
}
