import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { httpConnectorSchema } from '../../settings/kinds/http.ts';
import { http } from '../../connectors/http/index.ts';
import { compileMapping } from '../../connectors/mapping/compile.ts';
import { sourceBy } from '../../connectors/reading.ts';
import { timeWindow } from '../../domain/collection/window.ts';

const ROOT = join(import.meta.dirname, '../..');
const exampleOf = (file: string): string =>
  /(?<=```yaml\n)[^`]*/.exec(readFileSync(join(ROOT, file), 'utf8'))?.[0] ?? assert.fail(`${file} has no example`);

describe('the README’s own department', () => {
  let gateway: Server;
  let asked: URL;
  before(async () => {
    const record = {
      id: 'P1',
      updateTime: '2026-11-20 10:00:00',
      state: '1',
      ZZMC: '公园占用许可证',
      ZZLXDM: '11100000000013338W099',
      ZZBH: '3202-1',
      ZZBFRQ: '2026-11-20',
      CZZT: '无锡甲公司',
      CZZTDM: '91320200MA1X8J6C0P',
      CZZTDMLXDM: '001',
    };
    gateway = createServer((request, response) => {
      asked = new URL(request.url ?? '/', 'http://gateway');
      response.end(JSON.stringify({ data: { list: [record], total: 1 } }));
    });
    await new Promise<void>((done) => gateway.listen(0, '127.0.0.1', done));
  });
  after(() => gateway.close());

  it('is the same in both languages and takes ten lines', () => {
    assert.equal(exampleOf('README.md'), exampleOf('README.zh-CN.md'));
    assert.equal(exampleOf('README.md').trim().split('\n').length, 10);
  });

  it('works as it stands', async () => {
    const { port } = gateway.address() as AddressInfo;
    const example = parse(exampleOf('README.md')) as object;
    const connector = { ...httpConnectorSchema.parse(example), id: 'parks', baseUrl: `http://127.0.0.1:${port}` };
    const [stream] = connector.streams;
    assert.ok(stream);
    const source = sourceBy('windows', http.open(connector, stream));
    const window = timeWindow(Date.parse('2026-11-20T00:00:00+08:00'), Date.parse('2026-11-21T00:00:00+08:00'));
    assert.equal(await source.count(window), 1);
    for await (const page of source.read(window, { committed: new Map(), total: null }, new AbortController().signal)) {
      const { rows, rejected } = compileMapping(stream).map(page, { readAt: '2026-11-20T12:00:00+08:00' });
      assert.deepEqual(rejected, []);
      const [row] = JSON.parse(rows.toJson().toString()) as { number: string; status: string }[];
      assert.deepEqual([row?.number, row?.status], ['3202-1', 'valid']);
    }
    assert.equal(asked.searchParams.get('from'), '2026-11-20 00:00:00');
    assert.equal(asked.searchParams.get('page'), '1');
  });
});
