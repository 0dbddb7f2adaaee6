import { FIELD_NAMES, type NamedField } from '../library/certificate.ts';
import type { CatalogEntry, FaceField } from '../library/catalog.ts';
import type { Said } from '../said.ts';

/** How certificates can be used through the share interface (用证接口). */
export const INTERFACES = {
  find: { zh: '查询', en: 'find' },
  file: { zh: '取原件', en: 'file' },
  copy: { zh: '取加注件', en: 'copy' },
  verify: { zh: '核验', en: 'verify' },
} as const;
export type Interface = keyof typeof INTERFACES;

/** A field that a grant lets read: of every certificate, or of the face of a type (照面信息) by its name in the catalog. */
export type SharedField = NamedField | `face:${string}`;

/** What may be read where a list does not say: what stands on every certificate, and nothing of its face. */
export const BASE_FIELDS: readonly NamedField[] = [
  ...(['name', 'number', 'issuerName', 'issuedOn', 'effectiveOn', 'expiresOn', 'holders', 'status'] as const),
];
/** What may be done where a list does not say: files hold everything that is printed, and have to be asked for. */
export const BASE_INTERFACES: readonly Interface[] = ['find', 'verify'];

/** The field that a word of a list stands for; null where certificates of the type have none. */
export function sharedFieldOf(word: string, entry: Pick<CatalogEntry, 'face'> | undefined): SharedField | null {
  const named = Object.entries(FIELD_NAMES).find(([name, { zh }]) => zh === word || name === word);
  if (named) return named[0] as NamedField;
  const face = entry?.face.find(({ name, label }) => [label, name, `face:${name}`].includes(word));
  return face ? `face:${face.name}` : null;
}

/** What people call a field; of the face by the first of some types that has it. */
export function sharedFieldName(
  field: SharedField,
  entries: readonly { face: readonly Pick<FaceField, 'name' | 'label'>[] }[],
): string {
  if (!isFace(field)) return FIELD_NAMES[field].zh;
  const name = field.slice('face:'.length);
  return entries.flatMap(({ face }) => face).find((each) => each.name === name)?.label ?? name;
}
const isFace = (field: SharedField): field is `face:${string}` => field.startsWith('face:');

/** What a unit may do with certificates of one type, for one matter in one scenario (一证一接口). */
export interface Grant {
  id: number;
  unitCode: string;
  unitName: string;
  /** 事项编码. */
  matter: string;
  matterName: string;
  scenario: string;
  typeCode: string;
  fields: SharedField[];
  interfaces: Interface[];
  legalBasis: string | null;
  /** Calls a day; null: no limit. */
  perDay: number | null;
  /** The version of the unit’s list that it rests on; null where it rests on a request. */
  listVersion: number | null;
  requestId: number | null;
  grantedAt: Date;
  grantedBy: string;
  until: Date | null;
  endedAt: Date | null;
  endedBy: string | null;
  endReason: string | null;
}

/** What somebody wants to do with certificates of a type, and what for. */
export interface Ask {
  interface: Interface;
  typeCode: string;
  matter: string;
  scenario: string;
}

/** Why a use is refused, by what is missing in the grants of its unit, or of what its holder does. */
export const REFUSALS = {
  'matter-unlisted': {
    zh: '用证清单中没有这个事项',
    en: 'The unit’s list of uses does not have this matter',
  },
  'scenario-unlisted': {
    zh: '用证清单中该事项没有这个应用场景',
    en: 'The unit’s list of uses does not have this scenario of the matter',
  },
  'type-unlisted': {
    zh: '该事项和应用场景未获准使用此类证照',
    en: 'This type of certificate is not granted for the matter and scenario',
  },
  'interface-ungranted': {
    zh: '未获准以这种方式使用此类证照',
    en: 'This way of using the type of certificate is not granted',
  },
  'grant-over': { zh: '用证授权已到期', en: 'The grant is over' },
  'day-limit': { zh: '已达当日调用上限', en: 'The limit of calls of the day is reached' },
  'presentation-over': {
    zh: '亮证码无效、已过期或已被使用',
    en: 'There is no such presentation code, or it is over or used',
  },
  'authorisation-unknown': {
    zh: '没有这个授权码，或不是该持证主体对本单位的授权',
    en: 'There is no such authorisation of this holder for this unit',
  },
  'authorisation-narrow': {
    zh: '授权不包括此类证照或这种用法',
    en: 'The authorisation has not this type of certificate, or not this way of using it',
  },
  'authorisation-over': {
    zh: '授权已撤销、已到期或次数已用完',
    en: 'The authorisation is revoked, past its end or used up',
  },
  'identity-weak': {
    zh: '身份认证强度不足，不能办理',
    en: 'The portal did not make sure enough of who this is',
  },
} as const satisfies Record<string, Said>;
export type UseRefusal = keyof typeof REFUSALS;

/** The grant that covers what is asked for, of a unit’s grants that have not ended; else what is missing. */
export function grantFor(ask: Ask, grants: readonly Grant[], at: Date): Grant | UseRefusal {
  const ofMatter = grants.filter(({ matter }) => matter === ask.matter);
  if (ofMatter.length === 0) return 'matter-unlisted';
  const ofScenario = ofMatter.filter(({ scenario }) => scenario === ask.scenario);
  if (ofScenario.length === 0) return 'scenario-unlisted';
  const grant = ofScenario.find(({ typeCode }) => typeCode === ask.typeCode);
  if (!grant) return 'type-unlisted';
  if (grant.until !== null && grant.until <= at) return 'grant-over';
  return grant.interfaces.includes(ask.interface) ? grant : 'interface-ungranted';
}
