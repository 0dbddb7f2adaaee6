import { Button, DatePicker, Upload } from 'antd';
import dayjs from 'dayjs';
import { useState } from 'react';
import { useLanguage } from '../../language.tsx';

/** What a form gives its inputs. */
interface Given<T> {
  id?: string;
  value?: T;
  onChange?: (value: T | undefined) => void;
}

/** An instant as people in Shanghai write it, wherever the browser is. */
export function TimeInput({ id, value, onChange }: Given<string>) {
  const { say } = useLanguage();
  return (
    <DatePicker
      {...(id !== undefined && { id })}
      showTime={{ format: 'HH:mm' }}
      // It would be the browser’s.
      showNow={false}
      format="YYYY-MM-DD HH:mm"
      style={{ width: '100%' }}
      placeholder={say('北京时间', 'Beijing time')}
      value={value === undefined ? null : dayjs(value.slice(0, 19))}
      onChange={(chosen: dayjs.Dayjs | null) =>
        onChange?.(chosen ? `${chosen.format('YYYY-MM-DDTHH:mm')}:00+08:00` : undefined)
      }
    />
  );
}

export interface GivenFile {
  name: string;
  /** Base64. */
  content: string;
}

/** A file of at most so many bytes. */
export function FileInput({ id, value, onChange, largest }: Given<GivenFile> & { largest: number }) {
  const { say } = useLanguage();
  const [refused, setRefused] = useState<string | null>(null);
  return (
    <>
      <Upload
        {...(id !== undefined && { id })}
        maxCount={1}
        fileList={value ? [{ uid: '1', name: value.name }] : []}
        onRemove={() => onChange?.(undefined)}
        beforeUpload={(file) => {
          setRefused(null);
          onChange?.(undefined);
          if (file.size > largest) {
            const most = Math.floor(largest / 1_000_000);
            setRefused(say(`文件不能超过 ${most} MB`, `At most ${most} MB`));
            return Upload.LIST_IGNORE;
          }
          const reader = new FileReader();
          reader.onload = () => {
            const address = typeof reader.result === 'string' ? reader.result : '';
            const content = address.slice(address.indexOf(',') + 1);
            onChange?.({ name: file.name, content });
          };
          reader.readAsDataURL(file);
          return false;
        }}
      >
        <Button>{say('选择文件', 'Choose a file')}</Button>
      </Upload>
      {refused !== null && (
        <div className="tone-bad" role="alert">
          {refused}
        </div>
      )}
    </>
  );
}
