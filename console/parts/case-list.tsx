import { Button, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import type { Permission } from '../../domain/access.ts';
import { send } from '../api.ts';
import { useLanguage } from '../language.tsx';
import { useSession } from '../session.tsx';
import { ActionForm, type ActionField } from './action-form.tsx';
import { ExportButton } from './export.tsx';
import { useFilterBar, type ListFilter } from './filters.tsx';
import { List } from './list.tsx';
import { PageLayout, Section } from './page.tsx';

/** How a case is opened: by whom, and what that asks for. */
export interface Opening {
  needs: Permission;
  button: string;
  title: string;
  fields: readonly ActionField[];
}

/** The page of a list of cases: its filters, its rows by their number, what is taken out of it, and how one is opened. */
export function CaseList<Row extends { id: number }>({
  what,
  page = `/${what}`,
  title,
  note,
  empty,
  filters,
  columns,
  opening,
}: {
  /** The list in the API, and among what can be taken out. */
  what: string;
  /** Where the page of one case is, below which its number. */
  page?: string;
  title: string;
  note: string;
  /** What is said where there is none. */
  empty: string;
  filters: readonly ListFilter[];
  columns: TableColumnsType<Row>;
  opening?: Opening;
}) {
  const { say } = useLanguage();
  const { may } = useSession();
  const navigate = useNavigate();
  const [isOpening, setOpening] = useState(false);
  const { bar, chosen } = useFilterBar(filters);
  const number = {
    title: say('编号', 'No.'),
    dataIndex: 'id',
    render: (id: number) => <Link to={`${page}/${id}`}>{id}</Link>,
  };
  return (
    <PageLayout
      title={title}
      note={note}
      actions={
        <>
          {opening && may(opening.needs) && (
            <Button type="primary" onClick={() => setOpening(true)}>
              {opening.button}
            </Button>
          )}
          <ExportButton what={what} filter={chosen} />
        </>
      }
    >
      <Section>
        {bar}
        <List<Row>
          path={`/${what}`}
          query={chosen}
          rowKey="id"
          label={title}
          empty={empty}
          columns={[number, ...columns]}
        />
      </Section>
      {opening && (
        <ActionForm
          open={isOpening}
          close={() => setOpening(false)}
          title={opening.title}
          fields={opening.fields}
          submit={(given) => send<{ id: number }>('POST', `/${what}`, given)}
          done={(answer) => void navigate(`${page}/${(answer as { id: number }).id}`)}
        />
      )}
    </PageLayout>
  );
}
