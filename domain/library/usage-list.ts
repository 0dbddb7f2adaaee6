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
}
