import { areaName, HOLDER_CODE_TYPES } from './codes.ts';
import {
  certificateIdentifierFault,
  completeCreditCode,
  completeIdNumber,
  completeOrganizationCode,
  completeRegistrationNumber,
  buildCertificateIdentifier,
  creditCodeFault,
  IDENTIFIER_ROOT,
  idNumberFault,
  organizationCodeFault,
  registrationNumberFault,
} from './identifiers.ts';

/** Kinds of code that are known by their look, each with its Chinese name and its standard. */
export const CODE_KINDS = {
  'certificate-identifier': '证照标识 (GB/T 36904)',
  'certificate-type-code': '证照类型代码 (GB/T 36904)',
  'credit-code': '统一社会信用代码 (GB 32100)',
  'id-number': '公民身份号码 (GB 11643)',
  'organization-code': '组织机构代码 (GB 11714)',
  'registration-number': '工商注册号 (GS 15)',
  'area-code': '行政区划代码 (GB/T 2260)',
  'holder-code-type': '持证主体代码类型 (GB/T 36903)',
  unknown: '无法识别',
} as const;

export type CodeKind = keyof typeof CODE_KINDS;

/** What a code is. */
export interface Identified {
  code: string;
  kind: CodeKind;
  valid: boolean;
  /** Its parts by name, as far as its kind is known. */
  parts: Record<string, string>;
  /** The check character that was expected in place of the wrong one; null where none is wrong. */
  expected: string | null;
  /** What is wrong or unusual, in words; null where nothing is. */
  remark: string | null;
}

type Answer = Omit<Identified, 'code'>;

/** Longer than any code: such text is not looked at further. */
const LONGEST = 128;

/** Says what a code is: its kind, its parts, whether it is valid or which check character was expected. Linear time. */
export function identify(code: string): Identified {
  const text = code.trim();
  return { code: text, ...(text.length <= LONGEST ? answerOf(text) : unknown('is too long for a code')) };
}

function answerOf(text: string): Answer {
  if (text.startsWith(IDENTIFIER_ROOT)) return certificateIdentifier(text);
  switch (text.length) {
    case 3:
      return Object.hasOwn(HOLDER_CODE_TYPES, text)
        ? sound('holder-code-type', { name: HOLDER_CODE_TYPES[text] ?? '' })
        : unknown('is no type of holder code');
    case 6:
      return /^\d{6}$/.test(text) ? areaCode(text) : unknown('is no area code: six digits were expected');
    case 9:
    case 10:
      return organizationCode(text);
    case 15:
      return /^\d{15}$/.test(text) ? registrationNumber(text) : unknown('is no registration number: it has a letter');
    case 18:
      return looksLikeIdNumber(text) ? idNumber(text) : creditCode(text);
    case 21:
      return certificateTypeCode(text);
    default:
      return unknown(`has ${text.length} characters, which none of the known codes has`);
  }
}

const sound = (kind: CodeKind, parts: Record<string, string>): Answer => ({
  kind,
  valid: true,
  parts,
  expected: null,
  remark: null,
});
const unsound = (kind: CodeKind, parts: Record<string, string>, remark: string): Answer => ({
  kind,
  valid: false,
  parts,
  expected: null,
  remark,
});
const unknown = (remark: string): Answer => unsound('unknown', {}, remark);

/** The answer for a code whose check character may be wrong: `complete` is the code as it should be. */
function checked(kind: CodeKind, parts: Record<string, string>, text: string, complete: string): Answer {
  const at = Array.from(complete).findIndex((character, index) => character !== text[index]);
  if (at < 0) return sound(kind, parts);
  const expected = complete.charAt(at);
  const remark = `has ${text.charAt(at)} at position ${at + 1}, expected ${expected}`;
  return { kind, valid: false, parts, expected, remark };
}

function certificateIdentifier(text: string): Answer {
  const [typeCode = '', issuerCode = '', serial = '', version = '', check = '', ...rest] = text
    .slice(IDENTIFIER_ROOT.length)
    .split('.');
  const parts = { root: IDENTIFIER_ROOT.slice(0, -1), typeCode, issuerCode, serial, version, check };
  if (certificateIdentifierFault(text) === 'shape' || check.length !== 1 || rest.length > 0) {
    const shape =
      'the root, 21 characters of type code, 18 of issuer code, a serial number, 3 digits of version and a check character';
    return unsound('certificate-identifier', parts, `is not built as an identifier is: ${shape}, joined by dots`);
  }
  const complete = buildCertificateIdentifier(typeCode, issuerCode, serial, version);
  const answer = checked('certificate-identifier', parts, text, complete);
  const remark = issuerCode.length === 6 ? 'names its issuer by an area code, not by a credit code' : null;
  return { ...answer, remark: answer.remark ?? remark };
}

