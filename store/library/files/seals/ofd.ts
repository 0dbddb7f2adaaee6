import { decisive, type FoundReason } from '../../../../domain/library/seals.ts';
import { digestNamed } from './methods.ts';
import { Package, resolveLocation, TooLarge } from './package.ts';
import { timeInText } from './ses.ts';
import { judgeSignedValue, unread, type Findings, type Judged } from './signed-value.ts';
import type { Circumstances } from './standing.ts';
import { below, only, readXml, type Element } from './xml.ts';

const MOST_XML_BYTES = 3_000_000;
/** The value of a seal holds its picture. */
const MOST_VALUE_BYTES = 20_000_000;
const MOST_SIGNATURES = 50;
const LONGEST_PATH_SHOWN = 200;

/** A signature of an OFD (GB/T 33190-2016, chapter 18), as its description has it. */
interface Description {
  path: string;
  /** What the signed value is about. */
  bytes: Buffer;
  /** What Node calls the digest of the parts; null for one that proves nothing. */
  digest: string | null;
  references: { path: string; value: Buffer }[];
  /** Where its value lies, and the seal that readers show. */
  value: string;
  seal: string | null;
  statedAt: Date | null;
}

/**
 * Judges every seal and signature of an OFD. Each must protect all that is in the package but the signatures themselves,
 * which are judged one by one. Throws where the package or its lists cannot be read.
 */
export async function judgeOfd(file: Buffer, by: Circumstances): Promise<Findings> {
  const ofd = await Package.open(file);
  const root = ofd.paths.find((path) => path.toUpperCase() === '/OFD.XML');
  if (root === undefined) return { judged: [], doubts: [{ code: 'not-a-document' }] };
  const lists = below(await readPart(ofd, root, 'OFD'), 'DocBody', 'Signatures').map(({ text }) => located(text, root));
  const paths: string[] = [];
  for (const list of lists) {
    for (const { attributes } of below(await readPart(ofd, list, 'Signatures'), 'Signature'))
      paths.push(located(attributes.get('BaseLoc') ?? '', list));
  }
  if (paths.length > MOST_SIGNATURES) throw new TooLarge();
  const descriptions: (Description | null)[] = [];
  for (const path of paths) descriptions.push(await describe(ofd, path));
  const apart = new Set(lists);
  for (const { path, value, seal } of descriptions.filter((described) => described !== null)) {
    apart.add(path).add(value);
    if (seal !== null) apart.add(seal);
  }
  const judged: Judged[] = [];
  for (const described of descriptions)
    judged.push(described ? await judgeOne(ofd, described, apart, by) : unread({ code: 'form-unknown' }));
  return { judged, doubts: [] };
}

/** Reads XML whose root has a name. */
async function readPart(ofd: Package, path: string, name: string): Promise<Element> {
  const element = readXml(await ofd.read(path, MOST_XML_BYTES));
  if (element.name !== name) throw new Error(`${element.name} where ${name} is expected`);
  return element;
}

/** Where a location leads. Throws where it leads out of the package. */
function located(location: string, part: string): string {
  const path = resolveLocation(location, part);
  if (path === null) throw new Error('a location outside the package');
  return path;
}

/** Null where a signature is not described as the standard has it. */
async function describe(ofd: Package, path: string): Promise<Description | null> {
  try {
    const signature = await readPart(ofd, path, 'Signature');
    const info = only(signature, 'SignedInfo');
    const references = only(info, 'References');
    const [seal] = below(info, 'Seal', 'BaseLoc');
    return {
      path,
      bytes: await ofd.read(path, MOST_XML_BYTES),
      digest: digestNamed(references.attributes.get('CheckMethod') ?? ''),
      references: below(references, 'Reference').map((reference) => ({
        path: located(reference.attributes.get('FileRef') ?? '', path),
        value: Buffer.from(only(reference, 'CheckValue').text, 'base64'),
      })),
      value: located(only(signature, 'SignedValue').text, path),
      seal: seal ? located(seal.text, path) : null,
      statedAt: timeInText(below(info, 'SignatureDateTime')[0]?.text ?? ''),
    };
  } catch (error) {
    if (error instanceof TooLarge) throw error;
    return null;
  }
}

/** @param apart parts that belong to signatures */
async function judgeOne(
  ofd: Package,
  described: Description,
  apart: ReadonlySet<string>,
  by: Circumstances,
): Promise<Judged> {
  const { digest, references, seal: shown, statedAt, value } = described;
  const missing = [...references.map(({ path }) => path), value, shown ?? value].filter((path) => !ofd.has(path));
  const changed: string[] = [];
  for (const { path, value: expected } of digest === null ? [] : references)
    if (ofd.has(path) && !(await ofd.digest(path, digest ?? '')).equals(expected)) changed.push(path);
  const named = new Set(references.map(({ path }) => path));
  const unprotected = ofd.paths.filter((path) => !named.has(path) && !apart.has(path));
  const doubts: FoundReason[] = [
    ...aboutParts('part-changed', changed),
    ...aboutParts('part-missing', missing),
    ...aboutParts('part-unprotected', unprotected),
  ];
  if (digest === null) doubts.push({ code: 'method-unknown' });
  const judged = ofd.has(value)
    ? await judgeSignedValue(
        await ofd.read(value, MOST_VALUE_BYTES),
        {
          content: described.bytes,
          statedAt,
          detached: false,
          shown: shown !== null && ofd.has(shown) ? await ofd.read(shown, MOST_VALUE_BYTES) : null,
        },
        by,
      )
    : unread({ code: 'form-unknown' });
  const reason = decisive([...doubts, judged.seal.reason]) ?? judged.seal.reason;
  return { ...judged, seal: { ...judged.seal, reason } };
}

function aboutParts(
  code: 'part-changed' | 'part-missing' | 'part-unprotected',
  paths: readonly string[],
): FoundReason[] {
  const [first] = paths;
  return first === undefined ? [] : [{ code, part: first.slice(0, LONGEST_PATH_SHOWN), parts: paths.length }];
}
