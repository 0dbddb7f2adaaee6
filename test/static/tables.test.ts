import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');
/** Names that have no Chinese ones. */
const NAMES = /SHA-256/g;
/** What `table` itself is told. */
const SETTINGS = new Set(['right']);

describe('the tables of the commands', () => {
  it('have heads and fixed values in Chinese', () => {
    const files = globSync('cli/**/*.ts', { cwd: ROOT }).sort();
    const { tables, found } = foreignWords(
      new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')])),
    );
    assert.ok(tables > 40, `${tables} tables were found`);
    assert.deepEqual(found, []);
  });

  it('are found wanting where a head, a value or what it is looked up in is not', () => {
    const kit = `export const stateOf = (row) => (row.late ? '▲ LATE' : '未到期');`;
    const code = `import { stateOf } from './kit.ts';
      const STATES = { open: '未办结', closed: 'closed' };
      table(rows, [['Unit', ({ unit }) => unit], ['状态', ({ state }) => STATES[state]], ['期限', stateOf]]);
      table(rows, [['原因', (row) => (row.kind === 'late' ? reasonOf(row).en : \`第 \${row.id} batch\`), 'right']]);
      table(rows, [['摘要（SHA-256）', ({ hash }) => hash.replace('sha', '')]]);`;
    const { tables, found } = foreignWords(
      new Map([
        ['cli/a.ts', code],
        ['cli/kit.ts', kit],
      ]),
    );
    assert.equal(tables, 3);
    assert.deepEqual(found.sort(), [
      'cli/a.ts:  batch',
      'cli/a.ts: .en',
      'cli/a.ts: Unit',
      'cli/a.ts: closed',
      'cli/kit.ts: ▲ LATE',
    ]);
  });
});

/** Latin words among those that tables can show: those of their columns, and of what these use of the files given. */
function foreignWords(code: ReadonlyMap<string, string>): { tables: number; found: string[] } {
  const sources = new Map(
    [...code].map(([file, text]) => [file, ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)]),
  );
  const seen = new Set<ts.Node>();
  const found: string[] = [];
  let tables = 0;
  const read = (node: ts.Node): void => {
    if (seen.has(node) || ts.isTypeNode(node)) return;
    seen.add(node);
    const source = node.getSourceFile();
    if (isText(node) && !isUnseen(node) && /[A-Za-z]/.test(node.text.replace(NAMES, '')) && !SETTINGS.has(node.text))
      found.push(`${source.fileName}: ${node.text}`);
    if (ts.isPropertyAccessExpression(node) && node.name.text === 'en') found.push(`${source.fileName}: .en`);
    if (ts.isIdentifier(node)) {
      const declared = declarationOf(sources, source, node.text);
      if (declared) read(declared);
    }
    ts.forEachChild(node, read);
  };
  const look = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'table') {
      tables += 1;
      const [, columns] = node.arguments;
      if (columns) read(columns);
    }
    ts.forEachChild(node, look);
  };
  for (const source of sources.values()) look(source);
  return { tables, found };
}

type Text = ts.StringLiteralLike | ts.TemplateHead | ts.TemplateMiddle | ts.TemplateTail;
const isText = (node: ts.Node): node is Text =>
  ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);

/** Whether a text is only held against another one, told to a method of it, or the name of a property. */
const isUnseen = (node: ts.Node): boolean => {
  const { parent } = node;
  if (ts.isPropertyAssignment(parent)) return parent.name === node;
  if (ts.isBinaryExpression(parent)) return parent.operatorToken.kind !== ts.SyntaxKind.QuestionQuestionToken;
  return (
    ts.isNewExpression(parent) || (ts.isCallExpression(parent) && ts.isPropertyAccessExpression(parent.expression))
  );
};

/** What a name stands for at the top of its file, or of the file that it is imported from, where that is given. */
function declarationOf(
  sources: ReadonlyMap<string, ts.SourceFile>,
  source: ts.SourceFile | undefined,
  name: string,
): ts.Node | undefined {
  for (const statement of source?.statements ?? []) {
    if (ts.isFunctionDeclaration(statement) && statement.name?.text === name) return statement.body;
    if (ts.isVariableStatement(statement)) {
      const declared = statement.declarationList.declarations.find((each) => each.name.getText() === name);
      if (declared) return declared.initializer;
    }
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const bound = statement.importClause?.namedBindings;
    if (!bound || !ts.isNamedImports(bound) || !bound.elements.some((each) => each.name.text === name)) continue;
    const file = join(dirname(statement.getSourceFile().fileName), statement.moduleSpecifier.text);
    return declarationOf(sources, sources.get(file), name);
  }
  return undefined;
}
