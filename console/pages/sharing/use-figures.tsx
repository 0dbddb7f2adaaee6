import { DatePicker, Table } from 'antd';
import dayjs from 'dayjs';
import { Link } from 'react-router';
import { percent } from '../../../domain/supervision/figures.ts';
import { UNUSUAL_USES } from '../../../domain/sharing/unusual.ts';
import type { UnusualUseView, UseFigureView } from '../../../server/api/sharing/use-figures.ts';
import { searchOf, useGet, type QueryOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { useFilters } from '../../parts/list.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { SharedType } from '../../parts/shared-types.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import { Moment } from '../../parts/time.tsx';

/** How certificates are used: what is unusual, and who uses what. */
export default function UseFigures() {
  const { say } = useLanguage();
  const { filters, change } = useFilters<QueryOf<'/use-figures'>>();
  const { from, to } = filters;
  const figures = useGet('/use-figures', { query: { from, to } });
  const unusual = useGet('/unusual-uses', { query: { from, to } });
  const error = figures.error ?? unusual.error;
  return (
    <PageLayout
      title={say('用证监测', 'Use watched')}
      note={say(
        '谁在用哪些证照，哪些用法不寻常；不选日期即最近三十天',
        'Who uses what, and what is unusual; thirty days where none are chosen',
      )}
    >
      <Section>
        <div className="filters" role="search">
          <DatePicker.RangePicker
            allowEmpty
            aria-label={say('日期', 'Days')}
            placeholder={[say('自', 'From'), say('至', 'to')]}
            value={[from === undefined ? null : dayjs(from), to === undefined ? null : dayjs(to)]}
            onChange={(_, [first, last]) => change({ from: first, to: last })}
          />
        </div>
      </Section>
      {error && <Failure problem={error} />}
      <Section title={say('异常用证', 'Unusual use')}>
        {unusual.data ? <Unusual items={unusual.data.items} /> : <Waiting />}
      </Section>
      <Section title={say('各单位用证情况', 'Who uses what')}>
        {figures.data ? <Figures items={figures.data.items} days={{ from, to }} /> : <Waiting />}
      </Section>
    </PageLayout>
  );
}

function Unusual({ items }: { items: readonly UnusualUseView[] }) {
  const { say, name } = useLanguage();
  const limits = Object.values(UNUSUAL_USES).map((kind) => `${name(kind)} ≥ ${kind.least}`);
  return (
    <>
      {items.length === 0 ? (
        <Nothing>{say('没有发现异常用证', 'Nothing unusual')}</Nothing>
      ) : (
        <Table
          aria-label={say('异常用证', 'Unusual use')}
          size="small"
          rowKey={({ kind, client, day, about }) => `${kind} ${client} ${day} ${about}`}
          dataSource={items}
          pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
          scroll={{ x: 'max-content' }}
          columns={[
            { title: say('日期', 'Day'), dataIndex: 'day' },
            {
              title: say('情形', 'What'),
              render: (_, { kind }) => <Mark tone="warn">{name(UNUSUAL_USES[kind])}</Mark>,
            },
            { title: say('次数', 'How many'), dataIndex: 'count', align: 'right' },
            {
              title: say('用证单位', 'User unit'),
              render: (_, { unitCode, unitName }) => (
                <Link to={`/uses${searchOf({ unit: unitCode })}`}>{unitName}</Link>
              ),
            },
            { title: say('账号', 'Client'), dataIndex: 'client' },
            {
              title: say('流水号或事由', 'Case or reason'),
              render: (_, { about }) => <span className="clip">{about ?? '—'}</span>,
            },
          ]}
        />
      )}
      <p className="quiet">{limits.join(say('；', '; '))}</p>
    </>
  );
}

/** The days of the figures as instants, for the log. */
function span({ from, to }: QueryOf<'/use-figures'>): { from: string | undefined; to: string | undefined } {
  const end = dayjs(to).endOf('day');
  const start = from === undefined ? end.subtract(30, 'day').add(1, 'ms') : dayjs(from).startOf('day');
  return { from: start.toISOString(), to: end.add(1, 'ms').toISOString() };
}

function Figures({ items, days }: { items: readonly UseFigureView[]; days: QueryOf<'/use-figures'> }) {
  const { say } = useLanguage();
  if (items.length === 0) return <Nothing>{say('这段时间没有用证', 'Nothing was used')}</Nothing>;
  const calls = (of: UseFigureView, outcome?: 'answered' | 'refused') =>
    `/uses${searchOf({ unit: of.unitCode, matter: of.matter, type: of.typeCode, outcome, ...span(days) })}`;
  const share = (of: UseFigureView, numerator: number, denominator: number) => (
    <>
      {percent({ numerator, denominator })}
      <div className="quiet">
        <Link to={calls(of, 'answered')}>{numerator.toLocaleString()}</Link> /{' '}
        <Link to={calls(of)}>{denominator.toLocaleString()}</Link>
      </div>
    </>
  );
  return (
    <Table
      aria-label={say('各单位用证情况', 'Who uses what')}
      size="small"
      rowKey={({ unitCode, matter, typeCode }) => `${unitCode} ${matter} ${typeCode}`}
      dataSource={items}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
      columns={[
        { title: say('用证单位', 'User unit'), dataIndex: 'unitName' },
        { title: say('事项编码', 'Matter'), dataIndex: 'matter' },
        { title: say('证照类型', 'Type'), render: (_, { typeCode }) => <SharedType code={typeCode} /> },
        {
          title: say('调用', 'Calls'),
          align: 'right',
          sorter: (a, b) => a.calls - b.calls,
          render: (_, figure) => <Link to={calls(figure)}>{figure.calls.toLocaleString()}</Link>,
        },
        {
          title: say('被拒绝', 'Refused'),
          align: 'right',
          sorter: (a, b) => a.refused - b.refused,
          render: (_, figure) =>
            figure.refused === 0 ? 0 : <Link to={calls(figure, 'refused')}>{figure.refused.toLocaleString()}</Link>,
        },
        {
          title: say('成功率', 'Answered'),
          align: 'right',
          sorter: (a, b) => a.answered / a.calls - b.answered / b.calls,
          render: (_, figure) => share(figure, figure.answered, figure.calls),
        },
        {
          title: say('应用率（办件）', 'Cases served'),
          align: 'right',
          sorter: (a, b) => a.casesServed / a.cases - b.casesServed / b.cases,
          render: (_, figure) => share(figure, figure.casesServed, figure.cases),
        },
        {
          title: say('免提交证照', 'Not brought'),
          align: 'right',
          sorter: (a, b) => a.spared - b.spared,
          render: (_, figure) => <Link to={calls(figure, 'answered')}>{figure.spared.toLocaleString()}</Link>,
        },
        {
          title: say('持证主体', 'Holders'),
          align: 'right',
          sorter: (a, b) => a.holders - b.holders,
          render: (_, { holders }) => holders.toLocaleString(),
        },
        { title: say('最近', 'Last'), dataIndex: 'lastAt', render: (at: string) => <Moment at={at} /> },
      ]}
    />
  );
}
