import { Alert, Button, Divider, Form, Input } from 'antd';
import type { ReactNode } from 'react';
import { useMutation } from '@tanstack/react-query';
import type { MethodsView, OidcFault } from '../../../server/api/console/oidc.ts';
import { addressOf, send, useGet, type BodyOf, type RequestFailed } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { LanguageSwitch } from '../../parts/language-switch.tsx';

function Door({ title, children }: { title: string; children: ReactNode }) {
  const { say } = useLanguage();
  return (
    <main className="door">
      <div className="door-card">
        <h1 className="door-title">{say('电子证照枢纽', 'Certificate hub')}</h1>
        <p className="quiet">{title}</p>
        {children}
        <LanguageSwitch />
      </div>
    </main>
  );
}

/** Why the identity provider sent somebody back who is not signed in. */
function OidcProblem({ fault, methods }: { fault: OidcFault; methods: MethodsView | undefined }) {
  const { say } = useLanguage();
  const way = methods?.oidc?.label ?? say('统一身份认证', 'The identity provider');
  const ask = methods?.askFor ?? say('管理单位', 'the management unit');
  const [title, cure] = {
    away: [
      say(`${way}暂时无法连接`, `${way} cannot be reached`),
      say('请稍后再试；有本地账号的可用密码登录', 'Try again later, or sign in with a password if you have one'),
    ],
    refused: [
      say(`${way}登录未完成`, `The sign-in at ${way} was not finished`),
      say('可能已取消或超时，请重新登录', 'It was cancelled or took too long; sign in again'),
    ],
    unknown: [
      say('你在本系统没有账号', 'There is no account for you here'),
      say(`请联系${ask}的系统管理员开通`, `Ask an administrator of ${ask} for one`),
    ],
  }[fault];
  return (
    <Alert type={fault === 'refused' ? 'warning' : 'error'} showIcon title={title} description={cure} role="alert" />
  );
}

const FAULTS: readonly OidcFault[] = ['away', 'refused', 'unknown'];

export function SignIn({ done }: { done: () => void }) {
  const { say } = useLanguage();
  const { data: methods } = useGet('/session/methods');
  const sentBack = new URLSearchParams(location.search).get('sign-in');
  const fault = FAULTS.find((one) => one === sentBack);
  const signIn = useMutation<unknown, RequestFailed, BodyOf<'POST', '/session'>>({
    mutationFn: (body) => send('POST', '/session', { body }),
  });
  return (
    <Door title={say('请登录', 'Sign in')}>
      {fault !== undefined && !signIn.error && <OidcProblem fault={fault} methods={methods} />}
      {methods?.oidc && (
        <>
          <Button type="primary" block href={addressOf('/session/oidc')}>
            {say(`通过${methods.oidc.label}登录`, `Sign in with ${methods.oidc.label}`)}
          </Button>
          <Divider plain>{say('或使用本地账号', 'or with a password')}</Divider>
        </>
      )}
      <Form
        layout="vertical"
        requiredMark={false}
        onFinish={(given: BodyOf<'POST', '/session'>) => signIn.mutate(given, { onSuccess: done })}
      >
        {signIn.error && (
          <Alert type="error" showIcon title={signIn.error.message} description={signIn.error.cure} role="alert" />
        )}
        <Form.Item
          name="login"
          label={say('用户名', 'Login')}
          rules={[{ required: true, message: say('请填写用户名', 'Your login') }]}
        >
          <Input autoComplete="username" autoFocus />
        </Form.Item>
        <Form.Item
          name="password"
          label={say('密码', 'Password')}
          rules={[{ required: true, message: say('请填写密码', 'Your password') }]}
        >
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        <Button type={methods?.oidc ? 'default' : 'primary'} htmlType="submit" block loading={signIn.isPending}>
          {say('登录', 'Sign in')}
        </Button>
      </Form>
    </Door>
  );
}

type Passwords = BodyOf<'POST', '/session/password'> & { again: string };

/** At the first sign-in, and whenever an administrator has set a password. */
export function ChangePassword({ done }: { done: () => void }) {
  const { say } = useLanguage();
  const change = useMutation<unknown, RequestFailed, Passwords>({
    mutationFn: ({ password, newPassword }) => send('POST', '/session/password', { body: { password, newPassword } }),
  });
  const short = say('至少 12 个字符', 'At least 12 characters');
  return (
    <Door title={say('首次登录，请设置新密码', 'Choose a new password')}>
      <Form
        layout="vertical"
        requiredMark={false}
        onFinish={(given: Passwords) => change.mutate(given, { onSuccess: done })}
      >
        {change.error && (
          <Alert type="error" showIcon title={change.error.message} description={change.error.cure} role="alert" />
        )}
        <Form.Item name="password" label={say('当前密码', 'Current password')} rules={[{ required: true }]}>
          <Input.Password autoComplete="current-password" autoFocus />
        </Form.Item>
        <Form.Item
          name="newPassword"
          label={say('新密码', 'New password')}
          extra={short}
          rules={[{ required: true }, { min: 12, message: short }]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Form.Item
          name="again"
          label={say('再输一次新密码', 'The new password again')}
          dependencies={['newPassword']}
          rules={[
            { required: true },
            ({ getFieldValue }) => ({
              validator: (_rule, value) =>
                value === getFieldValue('newPassword')
                  ? Promise.resolve()
                  : Promise.reject(new Error(say('两次输入不一致', 'The two are not the same'))),
            }),
          ]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Button type="primary" htmlType="submit" block loading={change.isPending}>
          {say('修改密码', 'Change the password')}
        </Button>
      </Form>
    </Door>
  );
}
