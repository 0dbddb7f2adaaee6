import { shanghaiWallTime, type Instant } from '../dates.ts';
import type { Said } from '../said.ts';

/** What is known of the seals and signatures (电子签章、电子签名) of a file. Only `valid` counts as sealed. */
export const SEAL_STATES = {
  valid: { zh: '有效', en: 'valid' },
  /** The file, the seal or who sealed is not what it claims to be. */
  invalid: { zh: '无效', en: 'invalid' },
  unsigned: { zh: '未签章', en: 'not sealed' },
  /** Neither could be shown. */
  未核验: { zh: '未核验', en: 'not verified' },
} as const satisfies Record<string, Said>;
export type SealState = keyof typeof SEAL_STATES;
export const SEAL_STATE_NAMES = Object.keys(SEAL_STATES) as SealState[];

/** Whose certificate it is: of who sealed (签章人), or of who made the seal (制章人). */
interface Whose {
  whose: 'signer' | 'maker';
}

/** Why a seal, or a file with its seals, is judged as it is. */
export type SealReason =
  /** Nothing speaks against it; whether lists of revocation were there to be asked. */
  | { code: 'sound'; revocation: boolean }
  | { code: 'unsigned' }
  /** Parts of an OFD, the first of them by its path. */
  | { code: 'part-changed' | 'part-missing' | 'part-unprotected'; part: string; parts: number }
  | { code: 'content-changed' | 'signature-broken' | 'seal-broken' | 'seal-differs' | 'signer-unlisted' }
  | { code: 'dated-ahead'; signedAt: Instant }
  | { code: 'seal-lapsed'; from: Instant; to: Instant }
  | ({ code: 'certificate-lapsed'; from: Instant; to: Instant } & Whose)
  | ({ code: 'revoked'; at: Instant } & Whose)
  /** Revoked later, because its key had got into other hands: when it was really used cannot be known. */
  | ({ code: 'compromised'; at: Instant } & Whose)
  | ({ code: 'list-missing' | 'usage-wrong' | 'root-unknown' } & Whose)
  | ({ code: 'list-stale'; since: Instant } & Whose)
  | { code: 'certificate-missing' | 'method-unknown' | 'form-unknown' | 'signer-differs' }
  /** A signature of a PDF that leaves out more than itself; bytes that stand after the last one. */
  | { code: 'range-open' }
  | { code: 'appended'; bytes: number }
  /** Bytes that were added after the issuer's signature and that others alone have signed. */
  | { code: 'others-since'; bytes: number }
  | { code: 'too-large' | 'unreadable' | 'not-a-document' }
  /** As hubs before this one said it, in words. */
  | { code: 'said'; text: string };

/** A reason that the hub finds now. */
export type FoundReason = Exclude<SealReason, { code: 'said' }>;

const STATE_OF: Record<FoundReason['code'], SealState> = {
  sound: 'valid',
  unsigned: 'unsigned',
  'part-changed': 'invalid',
  'part-missing': 'invalid',
  'part-unprotected': 'invalid',
  'content-changed': 'invalid',
  'signature-broken': 'invalid',
  'seal-broken': 'invalid',
  'seal-differs': 'invalid',
  'signer-unlisted': 'invalid',
  'dated-ahead': 'invalid',
  'seal-lapsed': 'invalid',
  'certificate-lapsed': 'invalid',
  revoked: 'invalid',
  compromised: '未核验',
  'list-missing': '未核验',
  'list-stale': '未核验',
  'usage-wrong': '未核验',
  'root-unknown': '未核验',
  'certificate-missing': '未核验',
  'method-unknown': '未核验',
  'form-unknown': '未核验',
  'signer-differs': '未核验',
  'range-open': '未核验',
  appended: '未核验',
  'others-since': '未核验',
  'too-large': '未核验',
  unreadable: '未核验',
  'not-a-document': '未核验',
};

export const sealState = ({ code }: FoundReason): SealState => STATE_OF[code];

