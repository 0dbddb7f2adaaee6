import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { ESLint } from 'eslint';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');

// In one process: what the types cost is paid once, and the rules that ask for types find them there.
describe('the source', () => {
  const hub = programOf('tsconfig.json');
  const pages = programOf('console/tsconfig.json');

  it('has types that hold', () => assert.equal(told(ts.getPreEmitDiagnostics(hub)), ''));

  it('has types that hold in the console', () => {
    // What it imports of the hub is checked above, with the settings of the hub.
    const files = pages.getSourceFiles().filter(({ fileName }) => fileName.startsWith(join(ROOT, 'console/')));
    assert.ok(files.length > 60, `${files.length} files of the console were found`);
    const found = files.flatMap((file) => [
      ...pages.getSyntacticDiagnostics(file),
      ...pages.getSemanticDiagnostics(file),
    ]);
    assert.equal(told([...pages.getConfigFileParsingDiagnostics(), ...pages.getOptionsDiagnostics(), ...found]), '');
  });

  it('keeps the rules, who may import whom among them', async () => {
    const parserOptions = { projectService: false, programs: [hub, pages] };
    const eslint = new ESLint({
      cwd: ROOT,
      overrideConfig: { files: ['**/*.{ts,tsx}'], languageOptions: { parserOptions } },
    });
    const results = await eslint.lintFiles(['.']);
    assert.ok(results.length > 600, `${results.length} files were looked at`);
    assert.equal(await (await eslint.loadFormatter()).format(results), '');
  });
});

function programOf(file: string): ts.Program {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (found: ts.Diagnostic) => assert.fail(told([found])) };
  const config = ts.getParsedCommandLineOfConfigFile(join(ROOT, file), { incremental: false }, host);
  assert.ok(config);
  const { fileNames: rootNames, options, errors: configFileParsingDiagnostics } = config;
  return ts.createProgram({ rootNames, options, configFileParsingDiagnostics });
}

const told = (found: readonly ts.Diagnostic[]): string =>
  ts.formatDiagnostics(found, {
    getCurrentDirectory: () => ROOT,
    getCanonicalFileName: (name) => relative(ROOT, name),
    getNewLine: () => '\n',
  });
