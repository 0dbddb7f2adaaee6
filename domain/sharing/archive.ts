import { addDays, type CalendarDate } from '../dates.ts';
import type { BatchSignature, Receipt, ReceiptKey } from './receipt.ts';

/**
 * An archive package (归档包): what a unit used in a period, readable without the hub. A bag of BagIt 1.0 (RFC 8493),
 * with digests by SM3 beside those by SHA-256; named and described after GB/T 42727, whose lists of fields were not to be
 * had. No name of a file says anything of a person.
 */
export interface ArchivePeriod {
  /** 统一社会信用代码 of the user unit. */
  unitCode: string;
  /** Its first day and its last. */
  from: CalendarDate;
  to: CalendarDate;
}

export const packageName = ({ unitCode, from, to }: ArchivePeriod): string => `${unitCode}_${from}_${to}`;

/** Days of a period, the first first. */
export function* daysOf({ from, to }: Pick<ArchivePeriod, 'from' | 'to'>): Generator<CalendarDate> {
  for (let day = from; day <= to; day = addDays(day, 1)) yield day;
}

/** Files of a package. */
export const KEYS = 'data/keys.json';
export const SIGNATURE = 'signature.json';
export const usesFile = (day: CalendarDate): string => `data/${day}/uses.jsonl`;
export const receiptsFile = (day: CalendarDate): string => `data/${day}/receipts.jsonl`;
export const certificatesFile = (day: CalendarDate): string => `data/${day}/certificates.jsonl`;
export const fileNamed = (hash: string, ending: string): string => `data/files/${hash}${ending}`;
/** Digests of a package, by the names that BagIt has for them. */
export const DIGESTS = ['sha256', 'sm3'] as const;
export type Digest = (typeof DIGESTS)[number];
export const manifestFile = (digest: Digest): string => `manifest-${digest}.txt`;
export const tagManifestFile = (digest: Digest): string => `tagmanifest-${digest}.txt`;

/** A file of a package as its manifests have it: its digests in hexadecimal. */
export interface ArchiveEntry extends Record<Digest, string> {
  name: string;
  /** Bytes. */
  size: number;
}

/** What stands in the log of a use, beside its receipt. */
export interface ArchivedUse extends Receipt {
  /** Its number among those of its day, from 1. */
  n: number;
  unitName: string;
  address: string | null;
  strength: string | null;
  grant: number | null;
  authorisation: number | null;
  presentation: number | null;
  /** The hash by which the hub knows the holder that was asked about. */
  holder: string | null;
}

/** A certificate that a use showed, as the version that it was. */
export interface ArchivedCertificate {
  /** Number of the receipt. */
  receipt: string;
  /** The source’s name of it in the hub, and the digest of the version. */
  stream: string;
  version: string;
  /** Fields that could be read, codes of holders hidden; null where the library has that version no more. */
  certificate: Record<string, unknown> | null;
  /** The original that was handed out (取原件): its name in the package; null where none was, or `lost`. */
  file: string | null;
  /** That it is not in the hub’s store any more. */
  lost?: true;
}

/** The package’s signature: the hub signs the digests of its tag manifests, which have those of all else. */
export interface ArchiveSignature {
  text: string;
  keys: ReceiptKey[];
  signatures: BatchSignature[];
}

/** What of a package is signed. */
export const signedText = (name: string, digests: Record<Digest, string>): string =>
  ['hub-archive-v1', name, ...DIGESTS.map((digest) => digests[digest])].join('\n');

/** What a package says of itself. */
export interface ArchiveDescription extends ArchivePeriod {
  unitName: string;
  /** Who keeps the hub. */
  managementName: string;
  uses: number;
  certificates: number;
  files: number;
  lost: number;
  /** Bytes of all below `data/`, and how many files these are. */
  payload: { bytes: number; files: number };
  /** SHA-256 of the tag manifest of the unit’s package before; null of the first. */
  previous: string | null;
}

const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign] ?? sign);

const element = (name: string, value: string | number): string => `  <${name}>${escaped(String(value))}</${name}>`;

