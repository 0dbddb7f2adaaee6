import js from '@eslint/js';
import ts from 'typescript-eslint';

/** Which storey may import which (ARCHITECTURE.md). Folders that are not named may not be imported. */
const STOREYS = {
  domain: [],
  settings: ['domain'],
  connectors: ['domain', 'settings'],
  store: ['domain', 'settings'],
  activities: ['domain', 'settings', 'connectors', 'store'],
  workflows: ['domain'],
  temporal: ['domain', 'settings', 'connectors', 'store', 'activities', 'workflows'],
  launch: ['domain', 'settings', 'store', 'temporal'],
  server: ['domain', 'settings', 'connectors', 'store', 'temporal', 'workflows'],
  cli: ['domain', 'settings', 'connectors', 'store', 'temporal', 'launch', 'server', 'workflows'],
  console: ['domain'],
};
/**
 * Workflows see activities as types only: their code runs in a sandbox without them. The console knows what the API
 * answers, and brings none of the server into the browser.
 */
const TYPES_ONLY = { workflows: ['activities'], console: ['server'] };

/** The rooms of a storey: each may import those before it. */
const ROOMS = [
  'base',
  'kit',
  'ledger',
  'library',
  'collection',
  'sharing',
  'casework',
  'supervision',
  'console',
  'demo',
  'hub',
];
/** Where the rooms lie, and what stands beside them and joins them; all else beside them is below them. */
const FLOORS = {
  domain: [],
  store: ['store/apply-config.ts'],
  'server/api': ['server/api/index.ts'],
  cli: ['cli/main.ts'],
  'console/pages': [],
};

const storey = (folder) => {
  const forbidden = Object.keys(STOREYS).filter(
    (other) => other !== folder && !STOREYS[folder].includes(other) && !TYPES_ONLY[folder]?.includes(other),
  );
  const patterns = [...forbidden, 'test', 'bench'].map((other) => ({
    regex: `^(\\.\\./)+${other}/`,
    message: `${folder}/ does not import ${other}/`,
  }));
  for (const other of TYPES_ONLY[folder] ?? []) {
    patterns.push({
      regex: `^(\\.\\./)+${other}/`,
      allowTypeImports: true,
      message: `${folder}/ imports types of ${other}/ only`,
    });
  }
  return patterns;
};

/** The rules of one storey, of its rooms, and of the files beside them. */
function layout(folder) {
  const restrict = (files, patterns, ignores = []) => ({
    files,
    ignores,
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  });
  const patterns = storey(folder);
  const result = [restrict([`${folder}/**/*.{ts,tsx}`], patterns)];
  for (const [floor, joining] of Object.entries(FLOORS).filter(([floor]) => floor.split('/')[0] === folder)) {
    const beside = ROOMS.map((room) => ({ regex: `^\\./${room}/`, message: `${room}/ is above the files beside it` }));
    result.push(restrict([`${floor}/*.{ts,tsx}`], [...patterns, ...beside], joining));
    for (const [index, room] of ROOMS.entries()) {
      const later = ROOMS.slice(index + 1).map((other) => ({
        regex: `^(\\.\\./)+${other}/`,
        message: `${room}/ comes before ${other}/, and imports nothing of it`,
      }));
      result.push(restrict([`${floor}/${room}/**/*.{ts,tsx}`], [...patterns, ...later]));
    }
  }
  return result;
}

const PLAIN = [
  'ObjectExpression > SpreadElement > ObjectExpression',
  'ArrayExpression > SpreadElement > ArrayExpression',
].map((selector) => ({ selector, message: 'write what is spread where it stands' }));
const CHINESE = ['Literal[value=HALF]', 'TemplateElement[value.raw=HALF]', 'JSXText[value=HALF]'].map((selector) => ({
  selector: selector.replace('HALF', '/[\\u4e00-\\u9fff”][,;:](?=[\\u4e00-\\u9fff“])/'),
  message: 'full-width punctuation in Chinese: ，；：（）',
}));

/** What the product raises is in the tables of domain/faults/, with both languages. */
const FREE = ['NewExpression[callee.name="HubError"]', 'CallExpression[callee.name="ownFault"]'].map((selector) => ({
  selector,
  message: 'make it with fault() of domain/faults.ts; its words are in a table of domain/faults/',
}));

export default ts.config(
  { ignores: ['node_modules', '.hub', 'config-test-*', 'console/dist*'] },
  js.configs.recommended,
  // Their rules that ask for types are in .oxlintrc.json, with those of React; it checks the types as well.
  ts.configs.strict,
  ts.configs.stylistic,
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  { rules: { '@typescript-eslint/consistent-type-imports': 'error' } },
  // Secrets and settings come from one place.
  {
    files: ['**/*.ts'],
    ignores: ['settings/environment.ts', 'test/**', 'bench/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'settings/environment.ts reads the environment' },
      ],
    },
  },
  // Plain TypeScript, everywhere; in the product Chinese texts have Chinese punctuation (GB/T 15834) as well.
  { rules: { 'no-restricted-syntax': ['error', ...PLAIN] } },
  {
    files: Object.keys(STOREYS).map((folder) => `${folder}/**/*.{ts,tsx}`),
    ignores: ['store/migrations/**'],
    rules: { 'no-restricted-syntax': ['error', ...PLAIN, ...CHINESE, ...FREE] },
  },
  {
    files: ['domain/errors.ts', 'domain/faults.ts'],
    rules: { 'no-restricted-syntax': ['error', ...PLAIN, ...CHINESE] },
  },
  // What commands print is masked in one place.
  {
    files: ['cli/**/*.ts'],
    ignores: ['cli/kit/output.ts'],
    rules: { 'no-console': ['error', { allow: ['error'] }] },
  },
  ...Object.keys(STOREYS).flatMap(layout),
  { files: ['test/**', 'bench/**'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: { console: false, process: false, Buffer: false } },
  },
);
