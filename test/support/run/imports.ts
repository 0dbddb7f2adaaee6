import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import ts from 'typescript';

/** The project's own files that a file imports: values and types, at its head and while it runs. */
export function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
  return importedFiles
    .filter(({ fileName }) => /^\..*\.tsx?$/.test(fileName))
    .map(({ fileName }) => resolve(dirname(file), fileName))
    .filter((imported) => existsSync(imported));
}

/** Files, all that they import, and what those import in turn. */
export function reachedFrom(files: readonly string[]): Set<string> {
  const reached = new Set(files);
  for (const file of reached) for (const imported of importsOf(file)) reached.add(imported);
  return reached;
}
