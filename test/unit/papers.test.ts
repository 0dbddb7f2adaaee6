import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../../settings/root.ts';

const DECISIONS = globSync('docs/adr/0*.md', { cwd: ROOT }).sort();
/** The papers whose names of files are held to the code. */
const PAPERS = [
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'README.md',
  'README.zh-CN.md',
  'docs/adr/README.md',
  ...DECISIONS,
];
/** Folders that a table or list has named before it names what lies in them. */
const WITHIN: Record<string, string[]> = {
  'README.md': ['config', 'connectors', 'store'],
  'README.zh-CN.md': ['config', 'connectors', 'store'],
};
/** Not in the repository: what a city adds, what a hub makes when it runs, and what stands for any name. */
const ELSEWHERE = ['config/connectors/parks.yaml', 'config/connectors/kinds/', '.hub/', 'NNNN-what.ts'];

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const withoutCode = (text: string): string => text.replace(/^ *```[^]*?^ *```/gm, '');

/** What a paper names in backticks and is a file (`a/b.ts`, `a.json`) or a folder (`a/`) of the repository. */
const namesIn = (text: string): string[] =>
  [...withoutCode(text).matchAll(/`([^`\n]+)`/g)]
    .map(([, name = '']) => name)
    .filter((name) => /^\.?\w[\w.-]*(\/[\w.-]+)*(\/|\.(ts|tsx|js|json|md|yaml))$/.test(name));

const exists = (name: string): boolean => {
  const path = join(ROOT, name);
  return existsSync(path) && statSync(path).isDirectory() === name.endsWith('/');
};

describe('the papers', () => {
  for (const paper of PAPERS)
    it(`${paper} names files and folders that there are`, () => {
      const missing = namesIn(read(paper)).filter(
        (name) =>
          !ELSEWHERE.includes(name) && !['', ...(WITHIN[paper] ?? [])].some((folder) => exists(join(folder, name))),
      );
      assert.deepEqual(missing, []);
    });

  it('lead to pages and pictures that there are', () => {
    const broken: string[] = [];
    for (const paper of globSync(['*.md', 'docs/**/*.md', 'bench/*.md'], { cwd: ROOT }))
      for (const [, target = ''] of withoutCode(read(paper)).matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g))
        if (!/^\w+:/.test(target) && !existsSync(join(ROOT, dirname(paper), target)))
          broken.push(`${paper}: ${target}`);
    assert.deepEqual(broken, []);
  });

  it('quote the code as it stands', () => {
    const quotes = [...read('CONTRIBUTING.md').matchAll(/From `([^`]+)`[^\n]*\n((?:\s*```ts\n[^]*?```)+)/g)];
    assert.ok(quotes.length >= 5);
    const plain = (code: string): string => code.replace(/\s+/g, ' ').trim();
    for (const [, file = '', blocks = ''] of quotes)
      for (const [, code = ''] of blocks.matchAll(/```ts\n([^]*?)```/g))
        assert.ok(plain(read(file)).includes(plain(code)), `${file} has no longer:\n${code}`);
  });

  describe('the architecture', () => {
    const architecture = read('ARCHITECTURE.md');
    const rules = read('eslint.config.js');
    const block = (name: string): string =>
      new RegExp(`const ${name} = {([^;]*)};`).exec(rules)?.[1] ?? assert.fail(name);
    const lists = (text: string): Map<string, string[]> =>
      new Map(
        [...text.matchAll(/(\w+): \[([^\]]*)\]/g)].map(([, name = '', list = '']) => [
          name,
          [...list.matchAll(/'([^']+)'/g)].map(([, entry = '']) => entry),
        ]),
      );
    const storeys = lists(block('STOREYS'));

    it('says who may import whom as the linter does', () => {
      const said = new Map<string, string[]>();
      const saidTypes = new Map<string, string[]>();
      const folders = (text: string): string[] => [...text.matchAll(/`([^`]+)\/`/g)].map(([, name = '']) => name);
      const table = architecture.slice(architecture.indexOf('| Storey'), architecture.indexOf('`config/` holds'));
      for (const [, storey = '', imports = ''] of table.matchAll(/^\| `([^`]+)\/` *\|[^|]*\|([^|]*)\|$/gm)) {
        const [values = '', types] = imports.split('types of');
        said.set(storey, folders(values));
        if (types !== undefined) saidTypes.set(storey, folders(types));
      }
      assert.deepEqual(said, storeys);
      assert.deepEqual(saidTypes, lists(block('TYPES_ONLY')));
    });

    it('has a line for every room', () => {
      const rooms = [...storeys.keys(), 'server/api', 'console/pages'].flatMap((storey) =>
        readdirSync(join(ROOT, storey), { withFileTypes: true })
          .filter((entry) => entry.isDirectory() && !entry.name.startsWith('dist'))
          .map(({ name }) => `${storey}/${name}/`),
      );
      assert.ok(rooms.includes('store/ledger/') && rooms.includes('server/api/casework/'));
      assert.deepEqual(
        rooms.filter((room) => !architecture.includes(`\n| \`${room}\` `)),
        [],
      );
    });
  });

  describe('the decisions', () => {
    const SECTIONS = ['Context', 'Decision', 'What was measured', 'Consequences', 'What would change it'];
    it('are in the list, in their order', () => {
      const list = read('docs/adr/README.md');
      assert.ok(DECISIONS.length >= 10);
      assert.deepEqual(
        [...list.matchAll(/\]\((0[^)]+)\)/g)].map(([, name = '']) => `docs/adr/${name}`),
        DECISIONS,
      );
    });
    for (const decision of DECISIONS)
      it(`${decision} has its sections, and is under a page`, () => {
        const text = read(decision);
        assert.deepEqual(
          [...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title),
          SECTIONS,
        );
        assert.ok(text.split(/\s+/).length < 500);
      });
  });
});
