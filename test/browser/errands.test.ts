import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { PERMISSION_NAMES, ROLES } from '../../domain/access.ts';
import { DISPUTE } from '../../domain/casework/dispute.ts';
import { DAY_MS, shanghaiWallTime } from '../../domain/dates.ts';
import { EVERY_STATE } from '../../domain/ledger/duties.ts';
import { openWorkbook } from '../../connectors/sheets/open.ts';
import { sheetRows } from '../../domain/spreadsheet.ts';
import { openOutage } from '../../store/casework/outages.ts';
import { openObligations } from '../../store/ledger/obligations.ts';
import { latestSyncs } from '../../store/collection/live.ts';
import { getFinding } from '../../store/supervision/findings.ts';
import { listTasks } from '../../store/ledger/tasks.ts';
import { saveUsageList } from '../../store/sharing/usage-lists.ts';
import { act, aDispute, besideField, confirm, Console, HOUSING } from '../support/console.ts';
import { eventually } from '../support/eventually.ts';
import { startLiveHub, type LiveHub } from '../support/live-hub.ts';

const TRANSPORT = '11320200014006550A';
const CULTURE = '11320200014006462U';
const [RIGHT, WRONG] = ['/api/permits?', '/api/permit?'];

const housingFile = (config: string): string => join(config, 'connectors/demo/housing.yaml');
function rewrite(file: string, found: string, wanted: string): void {
  const text = readFileSync(file, 'utf8');
  assert.ok(text.includes(found));
  writeFileSync(file, text.replace(found, wanted));
}

/** The cells of a table's rows, as they are read. */
const rowsOf = async (table: Locator): Promise<string[][]> => {
  const rows = await table.locator('tbody tr:not([aria-hidden])').all();
  return Promise.all(rows.map((row) => row.getByRole('cell').allInnerTexts()));
};

/** Has a page printed: what is on paper, which is nothing that can only be pressed. */
async function printed(page: Page): Promise<string> {
  await page.evaluate('window.print = () => { document.body.dataset.printed = "yes"; }');
  await page.getByRole('button', { name: '打印' }).click();
  await page.locator('body[data-printed]').waitFor();
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.getByRole('navigation').count(), 0);
  assert.equal(await page.getByRole('button').count(), 0);
  const text = await page.locator('body').innerText();
  await page.emulateMedia({ media: 'screen' });
  return text;
}

