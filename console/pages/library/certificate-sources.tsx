import { FIELD_NAMES } from '../../../domain/library/certificate.ts';
import { SEAL_STATES, type SealState } from '../../../domain/library/seals.ts';
import type { CertificateDetail } from '../../../server/api/library/certificate.ts';
import { useLanguage } from '../../language.tsx';
import { Mark, type Tone } from '../../parts/mark.tsx';
import { Moment } from '../../parts/time.tsx';
import { changed } from './certificate-versions.tsx';

type File = CertificateDetail['files'][number];
const SEAL_TONES: Record<SealState, Tone> = { valid: 'good', invalid: 'bad', unsigned: 'warn', 未核验: 'off' };

/** The files of a certificate, as they were fetched. */
export function Files({ files }: Pick<CertificateDetail, 'files'>) {
  const { say } = useLanguage();
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

/** What several sources say differently, and who is believed. */
export function Conflicts({ conflicts }: { conflicts: CertificateDetail['conflicts'] }) {
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
