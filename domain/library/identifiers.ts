/** Check digits and shapes of the national identifiers. Every function is linear in the length of its input. */

import { withoutInvisible } from './spelling.ts';

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** 统一社会信用代码 (GB 32100-2015): no I, O, S, V, Z. */
const CREDIT_CODE_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const CREDIT_CODE_VALUES = new Map(Array.from(CREDIT_CODE_ALPHABET, (character, value) => [character, value]));
const CREDIT_CODE_WEIGHTS = Array.from({ length: 17 }, (_, index) => 3 ** index % 31);

/** What is wrong with a code, or null: `shape` means length or alphabet, `check` a wrong check digit. */
export type CodeFault = 'shape' | 'check' | null;

/**
 * 统一社会信用代码, 18 characters: the last one is its check character, (31 − Σ mod 31) mod 31, and the nine before it
 * are an organisation code with a check character of its own.
 */
export function creditCodeFault(code: string): CodeFault {
  if (code.length !== 18) return 'shape';
  let sum = 0;
  for (let index = 0; index < 18; index++) {
    const value = CREDIT_CODE_VALUES.get(code.charAt(index));
    if (value === undefined) return 'shape';
    if (index < 17) sum += value * (CREDIT_CODE_WEIGHTS[index] ?? 0);
  }
  return creditCodeCheck(sum) === code.charAt(17) && organizationCodeCheck(code, 8) === code.charAt(16)
    ? null
    : 'check';
}

function creditCodeCheck(sum: number): string {
  return CREDIT_CODE_ALPHABET.charAt((31 - (sum % 31)) % 31);
}

/** Appends the check character to the first 17 characters of a credit code. */
export function completeCreditCode(first17: string): string {
  let sum = 0;
  for (let index = 0; index < 17; index++) {
    sum += (CREDIT_CODE_VALUES.get(first17.charAt(index)) ?? 0) * (CREDIT_CODE_WEIGHTS[index] ?? 0);
  }
  return first17 + creditCodeCheck(sum);
}

const ORGANIZATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2];

/** 组织机构代码 (GB 11714-1997), nine characters without the hyphen. */
export function organizationCodeFault(code: string): CodeFault {
  if (!/^[0-9A-Z]{8}[0-9X]$/.test(code)) return 'shape';
  return completeOrganizationCode(code.slice(0, 8)) === code ? null : 'check';
}

/** Appends the check character to the first eight characters of an organisation code. */
export const completeOrganizationCode = (first8: string): string => first8 + organizationCodeCheck(first8, 0);

function organizationCodeCheck(code: string, start: number): string {
  let sum = 0;
  for (const [index, weight] of ORGANIZATION_WEIGHTS.entries())
    sum += ALPHANUMERIC.indexOf(code.charAt(start + index)) * weight;
  return '0123456789X0'.charAt(11 - (sum % 11));
}

/** 工商注册号 (GS 15-2006), 15 digits, which older data has in place of a credit code. */
export function registrationNumberFault(code: string): CodeFault {
  if (!/^\d{15}$/.test(code)) return 'shape';
  return completeRegistrationNumber(code.slice(0, 14)) === code ? null : 'check';
}

/** Appends the check digit (ISO 7064 MOD 11,10) to the first 14 digits of a registration number. */
export function completeRegistrationNumber(first14: string): string {
  let p = 10;
  for (const digit of first14) p = (((p + Number(digit)) % 10 || 10) * 2) % 11;
  return first14 + String((11 - p) % 10);
}

const ID_NUMBER_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** 公民身份号码 (GB 11643-1999), 18 characters with a birth date that exists. */
export function idNumberFault(code: string): CodeFault {
  if (!/^\d{17}[\dX]$/.test(code)) return 'shape';
  const [year, month, day] = [Number(code.slice(6, 10)), Number(code.slice(10, 12)), Number(code.slice(12, 14))];
  const birth = new Date(Date.UTC(year, month - 1, day));
  if (birth.getUTCFullYear() !== year || birth.getUTCMonth() !== month - 1 || birth.getUTCDate() !== day)
    return 'shape';
  return completeIdNumber(code.slice(0, 17)) === code ? null : 'check';
}

/** A 公民身份号码 of 15 digits, as they were until 1999: without the century and a check character. */
export const isOldIdNumber = (code: string): boolean => /^\d{15}$/.test(code) && idNumberOf(code) !== null;

/** The number of 18 characters that one of 15 digits has become; null for digits that are no such number. */
function idNumberOf(old: string): string | null {
  const number = completeIdNumber(`${old.slice(0, 6)}19${old.slice(6)}`);
  return idNumberFault(number) === null ? number : null;
}

/** Day of birth in a 公民身份号码 of the right shape, `YYYY-MM-DD`. */
export const birthOf = (code: string): string => `${code.slice(6, 10)}-${code.slice(10, 12)}-${code.slice(12, 14)}`;

/** Appends the check character to the first 17 digits of a 公民身份号码. */
export function completeIdNumber(first17: string): string {
  let sum = 0;
  for (let index = 0; index < 17; index++) sum += Number(first17.charAt(index)) * (ID_NUMBER_WEIGHTS[index] ?? 0);
  return first17 + '10X98765432'.charAt(sum % 11);
}

export const IDENTIFIER_ROOT = '1.2.156.3005.2.';

/**
 * 证照标识 (GB/T 36904): root, certificate type code (21), issuer code (18, a 6-digit area code occurs in real
 * data), serial, version (3 digits), check character (ISO 7064 MOD 37,36 over the parts between root and check).
 */
export function certificateIdentifierFault(identifier: string): CodeFault {
  if (!identifier.startsWith(IDENTIFIER_ROOT) || identifier.length > 128) return 'shape';
  const parts = identifier.slice(IDENTIFIER_ROOT.length).split('.');
  const [type = '', issuer = '', serial = '', version = '', check = ''] = parts;
  const shaped =
    parts.length === 5 &&
    /^[0-9A-Z]{21}$/.test(type) &&
    /^(?:[0-9A-Z]{18}|\d{6})$/.test(issuer) &&
    /^[0-9A-Z]+$/.test(serial) &&
    /^\d{3}$/.test(version);
  if (!shaped) return 'shape';
  return mod37Check(type + issuer + serial + version) === check ? null : 'check';
}

/** Builds a 证照标识 with its check character from its four parts. */
export function buildCertificateIdentifier(type: string, issuer: string, serial: string, version: string): string {
  return `${IDENTIFIER_ROOT}${type}.${issuer}.${serial}.${version}.${mod37Check(type + issuer + serial + version)}`;
}

/** ISO 7064 / GB/T 17710 MOD 37,36. */
function mod37Check(text: string): string {
  let p = 36;
  for (let index = 0; index < text.length; index++) {
    p = (p + ALPHANUMERIC.indexOf(text.charAt(index))) % 36 || 36;
    p = (2 * p) % 37;
  }
  return ALPHANUMERIC.charAt((37 - p) % 36);
}

/** A long number as spreadsheets write it once its digits are gone; without a sign, codes of several digits look so. */
export const isScientific = (code: string): boolean =>
  /^-?(?:\d(?:[.,]\d+)?E\d{2,}|\d{1,3}(?:[.,]\d+)?E\+\d+)$/i.test(code);

/** Full-width letters, digits and brackets in half width, without blanks and characters that nobody sees. */
export function normaliseCode(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : withoutInvisible(text.normalize('NFKC')).replace(/\s+/g, '');
}

/** The code of a holder as the library keeps it, however it is spelt. */
export const normaliseHolderCode = (text: string): string => normaliseCode(text).toUpperCase();
