import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { FROM_THE_START, type Capabilities, type ConnectorKind } from '../../connectors/contract.ts';
import { database } from '../../connectors/database/index.ts';
import { exchange } from '../../connectors/exchange/index.ts';
import { file } from '../../connectors/file/index.ts';
import { http } from '../../connectors/http/index.ts';
import { inbox } from '../../connectors/inbox/index.ts';
import { countOf, pagesOf } from '../../connectors/reading.ts';
import { timeWindow, type BatchWindow } from '../../domain/collection/window.ts';
import { HubError } from '../../domain/errors.ts';
import type { ConnectorConfig } from '../../settings/schemas/connector.ts';

const GUIDE = readFileSync(join(import.meta.dirname, '../../docs/connectors/README.md'), 'utf8');

/** What each kind asks of a file beside what all ask. */
const NEEDS = {
  http: { baseUrl: 'http://127.0.0.1:9', stream: { path: '/list', response: { records: 'list', total: 'total' } } },
  database: { address: 'sqlite::memory:', stream: { table: 'certs' } },
  exchange: { address: 'sqlite::memory:', stream: { table: 'certs' } },
  file: { address: '/nowhere', stream: { files: 'certs-{date}.csv', complete: { marker: '.ok' } } },
  inbox: { token: { env: 'HUB_TEST_NO_SUCH_SECRET' }, stream: {} },
};
const KINDS = { http, database, exchange, file, inbox };

const BATCHES = {
  next: { path: '/next', id: 'id', cursor: 'cursor', count: 'count' },
  acknowledge: { path: '/done' },
};
const ALL = { again: 'all' } as const;
const STREAMS: [kind: keyof typeof NEEDS, stream: object, expected: Capabilities][] = [
  ['http', {}, { by: 'windows', ...ALL }],
  ['http', { delivery: 'return', batches: BATCHES }, { by: 'batches', ...ALL }],
  ['database', {}, { by: 'windows', ...ALL }],
  ['database', { cursor: { sequence: 'seq', within: 'time' } }, { by: 'windows', ...ALL }],
  ['database', { cursor: { sequence: 'seq' } }, { by: 'batches', ...ALL }],
  ['database', { cursor: 'snapshot' }, { by: 'batches', again: 'present' }],
  ['exchange', {}, { by: 'batches', again: 'none' }],
  ['file', {}, { by: 'batches', ...ALL }],
  ['file', { content: 'full' }, { by: 'batches', ...ALL }],
  ['inbox', {}, { by: 'batches', again: 'none', pushed: true }],
];

function configured(kind: keyof typeof NEEDS, change: object = {}) {
  const { stream, ...connector } = NEEDS[kind];
  const definition: ConnectorKind = KINDS[kind];
  const parsed = definition.spec.parse({
    name: '市公园管理局',
    unit: '11320200014006438B',
    kind,
    ...connector,
    streams: [{ id: 'certs', record: { key: 'id', updatedAt: 'at' }, status: {}, ...stream, ...change }],
  }) as ConnectorConfig;
  const [only = assert.fail('no stream')] = parsed.streams;
  return { definition, connector: { ...parsed, id: 'parks' }, stream: only };
}

describe('what can be done with a stream', () => {
  for (const [kind, change, expected] of STREAMS) {
    it(`${kind} ${JSON.stringify(change)}: is known from its configuration, and what is opened keeps to it`, async () => {
      const { definition, connector, stream } = configured(kind, change);
      assert.deepEqual(definition.capabilities(stream), expected);
      const source = definition.open(connector, stream);
      assert.equal(source.by, expected.by);
      await source.close?.();
    });
  }

  it('is what the guide says of each kind', () => {
    const said = [...GUIDE.matchAll(/^\| (\w+) +\| (.+) \|$/gm)]
      .filter(([, kind = '']) => kind in NEEDS)
      .map(([, kind, cells = '']) => [kind, ...cells.split('|').map((cell) => !cell.trim().startsWith('no'))]);
    const known = Object.keys(NEEDS).map((kind) => {
      const { definition, stream } = configured(kind as keyof typeof NEEDS);
      const all = STREAMS.filter(([of]) => of === kind).map(([, , capabilities]) => capabilities);
      const files = definition.hints?.({ ...stream, file: { reference: 'address', largest: 1 } } as typeof stream).file;
      return [
        kind,
        all.some(({ by }) => by === 'windows'),
        all.some(({ by }) => by === 'batches'),
        all.some(({ again }) => again !== 'none'),
        files !== undefined,
        definition.openList !== undefined,
        definition.openTarget !== undefined,
      ];
    });
    assert.deepEqual(said, known);
  });
});

describe('a window of the other kind than the source has come to be read by', () => {
  const batch: BatchWindow = { kind: 'batch', ordinal: 1, id: 'b', after: null, next: 'n', declared: 0 };
  const signal = new AbortController().signal;
  const refused = (error: unknown): boolean =>
    error instanceof HubError && error.kind === 'configuration' && error.code === 'read-otherwise';

  for (const [kind, window] of [
    ['database', batch],
    ['file', timeWindow(0, 1000)],
  ] as const) {
    it(`${kind}: is neither counted nor read as if nothing were in it`, async () => {
      const { definition, connector, stream } = configured(kind);
      const source = definition.open(connector, stream);
      await assert.rejects(async () => countOf(source, window), refused);
      await assert.rejects(async () => Array.fromAsync(pagesOf(source, window, FROM_THE_START, signal)), refused);
      await source.close?.();
    });
  }
});
