import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, type X509Certificate } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { sm2, sm3 } from 'sm-crypto-v2';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import yazl from 'yazl';
import { DAY_MS } from '../../../domain/dates.ts';
import {
  sealReasonInWords,
  sealState,
  type FoundReason,
  type Issuer,
  type SealJudgement,
  type SealState,
} from '../../../domain/library/seals.ts';
import { partsOfCertificate } from '../../../store/library/files/seals/certificate.ts';
import { bitsOf, readDer, sequence, sequenceOf } from '../../../store/library/files/seals/der.ts';
import { judgeSeals } from '../../../store/library/files/seals/judge.ts';
import { readSealed } from '../../../store/library/files/seals/ses.ts';
import { sm2Holds } from '../../../store/library/files/seals/sm2.ts';
import { openTrust } from '../../../store/library/files/seals/trust.ts';

/** Made by MakeSeals.java. */
const MADE = join(import.meta.dirname, '../../files/seals');
const path = (name: string): string => join(MADE, name);
const made = (name: string): Buffer => readFileSync(path(name));

const HOUSING: Issuer = { name: '无锡市住房和城乡建设局', code: '11320200014006438B' };
const TRANSPORT: Issuer = { name: '无锡市交通运输局', code: '' };
const SEAL = '无锡市住房和城乡建设局电子证照专用章';
const SIGNER = '无锡市住房和城乡建设局 11320200014006438B 电子证照签发';
const PAGE = 'Doc_0/Pages/Page_0/Content.xml';
const DESCRIPTION = 'Doc_0/Signs/Sign_0/Signature.xml';
const VALUE = 'Doc_0/Signs/Sign_0/SignedValue.dat';
const LIST = 'Doc_0/Signs/Signatures.xml';

/** The files of a ZIP. */
async function unpack(file: Buffer): Promise<Map<string, Buffer>> {
  const archive = await yauzl.fromBufferPromise(file, { lazyEntries: true, autoClose: false });
  const parts = new Map<string, Buffer>();
  for await (const entry of archive.eachEntry()) {
    if (!entry.fileName.endsWith('/'))
      parts.set(entry.fileName, await buffer(await archive.openReadStreamPromise(entry)));
  }
  return parts;
}

function pack(parts: Iterable<[string, Buffer]>): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const [name, content] of parts) zip.addBuffer(content, name, { compress: false });
  zip.end();
  return buffer(zip.outputStream);
}

/** A file with some of its parts changed, added or, with null, taken away. */
async function changed(name: string, changes: Record<string, Buffer | string | null>): Promise<Buffer> {
  const parts = await unpack(made(name));
  for (const [part, content] of Object.entries(changes)) {
    if (content === null) parts.delete(part);
    else parts.set(part, Buffer.from(content));
  }
  return pack(parts);
}

/** Content in which a text stands in place of one that was there. */
function replaced(content: Buffer | undefined, from: string, to: string): Buffer {
  const at = content?.indexOf(from) ?? -1;
  assert.ok(content && at >= 0);
  return Buffer.concat([content.subarray(0, at), Buffer.from(to), content.subarray(at + Buffer.byteLength(from))]);
}

/** Content in which every place of a name is another of the same length, as no program would write it. */
const renamed = (content: Buffer, from: string, to: string): Buffer =>
  Buffer.from(content.toString('latin1').replaceAll(from, to), 'latin1');

