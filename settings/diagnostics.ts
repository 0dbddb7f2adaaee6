import { closest, distance } from 'fastest-levenshtein';
import { LineCounter, parseDocument, isMap, isNode, isScalar, visit, type Document } from 'yaml';
import { z } from 'zod';
import { expectedInWords, foundInstead, placed } from '../domain/faults/expected.ts';
import { isReserved } from '../domain/names.ts';
import type { Said } from '../domain/said.ts';

type Path = readonly PropertyKey[];

/**
 * Reads one YAML file against a schema. Every fault becomes one line in both languages,
 * `file:line:path: found …, expected …; how to mend it`; an empty list means that `value` holds, read from
 * `data`. `prepare` completes these, from a template for example, before they are checked.
 */
export function parseYaml<S extends z.ZodType>(
  file: string,
  text: string,
  schemaOf: (data: unknown) => S,
  prepare: (data: unknown) => unknown = (data) => data,
): { value: z.output<S>; data: unknown; faults: [] } | { value: null; faults: Said[] } {
  try {
    return readYaml(file, text, schemaOf, prepare);
  } catch (error) {
    // Nested without end, or names that stand for more than there is room for.
    if (!(error instanceof RangeError || error instanceof ReferenceError)) throw error;
    const tooDeep = {
      zh: '层级或别名过多，无法读取，请直接写出',
      en: 'found more levels or aliases than can be read; write it out plainly',
    };
    return { value: null, faults: [placed(linePlace(file, 1), tooDeep)] };
  }
}

function readYaml<S extends z.ZodType>(
  file: string,
  text: string,
  schemaOf: (data: unknown) => S,
  prepare: (data: unknown) => unknown,
): { value: z.output<S>; data: unknown; faults: [] } | { value: null; faults: Said[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    return {
      value: null,
      faults: document.errors.map((error) => {
        const { line } = lines.linePos(error.pos[0]);
        const why = error.message.split('\n')[0] ?? 'not YAML';
        return placed(linePlace(file, line), { zh: `YAML 有误（${error.code}），请修正`, en: `${why}; mend the YAML` });
      }),
    };
  }
  const reserved: Said[] = [];
  visit(document, {
    Pair: (_, { key }) => {
      if (!isScalar(key) || !isReserved(String(key.value))) return;
      const line = key.range ? lines.linePos(key.range[0]).line : 1;
      const found = String(key.value);
      reserved.push(
        placed(linePlace(file, line), {
          zh: `键名“${found}”不可使用，请改名`,
          en: `found the key “${found}”, expected another name; rename it`,
        }),
      );
    },
  });
  if (reserved.length > 0) return { value: null, faults: reserved };
  const data = prepare(document.toJS());
  const schema = schemaOf(data);
  const result = schema.safeParse(data);
  if (result.success) return { value: result.data, data, faults: [] };
  const jsonSchema = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
  const faults = result.error.issues
    .flatMap((issue) => explain(issue, data, jsonSchema))
    .map(({ path, said }) => ({ line: lineOf(document, lines, path), path, said }))
    .sort((a, b) => a.line - b.line)
    .map(({ line, path, said }) => placed(linePlace(file, line, printPath(path)), said));
  return { value: null, faults };
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  const?: unknown;
  description?: string;
}

function explain(issue: z.core.$ZodIssue, data: unknown, schema: JsonSchema): { path: Path; said: Said }[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, data, issue.path);
    return issue.keys.map((key) => {
      const nearest = known.length > 0 ? closest(key, known) : '';
      const near = nearest !== '' && distance(key, nearest) <= Math.max(2, Math.floor(key.length / 2));
      return {
        path: [...issue.path, key],
        said: {
          zh: `没有“${key}”这一项，应为 ${known.join('、')} 之一；${near ? `是否为“${nearest}”？` : '请去掉'}`,
          en: `found the unknown key “${key}”, expected one of ${known.join(', ')}; ${
            near ? `did you mean “${nearest}”?` : 'remove it'
          }`,
        },
      };
    });
  }
  const found = issue.message.includes('secret') ? SECRET : valueAt(data, issue.path);
  const last = String(issue.path.at(-1));
  const options =
    issue.code === 'invalid_value' ? issue.values.map(String) : issue.code === 'invalid_union' ? optionsOf(issue) : [];
  let cure: Said = { zh: '请修改', en: 'change it' };
  if (issue.code === 'custom') cure = { zh: '请补上或去掉', en: 'add or remove it' };
  else if (found === undefined) cure = { zh: `请补上“${last}:”`, en: `add “${last}:”` };
  else if (typeof found === 'string' && options.length > 0) {
    const nearest = closest(found, options);
    cure = { zh: `是否为“${nearest}”？`, en: `did you mean “${nearest}”?` };
  } else if (issue.code === 'invalid_type' && issue.expected === 'string' && isPrimitive(found))
    cure = { zh: `请写在引号中，"${found}"`, en: `write it in quotes, "${found}"` };
  return [{ path: issue.path, said: foundInstead(describe(found), expectation(issue), cure) }];
}

