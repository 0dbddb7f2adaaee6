import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { DEPARTMENTS } from '../departments/departments.ts';
import { launchBrowser } from '../support/console.ts';
import { eventually } from '../support/eventually.ts';
import { startLiveHub, type LiveHub } from '../support/live-hub.ts';

describe('in a browser', () => {
  let hub: LiveHub;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];
  before(async () => {
    hub = await startLiveHub(600);
    await Promise.all(DEPARTMENTS.map((id) => hub.collect(id)));
    browser = await launchBrowser();
    page = await browser.newPage({ locale: 'zh-CN', viewport: { width: 1400, height: 900 } });
    page.on('pageerror', (error) => faults.push(error.message));
  });
  after(async () => {
    await browser.close();
    await hub.stop();
  });
  const text = (): Promise<string> => page.locator('body').innerText();
  const until = async (wanted: RegExp): Promise<string> => {
    await page.getByText(wanted).first().waitFor({ timeout: 30_000 });
    return text();
  };

  it('Temporal’s list names what runs, of which stream', async () => {
    await page.goto(`${hub.addresses.temporalUi ?? ''}/namespaces/default/workflows`);
    await until(/daily:housing-permits-/);
    const list = await text();
    for (const wanted of [
      'return:province-return',
      'daily:health-doctors-',
      'sync:',
      'dailyAggregation',
      'Running',
      'Completed',
    ]) {
      assert.ok(list.includes(wanted), `${wanted} is not in:\n${list}`);
    }
    assert.ok(!list.includes('Failed'), list);
  });

  it('a day’s run tells in Chinese what it is, how far it is and what it waits for', async () => {
    await page.locator('a', { hasText: 'daily:housing-permits-' }).first().click();
    // Until the cut-off, or afterwards, for what the evening brings.
    await until(/等待(日终 21:00|零点)/);
    assert.match(await text(), /核定时限任务[^]*计算未覆盖区间[^]*截止 /);
    await page.getByText('User Metadata').click();
    // The UI shows what workflows write as Markdown, each piece in a frame of its own.
    await eventually(async () => {
      const frames = await Promise.all(page.frames().map((frame) => frame.locator('body').innerText()));
      assert.ok(frames.some((shown) => shown.includes('每日归集 · 建筑工程施工许可证')));
      assert.ok(frames.some((shown) => /增量 · 限 \d\d-\d\d 00:00 前\s+已归集/.test(shown)));
    });
    await page.getByText('Search Attributes').click();
    const attributes = await until(/HubDueAt/);
    assert.match(attributes, /HubKind[^]{0,40}每日归集/);
    assert.match(attributes, /HubUnit[^]{0,40}市住房和城乡建设局/);
  });

  it('schedules say when they run', async () => {
    await page.goto(`${hub.addresses.temporalUi ?? ''}/namespaces/default/schedules`);
    const shown = await until(/daily:housing-permits/);
    for (const wanted of ['return:province-return', 'daily:health-doctors', 'daily:transport-licences'])
      assert.ok(shown.includes(wanted));
  });

  it('the health page says in both languages that all is well, and stands on its own', async () => {
    const { server } = hub.config.settings;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`http://${server.host}:${server.port}/health`);
    assert.equal(await page.title(), '电子证照枢纽 · 健康状态');
    const shown = await text();
    assert.match(shown, /状态 status\s+● 正常 ok/);
    assert.match(shown, /工作进程 workers 1/);
    assert.match(shown, /缺口 gaps\s+0/);
    assert.match(shown, /逾期 overdue 0 · (临期 due soon \d+ · )?未到期 open \d+ · 按期办结 met 7/);
    assert.deepEqual(
      asked.filter((path) => path !== '/health' && path !== '/favicon.ico'),
      [],
    );
    assert.deepEqual(faults, []);
  });
});
