import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { HubError } from '../../../domain/errors.ts';
import { DAY_MS } from '../../../domain/dates.ts';
import { sealState, type FoundReason, type SealJudgement } from '../../../domain/library/seals.ts';
import { judgeSeals } from '../../../store/library/files/seals/judge.ts';
import { openTrust } from '../../../store/library/files/seals/trust.ts';

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
function certificate(name: string, key: string[], use: string, issuer?: string, flags: string[] = []): void {
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
    ...flags,
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

const isFault = (code: string) => (error: unknown) => error instanceof HubError && error.code === code;

describe('the signature of a PDF', () => {
  let signed: Buffer;
  let roots: readonly X509Certificate[];
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
    certificate('weak', ['rsa:1024'], USE_SIGN, 'root');
    certificate('server', RSA, 'extendedKeyUsage=serverAuth', 'root', ['-addext', USE_SIGN]);
    certificate('mail', RSA, 'extendedKeyUsage=clientAuth,emailProtection', 'root', ['-addext', USE_SIGN]);
    signed = sign(PLAIN, 'issuer');
    roots = openTrust({ trustedRoots: path('root.pem') })().roots;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const judge = (file: Buffer, gotAt = new Date(), trusted = roots): Promise<SealJudgement> =>
    judgeSeals(file, { roots: trusted, crls: [], gotAt, now: gotAt }, null);
  const is = async (file: Buffer, code: FoundReason['code'], gotAt?: Date): Promise<void> =>
    assert.equal((await judge(file, gotAt)).reason.code, code);

  it('is valid where it covers the whole file and leads to a trusted root', async () => {
    const { reason, seals } = await judge(signed);
    assert.deepEqual(reason, { code: 'sound', revocation: false });
    assert.equal(sealState({ code: 'sound', revocation: false }), 'valid');
    const [{ signedAt, ...seal }] = seals as [SealJudgement['seals'][number]];
    assert.deepEqual(seal, { reason, name: null, signer: 'Test issuer', maker: null });
    assert.ok(Math.abs(Date.parse(signedAt ?? '') - Date.now()) < DAY_MS);
    await is(sign(PLAIN, 'curve'), 'sound');
    await is(sign(PLAIN, 'curve', ['-md', 'sha512']), 'sound');
    await is(sign(PLAIN, 'plain', ['-md', 'sha384', '-keyid']), 'sound');
  });

  it('is valid where a second one was added, if both are', async () => {
    const both = await judge(sign(signed, 'curve'));
    assert.deepEqual(
      [both.reason.code, both.seals.map(({ signer }) => signer)],
      ['sound', ['Test issuer', 'Test curve']],
    );
    await is(sign(signed, 'stranger'), 'root-unknown');
    await is(sign(replaced(signed, '[0 0 99 99]', '[0 0 99 98]'), 'curve'), 'content-changed');
  });

  it('counts for its issuer only as far as it goes: what another added and signed is the other’s', async () => {
    const by = async (file: Buffer, name: string): Promise<FoundReason> =>
      (await judgeSeals(file, { roots, crls: [], gotAt: new Date(), now: new Date() }, { name, code: '' })).reason;
    const update = Buffer.from('\n3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 1 1]>>\nendobj\n');
    const changed = sign(Buffer.concat([signed, update]), 'curve');
    assert.deepEqual(await by(changed, 'issuer'), { code: 'others-since', bytes: changed.length - signed.length });
    assert.equal((await by(changed, 'curve')).code, 'sound');
    assert.equal((await by(sign(changed, 'issuer'), 'issuer')).code, 'sound', 'its issuer signed it again');
    assert.equal((await by(signed, 'issuer')).code, 'sound');
    assert.equal((await by(changed, 'nobody')).code, 'signer-differs');
  });

  it('is invalid where anything that it covers was changed', async () => {
    await is(replaced(signed, '[0 0 99 99]', '[0 0 99 98]'), 'content-changed');
    await is(replaced(signed, '/Adobe.PPKLite', '/Adobe.PPKLitE'), 'content-changed');
    const end = Buffer.from(signed);
    end[end.length - 2] = 0x47;
    await is(end, 'content-changed');
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
    await is(broken, 'signature-broken');
  });

  it('is not called valid where something was added after it', async () => {
    const update = Buffer.from('3 0 obj\n<</Type/Page/MediaBox[0 0 1 1]>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n');
    assert.deepEqual((await judge(Buffer.concat([signed, update]))).reason, { code: 'appended', bytes: 78 });
    assert.deepEqual((await judge(Buffer.concat([signed, Buffer.from('\n')]))).reason, { code: 'appended', bytes: 1 });
  });

  it('is not called valid where it leaves out more than itself', async () => {
    // A range that spares a comment behind the signature, which is then filled.
    const start = signed.indexOf('/ByteRange ');
    const [, resume = '', rest = ''] = /(\d+) (\d+)\]/.exec(signed.toString('latin1', start)) ?? [];
    const moved = `${Number(resume) + 5} ${Number(rest) - 5}`;
    await is(replaced(signed, `${resume} ${rest}]`, `${moved}]`), 'range-open');
    await is(replaced(signed, '/ByteRange [0 ', '/ByteRange [1 '), 'range-open');
    await is(replaced(signed, `/Contents <30`, `/Contents <3x`), 'range-open');
    await is(signed.subarray(0, -10), 'range-open');
  });

  it('is not called valid where the signer is not trusted', async () => {
    const unknown: FoundReason = { code: 'root-unknown', whose: 'signer' };
    assert.deepEqual((await judge(sign(PLAIN, 'stranger'))).reason, unknown);
    assert.deepEqual((await judge(signed, new Date(), [])).reason, unknown, 'no roots at all');
    await is(sign(PLAIN, 'below-plain', ['-certfile', path('plain.pem')]), 'root-unknown');
    await is(sign(PLAIN, 'cipher'), 'usage-wrong');
    await is(sign(PLAIN, 'server'), 'usage-wrong');
    await is(sign(PLAIN, 'mail'), 'sound');
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
    await is(sign(PLAIN, 'circular', circle), 'root-unknown');
  });

  it('heeds how many authorities a root allows below it, and what of a certificate it does not understand', async () => {
    certificate('narrow', RSA, `${USE_CA},pathlen:0`);
    certificate('too-deep', RSA, USE_CA, 'narrow');
    certificate('deep', RSA, USE_SIGN, 'too-deep');
    certificate('flat', RSA, USE_SIGN, 'narrow');
    certificate('odd', RSA, '1.2.3.4=critical,ASN1:UTF8String:odd', 'narrow');
    const { roots: narrow } = openTrust({ trustedRoots: path('narrow.pem') })();
    const code = async (signer: string): Promise<string> => {
      const file = sign(PLAIN, signer, ['-certfile', path('too-deep.pem')]);
      return (await judge(file, new Date(), narrow)).reason.code;
    };
    assert.deepEqual(
      [await code('flat'), await code('deep'), await code('odd')],
      ['sound', 'root-unknown', 'root-unknown'],
    );
  });

  it('takes certificates as they were when it was made, which was before the file was got', async () => {
    await is(signed, 'sound', new Date(Date.now() + 400 * DAY_MS));
    await is(signed, 'dated-ahead', new Date(Date.now() - 2 * DAY_MS));
  });

  it('is not called valid where it is made in a way that proves nothing', async () => {
    await is(sign(PLAIN, 'issuer', ['-md', 'sha1']), 'method-unknown');
    await is(sign(PLAIN, 'weak'), 'method-unknown');
    await is(sign(PLAIN, 'issuer', ['-nodetach']), 'form-unknown');
    await is(sign(PLAIN, 'issuer', ['-noattr']), 'form-unknown');
    await is(sign(PLAIN, 'issuer', ['-signer', 'curve.pem', '-inkey', 'curve.key']), 'form-unknown');
    await is(sign(PLAIN, 'issuer', ['-nocerts']), 'certificate-missing');
  });

  it('may bring certificates that have nothing to do with it', async () => {
    await is(sign(PLAIN, 'curve', ['-certfile', 'seal.pem']), 'sound');
  });

  it('heeds lists of revocation, also those that are for some certificates only', async () => {
    const point = 'http://lists.example/1.crl';
    certificate('revoked', RSA, USE_SIGN, 'root', ['-set_serial', '0x1001']);
    certificate('pointed', RSA, `crlDistributionPoints=URI:${point}`, 'root', ['-set_serial', '0x1002']);
    writeFileSync(path('index.txt'), 'R\t401231235959Z\t200101000000Z,superseded\t1001\tunknown\t/CN=revoked\n');
    const partial = (...lines: string[]): string => `issuingDistributionPoint=critical,@d\n[d]\n${lines.join('\n')}\n`;
    const sections = {
      whole: '',
      authorities: partial('onlyCA=TRUE'),
      users: partial('onlyuser=TRUE'),
      'of-point': partial(`fullname=URI:${point}`),
      'of-another': partial('fullname=URI:http://lists.example/2.crl'),
    };
    for (const [name, lines] of Object.entries(sections)) {
      writeFileSync(
        path(`${name}.cnf`),
        `[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=30\n[e]\n${lines}`,
      );
      const authority = ['-keyfile', 'root.key', '-cert', 'root.pem'];
      const extensions = lines === '' ? [] : ['-crlexts', 'e'];
      openssl('ca', '-config', `${name}.cnf`, '-gencrl', ...authority, ...extensions, '-out', `${name}.crl`);
    }
    const code = async (signer: string, ...lists: string[]): Promise<string> => {
      const { crls } = openTrust({ crls: lists.map((name) => path(`${name}.crl`)) })();
      const now = new Date();
      return (await judgeSeals(sign(PLAIN, signer), { roots, crls, gotAt: now, now }, null)).reason.code;
    };
    assert.deepEqual(
      [await code('revoked', 'whole'), await code('revoked', 'users'), await code('revoked', 'authorities')],
      ['revoked', 'revoked', 'list-missing'],
    );
    assert.deepEqual(
      [await code('pointed', 'whole'), await code('pointed', 'of-point'), await code('pointed', 'of-another')],
      ['sound', 'sound', 'list-missing'],
    );
    assert.equal(await code('revoked', 'of-point'), 'list-missing', 'it names no point');
  });

  it('of a PDF without one is unsigned', () => is(PLAIN, 'unsigned'));

  it('of an OFD is unsigned without one, and unreadable where the list of them is missing', async () => {
    const ofd = (body: string): Record<string, string> => ({
      'OFD.xml': `<?xml version="1.0"?><ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"><ofd:DocBody>${body}</ofd:DocBody></ofd:OFD>`,
      'Doc_0/Document.xml': '<ofd:Document/>',
    });
    await is(zip(ofd('<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>')), 'unsigned');
    await is(zip(ofd('<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures>')), 'unreadable');
    await is(zip({ 'word/document.xml': '' }), 'not-a-document');
  });

  it('of anything else is 未核验, whatever it holds', async () => {
    await is(Buffer.alloc(0), 'not-a-document');
    await is(randomBytes(1000), 'not-a-document');
    await is(Buffer.from('PK\x03\x04 and nothing more'), 'unreadable');
    await is(Buffer.from(`%PDF-1.7 ${'/ByteRange [0 1 2 3] '.repeat(60)}`), 'too-large');
    await is(Buffer.from('%PDF-1.7 /ByteRange [0 1 R]'), 'range-open');
    const hex = signed.indexOf('/Contents <') + 11;
    for (let round = 0; round < 100; round += 1) {
      const file = Buffer.from(signed);
      file.write(randomBytes(4).toString('hex'), hex + 2 * Math.floor(Math.random() * 600), 'latin1');
      assert.notEqual((await judge(file)).reason.code, 'unsigned');
    }
    const garbled = Buffer.from(signed);
    garbled.write(randomBytes(ROOM / 2).toString('hex'), hex, 'latin1');
    await is(garbled, 'form-unknown');
  });

  it('roots and lists that cannot be read are the configuration’s fault', () => {
    assert.equal(openTrust({ trustedRoots: path('root.pem') })().roots[0]?.subject, pem('root').subject);
    for (const name of ['root.key', 'missing.pem']) {
      assert.throws(() => openTrust({ trustedRoots: path(name) }), isFault('roots-unreadable'));
      assert.throws(() => openTrust({ crls: [path(name)] }), isFault('crl-unreadable'));
    }
  });
});
