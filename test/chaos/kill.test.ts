import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { DEPARTMENTS } from '../departments/departments.ts';
import { seeded } from '../departments/random.ts';
import { eventually } from '../support/eventually.ts';
import { startLiveHub, type LiveHub } from '../support/live-hub.ts';

const PARTS = ['worker', 'postgres', 'temporal'] as const;
/** Printed with a failure, and read from the environment to see it again. */
const SEED = Number(process.env.HUB_CHAOS_SEED ?? Date.now());

describe(`killing the hub’s parts at random moments (HUB_CHAOS_SEED=${SEED})`, () => {
  let hub: LiveHub;
  /** Batches that were acknowledged although the database did not hold them whole. */
  const early: string[] = [];
  before(async () => {
    hub = await startLiveHub(15_000);
    hub.departments.get('province').onAcknowledge = async (batch) => {
      const safe = await eventually(async () => {
        const { rows } = await hub.db.raw<{ rows: unknown[] }>(
          `SELECT FROM batch b WHERE source_batch = ? AND state = 'complete'
             AND declared = (SELECT sum(accepted + unchanged + rejected) FROM batch_page p
               WHERE p.batch_id = b.id AND p.attempt = b.attempt)`,
          [batch],
        );
        return rows.length === 1;
      }, 60_000);
      if (!safe) early.push(batch);
    };
  });
  after(() => hub.stop());

  it('ends in the same state: nothing lost, nothing doubled, no batch acknowledged before it was safe', async () => {
    const random = seeded(SEED);
    const work = Promise.all(DEPARTMENTS.map((id) => hub.collect(id)));
    work.catch(() => undefined); // looked at below
    const killed: string[] = [];
    for (let round = 0; round < 9; round++) {
      if ((await Promise.race([work, wait(500 + random() * 4_000, 'running')])) !== 'running') break;
      const part = PARTS[round % PARTS.length] ?? 'worker';
      killed.push(part);
      await hub.kill(part);
    }
    await work;
    await hub.recovered();
    assert.ok(killed.length >= 3, `only ${killed.join(', ')} was killed before the work was done`);

    for (const id of DEPARTMENTS) {
      await eventually(async () => {
        assert.equal(await hub.difference(id), null);
        assert.deepEqual(await hub.gaps(id), []);
      }, 60_000);
    }
    assert.deepEqual(early, []);
    const { acknowledgements } = hub.departments.get('province');
    const batches = await hub.db.raw<{ rows: { id: string }[] }>(
      `SELECT DISTINCT source_batch AS id FROM batch JOIN stream ON stream.id = stream_id
       WHERE stream.name = 'province-return' ORDER BY 1`,
    );
    assert.deepEqual(
      [...new Set(acknowledgements.map(({ batch }) => batch))].sort(),
      batches.rows.map(({ id }) => id),
    );

    const doubled = await hub.db.raw<{ rows: unknown[] }>(
      `SELECT record_key FROM certificate_history h WHERE EXISTS (SELECT FROM certificate c
         WHERE c.stream_id = h.stream_id AND c.record_key = h.record_key AND c.source_updated_at = h.source_updated_at)`,
    );
    assert.deepEqual(doubled.rows, [], 'a version was written twice');
  });
});
