/** What stands for a formula of a workbook that no program has calculated yet. */
export const UNCALCULATED = '#UNCALCULATED!';

/** What spreadsheets write where a formula has no value. */
const ERRORS: ReadonlySet<string> = new Set([
  '#N/A',
  '#REF!',
  '#VALUE!',
  '#DIV/0!',
  '#NAME?',
  '#NULL!',
  '#NUM!',
  '#SPILL!',
  '#CALC!',
  '#FIELD!',
  '#BLOCKED!',
  '#GETTING_DATA',
  '#ERROR',
  '#ERROR!',
  UNCALCULATED,
]);

export const isCellError = (text: string): boolean => text.startsWith('#') && ERRORS.has(text.toUpperCase());
