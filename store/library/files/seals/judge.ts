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
  const isOthers = reason.code === 'sound' && issuer && !judged.some((one) => isOf(issuer, one));
  return { reason: isOthers ? { code: 'signer-differs' } : reason, seals: judged.map(({ seal }) => seal) };
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
