import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import {
  decodePDFRawStream,
  degrees,
  PDFDict,
  PDFDocument,
  PDFHexString,
  PDFName,
  type PDFPage,
  type PDFRawStream,
  type PDFRef,
} from '@cantoo/pdf-lib';
import { sm3 } from '../../../domain/sharing/receipt.ts';
import type { UseView } from '../../../server/api/sharing/uses.ts';
import { FolderStore } from '../../../store/library/files/folder.ts';
import { ApiHub, type Caller } from '../../support/api.ts';
import { askAsHolder, PORTAL } from './as-holder.ts';
import { deliver, grantUses, tokenOf } from './using.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const ZHANG = { code: '11010519491231002X', name: '张三' };
const HOUSE = '11100000000013338W011';
const UNIT = { code: '11320200014006438B', name: '市住建局' };
const USE = { matter: 'A-1', scenario: '受理', business: 'B-2026-1', reason: '核对 11010519491231002X 的不动产' };
const TITLE = '加注件：仅限下列用途，不是电子证照原件；印章图样不具有签章效力';
/** One point. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

interface Shared<T> {
  status: number;
  headers: Record<string, unknown>;
  bytes: Buffer;
  body: T;
}
interface Problem {
  code: string;
  title: string;
}
interface VerifiedFile {
  authentic: boolean;
  state: string | null;
  copy: { receipt: string; unit: string; matterName: string; reason: string; until: string } | null;
}

describe('copies of certificates', () => {
  let hub: ApiHub;
  let management: Caller;
  let stream: { id: number };
  let token: string;
  before(async () => {
    hub = await ApiHub.open(NOW, undefined, ({ settings }) => {
      settings.holders.portals = [PORTAL];
    });
    const { db } = hub.database;
    management = await hub.signedIn('management');
    await hub.signedIn('user', UNIT, 'clerk');
    token = await tokenOf(hub, 'clerk');
    stream = (await db('stream').orderBy('id').first<typeof stream>('id'))!;
    const item = { code: 'A-1', name: '施工许可', scenario: '受理', types: [HOUSE] };
    await grantUses(
      hub,
      UNIT,
      [HOUSE],
      [
        { ...item, interfaces: ['find', 'copy', 'file', 'verify'] },
        { ...item, scenario: '查询', interfaces: ['find'] },
      ],
    );
  });
  after(() => hub.close());

  const share = async <T>(path: string, payload: object): Promise<Shared<T>> => {
    const { statusCode, headers, body, rawPayload } = await hub.app.inject({
      method: 'POST',
      url: `/share/v1${path}`,
      headers: { authorization: `Bearer ${token}`, 'accept-language': 'zh' },
      payload,
    });
    const json = String(headers['content-type']).includes('json');
    return { status: statusCode, headers, bytes: rawPayload, body: (json ? JSON.parse(body) : null) as T };
  };
  /** Has the library hold a certificate with a file; @returns a code that it was found by. */
  const found = async (number: string, file: Buffer, scenario = '受理'): Promise<string> => {
    await deliver(hub, { stream: stream.id, key: number, number, type: HOUSE, holders: [ZHANG] });
    const { hash, size } = await new FolderStore(hub.files).put(Readable.from([file]), 100_000_000);
    await hub.database.db('fetched_file').insert({
      stream_id: stream.id,
      record_key: number,
      content_hash: hash,
      size,
      signature: 'valid',
      signature_reason: '{"code": "holds"}',
      seals: '[]',
      fetched_at: NOW,
      judged_at: NOW,
    });
    const { body } = await share<{ certificates: { number: string; code: string }[] }>('/find', {
      use: { ...USE, scenario },
      typeCode: HOUSE,
      holder: ZHANG,
    });
    return body.certificates.find((each) => each.number === number)!.code;
  };
  const verify = (shown: { content: Buffer } | { receipt: string }) =>
    share<VerifiedFile>('/verify-file', {
      use: USE,
      typeCode: HOUSE,
      ...('content' in shown ? { content: shown.content.toString('base64') } : shown),
    });

  it('say on every page, however it lies, and within what they are for, and leave the file as it was', async () => {
    const original = await turnedPages();
    const code = await found('H-1', original);
    const { status, headers, bytes } = await share('/copy', { code });
    assert.deepEqual([status, headers['content-type']], [200, 'application/pdf']);
    const receipt = String(headers['hub-receipt']);
    const copy = await PDFDocument.load(bytes, { updateMetadata: false });
    const lines = [
      TITLE,
      '证照：证（制作时有效）；用证单位：市住建局',
      '事项：施工许可（A-1）；应用场景：受理；业务流水号：B-2026-1',
      '事由：核对 1101******2X 的不动产',
      `用证期限至：2026-12-23 10:00:00；制作时间：2026-11-23 10:00:00；用证回执：${receipt}`,
    ];
    assert.equal(copy.getSubject(), lines.join('\n'));
    assert.equal(copy.getKeywords(), receipt);
    const pages = copy.getPages();
    assert.equal(pages.length, 4);
    for (const page of pages) {
      const text = written(page);
      assert.ok(text.startsWith(lines.join('')), text);
      assert.ok(text.split(`加注件 市住建局 ${receipt.slice(0, 8)}`).length > 10, 'across the whole page');
      const { width, height } = page.getCropBox();
      assert.ok(width * height > 500 * 700, 'the note is below the page, not on it');
    }
    assert.deepEqual((await share('/file', { code })).bytes, original, 'byte for byte');
  });

  it('have the picture of a seal and nothing of its signature', async () => {
    const { bytes } = await share('/copy', { code: await found('H-2', await sealed()) });
    const copy = await PDFDocument.load(bytes, { updateMetadata: false });
    for (const name of ['AcroForm', 'Perms', 'DSS']) assert.equal(copy.catalog.has(PDFName.of(name)), false, name);
    const [page] = copy.getPages();
    assert.equal(page!.node.Annots()?.size(), 0);
    const drawn = objects(page!).map(([name]) => name.asString().replace(/-.*/, ''));
    assert.deepEqual(drawn.sort(), ['/Copy', '/Seal']);
    for (const [, object] of copy.context.enumerateIndirectObjects())
      assert.equal(object instanceof PDFDict && object.has(PDFName.of('ByteRange')), false);
  });

  it('are told from originals, by their bytes and by the receipt that stands on them', async () => {
    const original = await turnedPages();
    const code = await found('H-3', original);
    const { bytes, headers } = await share('/copy', { code });
    const receipt = String(headers['hub-receipt']);
    assert.deepEqual(((await verify({ content: original })).body as object as { copy: null }).copy, null);
    for (const shown of [{ content: bytes }, { receipt }]) {
      const { body } = await verify(shown);
      assert.deepEqual([body.authentic, body.state], [false, 'inForce']);
      assert.equal(body.copy?.receipt, receipt);
      assert.equal(body.copy.unit, UNIT.name);
      assert.equal(body.copy.matterName, '施工许可');
      assert.equal(body.copy.reason, '核对 1101******2X 的不动产');
      assert.equal(Date.parse(body.copy.until), Date.parse('2026-12-23T10:00:00+08:00'));
    }
    const changed = Buffer.concat([bytes, Buffer.from('\n')]);
    assert.equal((await verify({ content: changed })).body.copy, null);
    const other = '00000000-0000-4000-8000-000000000000';
    assert.equal((await verify({ receipt: other })).body.copy, null);
    const nothing = await share<Problem>('/verify-file', { use: USE, typeCode: HOUSE });
    assert.deepEqual([nothing.status, nothing.body.code], [400, 'request-invalid']);
    const { answer } = await hub.database.db('certificate_use').where({ receipt }).first<{ answer: Buffer }>('answer');
    assert.deepEqual(answer, sm3(bytes), 'the digest of the receipt is that of the copy');
  });

  it('are seen by the holder, and in the log with their end', async () => {
    const { headers } = await share('/copy', { code: await found('H-4', PNG) });
    const receipt = String(headers['hub-receipt']);
    const { body } = await askAsHolder<{ items: { receipt: string; act: string; fields: string[] }[] }>(
      hub,
      ZHANG,
      '/uses',
    );
    const use = body.items.find((each) => each.receipt === receipt);
    assert.deepEqual([use?.act, use?.fields], ['copy', ['证照全部内容']]);
    const { items } = (await management.get<{ items: UseView[] }>('/uses')).body;
    assert.equal(items.find((each) => each.receipt === receipt)?.copyUntil, '2026-12-23T10:00:00+08:00');
  });

  it('are made of pictures, on a page of their own', async () => {
    const { status, bytes } = await share('/copy', { code: await found('H-5', PNG) });
    assert.equal(status, 200);
    const [page] = (await PDFDocument.load(bytes)).getPages();
    assert.ok(written(page!).startsWith(TITLE));
  });

  it('are not made of what they would break, nor of what is locked, damaged or too large, and say why', async () => {
    const large = Buffer.alloc((20 << 20) + 1);
    large.write('%PDF-1.7');
    const bomb = Buffer.from(PNG);
    bomb.writeUInt32BE(60_000, 16);
    bomb.writeUInt32BE(60_000, 20);
    for (const [number, file, code] of [
      ['F-1', Buffer.from('PK\x03\x04 an OFD'), 'copy-format'],
      ['F-2', Buffer.from('%PDF-1.7 and nothing else'), 'copy-broken'],
      ['F-3', large, 'copy-size'],
      ['F-4', bomb, 'copy-size'],
      ['F-5', await locked(), 'copy-broken'],
    ] as const) {
      const { status, body } = await share<Problem>('/copy', { code: await found(number, file) });
      assert.deepEqual([status, body.code], [422, code]);
    }
  });

  it('need their own way of use, and the code of the certificate', async () => {
    const code = await found('H-6', PNG, '查询');
    const refused = await share<Problem>('/copy', { code });
    assert.deepEqual([refused.status, refused.body.code], [403, 'interface-ungranted']);
    const unknown = await share<Problem>('/copy', { code: 'A'.repeat(22) });
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'use-code-unknown']);
  });

  it('are made one after the other, and no more than twenty at once', async () => {
    const code = await found('H-7', PNG);
    const answers = await Promise.all(Array.from({ length: 25 }, () => share<Problem>('/copy', { code })));
    const made = answers.filter(({ status }) => status === 200);
    const busy = answers.filter(({ status }) => status === 503);
    assert.equal(made.length + busy.length, 25);
    assert.equal(busy.length, 5);
    assert.deepEqual([busy[0]!.body.code, busy[0]!.headers['retry-after']], ['copies-busy', '5']);
    assert.equal(new Set(made.map(({ headers }) => headers['hub-receipt'])).size, 20);
    assert.equal((await share('/copy', { code })).status, 200);
  });
});

