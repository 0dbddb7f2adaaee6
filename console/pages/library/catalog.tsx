import { Alert, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import type { CatalogView } from '../../../server/api/library/catalog.ts';
import { useGet, type QueryOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { ChoiceFilter, TextFilter } from '../../parts/filters.tsx';
import { List, useFilters } from '../../parts/list.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/time.tsx';

export const ENTRY_STATES: Record<
  'draft' | 'approved' | 'superseded' | 'withdrawn',
  { zh: string; en: string; tone: Tone }
> = {
  draft: { zh: '草案待批准', en: 'draft', tone: 'warn' },
  approved: { zh: '有效', en: 'in force', tone: 'good' },
  superseded: { zh: '已被取代', en: 'superseded', tone: 'off' },
  withdrawn: { zh: '已撤回', en: 'withdrawn', tone: 'off' },
};

/** The issuing catalog: which types of certificate are let in. */
export default function Catalog() {
  const { say, name } = useLanguage();
  const { filters, change } = useFilters<QueryOf<'/catalog'>>();
  const { state, text } = filters;
  const waiting = useGet('/catalog/waiting');
  const columns: TableColumnsType<CatalogView> = [
    {
      title: say('证照名称', 'Name'),
      render: (_, { typeCode, name: title }) => <Link to={`/catalog/${typeCode}`}>{title}</Link>,
    },
    { title: say('证照类型代码', 'Type'), dataIndex: 'typeCode' },
    { title: say('证照类型', 'Category'), dataIndex: 'category', render: (given: string | null) => given ?? '—' },
    { title: say('发证单位', 'Issuer'), render: (_, { issuer }) => issuer?.name ?? '—' },
    {
      title: say('状态', 'State'),
      render: (_, { state: standing, draft }) => (
        <>
          <Mark tone={ENTRY_STATES[standing].tone}>{name(ENTRY_STATES[standing])}</Mark>
          {draft !== null && (
            <div>
              <Mark tone="warn">{say(`另有草案 v${draft}`, `and a draft, v${draft}`)}</Mark>
            </div>
          )}
        </>
      ),
    },
    { title: say('版本', 'Version'), dataIndex: 'version', align: 'right' },
    { title: say('自', 'Since'), dataIndex: 'at', render: (at: string) => <Moment at={at} /> },
  ];
  return (
    <PageLayout
      title={say('目录', 'Catalog')}
      note={say('发证目录：未列入或未批准的证照类型，其数据不入库', 'Records of types that are not approved wait')}
      actions={<Link to="/public/catalog">{say('公开目录', 'What the public sees')}</Link>}
    >
      {waiting.data && waiting.data.items.length > 0 && (
        <Alert
          className="late-bar"
          type="warning"
          showIcon
          title={say('有数据因类型未入目录而等待', 'Records wait because their type has no approved entry')}
          description={waiting.data.items.map(({ typeCode, stream, unit, records, since }) => (
            <div key={`${typeCode} ${stream}`}>
              {unit} · {stream} · {typeCode} · {say(`${records} 条，自`, `${records} records since`)}{' '}
              <Moment at={since} />
            </div>
          ))}
        />
      )}
      <Section title={say('条目', 'Entries')}>
        <div className="filters" role="search">
          <ChoiceFilter
            label={say('状态', 'State')}
            value={state}
            options={(['approved', 'draft', 'withdrawn'] as const).map((value) => ({
              value,
              label: name(ENTRY_STATES[value]),
            }))}
            onChange={(value) => change({ state: value })}
            width={180}
          />
          <TextFilter
            label={say('名称或类型代码', 'Name or type')}
            value={text}
            onChange={(value) => change({ text: value })}
            width={280}
          />
        </div>
        <List
          path="/catalog"
          query={{ state, text }}
          columns={columns}
          rowKey="typeCode"
          label={say('发证目录', 'Catalog')}
          empty={say('目录中没有符合条件的条目', 'There is no such entry')}
        />
      </Section>
    </PageLayout>
  );
}
