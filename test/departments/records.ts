import type { Certificate, Holder } from '../../domain/library/certificate.ts';
import { addDays, DAY_MS, shanghaiDate } from '../../domain/dates.ts';
import {
  buildCertificateIdentifier,
  completeCreditCode,
  completeIdNumber,
  completeOrganizationCode,
} from '../../domain/library/identifiers.ts';
import type { RuleId } from '../../domain/library/validation.ts';
import { digits, pick, seeded, type Random } from './random.ts';

/** What distinguishes one simulated department's certificates. */
export interface Trade {
  /** Name of the department's process. */
  id: string;
  certificateName: string;
  typeCode: string;
  issuerName: string;
  issuerCode: string;
  holders: 'organisations' | 'persons' | 'mixed';
  severalHolders: boolean;
  /** What each state is called at the source. */
  states: { valid: string; suspended: string; cancelled: string };
  /** The state of a deleted record, where deletion is a state and not a mark of its own. */
  deletedState?: string;
  numberOf: (random: Random, index: number, year: string) => string;
  /** Another department's certificates that it delivers as well. */
  alsoDelivers?: Trade;
  /** The defects that its way of delivery can carry; all where left out. */
  defects?: readonly Defect[];
}

/** How many records there are and over which time they came about. */
export interface Scale {
  seed: number;
  /** Records between `startMs` and `anchorMs`; later ones follow at the same pace. */
  records: number;
  startMs: number;
  anchorMs: number;
  /** Share of records that were changed once more, on top of the usual ones; for measurements. */
  changed: number;
  /** Records of the department whose certificates are delivered as well; as many as its own where left out. */
  othersRecords?: number;
  /** What the department did behind the back of its own update times. */
  tampered?: Tampering;
}

/** Changes of a department that no count by update time shows, and losses. */
export interface Tampering {
  /** Records, by index, whose content changed and whose update time did not. */
  rewritten?: ReadonlySet<number>;
  /** Records last changed in this time are gone. */
  lost?: { fromMs: number; toMs: number };
  /** Records whose defects were corrected at this time; these are no secret. */
  corrected?: { indexes: ReadonlySet<number>; atMs: number };
}

/** A defect as it occurs in returned data, and the rule that must catch it. */
export const DEFECTS = {
  'letter-o': 'holder-code-shape',
  'blank-code': 'holder-code-missing',
  'registration-number': 'holder-code-registration-number',
  swapped: 'name-address-swapped',
  'test-row': 'test-row',
  masked: 'holder-name-masked',
  'text-null': 'required-missing',
  'impossible-date': 'date-invalid',
  'absurd-date': 'date-invalid',
  'date-order': 'date-order',
  'unknown-status': 'status-unmapped',
  'wrong-type': 'wrong-type',
  'too-long': 'too-long',
  'control-character': 'control-character',
  'bad-bytes': 'encoding',
} as const satisfies Record<string, RuleId>;

export type Defect = keyof typeof DEFECTS;
const DEFECT_NAMES = Object.keys(DEFECTS) as Defect[];
/** Those that text in columns can carry. */
export const TEXT_DEFECTS = DEFECT_NAMES.filter(
  (name) => !['wrong-type', 'control-character', 'bad-bytes'].includes(name),
);

/** One version of one record as the department has it. */
export interface Version {
  key: string;
  updatedMs: number;
  /** When it can first be seen; later than `updatedMs` for records that come late. */
  visibleMs: number;
  certificate: Certificate;
  address: string;
  defect: Defect | null;
  deleted: boolean;
  /** Dates and brackets written in another of the department's habits. */
  quirk: number;
}

const SURNAMES = Array.from('王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗');
const GIVEN = [
  '伟',
  '芳',
  '娜',
  '秀英',
  '敏',
  '静',
  '丽',
  '强',
  '磊',
  '军',
  '洋',
  '勇',
  '艳',
  '杰',
  '涛',
  '明',
  '超',
  '兰',
  '霞',
  '平',
];
const TOWNS = ['滨湖', '梁溪', '新吴', '锡山', '惠山', '江阴', '宜兴'];
const TRADES = ['建设工程', '餐饮管理', '物流', '医疗科技', '机械制造', '环保设备', '电子商务', '生物技术'];
const ROADS = ['人民路', '太湖大道', '中山路', '解放环路', '金城路', '高浪路'];

/** How many records there are at a moment. */
export const recordsBefore = (scale: Scale, atMs: number): number =>
  Math.max(0, Math.ceil(((atMs - scale.startMs) * scale.records) / (scale.anchorMs - scale.startMs)));

