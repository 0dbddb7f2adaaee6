import type { FastifyDynamicSwaggerOptions, SwaggerTransform, SwaggerTransformObject } from '@fastify/swagger';
import { createJsonSchemaTransform } from 'fastify-type-provider-zod';
import type { OpenAPIV3_1 } from 'openapi-types';
import { z } from 'zod';
import { PROBLEMS } from './problem.ts';
import type { OtherAnswer } from './route.ts';

const toJson: NonNullable<Parameters<typeof createJsonSchemaTransform>[0]['zodToJsonConfig']> = {
  unrepresentable: 'any',
  override: ({ zodSchema, jsonSchema }) => {
    if (zodSchema._zod.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
  },
};
const schemasOf = createJsonSchemaTransform({ zodToJsonConfig: toJson });

/** Says what a route needs, and notes what it answers beside JSON, for `complete`. */
const transform: SwaggerTransform = (document) => {
  const { schema, url } = schemasOf(document);
  const { needs, answer, problems = [] } = document.route.config ?? {};
  const { params, querystring, body } = document.schema;
  const refuses = [
    ...((params ?? querystring ?? body) === undefined ? [] : [400]),
    ...(needs === 'public' ? [] : [401, 403]),
    ...problems,
    429,
    500,
    503,
  ];
  const noted = { 'x-needs': needs, 'x-answer': answer, 'x-problems': refuses };
  return { schema: { ...schema, ...noted, ...(needs === 'public' && { security: [] }) }, url };
};

type Noted = OpenAPIV3_1.OperationObject<{ 'x-answer'?: OtherAnswer; 'x-problems'?: number[] }>;

/** Adds to the description what routes share: schemas that have a name, and problems. */
const complete: SwaggerTransformObject = (document) => {
  const described = (document as { openapiObject: OpenAPIV3_1.Document<Noted> }).openapiObject;
  for (const path of Object.values(described.paths ?? {}))
    for (const operation of Object.values(path ?? {}) as Noted[]) {
      const { 'x-answer': answer, 'x-problems': problems = [] } = operation;
      delete operation['x-answer'];
      delete operation['x-problems'];
      operation.responses = {
        ...(answer ? responseOf(answer) : { 200: { ...operation.responses?.['200'], description: 'Done' } }),
        ...Object.fromEntries(problems.map((status) => [status, { $ref: `#/components/responses/${status}` }])),
      };
    }
  const { schemas } = z.toJSONSchema(z.globalRegistry, { ...toJson, uri: (id) => `#/components/schemas/${id}` });
  const every = new Map(Object.entries(schemas).map(named));
  const names = namesIn([described.paths, described.components]);
  for (const name of names) for (const within of namesIn(every.get(name))) names.add(within);
  return {
    ...described,
    components: {
      ...described.components,
      schemas: Object.fromEntries([...every].filter(([name]) => names.has(name))),
    },
  };
};

/** The schemas that a part of a description refers to. */
const namesIn = (part: unknown): Set<string> =>
  new Set(
    JSON.stringify(part ?? null)
      .matchAll(/"#\/components\/schemas\/(\w+)"/g)
      .map(([, name = '']) => name),
  );

/** A schema as a component: without what would give it another address than that. */
const named = ([name, schema]: [string, object]): [string, OpenAPIV3_1.SchemaObject] => [
  name,
  Object.fromEntries(Object.entries(schema).filter(([key]) => !['$schema', '$id', 'id'].includes(key))),
];

const responseOf = (answer: OtherAnswer): OpenAPIV3_1.ResponsesObject =>
  'type' in answer
    ? { 200: { description: 'Done', content: { [answer.type]: {} } } }
    : { [answer.status]: { description: answer.status === 204 ? 'Done' : 'Goes on elsewhere' } };

const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

/** By what somebody shows who they are. */
const SCHEMES = {
  token: { type: 'http', scheme: 'bearer', description: 'An API token, made in the console' },
  client: {
    type: 'apiKey',
    in: 'header',
    name: 'Hub-Client',
    description: 'What a system signs of each request (HMAC-SHA256, or SM2 with SM3): docs/share.md',
  },
  holder: {
    type: 'apiKey',
    in: 'header',
    name: 'Hub-Holder',
    description: 'What the portal signs of the holder, for each request anew: docs/holders.md',
  },
} as const;

/** What a part of the API is, and by what callers show who they are. */
export interface About {
  title: string;
  description: string;
  by: readonly (keyof typeof SCHEMES)[];
}

/** How the API is described (OpenAPI 3.1): by the schemas that requests are checked by. */
export const describedAs = ({ by, ...about }: About): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: { ...about, version: '1' },
    components: {
      securitySchemes: Object.fromEntries(by.map((each) => [each, SCHEMES[each]])),
      responses: Object.fromEntries(
        Object.entries(PROBLEMS).map(([status, description]) => [status, { description, content: problem }]),
      ),
    },
    security: by.map((each) => ({ [each]: [] })),
  },
  transform,
  transformObject: complete,
});
