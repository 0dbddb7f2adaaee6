import { Alert, App, Checkbox, Form, Input, InputNumber, Modal, Select } from 'antd';
import type { ReactNode } from 'react';
import { useSend } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { FileInput, TimeInput } from './inputs.tsx';

/** One field of an action. */
export interface ActionField {
  name: string;
  label: string;
  required?: boolean;
  multiline?: boolean;
  /** time: an instant of Shanghai; file: its name and its bytes as base64. */
  kind?: 'text' | 'number' | 'choice' | 'choices' | 'yes' | 'password' | 'time' | 'file';
  options?: readonly { value: string; label: string }[];
  initial?: unknown;
  /** Of a file, in bytes. */
  largest?: number;
  hint?: string;
}

interface ActionFormProps {
  open: boolean;
  close: () => void;
  title: string;
  note?: ReactNode;
  fields: readonly ActionField[];
  submit: (given: Record<string, unknown>) => Promise<unknown>;
  /** What the button says (default: confirm). */
  button?: string;
  done?: (answer: unknown) => void;
}

/** Asks for what an action needs and does it; what is refused is said beside its field. */
export function ActionForm({ open, close, title, note, fields, submit, button, done }: ActionFormProps) {
  const { say } = useLanguage();
  const { message } = App.useApp();
  const [form] = Form.useForm<Record<string, unknown>>();
  const action = useSend(submit);
  const known = new Set(fields.map(({ name }) => name));
  const beside = action.error?.fields.filter(({ path }) => known.has(path)) ?? [];
  const shut = () => {
    action.reset();
    close();
  };
  return (
    <Modal
      open={open}
      title={title}
      onCancel={shut}
      okText={button ?? say('确定', 'Confirm')}
      confirmLoading={action.isPending}
      onOk={() => form.submit()}
      destroyOnHidden
    >
      {note !== undefined && <p className="quiet">{note}</p>}
      {action.error && beside.length === 0 && (
        <Alert
          className="form-fault"
          role="alert"
          type="error"
          showIcon
          title={action.error.message}
          description={[action.error.cure, ...action.error.fields.map(({ path, message: said }) => `${path}: ${said}`)]
            .filter(Boolean)
            .join('; ')}
        />
      )}
      <Form
        form={form}
        layout="vertical"
        initialValues={Object.fromEntries(fields.map(({ name, initial }) => [name, initial]))}
        preserve={false}
        onFinish={(given) => {
          const filled = Object.fromEntries(
            Object.entries(given).filter(([, value]) => value !== undefined && value !== ''),
          );
          action.mutate(filled, {
            onSuccess: (answer) => {
              void message.success(say('已完成', 'Done'));
              shut();
              done?.(answer);
            },
            onError: (problem) =>
              form.setFields(
                fields.map(({ name }) => ({
                  name,
                  errors: problem.fields.filter(({ path }) => path === name).map(({ message: said }) => said),
                })),
              ),
          });
        }}
      >
        {fields.map((field) => (
          <Form.Item
            key={field.name}
            name={field.name}
            label={field.kind === 'yes' ? undefined : field.label}
            extra={field.hint}
            valuePropName={field.kind === 'yes' ? 'checked' : 'value'}
            rules={[
              { required: field.required ?? false, message: say(`请填写${field.label}`, `${field.label} is needed`) },
            ]}
          >
            {input(field)}
          </Form.Item>
        ))}
      </Form>
    </Modal>
  );
}

function input({ kind = 'text', multiline, options, label, required, largest }: ActionField): ReactNode {
  if (kind === 'number') return <InputNumber min={1} style={{ width: '100%' }} />;
  if (kind === 'choice' || kind === 'choices')
    return (
      <Select
        options={[...(options ?? [])]}
        showSearch={{ optionFilterProp: 'label' }}
        allowClear={!required}
        {...(kind === 'choices' && { mode: 'multiple' as const })}
      />
    );
  if (kind === 'time') return <TimeInput />;
  if (kind === 'file') return <FileInput largest={largest ?? Infinity} />;
  if (kind === 'yes') return <Checkbox>{label}</Checkbox>;
  if (kind === 'password') return <Input.Password autoComplete="new-password" />;
  return multiline ? <Input.TextArea rows={4} /> : <Input />;
}
