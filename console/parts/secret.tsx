import { Alert, Modal, Typography } from 'antd';
import { useLanguage } from '../language.tsx';

/** Shows what is shown once. */
export function Secret({ title, secret, close }: { title: string; secret: string | null; close: () => void }) {
  const { say } = useLanguage();
  return (
    <Modal
      open={secret !== null}
      title={title}
      onCancel={close}
      onOk={close}
      okText={say('已保存', 'I have kept it')}
      footer={(_, { OkBtn }) => <OkBtn />}
      mask={{ closable: false }}
      destroyOnHidden
    >
      <Alert
        className="form-fault"
        type="warning"
        showIcon
        title={say('只显示这一次，关闭后无法再查看', 'It is shown this once')}
      />
      <Typography.Text code copyable className="secret">
        {secret ?? ''}
      </Typography.Text>
    </Modal>
  );
}
