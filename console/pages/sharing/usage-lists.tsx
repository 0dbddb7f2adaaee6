import { Button, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { LARGEST_EVIDENCE } from '../../../domain/casework/outage.ts';
import type { UsageListView } from '../../../server/api/sharing/usage-lists.ts';
import { send, useGet, type BodyOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { BodyForm } from '../../parts/forms/body-form.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';

/** Lists of uses: the latest of each unit. */
export default function UsageLists() {
  const { say } = useLanguage();
  const { may } = useSession();
  const [isHanding, setHanding] = useState(false);
  return (
    <PageLayout
      title={say('用证清单', 'Lists of uses')}
      note={say(
        '各用证单位在哪些事项、场景中需要哪些证照；审定后按清单授权',
        'For which matters and scenarios units need which certificates; once approved, a list grants them',
      )}
      actions={
        may('sharing:list') && (
          <Button type="primary" onClick={() => setHanding(true)}>
            {say('提交清单', 'Hand in a list')}
          </Button>
        )
      }
    >
      <Section>
        <Lists />
      </Section>
      {isHanding && <HandIn close={() => setHanding(false)} />}
    </PageLayout>
  );
}

/** Whether a version of a list grants what it lists. */
export function ListMark({ approvedAt }: Pick<UsageListView, 'approvedAt'>) {
  const { say } = useLanguage();
  return approvedAt === null ? (
    <Mark tone="warn">{say('待审定', 'waits for approval')}</Mark>
  ) : (
    <Mark tone="good">{say('已审定', 'approved')}</Mark>
  );
}

function Lists() {
  const { say } = useLanguage();
  const { data, error, refetch } = useGet('/usage-lists');
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  if (data.lists.length === 0) return <Nothing>{say('还没有提交过用证清单', 'No list was handed in yet')}</Nothing>;
  const columns: TableColumnsType<UsageListView> = [
    {
      title: say('用证单位', 'User unit'),
      render: (_, { unitCode, unitName }) => (
        <>
          <Link to={`/usage-lists/${unitCode}`}>{unitName}</Link>
          <div className="quiet code">{unitCode}</div>
        </>
      ),
    },
    { title: say('状态', 'State'), render: (_, list) => <ListMark {...list} /> },
    { title: say('版本', 'Version'), dataIndex: 'version', align: 'right' },
    { title: say('应用场景', 'Scenarios'), align: 'right', render: (_, { items }) => items.length },
    {
      title: say('证照类型', 'Types'),
      align: 'right',
      render: (_, { items }) => new Set(items.flatMap(({ types }) => types)).size,
    },
    { title: say('提交', 'Handed in'), dataIndex: 'takenAt', render: (at: string) => <Moment at={at} /> },
    { title: say('由谁', 'By'), dataIndex: 'takenBy' },
    { title: say('审定', 'Approved'), dataIndex: 'approvedAt', render: (at: string | null) => <Moment at={at} /> },
  ];
  // Those that wait first.
  const lists = data.lists.toSorted((a, b) => Number(a.approvedAt !== null) - Number(b.approvedAt !== null));
  return (
    <Table
      aria-label={say('用证清单', 'Lists of uses')}
      size="middle"
      rowKey="unitCode"
      columns={columns}
      dataSource={lists}
      pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
    />
  );
}

/** Hands a list in; what is wrong in the file is said beside it, by row and column. */
function HandIn({ close }: { close: () => void }) {
  const { say } = useLanguage();
  const { may } = useSession();
  const navigate = useNavigate();
  const choosesUnit = may('disputes:manage');
  const { data } = useGet('/unit-names', { enabled: choosesUnit });
  return (
    <BodyForm<BodyOf<'POST', '/usage-lists'>, { unit: string }>
      open
      close={close}
      title={say('提交用证清单', 'Hand in a list of uses')}
      note={say(
        'xlsx 的列：事项编码、事项名称、应用场景、证照类型代码；可另有 字段、用证方式、依据，一格多项用顿号分开。也可用 YAML。提交后待管理单位审定',
        'Columns of the xlsx: 事项编码, 事项名称, 应用场景, 证照类型代码; 字段, 用证方式 and 依据 where they are wanted. Or YAML. The management unit approves it',
      )}
      button={say('提交', 'Hand in')}
      submit={(body) => send('POST', '/usage-lists', { body })}
      done={({ unit }) => void navigate(`/usage-lists/${unit}`)}
      fields={[
        ...(choosesUnit
          ? [
              {
                name: 'unit',
                label: say('用证单位', 'User unit'),
                required: true,
                kind: 'choice',
                options: (data?.items ?? []).map(({ code, name }) => ({ value: code, label: `${name} ${code}` })),
              } as const,
            ]
          : []),
        { name: 'file', label: say('清单', 'The list'), required: true, kind: 'file', largest: LARGEST_EVIDENCE },
        {
          name: 'needs',
          label: say(
            '含本市目录没有的证照类型（随后应提出共享申请）',
            'With types that the catalog does not have, which are to be requested',
          ),
          kind: 'yes',
        },
      ]}
    />
  );
}
