import { Alert, Button, Space } from 'antd';
import { useState } from 'react';
import { useParams } from 'react-router';
import {
  CATALOG_FIELDS,
  ENTRY_FIELDS,
  HOLDER_KINDS,
  LARGEST_TEMPLATE,
  LEVELS,
  PUBLICITY,
  templateMissing,
  type CatalogEntry as Entry,
} from '../../../domain/library/catalog.ts';
import type { EntryDetail } from '../../../server/api/library/catalog.ts';
import { addressOf, send, useGet, type BodyOf } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { BodyForm } from '../../parts/forms/body-form.tsx';
import { Mark } from '../../parts/mark.tsx';
import { PageLayout, Section } from '../../parts/page.tsx';
import { Failure, Waiting } from '../../parts/states.tsx';
import { Moment } from '../../parts/time.tsx';
import { useSession } from '../../session.tsx';
import { ENTRY_STATES } from './catalog.tsx';

type Version = EntryDetail['versions'][number];
const FIELDS = Object.keys(ENTRY_FIELDS) as (keyof Entry)[];

/** One type of certificate: what is in force, a draft beside it with what it would change, and what was before. */
export default function CatalogEntry() {
  const { say, name } = useLanguage();
  const { may } = useSession();
  const { code = '' } = useParams();
  const [deciding, setDeciding] = useState<'approve' | 'refuse' | null>(null);
  const [handing, setHanding] = useState(false);
  const { data, error, refetch } = useGet('/catalog/:typeCode', { params: { typeCode: code } });
  if (error) return <Failure problem={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const draft = data.versions.find(({ state }) => state === 'draft');
  const approved = data.versions.find(({ state }) => state === 'approved');
  const standing = approved ?? draft ?? data.versions[0];
  if (!standing) return <Waiting />;
  return (
    <PageLayout
      title={standing.entry.name}
      note={
        <Space size="middle" wrap>
          <span>{data.typeCode}</span>
          <Mark tone={ENTRY_STATES[standing.state].tone}>
            {name(ENTRY_STATES[standing.state])} v{standing.version}
          </Mark>
        </Space>
      }
      actions={
        <>
          {may('catalog:draft') && (
            <Button onClick={() => setHanding(true)}>{say('上传证照模板', 'Hand in the template')}</Button>
          )}
          {draft && may('catalog:approve') && (
            <>
              <Button onClick={() => setDeciding('refuse')}>{say('退回草案', 'Refuse the draft')}</Button>
              <Button
                type="primary"
                disabled={data.lacking.length > 0 || data.lacksTemplate}
                onClick={() => setDeciding('approve')}
              >
                {say('批准草案', 'Approve the draft')}
              </Button>
            </>
          )}
        </>
      }
    >
      {data.lacking.length > 0 && (
        <Alert
          className="late-bar"
          type="warning"
          showIcon
          title={say(`草案缺少${data.article}要求的内容，不能批准`, `The draft lacks what ${data.article} asks for`)}
          description={data.lacking.map((field) => CATALOG_FIELDS[field]).join('、')}
        />
      )}
      {draft && data.lacksTemplate && (
        <Alert
          className="late-bar"
          type="warning"
          showIcon
          title={name(templateMissing(draft.entry as Entry))}
          description={say('上传后才能批准', 'It is approved once it is handed in')}
        />
      )}
      {data.waiting.length > 0 && (
        <Alert
          className="late-bar"
          type="warning"
          showIcon
          title={say('有数据等待本条目批准', 'Records wait for this entry')}
          description={data.waiting.map(({ stream, unit, records, since }) => (
            <div key={stream}>
              {unit} · {stream} · {say(`${records} 条，自`, `${records} records since`)} <Moment at={since} />
            </div>
          ))}
        />
      )}
      {draft && approved ? (
        <Section title={say(`草案 v${draft.version} 要改什么`, `What draft v${draft.version} would change`)}>
          <Differences before={approved} after={draft} />
        </Section>
      ) : null}
      <Section title={say('内容', 'What it says')}>
        <table className="plain">
          <tbody>
            {FIELDS.map((field) => (
              <tr key={field}>
                <th scope="row" className="plain-label">
                  {ENTRY_FIELDS[field]}
                </th>
                <td>
                  <Value field={field} entry={standing.entry as Entry} />
                  {field === 'template' && <Template typeCode={data.typeCode} version={standing} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
      <Section title={say('历史', 'History')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{say('版本', 'Version')}</th>
              <th scope="col">{say('状态', 'State')}</th>
              <th scope="col">{say('起草', 'Drafted')}</th>
              <th scope="col">{say('决定', 'Decided')}</th>
              <th scope="col">{say('改动', 'Changes')}</th>
            </tr>
          </thead>
          <tbody>
            {data.versions.map((version) => (
              <tr key={version.version}>
                <td>v{version.version}</td>
                <td>
                  <Mark tone={ENTRY_STATES[version.state].tone}>{name(ENTRY_STATES[version.state])}</Mark>
                </td>
                <td>
                  <Moment at={version.draftedAt} /> <span className="quiet">{version.draftedBy}</span>
                </td>
                <td>
                  <Moment at={version.decidedAt} /> <span className="quiet">{version.decidedBy}</span>
                </td>
                <td>{version.differs.map((field) => ENTRY_FIELDS[field]).join('、') || '—'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
      <BodyForm
        open={handing}
        close={() => setHanding(false)}
        title={say('上传证照模板', 'Hand in the template')}
        note={say(
          '随草案保存；没有草案时生成一份，批准后生效。',
          'Kept with the draft, or with a new one; in force once that is approved.',
        )}
        fields={[
          { name: 'file', label: say('模板文件', 'File'), kind: 'file', required: true, largest: LARGEST_TEMPLATE },
        ]}
        submit={(body: BodyOf<'POST', '/catalog/:typeCode/template'>) =>
          send('POST', '/catalog/:typeCode/template', { params: { typeCode: code }, body })
        }
      />
      <BodyForm
        open={deciding !== null}
        close={() => setDeciding(null)}
        title={deciding === 'refuse' ? say('退回草案', 'Refuse the draft') : say('批准草案', 'Approve the draft')}
        note={
          deciding === 'refuse'
            ? say('有效版本不变；草案留作历史。', 'What is in force stays; the draft is kept in the history.')
            : say('批准后立即生效，等待的数据随即重新入库。', 'It is in force at once; records that wait are taken in.')
        }
        fields={[
          {
            name: 'reason',
            label: deciding === 'refuse' ? say('退回理由', 'Why') : say('说明', 'Note'),
            required: deciding === 'refuse',
            multiline: true,
          },
        ]}
        submit={(body: BodyOf<'POST', '/catalog/:typeCode/refuse'>) =>
          send('POST', `/catalog/:typeCode/${deciding ?? 'approve'}`, {
            params: { typeCode: code },
            body,
            version: data.draftStamp ?? undefined,
          })
        }
      />
    </PageLayout>
  );
}

/** The file of a version's template, with its hash. */
function Template({ typeCode, version: { entry, version, templateHash } }: { typeCode: string; version: Version }) {
  const { say } = useLanguage();
  if (templateHash === null)
    return entry.template === null ? null : <Mark tone="warn">{say('文件未入库', 'its file is not stored')}</Mark>;
  return (
    <div>
      <a href={addressOf('/catalog/:typeCode/versions/:version/template', { params: { typeCode, version } })} download>
        {say('下载', 'Download')}
      </a>{' '}
      <span className="quiet">SHA-256 {templateHash}</span>
    </div>
  );
}

function Differences({ before, after }: { before: Version; after: Version }) {
  const { say } = useLanguage();
  if (after.differs.length === 0)
    return <p className="quiet">{say('与有效版本相同', 'The same as what is in force')}</p>;
  return (
    <table className="plain">
      <thead>
        <tr>
          <th scope="col">{say('字段', 'Field')}</th>
          <th scope="col">{say(`有效 v${before.version}`, `in force, v${before.version}`)}</th>
          <th scope="col">{say(`草案 v${after.version}`, `draft, v${after.version}`)}</th>
        </tr>
      </thead>
      <tbody>
        {after.differs.map((field) => (
          <tr key={field}>
            <th scope="row" className="plain-label">
              {ENTRY_FIELDS[field]}
            </th>
            <td>
              <Value field={field} entry={before.entry as Entry} />
            </td>
            <td>
              <ins className="added">
                <Value field={field} entry={after.entry as Entry} />
              </ins>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What an entry says of a field, in words. */
function Value({ field, entry }: { field: keyof Entry; entry: Entry }) {
  const { say } = useLanguage();
  const none = <span className="quiet">—</span>;
  if (field === 'face')
    return entry.face.length === 0 ? (
      none
    ) : (
      <ul className="lines">
        {entry.face.map(({ name, label, required, type, values }) => (
          <li key={name}>
            {label} <span className="quiet">{name}</span>
            {required && ` · ${say('必填', 'required')}`}
            {type !== 'text' && ` · ${type === 'date' ? say('日期', 'date') : say('数字', 'number')}`}
            {values.length > 0 && ` · ${values.join(' / ')}`}
          </li>
        ))}
      </ul>
    );
  if (field === 'issuer' || field === 'definer') {
    const unit = entry[field];
    return unit === null ? (
      none
    ) : (
      <>
        {unit.name} <span className="quiet">{unit.code}</span>
      </>
    );
  }
  if (field === 'items')
    return entry.items.length === 0 ? (
      none
    ) : (
      <>{entry.items.map(({ code, name }) => `${name}（${code}）`).join('、')}</>
    );
  if (field === 'fieldSources')
    return Object.keys(entry.fieldSources).length === 0 ? (
      none
    ) : (
      <>
        {Object.entries(entry.fieldSources)
          .map(([of, streams]) => `${of}: ${streams.join(' → ')}`)
          .join('; ')}
      </>
    );
  const words =
    field === 'holders'
      ? entry.holders.map((kind) => HOLDER_KINDS[kind]).join('、')
      : field === 'publicity'
        ? entry.publicity && PUBLICITY[entry.publicity]
        : field === 'level'
          ? entry.level && LEVELS[entry.level]
          : field === 'validYears'
            ? entry.validYears === null
              ? say('不限', 'no limit')
              : say(`${entry.validYears} 年`, `${entry.validYears} years`)
            : field === 'sources' || field === 'members'
              ? entry[field].join(field === 'sources' ? ' → ' : '、')
              : entry[field];
  return words === null || words === '' ? none : <>{words}</>;
}
