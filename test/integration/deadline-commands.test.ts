import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import { after, before, describe, it } from 'node:test';
import { loadConfig } from '../../settings/load.ts';
import { addDays, shanghaiDate } from '../../domain/dates.ts';
import { openWorkbook } from '../../connectors/sheets/open.ts';
import { sheetRows, textSheet, workbookOf } from '../../domain/spreadsheet.ts';
import { approveDemoCatalog } from '../../cli/demo/catalog.ts';
import { remindExpiries } from '../../store/library/expiry.ts';
import { saveStreams } from '../../store/collection/streams.ts';
import { configuredStreams } from '../../store/apply-config.ts';
import { arrive, tasksOf, useProfile } from '../support/arrivals.ts';
import { runHub } from '../support/commands/command.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { ownConfig, temporaryFolder } from '../support/live-hub.ts';

const STREAM = 'housing-permits';
const HOLDER = '无锡机密建设有限公司';
const UNIT = ['--unit', '11320200014006438B', '--name', '市住建局', '--by', '张三'];

describe('commands on deadlines', () => {
  let folder: string;
  let config: string;
  let database: TestDatabase;
  const now = new Date();
  before(async () => {
    folder = temporaryFolder();
    config = await ownConfig(folder);
    database = await createDatabase();
    await saveStreams(database.db, configuredStreams(loadConfig({ folder: config, demo: true })), now);
    await useProfile(database.db, 'wuxi');
    await approveDemoCatalog(database.db);
    const { id } = await database.db('stream').where({ name: STREAM }).first<{ id: number }>('id');
    const holders = [{ name: HOLDER, code: '91460100MA5THWMM2J', codeType: '001' }];
    const expiresOn = addDays(shanghaiDate(now.getTime()), 30);
    await arrive(database.db, id, now, [
      { key: 'K1', expiresOn, holders },
      { key: 'K2', expiresOn, holders },
      { key: '0003', holders },
    ]);
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });
  const hub = (...args: string[]) => runHub([...args, '--config', config, '--demo'], { DATABASE_URL: database.url });
  const file = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const done = `${shanghaiDate(now.getTime())} 00:00:00`;

  it('a department’s list of completed cases is taken from csv, in whatever encoding, and from a workbook', async () => {
    const rows = ['办件编号,办结时间,签发方式,记录键,备注', `办-1,${done},在线,0003,甲`, `办-2,${done},在线,0009,`];
    const csv = file('cases.csv', iconv.encode(rows.join('\r\n'), 'gbk'));
    const imported = await hub('cases', 'import', csv, '--stream', STREAM);
    assert.equal(
      imported.stdout,
      '新报 2 件，更正 0 件，未变 0 件。 2 announced, 0 corrected, 0 unchanged\n',
      imported.stderr,
    );
    const sheet = textSheet([
      ['case', 'deliveredAt'],
      ['办-2', done],
    ]);
    const again = await hub('cases', 'import', file('cases.xlsx', workbookOf({ a: sheet })), '--stream', STREAM);
    assert.equal(
      again.stdout,
      '新报 0 件，更正 1 件，未变 0 件。 0 announced, 1 corrected, 0 unchanged\n',
      again.stderr,
    );

    const listed = await hub('cases', '--stream', STREAM, '--open', '--json');
    const cases = JSON.parse(listed.stdout) as { caseNumber: string; rule: string; deliveredAt: string | null }[];
    assert.deepEqual(
      cases.map(({ caseNumber, rule, deliveredAt }) => [caseNumber, rule, deliveredAt !== null]),
      [['办-2', 'WX-8', true]],
    );
    assert.match((await hub('cases')).stdout, /办-1[^\n]*在线[^\n]*WX-8（内控时限）/);
    assert.equal((await hub('cases', '--stream', 'health-doctors')).stdout, '没有。 There is none.\n');
  });

  it('a list with something wrong is refused whole, with the place of each fault', async () => {
    const csv = file('wrong.csv', `办件编号,办结时间,签发方式,记录键\n办-8,${done},在线,a\n办-9,tomorrow,在线,b\n`);
    const { code, stderr } = await hub('cases', 'import', csv, '--stream', STREAM);
    assert.deepEqual([code, stderr.includes('number 2, completedAt: expected a time')], [1, true], stderr);
    assert.match((await hub('cases', 'import', csv)).stderr, /Cases of which stream\?; name it with --stream\./);
    const none = await hub('cases', 'import', join(folder, 'none.csv'), '--stream', STREAM);
    assert.match(none.stderr, /none\.csv: there is no such file/);
    const odd = await hub('cases', 'import', file('cases.pdf', 'x'), '--stream', STREAM);
    assert.match(odd.stderr, /cases\.pdf: found no format in its name, expected \.csv/);
    assert.equal((JSON.parse((await hub('cases', '--json')).stdout) as unknown[]).length, 2);
  });

  it('reminders are handed to their unit as a file that nobody else reads, and taken down as done with who says so', async () => {
    await remindExpiries(database.db, { leadDays: 30, types: {} }, now);
    const shown = await hub('expiry');
    assert.match(shown.stdout, /no-K1[^\n]*由单位提醒/);
    assert.ok(!shown.stdout.includes(HOLDER) && !(await hub('expiry', '--json')).stdout.includes(HOLDER));
    const out = join(folder, 'expiry.xlsx');
    assert.match((await hub('expiry', '--stream', STREAM, '--out', out)).stdout, /^已写入 .* Wrote 2 reminders/);
    assert.equal(statSync(out).mode & 0o777, 0o600);
    const rows = sheetRows(await openWorkbook(readFileSync(out), 'x'), '到期提醒').map((row) =>
      row.map((cell) => String(cell ?? '')),
    );
    assert.ok(rows[1]?.includes(HOLDER));

    assert.match((await hub('expiry', 'done', '--by', '张三')).stderr, /Which reminders\?/);
    const first = file('first.xlsx', workbookOf({ 到期提醒: textSheet(rows.slice(0, 2)) }));
    assert.equal(
      (await hub('expiry', 'done', '--file', first, '--by', '张三')).stdout,
      '张三登记：已提醒 1 件。 1 reminded, says 张三\n',
    );
    const twice = await hub('expiry', 'done', '--file', first, '--by', '张三');
    assert.match(twice.stderr, /row 2, ※编号: expected a reminder that is still open/);
    const all = await hub('expiry', 'done', '--all', '--stream', STREAM, '--by', '李四');
    assert.equal(all.stdout, '李四登记：已提醒 1 件。 1 reminded, says 李四\n');
    assert.equal((await hub('expiry')).stdout, '没有。 There is none.\n');
  });

  it('what each action of a case asks for are options of its command, and what is refused says why', async () => {
    const by = ['--by', '张三'];
    const of = ['--unit', '11320200014006438B', '--unit-name', '市住建局'];
    const number = ({ stdout, stderr }: { stdout: string; stderr: string }): string => {
      const [, found] = /^(?:异议|故障报告|共享申请) (\d+)/.exec(stdout) ?? [];
      assert.ok(found, stderr);
      return found;
    };

    const ticket = file('ticket.yaml', 'number: N-1\nobjector: 王某某\nstatement: 有效期有误\n');
    const dispute = number(await hub('dispute', 'raise', ticket, ...by));
    const answer = file('answer.txt', '经核实，记载无误\n');
    const early = await hub('dispute', 'tell', dispute, '--receipt', '电话 0012', ...by);
    assert.match(
      early.stderr,
      /^Dispute \d+ cannot be done “tell”: found it verifying \(核实中\), expected telling; /m,
    );
    assert.match(
      (await hub('dispute', 'receive', dispute, '--at', done, ...by)).stdout,
      /^异议 \d+：核实中。 Dispute \d+: /,
    );
    assert.match((await hub('dispute', 'verify', dispute, ...by)).stderr, /required option '--answer-file <file>'/);
    const verified = await hub('dispute', 'verify', dispute, '--answer-file', answer, ...by, '--json');
    const { upheld, objector, statement } = JSON.parse(verified.stdout) as Record<string, unknown>;
    assert.deepEqual([upheld, objector, statement], [false, '***', '***'], 'nothing personal is printed');

    const began = ['--cause', '断电', '--began', done];
    const outage = number(await hub('outage', 'report', ...of, '--stream', STREAM, ...began, ...by));
    const until = addDays(shanghaiDate(now.getTime()), 1);
    const confirm = (from: string) =>
      hub('outage', 'confirm', outage, '--document', '锡供〔2026〕1号', '--from', from, '--to', until, ...by);
    assert.match((await confirm('2020-01-01')).stderr, /cannot be done “confirm”: the time is empty, or begins before/);
    const confirmed = await confirm(done);
    assert.match(confirmed.stdout, /^故障报告 \d+：未恢复。 Outage \d+: stopped/, confirmed.stderr);
    assert.match((await hub('outage', 'show', outage)).stdout, /确认不可抗力[^]*锡供〔2026〕1号/);
    assert.match((await hub('outage', 'recover', outage, ...by)).stdout, /^故障报告 \d+：补录中。 Outage \d+: /);
    const again = await hub('outage', 'relapse', outage, '--stream', 'nothing', '--reason', 'x', ...by);
    assert.match(again.stderr, /cannot be done “relapse”: found nothing in another state/);

    const share = number(await hub('share', 'request', ...of, '--wanted', '不动产权证书', '--scenario', '落户', ...by));
    await hub('share', 'say', share, ...of, '--opinion', '可共享', ...by);
    const wrong = await hub('share', 'decide', share, '--outcome', 'maybe', '--text', 'x', ...by);
    assert.match(wrong.stderr, /Allowed choices are granted, refused, alternative/);
    const decided = await hub('share', 'decide', share, '--outcome', 'granted', '--text', '开通', ...by);
    assert.match(decided.stdout, /^共享申请 \d+：同意。 Share request \d+: granted/);
    const late = await hub('share', 'withdraw', share, '--reason', 'x', ...by);
    assert.match(late.stderr, /cannot be done “withdraw”: found it granted \(同意\), expected open/);
  });

  it('a list of uses is owed from a change on until its next version is in', async () => {
    const changed = await hub('usage-list', 'changed', ...UNIT, '--since', done);
    assert.match(changed.stdout, /^市住建局应更新用证清单.* 市住建局 owes its list/, changed.stderr);
    assert.match((await hub('usage-list', 'changed', ...UNIT, '--since', done)).stdout, /^无需登记：.* Nothing to do/);
    const uses = (type: string) => `- { code: A-1, name: 施工许可, scenario: 受理, types: ["${type}"] }\n`;
    const unknown = await hub('usage-list', 'import', file('uses.yaml', uses('111000000000134939004')), ...UNIT);
    assert.match(unknown.stderr, /uses\.yaml:1:\[0\]\.types\[0\]: .*111000000000134939003 is the nearest/);
    const imported = await hub('usage-list', 'import', file('uses.yaml', uses('111000000000134939003')), ...UNIT);
    assert.match(
      imported.stdout,
      /^市住建局第 1 版，1 个应用场景，应更新的已更新。 Version 1 of 市住建局, 1 scenarios; it was owed, and is not any more/,
      imported.stderr,
    );
    const [task] = await tasksOf(database.db, 'usage-list/11320200014006438B', now);
    assert.equal(task?.state, 'met');
    assert.match((await hub('usage-list', '--unit', '11320200014006438B')).stdout, /受理[^\n]*111000000000134939003/);
    const other = await hub('usage-list', 'changed', '--unit', '113', '--name', 'x', '--by', 'y', '--since', done);
    assert.match(other.stderr, /--unit: found “113”, expected a 统一社会信用代码/);
  });

  it('a table of working days is shown with what it loses, and put in force only once that is confirmed', async () => {
    const place = join(config, 'calendars/2026.yaml');
    const before = readFileSync(place, 'utf8');
    const short = before
      .replace('version: "1"', 'version: "2"')
      .replace('2026-01-01,', '2025-12-31,')
      .replace(/ {4}2026-10-0\d,\n/g, '');
    const given = file('2026.yaml', short);
    const lost = [/▲ 缺少 元旦：2026-01-01 成为工作日/, /▲ 缺少 国庆节：2026-10-01、2026-10-02 成为工作日/];
    const shown = await hub('calendar', 'import', given);
    for (const line of [...lost, /▲ 缺少 版本“1”所列的 8 天不再列出：放假 2026-01-01、2026-10-01/])
      assert.match(shown.stdout, line, shown.stderr);
    assert.match(
      shown.stdout,
      /^2025 年.*：放假 2025-12-31，上班 无。 2025 gets version 1\+2026\/2 by it: off 2025-12-31; work none\.$/m,
    );
    const refused = await hub('calendar', 'import', given, '--confirm');
    assert.deepEqual([refused.code, readFileSync(place, 'utf8')], [1, before]);
    assert.match(refused.stderr, /The table of 2026 loses days.*National Day: 2026-10-01, 2026-10-02/);
    assert.match(refused.stderr, /--confirm-losses/);
    const taken = await hub('calendar', 'import', given, '--confirm', '--confirm-losses', '--json');
    const { inForce, losses } = JSON.parse(taken.stdout) as { inForce: boolean; losses: unknown[] };
    assert.deepEqual([inForce, losses.length, readFileSync(place, 'utf8')], [true, 3, short]);
    assert.match((await hub('calendar')).stdout, /2025 +│ 1\+2026\/2 /);
  });
});
