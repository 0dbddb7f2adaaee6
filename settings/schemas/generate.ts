import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ROOT } from '../root.ts';
import { calendarSchema } from './calendar.ts';
import { caseDocs } from './case-docs.ts';
import { catalogSchema } from './catalog.ts';
import { connectorDocs } from './connector-docs.ts';
import { dutyDocs } from './duty-docs.ts';
import { anyConnectorSchema } from './connector.ts';
import { hubSchema } from './hub.ts';
import { jurisdictionSchema } from './jurisdiction.ts';

const FOLDER = join(ROOT, 'config/schema');
const SCHEMAS = {
  calendar: calendarSchema,
  hub: hubSchema,
  jurisdiction: jurisdictionSchema,
  connector: anyConnectorSchema,
  catalog: catalogSchema,
};

/**
 * What is made from the zod schemas, the definitions of cases and the profiles, file → content: the JSON Schemas that
 * editors complete and check the YAML files with, a page of documentation for each kind of connector, one for cases, and
 * one for the duties of the regulations.
 */
export function madeFromSchemas(): Map<string, string> {
  return new Map([
    ...Object.entries(SCHEMAS).map(([name, schema]): [string, string] => {
      const json = z.toJSONSchema(schema, { io: 'input' });
      return [
        join(FOLDER, `${name}.schema.json`),
        `${JSON.stringify(name === 'connector' ? withTemplates(json) : json, null, 2)}\n`,
      ];
    }),
    ...connectorDocs(),
    caseDocs(),
    dutyDocs(),
  ]);
}

type Json = Record<string, unknown>;

/** A connector that names a template, or has defaults for its streams, need not say everything itself. */
function withTemplates(schema: Json): Json {
  const { $schema, title, description, ...strict } = schema;
  const extra = {
    template: { type: 'string', description: 'Name of a file in templates/ whose settings this connector takes over' },
    defaults: { type: 'object', description: 'Settings of every stream that does not say otherwise' },
  };
  const branches = (strict.oneOf as Json[]).map((branch) => ({
    ...branch,
    properties: { ...(branch.properties as Json), ...extra },
  }));
  return {
    $schema,
    title,
    description,
    if: { anyOf: [{ required: ['template'] }, { required: ['defaults'] }] },
    then: { anyOf: branches.map(lenient) },
    else: { oneOf: branches },
  };
}

/** The same without anything required. */
function lenient(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(lenient);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !(key === 'required' && Array.isArray(value)))
      .map(([key, value]) => [key, lenient(value)]),
  );
}

/** Files that no longer are what the zod schemas say. */
export function staleSchemas(): string[] {
  return [...madeFromSchemas()].filter(([file, content]) => readIfThere(file) !== content).map(([file]) => file);
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

// `npm run schemas` writes them.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, content] of madeFromSchemas()) writeFileSync(file, content);
}
