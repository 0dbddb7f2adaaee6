import assert from 'node:assert/strict';
import { hash, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { OpenAPIV3_1 } from 'openapi-types';
import { may, PERMISSIONS, ROLES, type Permission, type Role } from '../../domain/access.ts';
import { noteUnits } from '../../store/ledger/units.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import { ApiHub } from '../support/api.ts';
import { assertion, PORTAL, type Claims } from './sharing/as-holder.ts';
import { tokenOf } from './sharing/using.ts';

const UNIT = { code: '11320200014006438B', name: '市住房和城乡建设局' };

type Schema = OpenAPIV3_1.SchemaObject & { $ref?: string };
interface Operation {
  'x-needs': string;
  parameters?: { in: string; name: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

/** What callers send who mean no good, or whose program is broken. */
const TEXTS = [
  '',
  '\0',
  '\ud800',
  "' OR 1=1 --",
  '../../etc/passwd',
  '\r\nX-Odd: 1',
  '__proto__',
  '0000-01-01',
  '9999-12-31T23:59:59+14:00',
  '9007199254740993',
  'a'.repeat(5_000),
  '证'.repeat(300),
  Buffer.from('[null,"\\u0000",1e300]').toString('base64url'),
];
const VALUES: unknown[] = [...TEXTS, null, -1, 1.5, 2 ** 53, 1e300, [], [null], { toString: 1 }];

/** Texts that one of the patterns and formats of the API takes. */
const GOOD = [
  UNIT.code,
  'housing-permits',
  '11100000000013338W011',
  '2026-11-20',
  '2026-11-20T10:00:00+08:00',
  'somebody@example.cn',
  '13800001234',
  'https://example.cn/in',
  '/tasks',
  'state=overdue',
  'somebody',
  '1',
  'eHg=',
];

/** Every address of the API, with every part of what it takes replaced by something odd, one at a time. */
describe('odd requests', () => {
  let hub: ApiHub;
  let document: OpenAPIV3_1.Document;
  const cookies = new Map<Role, string>();
  before(async () => {
    hub = await ApiHub.open('2026-11-23T10:00:00+08:00', undefined, ({ settings }) => {
      settings.holders.portals = [PORTAL];
    });
    await noteUnits(hub.database.db, [UNIT]);
    for (const role of Object.keys(ROLES) as Role[]) {
      await hub.signedIn(role, role === 'issuer' || role === 'user' ? UNIT : null);
      cookies.set(role, await hub.cookieOf(role));
    }
    const headers = { cookie: cookies.get('auditor') ?? '' };
    document = (await hub.caller(headers).get<OpenAPIV3_1.Document>('/openapi.json')).body;
  });
  after(() => hub.close());

  const resolved = (schema: Schema): Schema =>
    schema.$ref === undefined
      ? schema
      : resolved(document.components?.schemas?.[schema.$ref.split('/').at(-1) ?? ''] as Schema);

  /** The smallest value that a schema takes, as far as can be told. */
  function valueOf(given: Schema): unknown {
    const schema = resolved(given);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum) return schema.enum[0];
    const [option] = schema.anyOf ?? schema.oneOf ?? [];
    if (option) return valueOf(option);
    const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
    if (type === 'object')
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, valueOf((schema.properties?.[name] ?? {}) as Schema)]),
      );
    if (type === 'array') return (schema.minItems ?? 0) > 0 ? [valueOf((schema as { items: Schema }).items)] : [];
    if (type === 'integer' || type === 'number') return Math.max(schema.minimum ?? 1, 1);
    if (type === 'boolean') return true;
    const pattern = new RegExp(schema.pattern ?? '');
    return GOOD.find((text) => pattern.test(text) && text.length >= (schema.minLength ?? 0)) ?? 'text';
  }

  /** A body with one of its parts replaced, at any depth. */
  function* oddBodies(given: Schema, whole: unknown): Generator {
    yield* VALUES;
    const schema = resolved(given);
    for (const [name, part] of Object.entries(schema.properties ?? {}) as [string, Schema][])
      for (const odd of oddBodies(part, (whole as Record<string, unknown> | null)?.[name]))
        yield { ...(whole as object), [name]: odd };
  }

  function* requestsTo(
    path: string,
    { parameters = [], requestBody }: Operation,
  ): Generator<{ url: string; body?: unknown }> {
    const sample = (of: string) => parameters.filter((parameter) => parameter.in === of);
    const filled = (values: Record<string, unknown> = {}): string =>
      path.replace(/^\/\w+\/v1/, '').replaceAll(/\{(\w+)\}/g, (_, name: string) => {
        const parameter = parameters.find((one) => one.in === 'path' && one.name === name);
        // Not the sender’s own account and session, which would end.
        const own = /^\/(accounts|logins)/.test(path.replace('/api/v1', '')) ? 999_999 : undefined;
        return escaped(values[name] ?? own ?? valueOf(parameter?.schema ?? {}));
      });
    const schema = requestBody?.content['application/json']?.schema;
    const body = schema && valueOf(schema);
    const given = schema ? { body } : {};
    yield { url: filled(), ...given };
    for (const { name } of sample('path'))
      for (const odd of TEXTS) if (odd !== '') yield { url: filled({ [name]: odd }), ...given };
    for (const { name } of sample('query'))
      for (const odd of TEXTS) yield { url: `${filled()}?${name}=${escaped(odd)}&limit=2`, ...given };
    if (schema) for (const odd of oddBodies(schema, body)) yield { url: filled(), body: odd };
  }

  it('are answered with less than 500, whatever is odd, and say nothing of the inside', async () => {
    const failed: string[] = [];
    let asked = 0;
    for (const [path, methods] of Object.entries(document.paths ?? {}))
      for (const [method, given] of Object.entries(methods ?? {})) {
        const operation = given as unknown as Operation;
        const needs = operation['x-needs'];
        const role = (Object.keys(ROLES) as Role[]).find(
          (one) => !(needs in PERMISSIONS) || may({ role: one, scopes: null }, needs as Permission),
        );
        // Whoever signs out, or has the identity provider asked, is no test of what is sent.
        if (role === undefined || path.includes('/oidc') || `${method} ${path}` === 'delete /api/v1/session') continue;
        for (const { url, body } of requestsTo(path, operation)) {
          asked += 1;
          const { statusCode, payload, headers } = await ask(role, method, url, body, asked);
          failed.push(...faultsOf(`${method} ${url} ${JSON.stringify({ body })}`, { statusCode, payload, headers }));
        }
      }
    assert.ok(asked > 3_000, `${asked} requests`);
    assert.deepEqual(failed, []);
    assert.deepEqual(await hub.database.db('export').whereNotNull('failed_at').select('what', 'filter'), []);
    for (const role of cookies.keys()) assert.equal((await ask(role, 'get', '/session', undefined, 1)).statusCode, 200);
  });

  it('of systems and of holders likewise, whatever a portal says of them', async () => {
    const failed: string[] = [];
    const token = await tokenOf(hub, 'user');
    const asked = { share: 0, holder: 0 };
    for (const door of ['share', 'holder'] as const) {
      const described = await knock(door, token, 'get', '/openapi.json');
      document = JSON.parse(described.payload) as OpenAPIV3_1.Document;
      for (const [path, methods] of Object.entries(document.paths ?? {}))
        for (const [method, given] of Object.entries(methods ?? {}))
          for (const { url, body } of requestsTo(path, given as unknown as Operation)) {
            asked[door] += 1;
            failed.push(
              ...faultsOf(
                `${door} ${method} ${url} ${JSON.stringify({ body })}`,
                await knock(door, token, method, url, body),
              ),
            );
          }
    }
    for (const claim of ['portal', 'name', 'code', 'codeType', 'strength', 'at', 'nonce', 'body'] as const)
      for (const odd of VALUES) {
        const answer = await knock('holder', token, 'get', '/certificates', undefined, {
          [claim]: odd,
        });
        failed.push(...faultsOf(`${claim}: ${JSON.stringify(odd)}`, answer));
      }
    assert.ok(asked.share > 100 && asked.holder > 100, JSON.stringify(asked));
    assert.deepEqual(failed, []);
  });

  /** What is wrong with how something odd was answered. Temporal is away, and so are the sources. */
  const faultsOf = (
    what: string,
    { statusCode, payload, headers }: Pick<Awaited<ReturnType<typeof ask>>, 'statusCode' | 'payload' | 'headers'>,
  ): string[] => {
    const told = `${what.slice(0, 500)}: ${statusCode}`;
    return [
      ...(statusCode >= 500 && ![502, 503].includes(statusCode) ? [told] : []),
      ...(/node_modules|SELECT |relation "/.test(payload) ? [`${told} ${payload.slice(0, 300)}`] : []),
      ...(Object.values(headers).some((value) => /[\r\n]/.test(String(value)))
        ? [`${told}: a header of two lines`]
        : []),
    ];
  };

  /** Asks as a system, or as a holder through a portal, of whom it says what is given. */
  const knock = (
    door: 'share' | 'holder',
    token: string,
    method: string,
    path: string,
    body?: unknown,
    said: Partial<Claims> = {},
  ) => {
    const url = `/${door}/v1${path}`;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const claims: Claims = {
      portal: PORTAL.id,
      name: '张三',
      code: '11010519491231002X',
      codeType: '111',
      strength: 'person',
      at: shanghaiInstant(hub.nowMs),
      nonce: randomUUID(),
      body: hash('sha256', payload ?? ''),
      ...said,
    };
    const name = method.toUpperCase() as 'GET';
    return hub.app.inject({
      method: name,
      url,
      headers: {
        ...(door === 'share' ? { authorization: `Bearer ${token}` } : { 'hub-holder': assertion(name, url, claims) }),
        ...(payload !== undefined && { 'content-type': 'application/json' }),
      },
      ...(payload !== undefined && { payload }),
    });
  };

  /** From an address of its own each time: requests of one are limited. */
  const ask = (role: Role, method: string, url: string, body: unknown, index: number) =>
    hub.app.inject({
      method: method.toUpperCase() as 'GET',
      url: `/api/v1${url}`,
      headers: { cookie: cookies.get(role) ?? '', ...(body !== undefined && { 'content-type': 'application/json' }) },
      remoteAddress: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    });
});

/** As it stands in an address; what is no text of Unicode, as its bytes would. */
const escaped = (value: unknown): string => {
  const text = String(value);
  return text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%80';
};
