import { Button, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import { DELIVERIES, STREAM_STATES, type StreamStateName } from '../../../domain/streams.ts';
import type { StreamView } from '../../../server/api/collection/streams.ts';
import { useGet, type QueryOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { ExportButton } from '../../parts/export.tsx';
import { ChoiceFilter, ChoicesFilter, useChoices } from '../../parts/filters.tsx';
import { List, useFilters } from '../../parts/list.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import {
  CoverageCell,
  CoverageLegend,
  DayHead,
  StreamStateMark,
  ThreePoints,
  toToday,
} from '../../parts/stream-state.tsx';
import { moment, Moment } from '../../parts/time.tsx';

/** Streams on one page, of the list and of the map alike. */
const LIMIT = 50;

/** Every stream: how it stands, what its days are covered by, what it brought. */
export default function Streams() {
  const { say } = useLanguage();
  const choicesOf = useChoices();
  const { filters, change } = useFilters<QueryOf<'/streams'>>();
  const { unit, state, after } = filters;
  const { data: counts } = useGet('/streams/counts', { query: { unit } });
  return (
    <PageLayout
      title={say('归集', 'Collection')}
      note={
        counts &&
        say(
          `${moment(counts.at)} 核查；最差的在前；数量为近 30 天`,
          `checked at ${moment(counts.at)}; the worst first; counts are of the last 30 days`,
        )
      }
      actions={<ExportButton what="streams" filter={{ unit, state }} />}
    >
      <Section>
        <div className="filters" role="search">
          <ChoiceFilter
            label={say('单位', 'Unit')}
            value={unit}
            options={(counts?.units ?? []).map(({ code, name: label }) => ({ value: code, label }))}
            onChange={(value) => change({ unit: value })}
            width={260}
          />
          <ChoicesFilter
            label={say('状态', 'State')}
            value={state}
            options={choicesOf(STREAM_STATES)}
            onChange={(value) => change({ state: value })}
            width={220}
          />
          <Button onClick={() => change({ unit: '', state: '' })}>{say('清空', 'Clear')}</Button>
        </div>
        <ul className="state-counts" aria-label={say('各状态的数据流数', 'Streams by state')}>
          {(Object.keys(STREAM_STATES) as StreamStateName[]).map((key) => (
            <li key={key}>
              <StreamStateMark state={key} /> <strong>{counts?.counts[key] ?? '—'}</strong>
            </li>
          ))}
        </ul>
      </Section>
      <Section title={say('每日覆盖（近 30 天）', 'Coverage by day (30 days)')} extra={<CoverageLegend />}>
        <HeatMap query={{ unit, state, after, limit: LIMIT }} />
      </Section>
      <Section title={say('数据流', 'Streams')}>
        <StreamList query={{ unit, state, limit: LIMIT }} />
      </Section>
    </PageLayout>
  );
}

function HeatMap({ query }: { query: QueryOf<'/streams/coverage'> }) {
  const { say } = useLanguage();
  const { data, error, refetch } = useGet('/streams/coverage', { query });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  if (data.items.length === 0) return <Nothing>{say('没有符合条件的数据流', 'There is no such stream')}</Nothing>;
  return (
    <div className="cover-map" ref={toToday} tabIndex={0} role="region" aria-label={say('每日覆盖', 'Coverage by day')}>
      <table>
        <thead>
          <tr>
            <th scope="col" className="cover-name">
              {say('数据流', 'Stream')}
            </th>
            {data.days.map((day, index) => (
              <DayHead key={day} day={day} first={index === 0} />
            ))}
          </tr>
        </thead>
        <tbody>
          {data.items.map(({ stream, title, unit, days }) => (
            <tr key={stream}>
              <th scope="row" className="cover-name" title={`${title} · ${unit}`}>
                <Link to={`/streams/${stream}`}>{title}</Link>
              </th>
              {days.map((state, index) => (
                <CoverageCell key={index} state={state} day={data.days[index] ?? ''} title={title} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function StreamList({ query }: { query: QueryOf<'/streams'> }) {
  const { say, name } = useLanguage();
  const columns: TableColumnsType<StreamView> = [
    {
      title: say('数据流', 'Stream'),
      render: (_, { stream, title, unit, delivery }) => (
        <>
          <Link to={`/streams/${stream}`}>{title}</Link>
          <br />
          <span className="quiet">
            {unit} · {name(DELIVERIES[delivery])}
          </span>
        </>
      ),
    },
    {
      title: say('状态', 'State'),
      render: (_, { state, reason }) => (
        <div className="stream-reason">
          <StreamStateMark state={state} />
          <br />
          <span className="quiet">{name(reason)}</span>
        </div>
      ),
    },
    {
      title: say('最近成功', 'Last success'),
      dataIndex: 'lastSuccessAt',
      render: (at: string | null) => <Moment at={at} />,
    },
    {
      title: say('已证实至', 'Proven up to'),
      render: (_, { coveredTo, lagMinutes, link }) =>
        coveredTo === null ? (
          link === null ? (
            '—'
          ) : (
            say(`第 ${link} 批`, `batch ${link}`)
          )
        ) : (
          <>
            <Moment at={coveredTo} />
            <br />
            <span className="quiet">{lagMinutes === null ? '' : lag(lagMinutes, say)}</span>
          </>
        ),
    },
    {
      title: say('源端 / 读取 / 入库', 'Source / read / in'),
      align: 'right',
      render: (_, row) => <ThreePoints {...row} />,
    },
    {
      title: say('缺口', 'Gaps'),
      dataIndex: 'gaps',
      align: 'right',
      render: (gaps: number, { stream }) =>
        gaps === 0 ? 0 : <Link to={`/streams/${stream}#gaps`}>▲ {gaps.toLocaleString()}</Link>,
    },
    {
      title: say('问题数据', 'Rejects'),
      dataIndex: 'openRejects',
      align: 'right',
      render: (open: number, { stream }) =>
        open === 0 ? 0 : <Link to={`/rejects?stream=${stream}`}>{open.toLocaleString()}</Link>,
    },
  ];
  return (
    <List
      path="/streams"
      query={query}
      columns={columns}
      rowKey="stream"
      label={say('数据流', 'Streams')}
      empty={say('没有符合条件的数据流', 'There is no such stream')}
    />
  );
}

/** How far behind a coverage is, in the largest unit that says something. */
function lag(minutes: number, say: (zh: string, en: string) => string): string {
  if (minutes < 60) return say(`滞后 ${minutes} 分钟`, `${minutes} min behind`);
  const hours = Math.round(minutes / 60);
  return hours < 48
    ? say(`滞后 ${hours} 小时`, `${hours} h behind`)
    : say(`滞后 ${Math.round(hours / 24)} 天`, `${Math.round(hours / 24)} days behind`);
}
