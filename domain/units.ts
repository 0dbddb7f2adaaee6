/** A unit by its 统一社会信用代码. */
export interface Unit {
  name: string;
  code: string;
}

/** The state's own area, as codes of its units have it (GB 32100). */
const STATE = '100000';
/** Of an area's code (GB/T 2260) what every area within it begins with: `32` of 320000, `3202` of 320200. */
const beginning = (area: string): string => area.replace(/(?:00)+$/, '');

/**
 * Whether a unit is of the state, or of the province or city that an area lies in, by the area in its 统一社会信用代码: it
 * stands above the area, whose regulations do not bind it. A code without an area is of no such unit.
 * @param area code of the area (GB/T 2260), six digits
 */
export function standsAbove(unitCode: string, area: string): boolean {
  const own = unitCode.slice(2, 8);
  if (unitCode.length !== 18 || !/^\d{6}$/.test(own)) return false;
  const upper = beginning(own);
  return own === STATE || (beginning(area).startsWith(upper) && upper !== beginning(area));
}
