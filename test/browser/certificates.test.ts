import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { catalogEntrySchema } from '../../settings/schemas/catalog.ts';
import { approveDrafts, draftEntries } from '../../store/library/catalog.ts';
import { getStream } from '../../store/collection/streams.ts';
import { Console } from '../support/console.ts';
import { startLiveHub, type LiveHub } from '../support/live-hub.ts';

const [LICENCE, FOOD, FIRE] = ['11100000000013338W091', '11100000000013338W092', '11100000000013338W093'] as const;
const STREAM = 'culture-permits';

describe('certificates and their catalog in the console', () => {
  let hub: LiveHub;
  let site: Console;
  before(async () => {
    hub = await startLiveHub(20);
    site = await Console.open(hub);
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
  after(async () => {
    await site.close();
    await hub.stop();
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