/** Files of a package that describe it, by their names. */
export function descriptionFiles(described: ArchiveDescription): Map<string, string> {
  const { unitCode, unitName, from, to, uses, certificates, files, lost, payload, previous, managementName } =
    described;
  const name = packageName(described);
  const info = [
    ['Source-Organization', managementName],
    ['External-Identifier', name],
    ['External-Description', `${unitName} ${from} 至 ${to} 电子证照应用归档`],
    ['Payload-Oxum', `${payload.bytes}.${payload.files}`],
    ['Previous-Package-SHA256', previous ?? 'none'],
  ];
  const xml = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<归档信息包>',
    element('包名称', name),
    element('立档单位名称', unitName),
    element('立档单位统一社会信用代码', unitCode),
    element('移交单位', managementName),
    element('起始日期', from),
    element('终止日期', to),
    element('业务系统名称', '电子证照枢纽'),
    element('用证记录数', uses),
    element('证照元数据数', certificates),
    element('证照原件数', files),
    element('缺失原件数', lost),
    element('字节数', payload.bytes),
    element('固化方式', 'SHA-256 与 SM3 摘要；SM2 与 Ed25519 签名'),
    element('前一归档包摘要', previous ?? '无'),
    '</归档信息包>',
  ];
  const readme = `电子证照应用归档包

立档单位：${unitName}（${unitCode}）
归档期间：${from} 至 ${to}
用证记录 ${uses} 条，证照元数据 ${certificates} 条，证照原件 ${files} 份${lost > 0 ? `，另有 ${lost} 份原件在归档时已缺失` : ''}。

本包无需电子证照枢纽即可阅读：全部为 UTF-8 文本（每行一条 JSON）和证照原件。

data/日期/uses.jsonl          用证日志摘录：每行一次用证，n 为当日序号；被拒绝和查无的也在内
data/日期/receipts.jsonl      用证回执及其证明，与 uses.jsonl 逐行对应；未经本枢纽也可核验
data/日期/certificates.jsonl  所用证照的元数据：用证当时的版本，仅含授权可读的字段，持证主体代码已隐去
data/files/                   发出的证照原件，文件名为其 SHA-256 摘要，内容未作改动
data/keys.json                回执签名所用的公钥
metadata.xml                  归档信息包说明
bagit.txt、bag-info.txt       BagIt 1.0（RFC 8493）信息包标识
manifest-*.txt                data/ 下每个文件的摘要（SHA-256、SM3）
tagmanifest-*.txt             其余文件的摘要
signature.json                对本包摘要的签名（SM2、Ed25519），最后写入；没有此文件的包尚未完成

核验：./hub archive verify 本目录 [--keys 可信公钥文件]
其他工具：bagit.py --validate 本目录；单份回执用 docs/verify-receipt.mjs；摘要用 sha256sum -c manifest-sha256.txt。
`;
  return new Map([
    ['bagit.txt', 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n'],
    ['bag-info.txt', info.map(([label = '', value = '']) => `${label}: ${value}\n`).join('')],
    ['metadata.xml', `${xml.join('\n')}\n`],
    ['README.txt', readme],
  ]);
}

/** What can be wrong with a package. */
export const DAMAGES = {
  unfinished: { zh: '未完成：没有签名文件', en: 'unfinished: it has no signature' },
  missing: { zh: '缺失', en: 'missing' },
  added: { zh: '多出', en: 'added' },
  altered: { zh: '内容已变', en: 'altered' },
  reordered: { zh: '次序有变', en: 'reordered' },
  signature: { zh: '签名无效', en: 'the signature does not hold' },
  chain: { zh: '批次链断裂', en: 'the chain of batches is broken' },
  untrusted: { zh: '公钥不在可信公钥之中', en: 'the key is not one of those that are trusted' },
} as const;
export type DamageKind = keyof typeof DAMAGES;

/** What is wrong with a package, where it was found first. */
export interface Damage {
  kind: DamageKind;
  /** The file. */
  entry: string;
  /** Its line, from 1. */
  line?: number;
}
