import { Table } from 'antd';
import type { StreamDetail } from '../../../server/api/collection/stream.ts';
import { useLanguage } from '../../language.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { ThreePoints } from '../../parts/stream-state.tsx';
import { Moment, moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';

/** Why something was read. */
const PURPOSES: Record<string, { zh: string; en: string }> = {
  return: { zh: '回传', en: 'return' },
  daily: { zh: '每日归集', en: 'daily' },
  reconcile: { zh: '对账补读', en: 'reconciliation' },
  push: { zh: '部门推送', en: 'pushed' },
  replay: { zh: '重放', en: 'replay' },
  stock: { zh: '存量', en: 'stock' },
  backfill: { zh: '不可抗力补录', en: 'backfill' },
  paper: { zh: '纸质补录', en: 'from paper' },
};
const BATCH_STATES: Record<StreamDetail['batches'][number]['state'], { zh: string; en: string; tone: Tone }> = {
  open: { zh: '未完成', en: 'not complete', tone: 'calm' },
  complete: { zh: '一致', en: 'complete', tone: 'good' },
  different: { zh: '不一致', en: 'different', tone: 'bad' },
};

/** What was read of late, and what came of it. */
export function Batches({ batches }: { batches: StreamDetail['batches'] }) {
  const { say, name } = useLanguage();
  const { hub } = useSession();
  return (
    <Table
      aria-label={say('最近读取', 'Last reads')}
      size="small"
      rowKey="id"
      pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
      dataSource={batches}
      locale={{ emptyText: say('还没有读取过', 'Nothing was read yet') }}
      columns={[
        { title: say('开始', 'Begun'), dataIndex: 'openedAt', render: (at: string) => <Moment at={at} /> },
        {
          title: say('事由', 'For'),
          dataIndex: 'purpose',
          render: (purpose: string) => name(PURPOSES[purpose] ?? { zh: purpose, en: purpose }),
        },
        {
          title: say('时段或批次', 'Window or batch'),
          render: (_, { from, to, sourceBatch }) =>
            from !== null && to !== null ? `${moment(from)} – ${moment(to)}` : (sourceBatch ?? '—'),
        },
        {
          title: say('源端 / 读取 / 入库', 'Source / read / in'),
          align: 'right',
          render: (_, { declared, read, accepted, unchanged, rejected }) => (
            <ThreePoints
              declared={declared}
              read={read}
              committed={read === null ? null : (accepted ?? 0) + (unchanged ?? 0) + (rejected ?? 0)}
            />
          ),
        },
        { title: say('新增或变更', 'Accepted'), dataIndex: 'accepted', align: 'right' },
        { title: say('未变', 'Unchanged'), dataIndex: 'unchanged', align: 'right' },
        { title: say('拒收', 'Rejected'), dataIndex: 'rejected', align: 'right' },
        {
          title: say('重复', 'Repeated'),
          align: 'right',
          render: (_, { read, keys, repeated }) =>
            read !== null && keys !== null && keys < read ? (
              <Mark tone="warn">
                {read - keys} <small>{repeated?.join('、')}</small>
              </Mark>
            ) : null,
        },
        {
          title: say('结果', 'Result'),
          dataIndex: 'state',
          render: (state: StreamDetail['batches'][number]['state']) => (
            <Mark tone={BATCH_STATES[state].tone}>{name(BATCH_STATES[state])}</Mark>
          ),
        },
        {
          title: say('流程', 'Workflow'),
          dataIndex: 'workflowId',
          render: (workflow: string) =>
            hub.temporalUi === null || workflow === '' ? (
              '—'
            ) : (
              <a href={`${hub.temporalUi}/workflows/${encodeURIComponent(workflow)}`} target="_blank" rel="noreferrer">
                {say('查看', 'Open')}
              </a>
            ),
        },
      ]}
    />
  );
}

/** What was compared record by record, and what was found. */
export function Proofs({ proofs }: { proofs: StreamDetail['proofs'] }) {
  const { say } = useLanguage();
  return (
    <Table
      aria-label={say('逐条比对的证据', 'Proofs')}
      size="small"
      rowKey="id"
      pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
      dataSource={proofs}
      locale={{ emptyText: say('还没有比对过；每晚自动比对', 'Nothing was compared yet; it is every night') }}
      columns={[
        { title: say('编号', 'No.'), dataIndex: 'id' },
        {
          title: say('时段或批次', 'Window or batch'),
          render: (_, { from, to, batch }) =>
            from !== null && to !== null ? `${moment(from)} – ${moment(to)}` : (batch ?? '—'),
        },
        {
          title: say('比对于', 'Compared'),
          dataIndex: 'finishedAt',
          render: (at: string | null) => <Moment at={at} />,
        },
        { title: say('源端', 'Source'), dataIndex: 'sourceRecords', align: 'right' },
        { title: say('其中应拒收', 'of these refused'), dataIndex: 'sourceRefused', align: 'right' },
        { title: say('库内', 'Library'), dataIndex: 'libraryRecords', align: 'right' },
        { title: say('缺少', 'Missing'), dataIndex: 'missingCount', align: 'right' },
        { title: say('多出', 'Extra'), dataIndex: 'extraCount', align: 'right' },
        { title: say('内容不同', 'Other content'), dataIndex: 'differentCount', align: 'right' },
        {
          title: say('结论', 'Result'),
          render: (_, { fault, differences, declared, listed }) =>
            fault !== null ? (
              <Mark tone="warn">{say(`未能比对：${fault}`, `not compared: ${fault}`)}</Mark>
            ) : declared !== listed ? (
              <Mark tone="bad">
                {say(`源端称 ${declared} 条，列出 ${listed} 条`, `the source says ${declared}, and lists ${listed}`)}
              </Mark>
            ) : differences > 0 ? (
              <Mark tone="bad">{say('有差异', 'differs')}</Mark>
            ) : (
              <Mark tone="good">{say('一致', 'equal')}</Mark>
            ),
        },
      ]}
    />
  );
}
