import { Table, type TableColumnsType } from 'antd';
import { describeTerm, DUTIES, OWNERS, STARTS } from '../../../domain/ledger/duties.ts';
import type { RulesView } from '../../../server/api/ledger/law.ts';
import { useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Waiting } from '../../parts/states.tsx';

type Rule = RulesView['rules'][number];

/** What the city’s regulation has the hub watch, article by article, and how it reads what the text leaves open. */
export default function Rules() {
  const { say, name, language } = useLanguage();
  const { data, error, refetch } = useGet('/rules');
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const { regulation, readings } = data;
  const columns: TableColumnsType<Rule> = [
    { title: say('规则', 'Rule'), dataIndex: 'id', width: 84, render: (id: string) => <span id={id}>{id}</span> },
    { title: say('条文', 'Words of the article'), dataIndex: 'quote' },
    {
      title: say('时限任务与责任', 'Deadlines, owed by'),
      width: 140,
      render: (_, { duties, owner }) => (
        <>
          {duties.map((duty) => (
            <div key={duty}>{name(DUTIES[duty])}</div>
          ))}
          <div className="quiet">{name(OWNERS[owner])}</div>
        </>
      ),
    },
    {
      title: say('期限', 'Term'),
      width: 130,
      render: (_, rule) => (
        <>
          <div>{describeTerm({ ...rule, basis: 'statutory' }, language)}</div>
          {rule.basis === 'internal' ? (
            <Mark tone="warn">{say('内控时限', 'internal target')}</Mark>
          ) : (
            rule.term !== null && <Mark tone="calm">{say('法定时限', 'statutory')}</Mark>
          )}
        </>
      ),
    },
    {
      title: say('触发与起算', 'Trigger, start'),
      width: 190,
      render: (_, { trigger, starts }) => (
        <>
          <div>{trigger}</div>
          <div className="quiet">{say(`自${name(STARTS[starts])}起算`, `from: ${name(STARTS[starts])}`)}</div>
        </>
      ),
    },
    { title: say('办结', 'Ends with'), dataIndex: 'ends', width: 170 },
    { title: say('后果', 'Breach'), dataIndex: 'breach', width: 180, render: (breach: string | null) => breach ?? '—' },
  ];
  const articles = [...new Set(data.rules.map(({ article }) => article))];
  return (
    <PageLayout
      title={say('规则', 'Rules')}
      note={`${data.city} · ${regulation.title} ${regulation.draft ? say('送审稿', 'draft') : (regulation.number ?? '')} ${regulation.date}`}
    >
      {articles.map((article) => (
        <Section key={article} title={article}>
          <Table<Rule>
            aria-label={article}
            size="small"
            rowKey="id"
            tableLayout="fixed"
            columns={columns}
            dataSource={data.rules.filter((rule) => rule.article === article)}
            pagination={false}
            scroll={{ x: 1080 }}
          />
        </Section>
      ))}
      {readings.length > 0 && (
        <Section title={say('对条文未明之处的理解', 'How the city reads what the text leaves open')}>
          <dl className="readings">
            {readings.map(({ point, reading, rules }) => (
              <div key={point}>
                <dt>
                  {point} <span className="quiet">{rules.join('、')}</span>
                </dt>
                <dd>{reading}</dd>
              </div>
            ))}
          </dl>
        </Section>
      )}
    </PageLayout>
  );
}
