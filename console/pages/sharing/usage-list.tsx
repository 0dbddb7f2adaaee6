import { Alert, App, Button, Modal, Segmented, Space, Table, type TableColumnsType } from 'antd';
import { useState, type ReactNode } from 'react';
import { useParams, useSearchParams } from 'react-router';
import {
  listChanges,
  listedUses,
  type ListChange,
  type ListedUse,
  type UsageItem,
} from '../../../domain/sharing/usage-list.ts';
import type { UsageListView } from '../../../server/api/sharing/usage-lists.ts';
import { addressOf, send, useGet, useSend, type AnswerOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Extent, SharedType } from '../../parts/shared-types.tsx';
import { Failure, Nothing, useFailed, Waiting } from '../../parts/states.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { ListMark } from './usage-lists.tsx';

const CHANGES: Record<ListChange['change'], { zh: string; en: string; tone: Tone }> = {
  added: { zh: '新增', en: 'added', tone: 'good' },
  changed: { zh: '变更', en: 'changed', tone: 'warn' },
  removed: { zh: '去掉', en: 'removed', tone: 'off' },
};
/** What stands in a list is what was checked when it was taken. */
const itemsOf = (list: UsageListView | undefined): UsageItem[] => (list?.items ?? []) as UsageItem[];

/** The versions of a unit's list, how one differs from the one before it, and what approving it does. */
export default function UsageList() {
  const { say } = useLanguage();
  const { may } = useSession();
  const { unit = '' } = useParams();
  const [params, setParams] = useSearchParams();
  const [isApproving, setApproving] = useState(false);
  const { data, error, refetch } = useGet('/usage-lists', { query: { unit } });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const [latest] = data.lists;
  if (!latest) return <Nothing>{say('该单位没有用证清单', 'The unit has no list of uses')}</Nothing>;
  const index = Math.max(
    0,
    data.lists.findIndex(({ version }) => String(version) === params.get('version')),
  );
  const list = data.lists[index] ?? latest;
  const before = data.lists[index + 1];
  const changes = listChanges(itemsOf(before), itemsOf(list));
  return (
    <PageLayout
      title={say(`用证清单 · ${latest.unitName}`, `List of uses · ${latest.unitName}`)}
      note={
        <Space size="middle" wrap>
          <ListMark {...list} />
          <span>
            {say('提交', 'Handed in')} <Moment at={list.takenAt} /> {list.takenBy}
          </span>
          {list.approvedAt !== null && (
            <span>
              {say('审定', 'Approved')} <Moment at={list.approvedAt} /> {list.approvedBy}
            </span>
          )}
        </Space>
      }
      actions={
        <>
          {may('sharing:approve') && latest.approvedAt === null && (
            <Button type="primary" onClick={() => setApproving(true)}>
              {say(`审定第 ${latest.version} 版`, `Approve version ${latest.version}`)}
            </Button>
          )}
          <Button
            href={addressOf('/usage-lists/:unit/versions/:version/sheet', { params: { unit, version: list.version } })}
          >
            {say('导出 xlsx', 'Export xlsx')}
          </Button>
        </>
      }
    >
      {data.lists.length > 1 && (
        <Section title={say('版本', 'Versions')}>
          <Segmented
            aria-label={say('版本', 'Versions')}
            options={data.lists.map(({ version }) => ({
              value: version,
              label: say(`第 ${version} 版`, `version ${version}`),
            }))}
            value={list.version}
            onChange={(version) => setParams({ version: String(version) })}
          />
        </Section>
      )}
      {before && (
        <Section title={say(`与第 ${before.version} 版相比`, `Against version ${before.version}`)}>
          {changes.length === 0 ? (
            <Nothing>{say('用证范围没有变化', 'The uses are the same')}</Nothing>
          ) : (
            <Changes changes={changes} />
          )}
        </Section>
      )}
      <Section title={say('清单内容', 'What it lists')}>
        <Uses label={say('清单内容', 'What it lists')} uses={listedUses(itemsOf(list))} />
      </Section>
      {isApproving && <Approve unit={unit} close={() => setApproving(false)} />}
    </PageLayout>
  );
}

