import { Alert, App, Button, Descriptions, Drawer, Space, Table } from 'antd';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { FAULTS } from '../../../domain/faults.ts';
import { CONTACTS, DELIVERIES, DRIFT_ACTIONS, DRIFT_CHANGES } from '../../../domain/streams.ts';
import { RULES, type RuleId } from '../../../domain/library/validation.ts';
import type { CheckView, PreviewView, StreamDetail } from '../../../server/api/collection/streams.ts';
import { get, send, useGet, useSend, type RequestFailed } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { ActionForm } from '../../parts/action-form.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import {
  CoverageCell,
  CoverageLegend,
  DayHead,
  StreamStateMark,
  ThreePoints,
  toToday,
} from '../../parts/stream-state.tsx';
import { Moment, moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';

/** Why something was read. */
const PURPOSES: Record<string, { zh: string; en: string }> = {
  return: { zh: '回传', en: 'return' },
  daily: { zh: '每日归集', en: 'daily' },
  reconcile: { zh: '对账补读', en: 'reconciliation' },
  push: { zh: '部门推送', en: 'pushed' },
  replay: { zh: '重放', en: 'replay' },
  stock: { zh: '存量', en: 'stock' },
  backfill: { zh: '不可抗力补录', en: 'backfill' },
  paper: { zh: '纸质补录', en: 'from paper' },
};
const BATCH_STATES: Record<StreamDetail['batches'][number]['state'], { zh: string; en: string; tone: Tone }> = {
  open: { zh: '未完成', en: 'not complete', tone: 'calm' },
  complete: { zh: '一致', en: 'complete', tone: 'good' },
  different: { zh: '不一致', en: 'different', tone: 'bad' },
};
const GAPS: Record<StreamDetail['gapList'][number]['kind'], { zh: string; en: string }> = {
  interval: { zh: '未归集的时段', en: 'not collected' },
  outage: { zh: '不可抗力期间', en: 'of an outage' },
  batch: { zh: '未归集的批次', en: 'batch missing' },
  difference: { zh: '源端与库内不一致', en: 'differs' },
  unacknowledged: { zh: '未向源端确认', en: 'not acknowledged' },
  paused: { zh: '已暂停', en: 'paused' },
};

/** One stream: why it stands as it does, what came, what is missing, and what can be done. */
export default function Stream() {
  const { say, name } = useLanguage();
  const { may, hub } = useSession();
  const { name: id = '' } = useParams();
  const { message } = App.useApp();
  const inChinese = useFaultWords();
  const [window, setWindow] = useState<{ from: string | null; to: string | null } | null>(null);
  const [checked, setChecked] = useState<CheckView | null>(null);
  const [previewing, setPreviewing] = useState(false);
  const check = useSend(() => send<CheckView>('POST', `/streams/${id}/check`, {}));
  const resume = useSend(() => send('POST', `/streams/${id}/resume`, {}));
  const { data, error, refetch } = useGet<StreamDetail>(`/streams/${id}`);
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const failed = (problem: RequestFailed) =>
    void message.error([problem.message, problem.cure].filter(Boolean).join(' — '));
  const runs = may('streams:run');
  const paused = inChinese(data.pausedCode);
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
            <Button type="primary" onClick={() => setWindow({ from: null, to: null })}>
              {say('立即归集', 'Run now')}
            </Button>
          )}
        </>
      }
    >
      {data.pausedReason !== null && (
        <Alert
          className="late-bar"
          type="error"
          showIcon
          title={say(`已暂停：${paused?.what ?? data.pausedReason}`, `Paused: ${data.pausedReason}`)}
          description={
            <>
              {paused && <div>处置：{paused.cure}</div>}
              {paused && <div className="quiet">{data.pausedReason}</div>}
              {say(
                '修正配置后自动恢复；若原因在配置之外（如凭据、网络），修好后点“恢复”。',
                'It goes on when the configuration is mended; where the cause lies elsewhere, mend it and resume.',
              )}
            </>
          }
        />
      )}
      {checked && <Checked checked={checked} close={() => setChecked(null)} />}
      <Section title={say('状况', 'Status')}>
        <Descriptions
          column={{ xs: 1, md: 2, xl: 3 }}
          size="small"
          items={[
            { key: 'id', label: say('标识', 'Id'), children: data.stream },
            { key: 'delivery', label: say('方式', 'Delivery'), children: name(DELIVERIES[data.delivery]) },
            {
              key: 'contact',
              label: say('源端最近答复', 'Source'),
              children:
                data.contact === null
                  ? say('尚未联系', 'not asked yet')
                  : `${name(CONTACTS[data.contact])} ${data.contactAt === null ? '' : moment(data.contactAt)}`,
            },
            { key: 'last', label: say('最近成功', 'Last success'), children: <Moment at={data.lastSuccessAt} /> },
            {
              key: 'covered',
              label: say('已证实至', 'Proven up to'),
              children:
                data.coveredTo === null ? (
                  data.link === null ? (
                    '—'
                  ) : (
                    say(`第 ${data.link} 批`, `batch ${data.link}`)
                  )
                ) : (
                  <Moment at={data.coveredTo} />
                ),
            },
            {
              key: 'points',
              label: say('近 30 天 源端 / 读取 / 入库', '30 days: source / read / in'),
              children: <ThreePoints {...data} />,
            },
            ...(data.stock === null
              ? []
              : [
                  {
                    key: 'stock',
                    label: say('存量', 'Stock'),
                    children: `${data.stock.done.toLocaleString()} / ${data.stock.planned?.toLocaleString() ?? say('未清点', 'not counted')}${data.stock.dueOn === null ? '' : say(`,${data.stock.dueOn} 前完成`, `, by ${data.stock.dueOn}`)}`,
                  },
                ]),
          ]}
        />
        {data.contactDetail !== null && <p className="pre tone-warn">{data.contactDetail}</p>}
        {data.rejectsByRule.length > 0 && (
          <p>
            {say('问题数据：', 'Rejects: ')}
            {data.rejectsByRule.map(({ rule, records }, index) => (
              <span key={rule}>
                {index > 0 && '、'}
                <Link to={`/rejects?stream=${data.stream}&rule=${rule}`}>
                  {name(RULES[rule as RuleId])} {records.toLocaleString()}
                </Link>
              </span>
            ))}
          </p>
        )}
        {data.drifts.map(({ field, change, detail, action }) => (
          <p key={`${field} ${change} ${detail}`} className="tone-warn">
            ◆{' '}
            {say(
              `源端字段 ${field} ${DRIFT_CHANGES[change].zh}（${detail}）；处理：${DRIFT_ACTIONS[action].zh}`,
              `the field ${field} is ${DRIFT_CHANGES[change].en} (${detail}): ${DRIFT_ACTIONS[action].en}`,
            )}
          </p>
        ))}
      </Section>
      {data.days.length > 0 && (
        <Section title={say('每日覆盖（近 30 天）', 'Coverage by day (30 days)')} extra={<CoverageLegend />}>
          <div
            className="cover-map"
            ref={toToday}
            tabIndex={0}
            role="region"
            aria-label={say('每日覆盖', 'Coverage by day')}
          >
            <table>
              <thead>
                <tr>
                  {data.days.map(({ date }, index) => (
                    <DayHead key={date} day={date} first={index === 0} />
                  ))}
                </tr>
              </thead>
              <tbody>
                <tr>
                  {data.days.map(({ date, state }) => (
                    <CoverageCell key={date} state={state} day={date} />
                  ))}
                </tr>
              </tbody>
            </table>
          </div>
        </Section>
      )}
      <div id="gaps">
        <Section title={say(`缺口（${data.gaps}）`, `Gaps (${data.gaps})`)}>
          {data.gapList.length === 0 ? (
            <Nothing>
              {say(
                `应归集的均已证实归集（${moment(data.at)} 核查）`,
                `Everything that is due is proven to be in (${moment(data.at)})`,
              )}
            </Nothing>
          ) : (
            <table className="plain">
              <thead>
                <tr>
                  <th scope="col">{say('类别', 'Kind')}</th>
                  <th scope="col">{say('内容', 'What')}</th>
                  <th scope="col">{say('操作', 'Action')}</th>
                </tr>
              </thead>
              <tbody>
                {data.gapList.map(({ kind, what, from, to }) => (
                  <tr key={`${kind} ${what}`}>
                    <td className="mark">{name(GAPS[kind])}</td>
                    <td className="pre">{what}</td>
                    <td>
                      {runs && from !== null && to !== null && (
                        <Button size="small" onClick={() => setWindow({ from, to })}>
                          {say('补读此时段', 'Read it')}
                        </Button>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Section>
      </div>
      <Section title={say('最近读取', 'Last reads')}>
        <Batches batches={data.batches} />
      </Section>
      <Section title={say('逐条比对的证据', 'Proofs')}>
        <Proofs proofs={data.proofs} />
      </Section>
      {data.configuration && (
        <Section
          title={say('配置', 'Configuration')}
          extra={<span className="quiet">{`${data.configuration.connector} (${data.configuration.kind})`}</span>}
        >
          {data.configuration.fault !== null && (
            <Alert className="late-bar" type="error" showIcon title={data.configuration.fault} />
          )}
          {data.configuration.parts.map(({ title, lines }) => (
            <div key={title.en}>
              <h3 className="part-title">{name(title)}</h3>
              <ul className="part-lines">
                {lines.map((line) => (
                  <li key={line.en}>{name(line)}</li>
                ))}
              </ul>
            </div>
          ))}
          <details>
            <summary>{say('生效的设置（密钥只列出处）', 'Settings in force; of secrets only where they are')}</summary>
            <pre className="settings">{data.configuration.settings}</pre>
          </details>
        </Section>
      )}
      <ActionForm
        open={window !== null}
        close={() => setWindow(null)}
        title={window?.from == null ? say('立即归集', 'Run now') : say('补读此时段', 'Read this window')}
        note={
          window?.from == null
            ? say(
                '按时间归集的读取昨日 0 时至今；按批次归集的取新批次；存量接着导入。已入库的不会重复。',
                'Reads since yesterday 00:00, or the next batches, or goes on with the stock. What is in already is not taken twice.',
              )
            : `${moment(window.from)} – ${window.to === null ? '' : moment(window.to)}`
        }
        fields={[]}
        // Most runs have ended by then.
        done={() => void setTimeout(() => void refetch(), 5_000)}
        button={say('开始', 'Start')}
        submit={() =>
          send('POST', `/streams/${id}/run`, {
            ...(window?.from != null && { from: window.from }),
            ...(window?.to != null && { to: window.to }),
          })
        }
      />
      <Preview id={id} open={previewing} close={() => setPreviewing(false)} />
    </PageLayout>
  );
}

/** What a fault is and how it is mended, in Chinese; null in English, in which its message is, and for one without words. */
function useFaultWords(): (code: string | null) => { what: string; cure: string } | null {
  const { language } = useLanguage();
  return (code) => (language === 'zh' ? (FAULTS[code ?? ''] ?? null) : null);
}

function Checked({ checked, close }: { checked: CheckView; close: () => void }) {
  const { say, name } = useLanguage();
  /** `rule of field count`, with the rule in words. */
  const reasonText = (reason: string): string => {
    const [, rule = '', field = '', count = ''] = /^(\S+) of (\S*) (\d+)$/.exec(reason) ?? [];
    return rule in RULES ? `${field} ${name(RULES[rule as RuleId])} × ${count}` : reason;
  };
  const { report, accepted, reasons, fault } = checked;
  const told = useFaultWords()(fault?.code ?? null);
  const sample =
    accepted &&
    say(
      `样本 ${accepted.of} 条，可入库 ${accepted.records} 条`,
      `${accepted.records} of a sample of ${accepted.of} accepted`,
    );
  const source =
    report &&
    say(
      `一页 ${report.records} 条，计数 ${report.count} 条，时钟相差 ${(report.clockSkewMs / 1000).toFixed(1)} 秒`,
      `${report.records} on one page, ${report.count} counted, the clocks differ by ${(report.clockSkewMs / 1000).toFixed(1)} s`,
    );
  return (
    <Alert
      className="late-bar"
      type={fault ? 'error' : reasons.length > 0 ? 'warning' : 'success'}
      showIcon
      closable={{ onClose: close }}
      title={
        fault
          ? say(`检查未通过：${told?.what ?? fault.cause}`, `Not passed: ${fault.cause}`)
          : reasons.length > 0
            ? say('能读取；样本中有记录将被拒收', 'It can be read; some of the sample would be rejected')
            : say('检查通过', 'Passed')
      }
      description={
        <>
          {fault && <div>{say(`处置：${told?.cure ?? fault.cure}`, `Cure: ${fault.cure}`)}</div>}
          {fault && told && <div className="quiet">{`${fault.cause}; ${fault.cure}`}</div>}
          {[source, sample, ...reasons.map(reasonText), ...(report?.notes ?? [])].filter(Boolean).map((line) => (
            <div key={line}>{line}</div>
          ))}
        </>
      }
    />
  );
}

function Batches({ batches }: { batches: StreamDetail['batches'] }) {
  const { say, name } = useLanguage();
  const { hub } = useSession();
  return (
    <Table
      aria-label={say('最近读取', 'Last reads')}
      size="small"
      rowKey="id"
      pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
      dataSource={batches}
      locale={{ emptyText: say('还没有读取过', 'Nothing was read yet') }}
      columns={[
        { title: say('开始', 'Begun'), dataIndex: 'openedAt', render: (at: string) => <Moment at={at} /> },
        {
          title: say('事由', 'For'),
          dataIndex: 'purpose',
          render: (purpose: string) => name(PURPOSES[purpose] ?? { zh: purpose, en: purpose }),
        },
        {
          title: say('时段或批次', 'Window or batch'),
          render: (_, { from, to, sourceBatch }) =>
            from !== null && to !== null ? `${moment(from)} – ${moment(to)}` : (sourceBatch ?? '—'),
        },
        {
          title: say('源端 / 读取 / 入库', 'Source / read / in'),
          align: 'right',
          render: (_, { declared, read, accepted, unchanged, rejected }) => (
            <ThreePoints
              declared={declared}
              read={read}
              committed={read === null ? null : (accepted ?? 0) + (unchanged ?? 0) + (rejected ?? 0)}
            />
          ),
        },
        { title: say('新增或变更', 'Accepted'), dataIndex: 'accepted', align: 'right' },
        { title: say('未变', 'Unchanged'), dataIndex: 'unchanged', align: 'right' },
        { title: say('拒收', 'Rejected'), dataIndex: 'rejected', align: 'right' },
        {
          title: say('结果', 'Result'),
          dataIndex: 'state',
          render: (state: StreamDetail['batches'][number]['state']) => (
            <Mark tone={BATCH_STATES[state].tone}>{name(BATCH_STATES[state])}</Mark>
          ),
        },
        {
          title: say('流程', 'Workflow'),
          dataIndex: 'workflowId',
          render: (workflow: string) =>
            hub.temporalUi === null || workflow === '' ? (
              '—'
            ) : (
              <a href={`${hub.temporalUi}/workflows/${encodeURIComponent(workflow)}`} target="_blank" rel="noreferrer">
                {say('查看', 'Open')}
              </a>
            ),
        },
      ]}
    />
  );
}

function Proofs({ proofs }: { proofs: StreamDetail['proofs'] }) {
  const { say } = useLanguage();
  return (
    <Table
      aria-label={say('逐条比对的证据', 'Proofs')}
      size="small"
      rowKey="id"
      pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 'max-content' }}
      dataSource={proofs}
      locale={{ emptyText: say('还没有比对过；每晚自动比对', 'Nothing was compared yet; it is every night') }}
      columns={[
        { title: say('编号', 'No.'), dataIndex: 'id' },
        {
          title: say('时段或批次', 'Window or batch'),
          render: (_, { from, to, batch }) =>
            from !== null && to !== null ? `${moment(from)} – ${moment(to)}` : (batch ?? '—'),
        },
        {
          title: say('比对于', 'Compared'),
          dataIndex: 'finishedAt',
          render: (at: string | null) => <Moment at={at} />,
        },
        { title: say('源端', 'Source'), dataIndex: 'sourceRecords', align: 'right' },
        { title: say('其中应拒收', 'of these refused'), dataIndex: 'sourceRefused', align: 'right' },
        { title: say('库内', 'Library'), dataIndex: 'libraryRecords', align: 'right' },
        { title: say('缺少', 'Missing'), dataIndex: 'missingCount', align: 'right' },
        { title: say('多出', 'Extra'), dataIndex: 'extraCount', align: 'right' },
        { title: say('内容不同', 'Other content'), dataIndex: 'differentCount', align: 'right' },
        {
          title: say('结论', 'Result'),
          render: (_, { fault, missingCount, extraCount, differentCount }) =>
            fault !== null ? (
              <Mark tone="warn">{say(`未能比对：${fault}`, `not compared: ${fault}`)}</Mark>
            ) : missingCount + extraCount + differentCount > 0 ? (
              <Mark tone="bad">{say('有差异', 'differs')}</Mark>
            ) : (
              <Mark tone="good">{say('一致', 'equal')}</Mark>
            ),
        },
      ]}
    />
  );
}

/** A page of the source as it comes and as it is mapped; nothing is written. */
function Preview({ id, open, close }: { id: string; open: boolean; close: () => void }) {
  const { say } = useLanguage();
  return (
    <Drawer
      open={open}
      onClose={close}
      size={860}
      title={say('预览：不写入任何数据', 'Preview; nothing is written')}
      destroyOnHidden
    >
      <PreviewRows id={id} />
    </Drawer>
  );
}

function PreviewRows({ id }: { id: string }) {
  const { say, name } = useLanguage();
  // Each look asks the source, and is audited: it is not asked again by itself.
  const preview = useSend(() => get<PreviewView>(`/streams/${id}/preview`));
  const { data, error, isPending, isIdle, mutate } = preview;
  if (isIdle)
    return (
      <>
        <p>
          {say(
            '向源端请求一页记录，显示原样和映射结果。每次预览都会记入审计。',
            'Asks the source for one page and shows it as it comes and as it is mapped. Each preview is audited.',
          )}
        </p>
        <Button type="primary" onClick={() => mutate(undefined)}>
          {say('读取一页', 'Read a page')}
        </Button>
      </>
    );
  if (isPending) return <Waiting />;
  if (error) return <Failure problem={error} retry={() => mutate(undefined)} />;
  return (
    <>
      <p>
        {say(
          `${data.window}：一页 ${data.records} 条，可入库 ${data.accepted} 条，拒收 ${data.rejected} 条。`,
          `${data.window}: ${data.records} records, ${data.accepted} accepted, ${data.rejected} rejected.`,
        )}
        {data.masked && <span className="quiet">{say('个人信息已遮蔽。', ' What is personal is masked.')}</span>}
      </p>
      {data.rows.length === 0 && <Nothing>{say('这一时段源端没有记录', 'The source has no records there')}</Nothing>}
      {data.rows.map(({ raw, mapped, rejected }, index) => (
        <div key={index} className="preview-row">
          <div>
            <h3 className="part-title">{say('原样', 'As it came')}</h3>
            <FieldList value={raw} />
          </div>
          <div>
            <h3 className="part-title">
              {rejected ? (
                <Mark tone="bad">{say('拒收', 'Rejected')}</Mark>
              ) : (
                <Mark tone="good">{say('映射结果', 'As mapped')}</Mark>
              )}
            </h3>
            {rejected ? (
              <ul className="part-lines">
                {rejected.map(({ rule, field, found }) => (
                  <li key={`${rule} ${field}`}>
                    {field} {name(RULES[rule])} {found !== undefined && <span className="quiet">{found}</span>}
                  </li>
                ))}
              </ul>
            ) : (
              <FieldList value={mapped} />
            )}
          </div>
        </div>
      ))}
    </>
  );
}

/** The fields of a record, those that are filled. */
export function FieldList({ value }: { value: unknown }) {
  if (typeof value !== 'object' || value === null) return <code>{JSON.stringify(value)}</code>;
  return (
    <dl className="fields">
      {Object.entries(value)
        .filter(([, item]) => item !== null && item !== '')
        .map(([key, item]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{typeof item === 'string' ? item : JSON.stringify(item)}</dd>
          </div>
        ))}
    </dl>
  );
}
