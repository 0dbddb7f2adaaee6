// Checks a receipt (用证回执) of a certificate hub by itself: it needs Node 22 and, for SM2, the openssl command (3.0), and
// nothing of the hub.
//
//   node verify-receipt.mjs receipt.json keys.json [answer]
//
// receipt.json: GET /share/v1/receipts/{number}; keys.json: GET /share/v1/receipt-keys, from a time when it could be
// trusted; answer: the body that the call was answered with, byte for byte. Prints what the receipt says and ends with 0
// where all of it holds, else says what does not and ends with 1.
import { execFileSync } from 'node:child_process';
import { createPublicKey, createHash, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [receiptFile, keysFile, answerFile] = process.argv.slice(2);
if (receiptFile === undefined || keysFile === undefined) {
  console.error('usage: node verify-receipt.mjs receipt.json keys.json [answer]');
  process.exit(2);
}

const fail = (zh, en) => {
  console.error(`✖ ${zh} ${en}`);
  process.exit(1);
};
const sm3 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sm3')).digest();

const { text, proof } = JSON.parse(readFileSync(receiptFile, 'utf8'));
const { keys } = JSON.parse(readFileSync(keysFile, 'utf8'));
if (!proof) fail('待签：回执尚未签名', 'the receipt is not signed yet');

// The leaf is SM3 of a zero byte and the text; a node SM3 of a one byte and both its children (RFC 6962).
let hashed = sm3(Buffer.of(0), text);
for (const { side, hash } of proof.path) {
  const neighbour = Buffer.from(hash, 'hex');
  hashed = side === 'left' ? sm3(Buffer.of(1), neighbour, hashed) : sm3(Buffer.of(1), hashed, neighbour);
}
const { id, previous, root, receipts, signedAt } = proof.batch;
if (hashed.toString('hex') !== root) fail('回执内容不在该批次中', 'the receipt is not in the batch');

const signed = ['hub-receipts-v1', id, previous, root, receipts, signedAt].join('\n');
const used = new Set();
for (const { key, algorithm, signature } of proof.signatures) {
  const known = keys.find((each) => each.id === key && each.algorithm === algorithm);
  if (!known) fail(`没有公钥 ${key}`, `there is no public key ${key}`);
  const bytes = Buffer.from(signature, 'base64');
  const holds =
    algorithm === 'SM2'
      ? sm2Holds(signed, bytes, known.publicKey)
      : verify(null, Buffer.from(signed), createPublicKey(known.publicKey), bytes);
  if (!holds) fail(`${algorithm} 签名无效`, `the ${algorithm} signature does not hold`);
  used.add(algorithm);
}
if (!used.has('SM2') || !used.has('Ed25519')) fail('缺少签名', 'a signature is missing');

const [, number, at, act, outcome, refusal, unit, client, operator, matter, scenario, business, reason, type, digest] =
  JSON.parse(text);
if (answerFile !== undefined && sm3(readFileSync(answerFile)).toString('hex') !== digest)
  fail('答复内容与回执不符', 'the answer is not the one of the receipt');
console.log(`✔ ${number} ${at} ${act} ${outcome}${refusal === null ? '' : ` (${refusal})`}`);
console.log(`  ${unit} ${client} ${operator ?? ''} ${matter} ${scenario} ${business} ${reason} ${type}`);

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
