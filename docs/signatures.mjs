// What verify-receipt.mjs and check-status.mjs check signatures of a certificate hub by: Node and, for SM2, openssl.
import { execFileSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Says what does not hold, and ends the program. */
export const fail = (zh, en) => {
  console.error(`✖ ${zh} ${en}`);
  process.exit(1);
};

/** Whether a signature of a text holds. @param key as GET /share/v1/receipt-keys tells it */
export const holds = ({ algorithm, publicKey }, text, signature) =>
  algorithm === 'SM2'
    ? sm2Holds(text, signature, publicKey)
    : verify(null, Buffer.from(text), createPublicKey(publicKey), signature);

/** SM2 with SM3 and the identity 1234567812345678 (GB/T 32918, GB/T 35276), by openssl. @param point 04 x y, in hexadecimal */
function sm2Holds(data, signature, point) {
  // SubjectPublicKeyInfo of an SM2 key, up to its point.
  const head = '3059301306072a8648ce3d020106082a811ccf5501822d034200';
  const der = Buffer.from(head + point, 'hex').toString('base64');
  const folder = mkdtempSync(join(tmpdir(), 'receipt-'));
  const [keyFile, dataFile, signatureFile] = ['key', 'data', 'signature'].map((name) => join(folder, name));
  try {
    writeFileSync(keyFile, `-----BEGIN PUBLIC KEY-----\n${der.replace(/.{64}/g, '$&\n')}\n-----END PUBLIC KEY-----\n`);
    writeFileSync(dataFile, data);
    writeFileSync(signatureFile, signature);
    const how = ['-rawin', '-digest', 'sm3', '-pkeyopt', 'distid:1234567812345678'];
    const files = ['-pubin', '-inkey', keyFile, '-in', dataFile, '-sigfile', signatureFile];
    execFileSync('openssl', ['pkeyutl', '-verify', ...files, ...how], { stdio: 'pipe' });
    return true;
  } catch (error) {
    if (error.code === 'ENOENT') fail('没有 openssl 命令，无法核验 SM2', 'there is no openssl command to check SM2 by');
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
