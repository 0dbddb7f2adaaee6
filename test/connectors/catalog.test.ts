import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import type { ConnectorConfig } from '../../settings/schemas/connector.ts';
import { databaseConnectorSchema } from '../../settings/kinds/database.ts';
import { httpConnectorSchema } from '../../settings/kinds/http.ts';
import { comparePublished, readWhole, type CatalogComparison } from '../../connectors/lists/catalog.ts';
import { Streams } from '../../connectors/registry.ts';
import { HubError } from '../../domain/errors.ts';
import { demoConfig } from '../support/departments.ts';

const UNIT = { name: '省平台', unit: '113200000140001322' };
const CODES = Array.from({ length: 25 }, (_, index) => `11100000000013338W${String(index).padStart(3, '0')}`);
const FIELDS = {
  typeCode: 'code',
  name: 'name',
  face: { list: 'face', name: 'f', label: 'l' },
};

/** Reads the catalog that a connector publishes, as a sync would. */
async function read(connector: object): Promise<CatalogComparison> {
  const config = { ...demoConfig(), connectors: [{ ...connector, id: 'province' } as ConnectorConfig] };
  const streams = new Streams(config);
  try {
    const { source, config: catalog } = streams.catalog('province');
    const records = await readWhole(source, new AbortController().signal);
    return comparePublished(records, catalog, new Map(), { by: UNIT.unit, earlier: [] });
  } finally {
    await streams.close();
  }
}

describe('a catalog over HTTP', () => {
  const entries = CODES.map((code) => ({ code, name: `证照 ${code}`, face: [{ f: 'a', l: '甲' }] }));
  let total = entries.length;
  let baseUrl = '';
  const server = createServer(({ url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://province');
    const page = searchParams.get('page');
    const size = Number(searchParams.get('size') ?? 10);
    const start = Number(searchParams.get('cursor') ?? (Number(page) - 1) * size);
    const list = pathname === '/all' ? entries : entries.slice(start, start + size);
    const next = start + size < entries.length ? String(start + size) : null;
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ list, total, next }));
  });
  before(async () => {
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    baseUrl = `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : '')}`;
  });
  after(() => server.close());
  const catalog = (more: object) =>
    read(httpConnectorSchema.parse({ ...UNIT, kind: 'http', baseUrl, catalog: { fields: FIELDS, ...more } }));
  const paged = { path: '/list?page={page}&size={size}', page: { size: 10 } };

  const WAYS = {
    'by page, to the total': { ...paged, response: { records: 'list', total: 'total' } },
    'by page, until one is empty': { ...paged, response: { records: 'list', untilEmpty: true } },
    'by cursor': {
      path: '/list?cursor={cursor}&size={size}',
      page: { by: 'cursor', size: 10 },
      response: { records: 'list', next: 'next' },
    },
    'in one answer': { path: '/all', response: { records: 'list' } },
  };
  for (const [way, asked] of Object.entries(WAYS)) {
    it(`is read whole ${way}`, async () => {
      const { listed, drafts } = await catalog(asked);
      assert.deepEqual(listed, CODES);
      assert.equal(drafts.length, 25);
    });
  }

  it('that does not hold as many entries as it says is not believed', async () => {
    total = 26;
    await assert.rejects(
      catalog({ path: '/all', response: { records: 'list', total: 'total' } }),
      (error) => error instanceof HubError && error.kind === 'transient',
    );
    total = entries.length;
  });
});

describe('a catalog in a database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hub-catalog-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is a table that is read whole, lists in it as JSON; a row without a code is a fault of its own', async () => {
    const file = join(folder, 'province.db');
    const db = new DatabaseSync(file);
    db.exec('CREATE TABLE types (code TEXT, name TEXT, face TEXT)');
    const insert = db.prepare('INSERT INTO types VALUES (?, ?, ?)');
    for (const code of [...CODES, null]) insert.run(code, '证照', '[{"f":"a","l":"甲"}]');
    db.close();
    const { listed, drafts, findings } = await read(
      databaseConnectorSchema.parse({
        ...UNIT,
        kind: 'database',
        address: `sqlite:${file}`,
        catalog: { table: 'types', page: { size: 10 }, fields: FIELDS },
      }),
    );
    assert.deepEqual([listed, drafts.length, drafts[0]?.face[0]?.label], [CODES, 25, '甲']);
    assert.deepEqual(
      findings.flatMap(({ state, typeCode, faults }) => (state === 'faulty' ? [[typeCode, faults[0]?.field]] : [])),
      [['#26', 'typeCode']],
    );
  });
});

it('a connector without a catalog is told what to add', async () => {
  await assert.rejects(
    read(
      httpConnectorSchema.parse({
        ...UNIT,
        kind: 'http',
        baseUrl: 'http://127.0.0.1:1',
        outbound: [{ id: 'x', path: '/x' }],
      }),
    ),
    (error) => error instanceof HubError && error.code === 'catalog-unknown',
  );
});
