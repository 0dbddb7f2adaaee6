import { Button, DatePicker, type TableColumnsType } from 'antd';
import dayjs from 'dayjs';
import { Link } from 'react-router';
import { ROLES, type Role } from '../../../domain/access.ts';
import { AUDITED, detailInWords } from '../../../domain/console/audit.ts';
import type { AuditView } from '../../../server/api/console/audit.ts';
import type { QueryOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { ExportButton } from '../../parts/export.tsx';
import { ChoiceFilter, TextFilter } from '../../parts/filters.tsx';
import { List, useFilters } from '../../parts/list.tsx';
import { useObjectPage } from '../../parts/object-page.ts';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/time.tsx';

/** What people did, and to what. */
export default function Audit() {
  const { say, name } = useLanguage();
  const { filters, change } = useFilters<QueryOf<'/audit'>>();
  const { actor, object, action, address, from, to } = filters;
  const chosen = { actor, object, action, address, from, to };
  const columns: TableColumnsType<AuditView> = [
    { title: say('时间', 'When'), dataIndex: 'at', render: (at: string) => <Moment at={at} /> },
    { title: say('用户名', 'Who'), dataIndex: 'actor' },
    {
      title: say('角色', 'Role'),
      dataIndex: 'role',
      render: (role: Role | null) => <span className="quiet">{role === null ? '—' : name(ROLES[role])}</span>,
    },
    {
      title: say('操作', 'Action'),
      dataIndex: 'action',
      render: (done: string) => (AUDITED[done] ? name(AUDITED[done]) : done),
    },
    { title: say('对象', 'Object'), dataIndex: 'object', render: (about: string) => <ObjectLink object={about} /> },
    {
      title: say('来源地址', 'From'),
      dataIndex: 'address',
      render: (from: string | null) => from ?? <span className="quiet">—</span>,
    },
    { title: say('详情', 'Detail'), render: (_, entry) => <Detail entry={entry} /> },
  ];
  return (
    <PageLayout
      title={say('审计', 'Audit')}
      note={say('谁在何时对什么做了什么；只增不改', 'Who did what, when, to what; only ever added to')}
      actions={<ExportButton what="audit" filter={chosen} />}
    >
      <Section>
        <div className="filters" role="search">
          <TextFilter
            label={say('用户名', 'Login')}
            value={actor}
            onChange={(value) => change({ actor: value.toLowerCase() })}
            width={180}
          />
          <ChoiceFilter
            label={say('操作', 'Action')}
            value={action}
            options={Object.entries(AUDITED)
              .filter(([value]) => !value.endsWith(':read') && !value.endsWith(':personal'))
              .map(([value, pair]) => ({ value, label: name(pair) }))}
            onChange={(value) => change({ action: value })}
            width={210}
          />
          <TextFilter
            label={say('对象，如 dispute/12', 'Object, as dispute/12')}
            value={object}
            onChange={(value) => change({ object: value })}
          />
          <TextFilter
            label={say('来源地址', 'Address that it came from')}
            value={address}
            onChange={(value) => change({ address: value })}
            width={180}
          />
          <DatePicker.RangePicker
            allowEmpty
            aria-label={say('日期', 'Days')}
            placeholder={[say('自', 'From'), say('至', 'to')]}
            value={[from === undefined ? null : dayjs(from), to === undefined ? null : dayjs(to)]}
            onChange={(_, [first, last]) => change({ from: first, to: last })}
          />
          <Button onClick={() => change({ actor: '', action: '', object: '', address: '', from: '', to: '' })}>
            {say('清空', 'Clear')}
          </Button>
        </div>
        <List
          path="/audit"
          query={chosen}
          columns={columns}
          rowKey="id"
          label={say('审计', 'Audit')}
          empty={say('没有符合条件的记录', 'There is no such entry')}
        />
      </Section>
    </PageLayout>
  );
}

function ObjectLink({ object }: { object: string }) {
  const page = useObjectPage()(object);
  return page === null ? <span>{object}</span> : <Link to={page}>{object}</Link>;
}

function Detail({ entry }: { entry: AuditView }) {
  const { language } = useLanguage();
  return (
    <ul className="audit-detail">
      {detailInWords(entry, language).map(([label, value]) => (
        <li key={label}>
          <span className="quiet">{label}</span> {value}
        </li>
      ))}
    </ul>
  );
}
