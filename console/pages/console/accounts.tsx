import { Button, Dropdown, Table, Tabs, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { ROLES, UNIT_ROLES, type Role } from '../../../domain/access.ts';
import { CONTACT_ROLES, type ContactRole } from '../../../domain/ledger/contact.ts';
import type { AccountView, ContactView, UnitView } from '../../../server/api/console/accounts.ts';
import type { MethodsView } from '../../../server/api/console/oidc.ts';
import { send, useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { ChoiceFilter, TextFilter } from '../../parts/filters.tsx';
import { ActionForm, type ActionField } from '../../parts/action-form.tsx';
import { List, useFilters } from '../../parts/list.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Secret } from '../../parts/secret.tsx';
import { Failure } from '../../parts/states.tsx';
import { Moment, moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';

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

/** Units to choose from. */
function useUnits(): { units: UnitView[]; options: { value: string; label: string }[] } {
  const { data } = useGet<{ items: UnitView[] }>('/units');
  const units = data?.items ?? [];
  return { units, options: units.map(({ code, name }) => ({ value: code, label: `${name} ${code}` })) };
}

type AccountAct = { does: 'add' } | { does: 'change' | 'disable' | 'enable' | 'reset'; account: AccountView };

function AccountList() {
  const { say, name } = useLanguage();
  const { filters, change } = useFilters();
  const { options } = useUnits();
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
              {
                key: 'reset',
                label: account.external ? say('重新绑定', 'Forget who it is') : say('重置密码', 'Reset the password'),
              },
              account.disabledAt === null
                ? { key: 'disable', label: say('停用', 'Disable'), danger: true }
                : { key: 'enable', label: say('启用', 'Enable') },
            ],
            onClick: ({ key }) => setActing({ does: key as 'change', account }),
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
          options={Object.entries(ROLES).map(([value, pair]) => ({ value, label: name(pair) }))}
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
      <List<AccountView>
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

/** Adds and changes accounts; a first password is shown once. */
function AccountForm({ acting, close }: { acting: AccountAct | null; close: () => void }) {
  const { say, name } = useLanguage();
  const { options } = useUnits();
  const { data: methods } = useGet<MethodsView>('/session/methods');
  const [made, setMade] = useState<string | null>(null);
  const account = acting !== null && acting.does !== 'add' ? acting.account : null;
  const does = acting?.does ?? 'add';
  const choice: ActionField[] = [
    {
      name: 'name',
      label: say('姓名', 'Name'),
      required: true,
      initial: account?.name,
      hint: say('办理记录中显示', 'As it stands in the record of what they do'),
    },
    {
      name: 'role',
      label: say('角色', 'Role'),
      kind: 'choice',
      required: true,
      initial: account?.role,
      options: Object.entries(ROLES).map(([value, pair]) => ({ value, label: name(pair) })),
    },
    {
      name: 'unitCode',
      label: say('单位', 'Unit'),
      kind: 'choice',
      options,
      initial: account?.unitCode ?? undefined,
      hint: say(
        `${UNIT_ROLES.map((role) => ROLES[role].zh).join('、')}必选；选定后只能看到该单位及其下级，不选则看到全部`,
        `They see it and those below it; without one, all. Needed for: ${UNIT_ROLES.map((role) => ROLES[role].en).join(', ')}`,
      ),
    },
  ];
  const external: ActionField = {
    name: 'external',
    label: say(`通过${methods?.oidc?.label ?? ''}登录，不设密码`, 'Signs in through the identity provider'),
    kind: 'yes',
    initial: false,
  };
  const login: ActionField = {
    name: 'login',
    label: say('用户名', 'Login'),
    required: true,
    hint: say('小写字母、数字和 . _ @ -；不能再改', 'a-z 0-9 . _ @ -; it stays'),
  };
  const titles = {
    add: say('新增账号', 'New account'),
    change: say(`修改账号 ${account?.login ?? ''}`, `Change ${account?.login ?? ''}`),
    disable: say(`停用账号 ${account?.login ?? ''}`, `Disable ${account?.login ?? ''}`),
    enable: say(`启用账号 ${account?.login ?? ''}`, `Enable ${account?.login ?? ''}`),
    reset: account?.external
      ? say(`重新绑定 ${account.login}`, `Forget who ${account.login} is`)
      : say(`重置密码 ${account?.login ?? ''}`, `Reset the password of ${account?.login ?? ''}`),
  };
  const notes = {
    add: undefined,
    change: say('修改后该账号须重新登录。', 'They have to sign in again.'),
    disable: say('停用后立即退出，其 API 令牌同时失效。', 'Its sessions and API tokens end at once.'),
    enable: undefined,
    reset: account?.external
      ? say('下次以此用户名登录的人将绑定到该账号。', 'Whoever signs in under this login next is bound to it.')
      : say('生成新的初始密码，现有登录立即失效。', 'A new first password; its sessions end at once.'),
  };
  return (
    <>
      <ActionForm
        key={`${does} ${account?.id ?? ''}`}
        open={acting !== null}
        close={close}
        title={titles[does]}
        note={notes[does]}
        fields={
          does === 'add' ? [login, ...choice, ...(methods?.oidc ? [external] : [])] : does === 'change' ? choice : []
        }
        submit={(given) =>
          account === null
            ? send('POST', '/accounts', given)
            : does === 'change'
              ? send('PUT', `/accounts/${account.id}`, given, account.version)
              : send('POST', `/accounts/${account.id}/${does}`, undefined, account.version)
        }
        done={(answer) => setMade((answer as { password?: string | null } | null)?.password ?? null)}
      />
      <Secret title={say('初始密码', 'First password')} secret={made} close={() => setMade(null)} />
    </>
  );
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

function UnitTree() {
  const { say } = useLanguage();
  const { may } = useSession();
  const { data, error, refetch } = useGet<{ items: UnitView[] }>('/units');
  const { options } = useUnits();
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
  const unit = editing === 'new' ? null : editing;
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
      <ActionForm
        key={unit?.code ?? 'new'}
        open={editing !== null}
        close={() => setEditing(null)}
        title={unit ? say(`修改单位 ${unit.name}`, `Change ${unit.name}`) : say('新增单位', 'New unit')}
        fields={[
          ...(unit ? [] : [{ name: 'code', label: say('统一社会信用代码', 'Code (18 characters)'), required: true }]),
          { name: 'name', label: say('名称', 'Name'), required: true, initial: unit?.name },
          {
            name: 'parentCode',
            label: say('上级单位', 'Below'),
            kind: 'choice',
            options: options.filter(({ value }) => value !== unit?.code),
            initial: unit?.parentCode ?? undefined,
            hint: say('区县单位的上级为市级单位', 'Units of districts are below that of the city'),
          },
        ]}
        submit={(given) =>
          unit ? send('PUT', `/units/${unit.code}`, given, unit.version) : send('POST', '/units', given)
        }
      />
    </Section>
  );
}

function ContactList() {
  const { say, name } = useLanguage();
  const { may } = useSession();
  const { data, error, refetch } = useGet<{ items: ContactView[] }>('/contacts');
  const { options } = useUnits();
  const [filing, setFiling] = useState<string | null>(null);
  const [ending, setEnding] = useState<ContactView | null>(null);
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  const columns: TableColumnsType<ContactView> = [
    { title: say('单位', 'Unit'), dataIndex: 'unitName' },
    {
      title: say('角色', 'Role'),
      dataIndex: 'role',
      render: (role: ContactRole | null) =>
        role === null ? <Mark tone="bad">{say('未备案', 'nobody')}</Mark> : name(CONTACT_ROLES[role]),
    },
    { title: say('姓名', 'Person'), dataIndex: 'person' },
    { title: say('邮箱', 'E-mail'), dataIndex: 'email' },
    { title: say('手机', 'Phone'), dataIndex: 'phone' },
    { title: say('接口地址', 'Webhook'), dataIndex: 'webhook' },
    { title: say('备案', 'Filed'), dataIndex: 'filedAt', render: (at: string | null) => <Moment at={at} /> },
    { title: say('备案人', 'By'), dataIndex: 'filedBy' },
    ...(may('contacts:file')
      ? [
          {
            title: say('操作', 'Actions'),
            render: (_: unknown, contact: ContactView) =>
              contact.id === null ? (
                <Button size="small" type="primary" onClick={() => setFiling(contact.unitCode)}>
                  {say('备案', 'File')}
                </Button>
              ) : (
                <Button size="small" onClick={() => setEnding(contact)}>
                  {say('离任', 'End')}
                </Button>
              ),
          },
        ]
      : []),
  ];
  return (
    <Section
      title={say('专人备案', 'Contacts on file')}
      extra={
        may('contacts:file') && (
          <Button type="primary" onClick={() => setFiling('')}>
            {say('新增备案', 'File a contact')}
          </Button>
        )
      }
    >
      <p className="quiet">
        {say(
          '催办发给专人，升级的提醒同时发给负责人。没有专人的单位须在时限内备案。',
          'Reminders go to the daily contact, escalations to the leader too. A unit without a contact owes one.',
        )}
      </p>
      <Table<ContactView>
        aria-label={say('专人', 'Contacts')}
        size="middle"
        rowKey={({ id, unitCode }) => id ?? unitCode}
        columns={columns}
        dataSource={data?.items ?? []}
        loading={!data}
        pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
        scroll={{ x: 'max-content' }}
        locale={{ emptyText: say('还没有单位', 'There is no unit yet') }}
      />
      <ActionForm
        key={`file ${filing ?? ''}`}
        open={filing !== null}
        close={() => setFiling(null)}
        title={say('专人备案', 'File a contact')}
        note={say('邮箱、手机、接口地址至少填一项。', 'At least one of e-mail, phone and webhook.')}
        fields={[
          {
            name: 'unitCode',
            label: say('单位', 'Unit'),
            kind: 'choice',
            required: true,
            options,
            initial: filing === '' ? (options.length === 1 ? options[0]?.value : undefined) : filing,
          },
          {
            name: 'role',
            label: say('角色', 'Role'),
            kind: 'choice',
            required: true,
            initial: 'operator',
            options: Object.entries(CONTACT_ROLES).map(([value, pair]) => ({ value, label: name(pair) })),
          },
          { name: 'person', label: say('姓名', 'Person'), required: true },
          { name: 'email', label: say('邮箱', 'E-mail') },
          { name: 'phone', label: say('手机', 'Phone') },
          {
            name: 'webhook',
            label: say('接口地址', 'Webhook'),
            hint: say('单位自己系统接收提醒的地址', 'Address of the unit’s own system that takes reminders'),
          },
        ]}
        submit={(given) => send('POST', '/contacts', given)}
      />
      <ActionForm
        open={ending !== null}
        close={() => setEnding(null)}
        title={say(`${ending?.person ?? ''} 不再担任`, `${ending?.person ?? ''} is no contact any more`)}
        note={say('没有其他专人时，该单位须重新备案。', 'With nobody else on file, the unit owes a new one.')}
        fields={[]}
        submit={() => send('POST', `/contacts/${ending?.id ?? 0}/end`)}
      />
    </Section>
  );
}
