import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { importsOf } from '../support/run/imports.ts';

const ROOT = join(import.meta.dirname, '../..');
/** More than anybody finds their way in at a glance; migrations are a list that is read from its end. */
const MOST_FILES = 20;
const LISTS = ['store/migrations'];

const sources = globSync('**/*.{ts,tsx}', {
  cwd: ROOT,
  exclude: ['node_modules', '.hub', 'console/dist*', 'config-test-*'],
});
const product = sources.filter((file) => !/^(test|bench)\//.test(file));

describe('the structure', () => {
  it('is looked at whole', () => {
    assert.ok(product.length > 300, `${product.length} files of the product were found`);
  });

  it('has no files that import each other, be it types only or while they run', () => {
    assert.deepEqual(cycles(sources.map((file) => join(ROOT, file))), []);
  });

  it('has each exported name once', () => {
    const places = new Map<string, string[]>();
    for (const file of product.filter((each) => !each.startsWith('store/migrations/')))
      for (const name of exportedNames(file)) places.set(name, [...(places.get(name) ?? []), file]);
    const twice = [...places].filter(([, files]) => files.length > 1);
    assert.deepEqual(twice, []);
  });

  it(`has at most ${MOST_FILES} files in a folder`, () => {
    const folders = Object.groupBy(sources, (file) => dirname(file));
    const full = Object.entries(folders).filter(
      ([folder, files = []]) => files.length > MOST_FILES && !LISTS.includes(folder),
    );
    assert.deepEqual(
      full.map(([folder, files = []]) => `${folder}: ${files.length}`),
      [],
    );
  });
});

/** Every way of imports that leads back to where it began, each once, as `a > b > a`. */
function cycles(files: readonly string[]): string[] {
  const found: string[] = [];
  const way: string[] = [];
  const done = new Set<string>();
  const follow = (file: string): void => {
    if (way.includes(file)) {
      const round = [...way.slice(way.indexOf(file)), file];
      found.push(round.map((each) => relative(ROOT, each)).join(' > '));
    }
    if (done.has(file)) return;
    done.add(file);
    way.push(file);
    for (const imported of importsOf(file)) follow(imported);
    way.pop();
  };
  for (const file of files) follow(file);
  return found;
}

/** What a file declares for others; passing on what another file exports is no second name. */
function exportedNames(file: string): string[] {
  const { statements } = ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest);
  return statements.flatMap((statement) => {
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    const kinds = modifiers.map(({ kind }) => kind);
    if (!kinds.includes(ts.SyntaxKind.ExportKeyword) || kinds.includes(ts.SyntaxKind.DefaultKeyword)) return [];
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
    const { name } = statement as ts.DeclarationStatement;
    return name && ts.isIdentifier(name) ? [name.text] : [];
  });
}

const boundNames = (name: ts.BindingName): string[] =>
  ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : boundNames(element.name)));
