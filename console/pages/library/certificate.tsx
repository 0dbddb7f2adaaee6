import { Alert, Button, DatePicker, Descriptions, Space, Table } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link, useLocation, useParams } from 'react-router';
import { CASE_MODES } from '../../../domain/casework/completed-case.ts';
import { FIELD_NAMES, type NamedField } from '../../../domain/library/certificate.ts';
import { EVENTS } from '../../../domain/library/lifecycle.ts';
import { SEAL_STATES, type SealState } from '../../../domain/library/seals.ts';
import { STATUSES, type Status } from '../../../domain/library/status.ts';
import type { CertificateDetail, CertificateView, VersionView } from '../../../server/api/library/certificates.ts';
import type { TaskView } from '../../../server/api/ledger/tasks.ts';
import { addressOf, get, send, type RequestFailed } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Nothing, Waiting } from '../../parts/states.tsx';
import { Moment, moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { CertificateState, rowKeyOf, useCertificateColumns } from './certificates.tsx';
import { useTaskColumns } from '../ledger/tasks.tsx';

type File = CertificateDetail['files'][number];
const SEAL_TONES: Record<SealState, Tone> = { valid: 'good', invalid: 'bad', unsigned: 'warn', 未核验: 'off' };

/** One certificate: what it says, how it came to that, who else says what, and what is owed about it. */
export default function Certificate() {
  const { say } = useLanguage();
  const { may } = useSession();
  const params = useParams();
  const state = useLocation().state as { stream: string; key: string } | null;
  const { stream = state?.stream ?? '', key = state?.key ?? '' } = params;
  const inAddress = params.key !== undefined;
  const [asOf, setAsOf] = useState<Dayjs | null>(null);
  const [unmasked, setUnmasked] = useState(false);
  const columns = useCertificateColumns();
  const taskColumns = useTaskColumns();
  const at = asOf?.format('YYYY-MM-DD[T]HH:mm:ss[+08:00]');
  const path = `/certificates/${stream}/${encodeURIComponent(key)}`;
  // Not asked for again by itself: each look at what is unmasked is audited.
  const { data, error, refetch } = useQuery<CertificateDetail, RequestFailed>({
    queryKey: [path, at, unmasked],
    queryFn: () =>
      inAddress
        ? get(path, { asOf: at, unmasked: unmasked || undefined })
        : send('POST', '/certificates/record', { stream, key, asOf: at }),
    enabled: key !== '',
    placeholderData: (before) => before,
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (key === '')
    return (
      <Nothing>
        <Link to="/certificates">{say('请从证照查询打开', 'Open it from the search')}</Link>
      </Nothing>
    );
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const latest = data.versions.at(-1);
  const shown = data.counting === null ? undefined : data.versions[data.counting];
  const file = data.files[0];
  return (
    <PageLayout
      title={`${latest?.name ?? ''} ${latest?.number ?? ''}`}
      note={
        <Space size="middle" wrap>
          {latest && <CertificateState status={latest.status} />}
          <span>
            {data.unit} · {data.stream} · {data.key}
          </span>
        </Space>
      }
      actions={
        may('certificates:personal') && (
          <>
            {!data.unmasked && (
              <Button onClick={() => setUnmasked(true)}>{say('显示原文（留审计）', 'Unmask (audited)')}</Button>
            )}
            {file !== undefined && inAddress && (
              <Button href={addressOf(`${path}/file`)} download>
                {say('下载证照文件（留审计）', 'Download the file (audited)')}
              </Button>
            )}
          </>
        )
      }
    >
      {data.marks.map(({ dispute, markedAt }) => (
        <Alert
          key={dispute}
          className="late-bar"
          type="warning"
          showIcon
          title={
            <>
              {say(`异议标注：${moment(markedAt)} 起`, `Disputed since ${moment(markedAt)}`)}{' '}
              {may('disputes:read') && (
                <Link to={`/disputes/${dispute}`}>{say(`异议 ${dispute}`, `dispute ${dispute}`)}</Link>
              )}
            </>
          }
        />
      ))}
      <Section
        title={asOf === null ? say('现况', 'As it is now') : say(`${asOf.format('YYYY-MM-DD HH:mm')} 时`, 'As it was')}
        extra={
          <Space>
            <span className="quiet">{say('查看当时', 'As of')}</span>
            <DatePicker
              showTime={{ format: 'HH:mm' }}
              format="YYYY-MM-DD HH:mm"
              value={asOf}
              maxDate={dayjs()}
              aria-label={say('查看当时', 'As of')}
              placeholder={say('选择时间', 'Choose a time')}
              onChange={setAsOf}
            />
          </Space>
        }
      >
        {shown ? (
          <Fields version={shown} />
        ) : (
          <Nothing>{say('当时还没有这份证照', 'There was no such certificate then')}</Nothing>
        )}
      </Section>
      <Section title={say('历史', 'History')}>
        <History versions={data.versions} counting={data.counting} />
      </Section>
      {data.sources.length > 1 && (
        <Section title={say('多个来源', 'Several sources')}>
          <Conflicts conflicts={data.conflicts} />
          <Table<CertificateView>
            aria-label={say('多个来源', 'Several sources')}
            size="small"
            rowKey={rowKeyOf}
            columns={columns}
            dataSource={data.sources}
            pagination={false}
            scroll={{ x: 'max-content' }}
          />
        </Section>
      )}
      <Section title={say('证照文件', 'File')}>
        {data.awaited && (
          <p>
            <Mark tone="warn">
              {data.awaited.attempts === 0
                ? say('尚未取件', 'not fetched yet')
                : say(`取件 ${data.awaited.attempts} 次未成`, `tried ${data.awaited.attempts} times`)}
            </Mark>{' '}
            {say('下次', 'next')} <Moment at={data.awaited.nextAttemptAt} />{' '}
            <span className="quiet">{data.awaited.lastError}</span>
          </p>
        )}
        {data.files.length === 0 && !data.awaited && (
          <p className="quiet">{say('来源没有提供证照文件', 'Its source has delivered no file')}</p>
        )}
        {data.files.length > 0 && <Files files={data.files} />}
      </Section>
      {data.completedCase && (
        <Section title={say('业务办结', 'Completed case')}>
          <Descriptions
            column={{ xs: 1, md: 3 }}
            size="small"
            items={[
              {
                key: 'number',
                label: say('办件编号', 'Case'),
                children: `${data.completedCase.caseNumber} · ${say(CASE_MODES[data.completedCase.mode], data.completedCase.mode)}`,
              },
              {
                key: 'completed',
                label: say('办结', 'Completed'),
                children: <Moment at={data.completedCase.completedAt} />,
              },
              {
                key: 'arrived',
                label: say('证照入库', 'Certificate in'),
                children: <Moment at={data.completedCase.arrivedAt} />,
              },
              {
                key: 'delivered',
                label: say('送达', 'Delivered'),
                children: <Moment at={data.completedCase.deliveredAt} />,
              },
            ]}
          />
        </Section>
      )}
      <Section title={say('相关时限任务', 'Deadlines about it')}>
        <Table<TaskView>
          aria-label={say('相关时限任务', 'Deadlines about it')}
          size="small"
          rowKey="id"
          columns={taskColumns}
          dataSource={data.tasks}
          pagination={false}
          scroll={{ x: 'max-content' }}
          locale={{ emptyText: say('没有相关的时限任务', 'There is none') }}
        />
      </Section>
      <Section title={say('用证', 'Use')}>
        {data.uses.length === 0 ? (
          <p className="quiet">{say('没有单位的用证清单列入本类型', 'No unit’s list of uses has this type')}</p>
        ) : (
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{say('用证单位', 'Unit')}</th>
                <th scope="col">{say('事项', 'Item')}</th>
                <th scope="col">{say('应用场景', 'Scenario')}</th>
              </tr>
            </thead>
            <tbody>
              {data.uses.map(({ unit, code, name: item, scenario }) => (
                <tr key={`${unit} ${code} ${scenario}`}>
                  <td>{unit}</td>
                  <td>
                    {item} <span className="quiet">{code}</span>
                  </td>
                  <td>{scenario}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Section>
    </PageLayout>
  );

  function Files({ files }: { files: File[] }) {
    return (
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{say('取得', 'Fetched')}</th>
            <th scope="col">{say('签章', 'Signature')}</th>
            <th scope="col">{say('来源所称', 'As its source states')}</th>
            <th scope="col" className="number">
              {say('字节', 'Bytes')}
            </th>
            <th scope="col">SHA-256</th>
          </tr>
        </thead>
        <tbody>
          {files.map(({ hash, fetchedAt, judgedAt, seals, stated, size, ...file }) => (
            <tr key={`${hash} ${fetchedAt}`}>
              <td>
                <Moment at={fetchedAt} />
              </td>
              <td>
                <Verdict {...file} />
                {seals.map((seal, index) => (
                  <div key={index} className="seal">
                    <strong>{seal.name ?? say('电子签名', 'Signature')}</strong> <Verdict {...seal} />
                    <div className="quiet">
                      {say('签章人', 'Signed by')} {seal.signer ?? '—'} · {say('签章时间', 'sealed')}{' '}
                      <Moment at={seal.signedAt} />
                      {seal.maker !== null && ` · ${say('制章人', 'seal made by')} ${seal.maker}`}
                    </div>
                  </div>
                ))}
                <div className="quiet">
                  {say('核验', 'Verified')} <Moment at={judgedAt} />
                </div>
              </td>
              <td>{stated ?? '—'}</td>
              <td className="number">{size.toLocaleString()}</td>
              <td className="quiet">{hash.slice(0, 16)}…</td>
            </tr>
          ))}
        </tbody>
      </table>
    );
  }
}

/** What was found out about a seal or a file, and why. */
function Verdict({ signature, reason }: Pick<File, 'signature' | 'reason'>) {
  const { name } = useLanguage();
  return (
    <>
      <Mark tone={SEAL_TONES[signature]}>{name(SEAL_STATES[signature])}</Mark>{' '}
      <span className="quiet">{name(reason)}</span>
    </>
  );
}

/** A value of a version, in words. */
function valueOf(version: VersionView, field: NamedField, longTerm: string): string {
  if (field === 'holders') return version.holders.map(({ name, code }) => `${name} ${code}`).join('、');
  if (field === 'status') return `${STATUSES[version.status]} (${version.rawStatus})`;
  if (field === 'expiresOn' && version.longTerm) return longTerm;
  return version[field] ?? '—';
}

function Fields({ version }: { version: VersionView }) {
  const { say, name } = useLanguage();
  return (
    <>
      <Descriptions
        column={{ xs: 1, md: 2 }}
        size="small"
        items={[
          ...(Object.keys(FIELD_NAMES) as NamedField[]).map((field) => ({
            key: field,
            label: name(FIELD_NAMES[field]),
            children: valueOf(version, field, say('长期', 'no end')),
          })),
          ...version.extension.map(({ name: key, label, value }) => ({
            key: `x ${key}`,
            label,
            children: value || '—',
          })),
          {
            key: 'changed',
            label: say('来源变更', 'Changed at its source'),
            children: <Moment at={version.updatedAt} />,
          },
          { key: 'taken', label: say('入库', 'Taken in'), children: <Moment at={version.recordedAt} /> },
        ]}
      />
      {version.flags.length > 0 && (
        <p>
          {version.flags.map(({ field, zh, en }) => (
            <Mark key={`${field} ${en}`} tone="warn">
              {field} {say(zh, en)}
            </Mark>
          ))}
        </p>
      )}
    </>
  );
}

const isStatus = (text: string): text is Status => Object.hasOwn(STATUSES, text);

/** What a change says, states by their names. */
const changed = (field: string, text: string): string =>
  text === '' ? '—' : field === 'status' && isStatus(text) ? STATUSES[text] : text;

function History({ versions, counting }: { versions: VersionView[]; counting: number | null }) {
  const { say, name } = useLanguage();
  const fieldName = (field: string): string =>
    Object.hasOwn(FIELD_NAMES, field) ? name(FIELD_NAMES[field as NamedField]) : field;
  return (
    <ol className="versions">
      {versions
        .map((version, index) => (
          <li key={index} aria-current={index === counting}>
            <div className="version-head">
              <time dateTime={version.updatedAt}>{moment(version.updatedAt)}</time>
              <strong>{say(EVENTS[version.event], version.event)}</strong>
              <CertificateState status={version.status} />
              {version.conflict && <Mark tone="bad">{say('终止后又复生', 'after its end')}</Mark>}
              {index === counting && <Mark tone="calm">{say('所示版本', 'shown above')}</Mark>}
              <span className="quiet">
                {say(`入库 ${moment(version.recordedAt)}`, `taken ${moment(version.recordedAt)}`)}
              </span>
            </div>
            {version.changes.map(({ field, before, after }) => (
              <div key={field} className="version-change">
                <span className="quiet">{fieldName(field)}</span> <del>{changed(field, before)}</del> →{' '}
                <ins className="added">{changed(field, after)}</ins>
              </div>
            ))}
          </li>
        ))
        .toReversed()}
    </ol>
  );
}

function Conflicts({ conflicts }: { conflicts: CertificateDetail['conflicts'] }) {
  const { say, name } = useLanguage();
  if (conflicts.length === 0)
    return (
      <p>
        <Mark tone="good">{say('各来源一致', 'They agree')}</Mark>
      </p>
    );
  return (
    <table className="plain conflicts">
      <thead>
        <tr>
          <th scope="col">{say('不一致的字段', 'Field in conflict')}</th>
          <th scope="col">{say('采信', 'Believed')}</th>
          <th scope="col">{say('各来源所述', 'What they say')}</th>
        </tr>
      </thead>
      <tbody>
        {conflicts.map(({ field, believed, values }) => (
          <tr key={field}>
            <td>
              <Mark tone="bad">{name(FIELD_NAMES[field])}</Mark>
            </td>
            <td>{believed}</td>
            <td>
              {values.map(({ stream, value }) => (
                <div key={stream}>
                  <span className="quiet">{stream}</span> {changed(field, value)}
                </div>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
