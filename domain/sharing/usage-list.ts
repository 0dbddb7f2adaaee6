import type { Interface, SharedField } from './grant.ts';

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
