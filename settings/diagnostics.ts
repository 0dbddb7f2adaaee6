import { closest, distance } from 'fastest-levenshtein';
import { LineCounter, parseDocument, isMap, isNode, isScalar, visit, type Document } from 'yaml';
import { z } from 'zod';
import { isReserved } from '../domain/names.ts';

type Path = readonly PropertyKey[];

/**
 * Reads one YAML file against a schema. Every fault becomes one line
 * `file:line:path: found …, expected …; how to mend it`; an empty list means that `value` holds. `prepare` completes the
 * data, from a template for example, before they are checked.
 */
export function parseYaml<S extends z.ZodType>(
  file: string,
  text: string,
  schemaOf: (data: unknown) => S,
  prepare: (data: unknown) => unknown = (data) => data,
): { value: z.output<S>; faults: [] } | { value: null; faults: string[] } {
  try {
    return readYaml(file, text, schemaOf, prepare);
  } catch (error) {
    // Nested without end, or names that stand for more than there is room for.
    if (!(error instanceof RangeError || error instanceof ReferenceError)) throw error;
    return { value: null, faults: [`${file}:1:: found more levels or aliases than can be read; write it out plainly`] };
  }
}

function readYaml<S extends z.ZodType>(
  file: string,
  text: string,
  schemaOf: (data: unknown) => S,
  prepare: (data: unknown) => unknown,
): { value: z.output<S>; faults: [] } | { value: null; faults: string[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    return {
      value: null,
      faults: document.errors.map((error) => {
        const { line } = lines.linePos(error.pos[0]);
        return `${file}:${line}:: ${error.message.split('\n')[0] ?? 'not YAML'}; mend the YAML`;
      }),
    };
  }
  const reserved: string[] = [];
  visit(document, {
    Pair: (_, { key }) => {
      if (!isScalar(key) || !isReserved(String(key.value))) return;
      const line = key.range ? lines.linePos(key.range[0]).line : 1;
      reserved.push(`${file}:${line}:: found the key “${String(key.value)}”, expected another name; rename it`);
    },
  });
  if (reserved.length > 0) return { value: null, faults: reserved };
  const data = prepare(document.toJS());
  const schema = schemaOf(data);
  const result = schema.safeParse(data);
  if (result.success) return { value: result.data, faults: [] };
  const jsonSchema = z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;
  const faults = result.error.issues
    .flatMap((issue) => explain(issue, data, jsonSchema))
    .map(({ path, text: message }) => ({ line: lineOf(document, lines, path), path, message }))
    .sort((a, b) => a.line - b.line)
    .map(({ line, path, message }) => `${file}:${line}:${printPath(path)}: ${message}`);
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

function explain(issue: z.core.$ZodIssue, data: unknown, schema: JsonSchema): { path: Path; text: string }[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, data, issue.path);
    return issue.keys.map((key) => {
      const nearest = known.length > 0 ? closest(key, known) : '';
      const near = nearest !== '' && distance(key, nearest) <= Math.max(2, Math.floor(key.length / 2));
      return {
        path: [...issue.path, key],
        text: `found the unknown key “${key}”, expected one of ${known.join(', ')}; ${
          near ? `did you mean “${nearest}”?` : 'remove it'
        }`,
      };
    });
  }
  const found = issue.message.includes('secret') ? SECRET : valueAt(data, issue.path);
  const last = issue.path.at(-1);
  const expected = expectation(issue);
  const options =
    issue.code === 'invalid_value' ? issue.values.map(String) : issue.code === 'invalid_union' ? optionsOf(issue) : [];
  let cure = 'change it';
  if (issue.code === 'custom') cure = 'add or remove it';
  else if (found === undefined) cure = `add “${String(last)}:”`;
  else if (typeof found === 'string' && options.length > 0) cure = `did you mean “${closest(found, options)}”?`;
  else if (issue.code === 'invalid_type' && issue.expected === 'string' && isPrimitive(found)) {
    cure = `write it in quotes, "${String(found)}"`;
  }
  return [{ path: issue.path, text: `found ${describe(found)}, expected ${expected}; ${cure}` }];
}

/** What should be there instead, in words. */
export function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_NAMES[issue.expected] ?? `a ${issue.expected}`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_union':
      return optionsOf(issue).length > 0 ? `one of ${optionsOf(issue).join(', ')}` : issue.message;
    case 'invalid_key':
      return `a key that is ${issue.issues.map(({ message }) => message).join(', ')}`;
    case 'too_small':
      return `at least ${String(issue.minimum)}${issue.origin === 'number' || issue.origin === 'int' ? '' : ` ${unitOf(issue.origin)}`}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}${issue.origin === 'number' || issue.origin === 'int' ? '' : ` ${unitOf(issue.origin)}`}`;
    default:
      return issue.message;
  }
}

const TYPE_NAMES: Record<string, string> = { record: 'a map', object: 'a map', array: 'a list', int: 'a whole number' };

/** Stands for a secret that was written into a file: it is not printed a second time. */
const SECRET = Symbol('a value written into the file');

const unitOf = (origin: string): string => (origin === 'string' ? 'character(s)' : 'item(s)');

/** zod names the options of a discriminated union on the issue, though not in its type. */
const optionsOf = (issue: z.core.$ZodIssue): string[] =>
  'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];

const isPrimitive = (value: unknown): value is number | boolean =>
  typeof value === 'number' || typeof value === 'boolean';

function describe(value: unknown): string {
  if (value === SECRET) return SECRET.description ?? '';
  if (value === undefined) return 'nothing';
  if (value === null) return 'an empty value';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const text = typeof value === 'string' ? `“${value}”` : `${JSON.stringify(value)} (a ${typeof value})`;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
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
