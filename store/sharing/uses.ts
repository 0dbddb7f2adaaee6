import { createHmac, hash, randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { leafOf, receiptText, sm3, type Receipt, type UseAct, type UseOutcome } from '../../domain/sharing/receipt.ts';
import type { Refusal } from '../../domain/sharing/grant.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import { Prepared } from '../database.ts';
import type { PresentCertificate } from '../library/certificates.ts';

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
  certificates: readonly Pick<PresentCertificate, 'stream' | 'key' | 'contentHash'>[];
}

/** Uses of one statement. */
const MOST_AT_ONCE = 500;
/** How long what was found for a case can be read by its code (用证码). */
const CODE_DAYS = 30;

/** Keys that holders are hashed by; a database has its own for good. */
const keys = new WeakMap<Knex, Promise<Buffer>>();

/** The hash by which a holder is known in the log of uses. */
async function holderHash(db: Knex, code: string): Promise<Buffer> {
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

/** A use that waits to be written down with others. */
interface Waiting {
  row: Record<string, unknown>;
  shown: Record<string, unknown>[];
  written: () => void;
  failed: (cause: unknown) => void;
}

const NOTED = new Prepared<object>(
  'note-uses',
  `WITH noted AS (
     INSERT INTO certificate_use (receipt, at, act, outcome, refusal, unit_code, unit_name, account_id, client, operator,
       address, grant_id, matter, scenario, business, reason, type_code, holder, answer, text, leaf)
     SELECT receipt, at, act, outcome, refusal, "unitCode", "unitName", "accountId", client, operator, address, "grantId",
       matter, scenario, business, reason, "typeCode", decode(holder, 'hex'), decode(answer, 'hex'), text, decode(leaf, 'hex')
     FROM json_to_recordset($1::json) AS given(receipt uuid, at timestamptz, act text, outcome text, refusal text,
       "unitCode" text, "unitName" text, "accountId" bigint, client text, operator text, address text, "grantId" bigint,
       matter text, scenario text, business text, reason text, "typeCode" text, holder text, answer text, text text, leaf text)
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
    const { context, act, outcome, refusal, typeCode, grantId } = use;
    const { matter, scenario, business, reason, operator, client, accountId, address } = context;
    const unitCode = context.unit.code;
    const answer = sm3(use.answer).toString('hex');
    const said = { act, outcome, refusal, client, operator, matter, scenario, business, reason, typeCode, answer };
    const text = receiptText({ receipt, at: shanghaiInstant(at.getTime()), unit: unitCode, ...said });
    const holder = use.holder === null ? null : (await holderHash(this.#db, use.holder)).toString('hex');
    const row = {
      ...said,
      receipt,
      at,
      unitCode,
      unitName: context.unit.name,
      accountId,
      address,
      grantId,
      holder,
      text,
      leaf: leafOf(text).toString('hex'),
    };
    const shown = use.certificates.map(({ stream, key, contentHash }, index) => {
      const code = codes[index];
      return {
        receipt,
        at,
        stream,
        key,
        hash: contentHash.toString('hex'),
        code: code && hashOfCode(code).toString('hex'),
      };
    });
    await new Promise<void>((written, failed) => {
      this.#waiting.push({ row, shown, written, failed });
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
    const [rows, shown] = [batch.map(({ row }) => row), batch.flatMap((each) => each.shown)];
    await NOTED.rows(this.#db, [JSON.stringify(rows), JSON.stringify(shown)]);
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
