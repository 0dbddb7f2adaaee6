/** A unit by its 统一社会信用代码. */
export interface Unit {
  name: string;
  code: string;
}
