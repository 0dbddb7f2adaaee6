/** Names of the columns of a header row: an empty one is called by its place, a second one of the same name is told apart. */
export function columnNames(cells: readonly (string | undefined)[]): string[] {
  const seen = new Map<string, number>();
  return Array.from(cells, (cell, index) => {
    const given = cell?.trim() ?? '';
    const name = given === '' ? `column ${index + 1}` : given;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  });
}

/** Which of the expected columns are not among the names of a header row. */
export function missingFrom(names: readonly string[], expected: readonly string[]): string[] {
  const found = new Set(names);
  return expected.filter((column) => !found.has(column));
}
