import type { TableColumnsType } from 'antd';
import { HOLDER_KINDS, LEVELS } from '../../../domain/library/catalog.ts';
import type { PublicEntryView } from '../../../server/api/library/catalog.ts';
import type { QueryOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { TextFilter } from '../../parts/filters.tsx';
import { LanguageSwitch } from '../../parts/language-switch.tsx';
import { List, useFilters } from '../../parts/list.tsx';
import { PageLayout } from '../../parts/page.tsx';

/** The catalog for everybody (公开目录): nobody has to be signed in. */
export default function PublicCatalog() {
  const { say } = useLanguage();
  const { filters, change } = useFilters<QueryOf<'/public/catalog'>>();
  const columns: TableColumnsType<PublicEntryView> = [
    {
      title: say('证照名称', 'Name'),
      render: (_, { name, typeCode }) => (
        <>
          {name}
          <div className="quiet">{typeCode}</div>
        </>
      ),
    },
    { title: say('证照类型', 'Kind'), dataIndex: 'category' },
    { title: say('发证单位', 'Issuer'), render: (_, { issuer }) => issuer?.name },
    {
      title: say('持证主体类型', 'Holders'),
      render: (_, { holders }) => holders.map((kind) => say(HOLDER_KINDS[kind], kind)).join('、'),
    },
    { title: say('标准级别', 'Level'), render: (_, { level }) => level && say(LEVELS[level], level) },
    { title: say('照面信息', 'Printed'), render: (_, { face }) => face.map(({ label }) => label).join('、') },
    { title: say('关联事项', 'Items'), render: (_, { items }) => items.map(({ name }) => name).join('、') },
    {
      title: say('有效年限', 'Validity'),
      render: (_, { validYears }) =>
        validYears === null ? say('不限', 'no limit') : say(`${validYears} 年`, `${validYears} years`),
    },
    { title: say('归集起始', 'Collected from'), dataIndex: 'collectFrom' },
    { title: say('一业一证成员', 'Made of'), render: (_, { members }) => members.join('、') },
  ];
  return (
    <main id="content" className="open-page">
      <PageLayout
        title={say('电子证照公开目录', 'Catalog of electronic certificates')}
        note={say('类目公开属性为“社会公开”的证照类型', 'Types of certificate that are open to the public')}
        actions={<LanguageSwitch />}
      >
        <div className="filters" role="search">
          <TextFilter
            label={say('名称或代码', 'Name or code')}
            value={filters.text}
            onChange={(value) => change({ text: value })}
          />
        </div>
        <List
          path="/public/catalog"
          query={{ text: filters.text }}
          columns={columns}
          rowKey="typeCode"
          label={say('公开目录', 'Public catalog')}
          empty={say('没有公开的证照类型', 'No type is open to the public')}
        />
      </PageLayout>
    </main>
  );
}
