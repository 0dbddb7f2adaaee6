import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { shanghaiWallTime } from '../../domain/dates.ts';
import { runHub } from '../support/commands/command.ts';
import { ownConfig, temporaryFolder } from '../support/live-hub.ts';

const SECRET_NAME = '无锡甲园林有限公司';

describe('hub connector', () => {
  let folder: string;
  let config: string[];
  let file: string;
  before(async () => {
    folder = temporaryFolder();
    const own = await ownConfig(folder);
    config = ['--config', own];
    file = join(own, 'connectors/parks.yaml');
    const db = new DatabaseSync(join(folder, 'parks.db'));
    db.exec(
      'CREATE TABLE permits (id TEXT, 许可证号 TEXT, 发证日期 TEXT, 企业名称 TEXT, 社会信用代码 TEXT, zjlx TEXT, 状态 TEXT, gxsj TEXT)',
    );
    const insert = db.prepare('INSERT INTO permits VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    for (let index = 0; index < 30; index++) {
      const at = shanghaiWallTime(Date.now() - 3_600_000 - index * 60_000);
      const code = index === 3 ? '91460100MA5THWMM' : '91460100MA5THWMM2J';
      insert.run(
        `P${index}`,
        `锡园2026-${index}`,
        '2026-11-20',
        SECRET_NAME,
        code,
        '001',
        index % 2 ? '有效' : '注销',
        at,
      );
    }
    db.close();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const connector = (...args: string[]) => runHub(['connector', ...args, ...config]);
  const edit = (from: string, to: string): void => {
    const text = readFileSync(file, 'utf8');
    assert.ok(text.includes(from), `${from} is not in\n${text}`);
    writeFileSync(file, text.replace(from, to));
  };

  it('new writes a file that is valid, says what comes next, and overwrites nothing', async () => {
    const flags = ['--id', 'parks', '--kind', 'database', '--name', '市园林局', '--unit', '11320200014006438B'];
    const rest = [
      '--address',
      `sqlite:${join(folder, 'parks.db')}`,
      '--stream',
      '树木迁移许可证',
      '--type',
      '11100000000013338W011',
    ];
    const { code, stdout, stderr } = await connector('new', ...flags, ...rest);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Next:\n {2}\.\/hub connector check parks\n/);
    assert.match(
      readFileSync(file, 'utf8'),
      /^# yaml-language-server: \$schema=\.\.\/schema\/connector\.schema\.json\n/,
    );
    const again = await connector('new', ...flags, ...rest);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /parks\.yaml exists already; choose another --id/);
  });

  it('new says which flag is missing or wrong where nobody can be asked', async () => {
    const { code, stderr } = await connector('new', '--kind', 'databse');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^--kind: found “databse”, expected one of http, database, exchange, file, inbox; did you mean “database”\?/,
    );
  });

  it('every kind that new writes is a valid file', async () => {
    for (const [kind, address] of Object.entries({
      http: 'https://dept.example.gov.cn/api',
      exchange: 'mysql://hub@10.1.2.3:3306/exchange',
      file: 'sftp://hub@10.1.2.3/outgoing',
      inbox: '',
    })) {
      const flags = ['--id', `x-${kind}`, '--kind', kind, '--name', '局', '--unit', '11320200014006438B'];
      const written = await connector(
        'new',
        ...flags,
        '--address',
        address,
        '--stream',
        '证',
        '--type',
        '11100000000013338W011',
      );
      assert.equal(written.code, 0, written.stderr);
    }
    mkdirSync(join(folder, 'secrets'), { recursive: true });
    const env = { HUB_X_HTTP_TOKEN: 't', HUB_X_EXCHANGE_PASSWORD: 'p', HUB_X_INBOX_TOKEN: 't' };
    const { code, stdout, stderr } = await runHub(['connector', 'explain', 'x-http', ...config], env);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /asks GET https:\/\/dept\.example\.gov\.cn\/api\/records/);
    for (const kind of ['http', 'exchange', 'file', 'inbox'])
      rmSync(join(config[1] ?? '', `connectors/x-${kind}.yaml`));
  });

  it('check names cause and cure where the file is not right yet', async () => {
    const { code, stdout } = await connector('check', 'parks');
    assert.equal(code, 1);
    assert.match(
      stdout,
      /✖ parks-records \(configuration\)\n {2}原因 cause {2}.*no such table: v_certificates\n {2}处理 cure {3}check the names of table/,
    );
    edit('v_certificates', 'permits');
    const mended = await connector('check', 'parks', '--json');
    assert.equal(mended.code, 1, 'it answers, and nothing would be accepted yet');
    assert.match(mended.stdout, /the mapping accepts no record of the sample/);
    const [{ report, absent }] = JSON.parse(mended.stdout) as [
      { report: { records: number; count: number }; absent: { field: string; nearest: string }[] },
    ];
    assert.deepEqual([report.records, report.count], [30, 30]);
    assert.deepEqual(absent, [{ field: 'zt', nearest: 'id' }]);
    const told = await connector('check', 'parks');
    assert.match(told.stdout, /the mapping names a field that is not there: zt \(did you mean id\?\)/);
  });

  it('discover drafts the mapping by name and by content, and shows no value as it is', async () => {
    const { code, stdout } = await connector('discover', 'parks-records');
    assert.equal(code, 0);
    assert.ok(!stdout.includes(SECRET_NAME) && !stdout.includes('91460100MA5THWMM2J'));
    const { stdout: json } = await connector('discover', 'parks-records', '--json');
    const { draft } = JSON.parse(json) as { draft: { record: unknown; status: unknown } };
    assert.deepEqual(draft, {
      record: {
        key: 'id',
        updatedAt: 'gxsj',
        fields: {
          number: '许可证号',
          issuedOn: '发证日期',
          holderName: '企业名称',
          holderCode: '社会信用代码',
          holderCodeType: 'zjlx',
        },
      },
      status: { field: '状态', values: { 注销: '?', 有效: '?' } },
    });
    edit(
      'updatedAt: gxsj',
      'updatedAt: gxsj\n      fields: { number: 许可证号, issuedOn: 发证日期, holderName: 企业名称, holderCode: 社会信用代码, holderCodeType: zjlx }',
    );
    edit('field: zt', 'field: 状态');
    edit('"1": valid', '有效: valid');
    edit('"4": cancelled', '注销: cancelled');
  });

  it('check shows how much of a sample the mapping accepts, and why not all of it', async () => {
    const { code, stdout } = await connector('check', 'parks');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /29 \/ 30/);
    assert.match(stdout, /rejected by holder-code-shape of holders\[0\]\.code 1/);
  });

  it('preview shows request, mapped records and rejects, masked unless asked otherwise', async () => {
    const { code, stdout } = await connector('preview', 'parks-records');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /Page 1: 30 records, 29 accepted, 1 rejected/);
    assert.match(stdout, /select .* from `permits`/);
    assert.match(stdout, /holder-code-shape/);
    assert.ok(!stdout.includes(SECRET_NAME));
    const { stdout: open } = await connector('preview', 'parks-records', '--unmasked');
    assert.ok(open.includes(SECRET_NAME));
    const { stdout: json } = await connector('preview', 'parks-records', '--json');
    const { pages } = JSON.parse(json) as { pages: { rows: { mapped: { number: string } | null }[] }[] };
    assert.equal(pages[0]?.rows.filter(({ mapped }) => mapped !== null).length, 29);
  });

  it('plan, explain and test work without a running hub, and write nothing', async () => {
    const plan = await connector('plan', 'parks-records', '--json');
    assert.equal(
      (JSON.parse(plan.stdout) as { records: number }[]).reduce((sum, { records }) => sum + records, 0),
      30,
    );
    const explain = await connector('explain', 'parks', '--full');
    assert.match(explain.stdout, /reads windows of gxsj from permits/);
    assert.match(explain.stdout, /lookback: 3d/);
    const test = await connector('test', 'parks-records');
    assert.equal(test.code, 0, test.stdout);
    assert.ok(!test.stdout.includes('✖') && test.stdout.includes('✔ reading twice delivers the same'));
  });

  it('test fails when an example of the mapping does not hold', async () => {
    edit('    record:', '    examples: [{ input: { id: A }, expected: { number: X } }]\n    record:');
    const { code, stdout } = await connector('test', 'parks-records');
    assert.equal(code, 1);
    assert.match(stdout, /✖ the mapping’s own examples hold\n {4}examples\[0\]: rejected by required-missing of/);
  });

  it('an unknown name is answered with the nearest, a paused or missing secret with its name', async () => {
    const { code, stderr } = await connector('check', 'parcs');
    assert.equal(code, 1);
    assert.match(stderr, /No stream or connector “parcs” is configured; did you mean “parks”\?/);
  });
});
