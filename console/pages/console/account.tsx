import { useParams } from 'react-router';
import { ROLES } from '../../../domain/access.ts';
import { send, useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Waiting } from '../../parts/states.tsx';
import { Logins, Tokens } from './credentials.tsx';

/** How somebody else comes in: their sessions and API tokens, which an administrator can end. */
export default function AccountPage() {
  const { say, name } = useLanguage();
  const { id = '' } = useParams();
  const { data, error, refetch } = useGet('/accounts/:id', { params: { id } });
  const logins = useGet('/accounts/:id/logins', { params: { id } });
  const tokens = useGet('/accounts/:id/tokens', { params: { id } });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <PageLayout
      title={say(`账号 ${data.login}`, `Account ${data.login}`)}
      note={`${data.name} · ${name(ROLES[data.role])} · ${data.unitName ?? say('全部单位', 'all units')}`}
    >
      <Section title={say('登录', 'Sessions')}>
        <Logins
          answer={logins}
          end={(login) => send('DELETE', '/accounts/:id/logins/:login', { params: { id, login } })}
        />
      </Section>
      <Section title={say('API 令牌', 'API tokens')}>
        <Tokens
          answer={tokens}
          end={(token) => send('DELETE', '/accounts/:id/tokens/:token', { params: { id, token } })}
        />
      </Section>
    </PageLayout>
  );
}
