import { Button, Table, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { DECLARATIONS, type Declared } from '../../../domain/collection/declaration.ts';
import type { DeclarationView } from '../../../server/api/collection/declarations.ts';
import { send, useGet, type BodyOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { BodyForm } from '../../parts/forms/body-form.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure } from '../../parts/states.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';

/** What units declare of their streams, with the document that it rests on. */
export default function Declarations() {
  const { say, name } = useLanguage();
  const { may } = useSession();
  const { data, error, refetch } = useGet('/declarations');
  const streams = useGet('/streams', { query: { limit: 200 } });
  const [filing, setFiling] = useState(false);
  const [ending, setEnding] = useState<DeclarationView | null>(null);
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  const declares = may('streams:declare');
  const columns: TableColumnsType<DeclarationView> = [
    { title: say('单位', 'Unit'), dataIndex: 'unit' },
    {
      title: say('数据流', 'Stream'),
      dataIndex: 'stream',
      render: (stream: string) => <Link to={`/streams/${stream}`}>{stream}</Link>,
    },
    { title: say('声明', 'Declared'), dataIndex: 'kind', render: (kind: Declared) => name(DECLARATIONS[kind]) },
    { title: say('条款', 'Article'), dataIndex: 'article', render: (article: string | null) => article ?? '—' },
    {
      title: say('内容', 'What was found'),
      dataIndex: 'said',
      render: (said: string) => <span className="clip">{said}</span>,
    },
    { title: say('依据文件', 'Document'), dataIndex: 'document' },
    { title: say('登记', 'Filed'), dataIndex: 'at', render: (at: string) => <Moment at={at} /> },
    { title: say('登记人', 'By'), dataIndex: 'by' },
    ...(declares
      ? [
          {
            title: say('操作', 'Actions'),
            render: (_: unknown, declaration: DeclarationView) => (
              <Button size="small" onClick={() => setEnding(declaration)}>
                {say('终止', 'End')}
              </Button>
            ),
          },
        ]
      : []),
  ];
  return (
    <PageLayout
      title={say('声明', 'Declarations')}
      note={say(
        '各单位对数据流的声明，附依据文件：经认定无法同步、签发时经审核',
        'What units declare of their streams, with the document: not synchronisable, reviewed before signing',
      )}
      actions={
        declares &&
        data &&
        data.kinds.length > 0 && (
          <Button type="primary" onClick={() => setFiling(true)}>
            {say('登记声明', 'Declare')}
          </Button>
        )
      }
    >
      <Section>
        <Table<DeclarationView>
          aria-label={say('声明', 'Declarations')}
          size="middle"
          rowKey="id"
          columns={columns}
          dataSource={data?.items ?? []}
          loading={!data}
          pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
          scroll={{ x: 'max-content' }}
          locale={{ emptyText: say('没有声明', 'Nothing is declared') }}
        />
      </Section>
      <BodyForm
        open={filing}
        close={() => setFiling(false)}
        title={say('登记声明', 'Declare')}
        note={say(
          '自次日起有效；此前应完成的不受影响。',
          'Holds from the next day on; what was owed before stays owed.',
        )}
        fields={[
          {
            name: 'stream',
            label: say('数据流', 'Stream'),
            kind: 'choice',
            required: true,
            options: (streams.data?.items ?? []).map(({ stream, title, unit }) => ({
              value: stream,
              label: `${unit} · ${title} ${stream}`,
            })),
          },
          {
            name: 'kind',
            label: say('声明', 'What is declared'),
            kind: 'choice',
            required: true,
            options: (data?.kinds ?? []).map((value) => ({ value, label: name(DECLARATIONS[value]) })),
          },
          {
            name: 'said',
            label: say('认定内容', 'What was found, and by whom'),
            required: true,
            multiline: true,
          },
          { name: 'document', label: say('依据文件', 'Document'), required: true },
        ]}
        submit={(body: BodyOf<'POST', '/declarations'>) => send('POST', '/declarations', { body })}
      />
      <BodyForm
        open={ending !== null}
        close={() => setEnding(null)}
        title={say('终止声明', 'End the declaration')}
        note={say('自次日起恢复相应的义务。', 'What it freed of is owed again from the next day on.')}
        fields={[]}
        submit={() => send('POST', '/declarations/:id/end', { params: { id: ending?.id ?? 0 } })}
      />
    </PageLayout>
  );
}
