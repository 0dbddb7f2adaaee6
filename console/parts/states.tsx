import { Alert, App, Button, Empty, Spin } from 'antd';
import type { ReactNode } from 'react';
import type { RequestFailed } from '../api.ts';
import { useLanguage } from '../language.tsx';

export function Waiting() {
  const { say } = useLanguage();
  return (
    <div className="waiting" role="status" aria-label={say('正在加载', 'Loading')}>
      <Spin />
    </div>
  );
}

/** What went wrong, how to mend it, and a way to try again. */
export function Failure({ problem, retry }: { problem: RequestFailed; retry?: () => void }) {
  const { say } = useLanguage();
  return (
    <Alert
      role="alert"
      showIcon
      type={problem.status === 404 ? 'info' : 'warning'}
      title={problem.message}
      description={problem.cure}
      action={
        retry && (
          <Button onClick={retry} type="primary">
            {say('重试', 'Try again')}
          </Button>
        )
      }
    />
  );
}

/** Says in passing what went wrong, and how to mend it. */
export function useFailed(): (problem: RequestFailed) => void {
  const { message } = App.useApp();
  return (problem) => void message.error([problem.message, problem.cure].filter(Boolean).join(' — '));
}

export const Nothing = ({ children }: { children: ReactNode }) => (
  <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={children} />
);
