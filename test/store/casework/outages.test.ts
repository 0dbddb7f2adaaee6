import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Knex } from 'knex';
import type { OutageStep } from '../../../domain/casework/outage.ts';
import { actOnCase } from '../../../store/casework/cases.ts';
import {
  advanceOutage,
  listOutages,
  openOutage,
  OUTAGES,
  requireOutage,
  settleBackfill,
  type OutageStream,
} from '../../../store/casework/outages.ts';
import { eventsOf } from '../../../store/ledger/obligations.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { at, deadlines, enact } from '../../support/law/enact.ts';
import { newStream } from '../../support/library.ts';

const BEGAN = at('2026-11-23T08:00:00');

describe('outages', () => {
  let database: TestDatabase;
  let db: Knex;
  let stream: string;
  let other: string;
  let id: number;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    await enact(db, 'wuxi', BEGAN);
    ({ name: stream } = await newStream(db));
    ({ name: other } = await newStream(db));
  });
  after(() => database.drop());
  beforeEach(async () => {
    const report = {
      unit: { code: 'U1', name: '市住建局' },
      streams: [stream, other],
      kinds: ['collect' as const],
      cause: '机房断电',
      beganAt: BEGAN,
      evidence: null,
    };
    id = await openOutage(db, report, { by: '张三', at: at('2026-11-23T09:00:00') });
  });

  const act = (step: OutageStep, when: string) => actOnCase(db, OUTAGES, id, step, { by: '张三', at: at(when) });
  const recover = (streams: string[] | null, when: string) => act({ action: 'recover', streams }, when);
  const of = async (name: string): Promise<OutageStream> =>
    (await requireOutage(db, id)).streams.find((own) => own.stream === name)!;
  const due = async (): Promise<string[]> =>
    (await deadlines(db, `outage/${id}`, at('2026-11-24T12:00:00'))).map((line) =>
      line.split(' ').slice(0, 3).join(' '),
    );
  const events = async (): Promise<string[]> => (await eventsOf(db, `outage/${id}`)).map(({ what }) => what);

  it('what was proven of a round that is over settles nothing of the next', async () => {
    await recover([stream], '2026-11-23T10:00:00');
    const [began] = (await advanceOutage(db, id, at('2026-11-23T10:01:00'))).backfill;
    assert.deepEqual([began?.stream, began?.round], [stream, 1]);
    // While its proof is under way the fault comes again, and is cleared again.
    await act({ action: 'relapse', streams: [stream], reason: '再次断电' }, '2026-11-23T11:00:00');
    const late = { stream, round: 1, proofs: [1] };
    assert.equal(await settleBackfill(db, id, late, at('2026-11-23T11:30:00')), false);
    await recover([stream], '2026-11-23T12:00:00');
    await advanceOutage(db, id, at('2026-11-23T12:01:00'));

    assert.equal(await settleBackfill(db, id, late, at('2026-11-23T12:02:00')), false);
    assert.deepEqual([(await of(stream)).provenAt, (await of(stream)).proofs], [null, null]);
    assert.ok((await due()).includes(`/${stream} WX-10b cancelled`), (await due()).join('; '));
    assert.ok((await due()).includes(`/${stream}#2 WX-10b open`), (await due()).join('; '));
    assert.ok(!(await events()).includes('proven'));

    assert.equal(await settleBackfill(db, id, { ...late, round: 2, proofs: [2] }, at('2026-11-23T13:00:00')), true);
    assert.deepEqual((await of(stream)).proofs, [2]);
    assert.ok((await due()).includes(`/${stream}#2 WX-10b met`), (await due()).join('; '));
  });

  it('settles nothing that has not recovered, nothing twice, and nothing of a closed one', async () => {
    const proof = { stream, round: 1, proofs: [1] };
    assert.equal(await settleBackfill(db, id, proof, at('2026-11-23T10:00:00')), false);
    await recover(null, '2026-11-23T10:00:00');
    await advanceOutage(db, id, at('2026-11-23T10:01:00'));
    assert.equal(await settleBackfill(db, id, proof, at('2026-11-23T11:00:00')), true);
    assert.equal(await settleBackfill(db, id, { ...proof, proofs: [9] }, at('2026-11-23T12:00:00')), false);
    assert.deepEqual((await of(stream)).proofs, [1]);
    await act({ action: 'withdraw', reason: '误报' }, '2026-11-23T13:00:00');
    assert.equal(await settleBackfill(db, id, { ...proof, stream: other }, at('2026-11-23T14:00:00')), false);
  });

  it('is closed once all of it is proven and the management unit has confirmed it', async () => {
    await recover(null, '2026-11-23T10:00:00');
    await advanceOutage(db, id, at('2026-11-23T10:01:00'));
    const proven: string[] = [];
    for (const name of [stream, other]) {
      const { outage, backfill } = await advanceOutage(db, id, at('2026-11-23T11:00:00'));
      assert.equal(outage.closedAs, null);
      assert.ok(!backfill.some((each) => proven.includes(each.stream)), 'what is proven is not backfilled again');
      proven.push(name);
      await settleBackfill(db, id, { stream: name, round: 1, proofs: [1] }, at('2026-11-23T11:00:00'));
    }
    assert.equal((await advanceOutage(db, id, at('2026-11-23T12:00:00'))).outage.closedAs, null);
    await act({ action: 'confirm', document: '鄂证〔2026〕1号' }, '2026-11-24T09:00:00');
    assert.equal((await advanceOutage(db, id, at('2026-11-24T09:00:00'))).outage.closedAs, 'backfilled');
    assert.deepEqual(await events(), ['reported', 'recover', 'proven', 'proven', 'confirm', 'closed']);
  });

  it('a stream that several stop has recovered when the last of them is over; one that was a mistake stops nothing', async () => {
    const { name } = await newStream(db);
    const report = {
      unit: { code: 'U1', name: '市住建局' },
      streams: [name],
      kinds: ['collect' as const],
      cause: '机房断电',
      beganAt: BEGAN,
      evidence: null,
    };
    const who = { by: '张三', at: at('2026-11-23T18:00:00') };
    const [first, second, mistaken] = [
      await openOutage(db, report, who),
      await openOutage(db, report, who),
      await openOutage(db, report, who),
    ];
    const over = (one: number, when: string) =>
      actOnCase(db, OUTAGES, one, { action: 'recover', streams: null, recoveredAt: at(when) }, who);
    const cleared = async () => (await advanceOutage(db, first, who.at)).backfill[0]?.to ?? null;
    await over(first, '2026-11-23T10:00:00');
    assert.equal(await cleared(), null);
    await actOnCase(db, OUTAGES, mistaken, { action: 'withdraw', reason: '误报' }, who);
    assert.equal(await cleared(), null);
    await over(second, '2026-11-23T12:00:00');
    assert.deepEqual(await cleared(), at('2026-11-23T12:00:00'));
  });

  it('refuses what cannot be done, by name, and leaves no trace of it', async () => {
    const { version } = await requireOutage(db, id);
    for (const [step, why] of [
      [{ action: 'relapse', streams: null, reason: 'x' }, /“relapse”: none of its streams has recovered/],
      [{ action: 'recover', streams: [stream, 'nothing'] }, /“recover”: found nothing in another state/],
      [
        { action: 'recover', streams: null, recoveredAt: at('2026-11-24') },
        /cleared before it began, or in the future/,
      ],
      [
        { action: 'recover', streams: null, recoveredAt: at('2026-11-22') },
        /cleared before it began, or in the future/,
      ],
    ] as [OutageStep, RegExp][])
      await assert.rejects(act(step, '2026-11-23T10:00:00'), why);
    assert.deepEqual([await events(), (await requireOutage(db, id)).version], [['reported'], version]);
    // In the instant in which it began is not before.
    const { version: then } = await act(
      { action: 'recover', streams: null, recoveredAt: BEGAN },
      '2026-11-23T10:00:00',
    );
    assert.ok(then > version);
    await assert.rejects(
      recover([stream], '2026-11-23T11:00:00'),
      /“recover”: found it backfilling .*, expected stopped/,
    );
  });

  it('is listed by whether it is closed', async () => {
    await act({ action: 'withdraw', reason: '误报' }, '2026-11-23T13:00:00');
    const ids = async (open?: boolean) => (await listOutages(db, { open, limit: 100 })).map((outage) => outage.id);
    assert.deepEqual([(await ids(true)).includes(id), (await ids(false)).includes(id)], [false, true]);
    assert.ok((await ids()).includes(id));
  });
});
