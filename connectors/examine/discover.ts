import { parseDate, parseInstant } from '../../domain/dates.ts';
import { certificateIdentifierFault, creditCodeFault, idNumberFault } from '../../domain/library/identifiers.ts';
import { STANDARD_NAMES, type CertificateField } from '../../domain/library/certificate.ts';
import { census, typesOf } from '../mapping/drift.ts';
import { mapLeaves } from '../json.ts';

/** Everything of a record that a stream has to name, as far as a sample can tell it. */
export type FieldRole = CertificateField | 'key' | 'updatedAt' | 'status';

/** One field of a sample of records. */
export interface FieldReport {
  field: string;
  types: string[];
  /** Share of the sample in which it is filled, 0–1. */
  filled: number;
  /** Different values, as far as they were counted. */
  distinct: number;
  /** A value of it, masked. */
  sample: string;
  /** What it seems to be, and what speaks for it. */
  role: FieldRole | null;
  by: 'standard name' | 'name' | 'content' | null;
}

/** How departments call things, without case and separators; the standard's own names are known anyway. */
const NAMES: Record<FieldRole, string[]> = {
  key: ['id', 'lsh', '流水号', 'recordid', 'uuid', 'rowid', '主键', 'xh'],
  updatedAt: [
    'updatetime',
    'updatedat',
    'modifiedat',
    'gxsj',
    '更新时间',
    'lastmodified',
    'xgsj',
    'changedat',
    'cdtime',
  ],
  status: ['status', 'state', 'zt', 'zzzt', 'zszt', '状态', '证照状态', '证书状态', 'certstatus'],
  identifier: ['证照标识', 'certcode', 'certidentifier'],
  typeCode: ['证照类型代码', 'certtypecode', 'zzlx'],
  name: ['证照名称', '证书名称', 'certname'],
  number: [
    '证照编号',
    '证书编号',
    '许可证号',
    '证号',
    '编号',
    'permitno',
    'certno',
    'certificateno',
    'licenceno',
    'licenseno',
    'zsbh',
    'xkzh',
  ],
  issuerName: ['发证机关', '发证机构', '颁发机构', '发证单位', 'organname', 'issuer', 'fzjg'],
  issuerCode: ['发证机关代码', '发证机构代码', 'organcode', 'issuercode', 'fzjgdm'],
  issuedOn: ['发证日期', '颁发日期', '签发日期', 'issuedate', 'issuedon', 'fzrq'],
  effectiveOn: ['有效期起', '有效期自', '有效期开始', 'validfrom', 'startdate', 'yxqq', 'yxqqsrq'],
  expiresOn: ['有效期止', '有效期至', '有效期截止', 'validto', 'enddate', 'yxqz', 'yxqjzrq'],
  holderName: [
    '持证主体',
    '持证人',
    '姓名',
    '单位名称',
    '企业名称',
    '名称',
    'holder',
    'holdername',
    'xm',
    'qymc',
    'dwmc',
  ],
  holderCode: [
    '证件号码',
    '统一社会信用代码',
    '社会信用代码',
    '身份证号',
    'idcard',
    'idno',
    'sfzh',
    'zjhm',
    'tyshxydm',
    'uscc',
    'holdercode',
  ],
  holderCodeType: ['证件类型', 'idtype', 'zjlx', 'holdercodetype'],
};

const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');
const BY_NAME = new Map(
  (Object.entries(NAMES) as [FieldRole, string[]][]).flatMap(([role, names]) =>
    names.map((name) => [name, role] as const),
  ),
);
const STANDARD = new Map(
  (Object.entries(STANDARD_NAMES) as [CertificateField, readonly string[]][]).flatMap(([role, names]) =>
    names.flatMap((name) => [[name, role] as const, [name.toLowerCase(), role] as const]),
  ),
);

/** Values that are looked at to judge a field's content. */
const JUDGED = 200;
/** Share of the judged values that must be of a kind. */
const SURE = 0.8;

