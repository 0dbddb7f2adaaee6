/** How texts can be spelt: characters that nobody sees, and texts that were decoded as what they are not. */

/** Control characters, zero-width ones, marks of direction, soft hyphens, fillers, selectors of variants. */
const UNSEEN: readonly (readonly [first: number, last: number])[] = [
  [0x00, 0x08],
  [0x0e, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x2800, 0x2800],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffb],
];
const escaped = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;
const INVISIBLE_CLASS = UNSEEN.map(([first, last]) => `${escaped(first)}-${escaped(last)}`).join('');
/** The first half of some beyond U+FFFF. */
const TAGS = 0xdb40;
const INVISIBLE = new RegExp(`[${INVISIBLE_CLASS}\\u{e0000}-\\u{e01ef}]`, 'gu');
/** A line that ends within a name, or a tab, looks like a blank. */
const BREAK = '\\t-\\r';
const INVISIBLE_OR_BREAK = new RegExp(`[${INVISIBLE_CLASS}\\u{e0000}-\\u{e01ef}${BREAK}]`, 'u');
/** Of each code unit whether it may be of such a character: every text of every record is looked through. */
const MAYBE_INVISIBLE = new Uint8Array(0x1_0000);
for (const [first, last] of [...UNSEEN, [TAGS, TAGS] as const]) MAYBE_INVISIBLE.fill(1, first, last + 1);

/** A text without the characters that nobody sees. */
export function withoutInvisible(text: string): string {
  for (let index = 0; index < text.length; index++)
    if (MAYBE_INVISIBLE[text.charCodeAt(index)] === 1) return text.replace(INVISIBLE, '');
  return text;
}

/** Looked for first, because hardly any text has one of these. */
const SUSPECT = new RegExp(
  String.raw`[\u0080-\u00ff\ue000-\uf8ff\ufffd\udb80-\udbff&%?？\\<锟斤烫屯${INVISIBLE_CLASS}${escaped(TAGS)}${BREAK}]`,
);

const GARBLED: readonly RegExp[] = [
  /\ufffd|锟斤拷|斤拷锟|烫烫|屯屯/,
  // One character of a private area is a rare one of a name; several are another encoding.
  /[\ue000-\uf8ff\u{f0000}-\u{10ffff}]{2}/u,
  // Bytes of GBK or UTF-8 as Latin-1. European names have single letters of these, and none of its signs.
  /[\u0080-\u00b6\u00b8-\u00ff]{3}|Â·|[\u0080-\u00bf×÷][\u0080-\u00ff]|[\u0080-\u00ff][\u0080-\u00b6\u00b8-\u00bf×÷]/,
  /&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z]{2,8});|<\/?[a-z]{1,10}\s?\/?>/i,
  /%[\da-f]{2}|\\u[\da-f]{4}/i,
  // What a program could not write in its encoding.
  /\p{Script=Han}[?？]|[?？]\p{Script=Han}|[?？]{2}/u,
];

/** What is odd in how a name is spelt: it was decoded wrongly, or has characters that nobody sees; null for nothing. */
export function spellingFault(text: string): 'mojibake' | 'invisible-character' | null {
  const { signs } = (tables ??= makeTables());
  let [suspect, beginsUtf8, before] = [false, false, 0];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const sign = signs[code];
    if (sign === ODD) suspect = true;
    else if (sign === BEGINS_UTF8 && before <= LAST_OF_ASCII) beginsUtf8 = true;
    before = code;
  }
  if (beginsUtf8 && isUtf8AsGbk(text)) return 'mojibake';
  if (!suspect) return null;
  if (GARBLED.some((pattern) => pattern.test(text))) return 'mojibake';
  return INVISIBLE_OR_BREAK.test(text) ? 'invisible-character' : null;
}

const LAST_OF_ASCII = 0x7f;
const [ODD, BEGINS_UTF8] = [1, 2] as const;

/** Characters beyond ASCII that follow each other. */
const BEYOND_ASCII = /[^\0-\x7f]{2,}/g;
/** What names are written with. */
const OF_NAMES = /^[\p{Script=Han}·（）〔〕《》“”、—]+$/u;

/**
 * Whether a part of a text is UTF-8 that was decoded as GBK: 张三 as 寮犱笁. Of such a part the bytes say other Chinese
 * characters, and GB 2312, in which names are written, does not have all that it shows.
 */
function isUtf8AsGbk(text: string): boolean {
  const { bytesOf } = (tables ??= makeTables());
  for (const [part] of text.matchAll(BEYOND_ASCII)) {
    const bytes: number[] = [];
    let rare = false;
    for (const character of part) {
      const code = bytesOf.get(character);
      if (code === undefined) break; // a byte without its second one was lost here
      bytes.push(code >> 8, code & 0xff);
      rare ||= code < 0xb0a1 || (code & 0xff) < 0xa1;
    }
    // Three bytes a character, two a character of GBK: what is cut off at the end is left out.
    const meant = rare ? utf8Of(Uint8Array.from(bytes)) : '';
    if (meant.length > 1 && OF_NAMES.test(meant)) return true;
  }
  return false;
}

function utf8Of(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return '';
  }
}

let tables: ReturnType<typeof makeTables> | null = null;

/** The two bytes of every character of GBK; of each code unit whether it is suspect, or its bytes begin a Chinese one in UTF-8. */
function makeTables(): { bytesOf: ReadonlyMap<string, number>; signs: Uint8Array } {
  const signs = new Uint8Array(0x1_0000);
  for (let code = 0; code < signs.length; code++) if (SUSPECT.test(String.fromCharCode(code))) signs[code] = ODD;
  const bytesOf = new Map<string, number>();
  const decoder = new TextDecoder('gbk');
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      if (trail === 0x7f) continue;
      const character = decoder.decode(Uint8Array.of(lead, trail));
      bytesOf.set(character, (lead << 8) | trail);
      const begins = lead >= 0xe3 && lead <= 0xe9 && trail >= 0x80 && trail <= 0xbf;
      if (begins) signs[character.charCodeAt(0)] = BEGINS_UTF8;
    }
  }
  return { bytesOf, signs };
}

/** Where GBK had no character, Windows put one of a private area, from here on; GB 18030 has the one that is meant. */
const PRIVATE_START = 0xe815;
const PRIVATE = /[\ue815-\ue864]/g;

function meantBy(character: string): string {
  // The trailing bytes of these characters leave out 7F.
  const trail = 0x50 + character.charCodeAt(0) - PRIVATE_START;
  return new TextDecoder('gb18030').decode(Uint8Array.of(0xfe, trail < 0x7f ? trail : trail + 1));
}

/**
 * What a name is, however it is spelt: without width, blanks, kinds of dots and what nobody sees, and with the character
 * that one of a private area stands for.
 */
export function foldName(name: string): string {
  return name
    .replace(PRIVATE, meantBy)
    .normalize('NFKC')
    .replace(INVISIBLE, '')
    .replace(/[·•‧∙⋅・･●▪ᆞ]|(?<=\p{Script=Han})[.。](?=\p{Script=Han})/gu, '·')
    .replace(/[〔［【]/g, '[')
    .replace(/[〕］】]/g, ']')
    .replace(/[‐‑–—―─−]/g, '-')
    .replace(/[“”]/g, '"')
    .replace(/[○◯]/g, '〇')
    .replace(/\s+/g, '')
    .toUpperCase();
}
