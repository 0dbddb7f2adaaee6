/** What stands for a formula of a workbook that no program has calculated yet. */
export const UNCALCULATED = '#UNCALCULATED!';

/** What spreadsheets write where a formula has no value: `#REF!`, `#NAME?`, `#DIV/0!`, `#N/A`, and younger ones. */
const ERROR = /^#(?:[A-Z][A-Z\d/]*[!?]|N\/A|GETTING_DATA|ERROR)$/i;
/** A formula in the place of its value, as some write tables of text. */
const FORMULA = /^=[A-Z][A-Z0-9.]*\(/i;

export const isCellError = (text: string): boolean =>
  text.startsWith('#') ? ERROR.test(text) : text.startsWith('=') && FORMULA.test(text);
