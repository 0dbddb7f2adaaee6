import { Button, Descriptions, Table } from 'antd';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { INSPECTIONS, SAMPLE_RESULTS, TRIAL_RESULTS } from '../../../domain/supervision/findings.ts';
import { addressOf, send, useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { ActionForm } from '../../parts/forms/action-form.tsx';
import { useLadder } from '../../parts/cases/ladder.ts';
import { CaseActions } from '../../parts/cases/case-actions.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import { Moment } from '../../parts/time.tsx';
import { Timeline } from '../../parts/timeline.tsx';
import { FindingSource, StageMark } from './supervision.tsx';
import { useTaskColumns } from '../ledger/tasks.tsx';

const RESULTS: Record<string, { zh: string; good: boolean | null }> = { ...SAMPLE_RESULTS, ...TRIAL_RESULTS };

/** One finding: what is wrong, on which evidence, what was ordered, and what can follow now. */
export default function Finding() {
  const { say, name } = useLanguage();
  const { id = '' } = useParams();
  const [comparing, setComparing] = useState(false);
  const navigate = useNavigate();
  const columns = useTaskColumns();
  const ladder = useLadder();
  const { data, error, refetch } = useGet('/findings/:id', { params: { id } });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <PageLayout
      title={`${say('问题', 'Finding')} ${data.id} · ${data.unit}`}
      note={<StageMark stage={data.stage} />}
      actions={
        <>
          {data.comparable && (
            <Button onClick={() => setComparing(true)}>{say('重新核查记录', 'Look at its records again')}</Button>
          )}
          {data.orderedAt !== null && <Button onClick={() => print()}>{say('打印', 'Print')}</Button>}
          <CaseActions
            definition={ladder}
            id={data.id}
            version={data.version}
            can={data.actions}
            done={(action, answer) => {
              if (action === 'notice') void navigate(`/notices/${(answer as { notice: number }).notice}`);
            }}
          />
        </>
      }
    >
      <Section title={say('事实', 'What is wrong')}>
        <Descriptions
          column={{ xs: 1, md: 2 }}
          size="small"
          items={[
            { key: 'facts', label: say('事实', 'Facts'), children: data.facts, span: 'filled' },
            { key: 'unit', label: say('单位', 'Unit'), children: `${data.unit} ${data.unitCode}` },
            {
              key: 'by',
              label: say('来源', 'Found by'),
              children: (
                <>
                  {name(INSPECTIONS[data.kind])}&emsp;
                  <FindingSource {...data} />
                </>
              ),
            },
            ...(data.item === null
              ? []
              : [
                  {
                    key: 'item',
                    label: say('所属项', 'Item'),
                    children: `（${data.item.id}）${data.item.text}`,
                    span: 'filled' as const,
                  },
                ]),
            ...(data.evidenceName === null
              ? []
              : [
                  {
                    key: 'evidence',
                    label: say('证明材料', 'Evidence'),
                    children: (
                      <>
                        <a
                          href={addressOf('/findings/:id/evidence', { params: { id: data.id } })}
                          download={data.evidenceName}
                        >
                          {data.evidenceName}
                        </a>{' '}
                        <span className="code">{data.evidenceSha256}</span>
                      </>
                    ),
                    span: 'filled' as const,
                  },
                ]),
            { key: 'found', label: say('发现', 'Found'), children: <Moment at={data.foundAt} /> },
            { key: 'ended', label: say('了结', 'Ended'), children: <Moment at={data.endedAt} /> },
            ...(data.demand === null
              ? []
              : [
                  { key: 'demand', label: say('改正要求', 'Demand'), children: data.demand, span: 'filled' as const },
                  {
                    key: 'ordered',
                    label: name(ladder.actions.order),
                    children: (
                      <span>
                        <Moment at={data.orderedAt} /> {data.orderedBy}
                      </span>
                    ),
                  },
                  { key: 'reported', label: say('报整改', 'Reported'), children: <Moment at={data.reportedAt} /> },
                ]),
            ...(data.given.length === 0
              ? []
              : [
                  {
                    key: 'notices',
                    label: say('文书', 'Notices'),
                    children: data.given.map((notice) => (
                      <Link key={notice.id} to={`/notices/${notice.id}`} className="notice-link">
                        {notice.number}
                      </Link>
                    )),
                    span: 'filled' as const,
                  },
                ]),
          ]}
        />
      </Section>
      {data.orderedAt !== null && (
        <Section title={say('改正期限', 'Terms')}>
          {data.tasks.length === 0 ? (
            <Nothing>{say('本市规则没有整改的期限规则', 'The profile has no rule for the term of an order')}</Nothing>
          ) : (
            <Table
              aria-label={say('改正期限', 'Terms')}
              size="middle"
              rowKey="id"
              columns={columns}
              dataSource={data.tasks}
              pagination={false}
              scroll={{ x: 'max-content' }}
            />
          )}
        </Section>
      )}
      {data.records.length > 0 && (
        <Section
          title={say('证据：抽取的记录', 'Evidence: the records that were looked at')}
          extra={<span className="quiet">{say(`共 ${data.records.length} 条`, `${data.records.length}`)}</span>}
        >
          <Table
            aria-label={say('抽取的记录', 'Records')}
            size="small"
            rowKey={({ stream, key }) => `${stream} ${key}`}
            dataSource={data.records}
            pagination={{ pageSize: 20, hideOnSinglePage: true }}
            scroll={{ x: 'max-content' }}
            columns={[
              { title: say('数据流', 'Stream'), dataIndex: 'stream' },
              { title: say('记录', 'Record'), dataIndex: 'key' },
              { title: say('证照类型', 'Type'), dataIndex: 'typeCode' },
              { title: say('版本', 'Version'), dataIndex: 'updatedAt', render: (at: string) => <Moment at={at} /> },
              {
                title: say('结果', 'Result'),
                dataIndex: 'result',
                render: (result: string | null) => {
                  const meaning = result === null ? undefined : RESULTS[result];
                  if (!meaning) return say('未核查', 'not looked at');
                  const tone = meaning.good === null ? 'off' : meaning.good ? 'good' : 'bad';
                  return <Mark tone={tone}>{say(meaning.zh, result ?? '')}</Mark>;
                },
              },
            ]}
          />
        </Section>
      )}
      <Section title={say('经过', 'Timeline')}>
        <Timeline events={data.events} />
      </Section>
      <ActionForm
        open={comparing}
        close={() => setComparing(false)}
        title={say('重新核查记录', 'Look at its records again')}
        note={say(
          '按现在的数据重新核查不合格的记录，结果列在“监督检查”中，供复查时判断。',
          'What was not good is looked at as it is now; the result is listed with the inspections, to judge by.',
        )}
        button={say('开始核查', 'Start')}
        fields={[]}
        submit={() => send('POST', '/findings/:id/compare', { params: { id }, body: {} })}
        done={() => void navigate('/inspections')}
      />
    </PageLayout>
  );
}
