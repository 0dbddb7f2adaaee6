import type { Knex } from 'knex';
import type { ArchivedCertificate, ArchivedUse } from '../../../domain/sharing/archive.ts';
import { DAY_MS, startOfDayMs, type CalendarDate } from '../../../domain/dates.ts';
import { FIELD_NAMES, type Certificate, type NamedField } from '../../../domain/library/certificate.ts';
import type { SharedField } from '../../../domain/sharing/grant.ts';
import { givenReceipt, readReceipt, type GivenReceipt } from '../../../domain/sharing/receipt.ts';
import { batchesOf, type SignedBatch } from '../receipts.ts';

/** The log of uses of a unit on a day, as archives have it. */
export interface LoggedDay {
  unitCode: string;
  day: CalendarDate;
}

/** Uses of one page. */
const PAGE = 1000;
/** Receipts whose batches are held at once. */
const HELD = 200_000;

interface LoggedUse extends Pick<ArchivedUse, 'unitName' | 'address' | 'strength' | 'holder'> {
  id: number;
  text: string;
  at: Date;
  batchId: number | null;
  place: number;
  grant: number | null;
  authorisation: number | null;
  presentation: number | null;
  /** What could be read; null: all that stands on the certificates. */
  fields: SharedField[] | null;
}

const spanOf = ({ unitCode, day }: LoggedDay) => {
  const fromMs = startOfDayMs(day);
  return { unitCode, from: new Date(fromMs), to: new Date(fromMs + DAY_MS) };
};

/** Uses of the day, a page after the other, in the order of the log. */
async function* pagesOf(db: Knex, day: LoggedDay): AsyncGenerator<LoggedUse[]> {
  for (let after = 0; ;) {
    const { rows }: { rows: LoggedUse[] } = await db.raw<{ rows: LoggedUse[] }>(
      `SELECT u.id, u.text, u.at, u.unit_name AS "unitName", u.address, u.strength, encode(u.holder, 'hex') AS holder,
         u.batch_id AS "batchId", u.place, u.grant_id AS grant, u.authorisation_id AS authorisation,
         u.presentation_id AS presentation, coalesce(g.fields, p.fields, a.fields) AS fields
       FROM (SELECT * FROM certificate_use WHERE unit_code = :unitCode AND at >= :from AND at < :to AND id > :after
         ORDER BY id LIMIT ${PAGE}) AS u
         LEFT JOIN share_grant g ON g.id = u.grant_id
         LEFT JOIN presentation p ON p.id = u.presentation_id
         LEFT JOIN authorisation a ON a.id = u.authorisation_id
       ORDER BY u.id`,
      { ...spanOf(day), after },
    );
    const last = rows.at(-1);
    if (!last) return;
    yield rows;
    after = last.id;
  }
}

/** How many uses the log has of the day, and how many of their receipts wait for their signature. */
export async function countUses(db: Knex, day: LoggedDay): Promise<{ uses: number; unsigned: number }> {
  const { rows } = await db.raw<{ rows: { uses: number; unsigned: number }[] }>(
    `SELECT count(*) AS uses, count(*) FILTER (WHERE batch_id IS NULL) AS unsigned FROM certificate_use
     WHERE unit_code = :unitCode AND at >= :from AND at < :to`,
    spanOf(day),
  );
  return rows[0] ?? { uses: 0, unsigned: 0 };
}

/** The extract of the log. */
export async function* archivedUses(db: Knex, day: LoggedDay): AsyncGenerator<ArchivedUse[]> {
  let n = 0;
  for await (const page of pagesOf(db, day))
    yield page.flatMap(({ text, unitName, address, strength, grant, authorisation, presentation, holder }) => {
      const receipt = readReceipt(text);
      if (!receipt) throw new Error('what the log has for a receipt is one');
      n += 1;
      return { n, ...receipt, unitName, address, strength, grant, authorisation, presentation, holder };
    });
}

