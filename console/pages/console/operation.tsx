import { Alert, Descriptions, Table } from 'antd';
import type { OperationView } from '../../../server/api/console/operation.ts';
import { useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Blind } from '../../parts/blind.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import { Moment, moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';

/** How the hub itself runs. */
export default function Operation() {
  const { say, name } = useLanguage();
  const { data, error, refetch } = useGet('/operation');
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const { versions, temporal, watchdog, alerts, outbox, reminders, database } = data;
  const workers = new Set(temporal?.queues.flatMap(({ pollers }) => pollers.map(({ identity }) => identity)));
  return (
    <PageLayout title={say('运行', 'Operation')} note={say(`${moment(data.at)} 核查`, `checked at ${moment(data.at)}`)}>
      {watchdog?.blind && <Blind />}
      {temporal === null && (
        <Alert
          className="late-bar"
          type="error"
          showIcon
          title={say('任务引擎（Temporal）连不上', 'Temporal cannot be reached')}
          description={say(
            '时限照常计算，看门狗照常告警；到点的归集在它恢复后自动补上。',
            'Deadlines are counted and told of all the same; what was due meanwhile is made up for when it is back.',
          )}
        />
      )}
      <Section title={say('概况', 'At a glance')}>
        <Descriptions
          column={{ xs: 1, md: 2, xl: 3 }}
          size="small"
          items={[
            {
              key: 'temporal',
              label: say('任务引擎', 'Temporal'),
              children:
                temporal === null ? (
                  <Mark tone="bad">{say('连不上', 'away')}</Mark>
                ) : (
                  <Mark tone="good">{say('正常', 'well')}</Mark>
                ),
            },
            {
              key: 'workers',
              label: say('工作进程', 'Workers'),
              children:
                temporal === null ? (
                  '—'
                ) : workers.size === 0 ? (
                  <Mark tone="bad">{say('没有', 'none')}</Mark>
                ) : (
                  <Mark tone="good">{workers.size}</Mark>
                ),
            },
            {
              key: 'watchdog',
              label: say('看门狗最近一次', 'Watchdog'),
              children:
                watchdog === null ? (
                  <Mark tone="warn">{say('还没有看过', 'has not looked yet')}</Mark>
                ) : (
                  <Mark tone={watchdog.blind ? 'bad' : 'good'}>
                    {moment(watchdog.at)}
                    {watchdog.fault !== null && ` ${watchdog.fault}`}
                  </Mark>
                ),
            },
            {
              key: 'alerts',
              label: say('告警', 'Alerts'),
              children: <Mark tone={alerts.length > 0 ? 'warn' : 'good'}>{alerts.length}</Mark>,
            },
            {
              key: 'round',
              label: say('最近一轮提醒', 'Last reminders'),
              children: <Moment at={reminders.lastRoundAt} />,
            },
            { key: 'size', label: say('数据库大小', 'Database'), children: bytes(database.bytes) },
          ]}
        />
      </Section>
      <Section title={say('未消除的告警', 'Open alerts')}>
        {alerts.length === 0 ? (
          <Nothing>{say(`没有告警（${moment(data.at)} 核查）`, `No alert (${moment(data.at)})`)}</Nothing>
        ) : (
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{say('类别', 'Kind')}</th>
                <th scope="col">{say('内容', 'What')}</th>
                <th scope="col">{say('自', 'Since')}</th>
              </tr>
            </thead>
            <tbody>
              {alerts.map((alert) => (
                <tr key={`${alert.kind} ${alert.subject}`}>
                  <td>
                    <Mark tone="warn">{name(alert.name)}</Mark>
                  </td>
                  <td className="pre">{name(alert.message)}</td>
                  <td className="mark">
                    <Moment at={alert.raisedAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Section>
      {temporal !== null && <Queues queues={temporal.queues} taskQueue={data.taskQueue} />}
      <Section title={say('待发消息', 'What waits to be sent')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{say('去向', 'To')}</th>
              <th scope="col" className="number">
                {say('待发', 'Waiting')}
              </th>
              <th scope="col" className="number">
                {say('已放弃', 'Given up')}
              </th>
              <th scope="col">{say('最早', 'Oldest')}</th>
              <th scope="col">{say('最近的失败', 'Last fault')}</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">{say('时限提醒', 'Reminders')}</th>
              <td className="number">{reminders.waiting.toLocaleString()}</td>
              <td className={reminders.dead > 0 ? 'number tone-bad' : 'number'}>{reminders.dead.toLocaleString()}</td>
              <td>
                <Moment at={reminders.oldestAt} />
              </td>
              <td>—</td>
            </tr>
            {outbox.map(({ target, waiting, dead, oldestAt, lastError }) => (
              <tr key={target}>
                <th scope="row">{target}</th>
                <td className="number">{waiting.toLocaleString()}</td>
                <td className={dead > 0 ? 'number tone-bad' : 'number'}>{dead.toLocaleString()}</td>
                <td>
                  <Moment at={oldestAt} />
                </td>
                <td className="pre">{lastError ? name(lastError) : '—'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
      {temporal !== null && <Schedules schedules={temporal.schedules} />}
      <Section title={say('版本', 'Versions')}>
        <Descriptions
          column={{ xs: 1, md: 2, xl: 3 }}
          size="small"
          items={[
            { key: 'hub', label: say('枢纽', 'Hub'), children: versions.hub },
            { key: 'node', label: 'Node.js', children: versions.node },
            { key: 'postgres', label: 'PostgreSQL', children: versions.postgres },
            { key: 'temporal', label: 'Temporal', children: versions.temporal ?? '—' },
            {
              key: 'migration',
              label: say('数据库结构', 'Schema'),
              children: `${versions.migration ?? '—'}${versions.pendingMigrations > 0 ? say(`，待升级 ${versions.pendingMigrations} 步`, `, ${versions.pendingMigrations} to go`) : ''}`,
            },
            { key: 'profile', label: say('规则', 'Profile'), children: versions.jurisdiction },
            {
              key: 'calendar',
              label: say('日历', 'Calendars'),
              children: versions.calendarTables.map(({ year, version }) => `${year} (${version})`).join('、') || '—',
            },
            { key: 'counted', label: say('时限按此计算', 'Deadlines counted by'), children: versions.calendar ?? '—' },
          ]}
        />
      </Section>
      <Section title={say('最大的数据表', 'Largest tables')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{say('表', 'Table')}</th>
              <th scope="col" className="number">
                {say('大小（含索引）', 'Size with indexes')}
              </th>
            </tr>
          </thead>
          <tbody>
            {database.tables.map((table) => (
              <tr key={table.name}>
                <th scope="row">{table.name}</th>
                <td className="number">{bytes(table.bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
    </PageLayout>
  );
}

type Temporal = NonNullable<OperationView['temporal']>;

function Queues({ queues, taskQueue }: { queues: Temporal['queues']; taskQueue: string }) {
  const { say } = useLanguage();
  return (
    <Section title={say('任务队列', 'Task queues')} extra={<span className="quiet">{taskQueue}</span>}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{say('队列', 'Queue')}</th>
            <th scope="col" className="number">
              {say('积压（约）', 'Backlog (about)')}
            </th>
            <th scope="col" className="number">
              {say('最久等待', 'Longest wait')}
            </th>
            <th scope="col">{say('取任务的进程', 'Pollers')}</th>
          </tr>
        </thead>
        <tbody>
          {queues.map(({ kind, backlog, oldestSeconds, pollers }) => (
            <tr key={kind}>
              <th scope="row">{kind === 'workflows' ? say('流程', 'workflows') : say('活动', 'activities')}</th>
              <td className="number">{backlog?.toLocaleString() ?? '—'}</td>
              <td className="number">
                {oldestSeconds === null ? '—' : say(`${oldestSeconds} 秒`, `${oldestSeconds} s`)}
              </td>
              <td>
                {pollers.length === 0 ? (
                  <Mark tone="bad">{say('没有', 'none')}</Mark>
                ) : (
                  pollers.map(({ identity, lastAccessAt }) => (
                    <div key={identity}>
                      {identity} <span className="quiet">{lastAccessAt === null ? '' : moment(lastAccessAt)}</span>
                    </div>
                  ))
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Schedules({ schedules }: { schedules: Temporal['schedules'] }) {
  const { say } = useLanguage();
  const { hub } = useSession();
  return (
    <Section title={say(`定时任务（${schedules.length}）`, `Schedules (${schedules.length})`)}>
      <Table
        aria-label={say('定时任务', 'Schedules')}
        size="small"
        rowKey="id"
        pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
        dataSource={schedules}
        locale={{ emptyText: say('没有定时任务', 'There are none') }}
        columns={[
          {
            title: say('任务', 'Schedule'),
            dataIndex: 'id',
            render: (id: string) =>
              hub.temporalUi === null ? (
                id
              ) : (
                <a href={`${hub.temporalUi}/schedules/${encodeURIComponent(id)}`} target="_blank" rel="noreferrer">
                  {id}
                </a>
              ),
          },
          { title: say('下次', 'Next'), dataIndex: 'nextAt', render: (at: string | null) => <Moment at={at} /> },
          { title: say('上次', 'Last'), dataIndex: 'lastAt', render: (at: string | null) => <Moment at={at} /> },
          {
            title: say('状态', 'State'),
            dataIndex: 'paused',
            render: (paused: boolean) =>
              paused ? (
                <Mark tone="warn">{say('已暂停', 'paused')}</Mark>
              ) : (
                <Mark tone="good">{say('运行', 'running')}</Mark>
              ),
          },
        ]}
      />
    </Section>
  );
}

/** A size in the unit that says it best. */
function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log(count) / Math.log(1000)));
  return `${(count / 1000 ** power).toFixed(power > 1 ? 1 : 0)} ${units[power] ?? ''}`;
}
