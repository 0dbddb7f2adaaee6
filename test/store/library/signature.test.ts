import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { HubError } from '../../../domain/errors.ts';
import { readRoots, signatureOf, type SignatureStatus } from '../../../store/library/files/signature.ts';
import { DAY_MS } from '../../../domain/dates.ts';

/** Room for a signature, hexadecimal digits. */
const ROOM = 16_384;
const folder = mkdtempSync(join(tmpdir(), 'signature-'));
const path = (name: string): string => join(folder, name);
const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
const pem = (name: string): X509Certificate => new X509Certificate(readFileSync(path(`${name}.pem`)));

const RSA = ['rsa:2048'];
const P256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const SM2 = ['ec', '-pkeyopt', 'ec_paramgen_curve:SM2'];
const USE_CA = 'basicConstraints=critical,CA:TRUE';
const USE_SIGN = 'keyUsage=critical,digitalSignature,nonRepudiation';

/** A key and its certificate, `NAME.key` and `NAME.pem`, by an issuer or by itself. */
function certificate(name: string, key: string[], use: string, issuer?: string): void {
  const by = issuer === undefined ? [] : ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`];
  openssl(
    'req',
    '-x509',
    '-new',
    '-nodes',
    '-newkey',
    ...key,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
    '-subj',
    `/O=Test/CN=${name}`,
    '-days',
    '300',
    '-addext',
    use,
    ...by,
  );
}

/** A page, as a program that knows nothing of signatures writes it. */
const PLAIN = Buffer.from(
  '%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n' +
    '3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n',
);

/** Signs by an update at the end of the file, as signing programs do. @param flags for `openssl cms -sign` */
function sign(pdf: Buffer, signer: string, flags: string[] = []): Buffer {
  const start = `\n9 0 obj\n<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/adbe.pkcs7.detached/ByteRange `;
  const open = `${start}${' '.repeat(50)}/Contents `;
  const rest = '>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n';
  const before = pdf.length + open.length;
  const range = `[0 ${before} ${before + ROOM + 2} ${rest.length}]`;
  const first = Buffer.concat([pdf, Buffer.from(`${start}${range.padEnd(50)}/Contents `)]);
  writeFileSync(path('content'), Buffer.concat([first, Buffer.from(rest)]));
  const chain = ['-certfile', path('middle.pem')];
  const who = ['-signer', `${signer}.pem`, '-inkey', `${signer}.key`, ...chain];
  const cms = openssl('cms', '-sign', '-binary', '-in', 'content', '-outform', 'DER', ...who, ...flags);
  return Buffer.concat([first, Buffer.from(`<${cms.toString('hex').padEnd(ROOM, '0')}>${rest}`)]);
}

/** A ZIP of uncompressed files. */
function zip(files: Record<string, string>): Buffer {
  const parts: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt32LE(crc32(text), 10);
    facts.writeUInt32LE(Buffer.byteLength(text), 14);
    facts.writeUInt32LE(Buffer.byteLength(text), 18);
    facts.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    const part = Buffer.concat([Buffer.from('PK\x03\x04'), facts, Buffer.from(name + text)]);
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), facts, place, Buffer.from(name)]));
    parts.push(part);
    offset += part.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(Buffer.concat(entries).length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, ...entries, Buffer.from('PK\x05\x06'), end]);
}

const replaced = (file: Buffer, from: string, to: string): Buffer => {
  assert.ok(file.includes(from) && from.length === to.length);
  return Buffer.from(file.toString('latin1').replace(from, to), 'latin1');
};

describe('the signature of a file', () => {
  let signed: Buffer;
  let roots: X509Certificate[];
  before(() => {
    certificate('root', RSA, USE_CA);
    certificate('middle', P256, USE_CA, 'root');
    certificate('issuer', RSA, USE_SIGN, 'middle');
    certificate('curve', P256, USE_SIGN, 'root');
    certificate('plain', RSA, 'basicConstraints=CA:FALSE', 'root');
    certificate('cipher', RSA, 'keyUsage=critical,keyEncipherment', 'root');
    certificate('stranger', RSA, USE_SIGN);
    certificate('below-plain', RSA, USE_SIGN, 'plain');
    certificate('seal', SM2, USE_SIGN);
    signed = sign(PLAIN, 'issuer');
    roots = readRoots(path('root.pem'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const judge = (file: Buffer, at?: Date): Promise<SignatureStatus> => signatureOf(file, { roots, ...(at && { at }) });
  const is = async (file: Buffer, state: string, detail: RegExp, at?: Date): Promise<void> => {
    const found = await judge(file, at);
    assert.equal(found.state, state, found.detail);
    assert.match(found.detail, detail);
  };

  it('is valid where it covers the whole file and leads to a trusted root', async () => {
    assert.deepEqual(await judge(signed), {
      state: 'valid',
      detail: 'the signature holds and covers the whole file; revocation was not looked up',
      signers: ['O=Test, CN=issuer'],
    });
    await is(sign(PLAIN, 'curve'), 'valid', /holds/);
    await is(sign(PLAIN, 'curve', ['-md', 'sha512']), 'valid', /holds/);
    await is(sign(PLAIN, 'plain', ['-md', 'sha384', '-keyid']), 'valid', /holds/);
  });

  it('is valid where a second one was added, if both are', async () => {
    const both = await judge(sign(signed, 'curve'));
    assert.deepEqual([both.state, both.signers], ['valid', ['O=Test, CN=issuer', 'O=Test, CN=curve']]);
    await is(sign(signed, 'stranger'), '未核验', /trusted root/);
    await is(sign(replaced(signed, '[0 0 99 99]', '[0 0 99 98]'), 'curve'), 'invalid', /not what was signed/);
  });

  it('is invalid where anything that it covers was changed', async () => {
    await is(replaced(signed, '[0 0 99 99]', '[0 0 99 98]'), 'invalid', /not what was signed/);
    await is(replaced(signed, '/Adobe.PPKLite', '/Adobe.PPKLitE'), 'invalid', /not what was signed/);
    const end = Buffer.from(signed);
    end[end.length - 2] = 0x47;
    await is(end, 'invalid', /not what was signed/);
  });

  it('is invalid where the signature itself was changed', async () => {
    // The last bytes of the CMS are the RSA signature.
    const start = signed.indexOf('/Contents <') + 11;
    const hex = signed
      .subarray(start, start + ROOM)
      .toString()
      .replace(/0+$/, '');
    const at = start + hex.length - 20;
    const broken = Buffer.from(signed);
    broken.write(broken.toString('latin1', at, at + 1) === '7' ? '8' : '7', at, 'latin1');
    await is(broken, 'invalid', /signature does not hold/);
  });

  it('is not called valid where something was added after it', async () => {
    const update = Buffer.from('3 0 obj\n<</Type/Page/MediaBox[0 0 1 1]>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n');
    await is(Buffer.concat([signed, update]), '未核验', /^78 bytes were added after the last signature$/);
    await is(Buffer.concat([signed, Buffer.from('\n')]), '未核验', /^1 bytes were added/);
  });

  it('is not called valid where it leaves out more than itself', async () => {
    // A range that spares a comment behind the signature, which is then filled.
    const start = signed.indexOf('/ByteRange ');
    const [, resume = '', rest = ''] = /(\d+) (\d+)\]/.exec(signed.toString('latin1', start)) ?? [];
    const moved = `${Number(resume) + 5} ${Number(rest) - 5}`;
    await is(replaced(signed, `${resume} ${rest}]`, `${moved}]`), '未核验', /leaves out more/);
    await is(replaced(signed, '/ByteRange [0 ', '/ByteRange [1 '), '未核验', /leaves out more/);
    await is(replaced(signed, `/Contents <30`, `/Contents <3x`), '未核验', /leaves out more/);
    await is(signed.subarray(0, -10), '未核验', /leaves out more/);
  });

  it('is not called valid where the signer is not trusted', async () => {
    const stranger = await judge(sign(PLAIN, 'stranger'));
    assert.deepEqual(stranger, {
      state: '未核验',
      detail: 'the signature holds; its certificate does not lead to a trusted root',
      signers: ['O=Test, CN=stranger'],
    });
    assert.equal((await signatureOf(signed)).state, '未核验', 'no roots at all');
    await is(sign(PLAIN, 'below-plain', ['-certfile', path('plain.pem')]), '未核验', /trusted root/);
    await is(sign(PLAIN, 'cipher'), '未核验', /not for signing/);
  });

  it('finds an end where certificates name each other as their issuers', async () => {
    certificate('one', P256, USE_CA);
    certificate('two', P256, USE_CA);
    certificate('circular', P256, USE_SIGN, 'one');
    for (const [name, by] of [
      ['one', 'two'],
      ['two', 'one'],
    ] as const) {
      const subject = ['-subj', `/O=Test/CN=${name}`, '-days', '300', '-addext', USE_CA];
      const issuer = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`];
      openssl('req', '-x509', '-new', '-key', `${name}.key`, '-out', `${name}-by-${by}.pem`, ...subject, ...issuer);
    }
    const circle = ['-certfile', 'one-by-two.pem', '-certfile', 'two-by-one.pem'];
    await is(sign(PLAIN, 'circular', circle), '未核验', /trusted root/);
  });

  it('takes certificates as they were when the file was got', async () => {
    await is(signed, 'valid', /holds/, new Date(Date.now() + 200 * DAY_MS));
    await is(signed, '未核验', /not in force/, new Date(Date.now() + 400 * DAY_MS));
    await is(signed, '未核验', /not in force/, new Date(Date.now() - DAY_MS));
  });

  it('is not called valid where it is made in a way that proves nothing', async () => {
    await is(sign(PLAIN, 'issuer', ['-md', 'sha1']), '未核验', /method/);
    await is(sign(PLAIN, 'issuer', ['-nodetach']), '未核验', /form that is not known/);
    await is(sign(PLAIN, 'issuer', ['-noattr']), '未核验', /form that is not known/);
    await is(
      sign(PLAIN, 'issuer', ['-signer', 'curve.pem', '-inkey', 'curve.key']),
      '未核验',
      /form that is not known/,
    );
    await is(sign(PLAIN, 'issuer', ['-nocerts']), '未核验', /cannot be verified/);
  });

  it('is 未核验 with SM2 certificates', async () => {
    await is(sign(PLAIN, 'issuer', ['-certfile', 'seal.pem']), '未核验', /SM2\/SM3/);
  });

  it('of a PDF without one is unsigned', () => is(PLAIN, 'unsigned', /a PDF without a signature/));

  it('of an OFD is 未核验, if it has one', async () => {
    const ofd = (body: string): Record<string, string> => ({
      'OFD.xml': `<?xml version="1.0"?><ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"><ofd:DocBody>${body}</ofd:DocBody></ofd:OFD>`,
      'Doc_0/Document.xml': '<ofd:Document/>',
    });
    await is(zip(ofd('<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>')), 'unsigned', /an OFD without a signature/);
    await is(zip(ofd('<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>')), '未核验', /SM2\/SM3/);
    await is(zip({ 'word/document.xml': '' }), '未核验', /neither/);
  });

  it('of anything else is 未核验, whatever it holds', async () => {
    await is(Buffer.alloc(0), '未核验', /neither/);
    await is(randomBytes(1000), '未核验', /neither/);
    await is(Buffer.from('PK\x03\x04 and nothing more'), '未核验', /cannot be read/);
    await is(Buffer.from(`%PDF-1.7 ${'/ByteRange [0 1 2 3] '.repeat(60)}`), '未核验', /too many/);
    await is(Buffer.from('%PDF-1.7 /ByteRange [0 1 R]'), '未核验', /range of bytes cannot be read/);
    const hex = signed.indexOf('/Contents <') + 11;
    for (let round = 0; round < 100; round += 1) {
      const file = Buffer.from(signed);
      file.write(randomBytes(4).toString('hex'), hex + 2 * Math.floor(Math.random() * 600), 'latin1');
      assert.notEqual((await judge(file)).state, 'unsigned');
    }
    const garbled = Buffer.from(signed);
    garbled.write(randomBytes(ROOM / 2).toString('hex'), hex, 'latin1');
    await is(garbled, '未核验', /form that is not known/);
  });

  it('roots that cannot be read are the configuration’s fault', () => {
    assert.equal(readRoots(path('root.pem'))[0]?.subject, pem('root').subject);
    for (const name of ['root.key', 'missing.pem'])
      assert.throws(
        () => readRoots(path(name)),
        (error) => error instanceof HubError && error.code === 'roots-unreadable',
      );
  });
});
