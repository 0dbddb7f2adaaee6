import type { Certificate } from './certificate.ts';
import type { CalendarDate } from '../dates.ts';
import { areaName, HOLDER_CODE_TYPES } from './codes.ts';
import { spellingFault } from './spelling.ts';
import { birthOf, certificateIdentifierFault, creditCodeFault, idNumberFault, isOldIdNumber } from './identifiers.ts';

/**
 * `reject`: the row does not enter the library and becomes casework. `wait`: it is kept outside as well, but through no
 * fault of its own. `flag`: it enters and carries the remark.
 */
export type Severity = 'reject' | 'wait' | 'flag';

/** What a broken rule makes of a record: incomplete, or inaccurate. */
export const DIMENSIONS = { completeness: '完整性', accuracy: '准确性' } as const;
export type Dimension = keyof typeof DIMENSIONS;

interface Rule {
  severity: Severity;
  /** None where nothing is wrong with the record itself. */
  dimension: Dimension | null;
  zh: string;
  en: string;
}

/**
 * Every rule that a record can break. The id is stored with each reject and never changes its meaning. What returned
 * data really looks like (letter O for 0, blank codes, 15-digit 注册号, masked names, test rows …) decided the list.
 */
export const RULES = {
  'not-a-record': { severity: 'reject', dimension: 'accuracy', zh: '不是记录对象', en: 'is not a record' },
  encoding: { severity: 'reject', dimension: 'accuracy', zh: '含无法解码的字节', en: 'holds bytes that do not decode' },
  'control-character': { severity: 'reject', dimension: 'accuracy', zh: '含控制字符', en: 'holds a control character' },
  'too-long': { severity: 'reject', dimension: 'accuracy', zh: '字段过长', en: 'is too long' },
  'too-deep': { severity: 'reject', dimension: 'accuracy', zh: '嵌套过深', en: 'is nested too deeply' },
  'reserved-name': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '字段名 __proto__ 不可使用',
    en: 'has a field called __proto__, which is refused',
  },
  'json-invalid': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '不是合法的 JSON 写法',
    en: 'is not written as JSON allows',
  },
  'field-repeated': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '同一记录中重复出现',
    en: 'is twice in the record',
  },
  'wrong-type': { severity: 'reject', dimension: 'accuracy', zh: '类型不符', en: 'has the wrong type' },
  'required-missing': { severity: 'reject', dimension: 'completeness', zh: '必填项为空', en: 'is required and empty' },
  'cursor-invalid': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '更新时间无法识别，或在将来',
    en: 'is no time that can be read, or lies ahead',
  },
  'date-invalid': { severity: 'reject', dimension: 'accuracy', zh: '日期不存在或不合理', en: 'is no possible date' },
  'date-order': { severity: 'reject', dimension: 'accuracy', zh: '有效期起晚于止', en: 'starts after it ends' },
  'serial-date': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: 'Excel 日期序列号，不是日期',
    en: 'is a serial number of Excel, not a date',
  },
  'digits-lost': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '科学计数法，位数已丢失',
    en: 'is in scientific notation: digits are lost',
  },
  'cell-error': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '单元格的公式出错或没有计算结果',
    en: 'is the error of a formula, or a formula without a value',
  },
  'code-as-number': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '代码存为数值，可能丢失前导零或末位',
    en: 'is a number where text is needed: zeros or digits may be lost',
  },
  'holders-unequal': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '持证主体名称与代码个数不等',
    en: 'has unequal numbers of names and codes',
  },
  'key-repeated': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '同一文件中主键重复而内容不同',
    en: 'is that of several rows that say different things',
  },
  'field-added': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '出现约定之外的字段',
    en: 'is a field that the source did not have',
  },
  'field-retyped': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '字段类型与约定不符',
    en: 'has another type than the source’s field had',
  },
  'field-missing': {
    severity: 'reject',
    dimension: 'completeness',
    zh: '约定的字段缺失',
    en: 'is gone from the source’s records',
  },
  'event-unknown': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '事件所属的证照不在库中',
    en: 'is the key of a certificate that the library does not have, and that an event happened to',
  },
  'status-unmapped': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '状态值未映射',
    en: 'is a status without a mapping',
  },
  'holder-code-missing': { severity: 'reject', dimension: 'completeness', zh: '持证主体代码为空', en: 'is empty' },
  'holder-code-registration-number': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '以 15 位注册号代替统一社会信用代码',
    en: 'is a 15-digit registration number, not a credit code',
  },
  'holder-code-shape': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '持证主体代码格式错误',
    en: 'has a wrong length or character',
  },
  'holder-code-type': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '持证主体代码类型未知',
    en: 'is no known type of holder code',
  },
  'holder-name-masked': { severity: 'reject', dimension: 'accuracy', zh: '持证主体名称被脱敏', en: 'is masked' },
  'name-address-swapped': {
    severity: 'reject',
    dimension: 'accuracy',
    zh: '名称与地址颠倒',
    en: 'is an address where a name belongs',
  },
  'test-row': { severity: 'reject', dimension: 'accuracy', zh: '测试数据', en: 'is a test row' },
  'face-missing': {
    severity: 'reject',
    dimension: 'completeness',
    zh: '照面必填项为空',
    en: 'is required on the certificate and empty',
  },
  'review-missing': {
    severity: 'flag',
    dimension: 'completeness',
    zh: '未见签发审核',
    en: 'does not say that the issuer reviewed the certificate',
  },
  'type-unlisted': {
    severity: 'wait',
    dimension: null,
    zh: '发证目录中无此证照类型',
    en: 'is a type without an entry in the catalog',
  },
  'face-format': {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '照面信息格式或取值不符',
    en: 'is not what the catalog says of the field',
  },
  'name-differs': {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '证照名称与发证目录不一致',
    en: 'is not the name that the catalog has',
  },
  'holder-kind': {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '持证主体类型与发证目录不符',
    en: 'is no kind of holder that the catalog names',
  },
  'no-day': {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '零日期或无穷，按未填写处理',
    en: 'is day zero or infinity, taken for no day',
  },
  mojibake: {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '疑似乱码（字符集有误）',
    en: 'looks as if it was decoded in another character set',
  },
  'invisible-character': {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '含不可见字符',
    en: 'has a character that nobody sees',
  },
  'status-date': {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '状态与有效期不符',
    en: 'does not fit the end of validity',
  },
  'identifier-check': {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '证照标识校验位不符',
    en: 'has a wrong check character',
  },
  'source-warning': {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '来源系统提示',
    en: 'was remarked upon by the source',
  },
  'holder-code-check': {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '持证主体代码校验位不符',
    en: 'has a wrong check character',
  },
  'holder-code-15-digits': {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '15 位旧公民身份号码',
    en: 'is a citizen’s number of 15 digits, as they were until 1999',
  },
  'holder-code-area': {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '持证主体代码中的行政区划不存在',
    en: 'has the code of an area that never was',
  },
  'holder-birth-future': {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '公民身份号码中的出生日期在未来',
    en: 'has a day of birth in the future',
  },
  // Not found by a check: an objector was right, and no corrected version has come in (异议).
  'dispute-upheld': {
    severity: 'flag',
    dimension: 'accuracy',
    zh: '异议成立，尚未更正',
    en: 'is disputed rightly and not corrected yet',
  },
} as const satisfies Record<string, Rule>;