/** Of several, what decides: what is broken before what is not known, and of two alike the first. */
const SEVERITY: SealState[] = ['invalid', '未核验', 'unsigned', 'valid'];

export function decisive(reasons: readonly FoundReason[]): FoundReason | undefined {
  return SEVERITY.map((state) => reasons.find((reason) => sealState(reason) === state)).find(
    (reason) => reason !== undefined,
  );
}

/** One seal or signature of a file. */
export interface Seal {
  reason: FoundReason;
  /** Name of the seal (印章名称); null for a signature without one. */
  name: string | null;
  /** Who signed and who made the seal, as their certificates name them. */
  signer: string | null;
  maker: string | null;
  /** When, as the signature itself says. */
  signedAt: Instant | null;
}

/** What was found out about a file. */
export interface SealJudgement {
  reason: FoundReason;
  seals: Seal[];
}

/** A unit that a certificate names as its issuer. */
export interface Issuer {
  name: string;
  /** 统一社会信用代码. */
  code: string;
}

const plainName = (name: string): string => name.normalize('NFKC').replace(/[\s()]/g, '');
/** What stands after a unit's name in the name of a certificate. */
const AFTER_NAME = /^(?:电子|证照|政务|服务|行政|审批|许可|业务|专用|签发|签章|印章|公章|证书|章|[\dA-Za-z_-])*$/;

/** Whether one of the names on a certificate is a unit's, such as 某局电子证照专用章; not a sub-unit's. */
export function isNameOf({ name }: Issuer, names: readonly string[]): boolean {
  const own = plainName(name);
  return (
    own !== '' &&
    names.map(plainName).some((other) => other.startsWith(own) && AFTER_NAME.test(other.slice(own.length)))
  );
}

const WHOSE = { signer: { zh: '签章人', en: 'the signer’s' }, maker: { zh: '制章人', en: 'the seal maker’s' } };
const dayOf = (at: Instant): string => shanghaiWallTime(Date.parse(at)).slice(0, 10);
const others = (parts: number): Said =>
  parts > 1 ? { zh: ` 等 ${parts} 处`, en: ` and ${parts - 1} more` } : { zh: '', en: '' };

