import { Alert, Input, Segmented, Table, type TableColumnsType } from 'antd';
import { useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { STATE_MARKS } from '../../../domain/library/marks.ts';
import { STATUSES, type Status } from '../../../domain/library/status.ts';
import type { CertificateView } from '../../../server/api/library/certificates.ts';
import { send, useSend, type QueryOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { TextFilter } from '../../parts/filters.tsx';
import { List, useFilters } from '../../parts/list.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { useMarkName } from './certificate-standing.tsx';

type By = 'number' | 'identifier' | 'holder' | 'stream';

const ENDED: readonly Status[] = ['revoked', 'rescinded', 'cancelled', 'annulled', 'expired', 'transferred', 'deleted'];

/** The state of a certificate, in words and shape. */
export function CertificateState({ status }: { status: Status }) {
  const { say } = useLanguage();
  const tone: Tone = status === 'valid' ? 'good' : ENDED.includes(status) ? 'off' : 'warn';
  return (
    <Mark tone={tone}>
      {say(
        STATUSES[status],
        status.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
      )}
    </Mark>
  );
}

/** Where a record is shown; one whose key is personal is named by the page’s state, never by its address. */
function RecordLink({ row, children }: { row: CertificateView; children: ReactNode }) {
  if (row.key === null) return <>{children}</>;
  return row.personalKey ? (
    <Link to="/certificates/record" state={{ stream: row.stream, key: row.key }}>
      {children}
    </Link>
  ) : (
    <Link to={`/certificates/${row.stream}/${encodeURIComponent(row.key)}`}>{children}</Link>
  );
}

/** Keys are of their stream. */
export const rowKeyOf = ({ stream, key, number }: CertificateView): string => `${stream} ${key ?? number}`;

export function useCertificateColumns(): TableColumnsType<CertificateView> {
  const { say } = useLanguage();
  const markName = useMarkName();
  return [
    { title: say('证照编号', 'Number'), render: (_, row) => <RecordLink row={row}>{row.number}</RecordLink> },
    { title: say('证照名称', 'Name'), dataIndex: 'name' },
    {
      title: say('状态', 'State'),
      render: (_, { status, marks, disputedSince }) => (
        <>
          <CertificateState status={status} />
          {marks
            .filter((mark) => STATE_MARKS[mark] !== STATUSES[status])
            .map((mark) => (
              <div key={mark} className="quiet">
                {markName(mark)}
              </div>
            ))}
          {disputedSince !== null && (
            <div>
              <Mark tone="bad">{say('有异议', 'disputed')}</Mark>
            </div>
          )}
        </>
      ),
    },
    {
      title: say('持证主体', 'Holders'),
      render: (_, { holders }) =>
        holders.map(({ name, code }, index) => (
          <div key={index}>
            {name} <span className="quiet">{code}</span>
          </div>
        )),
    },
    {
      title: say('来源', 'Source'),
      render: (_, { unit, stream }) => (
        <>
          {unit}
          <div className="quiet">{stream}</div>
        </>
      ),
    },
    {
      title: say('有效期至', 'Valid until'),
      render: (_, { longTerm, expiresOn }) => (longTerm ? say('长期', 'no end') : (expiresOn ?? '—')),
    },
    { title: say('变更', 'Changed'), dataIndex: 'updatedAt', render: (at: string) => <Moment at={at} /> },
  ];
}

/** Looks certificates up by their number or identifier, by a holder, or by the stream that delivers them. */
export default function Certificates() {
  const { say } = useLanguage();
  const { may } = useSession();
  const { filters, change } = useFilters<QueryOf<'/certificates'>>();
  const holders = may('certificates:personal');
  const given: By = filters.identifier ? 'identifier' : filters.stream ? 'stream' : 'number';
  const [by, setBy] = useState<By>(given);
  const { number, identifier, stream, type, issuer } = filters;
  const search = useSend((holder: string) => send('POST', '/certificates/search', { body: { holder } }));
  const words: Record<By, string> = {
    number: say('证照编号', 'Number'),
    identifier: say('证照标识', 'Identifier'),
    holder: say('持证主体', 'Holder'),
    stream: say('数据流', 'Stream'),
  };
  const hints: Record<By, string> = {
    number: say('完整的证照编号，例如 锡建施2026-000012', 'The whole number'),
    identifier: say('完整的证照标识，1.2.156.3005.2. 开头', 'The whole identifier, 1.2.156.3005.2.…'),
    holder: say('持证主体代码：统一社会信用代码、身份证号等', 'Code of the holder'),
    stream: say('数据流的标识，最近变更在前', 'Name of a stream, the latest changed first'),
  };
  const look = (value: string) => {
    const sought = value.trim();
    if (by === 'holder') {
      change({ number: '', identifier: '', stream: '' });
      if (sought !== '') search.mutate(sought);
      return;
    }
    search.reset();
    change({ number: '', identifier: '', stream: '', [by]: sought });
  };
  const columns = useCertificateColumns();
  const listed = stream !== undefined;
  const sought = number ?? identifier;
  return (
    <PageLayout
      title={say('证照', 'Certificates')}
      note={say(
        '姓名与证件号码已脱敏；按持证主体查询与查看原文均留审计记录',
        'Holders are masked; looking them up and unmasking them is audited',
      )}
    >
      <Section title={say('查询', 'Search')}>
        <div className="filters" role="search">
          <Segmented<By>
            aria-label={say('查询方式', 'Search by')}
            value={by}
            options={(holders
              ? (['number', 'identifier', 'holder', 'stream'] as const)
              : (['number', 'identifier', 'stream'] as const)
            ).map((value) => ({ value, label: words[value] }))}
            onChange={setBy}
          />
          <Input.Search
            key={by}
            style={{ width: 420 }}
            allowClear
            enterButton={say('查询', 'Search')}
            loading={search.isPending}
            placeholder={hints[by]}
            aria-label={words[by]}
            autoComplete="off"
            defaultValue={by === 'holder' ? '' : filters[by]}
            onSearch={look}
          />
          {sought !== undefined && (
            <>
              <TextFilter
                label={say('限证照类型代码', 'Only of this type')}
                value={type}
                onChange={(value) => change({ type: value })}
                width={210}
              />
              <TextFilter
                label={say('限颁发机构代码', 'Only of this issuer')}
                value={issuer}
                onChange={(value) => change({ issuer: value })}
                width={200}
              />
            </>
          )}
        </div>
        {search.error && (
          <Alert type="error" showIcon role="alert" title={search.error.message} description={search.error.cure} />
        )}
        {sought !== undefined || listed ? (
          <List
            path="/certificates"
            query={{ number, identifier, stream, type, issuer }}
            columns={columns}
            rowKey={rowKeyOf}
            label={say('证照', 'Certificates')}
            empty={say('没有查到；请核对编号是否完整', 'None was found; is the number whole?')}
          />
        ) : search.data ? (
          <Table<CertificateView>
            aria-label={say('证照', 'Certificates')}
            rowKey={rowKeyOf}
            columns={columns}
            dataSource={search.data.items}
            pagination={false}
            scroll={{ x: 'max-content' }}
            locale={{ emptyText: say('该持证主体名下没有证照', 'This holder has none') }}
          />
        ) : (
          <p className="quiet">
            {say('输入完整的编号、标识或代码进行查询。', 'Enter a whole number, identifier or code.')}
          </p>
        )}
      </Section>
    </PageLayout>
  );
}
