import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

/** Who may import whom (DESIGN: layout). Folders that are not named may not be imported. */
const LAYERS = {
  domain: [],
  config: ['domain'],
  connectors: ['domain', 'config'],
  store: ['domain', 'config'],
  activities: ['domain', 'config', 'connectors', 'store'],
  workflows: ['domain'],
  temporal: ['domain', 'config', 'connectors', 'store', 'activities', 'workflows'],
  server: ['domain', 'config', 'connectors', 'store', 'temporal', 'workflows'],
  cli: ['domain', 'config', 'connectors', 'store', 'temporal', 'server', 'workflows'],
  console: ['domain'],
};
/**
 * Workflows see activities as types only: their code runs in a sandbox without them. The console knows what the API
 * answers, and brings none of the server into the browser.
 */
const TYPES_ONLY = { workflows: ['activities'], console: ['server'] };

const layer = (folder) => {
  const forbidden = Object.keys(LAYERS).filter(
    (other) => other !== folder && !LAYERS[folder].includes(other) && !TYPES_ONLY[folder]?.includes(other),
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
  return {
    files: [`${folder}/**/*.{ts,tsx}`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  };
};

export default ts.config(
  { ignores: ['node_modules', '.hub', 'config-test-*', 'console/dist*'] },
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] } } },
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
    ignores: ['config/environment.ts', 'test/**', 'bench/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'config/environment.ts reads the environment' },
      ],
    },
  },
  // Chinese texts have Chinese punctuation (GB/T 15834).
  {
    files: Object.keys(LAYERS).map((folder) => `${folder}/**/*.{ts,tsx}`),
    ignores: ['store/migrations/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...['Literal[value=HALF]', 'TemplateElement[value.raw=HALF]', 'JSXText[value=HALF]'].map((selector) => ({
          selector: selector.replace('HALF', '/[\\u4e00-\\u9fff”][,;:](?=[\\u4e00-\\u9fff“])/'),
          message: 'full-width punctuation in Chinese: ，；：（）',
        })),
      ],
    },
  },
  ...Object.keys(LAYERS).map(layer),
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
  { files: ['**/*.js'], extends: [ts.configs.disableTypeChecked] },
);
