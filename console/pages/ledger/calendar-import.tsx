import { Button, Form, Input, Modal, Space, Table, Upload } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { DAY_MS } from '../../../domain/dates.ts';
import type { CalendarPreview } from '../../../server/api/ledger/law.ts';
import { send, useSend } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { DueTime } from '../../parts/time.tsx';

/** Asks for a table, shows what it would move, and puts it in force once that was seen. */
export function ImportCalendar({ close, done }: { close: () => void; done: (table: CalendarPreview) => void }) {
  const { say } = useLanguage();
  const [text, setText] = useState('');
  const preview = useSend((given: string) => send('POST', '/calendar/preview', { body: { text: given } }));
  const confirm = useSend((seen: CalendarPreview) =>
    send('POST', '/calendar/import', { body: { text, held: seen.held } }),
  );
  const seen = preview.data;
  const fault = confirm.error ?? preview.error;
  return (
    <Modal
      open
      width={920}
      title={say('导入日历', 'Import a table of working days')}
      onCancel={close}
      footer={
        <Space>
          <Button onClick={close}>{say('取消', 'Cancel')}</Button>
          {seen ? (
            <Button
              type="primary"
              loading={confirm.isPending}
              onClick={() => confirm.mutate(seen, { onSuccess: () => done(seen) })}
            >
              {say(
                `确认启用 ${seen.year} 年版本 ${seen.version}`,
                `Put ${seen.year}, version ${seen.version}, in force`,
              )}
            </Button>
          ) : (
            <Button
              type="primary"
              disabled={text.trim() === ''}
              loading={preview.isPending}
              onClick={() => preview.mutate(text)}
            >
              {say('预览影响', 'See what moves')}
            </Button>
          )}
        </Space>
      }
    >
      <Form layout="vertical">
        <Form.Item
          label={say('日历表（YAML）', 'The table (YAML)')}
          extra={say(
            '内容同 config/calendars/年份.yaml：year、version、source、off（放假）、work（调休上班）',
            'As config/calendars/YEAR.yaml: year, version, source, off, work',
          )}
          {...(fault && {
            validateStatus: 'error',
            help: [fault.message, fault.cure, ...fault.fields.map(({ message }) => message)]
              .filter(Boolean)
              .map((line) => <div key={line}>{line}</div>),
          })}
        >
          <Input.TextArea
            rows={seen ? 4 : 12}
            value={text}
            spellCheck={false}
            aria-label={say('日历表（YAML）', 'The table (YAML)')}
            onChange={({ target }) => {
              setText(target.value);
              preview.reset();
              confirm.reset();
            }}
          />
        </Form.Item>
        <Upload
          accept=".yaml,.yml"
          showUploadList={false}
          beforeUpload={async (file) => {
            setText(await file.text());
            preview.reset();
            confirm.reset();
            return Upload.LIST_IGNORE;
          }}
        >
          <Button>{say('选择文件', 'Choose a file')}</Button>
        </Upload>
      </Form>
      {seen && <Moved preview={seen} />}
    </Modal>
  );
}

function Moved({ preview }: { preview: CalendarPreview }) {
  const { say } = useLanguage();
  const { held, year, version, moved, starting, ending, tasks } = preview;
  return (
    <div className="calendar-preview" role="status">
      <p>
        {held === null
          ? say(
              `${year} 年此前没有日历，将启用版本 ${version}。`,
              `${year} has no table yet; version ${version} comes.`,
            )
          : say(
              `${year} 年由版本 ${held} 换成 ${version}。`,
              `${year} changes from version ${held} to ${version}.`,
            )}{' '}
        <strong>
          {say(
            `移动 ${moved} 项未办结任务的到期时间；其中 ${starting} 项因此逾期，${ending} 项不再逾期。`,
            `${moved} running deadlines move; ${starting} become overdue by it, ${ending} no longer are.`,
          )}
        </strong>{' '}
        {say('已办结的不变。', 'Those that have ended stay.')}
      </p>
      {tasks.length > 0 && (
        <Table
          aria-label={say('移动的任务', 'Deadlines that move')}
          size="small"
          rowKey="id"
          dataSource={tasks}
          pagination={{ pageSize: 8, size: 'small', showSizeChanger: false }}
          columns={[
            {
              title: say('编号', 'No.'),
              dataIndex: 'id',
              render: (id: number) => <Link to={`/tasks/${id}`}>{id}</Link>,
            },
            { title: say('责任单位', 'Owner'), dataIndex: 'owner' },
            { title: say('规则', 'Rule'), dataIndex: 'rule' },
            { title: say('现到期', 'Due now'), dataIndex: 'from', render: (at: string | null) => <DueTime at={at} /> },
            { title: say('将到期', 'Due then'), dataIndex: 'to', render: (at: string | null) => <DueTime at={at} /> },
            {
              title: say('移动', 'Moves by'),
              render: (_, { from, to }) => (from === null || to === null ? '—' : <Shift from={from} to={to} />),
            },
          ]}
        />
      )}
      {moved > tasks.length && (
        <p className="quiet">{say(`只列出前 ${tasks.length} 项`, `The first ${tasks.length} are listed`)}</p>
      )}
    </div>
  );
}

function Shift({ from, to }: { from: string; to: string }) {
  const { say } = useLanguage();
  const days = Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
  return (
    <span>
      {days > 0 ? `+${days}` : `−${-days}`} {say('天', 'days')}
    </span>
  );
}
