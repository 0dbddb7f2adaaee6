import { Button, Dropdown, Tabs, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { ROLES, type Role } from '../../../domain/access.ts';
import type { AccountView } from '../../../server/api/console/accounts.ts';
import type { QueryOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { ChoiceFilter, TextFilter, useChoices } from '../../parts/filters.tsx';
import { List, useFilters } from '../../parts/list.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Moment, moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { AccountForm, type AccountAct } from './account-form.tsx';
import { ContactList } from './contacts.tsx';
import { UnitTree, useUnitOptions } from './units.tsx';

/** Who signs in, for which unit, and whom reminders reach. */
export default function Accounts() {
  const { say } = useLanguage();
  const { may } = useSession();
  const [params, setParams] = useSearchParams();
  const tabs = [
    ...(may('accounts:manage') ? [{ key: 'accounts', label: say('账号', 'Accounts'), children: <AccountList /> }] : []),
    { key: 'units', label: say('单位', 'Units'), children: <UnitTree /> },
    { key: 'contacts', label: say('专人', 'Contacts'), children: <ContactList /> },
  ];
  const chosen = tabs.find(({ key }) => key === params.get('tab'))?.key ?? tabs[0]?.key ?? '';
  return (
    <PageLayout title={say('单位与账号', 'Units and accounts')}>
      <Tabs activeKey={chosen} items={tabs} destroyOnHidden onChange={(tab) => setParams({ tab })} />
    </PageLayout>
  );
}

function AccountList() {
  const { say, name } = useLanguage();
  const { filters, change } = useFilters<QueryOf<'/accounts'>>();
  const options = useUnitOptions();
  const choicesOf = useChoices();
  const navigate = useNavigate();
  const { text, role, unit } = filters;
  const [acting, setActing] = useState<AccountAct | null>(null);
  const columns: TableColumnsType<AccountView> = [
    { title: say('用户名', 'Login'), dataIndex: 'login' },
    { title: say('姓名', 'Name'), dataIndex: 'name' },
    { title: say('角色', 'Role'), dataIndex: 'role', render: (held: Role) => name(ROLES[held]) },
    {
      title: say('单位', 'Unit'),
      render: (_, { unitCode, unitName }) =>
        unitCode === null ? <span className="quiet">{say('全部单位', 'all units')}</span> : (unitName ?? unitCode),
    },
    {
      title: say('登录方式', 'Signs in by'),
      render: (_, { external }) => (external ? say('统一身份认证', 'identity provider') : say('密码', 'password')),
    },
    { title: say('状态', 'State'), render: (_, account) => <AccountState account={account} /> },
    { title: say('创建', 'Made'), dataIndex: 'createdAt', render: (at: string) => <Moment at={at} /> },
    {
      title: say('操作', 'Actions'),
      render: (_, account) => (
        <Dropdown
          trigger={['click']}
          menu={{
            items: [
              { key: 'change', label: say('修改', 'Change') },
              { key: 'credentials', label: say('登录与令牌', 'Sessions and tokens') },
              {
                key: 'reset',
                label: account.external ? say('重新绑定', 'Forget who it is') : say('重置密码', 'Reset the password'),
              },
              account.disabledAt === null
                ? { key: 'disable', label: say('停用', 'Disable'), danger: true }
                : { key: 'enable', label: say('启用', 'Enable') },
            ],
            onClick: ({ key }) =>
              key === 'credentials'
                ? void navigate(`/accounts/${account.id}`)
                : setActing({ does: key as 'change', account }),
          }}
        >
          <Button size="small" aria-label={say(`操作 ${account.login}`, `Actions of ${account.login}`)}>
            {say('操作', 'Actions')}
          </Button>
        </Dropdown>
      ),
    },
  ];
  return (
    <Section
      title={say('账号', 'Accounts')}
      extra={
        <Button type="primary" onClick={() => setActing({ does: 'add' })}>
          {say('新增账号', 'New account')}
        </Button>
      }
    >
      <div className="filters" role="search">
        <TextFilter
          label={say('用户名或姓名', 'Login or name')}
          value={text}
          onChange={(value) => change({ text: value })}
        />
        <ChoiceFilter
          label={say('角色', 'Role')}
          value={role}
          options={choicesOf(ROLES)}
          onChange={(value) => change({ role: value })}
          width={150}
        />
        <ChoiceFilter
          label={say('单位', 'Unit')}
          value={unit}
          options={options}
          onChange={(value) => change({ unit: value })}
          width={320}
        />
      </div>
      <List
        path="/accounts"
        query={{ text, role, unit }}
        columns={columns}
        rowKey="id"
        label={say('账号', 'Accounts')}
        empty={say('没有符合条件的账号', 'There is no such account')}
      />
      <AccountForm acting={acting} close={() => setActing(null)} />
    </Section>
  );
}

function AccountState({ account: { disabledAt, lockedUntil, mustChange } }: { account: AccountView }) {
  const { say } = useLanguage();
  const [now] = useState(() => Date.now());
  if (disabledAt !== null) return <Mark tone="off">{say('已停用', 'disabled')}</Mark>;
  if (lockedUntil !== null && Date.parse(lockedUntil) > now)
    return (
      <Mark tone="bad">{say(`锁定至 ${moment(lockedUntil).slice(11)}`, `locked until ${moment(lockedUntil)}`)}</Mark>
    );
  if (mustChange) return <Mark tone="warn">{say('待首次改密', 'first password')}</Mark>;
  return <Mark tone="good">{say('正常', 'in use')}</Mark>;
}
