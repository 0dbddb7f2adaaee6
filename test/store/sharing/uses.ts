import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Knex } from 'knex';
import type { FileStore } from '../../../store/library/files/contract.ts';
import { noteUse, type NewUse } from '../../../store/sharing/uses.ts';
import { keepKeys, signBatch } from '../../../store/sharing/receipts.ts';
import type { ReceiptSigner } from '../../../store/sharing/receipt-signing.ts';
import { newStream } from '../../support/library.ts';

export const USER = { code: '11320200014006438B', name: '市住建局' };
export const OTHER_USER = { code: '11320200014006999C', name: '市交通局' };
export const HOLDER_ID = '11010519491231002X';

/** A certificate that is used, with its original. */
export interface UsedCertificate {
  stream: { id: number; name: string };
  key: string;
  contentHash: Buffer;
  original: Buffer;
}

/** Has the library hold a certificate with a file, on which a grant of the unit rests; the grant’s number. */
export async function certificateInUse(
  db: Knex,
  files: FileStore,
  at: Date,
): Promise<{ certificate: UsedCertificate; grantId: number }> {
  const stream = await newStream(db);
  const key = 'K1';
  const original = Buffer.from(`%PDF-1.7 ${stream.name}`);
  const { hash, size } = await files.put(Readable.from([original]), 1e6);
  const contentHash = Buffer.alloc(32, stream.id);
  await db.raw(
    `INSERT INTO certificate (stream_id, record_key, number, type_code, name, issued_on, long_term, holders, status,
       raw_status, extension, content_hash, source_updated_at, batch_id, recorded_at)
     VALUES (:stream, :key, 'N-1', 'T1', '证', '2025-01-01', true, :holders, 'valid', '1', '{"address": "一号", "price": "90"}', :hash, :at, 0, :at)`,
    {
      stream: stream.id,
      key,
      hash: contentHash,
      at,
      holders: JSON.stringify([{ name: '张三', code: HOLDER_ID, codeType: '111' }]),
    },
  );
  await db('fetched_file').insert({
    stream_id: stream.id,
    record_key: key,
    content_hash: hash,
    size,
    signature: '未核验',
    signature_reason: JSON.stringify({ code: 'none' }),
    seals: '[]',
    judged_at: at,
    fetched_at: at,
  });
  const [grant] = await db('share_grant')
    .insert({
      unit_code: USER.code,
      unit_name: USER.name,
      matter: `A-${stream.id}`,
      matter_name: '施工许可',
      scenario: '受理',
      type_code: 'T1',
      fields: ['name', 'number', 'holders', 'face:address'],
      interfaces: ['find', 'file'],
      list_version: 1,
      granted_at: at,
      granted_by: 'x',
    })
    .returning<{ id: number }[]>('id');
  return { certificate: { stream, key, contentHash, original }, grantId: grant?.id ?? 0 };
}

/** Writes down a use of a certificate; the number of its receipt. */
export async function use(
  db: Knex,
  { certificate, grantId }: { certificate: UsedCertificate; grantId: number },
  at: Date,
  change: Partial<NewUse> & { unit?: typeof USER } = {},
): Promise<string> {
  const receipt = randomUUID();
  const { unit = USER, act = 'find', ...rest } = change;
  await db.transaction((trx) =>
    noteUse(
      trx,
      receipt,
      {
        context: {
          unit,
          accountId: null,
          client: 'one-window',
          operator: '王五',
          address: '10.1.0.1',
          matter: 'A-1',
          scenario: '受理',
          business: 'B-2026-1',
          reason: '办理施工许可',
        },
        act,
        outcome: 'answered',
        refusal: null,
        grantId,
        typeCode: 'T1',
        holder: HOLDER_ID,
        answer: act === 'file' ? certificate.original : '{}',
        certificates: [{ stream: certificate.stream.name, key: certificate.key, contentHash: certificate.contentHash }],
        ...rest,
      },
      at,
    ),
  );
  return receipt;
}

/** Signs what waits for it. */
export async function signAll(db: Knex, signer: ReceiptSigner, at: Date): Promise<void> {
  await keepKeys(db, signer.keys, at);
  await signBatch(db, signer.sign, at);
}
