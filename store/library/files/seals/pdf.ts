import { judgeSignedValue, unread, type Findings } from './signed-value.ts';
import type { Circumstances } from './standing.ts';

/** Each of them is checked over the whole file. */
const MOST_SIGNATURES = 50;

/**
 * Judges every signature of a PDF. It covers two ranges of bytes, all but the text
 * between them, which holds the signature itself in hexadecimal (ISO 32000-1, 12.8.1). It stands in the file as it is,
 * never compressed, so it is found without reading the rest. Later signatures are appended and cover what was before.
 */
export async function judgePdf(file: Buffer, by: Circumstances): Promise<Findings> {
  const text = file.toString('latin1');
  const found = text.match(/\/ByteRange(?![A-Za-z])/g)?.length ?? 0;
  const ranges = [...text.matchAll(/\/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]/g)].map((match) =>
    match.slice(1).map(Number),
  );
  const findings: Findings = { judged: [], doubts: [] };
  if (ranges.length < found) findings.doubts.push({ code: 'range-open' });
  if (found > MOST_SIGNATURES) findings.doubts.push({ code: 'too-large' });
  if (found === 0 || findings.doubts.length > 0) return findings;
  let covered = 0;
  for (const [start = 0, before = 0, resume = 0, after = 0] of ranges) {
    const end = resume + after;
    const hex = text.slice(before + 1, resume - 1);
    // Nothing but the signature may hide where it does not look.
    const whole = start === 0 && end <= file.length && text[before] === '<' && text[resume - 1] === '>';
    if (!whole || hex.length % 2 === 1 || !/^[0-9A-Fa-f]+$/.test(hex)) {
      findings.judged.push(unread({ code: 'range-open' }));
      continue;
    }
    const content = Buffer.concat([file.subarray(0, before), file.subarray(resume, end)]);
    const value = Buffer.from(hex, 'hex');
    const subject = { content, statedAt: null, detached: true, shown: null };
    const judged = await judgeSignedValue(value.subarray(0, lengthOf(value)), subject, by);
    findings.judged.push({ ...judged, since: file.length - end });
    covered = Math.max(covered, end);
  }
  if (covered < file.length) findings.doubts.push({ code: 'appended', bytes: file.length - covered });
  return findings;
}

/** Bytes of a DER value with its head; zeros that fill the space reserved for a signature come after. */
function lengthOf(bytes: Buffer): number {
  const first = bytes[1] ?? 0;
  if (first <= 0x80) return first === 0x80 ? bytes.length : first + 2;
  const count = first & 0x7f;
  return count > 4 ? bytes.length : bytes.readUIntBE(2, count) + 2 + count;
}