/** The receipts with their proofs. */
export async function* archivedReceipts(db: Knex, day: LoggedDay): AsyncGenerator<GivenReceipt[]> {
  let held = new Map<number, SignedBatch>();
  for await (const page of pagesOf(db, day)) {
    const given: GivenReceipt[] = [];
    for (const { batchId, place, text } of page) {
      let batch = held.get(batchId ?? 0);
      if (!batch && batchId !== null) {
        if (held.values().reduce((sum, { receipts }) => sum + receipts, 0) > HELD) held = new Map();
        [batch] = await batchesOf(db, [batchId]);
        if (batch) held.set(batchId, batch);
      }
      given.push(givenReceipt(text, batch?.proofAt(place) ?? null));
    }
    yield given;
  }
}

/** A certificate that a use showed, before its original is looked for. */
export interface LoggedCertificate extends Omit<ArchivedCertificate, 'file' | 'lost'> {
  /** SHA-256 of the original that was handed out, and SM3 of it, as the receipt has it; null where none was. */
  original: { hash: string; answer: string } | null;
}

interface ShownVersion extends Omit<Certificate, 'number'> {
  useId: number;
  /** Null, as all else of it, where the library has that version no more. */
  number: string | null;
  stream: string | null;
  version: string;
  /** Of the file as it was then. */
  fileHash: string | null;
}

const HANDED_OUT = new Set(['file', 'own-file']);

/** The certificates that were shown, each as the version that it was then. */
export async function* archivedCertificates(db: Knex, day: LoggedDay): AsyncGenerator<LoggedCertificate[]> {
  for await (const page of pagesOf(db, day)) {
    const { rows } = await db.raw<{ rows: ShownVersion[] }>(SHOWN, { ids: page.map(({ id }) => id) });
    const shown = Map.groupBy(rows, ({ useId }) => useId);
    yield page.flatMap(({ id, text, fields }) => {
      const { receipt = '', act = '', answer = '' } = readReceipt(text) ?? {};
      return (shown.get(id) ?? []).map(({ stream, version, fileHash, ...certificate }) => ({
        receipt,
        stream: stream ?? '',
        version,
        certificate: certificate.number === null ? null : readable(certificate, fields),
        original: HANDED_OUT.has(act) && fileHash !== null ? { hash: fileHash, answer } : null,
      }));
    });
  }
}

/** What of a certificate could be read. */
function readable(
  certificate: Pick<ShownVersion, NamedField | 'extension'>,
  fields: readonly SharedField[] | null,
): Record<string, unknown> {
  const granted = (field: SharedField): boolean => fields?.includes(field) ?? true;
  const named = Object.keys(FIELD_NAMES) as NamedField[];
  const holders = certificate.holders.map((holder) => ({ ...holder, code: hidden(holder.code) }));
  const face = Object.entries(certificate.extension).filter(([name]) => granted(`face:${name}`));
  return {
    ...Object.fromEntries(
      named.filter((field) => field === 'typeCode' || granted(field)).map((field) => [field, certificate[field]]),
    ),
    ...(granted('holders') && { holders }),
    face: Object.fromEntries(face),
  };
}

const hidden = (code: string): string => (code.length < 8 ? '******' : `${code.slice(0, 4)}******${code.slice(-2)}`);

const VERSION = `identifier, type_code AS "typeCode", name, number, issuer_name AS "issuerName", issuer_code AS "issuerCode",
  issued_on::text AS "issuedOn", effective_on::text AS "effectiveOn", expires_on::text AS "expiresOn", holders, status, extension`;
const OF_USED = 'v.stream_id = c.stream_id AND v.record_key = c.record_key AND v.content_hash = c.content_hash';
const SHOWN = `
  SELECT c.use_id AS "useId", s.name AS stream, encode(c.content_hash, 'hex') AS version, f.content_hash AS "fileHash", v.*
  FROM unnest(:ids::bigint[]) AS given(id) JOIN certificate_use u USING (id) JOIN used_certificate c ON c.use_id = u.id
    LEFT JOIN stream s ON s.id = c.stream_id
    LEFT JOIN LATERAL (
      SELECT ${VERSION} FROM certificate v WHERE ${OF_USED}
      UNION ALL SELECT ${VERSION} FROM certificate_history v WHERE ${OF_USED} LIMIT 1) AS v ON true
    LEFT JOIN LATERAL (
      SELECT content_hash FROM fetched_file f WHERE f.stream_id = c.stream_id AND f.record_key = c.record_key
        AND f.fetched_at <= u.at ORDER BY f.id DESC LIMIT 1) AS f ON true
  ORDER BY c.use_id, s.name, c.record_key`;
