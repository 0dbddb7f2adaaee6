import { hash } from 'node:crypto';
import type { CalendarDate } from '../dates.ts';
import type { ToldMarks } from './marks.ts';
import type { Status } from './status.ts';

/** 持证主体: one holder of a certificate. */
export interface Holder {
  name: string;
  code: string;
  /** 持证主体代码类型, three digits (`001` credit code, `111` 公民身份号码, …). */
  codeType: string;
}

/** What people read for the fields of a certificate. */
export const FIELD_NAMES = {
  identifier: { zh: '证照标识', en: 'identifier' },
  typeCode: { zh: '证照类型代码', en: 'type' },
  name: { zh: '证照名称', en: 'name' },
  number: { zh: '证照编号', en: 'number' },
  issuerName: { zh: '证照颁发机构', en: 'issuer' },
  issuerCode: { zh: '颁发机构代码', en: 'issuer’s code' },
  issuedOn: { zh: '颁发日期', en: 'issued on' },
  effectiveOn: { zh: '有效期起始', en: 'effective on' },
  expiresOn: { zh: '有效期截止', en: 'expires on' },
  holders: { zh: '持证主体', en: 'holders' },
  status: { zh: '证照状态', en: 'state' },
} as const;
export type NamedField = keyof typeof FIELD_NAMES;

/**
 * One certificate (电子证照) in the hub's canonical form; names follow GB/T 36903. The order of the properties is the
 * order in which they are hashed, so every producer builds the object in this order.
 */
export interface Certificate {
  /** 证照标识, GB/T 36904. */
  identifier: string | null;
  /** 证照类型代码. */
  typeCode: string;
  /** 证照名称. */
  name: string;
  /** 证照编号, brackets and letters in half width. */
  number: string;
  /** 证照颁发机构. */
  issuerName: string | null;
  issuerCode: string | null;
  /** 证照颁发日期. */
  issuedOn: CalendarDate;
  /** 有效期起始. */
  effectiveOn: CalendarDate | null;
  /** 有效期截止; null with `longTerm` is 长期, null without it is not stated. */
  expiresOn: CalendarDate | null;
  longTerm: boolean;
  holders: Holder[];
  status: Status;
  /** The source's own status value. */
  rawStatus: string;
  /** Left out, and so not hashed, where the source tells of no marks beside its status. */
  marks?: ToldMarks;
  /** Everything else that the source delivers, under the source's names (照面扩展). */
  extension: Record<string, unknown>;
}

/** Names of a certificate's fields in GB/T 36903: English, then pinyin. */
export const STANDARD_NAMES = {
  identifier: ['certificateIdentifier', 'ZZBS'],
  typeCode: ['certificateTypeCode', 'ZZLXDM'],
  name: ['certificateName', 'ZZMC'],
  number: ['certificateNumber', 'ZZBH'],
  issuerName: ['certificateIssuingAuthorityName', 'ZZBFJG'],
  issuerCode: ['certificateIssuingAuthorityCode', 'ZZBFJGDM'],
  issuedOn: ['certificateIssuedDate', 'ZZBFRQ'],
  effectiveOn: ['certificateEffectiveDate', 'ZZYXQQSRQ'],
  expiresOn: ['certificateExpiringDate', 'ZZYXQJZRQ'],
  holderName: ['certificateHolderName', 'CZZT'],
  holderCode: ['certificateHolderCode', 'CZZTDM'],
  holderCodeType: ['certificateHolderTypeCode', 'CZZTDMLXDM'],
} as const;

/** A field of a certificate that a source's field is mapped to. */
export type CertificateField = keyof typeof STANDARD_NAMES;
export const CERTIFICATE_FIELDS = Object.keys(STANDARD_NAMES) as CertificateField[];

/** SHA-256, hexadecimal, of a certificate's JSON text in UTF-8: equal hashes mean that there is nothing to write. */
export function contentHash(json: string | Uint8Array): string {
  return hash('sha256', json, 'hex');
}

/** Deeper nesting than any certificate has; a record beyond it is rejected rather than allowed to exhaust a stack. */
const MAX_DEPTH = 32;

/** Why a record's own fields cannot be kept as they are. */
export type KeyFault = 'too-deep' | 'reserved-name';

/**
 * Copies an object without some of its keys, in code-unit order at every depth, so that equal values serialise
 * equally; or says what keeps it from that: more than 32 levels, or a field `__proto__`.
 */
export function sortedKeys(
  value: Record<string, unknown>,
  without: ReadonlySet<string> = NONE,
  depth = 0,
): Record<string, unknown> | KeyFault {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) {
    if (without.has(key)) continue;
    if (key === '__proto__') return 'reserved-name';
    const nested = sortedValue(value[key], depth + 1);
    if (nested === FAULTS['too-deep']) return 'too-deep';
    if (nested === FAULTS['reserved-name']) return 'reserved-name';
    result[key] = nested;
  }
  return result;
}

const NONE: ReadonlySet<string> = new Set();
/** Stand for faults among values, of which any text could be one. */
const FAULTS = { 'too-deep': Symbol('too deep'), 'reserved-name': Symbol('reserved name') } as const;

function sortedValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return FAULTS['too-deep'];
  if (!Array.isArray(value)) {
    const sorted = sortedKeys(value as Record<string, unknown>, NONE, depth);
    return typeof sorted === 'string' ? FAULTS[sorted] : sorted;
  }
  const items = value.map((item) => sortedValue(item, depth + 1));
  return items.find((item) => item === FAULTS['too-deep'] || item === FAULTS['reserved-name']) ?? items;
}
