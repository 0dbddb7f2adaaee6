import { DownloadOutlined, HistoryOutlined } from '@ant-design/icons';
import { App, Button, Popover, Progress, Space } from 'antd';
import { useEffect, useState } from 'react';
import type { ExportName } from '../../server/api/console/export-lists.ts';
import type { ExportView } from '../../server/api/console/exports.ts';
import { addressOf, send, useGet, useSend, type BodyOf } from '../api.ts';
import { useLanguage } from '../language.tsx';
import { Nothing } from './states.tsx';
import { moment } from './time.tsx';

const fileOf = (id: number): string => addressOf('/exports/:id/file', { params: { id } });

function download(id: number): void {
  const link = document.createElement('a');
  link.href = fileOf(id);
  link.download = '';
  link.click();
}

/** A list that can be taken out, with the filter of it. */
type ExportChoice = {
  [What in ExportName]: { what: What; filter: BodyOf<'POST', `/exports/${What}`> };
}[ExportName];

/**
 * Takes a list out as a workbook, with the filter that is on the screen; what takes longer is made in the background, and
 * stands with the earlier ones.
 */
export function ExportButton({ what, filter }: ExportChoice) {
  const { say } = useLanguage();
  const { message } = App.useApp();
  const [open, setOpen] = useState(false);
  /** One that this page waits for. */
  const [awaited, setAwaited] = useState<number | null>(null);
  const begin = useSend(() => send('POST', `/exports/${what}`, { body: filter }));
  const { data } = useGet('/exports', {
    enabled: open || awaited !== null,
    until: ({ items }) => items.every(({ state }) => state !== 'running'),
  });
  const arrived = data?.items.find(({ id, state }) => id === awaited && state === 'done')?.id;
  useEffect(() => {
    if (arrived !== undefined) download(arrived);
  }, [arrived]);
  const start = () =>
    begin.mutate(undefined, {
      onSuccess: (made) => {
        if (made.state === 'done') return download(made.id);
        setOpen(true);
        setAwaited(made.id);
      },
      onError: (problem) => void message.error(problem.message),
    });
  return (
    <Space.Compact className="export">
      <Button icon={<DownloadOutlined />} loading={begin.isPending} onClick={start}>
        {say('导出', 'Export')}
      </Button>
      <Popover
        open={open}
        onOpenChange={setOpen}
        trigger="click"
        placement="bottomRight"
        title={say('最近的导出', 'Recent exports')}
        content={<Recent items={data?.items ?? []} />}
      >
        <Button icon={<HistoryOutlined />} aria-label={say('最近的导出', 'Recent exports')} />
      </Popover>
    </Space.Compact>
  );
}

function Recent({ items }: { items: readonly ExportView[] }) {
  const { say, name } = useLanguage();
  if (items.length === 0) return <Nothing>{say('还没有导出过', 'Nothing yet')}</Nothing>;
  return (
    <ul className="export-list">
      {items.map((item) => (
        <li key={item.id}>
          <span>
            {name(item)} <span className="quiet">{moment(item.at)}</span>
          </span>
          {item.state === 'done' && (
            <a href={fileOf(item.id)} download>
              {say(`下载（${item.rows.toLocaleString()} 行）`, `Download (${item.rows.toLocaleString()} rows)`)}
            </a>
          )}
          {item.state === 'failed' && (
            <span className="tone-bad">{say('▲ 未能生成，请重新导出', '▲ Failed; export it again')}</span>
          )}
          {item.state === 'running' && (
            <span className="export-progress">
              <Progress
                percent={item.total === null ? 0 : Math.floor((item.rows / Math.max(1, item.total)) * 100)}
                size="small"
                aria-label={say('导出进度', 'Progress')}
              />
              <span className="quiet">
                {item.rows.toLocaleString()} / {item.total?.toLocaleString() ?? '…'} {say('行', 'rows')}
              </span>
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
