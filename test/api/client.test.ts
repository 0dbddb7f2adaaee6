import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import openapiTypes, { astToString, type OpenAPI3 } from 'openapi-typescript';
import ts from 'typescript';
import { noteUnits } from '../../store/ledger/units.ts';
import { ApiHub } from '../support/api.ts';

const UNIT = { code: '11320200MB0000002B', name: '市人力资源和社会保障局' };

/** What somebody writes who has the description of the API and nothing else; the compiler knows each part of it. */
const PROGRAM = `
import createClient from 'openapi-fetch';
import type { paths } from './api.d.ts';

export async function run(baseUrl: string, token: string) {
  const { GET, POST } = createClient<paths>({ baseUrl, headers: { Authorization: \`Bearer \${token}\` } });
  const who = await GET('/api/v1/session');
  const role: 'user' | 'issuer' | 'management' | 'auditor' | 'engineer' | 'administrator' | undefined = who.data?.role;
  const raised = await POST('/api/v1/disputes', { body: { number: 'DZ-1', statement: '姓名有误' } });
  const id: number | undefined = raised.data?.id;
  const read = await GET('/api/v1/disputes/{id}', { params: { path: { id: id ?? 0 } } });
  const stage: string | undefined = read.data?.stage;
  const tasks = await GET('/api/v1/tasks', { params: { query: { limit: 2 } } });
  const duties: string[] | undefined = tasks.data?.items.map(({ kind }) => kind);
  const missing = await GET('/api/v1/disputes/{id}', { params: { path: { id: 999_999 } } });
  const wrong = await GET('/api/v1/tasks', { params: { query: { limit: 100_000 } } });
  const refused = await GET('/api/v1/audit');
  const unknown = await createClient<paths>({ baseUrl }).GET('/api/v1/session');
  const field: string | undefined = wrong.error?.fields?.[0]?.path;

  // @ts-expect-error There is no such path.
  await GET('/api/v1/nothing');
  // @ts-expect-error It is read, not sent to.
  await POST('/api/v1/session/methods');
  // @ts-expect-error A dispute has a statement.
  await POST('/api/v1/disputes', { body: { number: 'DZ-1' } });
  // @ts-expect-error Its number is needed.
  await GET('/api/v1/disputes/{id}');
  // @ts-expect-error There is no such filter.
  await GET('/api/v1/tasks', { params: { query: { owner: 'x' } } });
  // @ts-expect-error Tasks have no such field.
  void tasks.data?.items[0]?.deadline;

  const codeOf = ({ error, response }: { error?: { code: string }; response: Response }) => [response.status, error?.code];
  return { role, stage, duties, field, refusals: [missing, wrong, refused, unknown].map(codeOf) };
}
`;

describe('a client made from the description of the API', () => {
  let hub: ApiHub;
  const folder = mkdtempSync(join(tmpdir(), 'hub-client-'));
  before(async () => {
    hub = await ApiHub.open('2026-11-23T10:00:00+08:00');
    await noteUnits(hub.database.db, [UNIT]);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await hub.close();
  });

  it('is typed throughout, and reads, changes and is refused as it says', async () => {
    const user = await hub.signedIn('user', UNIT);
    const { body: document } = await user.get<OpenAPI3>('/openapi.json');
    const types = astToString(await openapiTypes(document));
    writeFileSync(join(folder, 'api.d.ts'), types);
    const program = join(folder, 'program.ts');
    writeFileSync(program, PROGRAM);
    symlinkSync(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'));
    const compiled = ts.createProgram([program], {
      strict: true,
      noEmit: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      types: [],
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
    });
    const faults = ts.getPreEmitDiagnostics(compiled).map(({ messageText, start }) => {
      const line = PROGRAM.slice(0, start).split('\n').length;
      return `${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
    assert.deepEqual(faults, []);

    const { body } = await user.send<{ token: string }>('POST', '/tokens', {
      label: 'client',
      scopes: ['disputes:read', 'disputes:raise', 'tasks:read'],
      days: 1,
    });
    const address = await hub.app.listen({ host: '127.0.0.1', port: 0 });
    const { run } = (await import(pathToFileURL(program).href)) as {
      run: (baseUrl: string, token: string) => Promise<Record<string, unknown>>;
    };
    const { duties, ...answered } = await run(address, body.token);
    assert.ok(Array.isArray(duties));
    assert.deepEqual(answered, {
      role: 'user',
      stage: 'verifying',
      field: 'limit',
      refusals: [
        [404, 'case-unknown'],
        [400, 'request-invalid'],
        [403, 'forbidden'],
        [401, 'not-signed-in'],
      ],
    });
  });
});