/** Four pages, each turned another way. */
async function turnedPages(): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  for (const angle of [0, 90, 180, 270]) {
    const page = pdf.addPage([500, 700]);
    page.drawText('ORIGINAL', { x: 20, y: 20 });
    page.setRotation(degrees(angle));
  }
  return Buffer.from(await pdf.save());
}

/** A page with a field that is signed, and a picture of the seal in it. */
async function sealed(): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  const { context } = pdf;
  const page = pdf.addPage([500, 700]);
  const signature = context.register(
    context.obj({ Type: 'Sig', ByteRange: [0, 1, 2, 3], Contents: PDFHexString.of('00') }),
  );
  const picture = context.register(context.formXObject([], { BBox: context.obj([0, 0, 10, 10]) }));
  const field = context.register(
    context.obj({ Subtype: 'Widget', FT: 'Sig', V: signature, Rect: [100, 100, 200, 200], AP: { N: picture } }),
  );
  page.node.addAnnot(field);
  pdf.catalog.set(PDFName.of('AcroForm'), context.obj({ SigFlags: 3, Fields: [field] }));
  pdf.catalog.set(PDFName.of('Perms'), context.obj({ DocMDP: signature }));
  return Buffer.from(await pdf.save());
}

/** A page that opens with a password. */
async function locked(): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  pdf.addPage();
  pdf.encrypt({ userPassword: 'x', ownerPassword: 'y' });
  return Buffer.from(await pdf.save());
}

