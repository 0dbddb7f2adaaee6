/** A formula that is nothing but a text, as which spreadsheets keep leading zeros in csv. */
const QUOTED_TEXT = /^="((?:[^"]|"")*)"(?:&"")?$/s;

/**
 * The text that a cell stands for: programs write ="0012", or put an apostrophe before it, so that a spreadsheet takes
 * it for text.
 */
export function plainText(cell: string): string {
  if (cell.startsWith("'")) return cell.length > 1 && !cell.endsWith("'") ? cell.slice(1) : cell;
  if (!cell.startsWith('=')) return cell;
  const text = QUOTED_TEXT.exec(cell)?.[1];
  return text === undefined ? cell : text.replaceAll('""', '"');
}
