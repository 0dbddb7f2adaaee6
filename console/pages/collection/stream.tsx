import { App, Button, Space } from 'antd';
import { useState } from 'react';
import { useParams } from 'react-router';
import type { CheckView } from '../../../server/api/collection/stream-actions.ts';
import { send, useGet, useSend } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { BodyForm } from '../../parts/forms/body-form.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, useFailed, Waiting } from '../../parts/states.tsx';
import { StreamStateMark } from '../../parts/stream-state.tsx';
import { moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { Configuration } from './stream-configuration.tsx';
import { CheckResult, Paused } from './stream-faults.tsx';
import { Gaps } from './stream-gaps.tsx';
import { Preview } from './stream-preview.tsx';
import { Batches, Proofs } from './stream-reads.tsx';
import { CoveredDays, StreamStatus } from './stream-status.tsx';

/** What is to be read: a window, or what is new. */
type Window = { from: string; to: string } | 'new';

/** One stream: why it stands as it does, what came, what is missing, and what can be done. */
export default function Stream() {
  const { say, name } = useLanguage();
  const { may, hub } = useSession();
  const { name: id = '' } = useParams();
  const { message } = App.useApp();
  const [window, setWindow] = useState<Window | null>(null);
  const [checked, setChecked] = useState<CheckView | null>(null);
  const [previewing, setPreviewing] = useState(false);
  const params = { name: id };
  const check = useSend(() => send('POST', '/streams/:name/check', { params, body: {} }));
  const resume = useSend(() => send('POST', '/streams/:name/resume', { params, body: {} }));
  const failed = useFailed();
  const { data, error, refetch } = useGet('/streams/:name', { params });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const runs = may('streams:run');
  return (
    <PageLayout
      title={`${data.title} · ${data.unit}`}
      note={
        <Space size="middle" wrap>
          <StreamStateMark state={data.state} />
          {data.pausedReason === null && <span>{name(data.reason)}</span>}
        </Space>
      }
      actions={
        <>
          {hub.temporalUi !== null && (
            <a
              href={`${hub.temporalUi}/workflows?query=${encodeURIComponent(`HubStream="${id}"`)}`}
              target="_blank"
              rel="noreferrer"
            >
              {say('在 Temporal 中查看', 'In Temporal')}
            </a>
          )}
          <Button onClick={() => setPreviewing(true)}>{say('预览', 'Preview')}</Button>
          {runs && (
            <Button
              loading={check.isPending}
              onClick={() => check.mutate(undefined, { onSuccess: setChecked, onError: failed })}
            >
              {say('检查', 'Check')}
            </Button>
          )}
          {runs && data.pausedReason !== null && (
            <Button
              loading={resume.isPending}
              onClick={() =>
                resume.mutate(undefined, {
                  onSuccess: () => void message.success(say('已恢复', 'Resumed')),
                  onError: failed,
                })
              }
            >
              {say('恢复', 'Resume')}
            </Button>
          )}
          {runs && (
            <Button type="primary" onClick={() => setWindow('new')}>
              {say('立即归集', 'Run now')}
            </Button>
          )}
        </>
      }
    >
      {data.pausedReason !== null && <Paused reason={data.pausedReason} code={data.pausedCode} />}
      {checked && <CheckResult checked={checked} close={() => setChecked(null)} />}
      <StreamStatus stream={data} />
      <CoveredDays stream={data.stream} delivery={data.delivery} days={data.days} />
      <Gaps stream={data} read={runs ? setWindow : null} />
      <Section title={say('最近读取', 'Last reads')}>
        <Batches batches={data.batches} />
      </Section>
      <Section title={say('逐条比对的证据', 'Proofs')}>
        <Proofs proofs={data.proofs} />
      </Section>
      {data.configuration && <Configuration configuration={data.configuration} />}
      {window !== null && (
        <Run
          id={id}
          window={window}
          close={() => setWindow(null)}
          // Most runs have ended by then.
          done={() => void setTimeout(() => void refetch(), 5_000)}
        />
      )}
      <Preview id={id} open={previewing} close={() => setPreviewing(false)} />
    </PageLayout>
  );
}

function Run({ id, window, close, done }: { id: string; window: Window; close: () => void; done: () => void }) {
  const { say } = useLanguage();
  return (
    <BodyForm
      open
      close={close}
      title={window === 'new' ? say('立即归集', 'Run now') : say('补读此时段', 'Read this window')}
      note={
        window === 'new'
          ? say(
              '按时间归集的读取昨日 0 时至今；按批次归集的取新批次；存量接着导入。已入库的不会重复。',
              'Reads since yesterday 00:00, or the next batches, or goes on with the stock. What is in already is not taken twice.',
            )
          : `${moment(window.from)} – ${moment(window.to)}`
      }
      fields={[]}
      done={done}
      button={say('开始', 'Start')}
      submit={() => send('POST', '/streams/:name/run', { params: { name: id }, body: window === 'new' ? {} : window })}
    />
  );
}