const objects = (page: PDFPage): [PDFName, unknown][] =>
  page.node.Resources()!.lookup(PDFName.of('XObject'), PDFDict).entries();

/** What a copy writes on a page, read by the map of its font. */
function written(page: PDFPage): string {
  const { context } = page.doc;
  const form = objects(page)
    .filter(([name]) => name.asString().startsWith('/Copy'))
    .map(([, ref]) => context.lookup(ref as PDFRef) as PDFRawStream)
    .at(0)!;
  const streamText = (stream: PDFRawStream): string =>
    Buffer.from(
      stream.dict.has(PDFName.of('Filter')) ? decodePDFRawStream(stream).decode() : stream.contents,
    ).toString();
  const font = form.dict
    .lookup(PDFName.of('Resources'), PDFDict)
    .lookup(PDFName.of('Font'), PDFDict)
    .lookup(PDFName.of('Note'), PDFDict);
  const map = new Map(
    [
      ...streamText(font.lookup(PDFName.of('ToUnicode')) as PDFRawStream).matchAll(
        /<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>/g,
      ),
    ].map(([, glyph = '', codes = '']) => [
      glyph.toUpperCase(),
      Buffer.from(codes, 'hex').swap16().toString('utf16le'),
    ]),
  );
  return [...streamText(form).matchAll(/<([0-9A-Fa-f]+)> Tj/g)]
    .map(([, glyphs = '']) => glyphs.replaceAll(/..../g, (glyph) => map.get(glyph.toUpperCase()) ?? '?'))
    .join('');
}
