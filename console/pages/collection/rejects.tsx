import { UploadOutlined } from '@ant-design/icons';
import { Alert, App, Button, Space, Table, Upload, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import { RULES, type RuleId } from '../../../domain/library/validation.ts';
import type { RejectGroupView, RejectView } from '../../../server/api/collection/rejects.ts';
import { addressOf, send, useGet, useSend, type QueryOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { ChoiceFilter } from '../../parts/filters.tsx';
import { List, useFilters } from '../../parts/list.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Nothing, useFailed, Waiting } from '../../parts/states.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { FieldList } from '../../parts/forms/field-list.tsx';

/** Records that were refused, as casework: whose, by which rule, out as a workbook and corrected back in. */
export default function Rejects() {
  const { say } = useLanguage();
  const { filters } = useFilters<QueryOf<'/rejects/groups'>>();
  const { stream, unit, rule } = filters;
  const { data, error, refetch } = useGet('/rejects/groups');
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const groups = data.items.filter(
    (group) =>
      (stream === undefined || group.stream === stream) &&
      (unit === undefined || group.unitCode === unit) &&
      (rule === undefined || group.rule === rule),
  );
  return (
    <PageLayout
      title={say('问题数据', 'Rejects')}
      note={say(
        '未能入库、待更正的记录；导出给单位更正，更正后导回并重新映射',
        'Records that were refused; out for their unit to correct, back in to be mapped again',
      )}
    >
      <Section>
        <Filters groups={data.items} />
      </Section>
      <Section title={say('按规则和单位', 'By rule and unit')}>
        {groups.length === 0 ? (
          <Nothing>{say('没有待更正的问题数据', 'There are no open rejects')}</Nothing>
        ) : (
          <Groups groups={groups} />
        )}
      </Section>
      {stream !== undefined && <Work stream={stream} rule={rule} />}
      <Section title={say('记录', 'Records')}>
        <Records query={{ stream, unit, rule }} />
      </Section>
    </PageLayout>
  );
}

function Filters({ groups }: { groups: readonly RejectGroupView[] }) {
  const { say, name } = useLanguage();
  const { filters, change } = useFilters<QueryOf<'/rejects/groups'>>();
  const choices = (pairs: [string, string][]) =>
    [...new Map(pairs)].map(([value, label]) => ({ value, label })).sort((a, b) => a.label.localeCompare(b.label));
  const select = (key: 'stream' | 'unit' | 'rule', label: string, pairs: [string, string][]) => (
    <ChoiceFilter
      label={label}
      value={filters[key]}
      options={choices(pairs)}
      onChange={(value) => change({ [key]: value })}
      width={250}
    />
  );
  return (
    <div className="filters" role="search">
      {select(
        'unit',
        say('单位', 'Unit'),
        groups.map(({ unitCode, unit }) => [unitCode, unit]),
      )}
      {select(
        'stream',
        say('数据流', 'Stream'),
        groups.map(({ stream, title }) => [stream, title]),
      )}
      {select(
        'rule',
        say('规则', 'Rule'),
        groups.map(({ rule }) => [rule, name(RULES[rule])]),
      )}
      <Button onClick={() => change({ stream: '', unit: '', rule: '' })}>{say('清空', 'Clear')}</Button>
    </div>
  );
}

function Groups({ groups }: { groups: readonly RejectGroupView[] }) {
  const { say, name } = useLanguage();
  return (
    <Table
      aria-label={say('按规则和单位', 'By rule and unit')}
      size="small"
      rowKey={({ stream, rule }) => `${stream} ${rule}`}
      dataSource={groups}
      pagination={{ pageSize: 12, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
      columns={[
        { title: say('单位', 'Unit'), dataIndex: 'unit' },
        {
          title: say('数据流', 'Stream'),
          render: (_, { stream, title }) => <Link to={`/rejects?stream=${stream}`}>{title}</Link>,
        },
        {
          title: say('问题', 'Rule'),
          render: (_, { stream, rule }) => (
            <Link to={`/rejects?stream=${stream}&rule=${rule}`}>{name(RULES[rule])}</Link>
          ),
        },
        {
          title: say('字段', 'Fields'),
          render: (_, { fields }) => <span className="quiet">{fields.filter(Boolean).join('、')}</span>,
        },
        { title: say('未解决', 'Open'), align: 'right', render: (_, { open }) => open.toLocaleString() },
        { title: say('更正后仍有误', 'Corrected, refused still'), dataIndex: 'corrected', align: 'right' },
        { title: say('最早发现', 'Oldest'), dataIndex: 'oldestAt', render: (at: string) => <Moment at={at} /> },
      ]}
    />
  );
}

/** What is done with the rejects of one stream. */
function Work({ stream, rule }: { stream: string; rule: RuleId | undefined }) {
  const { say } = useLanguage();
  const { may } = useSession();
  const { message } = App.useApp();
  const params = { name: stream };
  const take = useSend((file: string) => send('POST', '/rejects/:name/corrections', { params, body: { file } }));
  const replay = useSend(() => send('POST', '/rejects/:name/replay', { params, body: { rule } }));
  const failed = useFailed();
  const corrects = may('rejects:correct');
  const hands = may('certificates:personal');
  if (!corrects && !hands) return null;
  return (
    <Section title={say('更正', 'Correct')}>
      {take.error && (
        <Alert
          className="late-bar pre"
          role="alert"
          type="error"
          showIcon
          title={take.error.message}
          description={take.error.cure}
        />
      )}
      {take.data && (
        <Alert
          className="late-bar"
          role="status"
          type={take.data.corrected > 0 && take.data.workflowId === null ? 'warning' : 'success'}
          showIcon
          title={say(`接收 ${take.data.corrected} 条更正`, `${take.data.corrected} corrections taken`)}
          description={
            take.data.corrected === 0
              ? say('表中没有改动', 'Nothing in the workbook is changed')
              : take.data.workflowId === null
                ? say('已保存；任务引擎恢复后点“重新映射”', 'They are kept; map them again when Temporal is back')
                : say('正在重新映射，稍后刷新查看', 'They are being mapped again')
          }
        />
      )}
      <Space wrap>
        {hands && (
          <Button href={addressOf('/rejects/:name/sheet', { params, query: { rule } })}>
            {say('导出 xlsx（含个人信息，记入审计）', 'Export xlsx (personal data, audited)')}
          </Button>
        )}
        {corrects && (
          <Upload
            accept=".xlsx"
            maxCount={1}
            showUploadList={false}
            beforeUpload={(file) => {
              void base64Of(file).then((content) => take.mutate(content));
              return false;
            }}
          >
            <Button icon={<UploadOutlined />} loading={take.isPending}>
              {say('导入更正后的 xlsx', 'Import the corrected xlsx')}
            </Button>
          </Upload>
        )}
        {corrects && (
          <Button
            loading={replay.isPending}
            onClick={() =>
              replay.mutate(undefined, {
                onSuccess: () => void message.success(say('已开始重新映射', 'They are being mapped again')),
                onError: failed,
              })
            }
          >
            {say('重新映射', 'Map again')}
          </Button>
        )}
      </Space>
    </Section>
  );
}

const base64Of = (file: File): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve((reader.result as string).replace(/^data:[^,]*,/, ''));
    reader.onerror = () => reject(new Error('the file cannot be read'));
    reader.readAsDataURL(file);
  });

function Records({ query }: { query: QueryOf<'/rejects'> }) {
  const { say, name } = useLanguage();
  const columns: TableColumnsType<RejectView> = [
    { title: say('编号', 'No.'), dataIndex: 'id' },
    {
      title: say('数据流', 'Stream'),
      render: (_, { title, unit }) => (
        <>
          {title}
          <br />
          <span className="quiet">{unit}</span>
        </>
      ),
    },
    { title: say('记录键', 'Key'), dataIndex: 'key', render: (key: string | null) => key ?? '—' },
    {
      title: say('问题', 'Problems'),
      render: (_, { problems, corrected }) => (
        <div className="reject-problems">
          {problems.map(({ rule, field, found }) => (
            <div key={`${rule} ${field}`}>
              {field !== '' && <strong>{field} </strong>}
              {name(RULES[rule])}
              {found !== undefined && <span className="quiet"> {found.slice(0, 60)}</span>}
            </div>
          ))}
          {corrected && (
            <span className="tone-warn">
              ◆ {say('已更正，仍有误或待映射', 'corrected, refused still or not mapped yet')}
            </span>
          )}
        </div>
      ),
    },
    {
      title: say('记录内容', 'Record'),
      render: (_, { record, masked }) =>
        record === null ? (
          <span className="quiet">{say('过长，或含无法解码的字节', 'too long, or with bytes that do not decode')}</span>
        ) : (
          <details>
            <summary>{masked ? say('查看（已遮蔽）', 'Show (masked)') : say('查看', 'Show')}</summary>
            <FieldList value={record} />
          </details>
        ),
    },
    {
      title: say('首次 / 最近发现', 'First / last seen'),
      render: (_, { firstSeenAt, lastSeenAt }) => (
        <>
          <Moment at={firstSeenAt} />
          <br />
          <span className="quiet">
            <Moment at={lastSeenAt} />
          </span>
        </>
      ),
    },
  ];
  return (
    <List
      path="/rejects"
      query={query}
      columns={columns}
      rowKey="id"
      label={say('问题数据', 'Rejects')}
      empty={say('没有符合条件的问题数据', 'There is no such reject')}
    />
  );
}
