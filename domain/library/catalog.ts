import type { Certificate } from './certificate.ts';
import { parseDate, type CalendarDate } from '../dates.ts';
import type { MergedField } from './merge.ts';
import type { Said } from '../said.ts';
import type { Unit } from '../units.ts';
import type { Problem } from './validation.ts';

/** 持证主体类型. */
export const HOLDER_KINDS = { natural: '自然人', legal: '法人', unincorporated: '非法人组织' } as const;
export type HolderKind = keyof typeof HOLDER_KINDS;
const HOLDER_KIND_NAMES = Object.keys(HOLDER_KINDS) as HolderKind[];

/** The kinds that a word stands for; lists of before, and of others, have one for both kinds of organisations. */
export function holderKindsOf(word: string): HolderKind[] {
  if (/^法人(?:或|和)(?:其他|非法人)组织$/.test(word)) return ['legal', 'unincorporated'];
  return HOLDER_KIND_NAMES.filter((kind) => HOLDER_KINDS[kind] === word);
}

/** 类目公开属性. */
export const PUBLICITY = { public: '社会公开', shared: '部门共享', internal: '不公开' } as const;
/** 标准级别 (国家、自治区或省、市、旗县区). */
export const LEVELS = { national: '国家', provincial: '省级', municipal: '市级', county: '区县级' } as const;

/** Of the file of a template, in bytes. */
export const LARGEST_TEMPLATE = 20_000_000;

/** 照面信息: one field that is printed on certificates of a type. */
export interface FaceField {
  /** Its name in the certificate's 照面扩展. */
  name: string;
  label: string;
  required: boolean;
  type: 'text' | 'date' | 'number';
  /** The only values it can have; any where empty. */
  values: string[];
}

/**
 * 发证目录: what the issuing catalog says of one type of certificate. The fields are those that the five regulations
 * name (WX 6, XC 3 and 11, EO 7, SH 7); which of them an approved entry must have is the jurisdiction's business.
 */
export interface CatalogEntry {
  /** 证照类型代码. */
  typeCode: string;
  /** 证照名称. */
  name: string;
  /** 证照类型. */
  category: string | null;
  /** 发证单位. */
  issuer: Unit | null;
  /** 证照定义机构. */
  definer: Unit | null;
  /** 持证主体类型. */
  holders: HolderKind[];
  /** 证照模板, 证照底图: the name of its file. */
  template: string | null;
  /** 照面信息. */
  face: FaceField[];
  /** 年审, 年检: the face field whose change is an annual inspection. */
  inspection: string | null;
  /** 证照归集起始时间. */
  collectFrom: CalendarDate | null;
  /** 类目公开属性. */
  publicity: keyof typeof PUBLICITY | null;
  /** 标准级别. */
  level: keyof typeof LEVELS | null;
  /** 关联事项. */
  items: { code: string; name: string }[];
  /** Longest validity in years; null: no end is owed. */
  validYears: number | null;
  /** 一业一证: the types that this licence is made of. */
  members: string[];
  /** Where several streams deliver the same certificate: who is believed first. */
  sources: string[];
  /** The same for single fields. */
  fieldSources: Partial<Record<MergedField, string[]>>;
}

/** What the comparison of a published catalog with the city's own says of one entry. */
export interface CatalogFinding {
  /**
   * `new` and `changed` are held against what is approved, whether or not a draft says so already. `waiting`: somebody
   * else has a draft that says otherwise, and it is theirs. `gone`: an earlier list had it; that is only told.
   */
  state: 'new' | 'changed' | 'waiting' | 'faulty' | 'gone';
  /** 证照类型代码; of a faulty entry what stands in its place, or its number in the list. */
  typeCode: string;
  name: string;
  /** Fields in which the published entry differs from the approved one; for `waiting`, from the draft. */
  fields: string[];
  /** Who has the draft that it waits for. */
  draftedBy?: string;
  /** Of a faulty entry: what stands in its fields, null for nothing, and what was expected. */
  faults: { field: string; found: Said | null; expected: Said }[];
}

/** The approved entries by 证照类型代码. */
export type Catalog = ReadonlyMap<string, CatalogEntry>;

/** Whether certificates of a type may be used by other units than their issuer. */
export const isShared = (entry: Pick<CatalogEntry, 'publicity'> | undefined): boolean =>
  entry?.publicity === 'public' || entry?.publicity === 'shared';

/** Fields that the profile of a jurisdiction can ask of an approved entry, with their Chinese names. */
export const CATALOG_FIELDS = {
  category: '证照类型',
  issuer: '发证单位',
  definer: '证照定义机构',
  holders: '持证主体类型',
  template: '证照模板',
  face: '照面信息',
  collectFrom: '证照归集起始时间',
  publicity: '类目公开属性',
  level: '标准级别',
  items: '关联事项',
} as const;

