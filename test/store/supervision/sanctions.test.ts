import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import type { HubConfig } from '../../../settings/load.ts';
import type { FindingStep } from '../../../domain/supervision/findings.ts';
import { itemOf } from '../../../domain/supervision/sanctions.ts';
import { actOnCase } from '../../../store/casework/cases.ts';
import { changesOf, eventsOf, meetObligations, openObligations } from '../../../store/ledger/obligations.ts';
import { findTask, listTasks } from '../../../store/ledger/tasks.ts';
import { exempt } from '../../../store/supervision/exemptions.ts';
import { findEvidence } from '../../../store/casework/evidence.ts';
import { findingsUnder, getFinding, giveNotice } from '../../../store/supervision/findings.ts';
import { findByHand, findOverdue, runPatrol } from '../../../store/supervision/inspections.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { at, enact } from '../../support/law/enact.ts';

const UNIT = { code: 'U1', name: '甲局' };
const who = (when: string) => ({ by: '李处长', at: at(when) });
const ARTICLE = /第[一二三四五六七八九十]+条/;

/** A city's regulation in force, with a deadline of a unit that has long been overdue. */
async function cityOf(db: Knex, city: string): Promise<HubConfig> {
  const config = await enact(db, city, at('2026-10-01'));
  const startedAt = at('2026-10-12T10:00:00');
  await openObligations(
    db,
    'contact',
    [{ subject: 'contact/U1', ownerCode: UNIT.code, ownerName: UNIT.name, startedAt }],
    who('2026-10-12T10:00:00'),
  );
  // Where the order is the regulation’s own, nothing internal leads to it.
  if (city === 'xuchang')
    await openObligations(
      db,
      'dispute-answer',
      [{ subject: 'dispute/9', ownerCode: UNIT.code, ownerName: UNIT.name, startedAt }],
      who('2026-10-12T10:00:00'),
    );
  return config;
}

