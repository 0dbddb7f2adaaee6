import { Button, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import {
  INSPECTIONS,
  SAMPLE_RESULTS,
  TRIAL_RESULTS,
  type InspectionKind,
  type SampleResult,
  type TrialResult,
} from '../../../domain/supervision/findings.ts';
import type { InspectionView } from '../../../server/api/supervision/inspections.ts';
import { send, useGet, type BodyOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { ActionForm } from '../../parts/forms/action-form.tsx';
import { BodyForm, type FieldOf } from '../../parts/forms/body-form.tsx';
import { WorkflowLink } from '../../parts/cases/case.tsx';
import { List } from '../../parts/list.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';

/** In their order. */
const RESULTS = Object.entries({ ...SAMPLE_RESULTS, ...TRIAL_RESULTS }) as [
  SampleResult | TrialResult,
  { zh: string; good: boolean | null },
][];

const toneOf = (good: boolean | null): Tone => (good === null ? 'off' : good ? 'good' : 'bad');

/** Samples, trial uses and patrols: what was looked at, and what came of it. */
export default function Inspections() {
  const { say, name } = useLanguage();
  const { may } = useSession();
  const [begun, setBegun] = useState<InspectionKind | null>(null);
  const inspects = may('supervision:order');
  const streams = useGet('/outages/streams', { enabled: inspects });
  const columns: TableColumnsType<InspectionView> = [
    { title: say('编号', 'No.'), dataIndex: 'id' },
    {
      title: say('方式', 'Kind'),
      dataIndex: 'kind',
      render: (kind: InspectionKind, { recheckOf }) => (
        <>
          {name(INSPECTIONS[kind])}
          {recheckOf !== null && (
            <>
              <br />
              <Link to={`/supervision/${recheckOf}`}>{say(`问题 ${recheckOf} 的复查`, `of finding ${recheckOf}`)}</Link>
            </>
          )}
        </>
      ),
    },
    {
      title: say('对象', 'Of'),
      render: (_, { stream, title }) => (stream === null ? '—' : <Link to={`/streams/${stream}`}>{title}</Link>),
    },
    {
      title: say('抽取', 'Drawn'),
      render: (_, { kind, drawn, seed }) =>
        kind === 'patrol' ? (
          '—'
        ) : (
          <>
            {say(`${drawn} 条`, `${drawn} records`)}
            {seed !== null && (
              <>
                <br />
                <span className="quiet">{say(`种子 ${seed}`, `seed ${seed}`)}</span>
              </>
            )}
          </>
        ),
    },
    { title: say('结果', 'Result'), render: (_, inspection) => <Results {...inspection} /> },
    {
      title: say('发现问题', 'Findings'),
      dataIndex: 'findings',
      render: (findings: number[]) =>
        findings.length === 0
          ? '—'
          : findings.map((id, index) => (
              <span key={id}>
                {index > 0 && say('、', ', ')}
                <Link to={`/supervision/${id}`}>{id}</Link>
              </span>
            )),
    },
    { title: say('检查人', 'By'), dataIndex: 'by' },
    { title: say('开始', 'Begun'), dataIndex: 'startedAt', render: (at: string) => <Moment at={at} /> },
  ];
  const size = { name: 'size', kind: 'number', required: true } as const;
  const seed: FieldOf<{ seed?: number }> = {
    name: 'seed',
    label: say('种子', 'Seed'),
    kind: 'number',
    hint: say('填此前的种子可重抽同样的记录；不填则随机', 'Of one before, to draw its records again; else at random'),
  };
  return (
    <PageLayout
      title={say('监督检查', 'Inspections')}
      note={say(
        '抽查与源端逐条比对，模拟办事按用证单位的方式查用，督查按本市阈值核查台账；不合格的成为问题',
        'Samples are compared with their source, trial uses ask as user units do, patrols count in the ledger',
      )}
      actions={
        inspects && (
          <>
            <Button type="primary" onClick={() => setBegun('sample')}>
              {say('随机抽查', 'Draw a sample')}
            </Button>
            <Button onClick={() => setBegun('trial')}>{say('模拟办事', 'Trial use')}</Button>
            <Button onClick={() => setBegun('patrol')}>{say('电子督查', 'Patrol now')}</Button>
          </>
        )
      }
    >
      <Section>
        <List
          path="/inspections"
          columns={columns}
          rowKey="id"
          label={say('监督检查', 'Inspections')}
          empty={say('还没有检查过', 'Nothing was inspected yet')}
          until={({ items }) => items.every(({ finishedAt }) => finishedAt !== null)}
        />
      </Section>
      <BodyForm
        open={begun === 'sample'}
        close={() => setBegun(null)}
        title={say('随机抽查', 'Draw a sample')}
        note={say(
          '按种子从该数据流已入库的记录中抽取，再与源端逐条比对；比对在后台进行，结果列在下方。',
          'Records in the library are drawn by a seed and compared with their source, in the background.',
        )}
        button={say('开始抽查', 'Start')}
        fields={[
          {
            name: 'stream',
            label: say('数据流', 'Stream'),
            kind: 'choice',
            required: true,
            options: (streams.data?.items ?? []).map(({ id, title, unit }) => ({
              value: id,
              label: `${title} · ${unit}`,
            })),
          },
          { ...size, label: say('条数', 'Records'), initial: 50, hint: say('不超过 500', 'At most 500') },
          seed,
        ]}
        submit={(body: BodyOf<'POST', '/inspections/sample'>) => send('POST', '/inspections/sample', { body })}
      />
      <BodyForm
        open={begun === 'trial'}
        close={() => setBegun(null)}
        title={say('模拟办事', 'Trial use')}
        note={say(
          '从目录的每种证照中抽取有效的，按用证单位的方式查用：查得到、状态有效、无问题标记、文件在、签章可用。',
          'Certificates in force of each type are asked for by their holders: found, valid, without a flag, with their file.',
        )}
        button={say('开始', 'Start')}
        fields={[
          {
            ...size,
            label: say('每种证照的件数', 'Of each type'),
            initial: 5,
            hint: say('不超过 50', 'At most 50'),
          },
          seed,
        ]}
        submit={(body: BodyOf<'POST', '/inspections/trial'>) => send('POST', '/inspections/trial', { body })}
      />
      <ActionForm
        open={begun === 'patrol'}
        close={() => setBegun(null)}
        title={say('电子督查', 'Patrol')}
        note={say(
          '按本市规则中的督查阈值核查各单位：超出的记为问题，已消除且未处理的自动了结。',
          'Units above the numbers of the profile get a finding; what is gone ends.',
        )}
        button={say('开始督查', 'Start')}
        fields={[]}
        submit={() => send('POST', '/inspections/patrol')}
      />
    </PageLayout>
  );
}

function Results({ kind, results, finishedAt, findings, workflowId }: InspectionView) {
  const { say } = useLanguage();
  if (finishedAt === null)
    return (
      <>
        <Mark tone="calm">{say('比对中', 'being compared')}</Mark>
        {workflowId !== null && (
          <>
            <br />
            <WorkflowLink id={workflowId} />
          </>
        )}
      </>
    );
  if (kind === 'patrol')
    return findings.length === 0 ? (
      <Mark tone="good">{say('没有新问题', 'nothing new')}</Mark>
    ) : (
      <Mark tone="bad">{say(`新问题 ${findings.length} 个`, `${findings.length} new`)}</Mark>
    );
  return (
    <ul className="plain-list">
      {RESULTS.filter(([result]) => results[result] !== undefined).map(([result, { zh, good }]) => (
        <li key={result}>
          <Mark tone={toneOf(good)}>
            {say(zh, result)} {results[result]?.toLocaleString()}
          </Mark>
        </li>
      ))}
    </ul>
  );
}
