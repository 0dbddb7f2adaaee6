import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileMapping } from '../../../connectors/mapping/compile.ts';
import { contentHash } from '../../../domain/library/certificate.ts';
import { databaseConnectorSchema } from '../../../settings/kinds/database.ts';
import { fileConnectorSchema } from '../../../settings/kinds/file.ts';
import { httpConnectorSchema } from '../../../settings/kinds/http.ts';
import { inboxConnectorSchema } from '../../../settings/kinds/inbox.ts';

const GOOD = {
  id: 'R1',
  gxsj: '2026-11-22 10:00:00',
  zt: '1',
  ZZMC: '不动产权证书',
  ZZLXDM: '11100000000013338W011',
  ZZBH: '锡不动产(2026)12',
  ZZBFRQ: '2026-11-20',
  CZZT: '无锡某某园林有限公司',
  CZZTDM: '91460100MA5THWMM2J',
  CZZTDMLXDM: '001',
};
const CONNECTOR = { name: '市自然资源局', unit: '11320200014006438B' };
const RECORD = { key: 'id', updatedAt: 'gxsj' };

/** What a record says of its state, and by what it is rejected. */
function read(status: object, change: object = {}) {
  const { streams } = inboxConnectorSchema.parse({
    ...CONNECTOR,
    kind: 'inbox',
    token: { env: 'T' },
    streams: [{ id: 'land', record: RECORD, status: { field: 'zt', ...status } }],
  });
  const { rows, rejected } = compileMapping(streams[0]!).map(
    { records: [{ ...GOOD, ...change }], undecodable: new Map() },
    { readAt: '2026-11-22T12:00:00+08:00' },
  );
  const [row] = JSON.parse(rows.toJson().toString()) as Record<string, unknown>[];
  const problems = rejected.flatMap(({ problems: found }) => found);
  return { row, status: row?.status, marks: row?.marks, problems };
}

describe('what a record says of marks', () => {
  it('nothing where its stream names none, so that the content is what it was before there were marks', () => {
    const { row = assert.fail('rejected') } = read({ values: { '1': 'pledged' } });
    const { key, updatedAt, hash, flags, ...certificate } = row;
    assert.deepEqual([key, updatedAt, flags], ['R1', '2026-11-22T10:00:00+08:00', null]);
    assert.deepEqual(Object.keys(certificate).slice(-3), ['status', 'rawStatus', 'extension']);
    assert.equal(hash, contentHash(JSON.stringify(certificate)));
  });

  it('one value can say several, and is suspended where one of them suspends', () => {
    const values = { '1': 'valid', '2': ['mortgage'], '3': ['mortgage', 'suspension'], '4': 'cancelled' };
    const said = ['1', '2', '3', '4'].map((zt) => read({ values }, { zt }));
    assert.deepEqual(
      said.map(({ status, marks }) => [status, marks]),
      [
        ['valid', []],
        ['valid', ['mortgage']],
        ['suspended', ['mortgage', 'suspension']],
        ['cancelled', []],
      ],
    );
  });

  it('fields of their own say which hold, one value each, a list, or a text', () => {
    const status = {
      values: { '1': 'valid', '4': 'cancelled' },
      marks: [
        { field: 'sfdy', values: { '0': 'none', '1': 'mortgage' } },
        { field: 'xz', values: { 质押: 'pledge', 挂失: 'loss', 暂扣: 'suspension' } },
      ],
    };
    const said = [{ sfdy: 1 }, { sfdy: '0', xz: '质押、挂失' }, { xz: ['暂扣'], zt: '4' }, {}].map((change) =>
      read(status, change),
    );
    assert.deepEqual(
      said.map(({ status: state, marks }) => [state, marks]),
      [
        ['valid', ['mortgage']],
        ['reportedLost', ['loss', 'pledge']],
        ['cancelled', ['suspension']],
        ['valid', []],
      ],
    );
    assert.deepEqual(read(status, { sfdy: 1 }).row?.extension, {});
  });

  it('the same marks in another order are the same content', () => {
    const status = {
      values: { '1': 'valid' },
      marks: [{ field: 'xz', values: { 质押: 'pledge', 年检: 'inspection' } }],
    };
    assert.equal(read(status, { xz: '质押,年检' }).row?.hash, read(status, { xz: '年检，质押' }).row?.hash);
  });

  it('an event begins and ends marks, and a record without one says so', () => {
    const status = {
      values: { '1': 'valid' },
      events: { field: 'ywlx', values: { 抵押转质押: { begins: ['pledge'], ends: ['mortgage'] }, 首次登记: {} } },
    };
    assert.deepEqual(read(status, { ywlx: '抵押转质押' }).marks, { begins: ['pledge'], ends: ['mortgage'] });
    for (const ywlx of ['首次登记', '', undefined])
      assert.deepEqual(read(status, { ywlx }).marks, { begins: [], ends: [] });
  });

  it('what is not mapped rejects the record', () => {
    const refused = (status: object, change: object): unknown => read(status, change).problems;
    const marks = [{ field: 'xz', values: { 质押: 'pledge' } }];
    assert.deepEqual(refused({ values: { '1': 'valid' }, marks }, { xz: '质押、查封' }), [
      { rule: 'status-unmapped', field: 'marks', found: '查封' },
    ]);
    const events = { field: 'ywlx', values: {} };
    assert.deepEqual(refused({ values: { '1': 'valid' }, events }, { ywlx: '查封登记' }), [
      { rule: 'status-unmapped', field: 'event', found: '查封登记' },
    ]);
  });
});

