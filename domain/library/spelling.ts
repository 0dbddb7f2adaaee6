/** How texts can be spelt: characters that nobody sees, and texts that were decoded as what they are not. */

// Zero-width characters, marks of direction, soft hyphens.
const INVISIBLE_CLASS = '\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2064\\u2066-\\u206f\\ufeff';
const INVISIBLE = new RegExp(`[${INVISIBLE_CLASS}]`, 'g');
const ASCII = /^[\0-\x7f]*$/;

/** A text without the characters that nobody sees. */
export const withoutInvisible = (text: string): string => (ASCII.test(text) ? text : text.replace(INVISIBLE, ''));

/** Looked for first, because hardly any text has one of these. */
const SUSPECT = new RegExp(`[\\u0080-\\u00ff\\ue000-\\uf8ff\\ufffd&%?？锟烫屯${INVISIBLE_CLASS}]`);

const GARBLED: readonly RegExp[] = [
  /\ufffd|锟斤拷|斤拷锟|烫烫|屯屯/,
  // One character of a private area is a rare one of a name; several are another encoding.
  /[\ue000-\uf8ff]{2}/,
  // Bytes of GBK or UTF-8 as Latin-1. European names have single letters of these, and none of its signs.
  /[\u0080-\u00ff]{3}|[\u0080-\u00bf×÷][\u0080-\u00ff]|[\u0080-\u00ff][\u0080-\u00b6\u00b8-\u00bf×÷]/,
  /&(?:#\d{1,7}|#x[\da-f]{1,6}|amp|lt|gt|quot|apos|nbsp|middot);/i,
  /%[\da-f]{2}/i,
  // What a program could not write in its encoding.
  /\p{Script=Han}[?？]|[?？]\p{Script=Han}|[?？]{2}/u,
];

/** What is odd in how a name is spelt: it was decoded wrongly, or has characters that nobody sees; null for nothing. */
export function spellingFault(text: string): 'mojibake' | 'invisible-character' | null {
  if (!SUSPECT.test(text)) return null;
  if (GARBLED.some((pattern) => pattern.test(text))) return 'mojibake';
  return text.replace(INVISIBLE, '') === text ? null : 'invisible-character';
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
    .replace(/[·•‧∙⋅・･●]/g, '·')
    .replace(/[〔［【]/g, '[')
    .replace(/[〕］】]/g, ']')
    .replace(/\s+/g, '')
    .toUpperCase();
}
