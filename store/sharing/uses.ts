import { createHmac, hash, randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { leafOf, receiptText, sm3, type Receipt } from '../../domain/sharing/receipt.ts';
import type { UseAct, UseOutcome } from '../../domain/sharing/use.ts';
import type { Refusal } from '../../domain/sharing/grant.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import type { CertificateVersion } from '../library/certificates.ts';

/** Who uses certificates, and what for: what every call of the share interface bears. */
export interface UseContext {
  unit: { code: string; name: string };
  accountId: number;
  /** The account whose token the call came with. */
  client: string;
  /** Who works with it at the user unit, as the caller says. */
  operator: string | null;
  address: string;
  matter: string;
  scenario: string;
  /** 业务流水号. */
  business: string;
  reason: string;
}

/** A use that is written down. */
export interface NewUse {
  context: UseContext;
  act: UseAct;
  outcome: UseOutcome;
  refusal: Refusal | null;
  grantId: number | null;
  typeCode: string;
  /** The code of the holder; kept as a hash. */
  holder: string | null;
  /** What is answered, as its digest is made of. */
  answer: Buffer | string;
  certificates: readonly Pick<CertificateVersion, 'stream' | 'key'>[];
}

/** How long what was found for a case can be read by its code (用证码). */
const CODE_DAYS = 30;

/** The hash by which a holder is known in the log of uses. */
async function holderHash(db: Knex, code: string): Promise<Buffer> {
  const row = await db('hub').first<{ key: Buffer }>({ key: 'use_key' });
  return createHmac('sha256', row.key).update(code).digest();
}

/**
 * Writes down a use, in the transaction that answers it: without its entry nothing is answered. Gives each certificate
 * that was found a code by which it is read on for the same case; of any other act none.
 * @returns the receipt's number, and the codes in the order of the certificates
 */
export async function noteUse(
  trx: Knex.Transaction,
  receipt: string,
  use: NewUse,
  at: Date,
  codes: readonly string[] = [],
): Promise<void> {
  const { context, act, outcome, refusal, typeCode } = use;
  const digest = sm3(use.answer);
  const text = receiptText({
    receipt,
    at: shanghaiInstant(at.getTime()),
    act,
    outcome,
    refusal,
    unit: context.unit.code,
    client: context.client,
    operator: context.operator,
    matter: context.matter,
    scenario: context.scenario,
    business: context.business,
    reason: context.reason,
    typeCode,
    answer: digest.toString('hex'),
  });
  const [row] = await trx('certificate_use')
    .insert({
      receipt,
      at,
      act,
      outcome,
      refusal,
      unit_code: context.unit.code,
      unit_name: context.unit.name,
      account_id: context.accountId,
      client: context.client,
      operator: context.operator,
      address: context.address,
      grant_id: use.grantId,
      matter: context.matter,
      scenario: context.scenario,
      business: context.business,
      reason: context.reason,
      type_code: typeCode,
      holder: use.holder === null ? null : await holderHash(trx, use.holder),
      answer: digest,
      text,
      leaf: leafOf(text),
    })
    .returning<{ id: number }[]>('id');
  if (use.certificates.length === 0) return;
  await trx.raw(
    `WITH used AS (
       SELECT c.stream_id, c.record_key, c.content_hash, code
       FROM json_to_recordset(:used::json) AS given(stream text, key text, code text)
       JOIN stream s ON s.name = stream JOIN certificate c ON c.stream_id = s.id AND c.record_key = key
     ), coded AS (
       INSERT INTO use_code (code_hash, use_id, stream_id, record_key, until)
       SELECT decode(code, 'hex'), :use, stream_id, record_key, :at::timestamptz + interval '${CODE_DAYS} days'
       FROM used WHERE code IS NOT NULL
     )
     INSERT INTO used_certificate (stream_id, record_key, use_id, content_hash)
     SELECT stream_id, record_key, :use, content_hash FROM used`,
    {
      use: row?.id,
      at,
      used: JSON.stringify(
        use.certificates.map(({ stream, key }, index) => ({
          stream,
          key,
          code: codes[index] === undefined ? null : hashOfCode(codes[index]).toString('hex'),
        })),
      ),
    },
  );
}

/** A code (用证码) that nobody guesses. */
export const newCode = (): string => randomBytes(16).toString('base64url');
const hashOfCode = (code: string): Buffer => hash('sha256', code, 'buffer');

/** What a code stands for: a certificate that a unit found for a case, and what it may do with it. */
export interface CodedUse {
  stream: string;
  key: string;
  unitCode: string;
  grantId: number | null;
  typeCode: string;
  matter: string;
  scenario: string;
  business: string;
  reason: string;
}

/** What a code stands for; null where it is unknown or past its time. */
export async function useByCode(db: Knex, code: string, at: Date): Promise<CodedUse | null> {
  const { rows } = await db.raw<{ rows: CodedUse[] }>(
    `SELECT s.name AS stream, record_key AS key, u.unit_code AS "unitCode", grant_id AS "grantId",
       u.type_code AS "typeCode", matter, scenario, business, reason
     FROM use_code JOIN certificate_use u ON u.id = use_id JOIN stream s ON s.id = stream_id
     WHERE code_hash = :hash AND until > :at`,
    { hash: hashOfCode(code), at },
  );
  return rows[0] ?? null;
}

/** Counts a call against the limit of its grant; false where the day has no more. */
export async function withinDay(
  trx: Knex.Transaction,
  grantId: number,
  perDay: number | null,
  at: Date,
): Promise<boolean> {
  if (perDay === null) return true;
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `INSERT INTO share_grant_day AS counted (grant_id, day, calls)
     VALUES (:grantId, (:at::timestamptz AT TIME ZONE 'Asia/Shanghai')::date, 1)
     ON CONFLICT (grant_id, day) DO UPDATE SET calls = counted.calls + 1 WHERE counted.calls < :perDay`,
    { grantId, perDay, at },
  );
  return rowCount > 0;
}

