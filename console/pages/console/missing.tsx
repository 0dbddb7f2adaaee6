import { Alert, Button } from 'antd';
import { Link, useRouteError } from 'react-router';
import { useLanguage } from '../../language.tsx';

export function Missing() {
  const { say } = useLanguage();
  return (
    <Alert
      showIcon
      type="info"
      title={say('没有这个页面', 'There is no such page')}
      action={<Link to="/">{say('回到总览', 'Back to the overview')}</Link>}
    />
  );
}

/** A page that could not be shown: its code could not be fetched, or it failed. */
export function PageFault() {
  const { say } = useLanguage();
  const error = useRouteError();
  return (
    <Alert
      role="alert"
      showIcon
      type="error"
      title={say('页面无法显示', 'The page cannot be shown')}
      description={error instanceof Error ? error.message : ''}
      action={
        <Button type="primary" onClick={() => location.reload()}>
          {say('重新加载', 'Load it again')}
        </Button>
      }
    />
  );
}
