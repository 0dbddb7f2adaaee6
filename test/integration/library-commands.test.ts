import assert from 'node:assert/strict';
import { certificateWith } from '../support/library.ts';
import { spawn } from 'node:child_process';
import { appendFileSync, createReadStream, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import yazl from 'yazl';
import { RowBuffer } from '../../connectors/mapping/row-buffer.ts';
import { DAY_MS, shanghaiDate, shanghaiInstant } from '../../domain/dates.ts';
import type { SealJudgement } from '../../domain/library/seals.ts';
import { filesOf, issuerOf, saveFile, type FileReport } from '../../store/library/certificate-files.ts';
import { pathOf } from '../../store/library/files/contract.ts';
import { FolderStore } from '../../store/library/files/folder.ts';
import { approveDrafts, draftEntries, entryVersions } from '../../store/library/catalog.ts';
import { openWorkbook } from '../../connectors/sheets/open.ts';
import { sheetRows, textSheet, workbookOf } from '../../domain/spreadsheet.ts';
import { openDays } from '../../store/collection/days.ts';
import { finishProof, startProof } from '../../store/collection/proofs.ts';
import { openDispute } from '../../store/casework/disputes.ts';
import { getBatch, openBatch } from '../../store/collection/batches.ts';
import { writePage } from '../../store/collection/pages.ts';
import { timeWindow } from '../../domain/collection/window.ts';
import { loadConfig } from '../../settings/load.ts';
import { configuredStreams } from '../../store/apply-config.ts';
import { saveCalendar } from '../../store/ledger/calendar.ts';
import { saveRules } from '../../store/ledger/rules.ts';
import { getStream, saveStreams } from '../../store/collection/streams.ts';
import { runHub } from '../support/commands/command.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { ownConfig, temporaryFolder } from '../support/live-hub.ts';

const MANAGEMENT = '11320200MB1D55902K';
const HOUSING = '11320200014006438B';
const TYPE = '11100000000013338W011';
const NAME = '无锡机密建设有限公司';
const SEALED = join(import.meta.dirname, '../files/seals');
const NOW = new Date('2026-11-22T12:00:00+08:00');

describe('commands on the library', () => {
  let folder: string;
  let config: string;
  let database: TestDatabase;
  before(async () => {
    folder = temporaryFolder();
    config = await ownConfig(folder);
    const files = { folder: join(folder, 'files'), trustedRoots: join(SEALED, 'roots.pem') };
    appendFileSync(join(config, 'hub.yaml'), `managementUnit: ${MANAGEMENT}\nfiles: ${JSON.stringify(files)}\n`);
    database = await createDatabase();
    const streams = configuredStreams(loadConfig({ folder: config, demo: true }));
    await saveStreams(database.db, streams, NOW);
    await deliver('housing-permits', 'valid', 10);
    await deliver('health-doctors', 'cancelled', 20);
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });
  const hub = (...args: string[]) => runHub([...args, '--config', config, '--demo'], { DATABASE_URL: database.url });

  /** The same certificate, as one more stream has it, and a reject beside it. */
  async function deliver(stream: string, status: string, second: number, key = 'K1', change = {}): Promise<void> {
    const { id } = await database.db('stream').where({ name: stream }).first<{ id: number }>('id');
    const fromMs = NOW.getTime() - DAY_MS;
    const window = timeWindow(fromMs, NOW.getTime());
    const batch = await openBatch(database.db, id, { purpose: 'daily', window, declared: 2, workflowId: 'w' }, NOW);
    const rows = new RowBuffer();
    const certificate = certificateWith({
      typeCode: TYPE,
      name: '建筑工程施工许可证',
      number: '锡建施1号',
      holders: [{ name: NAME, code: '91460100MA5THWMM2J', codeType: '001' }],
      status,
      ...change,
    });
    rows.append(JSON.stringify(certificate), key, shanghaiInstant(fromMs + second * 1000), []);
    const raw = JSON.stringify({ id: 'B1', issueDate: '2026-02-30', organName: NAME });
    await writePage(
      database.db,
      await getBatch(database.db, batch),
      {
        number: 0,
        digest: '0',
        read: 2,
        rows: rows.toJson(),
        deleted: [],
        position: null,
        rejected: [
          {
            key: 'B1',
            updatedAt: shanghaiInstant(fromMs),
            raw,
            rawEncoding: 'json',
            problems: [{ rule: 'date-invalid', field: 'issuedOn', found: '2026-02-30' } as { rule: string }],
          },
        ],
      },
      { untimed: false, snapshot: false },
      NOW,
    );
  }

  it('identify reads codes from standard input, one JSON line each', async () => {
    const main = join(import.meta.dirname, '../../cli/main.ts');
    const child = spawn(process.execPath, [main, 'identify', '--json'], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end('91460100MA5THWMM2J\n\n110105194912310021\n');
    const lines = (await text(child.stdout)).trim().split('\n');
    const found = lines.map((line) => JSON.parse(line) as { kind: string; valid: boolean; expected: string | null });
    assert.deepEqual(
      found.map(({ kind, valid, expected }) => [kind, valid, expected]),
      [
        ['credit-code', true, null],
        ['id-number', false, 'X'],
      ],
    );
  });

  it('a catalog is drafted by the issuing unit and approved by the management unit, who alone can', async () => {
    const draft = await hub('catalog', 'draft', 'housing-permits');
    assert.equal(draft.code, 0, draft.stderr);
    const file = join(folder, 'housing.yaml');
    const complete =
      '  template: sgxk.ofd\n  holders: [legal]\n  face: [{ name: site, label: 建设地址 }, { name: nj, label: 年检年度 }]\n  inspection: nj\n  fieldSources: { status: [health-doctors] }\n';
    const entry = draft.stdout
      .split('\n')
      .filter((line) => !/^ {2}(?:template|holders|face|inspection|fieldSources):|^ {4}\S+: \[\]/.test(line))
      .join('\n')
      .trimEnd();
    writeFileSync(file, `${entry}\n${complete}`);

    const stranger = await hub('catalog', 'import', file, '--by', '11320200014006470N');
    assert.match(stranger.stderr, /Nothing was taken: 11320200014006470N may not draft 11100000000013338W011/);
    const imported = await hub('catalog', 'import', file, '--by', HOUSING);
    assert.match(
      imported.stdout,
      /^起草 1 个，未变 0 个。 1 drafted, 0 unchanged\n.*\n.*the file of its template, “sgxk.ofd”, is not stored/,
    );
    const early = await hub('catalog', 'approve', TYPE, '--by', MANAGEMENT);
    assert.match(early.stderr, /^Nothing was approved:\n.*“sgxk.ofd”, is not stored, or damaged; .*--templates/s);
    const templates = join(folder, 'templates.zip');
    const archive = new yazl.ZipFile();
    archive.addBuffer(Buffer.from('底图'), '模板/sgxk.ofd');
    archive.addBuffer(Buffer.from('x'), '模板/other.ofd');
    archive.end();
    writeFileSync(templates, await buffer(archive.outputStream as Readable));
    const withFile = await hub('catalog', 'import', file, '--templates', templates, '--by', HOUSING);
    assert.match(
      withFile.stdout,
      /1 drafted, 0 unchanged\n没有条目使用模板 other.ofd。 No entry names the template other.ofd\n下一步 Next/,
    );
    assert.match((await hub('catalog', 'show', TYPE)).stdout, new RegExp(hash('sha256', '底图')));
    const own = await hub('catalog', 'approve', TYPE, '--by', HOUSING);
    assert.match(own.stderr, /may not decide on the catalog; the management unit 11320200MB1D55902K does\./);
    const approved = await hub('catalog', 'approve', TYPE, '--by', MANAGEMENT);
    assert.equal(approved.stdout, `已审定 Approved: ${TYPE}\n`, approved.stderr);
    assert.match((await hub('catalog', 'list')).stdout, /建筑工程施工许可证[^\n]*1 │ ✔ 有效/);

    const workbook = join(folder, 'catalog.xlsx');
    assert.match((await hub('catalog', 'export', '--out', workbook)).stdout, /^已写入 .* Wrote 1 entries/);
    const again = await hub('catalog', 'import', workbook, '--by', MANAGEMENT);
    assert.match(again.stdout, /^起草 0 个，未变 1 个。 0 drafted, 1 unchanged/, again.stderr);
  });

  it('an entry that lacks what the law asks for is not approved', async () => {
    const file = join(folder, 'poor.yaml');
    writeFileSync(file, '- { typeCode: 11100000000013522L003, name: 医师执业证书 }\n');
    const imported = await hub('catalog', 'import', file, '--by', MANAGEMENT);
    assert.match(
      imported.stdout,
      /lacks issuer \(发证单位\), category .*, which 无锡市 第六条 asks for/,
      imported.stderr,
    );
    const approved = await hub('catalog', 'approve', '--all', '--by', MANAGEMENT);
    assert.equal(approved.code, 1);
    assert.match(approved.stderr, /^Nothing was approved:\n11100000000013522L003 医师执业证书: lacks/);
  });

  it('a certificate is found by number and holder, masked unless asked otherwise, and says who is believed', async () => {
    const { stdout, code } = await hub('certificate', '锡建施1号');
    assert.equal(code, 0);
    assert.equal((await hub('certificate', '锡建施 １ 号')).stdout, stdout, 'as it is printed');
    assert.match(
      stdout,
      /锡建施1号 以 health-doctors 为准：注销。 锡建施1号 counts as 注销 \(health-doctors\)\n {2}▲ status from health-doctors/,
    );
    assert.ok(!stdout.includes(NAME) && !stdout.includes('91460100MA5THWMM2J'));
    const unmasked = await hub('certificate', '91460100MA5THWMM2J', '--unmasked', '--json');
    const found = JSON.parse(unmasked.stdout) as { holders: { name: string }[]; event: string }[];
    assert.deepEqual(
      found.map(({ holders, event }) => [holders[0]?.name, event]),
      [
        [NAME, '注销'],
        [NAME, '签发'],
      ],
    );
    const before = await hub('certificate', '锡建施1号', '--as-of', '2026-11-20');
    assert.deepEqual([before.code, before.stdout.includes(' No certificate ')], [1, true]);
  });

  it('seals of files that are held are judged again, for the issuer of each certificate', async () => {
    const store = new FolderStore(join(folder, 'files'));
    const { id } = await getStream(database.db, 'housing-permits');
    const judgement: SealJudgement = { reason: { code: 'root-unknown', whose: 'signer' }, seals: [] };
    const gotAt = new Date('2026-12-31T00:00:00+08:00');
    const keep = async (key: string, name: string): Promise<string> => {
      const { hash, size } = await store.put(createReadStream(join(SEALED, name)), 100_000);
      const wanted = { key, reference: name, stated: '已签章', attempts: 1, wantedAt: NOW };
      const row = { stream_id: id, record_key: key, reference: name, stated: '已签章', wanted_at: NOW };
      await database.db('certificate_file').insert({ ...row, next_attempt_at: NOW });
      await saveFile(database.db, id, wanted, { hash, size, judgement }, gotAt);
      return hash;
    };
    // K1 names no issuer: the stream's unit is, whose code stands in the certificate that signed.
    assert.equal((await issuerOf(database.db, id, 'K1'))?.code, HOUSING);
    await keep('K1', 'sealed.ofd');
    await keep('K2', 'page-added.ofd');
    const lost = await keep('K3', 'old-form.ofd');
    rmSync(join(folder, 'files', pathOf(lost)));
    const first = JSON.parse((await hub('files', 'verify', '--json')).stdout) as Record<string, number>;
    assert.deepEqual(first, { valid: 1, invalid: 1, unsigned: 0, 未核验: 0, changed: 2, damaged: 1 });
    assert.match(
      (await hub('files', 'verify', 'housing-permits')).stdout,
      /✖ 1 份已非存入时的内容.* 1 are not what was stored any more/,
    );
    const shown = await hub('files', 'get', 'housing-permits', 'K1');
    assert.match(shown.stdout, /有效：签章成立，覆盖全文/);
    assert.match(shown.stdout, /无锡市住房和城乡建设局电子证照专用章[^\n]*电子证照签发[^\n]*测试印章管理中心/);
    const [report] = JSON.parse((await hub('files', '--json')).stdout) as FileReport[];
    assert.deepEqual([report?.valid, report?.invalid, report?.unchecked], [1, 1, 1]);
    await database.db('certificate').where({ stream_id: id, record_key: 'K1' }).update({ issuer_name: '无锡市公安局' });
    await hub('files', 'verify', 'housing-permits');
    assert.equal((await filesOf(database.db, 'housing-permits', 'K1'))[0]?.reason.code, 'signer-differs');
    await database.db('certificate').where({ stream_id: id, record_key: 'K1' }).update({ issuer_name: null });
    assert.match((await hub('files', 'verify', 'nothing')).stderr, /nothing/);
  });

  it('conflicts of sources are listed with who says what', async () => {
    const { stdout, code } = await hub('conflicts', '--json');
    assert.equal(code, 1);
    const [conflict, ...others] = JSON.parse(stdout) as { field: string; believed: string; values: unknown[] }[];
    assert.deepEqual(others, []);
    assert.deepEqual(conflict?.values, [
      { stream: 'health-doctors', value: 'cancelled' },
      { stream: 'housing-permits', value: 'valid' },
    ]);
    assert.equal(conflict.believed, 'health-doctors');
  });

  it('marks hold beside the state, and end one by one', async () => {
    const versions: [status: string, marks: string[]][] = [
      ['valid', ['mortgage']],
      ['suspended', ['mortgage', 'suspension']],
      ['valid', ['mortgage']],
    ];
    for (const [index, [status, marks]] of versions.entries())
      await deliver('transport-licences', status, index, 'M1', { number: '锡建施8号', marks });
    const { stdout } = await hub('certificate', '锡建施8号');
    assert.match(stdout, /│ 有效 +│ 抵押 2026-11-21 12:00 +│/);
    assert.match(stdout, /│ +│ − 暂扣 +│/);
    assert.match(stdout, /▲ 来源报当时的标记：两次读取之间开始又结束的标记无从得知/);
    const history = JSON.parse((await hub('certificate', '锡建施8号', '--history', '--json')).stdout) as {
      event: string;
      state: string;
      held: string[];
    }[];
    assert.deepEqual(
      history.map(({ event, state, held }) => [event, state, held]),
      [
        ['签发', 'inForce', ['mortgage']],
        ['暂扣', 'suspended', ['mortgage', 'suspension']],
        ['恢复', 'inForce', ['mortgage']],
      ],
    );
  });

  it('an annual inspection is told by the field that the catalog names, and life after the end by its source', async () => {
    const key = '11010519491231002X-7';
    const versions: [status: string, year: number][] = [
      ['valid', 2024],
      ['valid', 2025],
      ['cancelled', 2025],
      ['valid', 2026],
    ];
    for (const [index, [status, nj]] of versions.entries())
      await deliver('transport-licences', status, index, key, { number: '锡建施7号', extension: { nj } });
    const history = JSON.parse((await hub('certificate', '锡建施7号', '--history', '--json')).stdout) as {
      event: string;
      conflict: boolean;
    }[];
    assert.deepEqual(
      history.map(({ event, conflict }) => (conflict ? `▲ ${event}` : event)),
      ['签发', '年检', '注销', '▲ 恢复'],
    );
    const { stdout, code } = await hub('conflicts', '--lifecycle');
    assert.equal(code, 1);
    assert.match(stdout, /│ 1101\*+2X-7 │ .*│ 锡建施7号 │ 注销 +│ 2026-11-21 12:00:02 │ 有效 +│ 2026-11-21 12:00:03/);
    const unmasked = JSON.parse((await hub('conflicts', '--lifecycle', '--unmasked', '--json')).stdout) as object[];
    assert.deepEqual(
      unmasked.map((row) => 'key' in row && row.key),
      [key],
    );
    const none = await hub('conflicts', '--lifecycle', '--type', 'another');
    assert.deepEqual(
      [none.code, none.stdout.startsWith('没有冲突：') && none.stdout.includes(' No conflicts: ')],
      [0, true],
    );
  });

  it('a certificate that one stream delivers twice is named, with the record that counts', async () => {
    const none = await hub('conflicts', '--duplicates');
    assert.deepEqual([none.code, none.stdout.startsWith('没有重复：')], [0, true], none.stderr);
    for (const [second, key] of [
      [50, 'P1'],
      [52, 'P3'],
      [51, 'P2'],
    ] as const)
      await deliver('land-permits', 'valid', second, key, { number: '锡规9号' });
    await deliver('culture-permits', 'valid', 53, 'C1', { number: '锡规9号' });
    const { stdout, code } = await hub('conflicts', '--duplicates', '--json');
    assert.equal(code, 1);
    const found = JSON.parse(stdout) as { stream: string; counts: string; others: string[] }[];
    assert.deepEqual(
      found.map(({ stream, counts, others }) => [stream, counts, others]),
      [['land-permits', 'P3', ['P2', 'P1']]],
    );
  });

  it('figures come with their formulas, and with the records behind them', async () => {
    const overview = await hub('figures', '--unit', HOUSING);
    assert.equal(overview.code, 0, overview.stderr);
    assert.match(
      overview.stdout,
      / 应归尽归率 │ +归集率 │ 法定及时率 │ 内控及时率 │ 法定按期办结率 │ 内控按期办结率 │.*\n.*\n.*│ +100.00 % │ +50.00 % │( +— │){4} +100.00 % │ +50.00 % │ +— │/,
    );
    assert.match(overview.stdout, /法定时限与内控时限分列，不合计。/);
    assert.match(
      overview.stdout,
      /完整率 = 已填必填项 ÷ 应填必填项。.*\n {2}= required fields filled ÷ required fields\. /,
    );
    const { stdout } = await hub('figures', '--unit', HOUSING, '--figure', '准确率');
    assert.match(stdout, /housing-permits │ +1 │ +1 │ +2 │ +1 │ 50.00 % │/);
    assert.match(stdout, /housing-permits │ date-invalid │ 日期不存在或不合理 │ +1 │/);
    const named = await hub('figures', '--rule', 'date-invalid', '--unit', HOUSING, '--records', '--json');
    const facts = (JSON.parse(named.stdout) as { record: string; fields: string[]; rules: string[] }[]).map(
      ({ record, fields, rules }) => [record, fields, rules],
    );
    assert.deepEqual(facts, [['B1', ['issuedOn'], ['date-invalid']]]);
    const waiting = await hub('figures', '--records', '--rule', 'type-unlisted');
    assert.match(waiting.stderr, /Allowed choices are /);
    assert.match((await hub('figures', '--records')).stderr, /^The records of which figure\?; --figure 归集率\.$/m);
    assert.match(
      (await hub('figures', '--figure', '完成率')).stderr,
      /found “完成率”, expected one of the figures; name one of 应归尽归率, 归集率, 法定及时率/,
    );
  });

  it('what user units report is taken whole or not at all, and the latest report of a month counts', async () => {
    const sheet = join(folder, 'usage.xlsx');
    const head = [
      '单位代码',
      '单位名称',
      '月份',
      '应关联事项',
      '已关联事项',
      '可用证办件',
      '已用证办件',
      '调用次数',
      '成功次数',
    ];
    const row = [HOUSING, '市住建局', '2026-10', '10', '11', '100', '80', '0', '0'];
    writeFileSync(sheet, workbookOf({ 用证: textSheet([head, row]) }));
    const refused = await hub('figures', 'report', sheet, '--by', '王五');
    assert.match(
      refused.stderr,
      /Nothing was taken:\nrow 2, 已关联事项: found “11”, expected at most 应关联事项, 10; correct it/,
    );
    writeFileSync(sheet, workbookOf({ 用证: textSheet([head, row.with(4, '9')]) }));
    assert.equal(
      (await hub('figures', 'report', sheet, '--by', '王五')).stdout,
      '收到用证报告 1 份。 Took 1 reports of 2026-10\n',
    );
    const counts = '--items 10 --items-linked 5 --cases 100 --cases-used 90 --calls 0 --calls-good 0'.split(' ');
    const flags = ['--unit', HOUSING, '--name', '市住建局', '--month', '2026-10', ...counts];
    assert.equal((await hub('figures', 'report', '--by', '王五', ...flags)).code, 0);
    const { stdout } = await hub('figures', '--unit', HOUSING, '--from', '2026-10-01', '--to', '2026-11-01', '--json');
    const { figures } = (JSON.parse(stdout) as { units: [{ figures: Record<string, object> }] }).units[0];
    assert.deepEqual(
      [figures.applicability, figures.application, figures.success],
      [
        { numerator: 5, denominator: 10, share: 0.5 },
        { numerator: 90, denominator: 100, share: 0.9 },
        { numerator: 0, denominator: 0, share: null },
      ],
    );
  });

  it('what a patrol finds is ordered, and given notice of only once its term is over; the assessment has it', async () => {
    const { jurisdiction, calendarTables, calendar } = loadConfig({ folder: config, demo: true });
    await saveRules(database.db, jurisdiction.rules);
    await saveCalendar(database.db, { tables: calendarTables, calendar, dayEnds: '24:00', longest: 60 }, NOW);
    await database.db('discrepancy').insert({
      stream_id: 1,
      subject: 's',
      source_count: 2,
      library_count: 1,
      owner_code: HOUSING,
      // As it was called before.
      owner_name: '住建局',
      opened_at: new Date(Date.now() - 30 * DAY_MS),
    });
    const patrol = await hub('supervise', 'patrol', '--by', '李处长', '--json');
    const [id] = (JSON.parse(patrol.stdout) as { found: number[] }).found;
    const finding = String(id);
    assert.match(
      (await hub('supervise', '--unit', HOUSING)).stdout,
      /已发现 │ 市住房和城乡建设局 +│ 电子督查 differing │.*最长已有 30 天未消除/,
    );
    const order = ['order', finding, '--by', '李处长', '--demand', '消除差异', '--days'];
    assert.match((await hub('supervise', ...order, '61')).stderr, /Expected at most 60 working days/);
    assert.match((await hub('supervise', ...order, '5')).stdout, /督办 │ 市住房和城乡建设局.*消除差异/);
    const file = join(folder, 'notice.html');
    const notice = () =>
      hub('supervise', 'notice', finding, '--by', '李处长', '--number', '锡证督〔2026〕3号', '--out', file);
    assert.match((await notice()).stderr, /^Finding \d+ cannot be done “notice”: its term ends /m);
    assert.equal(existsSync(file), false);
    await database
      .db('obligation')
      .where({ subject: `rectification/${finding}` })
      .update({ due_at: NOW });
    assert.match(
      (await notice()).stdout,
      /^锡证督〔2026〕3号 已送 .* 锡证督〔2026〕3号: notice given to 市住房和城乡建设局; print /,
    );
    assert.match(readFileSync(file, 'utf8'), /<h1>关于市住房和城乡建设局逾期未改正有关问题的督办函<\/h1>/);
    assert.match(
      (await hub('supervise', 'done', finding, '--by', '张三', '--note', '已消除')).stdout,
      /已报整改待复查/,
    );
    assert.match(
      (await hub('supervise', 'recheck', finding, '--by', '李处长')).stderr,
      /cannot be re-checked by its records/,
    );
    assert.match((await hub('supervise', 'recheck', finding, '--passed', '--by', '李处长')).stdout, /复查通过/);
    assert.match((await hub('supervise', 'show', finding)).stdout, /张三: 报告整改完成 \{"note":"已消除"\}/);
    const out = join(folder, 'assessment.xlsx');
    const wrong = await hub('assessment', '--month', '2026-13', '--out', out);
    assert.match(
      wrong.stderr,
      /found “2026-13”, expected either a month or a year; write --month 2026-10 or --year 2026/,
    );
    const written = await hub('assessment', '--year', shanghaiDate(Date.now()).slice(0, 4), '--out', out);
    assert.equal(written.code, 0, written.stderr);
    const book = await openWorkbook(readFileSync(out), 'x');
    assert.deepEqual(sheetRows(book, '整改文书')[1]?.slice(0, 4), [
      finding,
      '市住房和城乡建设局',
      '锡证督〔2026〕3号',
      '李处长',
    ]);
    assert.equal(statSync(out).mode & 0o077, 0);
  });

  it('of a licence made of several it is said which its holder has (一业一证)', async () => {
    const composite = '11100000000013522L099';
    const [{ entry } = { entry: null }] = await entryVersions(database.db, [TYPE]);
    assert.ok(entry);
    const members = [TYPE, '11100000000019713D021'];
    await draftEntries(database.db, [{ ...entry, typeCode: composite, name: '行业综合许可证', members }], 'M', NOW);
    await approveDrafts(database.db, [composite], 'M', NOW);
    await deliver('police-permits', 'valid', 30, 'Z1', { number: '综合1号', typeCode: composite });
    const { stdout } = await hub('certificate', '综合1号');
    assert.match(
      stdout,
      /综合1号[^\n]*│ 中止[^\n]*[^]*综合1号 一业一证，按所含证照为中止 \(by its members\)\n {2}建筑工程施工许可证: \S+号, 有效 \(有效\)\n {2}✖ 11100000000019713D021：持证主体未持有/,
    );
  });

  it('evidence is listed, written as a workbook and checked again', async () => {
    const { id } = await database.db('stream').where({ name: 'housing-permits' }).first<{ id: number }>('id');
    const window = timeWindow(NOW.getTime() - DAY_MS, NOW.getTime());
    const proofId = await startProof(database.db, id, window, new Date());
    await finishProof(database.db, proofId, id, window, { untimed: false, declared: 0 }, new Date());
    const listed = await hub('proofs', '--different');
    assert.match(listed.stdout, /housing-permits .* ✖ 有差异/, listed.stderr);
    const file = join(folder, 'evidence.xlsx');
    assert.match((await hub('proofs', '--out', file)).stdout, /^已写入 .* Wrote 1 proofs/);
    const rows = sheetRows(await openWorkbook(readFileSync(file), 'x'), '差异');
    assert.deepEqual(rows.slice(1), [
      [String(proofId), 'housing-permits', '仅库中有', 'B1'],
      [String(proofId), 'housing-permits', '仅库中有', 'K1'],
    ]);
    const same = await hub('proofs', 'recheck', String(proofId));
    assert.deepEqual([same.code, /^✔ .*一致。 The library holds/.test(same.stdout)], [0, true], same.stderr);
    await deliver('housing-permits', 'cancelled', 40);
    const changed = await hub('proofs', 'recheck', String(proofId));
    assert.equal(changed.code, 1);
    assert.match(changed.stdout, /^✖ .*库内有变。 The library has changed since proof \d+: 1 records then, 1 now, /);
    assert.match((await hub('proofs', 'recheck', '999')).stderr, /There is no proof 999; \.\/hub proofs lists them/);
  });

  it('rejects are listed without what they hold, and handed out in a file for its owner alone', async () => {
    const list = await hub('rejects', 'list');
    assert.match(
      list.stdout,
      /市住房和城乡建设局 │ housing-permits +│ date-invalid │ 日期不存在或不合理 │ issuedOn │ {6}1 │/,
    );
    assert.ok(!list.stdout.includes(NAME));
    const file = join(folder, 'rejects.xlsx');
    assert.match(
      (await hub('rejects', 'export', 'housing-permits', '--out', file)).stdout,
      /^已写入 .* Wrote 1 rejects/,
    );
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const unchanged = await hub('rejects', 'import', 'housing-permits', file);
    assert.equal(
      unchanged.stdout,
      'housing-permits：收到更正数据 0 条。 0 corrected records of housing-permits\n',
      unchanged.stderr,
    );
    writeFileSync(file, readFileSync(file).subarray(0, 500));
    const broken = await hub('rejects', 'import', 'housing-permits', file);
    assert.match(broken.stderr, /: cannot be opened as a workbook/);
  });

  it('no command prints a number of somebody but where that is asked for, which stands in the audit', async () => {
    const person = '11010519491231002X';
    const number = `锡国土${person}号`;
    const key = `P ${person}`;
    await deliver('land-permits', 'valid', 40, key, { number });
    const ticket = {
      source: 'command',
      ticket: null,
      typeCode: null,
      objector: null,
      contact: null,
      number,
      statement: `${person} 有误`,
      raisedAt: NOW,
    };
    const { id } = await openDispute(database.db, ticket, { by: '张三', at: NOW });
    const dispute = String(id);
    for (const command of [
      ['certificate', number],
      ['certificate', number, '--history', '--json'],
      ['dispute'],
      ['dispute', '--json'],
      ['dispute', 'show', dispute, '--json'],
      ['files', 'get', 'land-permits', key],
      ['tasks', '--json'],
      ['gaps'],
    ]) {
      const { stdout, stderr } = await hub(...command);
      assert.notEqual(stdout + stderr, '', command.join(' '));
      assert.ok(!`${stdout}${stderr}`.includes(person), command.join(' '));
    }
    const looks = async (): Promise<object[]> => {
      const query = database.db('audit').where({ role: null }).orderBy('id');
      return query.select<object[]>('action', 'object', 'detail', 'address');
    };
    const before = await looks();
    const { stdout } = await hub('certificate', number, '--unmasked', '--json');
    assert.ok(stdout.includes(key));
    assert.deepEqual((await looks()).slice(before.length), [
      {
        action: 'certificates:personal',
        object: 'certificate-search',
        detail: { found: 1, records: ['land-permits/P 1101******2X'] },
        address: null,
      },
    ]);
    const [entry] = await database.db('audit').where({ role: null }).select<{ actor: string }[]>('actor');
    assert.match(entry?.actor ?? '', /^.+@.+$/);
  });

  it('a day says by which time it is judged, and names the records that came late', async () => {
    const { db } = database;
    const { id } = await getStream(db, 'land-permits');
    const early = new Date(NOW.getTime() - 4 * DAY_MS);
    await db('stream').where({ id }).update({ activated_at: early });
    await openDays(db, NOW);
    await deliver('land-permits', 'valid', 30, 'LATE 11010519491231002X', {
      number: '锡国土1号',
      issuedOn: '2026-11-20',
    });
    const { code, stdout, stderr } = await hub('day', 'land-permits', '2026-11-20');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^land-permits 2026-11-20: 逾期 \(overdue\), 内控时限 WX-4\.3 第四条/);
    assert.match(stdout, /当日产生：新记录按业务办结时间，没有办结时间的按签发日期，也按源端更新时间.*不设宽限/);
    assert.match(stdout, /迟到的记录 1 条/);
    assert.match(stdout, /│ LATE 1\S*X? +│ 锡国土1号 │ 签发日期 +│ 2026-11-22 12:00 │/);
    assert.ok(!stdout.includes('11010519491231002X'));
    const { records } = JSON.parse((await hub('day', 'land-permits', '2026-11-20', '--json', '--unmasked')).stdout) as {
      records: { key: string; because: string }[];
    };
    assert.deepEqual(
      records.map(({ key, because }) => [key, because]),
      [['LATE 11010519491231002X', 'issue']],
    );
    assert.match((await hub('day', 'land-permits', '2026-01-01')).stderr, /owes no increment of 2026-01-01/);
  });
});
