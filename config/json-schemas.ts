import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { anyConnectorSchema } from './connector-schema.ts';
import { hubSchema } from './hub-schema.ts';
import { jurisdictionSchema } from './jurisdiction-schema.ts';

const FOLDER = fileURLToPath(new URL('schema/', import.meta.url));
const SCHEMAS = { hub: hubSchema, jurisdiction: jurisdictionSchema, connector: anyConnectorSchema };

/** The JSON Schemas that editors complete and check the YAML files with, made from the zod schemas: file → content. */
export function jsonSchemas(): Map<string, string> {
  return new Map(
    Object.entries(SCHEMAS).map(([name, schema]) => [
      join(FOLDER, `${name}.schema.json`),
      `${JSON.stringify(z.toJSONSchema(schema, { io: 'input' }), null, 2)}\n`,
    ]),
  );
}

/** Files of config/schema/ that no longer are what the zod schemas say. */
export function staleSchemas(): string[] {
  return [...jsonSchemas()].filter(([file, content]) => readIfThere(file) !== content).map(([file]) => file);
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
  for (const [file, content] of jsonSchemas()) writeFileSync(file, content);
}
