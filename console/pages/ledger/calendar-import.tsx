import { Alert, Button, Checkbox, Form, Input, Modal, Space, Table, Upload } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { DAY_MS } from '../../../domain/dates.ts';
import { BASES, EVERY_BASIS } from '../../../domain/basis.ts';
import type { CalendarPreview } from '../../../server/api/ledger/law.ts';
import { send, useSend } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { DueTime, Moment } from '../../parts/time.tsx';

/** Asks for a table, shows what it would move, and puts it in force once that was seen. */
export function ImportCalendar({ close, done }: { close: () => void; done: (table: CalendarPreview) => void }) {
  const { say } = useLanguage();
  const [text, setText] = useState('');
  const [lossesConfirmed, setLossesConfirmed] = useState(false);
  const preview = useSend((given: string) => send('POST', '/calendar/preview', { body: { text: given } }));
  const confirm = useSend((seen: CalendarPreview) =>
    send('POST', '/calendar/import', { body: { text, held: seen.held, lossesConfirmed } }),
  );
  const change = (given: string): void => {
    setText(given);
    setLossesConfirmed(false);
    preview.reset();
    confirm.reset();
  };
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
              disabled={seen.losses.length > 0 && !lossesConfirmed}
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
            '内容同 config/calendars/年份.yaml：year、version、source、off（放假）、work（调休上班）；通知所列上年 12 月的日期一并写入',
            'As config/calendars/YEAR.yaml: year, version, source, off, work; with the days that the notice sets of the December before',
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
            onChange={({ target }) => change(target.value)}
          />
        </Form.Item>
        <Upload
          accept=".yaml,.yml"
          showUploadList={false}
          beforeUpload={async (file) => {
            change(await file.text());
            return Upload.LIST_IGNORE;
          }}
        >
          <Button>{say('选择文件', 'Choose a file')}</Button>
        </Upload>
      </Form>
      {seen && seen.losses.length > 0 && (
        <Losses preview={seen} confirmed={lossesConfirmed} confirm={setLossesConfirmed} />
      )}
      {seen && <Moved preview={seen} />}
    </Modal>
  );
}

/** What would be lost with a table; it is put in force only once somebody says that the notice is really like that. */
function Losses({
  preview: { year, losses },
  confirmed,
  confirm,
}: {
  preview: CalendarPreview;
  confirmed: boolean;
  confirm: (confirmed: boolean) => void;
}) {
  const { say, name } = useLanguage();
  return (
    <Alert
      type="warning"
      showIcon
      title={say(
        `${year} 年日历缺少以下日期，请核对通知原文`,
        `The table of ${year} loses days: look at the notice again`,
      )}
      description={
        <>
          <ul>
            {losses.map((loss) => (
              <li key={loss.zh}>{name(loss)}</li>
            ))}
          </ul>
          <Checkbox checked={confirmed} onChange={({ target }) => confirm(target.checked)}>
            {say('已核对，通知确是如此，仍要启用', 'I have looked: the notice really is like that')}
          </Checkbox>
        </>
      }
    />
  );
}

function Moved({ preview }: { preview: CalendarPreview }) {
  const { say, name } = useLanguage();
  const { held, year, version, before, counts, tasks } = preview;
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
        {say('其他已办结的不变。', 'Others that have ended stay.')}
      </p>
      {EVERY_BASIS.map((basis) => {
        const { moved, starting, ending, judged, late } = counts[basis];
        return (
          <p key={basis}>
            <strong>
              {name(BASES[basis])}
              {say(
                `：移动 ${moved} 项未办结任务的到期时间；其中 ${starting} 项因此逾期，${ending} 项不再逾期。`,
                `: ${moved} running deadlines move; ${starting} become overdue by it, ${ending} no longer are.`,
              )}
            </strong>{' '}
            {judged > 0 &&
              say(
                `日历未公布期间已办结的 ${judged} 项据此判定，其中 ${late} 项为逾期办结。`,
                `${judged} that ended under 日历未公布 are judged by it; ${late} of them were met late.`,
              )}
          </p>
        );
      })}
      {before && (
        <p>
          {say(
            `${before.year} 年同时启用版本 ${before.version}`,
            `${before.year} gets version ${before.version} by it`,
          )}
          {before.off.length > 0 && `${say('；放假 ', '; off ')}${before.off.join(say('、', ', '))}`}
          {before.work.length > 0 && `${say('；上班 ', '; work ')}${before.work.join(say('、', ', '))}`}
        </p>
      )}
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
            {
              title: say('办结', 'Ended'),
              dataIndex: 'metAt',
              render: (at: string | null, { ended }) =>
                at === null ? ended ? say('已终止', 'Yes') : '—' : <Moment at={at} />,
            },
          ]}
        />
      )}
      {EVERY_BASIS.reduce((sum, basis) => sum + counts[basis].moved + counts[basis].judged, 0) > tasks.length && (
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
