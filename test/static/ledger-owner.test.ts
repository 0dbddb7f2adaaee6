import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');
const PRODUCT = '{activities,cli,connectors,domain,launch,server,settings,store,temporal,workflows}/**/*.ts';
/** Whose table it is, and the steps by which it came to be. */
const OWNERS = /^store\/(?:ledger|migrations)\//;

const WRITES =
  /\b(?:INSERT\s+INTO|MERGE\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE|COPY)\s+(?:TABLE\s+|ONLY\s+)?"?obligation"?(?![\w.])/i;
const WRITING = new Set(['insert', 'update', 'upsert', 'del', 'delete', 'truncate', 'increment', 'decrement', 'merge']);

it('only store/ledger/ writes the table “obligation”', () => {
  const files = globSync(PRODUCT, { cwd: ROOT }).sort();
  const writers = files.filter((file) => writesObligations(readFileSync(join(ROOT, file), 'utf8')));
  assert.ok(
    writers.some((file) => OWNERS.test(file)),
    'the owner is recognized',
  );
  assert.deepEqual(
    writers.filter((file) => !OWNERS.test(file)),
    [],
  );
});

/** By SQL in a text, or by a chain of the query builder that names the table. */
function writesObligations(code: string): boolean {
  let found = false;
  const look = (node: ts.Node): void => {
    if (isText(node) && WRITES.test(node.getText())) found = true;
    if (ts.isCallExpression(node) && !ts.isPropertyAccessExpression(node.parent)) {
      const { methods, names } = chainOf(node);
      if (names.includes('obligation') && methods.some((method) => WRITING.has(method))) found = true;
    }
    ts.forEachChild(node, look);
  };
  look(ts.createSourceFile('file.ts', code, ts.ScriptTarget.Latest, true));
  return found;
}

const isText = (node: ts.Node): boolean => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);

/** The methods that are called one on the result of another, and what tables their first arguments name. */
function chainOf(call: ts.CallExpression): { methods: string[]; names: string[] } {
  const [methods, names]: [string[], string[]] = [[], []];
  let node: ts.Expression = call;
  while (ts.isCallExpression(node) || ts.isPropertyAccessExpression(node)) {
    if (ts.isCallExpression(node)) {
      const [first] = node.arguments;
      if (first && ts.isStringLiteralLike(first)) names.push(first.text.split(/\s/)[0] ?? '');
    } else methods.push(node.name.text);
    node = node.expression;
  }
  return { methods, names };
}
