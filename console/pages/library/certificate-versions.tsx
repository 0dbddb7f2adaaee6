import { Descriptions } from 'antd';
import { FIELD_NAMES, type NamedField } from '../../../domain/library/certificate.ts';
import { EVENTS } from '../../../domain/library/lifecycle.ts';
import { STATUSES, type Status } from '../../../domain/library/status.ts';
import type { VersionView } from '../../../server/api/library/certificate.ts';
import { useLanguage } from '../../language.tsx';
import { Mark } from '../../parts/mark.tsx';
import { Moment, moment } from '../../parts/time.tsx';
import { useMarkName } from './certificate-standing.tsx';
import { CertificateState } from './certificates.tsx';

/** A value of a version, in words. */
function valueOf(version: VersionView, field: NamedField, longTerm: string): string {
  if (field === 'holders') return version.holders.map(({ name, code }) => `${name} ${code}`).join('、');
  if (field === 'status') return `${STATUSES[version.status]} (${version.rawStatus})`;
  if (field === 'expiresOn' && version.longTerm) return longTerm;
  return version[field] ?? '—';
}

/** What one version says. */
export function Fields({ version }: { version: VersionView }) {
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
export const changed = (field: string, text: string): string =>
  text === '' ? '—' : field === 'status' && isStatus(text) ? STATUSES[text] : text;

/** How it came to that, version by version. */
export function History({ versions, counting }: { versions: VersionView[]; counting: number | null }) {
  const { say, name } = useLanguage();
  const markName = useMarkName();
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
            {version.began.length + version.ended.length > 0 && (
              <div className="version-change">
                <span className="quiet">{say('状态标记', 'marks')}</span>{' '}
                {version.ended.map((mark) => (
                  <del key={mark}>{markName(mark)}</del>
                ))}{' '}
                {version.began.map((mark) => (
                  <ins key={mark} className="added">
                    {markName(mark)}
                  </ins>
                ))}
              </div>
            )}
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
