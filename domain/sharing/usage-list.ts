import { BASE_FIELDS, BASE_INTERFACES, type Grant, type Interface, type SharedField } from './grant.ts';

/** One use of a list (用证清单): for which item (事项) and in which scenario a unit asks for which certificates. */
export interface UsageItem {
  /** 事项编码. */
  code: string;
  /** 事项名称. */
  name: string;
  /** 应用场景. */
  scenario: string;
  /** 证照类型代码. */
  types: string[];
  /** What may be read of them; left out: {@link BASE_FIELDS}. */
  fields?: SharedField[] | undefined;
  /** How they may be used; left out: {@link BASE_INTERFACES}. */
  interfaces?: Interface[] | undefined;
  /** 法律依据. */
  legalBasis?: string | undefined;
}

/** One use of one type that a list has (一证一接口): what it wants to be granted. */
export type ListedUse = Pick<
  Grant,
  'matter' | 'matterName' | 'scenario' | 'typeCode' | 'fields' | 'interfaces' | 'legalBasis'
>;

/** Every use of a list, type by type. */
export const listedUses = (items: readonly UsageItem[]): ListedUse[] =>
  items.flatMap(({ code, name, scenario, types, fields, interfaces, legalBasis }) =>
    types.map((typeCode) => ({
      matter: code,
      matterName: name,
      scenario,
      typeCode,
      fields: fields ?? [...BASE_FIELDS],
      interfaces: interfaces ?? [...BASE_INTERFACES],
      legalBasis: legalBasis ?? null,
    })),
  );

/** How a version of a list differs from the one before it, in one use. */
export interface ListChange {
  change: 'added' | 'removed' | 'changed';
  use: ListedUse;
  /** What was listed before, where it was changed. */
  before: ListedUse | null;
}

/** How one list differs from another, what is new or different in the order of the later, then what is gone. */
export function listChanges(before: readonly UsageItem[], after: readonly UsageItem[]): ListChange[] {
  const [was, is] = [byUse(before), byUse(after)];
  return [
    ...[...is].flatMap(([key, use]): ListChange[] => {
      const earlier = was.get(key);
      if (!earlier) return [{ change: 'added', use, before: null }];
      return textOf(earlier) === textOf(use) ? [] : [{ change: 'changed', use, before: earlier }];
    }),
    ...[...was].flatMap(([key, use]): ListChange[] => (is.has(key) ? [] : [{ change: 'removed', use, before: null }])),
  ];
}

const byUse = (items: readonly UsageItem[]): Map<string, ListedUse> =>
  new Map(listedUses(items).map((use) => [JSON.stringify([use.matter, use.scenario, use.typeCode]), use]));
const textOf = ({ fields, interfaces, ...use }: ListedUse): string =>
  JSON.stringify([use.matterName, use.legalBasis, fields.toSorted(), interfaces.toSorted()]);
