import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { ROLES, type Role } from '../../domain/access.ts';
import { addAccount } from '../../store/console/accounts.ts';
import { findDispute, marksOn } from '../../store/casework/disputes.ts';
import { PASSWORD } from '../support/api.ts';
import { act, aDispute, confirm, Console, signIn } from '../support/console.ts';
import { DAY_MS, shanghaiDate, startOfDayMs } from '../../domain/dates.ts';
import { openDays } from '../../store/collection/days.ts';
import { startLiveHub, type LiveHub } from '../support/live-hub.ts';

describe('the console, in a browser', () => {
  let hub: LiveHub;
  let site: Console;
  before(async () => {
    hub = await startLiveHub(400);
    await hub.collect('housing');
    site = await Console.open(hub);
  });
  after(async () => {
    await site.close();
    await hub.stop();
  });

  /** Pages that axe has looked at for one role already. */
  const analysed = new Set<string | null>();
  for (const role of Object.keys(ROLES) as Role[]) {
    it(`every page of the menu of the ${ROLES[role].en} shows itself, without a fault, as axe wants it`, async () => {
      const { page, faults } = await site.signedIn(role);
      const links = page.getByRole('navigation').getByRole('link');
      const paths = await Promise.all((await links.all()).map((link) => link.getAttribute('href')));
      assert.ok(paths.length > 1);
      const scripts: number[] = [];
      page.on('response', (response) => {
        if (response.url().endsWith('.js')) scripts.push(Number(response.headers()['content-length']));
      });
      for (const path of paths) {
        scripts.length = 0;
        await page.goto(`${site.origin}${path}`);
        await page.locator('h1').waitFor();
        await page.waitForLoadState('networkidle');
        const weight = scripts.reduce((sum, bytes) => sum + bytes, 0);
        assert.ok(weight > 50_000 && weight < 500_000, `${path} brings ${weight} bytes of script, as they are sent`);
        if (analysed.has(path)) continue;
        analysed.add(path);
        const { violations } = await new AxeBuilder({ page }).analyze();
        assert.deepEqual(
          violations.map(({ id, nodes }) => `${path}: ${id} ${nodes[0]?.html}`),
          [],
        );
      }
      assert.deepEqual(faults, []);
      await page.context().close();
    });
  }

  it('a first password is changed before anything else, and what is wrong is said beside its field', async () => {
    await addAccount(
      hub.db,
      { login: 'new', name: '新人', role: 'auditor', unitCode: null },
      { password: PASSWORD, mustChange: true },
      new Date(),
    );
    const { page } = await site.visit();
    await signIn(page, 'new', 'wrong');
    await page.getByText('用户名或密码不正确').waitFor();
    await signIn(page, 'new', PASSWORD);
    await page.getByLabel('当前密码').fill(PASSWORD);
    await page.getByLabel('新密码', { exact: true }).fill('short');
    await page.getByLabel('再输一次新密码').fill('another');
    await page.getByRole('button', { name: '修改密码' }).click();
    await page.locator('.ant-form-item-explain-error', { hasText: '至少 12 个字符' }).waitFor();
    await page.getByText('两次输入不一致').waitFor();
    await page.getByLabel('新密码', { exact: true }).fill('another long password');
    await page.getByLabel('再输一次新密码').fill('another long password');
    await page.getByRole('button', { name: '修改密码' }).click();
    await page.getByRole('navigation').waitFor();
    await page.context().close();
  });

  it('the console speaks English when it is asked to, and remembers', async () => {
    const { page } = await site.signedIn('management');
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    await page.context().close();
  });

  it('what is shown stays while the hub fails, and is said to be old until it answers again', async () => {
    const { page } = await site.signedIn('management');
    await page.goto(`${site.origin}/tasks`);
    const tasks = page.getByRole('table', { name: '时限任务' }).getByRole('row');
    await tasks.nth(1).getByRole('link').first().waitFor();
    const shown = await tasks.count();
    const list = /\/api\/v1\/tasks(\?|$)/;
    await page.route(list, (route) => route.fulfill({ status: 503 }));
    await page.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
    const old = page.getByText('部分内容未能更新，正在重试');
    await old.waitFor();
    assert.equal(await tasks.count(), shown);
    await page.unroute(list);
    await old.waitFor({ state: 'hidden' });
    await page.context().close();
  });

  it('an issuer finds a dispute, receives it, marks the certificate and answers; who was later is told so', async () => {
    const { id, number } = await aDispute(hub, 'housing-permits');
    const { page, faults } = await site.signedIn('issuer');
    await page.getByRole('link', { name: '异议', exact: true }).click();
    await page.getByRole('link', { name: String(id), exact: true }).click();
    await page.getByText('证照上的地址与现场不符').waitFor();
    const late = await site.signedIn('management');
    await late.page.goto(`${site.origin}/disputes/${id}`);
    await late.page.getByRole('button', { name: '异议标注' }).waitFor();

    await act(page, '接收');
    await act(page, '异议标注');
    await page.getByText('证照已作异议标注').waitFor();
    assert.equal((await marksOn(hub.db, [number]))[0]?.dispute, id);

    await late.page.getByRole('button', { name: '异议标注' }).click();
    await confirm(late.page.getByRole('dialog'));
    await late.page.getByText(/发证单位 已于 .* 先行处理/).waitFor();
    await late.page.context().close();

    await page.getByRole('button', { name: '填报核实结果' }).click();
    const dialog = page.getByRole('dialog');
    await confirm(dialog);
    await dialog.locator('.ant-form-item-explain-error').first().waitFor();
    await dialog.getByLabel('核实结果').click();
    await page.locator('.ant-select-item-option', { hasText: '异议不成立' }).click();
    await dialog.getByLabel('答复内容').fill('经现场核实，证照所载地址无误。');
    await confirm(dialog);
    await page.getByText('待告知').first().waitFor();
    const answered = await findDispute(hub.db, id);
    assert.equal(answered?.upheld, false);
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  it('the first page, the figures and a day keep 法定 and 内控 apart, and say what they are judged by', async () => {
    const { db } = hub;
    const now = new Date();
    const day = shanghaiDate(now.getTime() - 2 * DAY_MS);
    await db('stream')
      .where({ name: 'housing-permits' })
      .update({ activated_at: new Date(startOfDayMs(day)) });
    await openDays(db, now);
    // Issued that day, and shown by its source only now.
    await db.raw(
      `INSERT INTO certificate SELECT (jsonb_populate_record(c, jsonb_build_object('record_key', 'LATE-1', 'number', '迟到1号',
         'issued_on', :day::text, 'source_updated_at', :now::timestamptz, 'recorded_at', :now::timestamptz))).*
       FROM certificate c JOIN stream ON stream.id = stream_id WHERE stream.name = 'housing-permits' LIMIT 1`,
      { day, now },
    );
    const { page, faults } = await site.signedIn('management');
    await page.getByRole('heading', { name: '法定时限' }).waitFor();
    await page.getByRole('heading', { name: '内控时限' }).waitFor();
    await page.getByText('归集数据迟到（内控时限）：1 个单位').waitFor();

    await page.goto(`${site.origin}/figures?from=${day}&to=${day}`);
    const units = page.getByRole('table', { name: '各单位指标' });
    for (const head of ['法定时限名次', '内控时限名次', '内控及时率', '法定按期办结率', '内控按期办结率'])
      await page.getByRole('columnheader', { name: head }).first().waitFor();
    await page.getByText(/^名次：法定名次按法定及时率、内控名次按内控及时率由高到低/).waitFor();
    await page.getByText('法定时限与内控时限分列，不合计').waitFor();
    assert.equal((await units.getByText('无应办').count()) > 0, true);
    await units
      .getByTitle(/内控及时率差/)
      .first()
      .click();
    await page.getByText(`按签发日期属于 ${day}`).waitFor();

    await page.goto(`${site.origin}/streams/housing-permits`);
    await page.getByRole('link', { name: new RegExp(`^${day} `) }).click();
    await page.getByRole('heading', { name: new RegExp(day) }).waitFor();
    await page.getByText(/^当日产生：新记录按业务办结时间，没有办结时间的按签发日期/).waitFor();
    const late = page.getByRole('table', { name: '迟到的记录' });
    for (const words of ['LATE-1', '迟到1号', '签发日期']) await late.getByText(words).waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(
      violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`),
      [],
    );
    assert.deepEqual(faults, []);
    await page.context().close();
  });
});