/** A reason as people read it. */
export function sealReasonInWords(reason: SealReason): Said {
  switch (reason.code) {
    case 'said':
      return { zh: reason.text, en: reason.text };
    case 'sound':
      return reason.revocation
        ? { zh: '签章成立，覆盖全文，未被吊销', en: 'it holds, covers the whole file and is not revoked' }
        : {
            zh: '签章成立，覆盖全文；未配置吊销列表，未查吊销',
            en: 'it holds and covers the whole file; revocation was not looked up, as no lists are configured',
          };
    case 'unsigned':
      return { zh: '文件没有签章', en: 'the file bears no seal' };
    case 'part-changed':
      return {
        zh: `签章之后内容有改动：${reason.part}${others(reason.parts).zh}`,
        en: `changed after it was sealed: ${reason.part}${others(reason.parts).en}`,
      };
    case 'part-missing':
      return {
        zh: `签章所保护的内容缺失：${reason.part}${others(reason.parts).zh}`,
        en: `the seal protects what is not there any more: ${reason.part}${others(reason.parts).en}`,
      };
    case 'part-unprotected':
      return {
        zh: `有签章未保护的内容：${reason.part}${others(reason.parts).zh}`,
        en: `not protected by the seal: ${reason.part}${others(reason.parts).en}`,
      };
    case 'content-changed':
      return { zh: '内容与所签的不一致', en: 'the content is not what was signed' };
    case 'signature-broken':
      return { zh: '签名值不成立', en: 'the signature does not hold' };
    case 'seal-broken':
      return { zh: '印章不是制章人所制，或制成后有改动', en: 'the seal is not as its maker signed it' };
    case 'seal-differs':
      return { zh: '文件所附印章与签章所用印章不一致', en: 'the seal in the file is not the one that was signed with' };
    case 'signer-unlisted':
      return { zh: '签章人证书不在该印章的证书列表中', en: 'the seal does not list the signer’s certificate' };
    case 'dated-ahead':
      return {
        zh: `签章时间 ${dayOf(reason.signedAt)} 晚于取得文件的时间`,
        en: `it is dated ${dayOf(reason.signedAt)}, after the file was got`,
      };
    case 'seal-lapsed':
      return {
        zh: `签章时印章不在有效期（${dayOf(reason.from)} 至 ${dayOf(reason.to)}）内`,
        en: `the seal, in force from ${dayOf(reason.from)} to ${dayOf(reason.to)}, was not when it was used`,
      };
    case 'certificate-lapsed':
      return {
        zh: `${WHOSE[reason.whose].zh}的证书当时不在有效期（${dayOf(reason.from)} 至 ${dayOf(reason.to)}）内`,
        en: `${WHOSE[reason.whose].en} certificate, in force from ${dayOf(reason.from)} to ${dayOf(reason.to)}, was not when it was used`,
      };
    case 'revoked':
      return {
        zh: `${WHOSE[reason.whose].zh}的证书已于 ${dayOf(reason.at)} 吊销`,
        en: `${WHOSE[reason.whose].en} certificate had been revoked on ${dayOf(reason.at)}`,
      };
    case 'compromised':
      return {
        zh: `${WHOSE[reason.whose].zh}的证书后于 ${dayOf(reason.at)} 因密钥泄露吊销，签章时间无从证实`,
        en: `${WHOSE[reason.whose].en} key was compromised: the certificate was revoked on ${dayOf(reason.at)}, and when it was used cannot be known`,
      };
    case 'list-missing':
      return {
        zh: `没有${WHOSE[reason.whose].zh}证书颁发机构的吊销列表`,
        en: `no list of revocation is configured for ${WHOSE[reason.whose].en} certificate`,
      };
    case 'list-stale':
      return {
        zh: `${WHOSE[reason.whose].zh}证书的吊销列表自 ${dayOf(reason.since)} 起已过期`,
        en: `the list of revocation for ${WHOSE[reason.whose].en} certificate is out of date since ${dayOf(reason.since)}`,
      };
    case 'usage-wrong':
      return {
        zh: `${WHOSE[reason.whose].zh}的证书不能用于签名`,
        en: `${WHOSE[reason.whose].en} certificate is not for signing`,
      };
    case 'root-unknown':
      return {
        zh: `${WHOSE[reason.whose].zh}的证书不能追溯到所配置的根证书`,
        en: `${WHOSE[reason.whose].en} certificate does not lead to a trusted root`,
      };
    case 'certificate-missing':
      return { zh: '签名中没有签名人的证书', en: 'the signature does not bring its certificate' };
    case 'method-unknown':
      return {
        zh: '签名或摘要算法不识别，或已不安全',
        en: 'signed by a method that is not known, or not safe any more',
      };
    case 'form-unknown':
      return { zh: '签章的格式不识别', en: 'a signature of a form that is not known' };
    case 'signer-differs':
      return { zh: '签章成立，但签章人不是发证单位', en: 'it holds, but its signer is not the issuer' };
    case 'range-open':
      return { zh: 'PDF 签名没有覆盖除自身以外的全部内容', en: 'a signature that leaves out more than itself' };
    case 'appended':
      return {
        zh: `最后一个签名之后又追加了 ${reason.bytes} 字节`,
        en: `${reason.bytes} bytes were added after the last signature`,
      };
    case 'others-since':
      return {
        zh: `发证单位签章之后又追加了 ${reason.bytes} 字节，只有其他单位的签名覆盖`,
        en: `${reason.bytes} bytes were added after the issuer’s signature, which only others have signed`,
      };
    case 'too-large':
      return { zh: '文件过大或签章过多，超出核验限度', en: 'too large, or with too many signatures, to be verified' };
    case 'unreadable':
      return { zh: '文件已损坏，无法读取', en: 'the file cannot be read' };
    case 'not-a-document':
      return { zh: '不是 OFD 或 PDF 文件', en: 'neither a PDF nor an OFD file' };
  }
}
