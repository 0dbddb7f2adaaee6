import { Button, Input, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { HOLDER_KINDS, PUBLICITY } from '../../../domain/library/catalog.ts';
import type { SharedTypeView } from '../../../server/api/sharing/share-catalog.ts';
import { useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { GrantRequest } from '../../parts/cases/grant-request.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Waiting } from '../../parts/states.tsx';
import { useSession } from '../../session.tsx';

/** The types of certificate that are shared, what is printed on them, and the way to apply for them. */
export default function ShareCatalog() {
  const { say } = useLanguage();
  const { data, error, refetch } = useGet('/share-catalog');
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <PageLayout
      title={say('共享目录', 'Shared types')}
      note={say(
        '可申请使用的证照类型及其照面信息',
        'Types of certificate that can be applied for, with what is printed',
      )}
    >
      <Section>
        <Types types={data.items} />
      </Section>
    </PageLayout>
  );
}

function Types({ types }: { types: readonly SharedTypeView[] }) {
  const { say } = useLanguage();
  const { may, unitCode } = useSession();
  const [sought, setSought] = useState('');
  const [wanted, setWanted] = useState<SharedTypeView | null>(null);
  const granted = useGet('/grants', { query: { limit: 200 }, enabled: unitCode !== null });
  const grantsOf = (code: string): number =>
    granted.data?.items.filter(({ typeCode }) => typeCode === code).length ?? 0;
  const columns: TableColumnsType<SharedTypeView> = [
    {
      title: say('证照名称', 'Name'),
      render: (_, { name, typeCode }) => (
        <>
          {name}
          <div className="quiet code">{typeCode}</div>
        </>
      ),
    },
    { title: say('发证单位', 'Issuer'), render: (_, { issuer }) => issuer?.name ?? '—' },
    {
      title: say('持证主体', 'Holders'),
      render: (_, { holders }) => holders.map((kind) => say(HOLDER_KINDS[kind], kind)).join('、'),
    },
    {
      title: say('共享属性', 'Shared'),
      render: (_, { publicity }) => publicity && say(PUBLICITY[publicity], publicity),
    },
    {
      title: say('照面信息', 'Printed'),
      render: (_, { face }) => <span className="clip">{face.map(({ label }) => label).join('、') || '—'}</span>,
    },
    ...(unitCode === null
      ? []
      : [
          {
            title: say('本单位授权', 'Granted to us'),
            render: (_: unknown, { typeCode }: SharedTypeView) => {
              const count = grantsOf(typeCode);
              return count === 0 ? '—' : <Mark tone="good">{say(`${count} 项`, `${count}`)}</Mark>;
            },
          },
        ]),
    ...(may('share:request')
      ? [
          {
            title: say('操作', 'Do'),
            render: (_: unknown, type: SharedTypeView) => (
              <Button size="small" onClick={() => setWanted(type)}>
                {say('申请', 'Apply')}
              </Button>
            ),
          },
        ]
      : []),
  ];
  return (
    <>
      <div className="filters" role="search">
        <Input.Search
          allowClear
          style={{ width: 280 }}
          placeholder={say('名称、代码或发证单位', 'Name, code or issuer')}
          aria-label={say('名称、代码或发证单位', 'Name, code or issuer')}
          onChange={({ target }) => setSought(target.value.trim())}
        />
      </div>
      <Table
        aria-label={say('共享目录', 'Shared types')}
        size="middle"
        rowKey="typeCode"
        columns={columns}
        dataSource={types.filter(({ name, typeCode, issuer }) =>
          [name, typeCode, issuer?.name ?? ''].some((text) => text.includes(sought)),
        )}
        pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
        scroll={{ x: 'max-content' }}
        locale={{ emptyText: say('没有这样的证照类型', 'There is no such type') }}
      />
      {wanted && <GrantRequest type={wanted} close={() => setWanted(null)} />}
    </>
  );
}