/** The fields of a sample of records, what they seem to be, and one masked value of each. */
export function describeFields(records: readonly unknown[]): FieldReport[] {
  const objects = records.filter(
    (record): record is Record<string, unknown> => typeof record === 'object' && record !== null,
  );
  const taken = new Set<FieldRole>();
  const reports = [...census(objects)].map(([field, { types }]): FieldReport => {
    const values = objects
      .map((record) => record[field])
      .filter((value) => value !== undefined && value !== null && value !== '');
    return {
      field,
      types: typesOf(types),
      filled: objects.length === 0 ? 0 : values.length / objects.length,
      distinct: new Set(values.slice(0, JUDGED).map((value) => JSON.stringify(value))).size,
      sample: values.length === 0 ? '' : shown(values[0]),
      role: null,
      by: null,
    };
  });
  const assign = (by: FieldReport['by'], roleOf: (report: FieldReport) => FieldRole | null | undefined): void => {
    for (const report of reports) {
      if (report.role !== null) continue;
      const role = roleOf(report);
      if (!role || taken.has(role)) continue;
      taken.add(role);
      Object.assign(report, { role, by });
    }
  };
  assign('standard name', ({ field }) => STANDARD.get(field));
  assign('name', ({ field }) => BY_NAME.get(plain(field)));
  assign('content', ({ field, distinct }) =>
    roleOfContent(
      objects.map((record) => record[field]),
      distinct === objects.length,
    ),
  );
  return reports;
}

function roleOfContent(all: unknown[], unique: boolean): FieldRole | null {
  const values = all
    .filter((value): value is string | number => typeof value === 'string' || typeof value === 'number')
    .map((value) => String(value).trim())
    .filter((value) => value !== '')
    .slice(0, JUDGED);
  if (values.length === 0) return null;
  const mostly = (test: (value: string) => boolean): boolean => values.filter(test).length >= values.length * SURE;
  if (mostly((value) => value.startsWith('1.2.156.3005.2.') && certificateIdentifierFault(value) !== 'shape'))
    return 'identifier';
  if (mostly((value) => creditCodeFault(value) === null || idNumberFault(value) === null)) return 'holderCode';
  if (unique && mostly((value) => parseDate(value) === null && /^[\w-]{1,40}$/.test(value))) return 'key';
  if (mostly((value) => /\d{1,2}:\d{2}|^\d{13,14}$/.test(value) && parseInstant(value) !== null)) return 'updatedAt';
  return null;
}

/** A value as it may be shown: dates, numbers of few digits and short codes as they are, anything else half hidden. */
export function mask(text: string): string {
  // A name more often than not.
  if (/^\p{Script=Han}{2}$/u.test(text)) return `${text.slice(0, 1)}*`;
  if (text.length <= 2 || /^-?\d{1,6}(?:\.\d+)?$/.test(text) || parseInstant(text) !== null) return text;
  if (/^[A-Za-z_]{1,12}$/.test(text)) return text;
  const kept = text.length <= 4 ? 1 : Math.min(4, Math.floor(text.length / 4));
  const end = text.length > 8 ? 2 : 0;
  return `${text.slice(0, kept)}${'*'.repeat(Math.min(6, text.length - kept - end))}${end > 0 ? text.slice(-end) : ''}`;
}

/** A JSON value with every text in it masked. */
export const maskAll = (value: unknown): unknown => mapLeaves(value, maskLeaf);

function maskLeaf(leaf: unknown): unknown {
  if (typeof leaf === 'string') return mask(leaf);
  const long = typeof leaf === 'number' && Math.abs(leaf) > 999_999;
  return long ? Number(String(leaf).replace(/\d(?=\d{2})/g, '0')) : leaf;
}

const shown = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(maskAll(value)).slice(0, 60) : mask(textOf(value));

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

/** The `record` and `status` parts of a stream, as far as the fields tell them; the values of a status field as they occur. */
export function draftMapping(reports: readonly FieldReport[], records: readonly unknown[]): Record<string, unknown> {
  const fieldOf = (role: FieldRole): string | undefined => reports.find((report) => report.role === role)?.field;
  const fields = Object.fromEntries(
    reports.flatMap(({ field, role, by }) =>
      role === null || by === 'standard name' || role === 'key' || role === 'updatedAt' || role === 'status'
        ? []
        : [[role, field]],
    ),
  );
  const status = fieldOf('status');
  const values =
    status === undefined
      ? []
      : [...new Set(records.map((record) => textOf((record as Record<string, unknown>)[status])))];
  return {
    record: {
      key: fieldOf('key') ?? '?',
      updatedAt: fieldOf('updatedAt') ?? '?',
      ...(Object.keys(fields).length > 0 && { fields }),
    },
    status: {
      ...(status !== undefined && { field: status }),
      values: Object.fromEntries(
        values
          .filter((value) => value !== '' && value.length <= 20)
          .slice(0, 20)
          .map((value) => [value, '?']),
      ),
    },
  };
}
