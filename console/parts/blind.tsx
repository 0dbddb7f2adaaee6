import { Alert } from 'antd';
import { useLanguage } from '../language.tsx';

/** Above everything else where the watchdog could not look: what is shown below can be short of what there is. */
export function Blind() {
  const { say } = useLanguage();
  return (
    <Alert
      className="late-bar"
      type="error"
      showIcon
      title={say('看门狗查看受阻，告警可能不全', 'The watchdog could not look: alerts can be missing')}
      description={say('原因见“运行”页和服务日志。', 'Why is on the page Operation and in the log of the server.')}
    />
  );
}