describe('the seals of an OFD', () => {
  const { roots } = openTrust({ trustedRoots: path('roots.pem') })();
  /** When the first file was sealed, as its description says. */
  let sealedAtMs: number;
  let parts: Map<string, Buffer>;
  before(async () => {
    parts = await unpack(made('sealed.ofd'));
    const stated = /<ofd:SignatureDateTime>([^<]+)</.exec(String(parts.get(DESCRIPTION)))?.[1] ?? '';
    sealedAtMs = Date.parse(`${stated.replace(' ', 'T')}+08:00`);
  });

  interface Given {
    issuer?: Issuer | null;
    trusted?: readonly X509Certificate[];
    lists?: string[];
    /** When it was got, after it was sealed. */
    days?: number;
  }
  const judge = (file: Buffer, { issuer = HOUSING, trusted = roots, lists = [], days = 1 }: Given = {}) => {
    const gotAt = new Date(sealedAtMs + days * DAY_MS);
    const { crls } = openTrust({ crls: lists.map(path) })();
    return judgeSeals(file, { roots: trusted, crls, gotAt, now: gotAt }, issuer);
  };
  const is = async (
    file: Buffer,
    state: SealState,
    reason: Partial<FoundReason>,
    given: Given = {},
  ): Promise<SealJudgement> => {
    const judgement = await judge(file, given);
    assert.partialDeepStrictEqual(judgement.reason, reason);
    assert.equal(sealState(judgement.reason), state);
    return judgement;
  };

  it('are valid where all of it holds, and told with who sealed and when', async () => {
    const { seals } = await is(made('sealed.ofd'), 'valid', { code: 'sound', revocation: false });
    const [{ signedAt, ...seal }] = seals as [SealJudgement['seals'][number]];
    assert.deepEqual(seal, {
      reason: { code: 'sound', revocation: false },
      name: SEAL,
      signer: SIGNER,
      maker: '测试印章管理中心 测试制章',
    });
    assert.ok(Math.abs(Date.parse(signedAt ?? '') - sealedAtMs) <= 5000);
    for (const name of ['old-form.ofd', 'digest-list.ofd', 'rsa.ofd']) {
      const [other] = (await is(made(name), 'valid', { code: 'sound' })).seals;
      assert.equal(other?.name, SEAL);
    }
  });

  it('may be signatures without a seal (GB/T 35275)', async () => {
    for (const name of ['signed.ofd', 'signed-attributes.ofd']) {
      const [seal] = (await is(made(name), 'valid', { code: 'sound' })).seals;
      assert.deepEqual([seal?.name, seal?.signer, seal?.maker], [null, SIGNER, null]);
      assert.ok(Math.abs(Date.parse(seal?.signedAt ?? '') - sealedAtMs) < 60_000, name);
      const text = replaced(parts.get(PAGE), '锡建施1号', '锡建施2号');
      await is(await changed(name, { [PAGE]: text }), 'invalid', { code: 'part-changed' });
    }
  });

  it('are none where there are none', async () => {
    await is(made('plain.ofd'), 'unsigned', { code: 'unsigned' });
  });

  it('are 未核验 where digests of parts prove nothing any more', async () => {
    await is(made('weak-digest.ofd'), '未核验', { code: 'method-unknown' });
  });

  it('are invalid where anything that they protect was changed, added or taken away', async () => {
    const one = (code: 'part-changed' | 'part-missing' | 'part-unprotected', part: string): Partial<FoundReason> => ({
      code,
      part: `/${part}`,
      parts: 1,
    });
    const text = replaced(parts.get(PAGE), '锡建施1号', '锡建施2号');
    await is(await changed('sealed.ofd', { [PAGE]: text }), 'invalid', one('part-changed', PAGE));
    await is(await changed('sealed.ofd', { [PAGE]: null }), 'invalid', one('part-missing', PAGE));
    await is(
      await changed('sealed.ofd', { 'Doc_0/More.xml': '<a/>' }),
      'invalid',
      one('part-unprotected', 'Doc_0/More.xml'),
    );
    await is(made('page-added.ofd'), 'invalid', { code: 'part-changed', parts: 2 });
    await is(made('partly.ofd'), 'invalid', one('part-unprotected', PAGE));
  });

  it('are invalid where the seal or the signature was changed', async () => {
    const name = 'Doc_0/Signs/Sign_0/Seal.esl';
    await is(await changed('sealed.ofd', { [name]: replaced(parts.get(name), '建设局', '交通局') }), 'invalid', {
      code: 'part-changed',
      part: `/${name}`,
    });
    const value = replaced(parts.get(VALUE), '建设局', '交通局');
    await is(await changed('sealed.ofd', { [VALUE]: value }), 'invalid', { code: 'signature-broken' });
    const description = replaced(parts.get(DESCRIPTION), 'Company="ofdrw"', 'Company="ofdrx"');
    await is(await changed('sealed.ofd', { [DESCRIPTION]: description }), 'invalid', { code: 'content-changed' });
    await is(made('seal-apart.ofd'), 'valid', { code: 'sound' });
    const other = (await unpack(made('digest-list.ofd'))).get(name)!;
    await is(await changed('seal-apart.ofd', { [name]: other }), 'invalid', { code: 'seal-differs' });
    await is(made('forged-seal.ofd'), 'invalid', { code: 'seal-broken' });
  });

  it('are invalid where the signer may not use the seal, or not any more', async () => {
    await is(made('other-certificate.ofd'), 'invalid', { code: 'signer-unlisted' }, { issuer: TRANSPORT });
    await is(made('expired-certificate.ofd'), 'invalid', { code: 'certificate-lapsed', whose: 'signer' });
    await is(made('expired-seal.ofd'), 'invalid', { code: 'seal-lapsed' });
  });

  it('stay valid when what was in force at the time of sealing has ended since', async () => {
    await is(made('sealed.ofd'), 'valid', { code: 'sound' }, { days: 5000 });
  });

  it('are invalid with a date after the file was got', async () => {
    await is(made('sealed.ofd'), 'invalid', { code: 'dated-ahead' }, { days: -2 });
  });

  it('are 未核验 where signer or maker does not lead to a configured root', async () => {
    await is(made('unknown-root.ofd'), '未核验', { code: 'root-unknown', whose: 'signer' });
    await is(made('unknown-maker.ofd'), '未核验', { code: 'root-unknown', whose: 'maker' });
    await is(made('sealed.ofd'), '未核验', { code: 'root-unknown', whose: 'signer' }, { trusted: [] });
    // What is broken says more than that it is not trusted.
    const text = replaced(parts.get(PAGE), '锡建施1号', '锡建施2号');
    await is(await changed('unknown-root.ofd', { [PAGE]: text }), 'invalid', { code: 'part-changed' });
  });

  it('count for the issuer of the certificate alone', async () => {
    const by = (name: string, code = ''): Given => ({ issuer: { name, code } });
    const file = made('sealed.ofd');
    const { seals } = await is(file, '未核验', { code: 'signer-differs' }, { issuer: TRANSPORT });
    assert.equal(seals[0]?.reason.code, 'sound');
    await is(file, 'valid', { code: 'sound' }, by('', HOUSING.code));
    await is(file, 'valid', { code: 'sound' }, by('无锡市住房和城乡建设局 '));
    await is(file, 'valid', { code: 'sound' }, { issuer: null });
    for (const name of ['无锡市', '无锡市住房和城乡建设局梁溪分局', '测试印章管理中心', ''])
      await is(file, '未核验', { code: 'signer-differs' }, by(name));
  });

  it('of several are told one by one, and all must hold; one must be the issuer’s', async () => {
    const two = await is(made('two-seals.ofd'), 'valid', { code: 'sound' });
    assert.deepEqual(
      two.seals.map(({ name, signer }) => [name, signer]),
      [
        [SEAL, SIGNER],
        ['无锡市交通运输局电子证照专用章', '无锡市交通运输局'],
      ],
    );
    await is(made('two-seals.ofd'), 'valid', { code: 'sound' }, { issuer: TRANSPORT });
    const bad = await is(made('second-expired.ofd'), 'invalid', { code: 'certificate-lapsed' });
    assert.deepEqual(
      bad.seals.map(({ reason }) => reason.code),
      ['sound', 'certificate-lapsed'],
    );
    const text = replaced(parts.get(PAGE), '锡建施1号', '锡建施2号');
    const broken = await judge(await changed('two-seals.ofd', { [PAGE]: text }));
    assert.deepEqual(
      broken.seals.map(({ reason }) => reason.code),
      ['part-changed', 'part-changed'],
    );
  });

  it('do not let what claims to be a further signature pass for protected', async () => {
    const further = (location: string): Buffer =>
      replaced(parts.get(LIST), '</ofd:Signatures>', `<ofd:Signature ID="s9" BaseLoc="${location}"/></ofd:Signatures>`);
    const page = '<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"/>';
    for (const list of [further('/Doc_0/New.xml'), further('../New.xml'), further('/Doc_0/nothing.xml')])
      await is(await changed('sealed.ofd', { [LIST]: list, 'Doc_0/New.xml': page }), 'invalid', {
        code: 'part-unprotected',
        part: '/Doc_0/New.xml',
      });
    await is(await changed('sealed.ofd', { [LIST]: further('/Doc_0/nothing.xml') }), '未核验', {
      code: 'form-unknown',
    });
    await is(await changed('sealed.ofd', { [LIST]: further('/../../etc/passwd') }), '未核验', { code: 'unreadable' });
    // A description of which another part is said to be the value.
    const description = replaced(parts.get(DESCRIPTION), VALUE, 'Doc_0/New.xml');
    const described = {
      'Doc_0/Further.xml': description,
      'Doc_0/New.xml': page,
      [LIST]: further('/Doc_0/Further.xml'),
    };
    await is(await changed('sealed.ofd', described), '未核验', { code: 'form-unknown' });
  });

  describe('with lists of revocation', () => {
    it('are valid where their certificates are not on them', async () => {
      await is(made('sealed.ofd'), 'valid', { code: 'sound', revocation: true }, { lists: ['root.crl'] });
    });

    it('are invalid where one was revoked before', async () => {
      const { reason } = await judge(made('revoked.ofd'), { lists: ['root.crl'] });
      assert.deepEqual(Object.keys(reason), ['code', 'whose', 'at']);
      assert.match(sealReasonInWords(reason).zh, /^签章人的证书已于 \d{4}-\d\d-\d\d 吊销$/);
      assert.equal((await judge(made('revoked.ofd'))).reason.code, 'sound', 'nobody was asked');
    });

    it('stay valid where one was revoked later, unless its key was compromised', async () => {
      const lists = ['root-renewed.crl'];
      await is(made('sealed.ofd'), 'valid', { code: 'sound', revocation: true }, { lists, days: 30 });
      await is(made('sealed.ofd'), '未核验', { code: 'compromised' }, { lists: ['root-compromised.crl'], days: 30 });
    });

    it('are 未核验 where a list is missing, out of date, or not by the authority', async () => {
      const [stale, fresh] = [['root-stale.crl'], ['root.crl']];
      await is(made('sealed.ofd'), 'valid', { code: 'sound' }, { lists: stale, days: 0.5 });
      await is(made('sealed.ofd'), '未核验', { code: 'list-stale', whose: 'signer' }, { lists: stale, days: 2 });
      await is(made('rsa.ofd'), '未核验', { code: 'list-missing', whose: 'signer' }, { lists: fresh });
      await is(made('sealed.ofd'), '未核验', { code: 'list-missing' }, { lists: ['root-forged.crl'] });
      await is(made('sm2.pdf'), '未核验', { code: 'list-missing' }, { lists: fresh });
      await is(made('sm2.pdf'), 'valid', { code: 'sound', revocation: true }, { lists: ['root.crl', 'middle.crl'] });
    });

    it('do not believe a list for ever that does not say until when it holds', () => {
      const folder = mkdtempSync(join(tmpdir(), 'lists-'));
      try {
        const file = join(folder, 'endless.crl');
        const [content, ...rest] = sequence(readDer(made('root.crl')));
        const fields = sequence(content);
        // version, method, issuer, thisUpdate, nextUpdate
        const endless = readDer(sequenceOf(fields.filter((_, index) => index !== 4)));
        writeFileSync(file, sequenceOf([endless, ...rest]));
        assert.throws(() => openTrust({ crls: [file] }), /endless\.crl.*nextUpdate/);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });

    it('see a list that was replaced, and keep the last one that could be read', () => {
      const folder = mkdtempSync(join(tmpdir(), 'lists-'));
      try {
        const file = join(folder, 'list.crl');
        cpSync(path('root-stale.crl'), file);
        const trust = openTrust({ crls: [file] });
        const until = (): number | undefined => trust().crls[0]?.nextAt.getTime();
        const stale = until();
        cpSync(path('root.crl'), file);
        utimesSync(file, 1, 1);
        const fresh = until();
        assert.ok(stale !== undefined && fresh !== undefined && fresh > stale);
        writeFileSync(file, 'garbage');
        assert.equal(until(), fresh);
        // Several in one file, as text.
        const pem = ['root.crl', 'middle.crl'].map(
          (name) => `-----BEGIN X509 CRL-----\n${made(name).toString('base64')}\n-----END X509 CRL-----\n`,
        );
        writeFileSync(file, pem.join('\n'));
        utimesSync(file, 2, 2);
        assert.equal(trust().crls.length, 2);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });

  describe('in hostile files', () => {
    it('are never valid with a byte changed in any part but the list of signatures', async () => {
      for (const [part, content] of parts) {
        for (let round = 0; round < 12; round += 1) {
          const garbled = Buffer.from(content);
          const at = Math.floor(((round + 0.5) * garbled.length) / 12);
          garbled[at] = (garbled[at] ?? 0) ^ 0x15;
          const { reason } = await judge(await changed('sealed.ofd', { [part]: garbled }));
          if (part !== LIST) assert.notEqual(sealState(reason), 'valid', `${part} at ${at}`);
        }
      }
    });

    it('are never valid with a byte of the archive changed so that a part is another', async () => {
      const file = made('sealed.ofd');
      for (let at = 0; at < file.length; at += 97) {
        const garbled = Buffer.from(file);
        garbled[at] = (garbled[at] ?? 0) ^ 0xff;
        // Some bytes, such as those of times, mean nothing to the content.
        if (sealState((await judge(garbled)).reason) !== 'valid') continue;
        assert.deepEqual(await unpack(garbled), parts, `byte ${at}`);
      }
    });

    it('cannot leave the package, bring a part twice, or grow without end', async () => {
      const code = async (file: Buffer): Promise<string> => (await judge(file)).reason.code;
      const outside = await changed('sealed.ofd', { 'aa/evil.xml': '' });
      assert.equal(await code(renamed(outside, 'aa/evil.xml', '../evil.xml')), 'unreadable');
      const twice = await changed('sealed.ofd', { 'Doc_0/Pages/Page_0/CONTENT.xml': '<a/>' });
      assert.equal(await code(renamed(twice, 'CONTENT.xml', 'Content.xml')), 'unreadable');
      const many = Array.from({ length: 10_001 }, (_, index): [string, Buffer] => [`p${index}`, Buffer.alloc(0)]);
      assert.equal(await code(await pack(many)), 'too-large');
      const ofd = String(parts.get('OFD.xml'));
      const withRoot = (xml: string | Buffer): Promise<Buffer> => changed('sealed.ofd', { 'OFD.xml': xml });
      assert.equal(await code(await withRoot(Buffer.alloc(4_000_000, ' '))), 'too-large');
      assert.equal(await code(await withRoot('<a>'.repeat(100_000))), 'unreadable');
      assert.equal(await code(await withRoot(`<a>${'<b/>'.repeat(60_000)}</a>`)), 'unreadable');
      const entity = '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">]>';
      assert.equal(await code(await withRoot(ofd.replace('<ofd:OFD', `${entity}<ofd:OFD`))), 'unreadable');
      const signatures = `<Signatures>${'<Signature BaseLoc="x"/>'.repeat(51)}</Signatures>`;
      assert.equal(await code(await changed('sealed.ofd', { [LIST]: signatures })), 'too-large');
    });

    it('whose archive holds what its directory does not name, or names otherwise, are not read', async () => {
      const file = made('sealed.ofd');
      const hidden = (await pack([[PAGE, Buffer.from('<a/>')]])).subarray(0, -22);
      const only = hidden.subarray(0, hidden.indexOf('PK\x01\x02'));
      const unread = async (given: Buffer) => assert.equal((await judge(given)).reason.code, 'unreadable');
      // In front of the directory: who reads part by part finds the page again, and another one.
      const at = file.readUInt32LE(file.length - 22 + 16);
      const gap = Buffer.concat([file.subarray(0, at), only, file.subarray(at)]);
      gap.writeUInt32LE(at + only.length, gap.length - 22 + 16);
      await unread(gap);
      // In front of all: the archive that some programs take the parts of.
      const front = Buffer.concat([only, file]);
      for (let head = front.indexOf('PK\x01\x02'); head >= 0; head = front.indexOf('PK\x01\x02', head + 1))
        front.writeUInt32LE(front.readUInt32LE(head + 42) + only.length, head + 42);
      front.writeUInt32LE(at + only.length, front.length - 22 + 16);
      await unread(front);
      // Another name before the part than in the directory.
      const named = Buffer.from(file);
      named.write('Doc_0/Pages/Page_1', named.indexOf('Doc_0/Pages/Page_0'));
      await unread(named);
    });

    it('whose parts have a second name for some programs are not read', async () => {
      const zip = new yazl.ZipFile();
      for (const [name, content] of parts) zip.addBuffer(content, name, { compress: false });
      zip.addBuffer(Buffer.from('x'), 'Doc_0/a', { compress: false });
      zip.end();
      const file = await buffer(zip.outputStream);
      const raw = Buffer.from('Doc_0/a');
      const name = Buffer.from('Doc_0/b');
      const field = Buffer.alloc(9);
      field.writeUInt16LE(0x7075, 0);
      field.writeUInt16LE(5 + name.length, 2);
      field[4] = 1;
      field.writeUInt32LE(crc32(raw), 5);
      const extra = Buffer.concat([field, name]);
      const head = file.lastIndexOf('PK\x01\x02');
      file.writeUInt16LE(extra.length, head + 30);
      const twofold = Buffer.concat([file.subarray(0, head + 46 + raw.length), extra, file.subarray(-22)]);
      twofold.writeUInt32LE(
        twofold.length - 22 - twofold.readUInt32LE(twofold.length - 22 + 16),
        twofold.length - 22 + 12,
      );
      assert.equal((await judge(twofold)).reason.code, 'unreadable');
    });

    it('whose archive claims less than it holds are not read on', async () => {
      const file = await pack([...parts, ['Doc_0/zeros', Buffer.alloc(5_000_000)]]);
      const head = file.lastIndexOf('PK\x01\x02');
      assert.equal(file.readUInt32LE(head + 24), 5_000_000);
      file.writeUInt32LE(5, head + 24);
      assert.notEqual(sealState((await judge(file)).reason), 'valid');
    });
  });

  it('name parts as the archive does, in GBK too', async () => {
    // 附件 in GBK.
    const gbk = renamed(await changed('sealed.ofd', { 'Doc_0/aaaa': 'x' }), 'Doc_0/aaaa', 'Doc_0/\xb8\xbd\xbc\xfe');
    // Without the flag that says UTF-8, in both places where it stands.
    for (const [mark, offset] of [
      ['PK\x03\x04', 6],
      ['PK\x01\x02', 8],
    ] as const)
      for (let at = gbk.indexOf(mark); at >= 0; at = gbk.indexOf(mark, at + 1))
        gbk.writeUInt16LE(gbk.readUInt16LE(at + offset) & ~0x800, at + offset);
    await is(gbk, 'invalid', { code: 'part-unprotected', part: '/Doc_0/附件' });
  });
});

describe('a PDF signed with SM2', () => {
  const { roots } = openTrust({ trustedRoots: path('roots.pem') })();
  const judge = async (file: Buffer): Promise<FoundReason> => {
    const now = new Date(Date.now() + 10 * 365 * DAY_MS);
    return (await judgeSeals(file, { roots, crls: [], gotAt: now, now }, HOUSING)).reason;
  };

  it('is judged as any other', async () => {
    assert.equal((await judge(made('sm2.pdf'))).code, 'sound');
    assert.equal((await judge(made('expired-certificate.pdf'))).code, 'certificate-lapsed');
    assert.equal((await judge(replaced(made('sm2.pdf'), '/Type /Catalog', '/Type /Catalot'))).code, 'content-changed');
    assert.equal((await judge(Buffer.concat([made('sm2.pdf'), Buffer.from('\n')]))).code, 'appended');
  });
});

describe('SM2 and SM3', () => {
  /** GB/T 32918.5, annex A. */
  const POINT = Buffer.from(
    '0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13',
    'hex',
  );
  const R = 'f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3';
  const S = 'b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa';
  const MESSAGE = Buffer.from('message digest');
  const integer = (hex: string): string => `02${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`;
  const signature = (r: string, s: string): Buffer => {
    const body = integer(r) + integer(s);
    return Buffer.from(`30${(body.length / 2).toString(16).padStart(2, '0')}${body}`, 'hex');
  };
  const ORDER = 'fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123';

  it('hold as the standard has them', () => {
    const good = signature(`00${R}`, `00${S}`);
    assert.ok(sm2Holds(MESSAGE, good, POINT));
    assert.ok(!sm2Holds(Buffer.from('message digesu'), good, POINT));
    const other = Buffer.from(POINT);
    other[64] = 0x12;
    assert.ok(!sm2Holds(MESSAGE, good, other), 'not on the curve');
    assert.equal(
      createHash('sm3').update('abc').digest('hex'),
      '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0',
    );
    assert.equal(sm3('abc'), createHash('sm3').update('abc').digest('hex'));
  });

  it('do not hold where a signature is malformed, which the library alone would let pass', () => {
    const beyond = (BigInt(`0x${R}`) + BigInt(`0x${ORDER}`)).toString(16).padStart(66, '0');
    const malformed = {
      'r is 0': signature('00', `00${S}`),
      's is 0': signature(`00${R}`, '00'),
      'r is the order': signature(`00${ORDER}`, `00${S}`),
      's is the order': signature(`00${R}`, `00${ORDER}`),
      'r is beyond the order': signature(beyond, `00${S}`),
      'negative numbers': signature(R, S),
      'bytes after it': Buffer.concat([signature(`00${R}`, `00${S}`), Buffer.of(0)]),
      'a third number': Buffer.from(`3049${integer(`00${R}`)}${integer(`00${S}`)}020100`, 'hex'),
      'no form at all': Buffer.from(R + S, 'hex'),
      nothing: Buffer.alloc(0),
    };
    for (const [what, bytes] of Object.entries(malformed)) assert.ok(!sm2Holds(MESSAGE, bytes, POINT), what);
    const trailing = signature(`00${R}`, `00${S}`).toString('hex');
    assert.ok(
      sm2.doVerifySignature('message digest', `${trailing}00`, POINT.toString('hex'), { hash: true, der: true }),
    );
  });

  describe('by OpenSSL, which knows nothing of ours', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sm2-'));
    after(() => rmSync(folder, { recursive: true, force: true }));
    const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
    const IDENTITY = ['-rawin', '-digest', 'sm3', '-pkeyopt', 'distid:1234567812345678'];

    function verify(data: Buffer, signed: Buffer): boolean {
      writeFileSync(join(folder, 'data'), data);
      writeFileSync(join(folder, 'signature'), signed);
      try {
        openssl(
          'pkeyutl',
          '-verify',
          '-pubin',
          '-inkey',
          'key.pem',
          '-in',
          'data',
          '-sigfile',
          'signature',
          ...IDENTITY,
        );
        return true;
      } catch {
        return false;
      }
    }

    it('the signature of a seal and that of its maker are what they are here', async () => {
      const value = (await unpack(made('sealed.ofd'))).get(VALUE)!;
      const sealed = readSealed(value);
      for (const { certificate, content, signature: signed } of [sealed, sealed.seal]) {
        writeFileSync(join(folder, 'certificate.pem'), certificate.toString());
        writeFileSync(join(folder, 'key.pem'), openssl('x509', '-in', 'certificate.pem', '-pubkey', '-noout'));
        const point = bitsOf(sequence(readDer(partsOfCertificate(certificate).key))[1]);
        const altered = Buffer.from(content);
        altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
        for (const [data, holds] of [
          [content, true],
          [altered, false],
        ] as const) {
          assert.equal(verify(data, signed), holds);
          assert.equal(sm2Holds(data, signed, point), holds);
        }
      }
    });

    it('the digest of a part is what it is here', async () => {
      const page = (await unpack(made('sealed.ofd'))).get(PAGE)!;
      writeFileSync(join(folder, 'page'), page);
      const digest = openssl('dgst', '-sm3', '-binary', 'page');
      assert.deepEqual(createHash('sm3').update(page).digest(), digest);
      assert.ok(String((await unpack(made('sealed.ofd'))).get(DESCRIPTION)).includes(digest.toString('base64')));
    });

    it('what it signs holds here', () => {
      openssl('ecparam', '-name', 'SM2', '-genkey', '-noout', '-out', 'own.pem');
      writeFileSync(join(folder, 'data'), 'anything');
      openssl('pkeyutl', '-sign', '-inkey', 'own.pem', '-in', 'data', '-out', 'signature', ...IDENTITY);
      const key = openssl('pkey', '-in', 'own.pem', '-pubout', '-outform', 'DER');
      const point = bitsOf(sequence(readDer(key))[1]);
      const signed = readFileSync(join(folder, 'signature'));
      assert.ok(sm2Holds(Buffer.from('anything'), signed, point));
      assert.ok(!sm2Holds(Buffer.from('anythinG'), signed, point));
    });
  });
});
