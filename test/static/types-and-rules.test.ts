import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ESLint } from 'eslint';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

describe('the source', () => {
  it('has types that hold, and keeps the rules that ask for them', async () => {
    const { files, found } = await oxlint('.');
    assert.ok(files > 600, `${files} files were looked at`);
    assert.deepEqual(found, []);
  });

  it('keeps the other rules, who may import whom among them', async () => {
    const eslint = new ESLint({ cwd: ROOT });
    const results = await eslint.lintFiles(['.']);
    assert.ok(results.length > 600, `${results.length} files were looked at`);
    assert.equal(await (await eslint.loadFormatter()).format(results), '');
  });
});

/** What breaks a rule that asks for types, and nothing else. */
const BROKEN: Record<string, string> = {
  TS2322: "export const count: number = '1';",
  'await-thenable': 'export const once = async (): Promise<number> => await 1;',
  'no-floating-promises': 'export const start = (): void => { Promise.reject(new Error()); };',
  'no-misused-promises': 'export const each = (all: number[]): void => { all.forEach(async () => { await null; }); };',
  'no-unnecessary-condition': 'export const size = (text: string): number => text?.length;',
  'no-unsafe-argument': 'export const read = (text: string): number => Number.parseInt(JSON.parse(text));',
  'no-unsafe-assignment':
    'export const read = (text: string): void => { const found = JSON.parse(text); void found; };',
  'no-unsafe-call': 'export const read = (text: string): void => { JSON.parse(text)(); };',
  'no-unsafe-member-access': 'export const read = (text: string): void => { void JSON.parse(text).found; };',
  'no-unsafe-return': 'export const read = (text: string): unknown[] => [text].map((each) => JSON.parse(each));',
  'require-await': 'export const one = async (): Promise<number> => 1;',
  'restrict-template-expressions': 'export const shown = (found: object): string => `${found}`;',
  'switch-exhaustiveness-check':
    "export const act = (what: 'open' | 'close'): void => { switch (what) { case 'open': break; } };",
};

describe('what breaks a rule that asks for types', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hub-broken-'));
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it('is found, with the rule and the file', async () => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions: { types: [] }, include: ['.'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    for (const [rule, text] of Object.entries(BROKEN)) writeFileSync(join(folder, `${rule}.ts`), `${text}\n`);
    const { found } = await oxlint(folder);
    for (const rule of Object.keys(BROKEN))
      assert.ok(
        found.some((told) => told.startsWith(`${join(folder, rule)}.ts:1 typescript(${rule}) `)),
        `${rule} is not among\n${found.join('\n')}`,
      );
  });
});

/** What oxlint finds in a folder by the rules of the project, and how many files it looked at. */
async function oxlint(folder: string): Promise<{ files: number; found: string[] }> {
  const args = ['node_modules/oxlint/bin/oxlint', '--format', 'json', folder];
  const complaints = (error: unknown): { stdout: string } => {
    if (error instanceof Error && 'stdout' in error && typeof error.stdout === 'string')
      return { stdout: error.stdout };
    throw error;
  };
  const { stdout } = await run(process.execPath, args, { cwd: ROOT, maxBuffer: 1 << 26 }).catch(complaints);
  assert.ok(stdout.startsWith('{'), stdout);
  const { number_of_files: files, diagnostics } = JSON.parse(stdout) as Findings;
  const found = diagnostics.map(
    ({ filename, labels: [label], code = '', message }) => `${filename}:${label?.span.line ?? 1} ${code} ${message}`,
  );
  return { files, found };
}

/** As its format `json` tells. */
interface Findings {
  number_of_files: number;
  diagnostics: { filename: string; code?: string; message: string; labels: { span: { line: number } }[] }[];
}
