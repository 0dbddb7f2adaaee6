import { Button, Descriptions } from 'antd';
import { useState } from 'react';
import { PERMISSION_NAMES, ROLES } from '../../../domain/access.ts';
import { RequestFailed, send, useGet, type BodyOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { BodyForm } from '../../parts/forms/body-form.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Secret } from '../../parts/secret.tsx';
import { useSession } from '../../session.tsx';
import { Logins, Tokens } from './credentials.tsx';

/** One’s own account: password, sessions and API tokens. */
export default function Me() {
  const { say, name } = useLanguage();
  const session = useSession();
  const [changing, setChanging] = useState(false);
  return (
    <PageLayout
      title={say('我的账号', 'My account')}
      actions={
        !session.external && <Button onClick={() => setChanging(true)}>{say('修改密码', 'Change the password')}</Button>
      }
    >
      <Section title={say('账号', 'Account')}>
        <Descriptions
          column={{ xs: 1, md: 2 }}
          size="small"
          items={[
            { key: 'login', label: say('用户名', 'Login'), children: session.login },
            { key: 'name', label: say('姓名', 'Name'), children: session.name },
            { key: 'role', label: say('角色', 'Role'), children: name(ROLES[session.role]) },
            { key: 'unit', label: say('单位', 'Unit'), children: session.unitName ?? say('全部单位', 'all units') },
            {
              key: 'way',
              label: say('登录方式', 'Signs in by'),
              children: session.external ? say('统一身份认证', 'identity provider') : say('密码', 'password'),
            },
          ]}
        />
      </Section>
      <OwnLogins />
      <OwnTokens />
      <BodyForm
        open={changing}
        close={() => setChanging(false)}
        title={say('修改密码', 'Change the password')}
        note={say('修改后，其他设备上的登录将失效。', 'Ends your sessions elsewhere.')}
        fields={[
          { name: 'password', label: say('当前密码', 'Current password'), kind: 'password', required: true },
          {
            name: 'newPassword',
            label: say('新密码', 'New password'),
            kind: 'password',
            required: true,
            hint: say('至少 12 个字符', 'At least 12 characters'),
          },
          { name: 'again', label: say('再输一次新密码', 'The new password again'), kind: 'password', required: true },
        ]}
        submit={async ({ again, ...body }: BodyOf<'POST', '/session/password'> & { again: string }) => {
          if (again === body.newPassword) return send('POST', '/session/password', { body });
          const message = say('两次输入不一致', 'The two are not the same');
          throw new RequestFailed({ status: 400, code: 'again', title: message, fields: [{ path: 'again', message }] });
        }}
      />
    </PageLayout>
  );
}

function OwnLogins() {
  const { say } = useLanguage();
  const answer = useGet('/logins');
  return (
    <Section title={say('登录', 'Sessions')}>
      <Logins answer={answer} end={(id) => send('DELETE', '/logins/:id', { params: { id } })} />
    </Section>
  );
}

function OwnTokens() {
  const { say, name } = useLanguage();
  const { permissions } = useSession();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const answer = useGet('/tokens');
  return (
    <Section
      title={say('API 令牌', 'API tokens')}
      extra={<Button onClick={() => setMaking(true)}>{say('新建令牌', 'New token')}</Button>}
    >
      <p className="quiet">
        {say(
          '供程序访问 /api/v1 使用：Authorization: Bearer <令牌>。令牌只有所选权限，且看到的数据范围与本人相同。',
          'For programs that use /api/v1: Authorization: Bearer <token>. A token has the chosen permissions only, and sees what you see.',
        )}
      </p>
      <Tokens answer={answer} end={(id) => send('DELETE', '/tokens/:id', { params: { id } })} />
      <BodyForm
        open={making}
        close={() => setMaking(false)}
        title={say('新建 API 令牌', 'New API token')}
        fields={[
          {
            name: 'label',
            label: say('名称', 'Label'),
            required: true,
            hint: say('写明用途，如「月度统计报表」', 'What it is for, as “monthly report”'),
          },
          {
            name: 'scopes',
            label: say('权限范围', 'Scopes'),
            kind: 'choices',
            required: true,
            options: permissions.map((value) => ({ value, label: name(PERMISSION_NAMES[value]) })),
          },
          {
            name: 'days',
            label: say('有效天数', 'Days'),
            kind: 'number',
            required: true,
            initial: 90,
            hint: say('最长 366 天', 'At most 366'),
          },
        ]}
        submit={(body: BodyOf<'POST', '/tokens'>) => send('POST', '/tokens', { body })}
        done={({ token }) => setMade(token)}
      />
      <Secret title={say('新的 API 令牌', 'The new API token')} secret={made} close={() => setMade(null)} />
    </Section>
  );
}
