import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { OpenAPIV3_1 } from 'openapi-types';
import { FUNCTIONS } from '../../domain/ledger/served.ts';
import { ApiHub } from '../support/api.ts';

type Operation = OpenAPIV3_1.OperationObject<{ 'x-needs': string }>;

describe('the description of the API', () => {
  let hub: ApiHub;
  let document: OpenAPIV3_1.Document & Record<string, unknown>;
  let operations: [string, Operation][];
  before(async () => {
    hub = await ApiHub.open('2026-11-23T10:00:00+08:00');
    const caller = await hub.signedIn('auditor');
    document = (await caller.get<typeof document>('/openapi.json')).body;
    operations = Object.entries(document.paths ?? {}).flatMap(([path, methods = {}]) =>
      Object.entries(methods).map(([method, operation]): [string, Operation] => [
        `${method.toUpperCase()} ${path}`,
        operation as Operation,
      ]),
    );
  });
  after(() => hub.close());

  it('is valid, and whatever it refers to is there', async () => {
    /** Fails where a reference leads nowhere. */
    const read = async (given: typeof document): Promise<void> => {
      const validator = new Validator();
      // Looking references up puts what they refer to in their place.
      const { valid, errors } = await validator.validate(structuredClone(given));
      assert.ok(valid, JSON.stringify(errors));
      validator.resolveRefs();
    };
    await read(document);
    await assert.rejects(read({ ...document, components: {} }), /Can't resolve #\/components/);
  });

  it('has a schema for each answer in JSON, and none that is referred to by nobody', () => {
    for (const [name, { responses = {} }] of operations) {
      const good = Object.entries(responses).filter(([status]) => status.startsWith('2') || status.startsWith('3'));
      assert.equal(good.length, 1, name);
      for (const [, response] of good)
        for (const [type, { schema }] of Object.entries(('content' in response && response.content) || {}))
          assert.ok(type !== 'application/json' || (schema && Object.keys(schema).length > 0), name);
    }
    const text = JSON.stringify(document);
    const unused = Object.keys(document.components?.schemas ?? {}).filter(
      (name) => !text.includes(`"#/components/schemas/${name}"`),
    );
    assert.deepEqual(unused, []);
  });

  it('says of each request what refuses it, as one problem for all', () => {
    for (const [name, { responses = {}, 'x-needs': needs, parameters, requestBody }] of operations) {
      const refused = Object.keys(responses).filter((status) => status >= '400');
      for (const status of refused)
        assert.deepEqual(responses[status], { $ref: `#/components/responses/${status}` }, name);
      assert.ok(refused.includes('429') && refused.includes('500'), name);
      assert.equal(needs !== 'public' || name.startsWith('POST'), refused.includes('403'), name);
      assert.equal(parameters !== undefined || requestBody !== undefined, refused.includes('400'), name);
    }
    const named = operations.flatMap(([, { operationId }]) => operationId ?? []);
    assert.equal(new Set(named).size, named.length, 'each name once');
  });

  it('has every request that serves a duty (./hub duties)', () => {
    const known = new Set(operations.map(([name]) => name));
    for (const [name, { api }] of Object.entries(FUNCTIONS))
      for (const request of api) {
        const [method = '', path = ''] = request.split(' ');
        assert.ok(known.has(`${method} /api/v1${path.replaceAll(/:(\w+)/g, '{$1}')}`), `${name}: ${request}`);
      }
  });
});