/** Every version of one record up to a moment, oldest first; the last one is what a table of current states shows. */
export function versionsOf(trade: Trade, scale: Scale, index: number, nowMs: number): Version[] {
  const random = seeded(scale.seed, trade.id, index);
  const paceMs = (scale.anchorMs - scale.startMs) / scale.records;
  const createdMs = toSecond(scale.startMs + (index + random() * 0.9) * paceMs);
  const own = newRecord(trade, scale, index, createdMs, random);
  const first =
    trade.alsoDelivers && index % ALSO_EVERY === 0 ? sameAs(trade.alsoDelivers, trade, scale, index, own) : own;
  const versions = [first];
  const later = (): number => toSecond(createdMs + 3_600_000 + random() * 5 * DAY_MS);

  const fate = random();
  if (first.defect !== null) {
    // A third of the defective records are corrected by the department after a while.
    if (fate < 0.33) versions.push({ ...first, updatedMs: later(), defect: null });
  } else if (fate < 0.06) versions.push(renamed(first, later()));
  else if (fate < 0.09) versions.push(inState(trade, first, later(), 'suspended'));
  else if (fate < 0.12) versions.push(inState(trade, first, later(), 'cancelled'));
  else if (fate < 0.13) versions.push(removed(trade, first, later()));
  else if (fate < 0.15)
    versions.push({ ...first, updatedMs: later() }); // sent again without a change
  else if (random() < scale.changed) versions.push(renamed(first, toSecond(scale.anchorMs - 1000)));

  for (const version of versions) {
    version.visibleMs = version.updatedMs + (random() < 0.01 ? 600_000 + Math.floor(random() * 9_000_000) : 0);
  }
  const visible = versions.filter((version) => version.visibleMs <= nowMs);
  const last = visible.at(-1);
  if (!last) return visible;
  const { lost, rewritten, corrected } = scale.tampered ?? {};
  if (lost && last.updatedMs >= lost.fromMs && last.updatedMs < lost.toMs) return [];
  if (corrected?.indexes.has(index))
    return [...visible, { ...last, defect: null, updatedMs: corrected.atMs, visibleMs: corrected.atMs }];
  return rewritten?.has(index) ? [...visible.slice(0, -1), renamed(last, last.updatedMs)] : visible;
}

/** One in so many records is a certificate of the other department. */
const ALSO_EVERY = 20;

/** The record with the certificate that another department issued about that time; of several holders the first. */
function sameAs(other: Trade, trade: Trade, scale: Scale, index: number, own: Version): Version {
  const records = scale.othersRecords ?? scale.records;
  const place = Math.floor((index * records) / scale.records);
  const [theirs] = versionsOf(other, { ...scale, records, tampered: {} }, place, Number.MAX_SAFE_INTEGER);
  if (!theirs) return own;
  const { certificate } = theirs;
  return {
    ...own,
    certificate: { ...certificate, holders: certificate.holders.slice(0, 1), rawStatus: trade.states.valid },
  };
}

const toSecond = (atMs: number): number => Math.floor(atMs / 1000) * 1000;

function newRecord(trade: Trade, scale: Scale, index: number, createdMs: number, random: Random): Version {
  const issuedOn = addDays(shanghaiDate(createdMs), -Math.floor(random() * 20));
  const effectiveOn = random() < 0.2 ? null : issuedOn;
  const longTerm = random() < 0.15;
  const defect = random() < 0.03 ? pick(random, trade.defects ?? DEFECT_NAMES) : null;
  // Now and then a department files a certificate a second time, under a new key.
  const twin = index > 0 && random() < 0.01 ? index - 1 : index;
  const number = trade.numberOf(seeded(scale.seed, trade.id, twin, 'number'), twin, issuedOn.slice(0, 4));
  const identifier = buildCertificateIdentifier(
    trade.typeCode,
    trade.issuerCode,
    String(index).padStart(9, '0'),
    '001',
  );
  const people = trade.holders === 'persons' || (trade.holders === 'mixed' && random() < 0.3);
  const holderCount = trade.severalHolders && random() < 0.04 ? 2 : 1;
  return {
    key: `${trade.id.slice(0, 2).toUpperCase()}${String(index).padStart(10, '0')}`,
    updatedMs: createdMs,
    visibleMs: createdMs,
    certificate: {
      // Wrong check characters are in circulation: they are flagged, not refused.
      identifier: random() < 0.01 ? `${identifier.slice(0, -1)}${identifier.endsWith('0') ? '1' : '0'}` : identifier,
      typeCode: trade.typeCode,
      name: trade.certificateName,
      number,
      issuerName: trade.issuerName,
      issuerCode: trade.issuerCode,
      issuedOn,
      effectiveOn,
      expiresOn: longTerm ? null : addDays(issuedOn, 365 * 5),
      longTerm,
      holders: Array.from({ length: holderCount }, () => (people ? person(random) : organisation(random))),
      status: 'valid',
      rawStatus: trade.states.valid,
      extension: {},
    },
    address: `江苏省无锡市${pick(random, TOWNS)}区${pick(random, ROADS)}${1 + Math.floor(random() * 900)}号`,
    defect,
    deleted: false,
    quirk: random(),
  };
}

