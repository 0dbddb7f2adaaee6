import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';
import typescript from 'typescript';

const { TypeFlags } = typescript;

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

/** Rules that no package has. */
const hub = {
  rules: {
    'plain-template': {
      meta: { type: 'suggestion', messages: { needless: 'a template writes numbers and texts by itself' }, schema: [] },
      create: (context) => ({
        'TemplateLiteral > CallExpression[callee.name="String"][arguments.length=1]': (node) => {
          const type = context.sourceCode.parserServices.getTypeAtLocation(node.arguments[0]);
          const parts = type.isUnion() ? type.types : [type];
          const plain = TypeFlags.NumberLike | TypeFlags.StringLike;
          if (parts.every(({ flags }) => (flags & plain) !== 0)) context.report({ node, messageId: 'needless' });
        },
      }),
    },
  },
};

export default ts.config(
  { ignores: ['node_modules', '.hub', 'config-test-*', 'console/dist*'] },
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js', 'docs/*.mjs'] } },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unsafe-enum-assignment': 'off', // protobuf enums are plain numbers here
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off', // two typings of one class of a library
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
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
  { rules: { 'no-restricted-syntax': ['error', ...PLAIN], 'hub/plain-template': 'error' }, plugins: { hub } },
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
  {
    files: ['test/**', 'bench/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: ['describe', 'it'], package: 'node:test' }] },
      ],
    },
  },
  { files: ['console/**/*.tsx'], extends: [reactHooks.configs.flat.recommended] },
  {
    files: ['**/*.{js,mjs}'],
    extends: [ts.configs.disableTypeChecked],
    languageOptions: { globals: { console: false, process: false, Buffer: false } },
  },
);
