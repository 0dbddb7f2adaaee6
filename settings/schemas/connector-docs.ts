import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ROOT } from '../root.ts';
import { BUILT_IN_KINDS } from './connector.ts';

/** The demonstration's connector of each kind, shown as its example. */
const EXAMPLES: Record<keyof typeof BUILT_IN_KINDS, string> = {
  http: 'housing',
  database: 'land',
  exchange: 'culture',
  file: 'education',
  inbox: 'police',
};

const RULE_PARTS = /\n\| `fields\.[\w.]+\.(?:from|constant|default|lookup|dates)` .*/g;

interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  const?: string | number | boolean;
  enum?: (string | number)[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
}

/** A page for each kind, made from the schema that validates it: file → content. */
export function connectorDocs(): Map<string, string> {
  return new Map(
    Object.entries(BUILT_IN_KINDS).map(([kind, spec]) => {
      const schema = z.toJSONSchema(spec, { io: 'input' }) as JsonSchema;
      const demo = `config/connectors/demo/${EXAMPLES[kind as keyof typeof EXAMPLES]}.yaml`;
      const { streams, outbound, catalog, disputes, ...others } = schema.properties ?? {};
      const connector = disputes?.properties ? others : { ...others, ...(disputes && { disputes }) };
      const parts = [
        '<!-- Made by `npm run schemas` from the schema that validates; not to be edited. -->',
        `# kind: ${kind}\n\n${schema.description ?? ''}.`,
        `## An example\n\n\`${demo}\`, which \`./hub demo\` runs:\n\n\`\`\`yaml\n${readFileSync(join(ROOT, demo), 'utf8').trim()}\n\`\`\``,
        `## The source system\n\n${tableOf(connector, schema.required ?? [])}`,
        section('Each stream', 'streams[]', streams?.items),
        section('Each outbound target', 'outbound[]', outbound?.items),
        // The parts of a field's rule are listed with record.fields.
        section('The catalog that it publishes', 'catalog', catalog).replace(RULE_PARTS, ''),
        section('The disputes that it lists', 'disputes', disputes).replace(RULE_PARTS, ''),
      ];
      return [join(ROOT, `docs/connectors/${kind}.md`), `${parts.filter((part) => part !== '').join('\n\n')}\n`];
    }),
  );
}

function section(title: string, path: string, schema: JsonSchema | undefined): string {
  const { properties, required = [] } = schema ?? {};
  return properties ? `## ${title} (\`${path}\`)\n\n${tableOf(properties, required)}` : '';
}

function tableOf(properties: Record<string, JsonSchema>, required: string[]): string {
  const rows = Object.entries(properties).flatMap(([key, schema]) => rowsOf(key, schema, required.includes(key)));
  return ['| setting | value | default | |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** A line for a setting, and one for each setting below it. */
function rowsOf(path: string, schema: JsonSchema, required: boolean): string[] {
  const shownDefault =
    schema.default === undefined || (typeof schema.default === 'object' && !Array.isArray(schema.default))
      ? ''
      : `\`${JSON.stringify(schema.default)}\``;
  const description = (schema.description ?? '').replaceAll('|', '\\|');
  const line = `| \`${path}\`${required && schema.default === undefined ? ' (required)' : ''} | ${valueOf(schema)} | ${shownDefault} | ${description} |`;
  return [line, ...nested(path, schema)];
}

function nested(path: string, schema: JsonSchema): string[] {
  const { properties, required = [], items, anyOf, oneOf } = schema;
  if (properties)
    return Object.entries(properties).flatMap(([key, part]) => rowsOf(`${path}.${key}`, part, required.includes(key)));
  if (items?.properties) return nested(`${path}[]`, items);
  const maps = (anyOf ?? oneOf ?? []).filter((branch) => branch.properties);
  return maps.flatMap((branch) => {
    const type = branch.properties?.type?.const;
    return nested(type === undefined ? path : `${path} {type: ${String(type)}}`, branch).filter(
      (row) => !row.includes('.type`'),
    );
  });
}

function valueOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches) return [...new Set(branches.map(valueOf))].join(' or ');
  if (schema.type === 'array') return `list of ${schema.items ? valueOf(schema.items) : 'anything'}`;
  if (schema.type === 'object')
    return schema.properties
      ? `{${Object.keys(schema.properties).join(', ')}}`
      : `map of ${typeof schema.additionalProperties === 'object' ? valueOf(schema.additionalProperties) : 'anything'}`;
  return (
    { string: 'text', integer: 'whole number', number: 'number', boolean: 'true or false', null: 'empty' }[
      schema.type ?? ''
    ] ?? 'anything'
  );
}