describe('an errand in the console, from beginning to end', () => {
  let hub: LiveHub;
  let site: Console;
  before(async () => {
    // A department's stream that stops: its address is written down wrong.
    hub = await startLiveHub(300, (config) => rewrite(housingFile(config), RIGHT, WRONG));
    await Promise.all([hub.collect('transport'), hub.collect('culture')]);
    site = await Console.open(hub);
  });
  after(async () => {
    await site.close();
    await hub.stop();
  });

  /** What somebody did to an object, as the audit has it, the latest first. */
  const audited = (actor: string, object: string): Promise<{ action: string; detail: Record<string, unknown> }[]> =>
    hub.db('audit').where({ actor, object }).orderBy('id', 'desc').select('action', 'detail');

  it('a management unit finds the worst unit, orders rectification, gives notice, prints and exports', async () => {
    const received = new Date(Date.now() - 20 * DAY_MS);
    for (let left = 3; left > 0; left--) await aDispute(hub, 'transport-licences', { receivedAt: received });
    await aDispute(hub, 'culture-permits', { receivedAt: received });
    const overdue = await listTasks(hub.db, new Date(), {
      states: ['overdue'],
      basis: 'statutory',
      unit: TRANSPORT,
      limit: 100,
    });
    assert.ok(overdue.length >= 3);
    const { page, faults } = await site.signedIn('management');

    await page.getByRole('table').waitFor();
    const [worst, second] = await page.getByRole('table').getByRole('rowheader').getByRole('link').all();
    assert.equal(await second?.innerText(), '市文化广电和旅游局');
    assert.equal(await worst?.innerText(), '市交通运输局');
    await worst?.click();
    await page.getByRole('heading', { name: '时限任务' }).waitFor();
    const tasks = page.getByRole('table', { name: '时限任务' });
    await tasks.getByText('▲').first().waitFor();
    assert.deepEqual(
      (await rowsOf(tasks)).map(([id]) => Number(id)),
      overdue.map(({ id }) => id),
    );

    await page.getByRole('link', { name: '监督检查' }).click();
    await act(page, '电子督查');
    await page.getByRole('table', { name: '监督检查' }).getByText('新问题').waitFor();
    await page.getByRole('link', { name: '问题整改' }).click();
    const findings = page.getByRole('table', { name: '问题整改' });
    await findings.getByText('市交通运输局').first().waitFor();
    const facts = `逾期未办结的法定时限任务 ${overdue.length} 件（限 0 件）`;
    await findings.getByRole('link', { name: facts }).click();
    await page.getByRole('heading', { name: '市交通运输局' }).waitFor();
    const id = Number(/\/supervision\/(\d+)$/.exec(page.url())?.[1]);

    await page.getByRole('button', { name: '督办', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('改正要求').fill('三项异议立即办结，并报送整改情况');
    await confirm(dialog);
    await besideField(dialog, '期限（工作日）').getByText('请填写期限（工作日）').waitFor();
    await dialog.getByLabel('期限（工作日）').fill('3');
    await confirm(dialog);
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('table', { name: '改正期限' }).getByText('第二十四条').waitFor();
    const order = await printed(page);
    for (const words of [facts, '三项异议立即办结', '督办']) assert.ok(order.includes(words), order);

    // The term passes.
    await hub.db.raw(
      `UPDATE obligation SET started_at = :received, due_at = ends_at, changed_by = 'test' FROM term_end
       WHERE subject = :subject AND start_on = (:received AT TIME ZONE 'Asia/Shanghai')::date
         AND term_end.working_days = obligation.working_days`,
      { received, subject: `rectification/${id}` },
    );
    await page.reload();
    await act(page, '督办函', async (asked) => {
      await confirm(asked);
      await besideField(asked, '文号').getByText('请填写文号').waitFor();
      await asked.getByLabel('文号').fill('锡数通〔2026〕1号');
    });
    await page.getByRole('heading', { name: '关于市交通运输局逾期未改正有关问题的督办函' }).waitFor();
    const notice = await printed(page);
    for (const words of [
      '锡数通〔2026〕1号',
      facts,
      '三项异议立即办结',
      '办理期限为3个工作日（内控时限）',
      '现发督办函',
    ])
      assert.ok(notice.includes(words), notice);

    await page.getByRole('link', { name: '问题整改' }).click();
    await page.getByRole('combobox', { name: '单位' }).fill('交通');
    await page.locator('.ant-select-item-option', { hasText: '市交通运输局' }).click();
    await findings.getByText('市文化广电和旅游局').first().waitFor({ state: 'hidden' });
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'download 导出' }).click();
    const book = await openWorkbook(readFileSync(await (await downloading).path()), 'x');
    const [head, ...rows] = sheetRows(book, '问题整改');
    const column = (name: string): unknown[] => rows.map((row) => row[head?.indexOf(name) ?? -1]);
    const shown = await rowsOf(findings);
    assert.ok(shown.length > 0);
    assert.deepEqual(
      column('编号'),
      shown.map(([number]) => number),
    );
    assert.deepEqual(new Set(column('单位代码')), new Set([TRANSPORT]));
    assert.ok(column('文书文号').includes('锡数通〔2026〕1号'));
    const about = new Map(sheetRows(book, '说明').map(([label, value]) => [label, value]));
    assert.equal(about.get('筛选：单位'), TRANSPORT);
    assert.equal(about.get('行数'), String(rows.length));
    assert.equal(about.get('导出人'), ROLES.management.zh);

    assert.equal((await getFinding(hub.db, id, new Date())).stage, 'noticed');
    assert.deepEqual(
      (await audited('management', `rectification/${id}`)).map(({ action, detail }) => [action, detail.action]),
      [
        ['supervision:order', 'notice'],
        ['supervision:order', 'order'],
      ],
    );
    const patrol = await hub.db('inspection').where({ kind: 'patrol' }).max<{ max: number }[]>('id');
    assert.equal((await audited('management', `inspection/${patrol[0]?.max}`)).length, 1);
    assert.equal((await hub.db('audit').where({ actor: 'management', action: 'export' })).length, 1);
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('an engineer finds why a stream stopped, mends it, checks and runs it, and sees the gap close', async () => {
    const { page, faults } = await site.signedIn('engineer');
    await page.getByRole('link', { name: '归集', exact: true }).click();
    const stopped = page.getByRole('table', { name: '数据流' }).getByRole('row', { name: '建筑工程施工许可证' });
    await stopped.getByText('▲ 已暂停').waitFor();
    await stopped.getByText('GET /api/permit page 1: answered 404; check path, method and body').waitFor();
    assert.ok(!(await latestSyncs(hub.db, new Date())).some(({ stream }) => stream === 'housing-permits'));
    await stopped.getByRole('link', { name: '建筑工程施工许可证' }).click();
    await page.getByRole('alert').getByText('已暂停：源端不接受这个请求').waitFor();
    await page.getByRole('alert').getByText('check path, method and body').waitFor();
    const gaps = page.getByRole('heading', { name: /缺口/ });
    assert.notEqual(await gaps.innerText(), '缺口（0）');
    await page.getByRole('button', { name: '检查' }).click();
    await page.getByText(/检查未通过/).waitFor();
    const result = page.getByRole('alert').filter({ hasText: '检查未通过' });
    await result.getByText('处置：核对连接器文件中的路径').waitFor();

    await page.getByRole('button', { name: '立即归集' }).click();
    const asked = page.getByRole('dialog');
    await confirm(asked);
    await asked.getByText('该数据流已暂停，没有启动').waitFor();
    await page.keyboard.press('Escape');
    await asked.waitFor({ state: 'hidden' });

    rewrite(housingFile(hub.choice.folder), WRONG, RIGHT);
    await eventually(async () => {
      await page.getByRole('button', { name: '检查' }).click();
      await page.getByText(/检查通过|能读取/).waitFor({ timeout: 1_000 });
    });
    await page.getByRole('button', { name: '预览' }).click();
    await page.getByRole('button', { name: '读取一页' }).click();
    const preview = page.getByRole('dialog');
    await preview.getByText('个人信息已遮蔽').waitFor();
    await preview.getByText('映射结果').first().waitFor();
    await page.keyboard.press('Escape');
    await preview.waitFor({ state: 'hidden' });

    // Once the file is mended the hub goes on by itself, too: it may have read the gap, or be reading it.
    await page
      .getByRole('button', { name: '补读此时段' })
      .click({ timeout: 2_000 })
      .catch(() => page.getByRole('button', { name: '立即归集' }).click());
    await eventually(async () => {
      if (await asked.isVisible()) await confirm(asked, 1_000);
      await asked.waitFor({ state: 'hidden', timeout: 1_000 });
    });
    await page.getByRole('heading', { name: '缺口（0）' }).waitFor();
    assert.deepEqual(await hub.gaps('housing'), []);
    assert.deepEqual(
      new Set((await audited('engineer', 'stream/housing-permits')).map(({ detail }) => detail.did)),
      new Set(['check', 'preview', 'run']),
    );
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('an administrator imports a calendar, having seen what it moves', async () => {
    const year = Math.max(...hub.config.calendarTables.map((table) => table.year));
    const next = String(year + 1);
    await openObligations(
      hub.db,
      'dispute-mark',
      [
        {
          subject: 'dispute/0',
          ownerCode: CULTURE,
          ownerName: '市文化广电和旅游局',
          startedAt: new Date(`${year}-12-31T09:00:00+08:00`),
        },
      ],
      { by: 'test', at: new Date() },
    );
    const [task] = await listTasks(hub.db, new Date(), { states: EVERY_STATE, subject: 'dispute/0', limit: 1 });
    const { page, faults } = await site.signedIn('administrator');
    await page.goto(`${site.origin}/tasks/${String(task?.id)}`);
    await page.getByText('日历未公布').first().waitFor();

    await page.getByRole('link', { name: '日历' }).click();
    await page.getByText(next, { exact: true }).click();
    await page.getByText(`${next} 年还没有工作日表`).waitFor();
    await page.getByRole('button', { name: '导入日历' }).click();
    const dialog = page.getByRole('dialog');
    const choose = async (off: string): Promise<void> => {
      const text = `year: ${next}\nversion: "1"\nsource: 国务院办公厅通知\noff: [${off}]\nwork: []\n`;
      const file = { name: `${next}.yaml`, mimeType: 'application/yaml', buffer: Buffer.from(text) };
      await dialog.locator('input[type=file]').setInputFiles(file);
      await eventually(async () => assert.equal(await dialog.getByLabel('日历表（YAML）').inputValue(), text));
    };
    await choose(`${year}-01-01`);
    await dialog.getByRole('button', { name: '预览影响' }).click();
    await besideField(dialog, '日历表（YAML）')
      .getByText(/off\[0\]/)
      .waitFor();
    await choose(`${next}-01-01`);
    await dialog.getByRole('button', { name: '预览影响' }).click();
    await dialog.getByText(/法定时限：移动 \d+ 项未办结任务的到期时间/).waitFor();
    await dialog.getByText(/内控时限：移动 \d+ 项未办结任务的到期时间/).waitFor();
    // A table with one holiday is not taken for the whole year’s without somebody saying so.
    await dialog.getByText(`国庆节：${next}-10-0`).waitFor();
    const enable = dialog.getByRole('button', { name: `确认启用 ${next} 年版本 1` });
    assert.equal(await enable.isDisabled(), true);
    await dialog.getByRole('checkbox', { name: '已核对，通知确是如此，仍要启用' }).check();
    const moved = dialog
      .getByRole('table', { name: '移动的任务' })
      .getByRole('row')
      .filter({ has: page.getByRole('link', { name: String(task?.id), exact: true }) });
    const [, owner, , before, then = ''] = await moved.getByRole('cell').allInnerTexts();
    assert.deepEqual([owner, before], ['市文化广电和旅游局', '日历未公布']);
    await enable.click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByText(/依据 国务院办公厅通知/).waitFor();
    await page.getByText('正在按它重算到期时间').waitFor({ state: 'hidden' });
    await page.goto(`${site.origin}/tasks/${String(task?.id)}`);
    await page.getByText('日历版本').waitFor();
    await page.getByText(then).first().waitFor();
    const [counted] = await listTasks(hub.db, new Date(), { states: EVERY_STATE, subject: 'dispute/0', limit: 1 });
    assert.ok(counted?.dueAt);
    assert.equal(then.slice(0, 10), shanghaiWallTime(counted.dueAt.getTime() - 1).slice(0, 10));
    assert.equal((await audited('administrator', `calendar/${next}`))[0]?.action, 'calendar:import');
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('an auditor follows one certificate, finds who did what to it, and can change nothing', async () => {
    const { number, key, typeCode } = await aChanged('culture-permits');
    await saveUsageList(
      hub.db,
      { code: HOUSING, name: '市住房和城乡建设局' },
      [{ code: 'A-1', name: '经营场所核查', scenario: '受理', types: [typeCode] }],
      { by: 'test', at: new Date() },
    );
    const { id } = await aDispute(hub, 'culture-permits', { number });
    const manager = await site.signedIn('management');
    await manager.page.goto(`${site.origin}/disputes/${id}`);
    await act(manager.page, '接收');
    await act(manager.page, '异议标注');
    await manager.page.context().close();

    const { page, faults } = await site.signedIn('auditor');
    const content = page.locator('#content');
    await page.getByRole('link', { name: '证照', exact: true }).click();
    await page.getByRole('searchbox', { name: '证照编号' }).fill(number);
    await page.getByRole('button', { name: '查询' }).click();
    const found = page.getByRole('table', { name: '证照' }).getByRole('row', { name: number });
    await found.getByText('有异议').waitFor();
    await found.getByRole('link', { name: number }).click();

    await content.getByText(`市文化广电和旅游局 · culture-permits · ${key}`).waitFor();
    await content.getByText('签发').waitFor();
    assert.ok((await content.getByRole('listitem').count()) > 1, 'its history has a change');
    assert.match(await content.getByText('持证主体').locator('..').innerText(), /\*{3}/);
    await content.getByRole('row', { name: '经营场所核查' }).waitFor();
    assert.deepEqual(await content.getByRole('button').allInnerTexts(), []);

    await content.getByRole('link', { name: `异议 ${id}` }).click();
    await page.getByRole('heading', { name: `异议 ${id}` }).waitFor();
    assert.deepEqual(await content.getByRole('button').allInnerTexts(), []);
    assert.ok(!(await content.innerText()).includes('13800000000'), 'how the objector is reached is hidden');

    await page.getByRole('link', { name: '审计', exact: true }).click();
    await page.getByRole('searchbox', { name: '对象' }).fill(`dispute/${id}`);
    await page.getByRole('searchbox', { name: '对象' }).press('Enter');
    const entries = page.getByRole('table', { name: '审计' });
    await entries.getByText(PERMISSION_NAMES['disputes:personal'].zh).first().waitFor();
    await page.getByRole('combobox', { name: '操作' }).fill('办理');
    await page.locator('.ant-select-item-option', { hasText: PERMISSION_NAMES['disputes:answer'].zh }).click();
    const by = ['management', ROLES.management.zh, PERMISSION_NAMES['disputes:answer'].zh, `dispute/${id}`];
    await eventually(async () =>
      assert.deepEqual(
        (await rowsOf(entries)).map((row) => row.slice(1)),
        [DISPUTE.actions.mark, DISPUTE.actions.receive].map(({ zh }) => [...by, '127.0.0.1', `操作 ${zh}`]),
      ),
    );
    assert.equal((await hub.db('audit').where({ actor: 'auditor' })).length, 1, 'they only signed in');
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('cases of each kind are taken through the forms that their definitions ask for', async () => {
    /** Chooses in a field of a form, by what the choice is called. */
    const choose = async (dialog: Locator, label: string, option: string): Promise<void> => {
      await dialog.getByRole('combobox', { name: label }).fill(option);
      await dialog.page().locator('.ant-select-item-option:visible', { hasText: option }).click();
      // A list of several choices stays open until something else is pressed.
      await dialog.locator('.ant-modal-title').click();
    };
    const done = async (object: string): Promise<unknown[]> =>
      (await audited('management', object))
        .map(({ detail }) => detail.action)
        .filter((action) => action !== undefined)
        .toReversed();
    const { page, faults } = await site.signedIn('management');

    const dispute = await aDispute(hub, 'culture-permits', { receivedAt: new Date() });
    await page.goto(`${site.origin}/disputes/${dispute.id}`);
    await act(page, '填报核实结果', async (dialog) => {
      await confirm(dialog);
      await besideField(dialog, '答复内容').getByText('请填写答复内容').waitFor();
      await dialog.getByLabel('答复内容').fill('经核实，记载无误');
      await choose(dialog, '核实结果', '异议不成立');
    });
    await act(page, '告知异议人', (dialog) => dialog.getByLabel('告知凭证').fill('通话 0012'));
    await page.getByText('已答复告知').waitFor();
    assert.deepEqual(await done(`dispute/${dispute.id}`), ['verify', 'tell']);

    const [stopped] = await hub.db('stream').where({ name: 'culture-permits' }).select<{ title: string }[]>('title');
    const outage = await openOutage(
      hub.db,
      {
        unit: { code: CULTURE, name: '市文化广电和旅游局' },
        streams: ['culture-permits'],
        kinds: ['collect'],
        cause: '机房断电',
        beganAt: new Date(Date.now() - 3_600_000),
        evidence: null,
      },
      { by: 'test', at: new Date() },
    );
    await page.goto(`${site.origin}/outages/${outage}`);
    await act(page, '确认故障排除', async (dialog) => {
      await dialog.getByText(`${String(stopped?.title)} · culture-permits`).waitFor();
    });
    await act(page, '故障复发', (dialog) => dialog.getByLabel('理由').fill('再次断电'));
    await act(page, '撤回报告', (dialog) => dialog.getByLabel('理由').fill('误报'));
    await page.getByText('已撤回').first().waitFor();
    assert.deepEqual(await done(`outage/${outage}`), ['recover', 'relapse', 'withdraw']);
    assert.deepEqual(await page.locator('#content').getByRole('button').allInnerTexts(), []);

    await page.getByRole('link', { name: '共享申请' }).click();
    await act(page, '提出申请', async (dialog) => {
      await dialog.getByLabel('需要的证照').fill('不动产权证书');
      await dialog.getByLabel('用于哪些事项').fill('积分落户');
    });
    await page.getByRole('heading', { name: /共享申请 \d+/ }).waitFor();
    const share = /\/share-requests\/(\d+)$/.exec(page.url())?.[1] ?? '';
    await act(page, '征求意见', (dialog) => choose(dialog, '单位', '市文化广电和旅游局'));
    await page.getByText('已征求，尚未回复').waitFor();
    await act(page, '发表意见', async (dialog) => {
      await dialog.getByLabel('意见', { exact: true }).fill('可接口共享');
      await choose(dialog, '代为登记的单位', '市文化广电和旅游局');
    });
    await page.getByRole('cell', { name: '可接口共享' }).waitFor();
    await act(page, '作出决定', async (dialog) => {
      await choose(dialog, '结果', '替代方案');
      await dialog.getByLabel('说明').fill('由部门间函询');
    });
    await page.getByText('替代方案').first().waitFor();
    assert.deepEqual(await done(`share/${share}`), ['ask', 'say', 'decide']);
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  /** A certificate of a stream that has changed since it was issued. */
  async function aChanged(name: string): Promise<{ number: string; key: string; typeCode: string }> {
    const row = await hub
      .db('certificate_history as earlier')
      .join('certificate as c', { 'c.stream_id': 'earlier.stream_id', 'c.record_key': 'earlier.record_key' })
      .join('stream', 'stream.id', 'c.stream_id')
      .where('stream.name', name)
      .whereNotIn('c.number', hub.db('dispute').select('number'))
      .first<{ number: string; key: string; typeCode: string } | undefined>({
        number: 'c.number',
        key: 'c.record_key',
        typeCode: 'c.type_code',
      });
    if (!row) throw new Error('no certificate has changed');
    return row;
  }
});
