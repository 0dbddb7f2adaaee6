import { Button, Popconfirm, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { PERMISSION_NAMES, type Permission } from '../../../domain/access.ts';
import type { LoginView, TokenView } from '../../../server/api/console/tokens.ts';
import type { RequestFailed } from '../../api.ts';
import { useSend } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { Mark } from '../../parts/mark.tsx';
import { Failure } from '../../parts/states.tsx';
import { Moment } from '../../parts/time.tsx';

/** Ways in of an account, as the API answers with them, and how one is ended. */
interface Credentials<T> {
  answer: { data: { items: T[] } | undefined; error: RequestFailed | null; refetch: () => unknown };
  end: (id: number) => Promise<unknown>;
}

/** Sessions of an account that are in force, one’s own or another’s. */
export function Logins({ answer, end }: Credentials<LoginView>) {
  const { say } = useLanguage();
  return (
    <Ways
      answer={answer}
      end={end}
      label={say('登录', 'Sessions')}
      empty={say('当前没有登录', 'Nobody is signed in')}
      warning={say('结束后，该设备须重新登录', 'Whoever uses it has to sign in again')}
      does={say('结束', 'End')}
      isOver={({ current }) => current}
      columns={[
        {
          title: say('来源地址', 'From'),
          render: (_, { address, current }) => (
            <>
              {address ?? '—'} {current && <Mark tone="good">{say('本次登录', 'this one')}</Mark>}
            </>
          ),
        },
        { title: say('登录时间', 'Since'), dataIndex: 'startedAt', render: (at: string) => <Moment at={at} /> },
        { title: say('最近使用', 'Last used'), dataIndex: 'seenAt', render: (at: string) => <Moment at={at} /> },
        { title: say('最迟到期', 'Until'), dataIndex: 'expiresAt', render: (at: string) => <Moment at={at} /> },
      ]}
    />
  );
}

/** API tokens of an account, one’s own or another’s. */
export function Tokens({ answer, end }: Credentials<TokenView>) {
  const { say, name } = useLanguage();
  // When the list was asked for is when its words hold.
  const [now] = useState(() => Date.now());
  const isOver = ({ revokedAt, expiresAt }: TokenView) => revokedAt !== null || Date.parse(expiresAt) < now;
  return (
    <Ways
      answer={answer}
      end={end}
      label={say('API 令牌', 'API tokens')}
      empty={say('还没有令牌', 'There is no token yet')}
      warning={say('撤销后，使用它的程序立即失去访问', 'Programs that use it lose access at once')}
      does={say('撤销', 'Revoke')}
      isOver={isOver}
      columns={[
        { title: say('名称', 'Label'), dataIndex: 'label' },
        {
          title: say('状态', 'State'),
          render: (_, token) => {
            if (token.revokedAt !== null) return <Mark tone="off">{say('已撤销', 'revoked')}</Mark>;
            if (isOver(token)) return <Mark tone="off">{say('已过期', 'past its time')}</Mark>;
            return <Mark tone="good">{say('有效', 'in force')}</Mark>;
          },
        },
        {
          title: say('权限范围', 'Scopes'),
          dataIndex: 'scopes',
          render: (scopes: Permission[]) => (
            <span className="wrap">{scopes.map((scope) => name(PERMISSION_NAMES[scope])).join(say('、', ', '))}</span>
          ),
        },
        { title: say('创建', 'Made'), dataIndex: 'createdAt', render: (at: string) => <Moment at={at} /> },
        { title: say('到期', 'Until'), dataIndex: 'expiresAt', render: (at: string) => <Moment at={at} /> },
        { title: say('最近使用', 'Last used'), dataIndex: 'usedAt', render: (at: string | null) => <Moment at={at} /> },
      ]}
    />
  );
}

function Ways<T extends { id: number }>({
  answer: { data, error, refetch },
  end,
  columns,
  isOver,
  does,
  warning,
  label,
  empty,
}: Credentials<T> & {
  columns: TableColumnsType<T>;
  /** Whether there is nothing to end, or not here. */
  isOver: (row: T) => boolean;
  does: string;
  warning: string;
  label: string;
  empty: string;
}) {
  const { say } = useLanguage();
  const ending = useSend(end);
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  return (
    <Table<T>
      aria-label={label}
      size="middle"
      rowKey="id"
      columns={[
        ...columns,
        {
          title: say('操作', 'Actions'),
          render: (_, row) =>
            !isOver(row) && (
              <Popconfirm title={warning} okText={does} onConfirm={() => ending.mutate(row.id)}>
                <Button size="small">{does}</Button>
              </Popconfirm>
            ),
        },
      ]}
      dataSource={data?.items ?? []}
      loading={!data}
      pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
      locale={{ emptyText: empty }}
    />
  );
}