/** What should be there instead, in words. */
export function expectation(issue: z.core.$ZodIssue): Said {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_NAMES[issue.expected] ?? { zh: issue.expected, en: `a ${issue.expected}` };
    case 'invalid_value':
      return oneOf(issue.values.map(String));
    case 'invalid_union':
      return optionsOf(issue).length > 0 ? oneOf(optionsOf(issue)) : expectedInWords(issue.message);
    case 'invalid_key': {
      const keys = issue.issues.map(({ message }) => expectedInWords(message));
      return {
        zh: `键名为${keys.map(({ zh }) => zh).join('、')}`,
        en: `a key that is ${keys.map(({ en }) => en).join(', ')}`,
      };
    }
    case 'too_small':
      return limit({ zh: '至少', en: 'at least' }, issue.minimum, issue.origin);
    case 'too_big':
      return limit({ zh: '至多', en: 'at most' }, issue.maximum, issue.origin);
    default:
      return expectedInWords(issue.message);
  }
}

const oneOf = (values: readonly string[]): Said => ({
  zh: `${values.join('、')} 之一`,
  en: `one of ${values.join(', ')}`,
});

function limit({ zh, en }: Said, most: number | bigint, origin: string): Said {
  if (origin === 'number' || origin === 'int') return { zh: `${zh} ${most}`, en: `${en} ${most}` };
  const [unit, units] = origin === 'string' ? ['个字符', 'character(s)'] : ['项', 'item(s)'];
  return { zh: `${zh} ${most} ${unit}`, en: `${en} ${most} ${units}` };
}

const TYPE_NAMES: Record<string, Said> = {
  record: { zh: '映射', en: 'a map' },
  object: { zh: '映射', en: 'a map' },
  array: { zh: '列表', en: 'a list' },
  int: { zh: '整数', en: 'a whole number' },
  string: { zh: '文本', en: 'a string' },
  number: { zh: '数', en: 'a number' },
  boolean: { zh: '真假值', en: 'a boolean' },
};

/** Stands for a secret that was written into a file: it is not printed a second time. */
const SECRET = Symbol('a value written into the file');

/** zod names the options of a discriminated union on the issue, though not in its type. */
const optionsOf = (issue: z.core.$ZodIssue): string[] => {
  if ('options' in issue && Array.isArray(issue.options)) return issue.options.map(String);
  if (issue.code !== 'invalid_union') return [];
  // One value of some, or a list: the value was meant.
  return issue.errors
    .flat()
    .flatMap((one) => (one.code === 'invalid_value' && one.path.length === 0 ? one.values.map(String) : []));
};

const isPrimitive = (value: unknown): value is number | boolean =>
  typeof value === 'number' || typeof value === 'boolean';

/** What stands there, in words; null for nothing. */
function describe(value: unknown): Said | null {
  if (value === SECRET) return { zh: '直接写在文件中的值', en: SECRET.description ?? '' };
  if (value === undefined) return null;
  if (value === null) return { zh: '空值', en: 'an empty value' };
  if (typeof value === 'object') return TYPE_NAMES[Array.isArray(value) ? 'array' : 'object'] ?? null;
  const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text);
  if (typeof value === 'string') {
    const text = shortened(`“${value}”`);
    return { zh: text, en: text };
  }
  const text = JSON.stringify(value);
  return {
    zh: shortened(`${text}（${TYPE_NAMES[typeof value]?.zh ?? typeof value}）`),
    en: shortened(`${text} (a ${typeof value})`),
  };
}

function valueAt(data: unknown, path: Path): unknown {
  let value: unknown = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, key) ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }
  return value;
}

/** The keys that the schema knows at a path, following the branches whose `const` keys match the data. */
function knownKeys(schema: JsonSchema, data: unknown, path: Path): string[] {
  let candidates = branches(schema, data);
  let value: unknown = data;
  for (const key of path) {
    value = valueAt(value, [key]);
    candidates = candidates.flatMap((candidate) => {
      const next =
        typeof key === 'number'
          ? candidate.items
          : (candidate.properties?.[String(key)] ??
            (typeof candidate.additionalProperties === 'object' ? candidate.additionalProperties : undefined));
      return next ? branches(next, value) : [];
    });
  }
  return [...new Set(candidates.flatMap((candidate) => Object.keys(candidate.properties ?? {})))];
}

function branches(schema: JsonSchema, data: unknown): JsonSchema[] {
  const nested = schema.anyOf ?? schema.oneOf;
  if (!nested) return [schema];
  const matching = nested.filter((branch) =>
    Object.entries(branch.properties ?? {}).every(
      ([key, property]) => property.const === undefined || property.const === valueAt(data, [key]),
    ),
  );
  return (matching.length > 0 ? matching : nested).flatMap((branch) => branches(branch, data));
}

function lineOf(document: Document, lines: LineCounter, path: Path): number {
  const last = path.at(-1);
  const parent = path.length > 0 ? document.getIn(path.slice(0, -1), true) : document.contents;
  if (isMap(parent)) {
    const key = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(last))?.key;
    if (isNode(key) && key.range) return lines.linePos(key.range[0]).line;
  }
  for (let depth = path.length; depth >= 0; depth--) {
    const node = depth > 0 ? document.getIn(path.slice(0, depth), true) : document.contents;
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

/** A path as people write it, `streams[0].status`. */
export function printPath(path: Path): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index > 0 ? '.' : ''}${String(key)}`))
    .join('');
}

/** Where a fault is: `file:line:path`. */
export const linePlace = (file: string, line: number, path = ''): Said => ({
  zh: `${file}:${line}${path === '' ? '' : `:${path}`}`,
  en: `${file}:${line}:${path}`,
});
