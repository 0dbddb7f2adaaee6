import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Locator, Page } from 'playwright-core';
import { textSheet, workbookOf } from '../../domain/spreadsheet.ts';
import { catalogEntrySchema } from '../../settings/schemas/catalog.ts';
import { approveDrafts, draftEntries } from '../../store/library/catalog.ts';
import { getStream } from '../../store/collection/streams.ts';
import { act, besideField, confirm, Console, HOUSING } from '../support/console.ts';
import { eventually } from '../support/eventually.ts';
import { startLiveHub, type LiveHub } from '../support/live-hub.ts';

const [LICENCE, FOOD, FIRE] = ['11100000000013338W091', '11100000000013338W092', '11100000000013338W093'] as const;
const STREAM = 'culture-permits';
const PERMIT = '11100000000013338W011';
const COLUMNS = ['事项编码', '事项名称', '应用场景', '证照类型代码', '字段', '用证方式', '依据'];

// One hub, whose start is dear: each half has streams and types of its own.
describe('certificates, in a browser', () => {
  let hub: LiveHub;
  let site: Console;
  before(async () => {
    hub = await startLiveHub(60);
    site = await Console.open(hub);
  });
  after(async () => {
    await site.close();
    await hub.stop();
  });

  describe('and their catalog', () => {
    before(async () => {
      const unit = { name: '市市场监督管理局', code: '11320200MB1912388T' };
      const entry = (typeCode: string, name: string, change: object) =>
        catalogEntrySchema.parse({ typeCode, name, category: '证照', issuer: unit, publicity: 'public', ...change });
      const entries = [
        entry(LICENCE, '行业综合许可证', { members: [FOOD, FIRE], holders: ['legal', 'unincorporated'] }),
        entry(FOOD, '食品经营许可证', { holders: ['legal'], sources: ['kept-to-ourselves'] }),
        entry(FIRE, '消防安全检查合格证', { publicity: 'shared' }),
      ];
      await draftEntries(hub.db, entries, unit.code, new Date());
      await approveDrafts(
        hub.db,
        entries.map(({ typeCode }) => typeCode),
        'management',
        new Date(),
      );
      await deliver('L1', '综2026-1', LICENCE, '01', 'valid', null);
      await deliver('F1', '食2026-1', FOOD, '02', 'valid', ['mortgage']);
      await deliver('F1', '食2026-1', FOOD, '03', 'suspended', ['mortgage', 'suspension']);
      await deliver('F1', '食2026-1', FOOD, '04', 'valid', ['mortgage']);
    });

    /** One version of a certificate, of a day of January. */
    async function deliver(
      key: string,
      number: string,
      type: string,
      day: string,
      status: string,
      marks: string[] | null,
    ): Promise<void> {
      const { id } = await getStream(hub.db, STREAM);
      await hub.db.raw(
        `INSERT INTO certificate (stream_id, record_key, number, type_code, name, issued_on, long_term, holders, status,
         raw_status, extension, content_hash, source_updated_at, batch_id, recorded_at, marks)
       VALUES (:id, :key, :number, :type, '证', '2026-01-01', true, '[{"name": "甲", "code": "H-9", "codeType": "099"}]',
         :status, :status, '{}', convert_to(:at, 'UTF8'), :at, 0, :at, :marks)
       ON CONFLICT (stream_id, record_key) DO UPDATE SET source_updated_at = excluded.source_updated_at,
         recorded_at = excluded.recorded_at, status = excluded.status, content_hash = excluded.content_hash,
         marks = excluded.marks`,
        { id, key, number, type, status, at: `2026-01-${day}T09:00:00+08:00`, marks: marks && JSON.stringify(marks) },
      );
    }

    it('show the marks that hold and those that ended, with what is not known of them', async () => {
      const { page, faults } = await site.signedIn('auditor');
      await page.goto(`${site.origin}/certificates/${STREAM}/F1`);
      const marks = page.getByRole('table', { name: '状态标记' });
      const row = (mark: string) => marks.getByRole('row', { name: mark });
      assert.match(await row('抵押').innerText(), /2026-01-02 09:00[^]*首次归集时已有[^]*仍在/);
      assert.match(await row('暂扣').innerText(), /2026-01-03 09:00[^]*2026-01-04 09:00[^]*不早于 2026-01-03 09:00/);
      await page.getByText('两次读取之间开始又结束的标记无从得知').waitFor();
      const states = await page.getByRole('listitem').filter({ hasText: '恢复' }).innerText();
      assert.match(states, /状态标记 暂扣/);
      assert.deepEqual(faults, []);
      await page.context().close();
    });

    it('a licence of several stands as its members do', async () => {
      const { page, faults } = await site.signedIn('auditor');
      await page.goto(`${site.origin}/certificates/${STREAM}/L1`);
      const members = page.getByRole('table', { name: '成员证照' });
      assert.match(await members.getByRole('row', { name: '食品经营许可证' }).innerText(), /食2026-1\s+✔ 有效/);
      assert.match(await members.getByRole('row', { name: '消防安全检查合格证' }).innerText(), /持证主体没有/);
      await page.getByText('状态随成员证照').locator('..').getByText('中止').waitFor();
      assert.deepEqual(faults, []);
      await page.context().close();
    });

    it('everybody sees the catalog that is open, and nothing of the hub', async () => {
      const { page, faults } = await site.visit();
      await page.goto(`${site.origin}/public/catalog`);
      const entries = page.getByRole('table', { name: '公开目录' });
      assert.match(await entries.getByRole('row', { name: LICENCE }).innerText(), /法人、非法人组织/);
      const text = await page.locator('body').innerText();
      assert.ok(!text.includes('消防安全检查合格证') && !text.includes(FIRE) && !text.includes('kept-to-ourselves'));
      assert.equal(await page.getByRole('navigation').count(), 0);
      await page.getByRole('searchbox', { name: '名称或代码' }).fill('食品');
      await page.getByRole('searchbox', { name: '名称或代码' }).press('Enter');
      await entries.getByRole('row', { name: LICENCE }).waitFor({ state: 'hidden' });
      await entries.getByRole('row', { name: FOOD }).waitFor();
      assert.deepEqual(faults, []);
      await page.context().close();
    });
  });

  describe('in use', () => {
    let held: { number: string; code: string; name: string };
    before(async () => {
      await hub.collect('housing');
      const { rows } = await hub.db.raw<{ rows: (typeof held)[] }>(
        `SELECT number, holders->0->>'code' AS code, holders->0->>'name' AS name FROM certificate
       WHERE type_code = :PERMIT AND status = 'valid' AND jsonb_array_length(holders) = 1 LIMIT 1`,
        { PERMIT },
      );
      held = rows[0]!;
    });

    const open = async (page: Page, name: string): Promise<void> => {
      await page.getByRole('link', { name, exact: true }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
    };
    /** Chooses in a field, by what is typed; `option`: of several that are found. */
    const choose = async (within: Locator, label: string, typed: string, option?: RegExp): Promise<void> => {
      await within.getByRole('combobox', { name: label }).fill(typed);
      await within
        .page()
        .locator('.ant-select-item-option:visible', { hasText: option ?? typed })
        .click();
    };
    const accessible = async (page: Page): Promise<void> => {
      // What is under the mouse has other colours.
      await page.mouse.move(0, 0);
      const { violations } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(
        violations.map(({ id, nodes }) => `${page.url()}: ${id} ${nodes[0]?.html}`),
        [],
      );
    };

    it('a clerk is refused, applies, is granted, calls, and the log shows it with its receipt', async () => {
      const clerk = await site.signedIn('user');
      const { page } = clerk;
      const content = page.locator('#content');
      assert.equal(await page.getByRole('link', { name: '证照', exact: true }).count(), 0, 'no look round the library');
      const ask = async (business: string): Promise<void> => {
        await content.getByLabel('持证主体代码').fill(held.code);
        await content.getByLabel('持证主体名称').fill(held.name);
        await content.getByLabel('业务流水号').fill(business);
        await content.getByLabel('用证事由').fill('办理竣工备案');
        await content.getByRole('button', { name: '查询' }).click();
      };

      await open(page, '试调用');
      await content.getByLabel('事项编码').fill('A-1');
      await content.getByLabel('应用场景').fill('受理');
      await choose(content, '证照类型', '建筑工程施工许可证');
      await ask('B-2026-1');
      await page.getByRole('alert').getByText('已拒绝：用证清单中没有这个事项').waitFor();
      await content.getByText('✔ 已签').waitFor();
      await accessible(page);
      await act(page, '提出共享申请', async (dialog) => {
        assert.equal(await dialog.getByLabel('事项编码').inputValue(), 'A-1');
        assert.equal(await dialog.getByLabel('应用场景').inputValue(), '受理');
        await confirm(dialog);
        await besideField(dialog, '事项名称').getByText('请填写事项名称').waitFor();
        await dialog.getByLabel('事项名称').fill('竣工备案');
        await choose(dialog, '需要读取的字段', '建设地址');
        await dialog.locator('.ant-modal-title').click();
      });
      await page.getByRole('heading', { name: '申请的授权' }).waitFor();
      await content.getByText('竣工备案 A-1').waitFor();
      const request = Number(/\/share-requests\/(\d+)$/.exec(page.url())?.[1]);

      const manager = await site.signedIn('management');
      await manager.page.goto(`${site.origin}/share-requests/${request}`);
      await act(manager.page, '作出决定', async (dialog) => {
        await choose(dialog, '结果', '同意', /^同意$/);
        await dialog.getByLabel('说明').fill('同意接口共享');
      });
      await manager.page.getByText(/已授权 \d+/).waitFor();
      await accessible(manager.page);
      assert.deepEqual(manager.faults, []);
      await manager.page.context().close();

      await open(page, '试调用');
      await choose(content, '授权', '竣工备案');
      await ask('B-2026-2');
      await content.getByText(held.number, { exact: true }).waitFor();
      await content.getByText('建设地址').waitFor();
      await content.getByText('✔ 已签').waitFor();
      await accessible(page);
      await content.getByLabel('持证主体名称').fill('另一人');
      await content.getByRole('button', { name: '查询' }).click();
      await content.getByText('查无此证照').waitFor();

      await open(page, '用证日志');
      const log = page.getByRole('table', { name: '用证日志' });
      await log.getByText('办理竣工备案').first().waitFor();
      const outcomes = await log.locator('tbody .mark').allInnerTexts();
      assert.deepEqual(outcomes, ['○ 查无', '✔ 已答复', '▲ 已拒绝']);
      await accessible(page);
      const called = log.getByRole('row', { name: 'B-2026-2' }).filter({ hasText: '已答复' });
      await called.getByRole('button', { name: '已签' }).click();
      const shown = page.getByRole('dialog');
      await shown.getByText('✔ 已签').waitFor();
      const downloading = page.waitForEvent('download');
      await shown.getByRole('link', { name: /下载回执与证明/ }).click();
      const receipt = JSON.parse(readFileSync(await (await downloading).path(), 'utf8')) as {
        text: string;
        proof: { signatures: unknown[] } | null;
      };
      assert.equal(receipt.proof?.signatures.length, 2);
      for (const words of ['B-2026-2', HOUSING, 'A-1', '受理']) assert.ok(receipt.text.includes(words), receipt.text);
      assert.ok(!receipt.text.includes(held.code));
      await page.keyboard.press('Escape');
      await shown.waitFor({ state: 'hidden' });
      await choose(content, '结果', '已拒绝');
      await eventually(async () => assert.deepEqual(await log.locator('tbody .mark').allInnerTexts(), ['▲ 已拒绝']));
      assert.deepEqual(clerk.faults, []);
      await page.context().close();
    });

    it('a unit hands its list in, told what is wrong in it; the management unit sees what it grants, and approves', async () => {
      const clerk = await site.signedIn('user');
      const { page } = clerk;
      const row = ['B-1', '竣工验收', '查验', PERMIT, '证照编号、建设地址', '查询、核验', '第十一条'];
      const book = (...rows: string[][]) => ({
        name: '用证清单.xlsx',
        mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
        buffer: workbookOf({ 用证清单: textSheet([COLUMNS, ...rows]) }),
      });
      await open(page, '用证清单');
      await page.getByText('还没有提交过用证清单').waitFor();
      await act(page, '提交清单', async (dialog) => {
        const file = dialog.locator('input[type=file]');
        await file.setInputFiles(book([...row.slice(0, 4), '高度', '查找', '']));
        await dialog.getByText('用证清单.xlsx').waitFor();
        await confirm(dialog);
        const faults = dialog.locator('.ant-form-item-explain-error');
        await faults.filter({ hasText: '第 2 行，用证方式' }).waitFor();
        await file.setInputFiles(book(row));
        await eventually(async () => assert.equal(await faults.count(), 0));
      });
      await page.getByRole('heading', { name: /用证清单 · 市住房和城乡建设局/ }).waitFor();
      await page.getByText('◆ 待审定').waitFor();
      await page.getByRole('table', { name: '清单内容' }).getByText('竣工验收').waitFor();
      await accessible(page);

      const manager = await site.signedIn('management');
      await manager.page.goto(`${site.origin}/usage-lists/${HOUSING}`);
      const approve = async (version: number, told: RegExp): Promise<void> => {
        await manager.page.reload();
        await act(manager.page, `审定第 ${version} 版`, async (dialog) => {
          await dialog.getByText(told).waitFor();
        });
        await manager.page.getByText('✔ 已审定').waitFor();
      };
      await approve(1, /将授权 1 项/);
      await page.goto(`${site.origin}/usage-lists`);
      await act(page, '提交清单', async (dialog) => {
        const changed = [...row.slice(0, 4), '证照编号', ...row.slice(5)];
        await dialog
          .locator('input[type=file]')
          .setInputFiles(book(changed, ['B-2', '档案查询', '查验', PERMIT, '', '', '']));
        await dialog.getByText('用证清单.xlsx').waitFor();
      });
      const changes = page.getByRole('table', { name: '与上一版相比' });
      await changes.getByText('◆ 变更').waitFor();
      await changes.getByText('✔ 新增').waitFor();
      await accessible(page);
      await approve(2, /将终止 1 项/);

      await open(manager.page, '用证授权');
      const grants = manager.page.getByRole('table', { name: '用证授权' });
      await grants.getByRole('row', { name: '档案查询' }).getByRole('button', { name: '终止' }).click();
      const ending = manager.page.getByRole('dialog');
      await ending.getByLabel('理由').fill('不再需要');
      await confirm(ending);
      await grants.getByRole('row', { name: '档案查询' }).waitFor({ state: 'hidden' });
      await manager.page.getByRole('checkbox', { name: '含已终止的' }).click();
      await grants.getByText('不再需要').waitFor();
      await accessible(manager.page);
      await open(manager.page, '用证监测');
      await manager.page
        .getByRole('table', { name: '各单位用证情况' })
        .getByText('市住房和城乡建设局')
        .first()
        .waitFor();
      await accessible(manager.page);

      await open(page, '共享目录');
      const type = page.getByRole('row', { name: '建筑工程施工许可证' });
      await type.getByText('建设地址').waitFor();
      await type.getByRole('button', { name: '申请' }).click();
      await page.getByRole('dialog').getByText('提出共享申请 · 建筑工程施工许可证').waitFor();
      assert.deepEqual([...clerk.faults, ...manager.faults], []);
      await manager.page.context().close();
      await page.context().close();
    });
  });
});