export type CatalogField = keyof typeof CATALOG_FIELDS;

/** Of the fields that a jurisdiction asks for, those that an entry lacks. */
export const lackingFields = (entry: CatalogEntry, required: readonly CatalogField[]): CatalogField[] =>
  required.filter((field) => {
    const value = entry[field];
    return value === null || (Array.isArray(value) && value.length === 0);
  });

/** What is said of an entry whose template is not stored, or damaged. */
export const templateMissing = ({ template }: CatalogEntry): Said => ({
  zh: `证照模板“${template ?? ''}”的文件尚未入库或已损坏`,
  en: `the file of its template, “${template ?? ''}”, is not stored, or damaged`,
});

/** Everything that an entry says, with its Chinese names. */
export const ENTRY_FIELDS: Readonly<Record<keyof CatalogEntry, string>> = {
  typeCode: '证照类型代码',
  name: '证照名称',
  ...CATALOG_FIELDS,
  inspection: '年检字段',
  validYears: '最长有效年限',
  members: '一业一证成员',
  sources: '数据来源',
  fieldSources: '分字段来源',
};

/** What of an entry the public is shown; how the hub uses it is its own business. */
export const PUBLIC_FIELDS = [
  ...(['typeCode', 'name', 'category', 'issuer', 'definer', 'holders', 'collectFrom', 'level', 'items'] as const),
  ...(['validYears', 'members'] as const),
] as const;

/** An entry as the public is shown it. */
export type PublicEntry = Pick<CatalogEntry, (typeof PUBLIC_FIELDS)[number]> & {
  face: Pick<FaceField, 'label' | 'required' | 'type'>[];
};

/** 公开目录: the approved entries whose 类目公开属性 is 社会公开, by code; of others not even the code is named. */
export function publicCatalog(catalog: Catalog): PublicEntry[] {
  const open = [...catalog.values()].filter(({ publicity }) => publicity === 'public');
  const codes = new Set(open.map(({ typeCode }) => typeCode));
  return open
    .toSorted((a, b) => (a.typeCode < b.typeCode ? -1 : 1))
    .map((entry) => ({
      ...(Object.fromEntries(PUBLIC_FIELDS.map((field) => [field, entry[field]])) as Pick<
        CatalogEntry,
        (typeof PUBLIC_FIELDS)[number]
      >),
      members: entry.members.filter((member) => codes.has(member)),
      face: entry.face.map(({ label, required, type }) => ({ label, required, type })),
    }));
}

/**
 * Who may do what: the unit that issues certificates of a type, and the management unit, may draft its entry; the
 * management unit alone approves it (WX 6: 管理单位 organises, 发证单位 compiles).
 */
export const mayDraft = (by: string, entry: CatalogEntry, managementUnit: string | undefined): boolean =>
  by === managementUnit || by === entry.issuer?.code;

/** Holds a certificate against the catalog's entry of its type; appends what is broken to `problems`. */
export function validateByCatalog(certificate: Certificate, catalog: Catalog, problems: Problem[]): void {
  const entry = catalog.get(certificate.typeCode);
  if (!entry) {
    problems.push({ rule: 'type-unlisted', field: 'typeCode', found: certificate.typeCode });
    return;
  }
  if (certificate.name !== entry.name) problems.push({ rule: 'name-differs', field: 'name', found: certificate.name });
  if (entry.holders.length > 0) {
    for (const [index, { codeType }] of certificate.holders.entries()) {
      // A 统一社会信用代码 does not tell whether an organisation is a legal person.
      const kinds: HolderKind[] = codeType === '001' || codeType === '099' ? ['legal', 'unincorporated'] : ['natural'];
      if (!kinds.some((kind) => entry.holders.includes(kind)))
        problems.push({ rule: 'holder-kind', field: `holders[${index}].codeType`, found: codeType });
    }
  }
  for (const field of entry.face) validateFace(certificate.extension[field.name], field, problems);
}

function validateFace(value: unknown, { name, required, type, values }: FaceField, problems: Problem[]): void {
  const field = `extension.${name}`;
  const text =
    typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : JSON.stringify(value ?? '');
  if (value === undefined || value === null || value === '') {
    if (required) problems.push({ rule: 'face-missing', field });
    return;
  }
  const fits =
    type === 'text' || (type === 'date' ? parseDate(text) !== null : Number.isFinite(Number(text.replaceAll(',', ''))));
  if (!fits || (values.length > 0 && !values.includes(text)))
    problems.push({ rule: 'face-format', field, found: text.slice(0, 100) });
}