export type RuleId = keyof typeof RULES;

/** One broken rule of one record. `found` may hold personal data: it is stored, never logged. */
export interface Problem {
  rule: RuleId;
  field: string;
  found?: string;
}

export const RULE_IDS = Object.keys(RULES) as RuleId[];
/** Rules that are no fault of the record. */
export const WAITING_RULES = RULE_IDS.filter((rule) => RULES[rule].severity === 'wait');

export const waits = (problem: Problem): boolean => RULES[problem.rule].severity === 'wait';
export const rejects = (problem: Problem): boolean => RULES[problem.rule].severity !== 'flag';

const TEST_ROW = /^(?:测试(?:数据|企业|公司|用户|记录)?|test)[\s\d_-]*$/i;
const ADDRESS = /(?:路|街|巷|道|村|镇|区).{0,40}\d.{0,12}(?:号|室|楼|栋|幢|单元)$/;

/** The rules that look at a whole certificate after its fields were read; appends what is broken to `problems`. */
export function validateCertificate(certificate: Certificate, changedOn: CalendarDate, problems: Problem[]): void {
  const { effectiveOn, expiresOn, identifier, status } = certificate;
  if (effectiveOn !== null && expiresOn !== null && effectiveOn > expiresOn) {
    problems.push({ rule: 'date-order', field: 'expiresOn', found: `${effectiveOn} > ${expiresOn}` });
  }
  if (
    expiresOn !== null &&
    (status === 'valid' ? expiresOn < changedOn : status === 'expired' && expiresOn > changedOn)
  )
    problems.push({ rule: 'status-date', field: 'status', found: `${status}, ${expiresOn}` });
  for (const field of ['number', 'name', 'issuerName'] as const) {
    const text = certificate[field];
    const rule = text === null ? null : spellingFault(text);
    if (text !== null && rule !== null) problems.push({ rule, field, found: text });
  }
  if (TEST_ROW.test(certificate.number))
    problems.push({ rule: 'test-row', field: 'number', found: certificate.number });
  if (identifier !== null && certificateIdentifierFault(identifier) !== null) {
    problems.push({ rule: 'identifier-check', field: 'identifier', found: identifier });
  }
  for (const [index, { name, code, codeType }] of certificate.holders.entries()) {
    const at = (field: string): string => `holders[${index}].${field}`;
    if (TEST_ROW.test(name)) problems.push({ rule: 'test-row', field: at('name'), found: name });
    else if (name.includes('*') || name.includes('＊')) {
      problems.push({ rule: 'holder-name-masked', field: at('name'), found: name });
    } else if (name.length <= 200 && ADDRESS.test(name)) {
      problems.push({ rule: 'name-address-swapped', field: at('name'), found: name });
    }
    const spelling = spellingFault(name);
    if (spelling !== null) problems.push({ rule: spelling, field: at('name'), found: name });
    for (const rule of holderCodeRules(code, codeType, changedOn))
      problems.push({ rule, field: at('code'), found: code });
  }
}

function holderCodeRules(code: string, codeType: string, changedOn: CalendarDate): RuleId[] {
  if (code === '') return ['holder-code-missing'];
  if (!Object.hasOwn(HOLDER_CODE_TYPES, codeType)) return ['holder-code-type'];
  if (codeType !== '001' && codeType !== '111') return [];
  if (codeType === '001' && /^\d{15}$/.test(code)) return ['holder-code-registration-number'];
  const old = codeType === '111' && isOldIdNumber(code);
  const fault = old ? null : codeType === '001' ? creditCodeFault(code) : idNumberFault(code);
  if (fault === 'shape') return ['holder-code-shape'];
  const rules: RuleId[] = old ? ['holder-code-15-digits'] : fault === 'check' ? ['holder-code-check'] : [];
  if (areaName(codeType === '001' ? code.slice(2, 8) : areaOf(code)) === null) rules.push('holder-code-area');
  if (codeType === '111' && !old && birthOf(code) > changedOn) rules.push('holder-birth-future');
  return rules;
}

/** The area of a 公民身份号码; of a foreigner's residence (外国人永久居留身份证), which begins with 9, its province. */
const areaOf = (code: string): string => (code.startsWith('9') ? `${code.slice(1, 3)}0000` : code.slice(0, 6));
