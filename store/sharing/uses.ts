import { createHmac, hash, randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { leafOf, receiptText, sm3, type Receipt } from '../../domain/sharing/receipt.ts';
import type { UseAct, UseOutcome } from '../../domain/sharing/use.ts';
import type { UseRefusal } from '../../domain/sharing/grant.ts';
import type { Strength } from '../../domain/sharing/holder.ts';
import type { Holder } from '../../domain/library/certificate.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import { Prepared } from '../database.ts';
import type { PresentCertificate } from '../library/certificates.ts';

/** Who uses certificates, and what for: what every call of the share interface bears, and every act of a holder. */
export interface UseContext {
  /** The user unit; of an act of a holder, who runs the portal. */
  unit: { code: string; name: string };
  accountId: number | null;
  /** The account whose token the call came with, or the portal. */
  client: string;
  /** How sure the portal was of who the holder is; left out where none acted. */
  strength?: Strength;
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
  refusal: UseRefusal | null;
  grantId: number | null;
  /** What the holder consented to, where it rests on no grant: a presentation (亮证) or an authorisation (授权). */
  presentationId?: number;
  authorisationId?: number;
  typeCode: string;
  /** The code of the holder, which is kept as a hash; or that. */
  holder: string | Buffer | null;
  /** What is answered, as its digest is made of. */
  answer: Buffer | string;
  certificates: readonly Pick<PresentCertificate, 'stream' | 'key' | 'contentHash'>[];
  /** Of a copy (加注件): until when it may be used. */
  copyUntil?: Date;
}

/** Uses of one statement. */
const MOST_AT_ONCE = 500;
/** How long what was found for a case can be read by its code (用证码). */
const CODE_DAYS = 30;

/** Keys that holders are hashed by; a database has its own for good. */
const keys = new WeakMap<Knex, Promise<Buffer>>();

/** The hash by which a holder is known in the log of uses. */
export async function holderHash(db: Knex, code: string): Promise<Buffer> {
  let key = keys.get(db);
  if (!key) {
    key = db('hub')
      .first<{ key: Buffer }>({ key: 'use_key' })
      .then((row) => row.key);
    keys.set(db, key);
    key.catch(() => keys.delete(db));
  }
  return createHmac('sha256', await key)
    .update(code)
    .digest();
}

/** The code of the holder that a hash stands for, among those of a certificate; null where it is of none of them. */
export async function codeBehind(
  db: Knex,
  known: Buffer,
  holders: readonly Pick<Holder, 'code'>[],
): Promise<string | null> {
  for (const { code } of holders) if ((await holderHash(db, code)).equals(known)) return code;
  return null;
}

/** A use as it is written. */
interface Entry {
  row: Record<string, unknown>;
  shown: Record<string, unknown>[];
}

const NOTED = new Prepared<object>(
  'note-uses',
  `WITH noted AS (
     INSERT INTO certificate_use (receipt, at, act, outcome, refusal, unit_code, unit_name, account_id, client, operator,
       address, strength, grant_id, presentation_id, authorisation_id, matter, scenario, business, reason, type_code,
       holder, answer, text, leaf, copy_until)
     SELECT receipt, at, act, outcome, refusal, "unitCode", "unitName", "accountId", client, operator, address, strength,
       "grantId", "presentationId", "authorisationId", matter, scenario, business, reason, "typeCode",
       decode(holder, 'hex'), decode(answer, 'hex'), text, decode(leaf, 'hex'), "copyUntil"
     FROM json_to_recordset($1::json) AS given(receipt uuid, at timestamptz, act text, outcome text, refusal text,
       "unitCode" text, "unitName" text, "accountId" bigint, client text, operator text, address text, strength text,
       "grantId" bigint, "presentationId" bigint, "authorisationId" bigint, matter text, scenario text, business text,
       reason text, "typeCode" text, holder text, answer text, text text, leaf text, "copyUntil" timestamptz)
     RETURNING id, receipt
   ), shown AS (
     SELECT noted.id, s.id AS stream_id, key, hash, code, at
     FROM json_to_recordset($2::json) AS given(receipt uuid, at timestamptz, stream text, key text, hash text, code text)
     JOIN noted USING (receipt) JOIN stream s ON s.name = stream
   ), coded AS (
     INSERT INTO use_code (code_hash, use_id, stream_id, record_key, until)
     SELECT decode(code, 'hex'), id, stream_id, key, at + interval '${CODE_DAYS} days' FROM shown WHERE code IS NOT NULL
   )
   INSERT INTO used_certificate (stream_id, record_key, use_id, content_hash)
   SELECT stream_id, key, id, decode(hash, 'hex') FROM shown`,
);

const write = (db: Knex, entries: readonly Entry[]): Promise<unknown> =>
  NOTED.rows(db, [
    JSON.stringify(entries.map(({ row }) => row)),
    JSON.stringify(entries.flatMap(({ shown }) => shown)),
  ]);

/** @param codes by which the certificates are read on for the same case, in their order; none but of what is found */
async function entryOf(db: Knex, receipt: string, use: NewUse, at: Date, codes: readonly string[]): Promise<Entry> {
  const { context, act, outcome, refusal, typeCode, grantId, presentationId, authorisationId, copyUntil } = use;
  const { matter, scenario, business, reason, operator, client, accountId, address, strength } = context;
  const unitCode = context.unit.code;
  const answer = sm3(use.answer).toString('hex');
  const said = { act, outcome, refusal, client, operator, matter, scenario, business, reason, typeCode, answer };
  const text = receiptText({ receipt, at: shanghaiInstant(at.getTime()), unit: unitCode, ...said });
  const holder = typeof use.holder === 'string' ? await holderHash(db, use.holder) : use.holder;
  return {
    row: {
      ...said,
      receipt,
      at,
      unitCode,
      unitName: context.unit.name,
      accountId,
      address,
      strength,
      grantId,
      presentationId,
      authorisationId,
      holder: holder?.toString('hex') ?? null,
      text,
      leaf: leafOf(text).toString('hex'),
      copyUntil,
    },
    shown: use.certificates.map(({ stream, key, contentHash }, index) => {
      const code = codes[index];
      return {
        receipt,
        at,
        stream,
        key,
        hash: contentHash.toString('hex'),
        code: code && hashOfCode(code).toString('hex'),
      };
    }),
  };
}

/** Writes down a use within a transaction that does more: see {@link UseLog.note}. */
export async function noteUse(
  trx: Knex.Transaction,
  receipt: string,
  use: NewUse,
  at: Date,
  codes: readonly string[] = [],
): Promise<void> {
  await write(trx, [await entryOf(trx, receipt, use, at, codes)]);
}

/** A use that waits to be written down with others. */
interface Waiting extends Entry {
  written: () => void;
  failed: (cause: unknown) => void;
}

/**
 * The log of uses (用证日志). Uses that come while others are being written are written together, in one statement, as
 * soon as these are; each is told once its own entry is kept. Nothing is answered before.
 */
export class UseLog {
  readonly #db: Knex;
  #waiting: Waiting[] = [];
  #writing = false;

  constructor(db: Knex) {
    this.#db = db;
  }

  /**
   * Writes down a use. Each certificate that was found gets a code by which it is read on for the same case.
   * @param codes in the order of the certificates; none for other acts
   */
  async note(receipt: string, use: NewUse, at: Date, codes: readonly string[] = []): Promise<void> {
    const entry = await entryOf(this.#db, receipt, use, at, codes);
    await new Promise<void>((written, failed) => {
      this.#waiting.push({ ...entry, written, failed });
      if (!this.#writing) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MOST_AT_ONCE);
      // Where one of them cannot be written, the others are.
      await this.#insert(batch).catch(() =>
        Promise.all(batch.map((each) => this.#insert([each]).catch((cause: unknown) => each.failed(cause)))),
      );
    }
    this.#writing = false;
  }

  async #insert(batch: readonly Waiting[]): Promise<void> {
    await write(this.#db, batch);
    for (const { written } of batch) written();
  }
}

const logs = new WeakMap<Knex, UseLog>();

/** The log of a database: of a process, one. */
export function useLogOf(db: Knex): UseLog {
  const log = logs.get(db) ?? new UseLog(db);
  logs.set(db, log);
  return log;
}

/** A code (用证码) that nobody guesses. */
export const newCode = (): string => randomBytes(16).toString('base64url');
export const hashOfCode = (code: string): Buffer => hash('sha256', code, 'buffer');

/** What a code stands for: a certificate that a unit found for a case, and what it may do with it. */
export interface CodedUse {
  stream: string;
  key: string;
  unitCode: string;
  grantId: number | null;
  /** The authorisation that it was found by; null where a grant was. */
  authorisationId: number | null;
  /** The hash of the holder that was asked about. */
  holder: Buffer | null;
  typeCode: string;
  matter: string;
  scenario: string;
  business: string;
  reason: string;
  until: Date;
}

/** What a code stands for; null where it is unknown or past its time. */
export async function useByCode(db: Knex, code: string, at: Date): Promise<CodedUse | null> {
  const { rows } = await db.raw<{ rows: CodedUse[] }>(
    `SELECT s.name AS stream, record_key AS key, u.unit_code AS "unitCode", grant_id AS "grantId",
       authorisation_id AS "authorisationId", holder, u.type_code AS "typeCode", matter, scenario, business, reason, until
     FROM use_code JOIN certificate_use u ON u.id = use_id JOIN stream s ON s.id = stream_id
     WHERE code_hash = :hash AND until > :at`,
    { hash: hashOfCode(code), at },
  );
  return rows[0] ?? null;
}

/** Forgets codes that are past their time; how many. */
export const forgetCodes = (db: Knex, at: Date): Promise<number> => db('use_code').where('until', '<=', at).delete();

/** Counts a call against the limit of its grant; false where the day has no more. */
export async function withinDay(db: Knex, grantId: number, perDay: number | null, at: Date): Promise<boolean> {
  if (perDay === null) return true;
  const { rowCount } = await db.raw<{ rowCount: number }>(
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
  refusal: UseRefusal | null;
  unitCode: string;
  unitName: string;
  address: string | null;
  strength: Strength | null;
  /** Whether its receipt is signed; until then it is 待签. */
  signed: boolean;
  certificates: number;
  /** Of a copy: until when it may be used. */
  copyUntil: Date | null;
}

export interface UseChoice {
  /** Of these units; null: of all. */
  units: readonly string[] | null;
  /** Of certificates that streams of these units deliver, instead. */
  issuers?: readonly string[] | undefined;
  typeCode?: string | undefined;
  outcome?: UseOutcome | undefined;
  matter?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  before?: number | undefined;
  limit: number;
}

/** Uses, the latest first. */
export async function listUses(db: Knex, choice: UseChoice): Promise<Use[]> {
  const { rows } = await db.raw<{ rows: Use[] }>(
    `SELECT id, receipt, at, act, outcome, refusal, unit_code AS "unitCode", unit_name AS "unitName", client, operator,
       address, strength, matter, scenario, business, reason, type_code AS "typeCode",
       copy_until AS "copyUntil", batch_id IS NOT NULL AS signed,
       (SELECT count(*) FROM used_certificate WHERE use_id = u.id) AS certificates
     FROM certificate_use u
     WHERE (:units::text[] IS NULL OR unit_code = ANY (:units))
       AND (:issuers::text[] IS NULL OR EXISTS (SELECT FROM used_certificate c JOIN stream s ON s.id = c.stream_id
         WHERE c.use_id = u.id AND s.unit_code = ANY (:issuers)))
       AND (:typeCode::text IS NULL OR type_code = :typeCode) AND (:outcome::text IS NULL OR outcome = :outcome)
       AND (:matter::text IS NULL OR matter = :matter)
       AND (:from::timestamptz IS NULL OR at >= :from) AND (:to::timestamptz IS NULL OR at < :to)
       AND (:before::bigint IS NULL OR id < :before)
     ORDER BY id DESC LIMIT :limit`,
    {
      units: choice.units ? [...choice.units] : null,
      issuers: choice.issuers ? [...choice.issuers] : null,
      typeCode: choice.typeCode ?? null,
      outcome: choice.outcome ?? null,
      matter: choice.matter ?? null,
      from: choice.from ?? null,
      to: choice.to ?? null,
      before: choice.before ?? null,
      limit: choice.limit,
    },
  );
  return rows;
}