const textOf = (document: string): string =>
  document
    .replace(/<style>[^]*<\/style>/, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');

for (const [city, { order, notice, exemption, basis }] of Object.entries({
  wuxi: { order: '督办', notice: '督办函', exemption: null, basis: 'internal' },
  xuchang: { order: '责令限期改正', notice: '书面通报', exemption: null, basis: 'statutory' },
  keqiao: { order: '督促整改', notice: null, exemption: null, basis: 'internal' },
  ordos: { order: '督办', notice: '督办函', exemption: '第二十一条', basis: 'internal' },
  shanghai: { order: '督办', notice: '督办函', exemption: '第二十四条', basis: 'internal' },
}))
  describe(`sanctions in ${city}`, () => {
    let database: TestDatabase;
    let db: Knex;
    let config: HubConfig;
    before(async () => {
      database = await createDatabase();
      ({ db } = database);
      config = await cityOf(db, city);
    });
    after(() => database.drop());

    const climb = (id: number, step: FindingStep, when: string) =>
      actOnCase(db, findingsUnder(config.jurisdiction.supervision), id, step, who(when));

    it('the ladder is called what the regulation has, and its document cites what it rests on and nothing else', async () => {
      const { supervision } = config.jurisdiction;
      const { found } = await runPatrol(db, supervision.patrol, who('2026-11-02T09:00:00'));
      const id = found[0] ?? 0;
      const item = supervision.items.length === 0 ? undefined : '八';
      const step = { action: 'order', demand: '补报专人', days: 5 } as const;
      if (item !== undefined)
        await assert.rejects(climb(id, step, '2026-11-02T10:00:00'), /has to be said which item .*一、二、三/);
      await climb(id, { ...step, item }, '2026-11-02T10:00:00');
      const [said] = (await eventsOf(db, `rectification/${id}`)).slice(-1);
      assert.equal(said?.what, order);
      const [task] = await listTasks(db, at('2026-11-03'), {
        states: ['open'],
        subject: `rectification/${id}`,
        limit: 1,
      });
      assert.equal(task?.basis, basis);
      const given = giveNotice(db, config.jurisdiction, id, { number: '〔2026〕1号' }, who('2026-11-20T10:00:00'));
      if (notice === null) {
        await assert.rejects(given, /the profile has no document/);
        assert.equal((await getFinding(db, id, at('2026-11-20'))).stage, 'ordered');
        return;
      }
      const text = textOf((await given).document);
      assert.match(text, new RegExp(`对你单位${order}，`));
      assert.match(text, new RegExp(notice));
      assert.doesNotMatch(text, /未规定/);
      if (city === 'xuchang') {
        assert.match(text, /第三十一条第（八）项“其他违反国家、省、市电子证照相关规定的行为”/);
        assert.deepEqual(new Set(text.match(new RegExp(ARTICLE, 'g'))), new Set(['第三十一条']));
        assert.doesNotMatch(text, /内控时限/);
      } else {
        assert.doesNotMatch(text, ARTICLE);
        assert.doesNotMatch(text, /责令|通报|《/);
        assert.match(text, /内控时限/);
      }
    });

    it(exemption === null ? 'nothing can be exempted' : `a deadline can be exempted by ${exemption}`, async () => {
      const { supervision } = config.jurisdiction;
      const [task] = await listTasks(db, at('2026-11-20'), { states: ['overdue'], unit: 'U1', limit: 1 });
      assert.ok(task);
      const given = { cause: '机房断电', document: '容错〔2026〕3号', approver: '王局' };
      const done = exempt(db, supervision, task.id, given, who('2026-11-20T10:00:00'));
      if (exemption === null) {
        await assert.rejects(done, { code: 'exemption-none' });
        assert.equal((await findTask(db, task.id, at('2026-11-20')))?.state, 'overdue');
        return;
      }
      await done;
      const [last] = (await changesOf(db, task.id)).slice(-1);
      assert.deepEqual(
        [last?.by, last?.document, last?.reason],
        ['李处长', '容错〔2026〕3号', { code: 'exempted', cause: '机房断电', approver: '王局', article: exemption }],
      );
      const again = exempt(db, supervision, task.id, given, who('2026-11-20T10:00:00'));
      await assert.rejects(again, { code: 'task-ended' });
      // What may still be met, and what was, is not excused.
      const owner = { ownerCode: UNIT.code, ownerName: UNIT.name, startedAt: at('2026-11-19T10:00:00') };
      await openObligations(db, 'contact', [{ subject: 'contact/new', ...owner }], who('2026-11-19T10:00:00'));
      const [running] = await listTasks(db, at('2026-11-20'), { states: ['open'], subject: 'contact/new', limit: 1 });
      const early = exempt(db, supervision, running?.id ?? 0, given, who('2026-11-20T10:00:00'));
      await assert.rejects(early, { code: 'task-ended' });
      await meetObligations(db, { subjects: ['contact/new'], duty: 'contact' }, who('2026-11-20T11:00:00'));
      const met = exempt(db, supervision, running?.id ?? 0, given, who('2026-12-20T10:00:00'));
      await assert.rejects(met, { code: 'task-ended' });
    });

    it('a finding is entered by hand, with its evidence, under an item where there is a list of them', async () => {
      const { supervision } = config.jurisdiction;
      const content = Buffer.from('照片');
      const evidence = { name: '照片.jpg', content, sha256: hash('sha256', content) };
      const given = { unit: UNIT, facts: '窗口拒收电子营业执照', evidence };
      const items = supervision.items.length === 0 ? [null] : supervision.items.map(({ id }) => id);
      assert.equal(items.length, city === 'xuchang' ? 8 : 1);
      for (const item of items) {
        const id = await findByHand(db, supervision, { ...given, item }, who('2026-11-02T09:00:00'));
        const finding = await getFinding(db, id, at('2026-11-02'));
        assert.deepEqual(
          [finding.kind, finding.stage, finding.unit, finding.evidenceSha256],
          ['hand', 'found', '甲局', evidence.sha256],
        );
        assert.equal(itemOf(supervision, finding)?.id ?? null, item);
        assert.deepEqual((await findEvidence(db, 'finding', id))?.content, content);
        const [event] = await eventsOf(db, `rectification/${id}`);
        assert.deepEqual([event?.by, event?.what], ['李处长', '已发现']);
      }
      const wrong = findByHand(db, supervision, { ...given, item: items[0] === null ? '一' : null }, who('2026-11-02'));
      await assert.rejects(wrong, { code: 'item-unknown' });
    });

    it('what was handed over leaves the ladder: its term is dropped, and nothing follows', async () => {
      const { supervision } = config.jurisdiction;
      const evidence = { name: 'a', content: Buffer.from('a'), sha256: hash('sha256', 'a') };
      const item = supervision.items.length === 0 ? null : '六';
      const id = await findByHand(
        db,
        supervision,
        { unit: UNIT, item, facts: '滥用职权', evidence },
        who('2026-11-02'),
      );
      await climb(id, { action: 'order', demand: '说明情况', days: 20 }, '2026-11-02T10:00:00');
      const transfer = {
        action: 'transfer',
        to: '市纪委监委',
        reference: '移〔2026〕1号',
        reason: '涉嫌违纪',
      } as const;
      const { stage, endedAt } = await climb(id, transfer, '2026-11-03T10:00:00');
      assert.deepEqual([stage, endedAt], ['transferred', at('2026-11-03T10:00:00')]);
      const subject = `rectification/${id}`;
      const [task] = await listTasks(db, at('2027-01-04'), { states: ['cancelled'], subject, limit: 1 });
      assert.deepEqual(task?.reason, { code: 'handed-over' });
      const [event] = (await eventsOf(db, subject)).slice(-1);
      assert.deepEqual(event?.detail, { authority: '市纪委监委', reference: '移〔2026〕1号', reason: '涉嫌违纪' });
      await assert.rejects(climb(id, { action: 'report', note: '' }, '2026-11-04'), /found it transferred/);
    });
  });

describe('items of Xuchang (第三十一条)', () => {
  let database: TestDatabase;
  let db: Knex;
  let config: HubConfig;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    config = await cityOf(db, 'xuchang');
  });
  after(() => database.drop());

  it('an overdue deadline names the item of its rule by itself; what nothing leads to, somebody names', async () => {
    const { supervision } = config.jurisdiction;
    const owner = { ownerCode: UNIT.code, ownerName: UNIT.name, startedAt: at('2026-10-12T10:00:00') };
    await openObligations(db, 'dispute-answer', [{ subject: 'dispute/1', ...owner }], who('2026-10-12T10:00:00'));
    const tasks = await listTasks(db, at('2026-11-02'), { states: ['overdue'], unit: 'U1', limit: 9 });
    const named = await Promise.all(
      tasks.map(async (task) => {
        const id = await findOverdue(db, task, who('2026-11-02T09:00:00'));
        return [task.rule, itemOf(supervision, await getFinding(db, id, at('2026-11-02')))?.id ?? null];
      }),
    );
    assert.deepEqual(Object.fromEntries(named), { 'XC-24': '五', 'XC-29': null });
  });

  it('what is found says whether its term is the law’s or the city’s own, and a notice with it', async () => {
    const { jurisdiction } = config;
    const owner = { ownerCode: 'U2', ownerName: '乙局', startedAt: at('2026-10-12T10:00:00') };
    await openObligations(db, 'contact', [{ subject: 'contact/U2', ...owner }], who('2026-10-12T10:00:00'));
    await openObligations(db, 'dispute-answer', [{ subject: 'dispute/2', ...owner }], who('2026-10-12T10:00:00'));
    const facts: Record<string, string> = {};
    for (const task of await listTasks(db, at('2026-11-02'), { states: ['overdue'], unit: 'U2', limit: 9 })) {
      const id = await findOverdue(db, task, who('2026-11-02T09:00:00'));
      const step = { action: 'order', demand: '办结', days: 3, item: '八' } as const;
      await actOnCase(db, findingsUnder(jurisdiction.supervision), id, step, who('2026-11-02T10:00:00'));
      const number = `〔2026〕${task.rule}号`;
      const { document } = await giveNotice(db, jurisdiction, id, { number }, who('2026-11-20T10:00:00'));
      facts[task.rule] = /时限任务[^<]*/.exec(document)?.[0] ?? '';
      const [event] = (await eventsOf(db, `rectification/${id}`)).slice(-1);
      assert.deepEqual(event?.detail, { number });
    }
    assert.match(facts['XC-24'] ?? '', /（XC-24 第二十四条，法定时限），2026-10-19 24:00 到期/);
    assert.match(facts['XC-29'] ?? '', /（XC-29 第二十九条，内控时限），2026-10-19 24:00 到期/);
  });

  it('a notice that names its item says so in the timeline', async () => {
    const { jurisdiction } = config;
    const evidence = { name: 'a', content: Buffer.from('a'), sha256: hash('sha256', 'a') };
    const found = { unit: UNIT, item: '四', facts: '拒收', evidence };
    const id = await findByHand(db, jurisdiction.supervision, found, who('2026-11-02T09:00:00'));
    const step = { action: 'order', demand: '改正', days: 3 } as const;
    await actOnCase(db, findingsUnder(jurisdiction.supervision), id, step, who('2026-11-02T10:00:00'));
    const given = { number: '〔2026〕9号', item: '八' };
    await giveNotice(db, jurisdiction, id, given, who('2026-11-20T10:00:00'));
    const [event] = (await eventsOf(db, `rectification/${id}`)).slice(-1);
    assert.deepEqual(event?.detail, given);
  });
});
