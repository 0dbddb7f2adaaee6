import { useState } from 'react';
import { ROLES, UNIT_ROLES } from '../../../domain/access.ts';
import type { AccountView } from '../../../server/api/console/accounts.ts';
import { send, useGet, type BodyOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { BodyForm, type FieldOf } from '../../parts/forms/body-form.tsx';
import { useChoices } from '../../parts/filters.tsx';
import { Secret } from '../../parts/secret.tsx';
import { useUnitOptions } from './units.tsx';

/** What is being done with accounts. */
export type AccountAct = { does: 'add' } | { does: 'change' | 'disable' | 'enable' | 'reset'; account: AccountView };
type Changed = BodyOf<'PUT', '/accounts/:id'>;
type Added = BodyOf<'POST', '/accounts'>;

/** Adds and changes accounts; a first password is shown once. */
export function AccountForm({ acting, close }: { acting: AccountAct | null; close: () => void }) {
  const { say } = useLanguage();
  const [made, setMade] = useState<string | null>(null);
  return (
    <>
      {acting?.does === 'add' && <Add close={close} done={({ password }) => setMade(password)} />}
      {acting?.does === 'change' && <Change account={acting.account} close={close} />}
      {acting?.does === 'reset' && (
        <Reset account={acting.account} close={close} done={({ password }) => setMade(password)} />
      )}
      {(acting?.does === 'disable' || acting?.does === 'enable') && (
        <Switch account={acting.account} to={acting.does} close={close} />
      )}
      <Secret title={say('初始密码', 'First password')} secret={made} close={() => setMade(null)} />
    </>
  );
}

/** What adding and changing ask for alike. */
function useFields(account?: AccountView): FieldOf<Changed>[] {
  const { say } = useLanguage();
  const choicesOf = useChoices();
  const options = useUnitOptions();
  return [
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
      options: choicesOf(ROLES),
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
}

interface Made {
  close: () => void;
  done: (made: { password: string | null }) => void;
}

function Add({ close, done }: Made) {
  const { say } = useLanguage();
  const fields = useFields();
  const { data: methods } = useGet('/session/methods');
  return (
    <BodyForm
      open
      close={close}
      title={say('新增账号', 'New account')}
      fields={[
        {
          name: 'login',
          label: say('用户名', 'Login'),
          required: true,
          hint: say('小写字母、数字和 . _ @ -；不能再改', 'a-z 0-9 . _ @ -; it stays'),
        },
        ...fields,
        ...(methods?.oidc
          ? [
              {
                name: 'external' as const,
                label: say(`通过${methods.oidc.label}登录，不设密码`, 'Signs in through the identity provider'),
                kind: 'yes' as const,
                initial: false,
              },
            ]
          : []),
      ]}
      submit={(body: Added) => send('POST', '/accounts', { body })}
      done={done}
    />
  );
}

function Change({ account, close }: { account: AccountView; close: () => void }) {
  const { say } = useLanguage();
  const { id, login, version } = account;
  return (
    <BodyForm
      open
      close={close}
      title={say(`修改账号 ${login}`, `Change ${login}`)}
      note={say('修改后该账号须重新登录。', 'They have to sign in again.')}
      fields={useFields(account)}
      submit={(body: Changed) => send('PUT', '/accounts/:id', { params: { id }, body, version })}
    />
  );
}

function Reset({ account: { id, login, external, version }, close, done }: Made & { account: AccountView }) {
  const { say } = useLanguage();
  return (
    <BodyForm
      open
      close={close}
      title={
        external
          ? say(`重新绑定 ${login}`, `Forget who ${login} is`)
          : say(`重置密码 ${login}`, `Reset the password of ${login}`)
      }
      note={
        external
          ? say('下次以此用户名登录的人将绑定到该账号。', 'Whoever signs in under this login next is bound to it.')
          : say('生成新的初始密码，现有登录立即失效。', 'A new first password; its sessions end at once.')
      }
      fields={[]}
      submit={() => send('POST', '/accounts/:id/reset', { params: { id }, version })}
      done={done}
    />
  );
}

/** Disables an account, or enables it again. */
function Switch({
  account: { id, login, version },
  to,
  close,
}: {
  account: AccountView;
  to: 'disable' | 'enable';
  close: () => void;
}) {
  const { say } = useLanguage();
  return (
    <BodyForm
      open
      close={close}
      title={
        to === 'disable' ? say(`停用账号 ${login}`, `Disable ${login}`) : say(`启用账号 ${login}`, `Enable ${login}`)
      }
      note={
        to === 'disable'
          ? say('停用后立即退出，其 API 令牌同时失效。', 'Its sessions and API tokens end at once.')
          : undefined
      }
      fields={[]}
      submit={() => send('POST', `/accounts/:id/${to}`, { params: { id }, version })}
    />
  );
}
