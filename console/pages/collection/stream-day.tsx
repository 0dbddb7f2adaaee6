import { Descriptions, Table } from 'antd';
import { Link, useParams } from 'react-router';
import { LATE_BECAUSE, type LateBecause } from '../../../domain/collection/day.ts';
import { BASES } from '../../../domain/basis.ts';
import { useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { Article } from '../../parts/article.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Waiting } from '../../parts/states.tsx';
import { TaskState } from '../../parts/task-state.tsx';
import { DueTime, Moment, moment } from '../../parts/time.tsx';

/** One day of a stream: its deadline, by which time it is judged, and the records that came late, by name. */
export default function StreamDayPage() {
  const { say, name } = useLanguage();
  const { name: stream = '', date = '' } = useParams();
  const { data, error, refetch } = useGet('/streams/:name/days/:date', { params: { name: stream, date } });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <PageLayout
      title={`${data.title} · ${data.date} · ${data.unit}`}
      note={
        <>
          <TaskState state={data.state} /> <span>{name(BASES[data.basis])}</span>{' '}
          <span className="quiet">{say(`${moment(data.at)} 核查`, `checked at ${moment(data.at)}`)}</span>
        </>
      }
      actions={
        <>
          <Link to={`/streams/${stream}`}>{say('数据流', 'The stream')}</Link>
          <Link to={`/tasks/${data.task}`}>{say('时限任务', 'The deadline')}</Link>
        </>
      }
    >
      <Section title={say('当日增量', 'The day’s increment')}>
        <p>{name(data.judgedBy)}</p>
        <Descriptions
          column={{ xs: 1, md: 2 }}
          size="small"
          items={[
            { key: 'article', label: say('条款', 'Article'), children: <Article {...data} /> },
            { key: 'due', label: say('到期', 'Due'), children: <DueTime at={data.dueAt} /> },
            { key: 'met', label: say('归齐', 'In'), children: <Moment at={data.metAt} /> },
            { key: 'verified', label: say('次日核实', 'Verified'), children: <Moment at={data.verifiedAt} /> },
          ]}
        />
      </Section>
      <Section title={say(`迟到的记录（${data.late}）`, `Records that came late (${data.late})`)}>
        <Table
          aria-label={say('迟到的记录', 'Records that came late')}
          size="small"
          rowKey={({ key, reject, recordedAt }) => `${key ?? ''} ${reject ?? ''} ${recordedAt}`}
          dataSource={data.records}
          pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
          scroll={{ x: 'max-content' }}
          locale={{ emptyText: say('没有迟到的记录', 'No record came late') }}
          columns={[
            { title: say('记录', 'Record'), dataIndex: 'key', render: (key: string | null) => key ?? '—' },
            { title: say('证照编号', 'Number'), dataIndex: 'number', render: (number: string | null) => number ?? '—' },
            {
              title: say('属于当日，按', 'Of this day by'),
              dataIndex: 'because',
              render: (because: LateBecause) => name(LATE_BECAUSE[because]),
            },
            { title: say('入库', 'Came in'), dataIndex: 'recordedAt', render: (at: string) => <Moment at={at} /> },
            {
              title: say('问题数据', 'Reject'),
              dataIndex: 'reject',
              render: (reject: number | null) =>
                reject === null ? '' : <Link to={`/rejects?stream=${stream}`}>{reject}</Link>,
            },
          ]}
        />
        {data.records.length < data.late && (
          <p className="quiet">{say(`仅列前 ${data.records.length} 条`, `The first ${data.records.length}`)}</p>
        )}
      </Section>
    </PageLayout>
  );
}
