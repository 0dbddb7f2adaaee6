import { Button, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import type { UnitView } from '../../../server/api/console/units.ts';
import { send, useGet, type BodyOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { BodyForm, type FieldOf } from '../../parts/forms/body-form.tsx';
import { Section } from '../../parts/page.tsx';
import { Failure } from '../../parts/states.tsx';
import { useSession } from '../../session.tsx';

interface UnitOption {
  value: string;
  label: string;
}

/** Units to choose from, by name and code. */
export function useUnitOptions(): UnitOption[] {
  const { data } = useGet('/units');
  return (data?.items ?? []).map(({ code, name }) => ({ value: code, label: `${name} ${code}` }));
}

type Branch = UnitView & { children?: Branch[] };

/** Units under those that they are below; one whose upper unit is not seen stands at the top. */
function treeOf(units: readonly UnitView[]): Branch[] {
  const branches = new Map<string, Branch>(units.map((unit) => [unit.code, { ...unit }]));
  const tops: Branch[] = [];
  for (const branch of branches.values()) {
    const above = branch.parentCode === null ? undefined : branches.get(branch.parentCode);
    if (above) (above.children ??= []).push(branch);
    else tops.push(branch);
  }
  return tops;
}

/** Units and what they are below. */
export function UnitTree() {
  const { say } = useLanguage();
  const { may } = useSession();
  const { data, error, refetch } = useGet('/units');
  const options = useUnitOptions();
  const [editing, setEditing] = useState<UnitView | 'new' | null>(null);
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  const columns: TableColumnsType<Branch> = [
    { title: say('单位', 'Unit'), dataIndex: 'name' },
    { title: say('统一社会信用代码', 'Code'), dataIndex: 'code' },
    ...(may('accounts:manage')
      ? [
          {
            title: say('操作', 'Actions'),
            render: (_: unknown, unit: Branch) => (
              <Button
                size="small"
                aria-label={say(`修改 ${unit.name}`, `Change ${unit.name}`)}
                onClick={() => setEditing(unit)}
              >
                {say('修改', 'Change')}
              </Button>
            ),
          },
        ]
      : []),
  ];
  return (
    <Section
      title={say('单位', 'Units')}
      extra={
        may('accounts:manage') && (
          <Button type="primary" onClick={() => setEditing('new')}>
            {say('新增单位', 'New unit')}
          </Button>
        )
      }
    >
      <p className="quiet">
        {say(
          '下级单位的数据，上级单位的账号也能看到。有归集数据流的单位，名称以流的配置为准。',
          'Accounts of a unit see what belongs to those below it. Units of streams are called as configured there.',
        )}
      </p>
      {data && (
        <Table<Branch>
          aria-label={say('单位', 'Units')}
          size="middle"
          rowKey="code"
          columns={columns}
          dataSource={treeOf(data.items)}
          expandable={{ defaultExpandAllRows: true }}
          pagination={false}
          scroll={{ x: 'max-content' }}
          locale={{ emptyText: say('还没有单位', 'There is no unit yet') }}
        />
      )}
      {editing !== null && (
        <UnitForm unit={editing === 'new' ? null : editing} options={options} close={() => setEditing(null)} />
      )}
    </Section>
  );
}

type Changed = BodyOf<'PUT', '/units/:code'>;

function UnitForm({ unit, options, close }: { unit: UnitView | null; options: UnitOption[]; close: () => void }) {
  const { say } = useLanguage();
  const fields: FieldOf<Changed>[] = [
    { name: 'name', label: say('名称', 'Name'), required: true, initial: unit?.name },
    {
      name: 'parentCode',
      label: say('上级单位', 'Below'),
      kind: 'choice',
      options: options.filter(({ value }) => value !== unit?.code),
      initial: unit?.parentCode ?? undefined,
      hint: say('区县单位的上级为市级单位', 'Units of districts are below that of the city'),
    },
  ];
  if (unit)
    return (
      <BodyForm
        open
        close={close}
        title={say(`修改单位 ${unit.name}`, `Change ${unit.name}`)}
        fields={fields}
        submit={(body: Changed) =>
          send('PUT', '/units/:code', { params: { code: unit.code }, body, version: unit.version })
        }
      />
    );
  return (
    <BodyForm
      open
      close={close}
      title={say('新增单位', 'New unit')}
      fields={[{ name: 'code', label: say('统一社会信用代码', 'Code (18 characters)'), required: true }, ...fields]}
      submit={(body: BodyOf<'POST', '/units'>) => send('POST', '/units', { body })}
    />
  );
}
