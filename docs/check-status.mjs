// Reads the state of a certificate in a status list (状态列表) of a certificate hub by itself: it needs Node 22,
// signatures.mjs beside it and, for SM2, the openssl command (3.0), and neither the hub nor a network.
//
//   node check-status.mjs list.json keys.json index
//
// list.json: GET /share/v1/status-lists/{id}; keys.json: GET /share/v1/receipt-keys, from a time when it could be trusted;
// index: what /share/v1/read said of the certificate. Prints its state and ends with 0 where the list holds, else says what
// does not and ends with 1.
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { fail, holds } from './signatures.mjs';

const [listFile, keysFile, wanted] = process.argv.slice(2);
if (wanted === undefined) {
  console.error('usage: node check-status.mjs list.json keys.json index');
  process.exit(2);
}

const { payload, signatures } = JSON.parse(readFileSync(listFile, 'utf8'));
const { keys } = JSON.parse(readFileSync(keysFile, 'utf8'));
const read = (text) => JSON.parse(Buffer.from(text, 'base64url').toString());
const NAMES = { EdDSA: 'Ed25519', SM2: 'SM2' };
const used = new Set();
for (const { protected: header, signature } of signatures) {
  const { alg, kid, typ } = read(header);
  const known = keys.find(({ id, algorithm }) => id === kid && algorithm === NAMES[alg]);
  if (!known) fail(`没有公钥 ${kid}`, `there is no public key ${kid}`);
  if (typ !== 'statuslist+jwt') fail('不是状态列表', 'it is no status list');
  if (!holds(known, `${header}.${payload}`, Buffer.from(signature, 'base64url')))
    fail(`${alg} 签名无效`, `the ${alg} signature does not hold`);
  used.add(alg);
}
if (!used.has('SM2') || !used.has('EdDSA')) fail('缺少签名', 'a signature is missing');

const {
  sub,
  iat,
  exp,
  status_list: { bits, lst },
} = read(payload);
const time = (seconds) => new Date(seconds * 1000).toISOString();
if (exp * 1000 < Date.now()) fail(`列表已于 ${time(exp)} 过期`, `the list is past its time since ${time(exp)}`);
const list = inflateSync(Buffer.from(lst, 'base64url'));
const [index, perByte] = [Number(wanted), 8 / bits];
if (!Number.isInteger(index) || index < 0 || index >= list.length * perByte)
  fail('没有这个位置', 'there is no such index');
const value = (list[Math.floor(index / perByte)] >> ((index % perByte) * bits)) & (2 ** bits - 1);
const state = ['有效 in force', '终止 ended', '中止 suspended'][value] ?? fail('状态不明', 'an unknown state');
console.log(`✔ ${state}`);
console.log(`  ${sub} ${index} ${time(iat)}`);
