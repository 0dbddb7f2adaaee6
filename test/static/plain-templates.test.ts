import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');
const PLAIN = ts.TypeFlags.NumberLike | ts.TypeFlags.StringLike;

// No package has this rule. Programs are dear: there is one of the files only in which it could be broken.
describe('templates', () => {
  it('write numbers and texts by themselves, without String()', () => {
    const found = ['tsconfig.json', 'console/tsconfig.json'].flatMap(conversionsOf);
    assert.ok(found.length > 20, `${found.length} conversions were looked at`);
    assert.deepEqual(
      found.filter(({ needless }) => needless).map(({ place }) => place),
      [],
    );
  });
});

interface Conversion {
  place: string;
  needless: boolean;
}

/** The values that files of a project write into templates by `String()`. */
function conversionsOf(project: string): Conversion[] {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => assert.fail(project) };
  const config = ts.getParsedCommandLineOfConfigFile(join(ROOT, project), { incremental: false }, host);
  assert.ok(config);
  const rootNames = config.fileNames.filter((file) => /\$\{\s*String\(/.test(ts.sys.readFile(file) ?? ''));
  if (rootNames.length === 0) return [];
  const program = ts.createProgram({ rootNames, options: config.options });
  const checker = program.getTypeChecker();
  const found: Conversion[] = [];
  for (const file of rootNames) {
    const source = program.getSourceFile(file);
    assert.ok(source);
    const visit = (node: ts.Node): void => {
      if (ts.isTemplateSpan(node) && ts.isCallExpression(node.expression)) {
        const { expression: called, arguments: given } = node.expression;
        const [value] = given;
        if (ts.isIdentifier(called) && called.text === 'String' && value) {
          const type = checker.getTypeAtLocation(value);
          const { line } = source.getLineAndCharacterOfPosition(node.getStart());
          found.push({
            place: `${relative(ROOT, file)}:${line + 1}`,
            needless: (type.isUnion() ? type.types : [type]).every(({ flags }) => (flags & PLAIN) !== 0),
          });
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}
