// Checks a receipt (用证回执) of a certificate hub by itself: it needs Node 22, signatures.mjs beside it and, for SM2, the
// openssl command (3.0), and nothing of the hub.
//
//   node verify-receipt.mjs receipt.json keys.json [answer]
//
// receipt.json: GET /share/v1/receipts/{number}; keys.json: GET /share/v1/receipt-keys, from a time when it could be
// trusted; answer: the body that the call was answered with, byte for byte. Prints what the receipt says and ends with 0
// where all of it holds, else says what does not and ends with 1.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fail, holds } from './signatures.mjs';

const [receiptFile, keysFile, answerFile] = process.argv.slice(2);
if (receiptFile === undefined || keysFile === undefined) {
  console.error('usage: node verify-receipt.mjs receipt.json keys.json [answer]');
  process.exit(2);
}

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
  if (!holds(known, signed, Buffer.from(signature, 'base64')))
    fail(`${algorithm} 签名无效`, `the ${algorithm} signature does not hold`);
  used.add(algorithm);
}
if (!used.has('SM2') || !used.has('Ed25519')) fail('缺少签名', 'a signature is missing');

const [, number, at, act, outcome, refusal, unit, client, operator, matter, scenario, business, reason, type, digest] =
  JSON.parse(text);
if (answerFile !== undefined && sm3(readFileSync(answerFile)).toString('hex') !== digest)
  fail('答复内容与回执不符', 'the answer is not the one of the receipt');
console.log(`✔ ${number} ${at} ${act} ${outcome}${refusal === null ? '' : ` (${refusal})`}`);
console.log(`  ${unit} ${client} ${operator ?? ''} ${matter} ${scenario} ${business} ${reason} ${type}`);