function person(random: Random): Holder {
  const birth = `${1950 + Math.floor(random() * 55)}${String(1 + Math.floor(random() * 12)).padStart(2, '0')}${String(1 + Math.floor(random() * 28)).padStart(2, '0')}`;
  return {
    name: pick(random, SURNAMES) + pick(random, GIVEN),
    code: completeIdNumber(`320211${birth}${digits(random, 3)}`),
    codeType: '111',
  };
}

function organisation(random: Random): Holder {
  const code = completeCreditCode(`91320211${completeOrganizationCode(`MA${digits(random, 7).slice(0, 6)}`)}`);
  return {
    name: `无锡${pick(random, TOWNS)}${pick(random, SURNAMES)}氏${pick(random, TRADES)}有限公司`,
    code,
    codeType: '001',
  };
}

function renamed(version: Version, updatedMs: number): Version {
  const holders = version.certificate.holders.map((holder) => ({ ...holder, name: `${holder.name}(更名)` }));
  return { ...version, updatedMs, certificate: { ...version.certificate, holders } };
}

function inState(trade: Trade, version: Version, updatedMs: number, status: 'suspended' | 'cancelled'): Version {
  return { ...version, updatedMs, certificate: { ...version.certificate, status, rawStatus: trade.states[status] } };
}

function removed(trade: Trade, version: Version, updatedMs: number): Version {
  const { certificate } = version;
  const rawStatus = trade.deletedState ?? certificate.rawStatus;
  return { ...version, updatedMs, deleted: true, certificate: { ...certificate, status: 'deleted', rawStatus } };
}

/** The fields of a version as the department writes them, its defect included. */
export interface Written {
  number: unknown;
  issuedOn: string;
  effectiveOn: string;
  expiresOn: string;
  holders: { name: string; code: string; codeType: string }[];
  status: string;
  address: string;
}

/** Marks where the server puts bytes that are no UTF-8. */
export const BAD_BYTES = '\u{1f6ab}';

export function write(version: Version, date: (iso: string, quirk: number) => string): Written {
  const { certificate, defect, quirk } = version;
  const written: Written = {
    number: quirk < 0.1 ? fullWidth(certificate.number) : certificate.number,
    issuedOn: date(certificate.issuedOn, quirk),
    effectiveOn: certificate.effectiveOn === null ? '' : date(certificate.effectiveOn, quirk),
    expiresOn: certificate.longTerm ? '长期' : certificate.expiresOn === null ? '' : date(certificate.expiresOn, quirk),
    holders: certificate.holders.map((holder) => ({ ...holder })),
    status: certificate.rawStatus,
    address: version.address,
  };
  const [holder] = written.holders;
  if (!holder || defect === null) return written;
  if (defect === 'letter-o') Object.assign(holder, { code: holder.code.replace('0', 'O'), codeType: '001' });
  else if (defect === 'blank-code') holder.code = ' ';
  else if (defect === 'registration-number') Object.assign(holder, { code: '320211000123456', codeType: '001' });
  else if (defect === 'swapped') [holder.name, written.address] = [written.address, holder.name];
  else if (defect === 'test-row') holder.name = '测试数据1';
  else if (defect === 'masked') holder.name = `${holder.name.slice(0, 1)}**`;
  else if (defect === 'text-null') written.number = 'null';
  else if (defect === 'impossible-date') written.issuedOn = '2026-02-30';
  else if (defect === 'absurd-date') written.issuedOn = '0205-03-01';
  else if (defect === 'date-order') [written.effectiveOn, written.expiresOn] = ['2026-05-01', '2025-05-01'];
  else if (defect === 'unknown-status') written.status = '88';
  else if (defect === 'wrong-type') written.number = { value: written.number };
  else if (defect === 'too-long') holder.name = '超长'.repeat(3000);
  else if (defect === 'control-character') written.address += '\u0000';
  else holder.name += BAD_BYTES;
  return written;
}

const fullWidth = (text: string): string =>
  text.replace(/[()\dA-Z]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0));
