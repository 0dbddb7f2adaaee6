import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sm2 } from 'sm-crypto-v2';
import { fault } from '../../domain/faults.ts';
import { batchText, type BatchSignature, type ReceiptBatch, type ReceiptKey } from '../../domain/sharing/receipt.ts';
import { sm2Holds } from '../library/files/seals/sm2.ts';

/** JSON that is signed by each key (RFC 7515, §7.2.1). */
export interface SignedJson {
  /** Base64url. */
  payload: string;
  signatures: { protected: string; signature: string }[];
}

/** Signs batches of receipts and status lists, by SM2 (GB/T 32918) for those here and by Ed25519 for everybody else. */
export interface ReceiptSigner {
  keys: ReceiptKey[];
  sign: (batch: ReceiptBatch) => BatchSignature[];
  /** Signs a text that is none of a batch. */
  signText: (text: string) => BatchSignature[];
  /** @param typ what it is, as the header says */
  signJson: (typ: string, claims: object) => SignedJson;
}

/** Whether a signature is that of a key over a text. */
export function receiptSignatureHolds(
  text: string,
  { signature }: BatchSignature,
  { algorithm, publicKey }: ReceiptKey,
): boolean {
  const [data, bytes] = [Buffer.from(text), Buffer.from(signature, 'base64')];
  if (algorithm === 'SM2') return sm2Holds(data, bytes, Buffer.from(publicKey, 'hex'));
  try {
    return verify(null, data, publicKey, bytes);
  } catch {
    // What is said to be a key is none.
    return false;
  }
}

interface KeyFile {
  /** PKCS #8, in PEM. */
  ed25519: string;
  /** The private number in hexadecimal. */
  sm2: string;
}

/** SM2 has no registered name; its signature is r and s in DER, as that of receipts. */
const JOSE_NAMES = { Ed25519: 'EdDSA', SM2: 'SM2' } as const;
const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A key is known by what it is. */
const idOf = (publicKey: string): string => hash('sha256', publicKey).slice(0, 16);

/**
 * The signer with the keys of the hub’s data folder, which are made when there are none. Throws a configuration error
 * where they cannot be read.
 */
export function openReceiptSigner(folder: string): ReceiptSigner {
  const file = join(folder, 'receipt-keys.json');
  const { ed25519, sm2: number } = readKeys(file) ?? makeKeys(file);
  let edwards: KeyObject;
  let point: string;
  try {
    edwards = createPrivateKey(ed25519);
    point = sm2.getPublicKeyFromPrivateKey(number);
  } catch (cause) {
    throw fault('receipt-keys', { file }, { cause });
  }
  const edwardsPublic = createPublicKey(edwards).export({ type: 'spki', format: 'pem' }).toString();
  const keys: ReceiptKey[] = [
    { id: idOf(edwardsPublic), algorithm: 'Ed25519', publicKey: edwardsPublic },
    { id: idOf(point), algorithm: 'SM2', publicKey: point },
  ];
  const signed = (algorithm: ReceiptKey['algorithm'], text: string): Buffer =>
    algorithm === 'Ed25519'
      ? sign(null, Buffer.from(text), edwards)
      : Buffer.from(sm2.doSignature(text, number, { der: true, hash: true, publicKey: point }), 'hex');
  const signText = (text: string): BatchSignature[] =>
    keys.map(({ id, algorithm }) => ({ key: id, algorithm, signature: signed(algorithm, text).toString('base64') }));
  const signJson: ReceiptSigner['signJson'] = (typ, claims) => {
    const payload = base64url(claims);
    const signatures = keys.map(({ id, algorithm }) => {
      const header = base64url({ alg: JOSE_NAMES[algorithm], typ, kid: id });
      return { protected: header, signature: signed(algorithm, `${header}.${payload}`).toString('base64url') };
    });
    return { payload, signatures };
  };
  return { keys, sign: (batch) => signText(batchText(batch)), signText, signJson };
}

function readKeys(file: string): KeyFile | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as KeyFile;
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return null;
    throw fault('receipt-keys', { file }, { cause });
  }
}

function makeKeys(file: string): KeyFile {
  const { privateKey } = generateKeyPairSync('ed25519');
  const made: KeyFile = {
    ed25519: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    sm2: sm2.generateKeyPairHex().privateKey,
  };
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(made), { mode: 0o600, flag: 'wx' });
    return made;
  } catch (cause) {
    // Another process was first.
    const theirs = (cause as { code?: string }).code === 'EEXIST' ? readKeys(file) : null;
    if (theirs) return theirs;
    throw fault('receipt-keys', { file }, { cause });
  }
}