function certificateTypeCode(text: string): Answer {
  const [definer, serial] = [text.slice(0, 18), text.slice(18)];
  const answer = creditCode(definer);
  const parts = { definer, serial };
  if (answer.kind === 'unknown' || !/^\d{3}$/.test(serial))
    return unknown('is no certificate type code: 18 characters of credit code and 3 digits were expected');
  return { ...answer, kind: 'certificate-type-code', parts };
}

function creditCode(text: string): Answer {
  if (creditCodeFault(text) === 'shape') {
    const wrong = /[^0-9A-HJ-NPQRTUWXY]/.exec(text)?.[0];
    if (!/^[0-9A-Z]+$/i.test(text)) return unknown('holds characters that no code has');
    const hint = wrong === 'O' ? '; a zero was probably meant' : '';
    return unsound('credit-code', {}, `holds ${wrong ?? '?'}, which no credit code has${hint}`);
  }
  const [area, organizationCodePart] = [text.slice(2, 8), text.slice(8, 17)];
  const parts = {
    authority: text.charAt(0),
    category: text.charAt(1),
    area,
    areaName: areaName(area) ?? '',
    organizationCode: organizationCodePart,
    check: text.charAt(17),
  };
  // Where the inner check is wrong the outer one cannot tell anything.
  const complete = completeOrganizationCode(text.slice(8, 16));
  return complete === organizationCodePart
    ? checked('credit-code', parts, text, completeCreditCode(text.slice(0, 17)))
    : checked('credit-code', parts, text, text.slice(0, 8) + complete);
}

/** Seventeen digits with a date in the right place, unless it is a sound credit code and no sound number of a citizen. */
function looksLikeIdNumber(text: string): boolean {
  if (!/^\d{17}[\dXx]$/.test(text)) return false;
  const month = Number(text.slice(10, 12));
  const dated = /^(?:18|19|20)/.test(text.slice(6)) && month >= 1 && month <= 12;
  return idNumberFault(text) === null || (creditCodeFault(text) !== null && dated);
}

function idNumber(text: string): Answer {
  const area = text.slice(0, 6);
  const parts = {
    area,
    areaName: areaName(area) ?? '',
    birthDate: `${text.slice(6, 10)}-${text.slice(10, 12)}-${text.slice(12, 14)}`,
    sequence: text.slice(14, 17),
    sex: Number(text.charAt(16)) % 2 === 1 ? '男' : '女',
    check: text.charAt(17),
  };
  const complete = completeIdNumber(text.slice(0, 17));
  return idNumberFault(complete) === 'shape'
    ? unsound('id-number', parts, `holds ${parts.birthDate}, a date that does not exist`)
    : checked('id-number', parts, text, complete);
}

function organizationCode(text: string): Answer {
  const bare = text.length === 10 ? text.replace(/^(.{8})-/, '$1') : text;
  if (organizationCodeFault(bare) === 'shape') return unknown('is no organisation code: 8 characters and a check');
  const parts = { body: bare.slice(0, 8), check: bare.charAt(8) };
  return checked('organization-code', parts, bare, completeOrganizationCode(parts.body));
}

function registrationNumber(text: string): Answer {
  const area = text.slice(0, 6);
  const parts = { area, areaName: areaName(area) ?? '', sequence: text.slice(6, 14), check: text.charAt(14) };
  const valid = registrationNumberFault(text) === null;
  return valid
    ? sound('registration-number', parts)
    : checked('registration-number', parts, text, completeRegistrationNumber(text.slice(0, 14)));
}

function areaCode(text: string): Answer {
  const name = areaName(text);
  const parts = { province: text.slice(0, 2), city: text.slice(2, 4), county: text.slice(4), name: name ?? '' };
  return name === null ? unsound('area-code', parts, 'is in no province') : sound('area-code', parts);
}
