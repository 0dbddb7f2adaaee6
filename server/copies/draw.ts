import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  beginText,
  concatTransformationMatrix,
  drawObject,
  endText,
  PDFArray,
  PDFDict,
  PDFDocument,
  PDFHexString,
  PDFName,
  PDFStream,
  popGraphicsState,
  pushGraphicsState,
  rgb,
  setFillingColor,
  setFontAndSize,
  setGraphicsState,
  setTextMatrix,
  showText,
  type PDFFont,
  type PDFOperator,
  type PDFPage,
  type PDFRef,
} from '@cantoo/pdf-lib';
import * as fontkit from 'fontkit';
import { COPY_TITLE, copyLines, copyMark, type CopyNote } from '../../domain/sharing/copy.ts';

/** What a certificate's file is, by its first bytes; of these a copy can be made. */
export type CopyFormat = 'pdf' | 'png' | 'jpeg';

/** Noto Sans SC, every character of GBK; what a copy says is embedded of it. */
const FONT_FILE = readFileSync(
  fileURLToPath(import.meta.resolve('@embedpdf/fonts-sc').replace(/dist.*/, 'fonts/NotoSansHans-Regular.otf')),
);
/** Read once: that takes longer than the rest. */
const FONT = fontkit.create(FONT_FILE);
const INK = rgb(0.75, 0.05, 0.05);
/** The longer side of a page that a picture is put on, in points: A4. */
const LONGER_SIDE = 842;
/** How far marks slant, and how much of what is under them they let through. */
const SLANT = Math.PI / 6;
const OPACITY = 0.16;

/**
 * A copy of a certificate's file, as PDF, that says on every page and in its metadata what it is for. Below each page is
 * room for the note, so that it hides nothing; its mark goes across all that is above. What would have it pass as the
 * original goes: signatures and their fields, of which the picture stays, and statements of conformance.
 */
export async function drawCopy(original: Uint8Array, format: CopyFormat, note: CopyNote): Promise<Uint8Array> {
  const pdf = format === 'pdf' ? await opened(original) : await pictured(original, format);
  pdf.registerFontkit({ create: () => FONT });
  const font = await pdf.embedFont(FONT_FILE, { subset: true });
  const faint = pdf.context.register(pdf.context.obj({ Type: 'ExtGState', ca: OPACITY }));
  for (const page of pdf.getPages()) write(page, note, { font, faint });
  const said = [COPY_TITLE, ...copyLines(note)].join('\n');
  const information = pdf.context.obj({});
  for (const [name, value] of Object.entries({ Title: said.split('\n')[0], Subject: said, Keywords: note.receipt }))
    information.set(PDFName.of(name), PDFHexString.fromText(value ?? ''));
  pdf.context.trailerInfo.Info = pdf.context.register(information);
  return pdf.save({ updateFieldAppearances: false });
}

async function opened(original: Uint8Array): Promise<PDFDocument> {
  const pdf = await PDFDocument.load(original, { updateMetadata: false, throwOnInvalidObject: true });
  for (const page of pdf.getPages()) flatten(page);
  for (const name of ['AcroForm', 'Perms', 'DSS', 'Metadata', 'OpenAction', 'AA', 'Extensions'])
    pdf.catalog.delete(PDFName.of(name));
  for (const [ref, object] of pdf.context.enumerateIndirectObjects())
    if (object instanceof PDFDict && object.has(PDFName.of('ByteRange'))) pdf.context.delete(ref);
  return pdf;
}

/** Makes what fields of a page look like, seals among them, a part of the page. */
function flatten(page: PDFPage): void {
  const { node, doc } = page;
  const annotations = node.Annots();
  if (!annotations) return;
  const kept = doc.context.obj([]);
  for (const each of annotations.asArray()) {
    const annotation = doc.context.lookup(each);
    if (!(annotation instanceof PDFDict) || annotation.get(PDFName.of('Subtype')) !== PDFName.of('Widget')) {
      kept.push(each);
      continue;
    }
    const appearance = annotation.lookupMaybe(PDFName.of('AP'), PDFDict)?.get(PDFName.of('N'));
    const drawn = appearance && doc.context.lookup(appearance);
    const rectangle = annotation.lookupMaybe(PDFName.of('Rect'), PDFArray)?.asRectangle();
    if (!(drawn instanceof PDFStream) || !rectangle) continue;
    const box = drawn.dict.lookupMaybe(PDFName.of('BBox'), PDFArray)?.asRectangle();
    if (!box?.width || !box.height || !rectangle.width || !rectangle.height) continue;
    const [wide, high] = [rectangle.width / box.width, rectangle.height / box.height];
    const name = node.newXObject('Seal', appearance as PDFRef);
    const to = [wide, 0, 0, high, rectangle.x - box.x * wide, rectangle.y - box.y * high] as const;
    page.pushOperators(...placed(to, drawObject(name)));
  }
  node.set(PDFName.of('Annots'), kept);
}

