import { decisive, isNameOf, type Issuer, type SealJudgement } from '../../../../domain/library/seals.ts';
import { bearsCode, namesOn } from './certificate.ts';
import { judgeOfd } from './ofd.ts';
import { TooLarge } from './package.ts';
import { judgePdf } from './pdf.ts';
import type { Findings, Judged } from './signed-value.ts';
import type { Circumstances } from './standing.ts';

/**
 * Judges the seals and signatures of a file: an OFD with seals (GB/T 38540, GM/T 0031) or signatures (GB/T 35275), a PDF
 * with signatures; SM2, RSA and ECDSA. Throws nothing, whatever the file holds.
 * @param issuer who one of the seals must be of, for the file to count as sealed
 */
export async function judgeSeals(file: Buffer, by: Circumstances, issuer: Issuer | null): Promise<SealJudgement> {
  const { judged, doubts } = await findingsIn(file, by);
  const reason = decisive([...judged.map(({ seal }) => seal.reason), ...doubts]) ?? { code: 'unsigned' };
  const seals = judged.map(({ seal }) => seal);
  if (reason.code !== 'sound' || !issuer) return { reason, seals };
  const own = judged.filter((one) => isOf(issuer, one));
  if (own.length === 0) return { reason: { code: 'signer-differs' }, seals };
  // What others have added may be anything: their signatures say that it is theirs, not the issuer's.
  const since = Math.min(...own.map((one) => one.since));
  return { reason: since === 0 ? reason : { code: 'others-since', bytes: since }, seals };
}

async function findingsIn(file: Buffer, by: Circumstances): Promise<Findings> {
  try {
    if (file.subarray(0, 1024).includes('%PDF-')) return await judgePdf(file, by);
    if (file.subarray(0, 4).equals(Buffer.from('PK\x03\x04'))) return await judgeOfd(file, by);
    return { judged: [], doubts: [{ code: 'not-a-document' }] };
  } catch (error) {
    return { judged: [], doubts: [{ code: error instanceof TooLarge ? 'too-large' : 'unreadable' }] };
  }
}

/** Whether a seal is a unit's, by the certificate that signed; the name of the seal is whatever its maker wrote. */
const isOf = (issuer: Issuer, { certificate }: Judged): boolean =>
  certificate !== null &&
  (isNameOf(issuer, namesOn(certificate)) || (issuer.code !== '' && bearsCode(certificate, issuer.code)));
