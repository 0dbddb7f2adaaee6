import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { read, utils, write } from 'xlsx';
import yazl from 'yazl';
import { catalogWorkbook, readCatalog } from '../../settings/sheets/catalog.ts';
import { parseYaml } from '../../settings/diagnostics.ts';
import type { Said } from '../../domain/said.ts';
import { httpConnectorSchema } from '../../settings/kinds/http.ts';
import { loadConfig } from '../../settings/load.ts';
import { openHandedIn } from '../../connectors/file/handed-in.ts';
import { parseAnswer, recordsAt } from '../../connectors/http/answer.ts';
import { compileMapping } from '../../connectors/mapping/compile.ts';
import { HubError } from '../../domain/errors.ts';
import { readRejectSheet, writeRejectSheet } from '../../domain/collection/reject-sheet.ts';
import { sheetsOf } from '../support/sheets.ts';

/** Everything that objects of this process share; one property more or changed, and input has reached it. */
const SHARED = [Object, Array, Function, String, Number, Boolean, RegExp, Date, Error, Map, Set, Promise].flatMap(
  (type) => [type, type.prototype as object],
);
const snapshot = (): unknown[] =>
  SHARED.map((shared) => Reflect.ownKeys(shared).map((key) => [key, Object.getOwnPropertyDescriptor(shared, key)]));

/** Whatever `read` makes of its input, nothing that objects share has changed, and what it threw was a clear refusal. */
async function withoutTrace(read: () => unknown): Promise<unknown> {
  const before = snapshot();
  try {
    return await read();
  } catch (error) {
    assert.ok(error instanceof HubError, `not a refusal: ${String(error)}`);
    return error;
  } finally {
    assert.deepEqual(snapshot(), before);
    assert.deepEqual(Object.keys(Object.prototype), []);
  }
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('__proto__', 'constructor', 'prototype') },
  fc.constantFrom('toString', 'hasOwnProperty', 'length', 'status', 'statusCode', 'a'),
  fc.stringMatching(/^[a-z]{1,5}$/),
);
/** Dotted names, most of which mean harm. */
const name = fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => steps.join('.'));

const connectorOf = (record: object, more: object = {}): unknown => ({
  name: '市园林局',
  unit: '11320200014006438B',
  kind: 'http',
  baseUrl: 'http://127.0.0.1',
  streams: [
    {
      id: 'park-permits',
      path: '/permits',
      response: { records: 'list', total: 'total' },
      ...more,
      record: { key: 'id', updatedAt: 'gxsj', ...record },
      status: { values: { '1': 'valid' } },
    },
  ],
});
const stream = httpConnectorSchema.parse(connectorOf({ holders: 'holders', codeTypes: { ORG: '001' } })).streams[0]!;
const { map } = compileMapping(stream);
const good = {
  id: 'R1',
  gxsj: '2026-11-22 10:00:00',
  ZZMC: '古树名木迁移许可',
  ZZLXDM: '11100000000013338W011',
  ZZBH: '锡园(2026)12',
  ZZBFRQ: '2026-11-20',
  holders: [{ CZZT: '无锡某某园林有限公司', CZZTDM: '91460100MA5THWMM2J', CZZTDMLXDM: 'ORG' }],
};
const page = (records: unknown[]) => map({ records, undecodable: new Map() }, { readAt: '2026-11-22T12:00:00+08:00' });

/** JSON text of a map with a value at a path: `JSON.stringify` of an object could not hold every name. */
const atPath = (path: string, value: string): string =>
  path.split('.').reduceRight((inner, key) => `{${JSON.stringify(key)}:${inner}}`, value);