/** A picture on a page of its own. */
async function pictured(original: Uint8Array, format: 'png' | 'jpeg'): Promise<PDFDocument> {
  const pdf = await PDFDocument.create({ updateMetadata: false });
  const picture = await (format === 'png' ? pdf.embedPng(original) : pdf.embedJpg(original));
  const { width, height } = picture.scale(LONGER_SIDE / Math.max(picture.width, picture.height));
  pdf.addPage([width, height]).drawImage(picture, { x: 0, y: 0, width, height });
  return pdf;
}

/** A way of placing what is drawn: six numbers of a transformation. */
type Placing = readonly [number, number, number, number, number, number];
type PlacedBox = [left: number, bottom: number, width: number, height: number, placing: Placing];
const placed = (placing: Placing, drawn: PDFOperator): PDFOperator[] => [
  pushGraphicsState(),
  concatTransformationMatrix(...placing),
  drawn,
  popGraphicsState(),
];

/** Writes the note below what is seen of a page, which becomes longer by it, and the mark across it. */
function write(page: PDFPage, note: CopyNote, { font, faint }: { font: PDFFont; faint: PDFRef }): void {
  const { x, y, width, height } = page.getCropBox();
  const turned = (((page.getRotation().angle % 360) + 360) % 360) / 90;
  const [wide, high] = turned % 2 === 0 ? [width, height] : [height, width];
  const size = Math.max(Math.min(wide / 58, 14), 1);
  const margin = size;
  const lines = [COPY_TITLE, ...copyLines(note)].flatMap((line) => wrapped(line, font, size, wide - 2 * margin));
  const room = (lines.length + 1) * size * 1.4;
  // Its lower left corner as it is seen, and which way is right and up from there.
  const upright: PlacedBox = [x, y - room, width, height + room, [1, 0, 0, 1, x, y - room]];
  const boxes: PlacedBox[] = [
    upright,
    [x, y, width + room, height, [0, 1, -1, 0, x + width + room, y]],
    [x, y, width, height + room, [-1, 0, 0, -1, x + width, y + height + room]],
    [x - room, y, width + room, height, [0, -1, 1, 0, x - room, y + height]],
  ];
  const [left, bottom, longer, higher, placing] = boxes[turned] ?? upright;
  page.setMediaBox(left, bottom, longer, higher);
  page.setCropBox(left, bottom, longer, higher);
  for (const box of ['BleedBox', 'TrimBox', 'ArtBox']) page.node.delete(PDFName.of(box));

  const mark = copyMark(note);
  const [letters, clear] = [PDFName.of('Note'), PDFName.of('Faint')];
  const at = (text: string, matrix: Placing): PDFOperator[] => [
    setTextMatrix(...matrix),
    showText(font.encodeText(text)),
  ];
  const drawn = [
    setFillingColor(INK),
    beginText(),
    setFontAndSize(letters, size),
    ...lines.flatMap((line, index) => at(line, [1, 0, 0, 1, margin, room - (index + 1.2) * size * 1.4])),
    setGraphicsState(clear),
    setFontAndSize(letters, size * 1.6),
    ...places(wide, high, font.widthOfTextAtSize(mark, size * 1.6), size).flatMap(([right, up]) =>
      at(mark, [Math.cos(SLANT), Math.sin(SLANT), -Math.sin(SLANT), Math.cos(SLANT), right, room + up]),
    ),
    endText(),
  ];
  const form = page.doc.context.formXObject(drawn, {
    BBox: page.doc.context.obj([0, 0, wide, high + room]),
    Resources: { Font: { Note: font.ref }, ExtGState: { Faint: faint } },
  });
  const name = page.node.newXObject('Copy', page.doc.context.register(form));
  page.pushOperators(...placed(placing, drawObject(name)));
}

/** Where marks begin, so that no part of a page is without. */
function places(wide: number, high: number, length: number, size: number): [number, number][] {
  const [across, up] = [length * Math.cos(SLANT) + 4 * size, length * Math.sin(SLANT) + 4 * size];
  const found: [number, number][] = [];
  for (let row = -1; row * up < high; row += 1)
    for (let column = -1; column * across < wide; column += 1)
      found.push([column * across + (row % 2 === 0 ? 0 : across / 2), row * up]);
  return found;
}

/** A text in lines that are no wider; Chinese is broken anywhere. */
function wrapped(text: string, font: PDFFont, size: number, wide: number): string[] {
  const lines = [''];
  let used = 0;
  for (const character of text) {
    const more = font.widthOfTextAtSize(character, size);
    if (used + more > wide && used > 0) {
      lines.push('');
      used = 0;
    }
    lines.push(`${lines.pop() ?? ''}${character}`);
    used += more;
  }
  return lines;
}
