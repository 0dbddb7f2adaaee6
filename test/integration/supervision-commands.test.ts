import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runHub } from '../support/commands/command.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { ownConfig, temporaryFolder } from '../support/live-hub.ts';

describe('commands of supervision', () => {
  let folder: string;
  let config: string;
  let database: TestDatabase;
  before(async () => {
    folder = temporaryFolder();
    config = await ownConfig(folder);
    database = await createDatabase();
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });
  const hub = (...args: string[]) =>
    runHub([...args, '--config', config, '--demo', '--jurisdiction', 'xuchang'], { DATABASE_URL: database.url });

  it('a finding is entered by hand, of its unit, under its item, with what shows it', async () => {
    const evidence = join(folder, 'photo.jpg');
    writeFileSync(evidence, 'x');
    const of = ['--unit', '11411000000000000A', '--unit-name', '市教育局'];
    const what = ['--facts', '窗口拒收电子营业执照', '--evidence', evidence, '--by', '李处长'];
    const opened = await hub('supervise', 'open', ...of, '--item', '四', ...what);
    assert.equal(opened.code, 0, opened.stderr);
    assert.match(opened.stdout, /市教育局[^\n]*窗口拒收电子营业执照[^\n]* 四 /);
    assert.match((await hub('supervise', 'open', ...of, ...what)).stderr, /item/, 'it names none');
    const nobody = await hub('supervise', 'open', '--unit-name', '市教育局', '--item', '四', ...what);
    assert.deepEqual([nobody.code, nobody.stderr], [1, "error: required option '--unit <code>' not specified\n"]);
    const listed = await hub('supervise', '--unit', '11411000000000000A', '--json');
    assert.equal((JSON.parse(listed.stdout) as unknown[]).length, 1);
  });

  it('what has to be said is not left blank', async () => {
    const blank = async (option: string, ...args: string[]): Promise<void> => {
      const { code, stderr } = await hub(...args);
      assert.deepEqual([code, stderr.includes(`option '${option}`) && stderr.includes('is blank')], [1, true], stderr);
    };
    const whole = ['--cause', '断电', '--document', '容错〔2026〕3号', '--approver', '王局', '--by', '李处长'];
    for (const option of ['--cause', '--document', '--approver', '--by']) {
      const given = whole.with(whole.indexOf(option) + 1, ' ');
      await blank(option, 'tasks', 'exempt', '1', ...given);
    }
    await blank('--number', 'supervise', 'notice', '1', '--number', '', '--out', 'x', '--by', '李处长');
    await blank('--demand', 'supervise', 'order', '1', '--demand', '', '--days', '3', '--by', '李处长');
    await blank(
      '--reference',
      'supervise',
      'transfer',
      '1',
      '--to',
      '纪委',
      '--reference',
      ' ',
      '--reason',
      'x',
      '--by',
      'y',
    );
  });
});