describe('names from outside', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hub-names-'));
  after(() => rmSync(folder, { recursive: true }));

  async function handIn(file: string, content: string | Buffer): Promise<unknown[]> {
    const path = join(folder, file);
    writeFileSync(path, content);
    const opened = await openHandedIn(path, stream);
    try {
      return (await Array.fromAsync(opened.pages())).flatMap(({ records }) => records);
    } finally {
      await opened.close();
    }
  }

  it('a file that is handed in is refused for a column that reaches beyond its records, whatever its format', async () => {
    const reserved = /^(?:.*\.)?(?:__proto__|constructor|prototype)(?:\..*)?$/;
    await fc.assert(
      fc.asyncProperty(name, async (column) => {
        const results = [
          await withoutTrace(() => handIn('a.csv', `id,${column}\n1,x\n`)),
          await withoutTrace(() => handIn('a.jsonl', `{"id":"1",${JSON.stringify(column)}:"x"}\n`)),
        ];
        for (const result of results) {
          assert.equal(result instanceof HubError, reserved.test(column), column);
          if (result instanceof HubError)
            assert.match(`${result.message}; ${result.cure?.en}`, /found the column .*rename/);
        }
      }),
    );
  });

  it('a workbook that is handed in likewise', async () => {
    for (const column of ['__proto__.x', 'constructor.prototype.x', 'a.__proto__.x']) {
      const sheet = utils.aoa_to_sheet([['id', column], ['1', 'x']]); // prettier-ignore
      const file = write({ SheetNames: ['s'], Sheets: { s: sheet } }, { type: 'buffer', bookType: 'xlsx' }) as Buffer;
      assert.ok((await withoutTrace(() => handIn('a.xlsx', file))) instanceof HubError, column);
    }
  });

  it('a workbook of more cells than there is room for is refused before it is read, whatever its parts are called', async () => {
    const archive = new yazl.ZipFile();
    const rows = `<row>${'<c><v>1</v></c>'.repeat(50)}</row>`.repeat(50_000);
    archive.addBuffer(
      Buffer.from(`<worksheet><sheetData>${rows}</sheetData></worksheet>`),
      'xl/worksheets/sheet1.data',
    );
    archive.end();
    const bomb = Buffer.concat(await Array.fromAsync(archive.outputStream as unknown as AsyncIterable<Buffer>));
    const within = new yazl.ZipFile();
    within.addBuffer(bomb, 'bomb.xlsx');
    within.end();
    const archived = Buffer.concat(await Array.fromAsync(within.outputStream as unknown as AsyncIterable<Buffer>));
    for (const [called, content] of Object.entries({ 'bomb.xlsx': bomb, 'bomb.xlsx.zip': archived })) {
      const result = await withoutTrace(() => handIn(called, content));
      assert.ok(result instanceof HubError, `${called} ${String(result)}`);
      assert.match(result.message, /takes more than 2,000,000 cells/);
    }
  });

  it('a column of a part of a field still becomes that part', async () => {
    assert.deepEqual(await handIn('b.csv', 'id,site.address,site.area\n1,x,y\n'), [
      { id: '1', site: { address: 'x', area: 'y' } },
    ]);
  });

  it('the mapping refuses a record with __proto__ in it, wherever it stands, and takes those beside it', async () => {
    await fc.assert(
      fc.asyncProperty(name, async (path) => {
        const bad = JSON.stringify(good).replace('{', `{"KZ":${atPath(path, '"x"')},`);
        const result = (await withoutTrace(() => page([JSON.parse(bad), { ...good, id: 'R2' }]))) as ReturnType<
          typeof page
        >;
        const [rules] = result.outcomes.map((problems) => problems?.map(({ rule }) => rule));
        assert.deepEqual(rules, path.split('.').includes('__proto__') ? ['reserved-name'] : undefined);
        assert.equal(result.outcomes[1], null);
      }),
    );
  });

  it('a value of a source is never looked up among what objects have anyway', () => {
    const [holder] = good.holders;
    const { outcomes } = page([{ ...good, holders: [{ ...holder, CZZTDMLXDM: 'constructor' }] }]);
    assert.deepEqual(
      outcomes[0]?.map(({ rule }) => rule),
      ['holder-code-type'],
    );
  });

  it('paths of a connector, its renamed fields and its keys cannot name them', async () => {
    await fc.assert(
      fc.asyncProperty(name, async (path) => {
        const reserved = path.split('.').some((part) => ['__proto__', 'constructor', 'prototype'].includes(part));
        for (const connector of [
          connectorOf({ key: path }),
          connectorOf({ fields: { number: path } }),
          connectorOf({ fields: { number: { from: path } } }),
          connectorOf({ holders: path }),
          connectorOf({ extension: { rename: { a: path } } }),
          connectorOf({}, { response: { records: path, total: 'total' } }),
        ]) {
          const text = JSON.stringify(connector);
          const result = (await withoutTrace(() => parseYaml('c.yaml', text, () => httpConnectorSchema))) as {
            faults: Said[];
          };
          assert.equal(result.faults.length > 0, reserved, path);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('nor can keys of YAML files, templates among them', async () => {
    const text = `{"name":"a","streams":[],${atPath('__proto__.x', '1').slice(1)}`;
    assert.match(
      parseYaml('c.yaml', text, () => httpConnectorSchema).faults[0]?.en ?? '',
      /c\.yaml:1:: found the key “__proto__”/,
    );
    mkdirSync(join(folder, 'connectors/templates'), { recursive: true });
    writeFileSync(join(folder, 'connectors/templates/t.yaml'), 'kind: http\nconstructor: {prototype: {x: 1}}\n');
    writeFileSync(join(folder, 'connectors/c.yaml'), 'template: t\nname: a\nstreams: []\n');
    const error = (await withoutTrace(() => loadConfig({ folder, demo: false }))) as HubError;
    assert.match(error.message, /t\.yaml:2:: found the key “constructor”/);
  });

  it('answers of a source are read by their own fields only', async () => {
    for (const path of ['constructor', 'toString', '__proto__', 'data.constructor.name']) {
      const answer = parseAnswer(Buffer.from('{"data":{"list":[]}}'), 'x');
      assert.ok((await withoutTrace(() => recordsAt(answer, `${path}.list`, 'x'))) instanceof HubError, path);
    }
  });

  it('corrections of rejects cannot bring one in, and a field called constructor is a field', async () => {
    const rejects = [{ constructor: '甲公司' }, { no: '1' }].map((record, id) => ({
      id: id + 1,
      key: 'K',
      problems: [],
      record: JSON.stringify(record),
      firstSeenAt: new Date(0),
    }));
    const book = read(writeRejectSheet(rejects), { dense: true });
    const rows = book.Sheets['问题数据']!['!data']!;
    const column = rows[0]!.findIndex((cell) => cell.v === 'constructor');
    assert.deepEqual([rows[1]![column]!.v, rows[2]![column]?.v ?? ''], ['甲公司', '']);
    rows[0]!.splice(-1, 1, { t: 's', v: '__proto__' });
    rows[1]!.splice(-1, 1, { t: 's', v: '{"x":1}' });
    const changed = write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer;
    const error = (await withoutTrace(() => readRejectSheet(sheetsOf(changed), rejects))) as HubError;
    assert.match(error.message, /row 1: found the column __proto__/);
  });

  it('neither can catalogs and lists of uses', async () => {
    const catalog = readFileSync(join(import.meta.dirname, '../../config/catalog/demo.yaml'), 'utf8');
    for (const content of [
      catalog.replace('typeCode:', '__proto__: {x: 1}\n  typeCode:'),
      catalog.replace(/name: [a-z]\w+/, 'name: __proto__'),
    ]) {
      assert.notEqual(content, catalog);
      assert.ok((await withoutTrace(() => readCatalog('c.yaml', content))) instanceof HubError);
    }
    const book = read(catalogWorkbook(readCatalog('c.yaml', catalog)), { dense: true });
    for (const sheet of Object.values(book.Sheets)) sheet['!data']![0]!.splice(-1, 1, { t: 's', v: '__proto__.x' });
    const changed = write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer;
    assert.ok((await withoutTrace(() => readCatalog('c.xlsx', sheetsOf(changed)))) instanceof HubError);
  });

  it('every program and thread is started so that nothing can be added to what objects share', async () => {
    const root = join(import.meta.dirname, '../..');
    assert.match(readFileSync(join(root, 'hub'), 'utf8'), /exec "\$node" --disable-proto=delete /);
    const code = `await import('${join(root, 'settings/hardened.ts')}');
      const tried = [() => { ({}).__proto__.x = 1; }, () => { ({}).constructor.prototype.x = 1; }, () => { [].constructor.prototype.x = 1; }];
      console.log(tried.map((attempt) => { try { attempt(); return 'done'; } catch { return 'refused'; } }).join(), ({}).x);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
    assert.equal(stdout, 'refused,refused,refused undefined\n');
    for (const program of ['cli/main.ts', 'connectors/file/workbook.ts', 'connectors/sheets/thread.ts'])
      assert.match(readFileSync(join(root, program), 'utf8'), /^import '[./]+\/settings\/hardened\.ts';/, program);
  });
});