describe('where events are told', () => {
  const events = { field: 'ywlx', values: { 抵押: { begins: ['mortgage'] } } };
  const faults = (schema: { safeParse(given: unknown): { error?: { issues: { path: unknown[] }[] } | undefined } }) => {
    return (given: object): string[] =>
      (schema.safeParse({ ...CONNECTOR, ...given }).error?.issues ?? []).map(({ path }) => path.join('.'));
  };
  const stream = { id: 'land', record: RECORD, status: { events } };

  it('nothing else says which hold', () => {
    const check = faults(inboxConnectorSchema);
    const inbox = { kind: 'inbox', token: { env: 'T' } };
    assert.deepEqual(check({ ...inbox, streams: [stream] }), []);
    for (const status of [
      { events, values: { '2': ['mortgage'] } },
      { events, marks: [{ field: 'xz', values: {} }] },
    ])
      assert.deepEqual(check({ ...inbox, streams: [{ ...stream, status }] }), ['streams.0.status.events']);
    assert.deepEqual(check({ ...inbox, streams: [{ ...stream, record: { key: 'id' } }] }), [
      'streams.0.record.updatedAt',
    ]);
  });

  it('the source delivers each record: one that is asked for certificates as they are would lose some', () => {
    const http = { kind: 'http', baseUrl: 'http://127.0.0.1' };
    const answer = { path: '/a?from={from}&to={to}&page={page}', response: { records: 'list', total: 'total' } };
    assert.deepEqual(faults(httpConnectorSchema)({ ...http, streams: [{ ...stream, ...answer }] }), [
      'streams.0.status.events',
    ]);
    const database = { kind: 'database', address: 'sqlite:x.sqlite' };
    for (const [cursor, expected] of [
      ['time', ['streams.0.status.events']],
      ['snapshot', ['streams.0.status.events']],
      [{ sequence: 'id' }, []],
    ] as const)
      assert.deepEqual(
        faults(databaseConnectorSchema)({ ...database, streams: [{ ...stream, table: 't', cursor }] }),
        expected,
      );
    const file = { kind: 'file', address: '/data' };
    for (const [content, expected] of [
      ['full', ['streams.0.status.events']],
      ['increment', []],
    ] as const)
      assert.deepEqual(
        faults(fileConnectorSchema)({ ...file, streams: [{ ...stream, files: '{date}.xlsx', content }] }),
        expected,
      );
  });
});
