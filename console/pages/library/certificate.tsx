import { Alert, Button, DatePicker, Descriptions, Space, Table } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link, useLocation, useParams } from 'react-router';
import { COMPLETED_CASE_MODES } from '../../../domain/casework/completed-case.ts';
import type { CertificateDetail } from '../../../server/api/library/certificate.ts';
import type { CertificateView } from '../../../server/api/library/certificates.ts';
import type { TaskView } from '../../../server/api/ledger/tasks.ts';
import { addressOf, ask, send, type RequestFailed } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import { Moment, moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { CertificateState, rowKeyOf, useCertificateColumns } from './certificates.tsx';
import { Conflicts, Files } from './certificate-sources.tsx';
import { Force, MembersOf, StandingOf } from './certificate-standing.tsx';
import { Fields, History } from './certificate-versions.tsx';
import { useTaskColumns } from '../ledger/tasks.tsx';

/** One certificate: what it says, how it came to that, who else says what, and what is owed about it. */
export default function Certificate() {
  const { say, name } = useLanguage();
  const { may } = useSession();
  const params = useParams();
  const state = useLocation().state as { stream: string; key: string } | null;
  const { stream = state?.stream ?? '', key = state?.key ?? '' } = params;
  const inAddress = params.key !== undefined;
  const [asOf, setAsOf] = useState<Dayjs | null>(null);
  const [unmasked, setUnmasked] = useState(false);
  const columns = useCertificateColumns();
  const taskColumns = useTaskColumns();
  const at = asOf?.format('YYYY-MM-DD[T]HH:mm:ss[+08:00]');
  const record = { stream, key };
  // Not asked for again by itself: each look at what is unmasked is audited.
  const { data, error, refetch } = useQuery<CertificateDetail, RequestFailed>({
    queryKey: ['/certificates/:stream/:key', record, at, unmasked],
    queryFn: () =>
      inAddress
        ? ask('/certificates/:stream/:key', {
            params: record,
            query: { asOf: at, unmasked: unmasked ? 'true' : undefined },
          })
        : send('POST', '/certificates/record', { body: { ...record, asOf: at } }),
    enabled: key !== '',
    placeholderData: (before) => before,
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (key === '')
    return (
      <Nothing>
        <Link to="/certificates">{say('请从证照查询打开', 'Open it from the search')}</Link>
      </Nothing>
    );
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const latest = data.versions.at(-1);
  const shown = data.counting === null ? undefined : data.versions[data.counting];
  const file = data.files[0];
  return (
    <PageLayout
      title={`${latest?.name ?? ''} ${latest?.number ?? ''}`}
      note={
        <Space size="middle" wrap>
          {latest && <Force state={data.composite?.state ?? latest.state} />}
          {latest && latest.status !== 'valid' && <CertificateState status={latest.status} />}
          <span>
            {data.unit} · {data.stream} · {data.key}
          </span>
        </Space>
      }
      actions={
        may('certificates:personal') && (
          <>
            {!data.unmasked && (
              <Button onClick={() => setUnmasked(true)}>{say('显示原文（留审计）', 'Unmask (audited)')}</Button>
            )}
            {file !== undefined && inAddress && (
              <Button href={addressOf('/certificates/:stream/:key/file', { params: record })} download>
                {say('下载证照文件（留审计）', 'Download the file (audited)')}
              </Button>
            )}
          </>
        )
      }
    >
      {data.marks.map(({ dispute, markedAt }) => (
        <Alert
          key={dispute}
          className="late-bar"
          type="warning"
          showIcon
          title={
            <>
              {say(`异议标注：${moment(markedAt)} 起`, `Disputed since ${moment(markedAt)}`)}{' '}
              {may('disputes:read') && (
                <Link to={`/disputes/${dispute}`}>{say(`异议 ${dispute}`, `dispute ${dispute}`)}</Link>
              )}
            </>
          }
        />
      ))}
      <Section
        title={asOf === null ? say('现况', 'As it is now') : say(`${asOf.format('YYYY-MM-DD HH:mm')} 时`, 'As it was')}
        extra={
          <Space>
            <span className="quiet">{say('查看当时', 'As of')}</span>
            <DatePicker
              showTime={{ format: 'HH:mm' }}
              format="YYYY-MM-DD HH:mm"
              value={asOf}
              maxDate={dayjs()}
              aria-label={say('查看当时', 'As of')}
              placeholder={say('选择时间', 'Choose a time')}
              onChange={setAsOf}
            />
          </Space>
        }
      >
        {shown ? (
          <Fields version={shown} />
        ) : (
          <Nothing>{say('当时还没有这份证照', 'There was no such certificate then')}</Nothing>
        )}
      </Section>
      <Section title={say('状态与标记', 'State and marks')}>
        <StandingOf standing={data.standing} />
      </Section>
      {data.composite && (
        <Section title={say('一业一证', 'Made of')}>
          <MembersOf composite={data.composite} />
        </Section>
      )}
      <Section title={say('历史', 'History')}>
        <History versions={data.versions} counting={data.counting} />
      </Section>
      {data.sources.length > 1 && (
        <Section title={say('多个来源', 'Several sources')}>
          <Conflicts conflicts={data.conflicts} />
          <Table<CertificateView>
            aria-label={say('多个来源', 'Several sources')}
            size="small"
            rowKey={rowKeyOf}
            columns={columns}
            dataSource={data.sources}
            pagination={false}
            scroll={{ x: 'max-content' }}
          />
        </Section>
      )}
      <Section title={say('证照文件', 'File')}>
        {data.awaited && (
          <p>
            <Mark tone="warn">
              {data.awaited.attempts === 0
                ? say('尚未取件', 'not fetched yet')
                : say(`取件 ${data.awaited.attempts} 次未成`, `tried ${data.awaited.attempts} times`)}
            </Mark>{' '}
            {say('下次', 'next')} <Moment at={data.awaited.nextAttemptAt} />{' '}
            <span className="quiet">{data.awaited.lastError && name(data.awaited.lastError)}</span>
          </p>
        )}
        {data.files.length === 0 && !data.awaited && (
          <p className="quiet">{say('来源没有提供证照文件', 'Its source has delivered no file')}</p>
        )}
        {data.files.length > 0 && <Files files={data.files} />}
      </Section>
      {data.completedCase && (
        <Section title={say('业务办结', 'Completed case')}>
          <Descriptions
            column={{ xs: 1, md: 3 }}
            size="small"
            items={[
              {
                key: 'number',
                label: say('办件编号', 'Case'),
                children: `${data.completedCase.caseNumber} · ${say(COMPLETED_CASE_MODES[data.completedCase.mode], data.completedCase.mode)}`,
              },
              {
                key: 'completed',
                label: say('办结', 'Completed'),
                children: <Moment at={data.completedCase.completedAt} />,
              },
              {
                key: 'arrived',
                label: say('证照入库', 'Certificate in'),
                children: <Moment at={data.completedCase.arrivedAt} />,
              },
              {
                key: 'delivered',
                label: say('送达', 'Delivered'),
                children: <Moment at={data.completedCase.deliveredAt} />,
              },
            ]}
          />
        </Section>
      )}
      <Section title={say('相关时限任务', 'Deadlines about it')}>
        <Table<TaskView>
          aria-label={say('相关时限任务', 'Deadlines about it')}
          size="small"
          rowKey="id"
          columns={taskColumns}
          dataSource={data.tasks}
          pagination={false}
          scroll={{ x: 'max-content' }}
          locale={{ emptyText: say('没有相关的时限任务', 'There is none') }}
        />
      </Section>
      <Section title={say('用证', 'Use')}>
        {data.uses.length === 0 ? (
          <p className="quiet">{say('没有单位的用证清单列入本类型', 'No unit’s list of uses has this type')}</p>
        ) : (
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{say('用证单位', 'Unit')}</th>
                <th scope="col">{say('事项', 'Item')}</th>
                <th scope="col">{say('应用场景', 'Scenario')}</th>
              </tr>
            </thead>
            <tbody>
              {data.uses.map(({ unit, code, name: item, scenario }) => (
                <tr key={`${unit} ${code} ${scenario}`}>
                  <td>{unit}</td>
                  <td>
                    {item} <span className="quiet">{code}</span>
                  </td>
                  <td>{scenario}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Section>
    </PageLayout>
  );
}