/** A use as it was written down. */
export interface Use extends Pick<
  Receipt,
  'receipt' | 'act' | 'outcome' | 'client' | 'operator' | 'matter' | 'scenario' | 'business' | 'reason' | 'typeCode'
> {
  id: number;
  at: Date;
  refusal: Refusal | null;
  unitCode: string;
  unitName: string;
  address: string | null;
  /** Whether its receipt is signed; until then it is 待签. */
  signed: boolean;
  certificates: number;
}

export interface UseChoice {
  /** Of these units; null: of all. */
  units: readonly string[] | null;
  /** Of certificates that streams of these units deliver, instead. */
  issuers?: readonly string[] | undefined;
  typeCode?: string | undefined;
  outcome?: UseOutcome | undefined;
  matter?: string | undefined;
  /** Code of a holder. */
  holder?: string | undefined;
  certificate?: { stream: string; key: string } | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  before?: number | undefined;
  limit: number;
}

/** Uses, the latest first. */
export async function listUses(db: Knex, choice: UseChoice): Promise<Use[]> {
  const { holder, certificate } = choice;
  const { rows } = await db.raw<{ rows: Use[] }>(
    `SELECT id, receipt, at, act, outcome, refusal, unit_code AS "unitCode", unit_name AS "unitName", client, operator,
       address, matter, scenario, business, reason, type_code AS "typeCode", batch_id IS NOT NULL AS signed,
       (SELECT count(*) FROM used_certificate WHERE use_id = u.id) AS certificates
     FROM certificate_use u
     WHERE (:units::text[] IS NULL OR unit_code = ANY (:units))
       AND (:issuers::text[] IS NULL OR EXISTS (SELECT FROM used_certificate c JOIN stream s ON s.id = c.stream_id
         WHERE c.use_id = u.id AND s.unit_code = ANY (:issuers)))
       AND (:typeCode::text IS NULL OR type_code = :typeCode) AND (:outcome::text IS NULL OR outcome = :outcome)
       AND (:matter::text IS NULL OR matter = :matter)
       AND (:holder::bytea IS NULL OR holder = :holder)
       AND (:stream::text IS NULL OR id IN (SELECT use_id FROM used_certificate
         WHERE stream_id = (SELECT id FROM stream WHERE name = :stream) AND record_key = :key))
       AND (:from::timestamptz IS NULL OR at >= :from) AND (:to::timestamptz IS NULL OR at < :to)
       AND (:before::bigint IS NULL OR id < :before)
     ORDER BY id DESC LIMIT :limit`,
    {
      units: choice.units ? [...choice.units] : null,
      issuers: choice.issuers ? [...choice.issuers] : null,
      typeCode: choice.typeCode ?? null,
      outcome: choice.outcome ?? null,
      matter: choice.matter ?? null,
      holder: holder === undefined ? null : await holderHash(db, holder),
      stream: certificate?.stream ?? null,
      key: certificate?.key ?? null,
      from: choice.from ?? null,
      to: choice.to ?? null,
      before: choice.before ?? null,
      limit: choice.limit,
    },
  );
  return rows;
}