/** What a listed use is, in columns of rows that have one. */
function useColumns<Row>(listed: (row: Row) => ListedUse): TableColumnsType<Row> {
  const { say } = useLanguage();
  const column = (title: string, render: (use: ListedUse) => ReactNode) => ({
    title,
    render: (_: unknown, row: Row) => render(listed(row)),
  });
  return [
    column(say('事项', 'Matter'), ({ matter, matterName }) => (
      <>
        {matterName}
        <div className="quiet code">{matter}</div>
      </>
    )),
    column(say('应用场景', 'Scenario'), ({ scenario }) => scenario),
    column(say('证照类型', 'Type'), ({ typeCode }) => <SharedType code={typeCode} />),
    column(say('方式与字段', 'How, and which fields'), (use) => <Extent {...use} />),
    column(say('依据', 'Basis'), ({ legalBasis }) => legalBasis ?? '—'),
  ];
}

function Uses({ label, uses }: { label: string; uses: readonly ListedUse[] }) {
  return (
    <Table
      aria-label={label}
      size="small"
      rowKey={({ matter, scenario, typeCode }) => `${matter} ${scenario} ${typeCode}`}
      columns={useColumns((use: ListedUse) => use)}
      dataSource={uses}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
    />
  );
}

function Changes({ changes }: { changes: readonly ListChange[] }) {
  const { say, name } = useLanguage();
  const columns = useColumns(({ use }: ListChange) => use);
  return (
    <Table
      aria-label={say('与上一版相比', 'Against the version before')}
      size="small"
      rowKey={({ use: { matter, scenario, typeCode } }) => `${matter} ${scenario} ${typeCode}`}
      columns={[
        {
          title: say('变化', 'Change'),
          render: (_, { change, before }) => (
            <>
              <Mark tone={CHANGES[change].tone}>{name(CHANGES[change])}</Mark>
              {before && (
                <div className="quiet">
                  {say('原为 ', 'was ')}
                  <Extent {...before} />
                </div>
              )}
            </>
          ),
        },
        ...columns,
      ]}
      dataSource={changes}
      pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
    />
  );
}

/** Shows what approving the latest version grants and ends, and approves it once that was seen. */
function Approve({ unit, close }: { unit: string; close: () => void }) {
  const { say } = useLanguage();
  const { message } = App.useApp();
  const failed = useFailed();
  const { data, error } = useGet('/usage-lists/:unit/approval', { params: { unit } });
  const approve = useSend(({ version }: Approval) =>
    send('POST', '/usage-lists/:unit/approve', { params: { unit }, body: { version } }),
  );
  return (
    <Modal
      open
      width={920}
      title={say('审定用证清单', 'Approve the list')}
      okText={say('审定并授权', 'Approve and grant')}
      okButtonProps={{ disabled: !data }}
      confirmLoading={approve.isPending}
      onCancel={close}
      onOk={() =>
        data &&
        approve.mutate(data, {
          onSuccess: ({ made, ended }) => {
            void message.success(say(`授权 ${made} 项，终止 ${ended} 项`, `${made} granted, ${ended} ended`));
            close();
          },
          onError: failed,
        })
      }
    >
      {error ? <Failure problem={error} /> : data ? <Effects approval={data} /> : <Waiting />}
    </Modal>
  );
}

type Approval = AnswerOf<'/usage-lists/:unit/approval'>;

function Effects({ approval: { makes, ends, unshared } }: { approval: Approval }) {
  const { say } = useLanguage();
  const granting = say(`将授权 ${makes.length} 项`, `${makes.length} will be granted`);
  const ending = say(`将终止 ${ends.length} 项`, `${ends.length} will end`);
  return (
    <>
      {unshared.length > 0 && (
        <Alert
          className="late-bar"
          type="warning"
          showIcon
          title={say('以下证照类型未共享，不予授权', 'These types are not shared, and not granted')}
          description={unshared.map((code) => (
            <div key={code}>
              <SharedType code={code} />
            </div>
          ))}
        />
      )}
      <h3>{granting}</h3>
      {makes.length > 0 && <Uses label={granting} uses={makes as ListedUse[]} />}
      <h3>{ending}</h3>
      {ends.length > 0 && <Uses label={ending} uses={ends as ListedUse[]} />}
    </>
  );
}
