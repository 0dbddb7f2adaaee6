import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FUNCTIONS } from '../../domain/ledger/served.ts';
import { createDatabase } from '../support/database.ts';
import { runHosted } from '../support/commands/command.ts';

describe('hub duties', () => {
  it('prints every duty of the regulation, what serves it, and how many there are of each kind', async () => {
    const { code, stdout } = await runHosted(['duties', '--jurisdiction', 'shanghai']);
    assert.equal(code, 0);
    assert.match(stdout, /^上海市 · 《上海市电子证照管理办法》（沪府办规〔2022〕7号）/);
    for (const id of ['SH-5', 'SH-8c', 'SH-20b', 'SH-30']) assert.match(stdout, new RegExp(`│ ${id} +│ 第`));
    assert.match(stdout, /共 33 项：已落实 \d+，部分实现 \d+，未实现 \d+，不涉及软件 \d+/);
  });

  it('names those that are not served, or in part, and no other', async () => {
    const { stdout } = await runHosted(['duties', '--jurisdiction', 'wuxi', '--missing', '--json']);
    const { duties } = JSON.parse(stdout) as { duties: { id: string; served: string; note: string }[] };
    assert.ok(duties.some(({ id, served }) => id === 'WX-16' && served === 'partly'));
    assert.ok(duties.every(({ served, note }) => ['missing', 'partly'].includes(served) && note !== ''));
  });

  it('names the duties of which no evidence is on file, and takes it', async () => {
    const database = await createDatabase();
    try {
      const evidence = (...args: string[]) =>
        runHosted(['duties', 'evidence', ...args, '--jurisdiction', 'xuchang'], { DATABASE_URL: database.url });
      const none = await evidence();
      assert.deepEqual([none.code, none.stdout], [1, '尚无证明材料 No evidence on file: XC-25\n'], none.stderr);
      const unit = ['--unit', '11411000MB1234567X', '--name', '市政务服务和大数据管理局'];
      const filed = ['--said', '应急预案', '--document', '许政数〔2026〕1号', '--by', '李处长'];
      const added = await evidence('add', 'XC-25', ...unit, ...filed);
      assert.match(added.stdout, /^XC-25 的证明材料 1 已登记。/, added.stderr);
      const some = await evidence();
      assert.equal(some.code, 0);
      assert.match(some.stdout, /XC-25 +│ 市政务服务和大数据管理局 +│ 应急预案 +│ 许政数〔2026〕1号/);
    } finally {
      await database.drop();
    }
  });

  it('names commands that are there', async () => {
    const commands = new Set(Object.values(FUNCTIONS).flatMap((served): readonly string[] => served.commands));
    for (const command of commands) {
      const { code, stdout } = await runHosted([...command.split(' '), '--help']);
      assert.equal(code, 0, command);
      assert.ok(`${stdout} `.startsWith(`Usage: hub ${command} `), command);
    }
  });
});
