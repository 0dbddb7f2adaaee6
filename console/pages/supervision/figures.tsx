import { Alert, Button, DatePicker, Select, Table } from 'antd';
import dayjs from 'dayjs';
import { useState } from 'react';
import { Link } from 'react-router';
import { BASES, EVERY_BASIS } from '../../../domain/basis.ts';
import { DUTIES, type Duty } from '../../../domain/ledger/duties.ts';
import {
  APART,
  basisOf,
  FIGURE_IDS,
  FIGURES,
  percent,
  rankText,
  shareOf,
  type FigureId,
} from '../../../domain/supervision/figures.ts';
import { shortfallInWords, SHORTFALLS } from '../../../domain/supervision/shortfall.ts';
import type { FiguresView } from '../../../server/api/supervision/figures.ts';
import { searchOf, useGet, type QueryOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { ExportButton } from '../../parts/export.tsx';
import { useFilters } from '../../parts/list.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import { Moment, moment } from '../../parts/time.tsx';

const DISPUTES = (Object.keys(DUTIES) as Duty[]).filter((duty) => duty.startsWith('dispute-'));
type Unit = FiguresView['units'][number];

/** The deadlines that a figure of them lacks: the list of deadlines with these filters; null for figures of records. */
function tasksOf(figure: FigureId, { from, to }: FiguresView, unit: string | undefined): string | null {
  const based = basisOf(figure);
  if (!based || based.of === 'timeliness') return null;
  const query = {
    state: 'overdue,met late',
    basis: based.basis,
    dueFrom: from,
    dueTo: to,
    unit,
    kind: based.of === 'disputes' ? DISPUTES.join(',') : undefined,
  };
  return `/tasks${searchOf(query)}`;
}

/** The figures (考核) of every unit in a period: each with its formula, and with what it lacks to 100 %. */
export default function Figures() {
  const { say, name } = useLanguage();
  const { filters, change } = useFilters<QueryOf<'/figures/:figure/shortfall'> & { figure?: string }>();
  const { period, from, to, figure, unit } = filters;
  const query = { period, from, to };
  const { data, error, refetch } = useGet('/figures', { query });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  const drilled = FIGURE_IDS.find((id) => id === figure);
  return (
    <PageLayout
      title={say('考核', 'Figures')}
      note={
        data &&
        say(
          `${data.from} 至 ${data.to}；截至 ${moment(data.at)}；法定时限与内控时限分列，不合计；— 表示无应办，不作 100%`,
          `${data.from} to ${data.to}, as of ${moment(data.at)}; 法定 and 内控 are never in one number; — is of nothing due, never 100 %`,
        )
      }
      actions={<ExportButton what="figures" filter={query} />}
    >
      <Section title={say('考核期', 'Period')}>
        <Periods query={query} choose={(given) => change({ period: '', from: '', to: '', figure: '', ...given })} />
      </Section>
      {!data ? (
        <Waiting />
      ) : (
        <>
          {drilled && (
            <Shortfall
              figure={drilled}
              unit={data.units.find(({ code }) => code === unit)}
              query={{ ...query, unit }}
              close={() => change({ figure: '', unit: '' })}
            />
          )}
          <Section title={say('各单位', 'Units')}>
            {data.units.length === 0 ? (
              <Nothing>{say('本期没有可考核的单位', 'No unit has streams, deadlines or reports of use')}</Nothing>
            ) : (
              <>
                {data.units.some(({ rank }) => rank !== null) && (
                  <p className="quiet">
                    {say('名次：', 'Ranks: ')}
                    {name(data.ranking.words)}
                  </p>
                )}
                <UnitTable data={data} drill={(id, code) => change({ figure: id, unit: code })} />
              </>
            )}
          </Section>
          <Section title={say('指标定义', 'What the figures are')}>
            <dl className="formulas">
              {FIGURE_IDS.map((id) => (
                <div key={id}>
                  <dt>{say(FIGURES[id].name, id)}</dt>
                  <dd>{say(FIGURES[id].zh, FIGURES[id].en)}</dd>
                </div>
              ))}
              <div>
                <dt>{say('名次', 'Rank')}</dt>
                <dd>{name(data.ranking.words)}</dd>
              </div>
            </dl>
          </Section>
        </>
      )}
    </PageLayout>
  );
}

function Periods({
  query,
  choose,
}: {
  query: { period: string | undefined; from: string | undefined; to: string | undefined };
  choose: (given: Record<string, string>) => void;
}) {
  const { say } = useLanguage();
  const today = dayjs();
  const [kind, setKind] = useState<'month' | 'year' | 'days'>(
    query.from !== undefined ? 'days' : query.period?.length === 4 ? 'year' : 'month',
  );
  const current = query.period ?? (query.from === undefined ? today.format('YYYY-MM') : null);
  const presets: [string, string][] = [
    [say('本月', 'This month'), today.format('YYYY-MM')],
    [say('上月', 'Last month'), today.subtract(1, 'month').format('YYYY-MM')],
    [say('本年', 'This year'), today.format('YYYY')],
    [say('上年', 'Last year'), today.subtract(1, 'year').format('YYYY')],
  ];
  const quarter = today.month() - (today.month() % 3);
  const quarterFrom = today.month(quarter).startOf('month').format('YYYY-MM-DD');
  const quarterTo = today
    .month(quarter + 2)
    .endOf('month')
    .format('YYYY-MM-DD');
  const inQuarter = query.from === quarterFrom && query.to === quarterTo;
  return (
    <div className="filters">
      {presets.map(([label, value]) => (
        <Button
          key={value}
          type={current === value ? 'primary' : 'default'}
          aria-pressed={current === value}
          onClick={() => choose({ period: value })}
        >
          {label}
        </Button>
      ))}
      <Button
        type={inQuarter ? 'primary' : 'default'}
        aria-pressed={inQuarter}
        onClick={() => choose({ from: quarterFrom, to: quarterTo })}
      >
        {say('本季度', 'This quarter')}
      </Button>
      <Select
        style={{ width: 96 }}
        value={kind}
        onChange={setKind}
        aria-label={say('期间种类', 'Kind of period')}
        options={[
          { value: 'month', label: say('按月', 'Month') },
          { value: 'year', label: say('按年', 'Year') },
          { value: 'days', label: say('起止日', 'Days') },
        ]}
      />
      {kind === 'days' ? (
        <DatePicker.RangePicker
          allowClear={false}
          aria-label={say('起止日', 'Days')}
          value={query.from && query.to ? [dayjs(query.from), dayjs(query.to)] : null}
          onChange={(_, [first, last]) => choose({ from: first, to: last })}
        />
      ) : (
        <DatePicker
          key={kind}
          picker={kind}
          allowClear={false}
          aria-label={kind === 'month' ? say('月份', 'Month') : say('年份', 'Year')}
          value={current !== null && (current.length === 4) === (kind === 'year') ? dayjs(current) : null}
          onChange={(day) => day && choose({ period: day.format(kind === 'month' ? 'YYYY-MM' : 'YYYY') })}
        />
      )}
    </div>
  );
}

function UnitTable({
  data,
  drill,
}: {
  data: FiguresView;
  drill: (figure: FigureId, unit: string | undefined) => void;
}) {
  const { say, name } = useLanguage();
  const figureCell = (id: FigureId, ratio: Unit['figures'][FigureId], unit: string | undefined) => {
    if (shareOf(ratio) === null) return <span className="quiet">—</span>;
    const { numerator, denominator } = ratio;
    const count = (
      <span className="figure-count">
        {numerator.toLocaleString()}/{denominator.toLocaleString()}
      </span>
    );
    const lacks = denominator - numerator;
    const label = say(
      `${FIGURES[id].name}差 ${lacks.toLocaleString()}，查看明细`,
      `${id} lacks ${lacks.toLocaleString()}: which`,
    );
    const text = <span className="figure-share">{percent(ratio)}</span>;
    const tasks = tasksOf(id, data, unit);
    return (
      <>
        {lacks <= 0 ? (
          text
        ) : tasks !== null ? (
          <Link to={tasks} aria-label={`${percent(ratio)} ${label}`} title={label}>
            {text}
          </Link>
        ) : (
          <Button type="link" className="figure-drill" title={label} onClick={() => drill(id, unit)}>
            {text}
          </Button>
        )}
        {count}
      </>
    );
  };
  const unproven = data.units.filter((row) => row.unproven > 0);
  const ranked = data.units.some(({ rank }) => rank !== null);
  return (
    <>
      {unproven.length > 0 && (
        <Alert
          className="form-fault"
          type="warning"
          showIcon
          title={say(
            `${unproven.map(({ name }) => name).join('、')}有数据流在本期未被完整读取，源端还有多少尚不可知`,
            `Parts of the period were not read whole yet of streams of ${unproven.map(({ name }) => name).join(', ')}`,
          )}
        />
      )}
      <Table<Unit>
        aria-label={say('各单位指标', 'Figures by unit')}
        size="small"
        rowKey="code"
        dataSource={data.units}
        pagination={false}
        scroll={{ x: 'max-content' }}
        columns={[
          ...(ranked
            ? EVERY_BASIS.map((basis) => ({
                title: say(`${BASES[basis].zh}名次`, `Rank, ${BASES[basis].en}`),
                key: `rank ${basis}`,
                align: 'right' as const,
                render: (_: unknown, { rank }: Unit) => rankText(rank?.[basis] ?? null),
              }))
            : []),
          { title: say('单位', 'Unit'), dataIndex: 'name', fixed: 'left' },
          ...FIGURE_IDS.map((id) => ({
            title: <span title={say(FIGURES[id].zh, FIGURES[id].en)}>{say(FIGURES[id].name, id)}</span>,
            key: id,
            align: 'right' as const,
            render: (_: unknown, { code, figures }: Unit) => figureCell(id, figures[id], code),
          })),
          ...APART.map(({ key, ...apart }) => ({
            title: say(apart.zh, apart.en),
            key,
            align: 'right' as const,
            render: (_: unknown, { apart: counts }: Unit) =>
              EVERY_BASIS.filter((basis) => counts[basis][key] > 0).map((basis) => (
                <div key={basis}>
                  {name(BASES[basis])} {counts[basis][key].toLocaleString()}
                </div>
              )),
          })),
        ]}
        summary={() =>
          ranked && (
            <Table.Summary.Row>
              <Table.Summary.Cell index={0} colSpan={EVERY_BASIS.length} />
              <Table.Summary.Cell index={EVERY_BASIS.length}>
                <strong>{say('合计', 'All')}</strong>
              </Table.Summary.Cell>
              {FIGURE_IDS.map((id, index) => (
                <Table.Summary.Cell key={id} index={index + EVERY_BASIS.length + 1} align="right">
                  {figureCell(id, data.total[id], undefined)}
                </Table.Summary.Cell>
              ))}
              <Table.Summary.Cell index={FIGURE_IDS.length + EVERY_BASIS.length + 1} colSpan={APART.length} />
            </Table.Summary.Row>
          )
        }
      />
    </>
  );
}

/** What stands behind the part of a figure that is missing to 100 %. */
function Shortfall({
  figure,
  unit,
  query,
  close,
}: {
  figure: FigureId;
  unit: Unit | undefined;
  query: QueryOf<'/figures/:figure/shortfall'>;
  close: () => void;
}) {
  const { say, name } = useLanguage();
  const { data, error, refetch } = useGet('/figures/:figure/shortfall', { params: { figure }, query });
  const title = `${say(FIGURES[figure].name, figure)} · ${unit?.name ?? say('全部单位', 'all units')} · ${say('差在哪里', 'what it lacks')}`;
  return (
    <Section title={title} extra={<Button onClick={close}>{say('关闭', 'Close')}</Button>}>
      <p className="quiet">{say(FIGURES[figure].zh, FIGURES[figure].en)}</p>
      {error ? (
        <Failure problem={error} retry={() => void refetch()} />
      ) : (
        <Table
          aria-label={title}
          size="small"
          rowKey={(row) => `${row.source} ${row.record ?? ''} ${row.what} ${shortfallInWords(row).en}`}
          loading={!data}
          dataSource={data?.items ?? []}
          pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
          scroll={{ x: 'max-content' }}
          locale={{ emptyText: say('没有缺失', 'Nothing is missing') }}
          columns={[
            { title: say('单位', 'Unit'), dataIndex: 'unit' },
            { title: say('数据流或月份', 'Stream or month'), dataIndex: 'source' },
            { title: say('记录', 'Record'), dataIndex: 'record', render: (record: string | null) => record ?? '—' },
            { title: say('类别', 'What'), render: (_, { what }) => name(SHORTFALLS[what]) },
            { title: say('说明', 'Detail'), render: (_, row) => name(shortfallInWords(row)) },
            { title: say('时间', 'Time'), dataIndex: 'at', render: (at: string | null) => <Moment at={at} /> },
          ]}
        />
      )}
      {data?.more && <p className="quiet">{say(`仅列前 ${data.items.length} 条`, `The first ${data.items.length}`)}</p>}
    </Section>
  );
}
