import assert from 'node:assert/strict';
import axios from 'axios';
import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import pRetry from 'p-retry';
import { HubError } from '../../domain/errors.ts';
import { caseWorkflowId } from '../../domain/ids.ts';
import type { DisputeStep } from '../../domain/casework/dispute.ts';
import { actOnCase } from '../../store/casework/cases.ts';
import { DISPUTES, findDispute, openDispute } from '../../store/casework/disputes.ts';
import { wakeCase } from '../../temporal/cases.ts';
import { HUB_DUE_AT } from '../../workflows/search-attributes.ts';
import { seeded } from '../departments/random.ts';
import { runHub } from '../support/commands/command.ts';
import { openAlerts } from '../../store/ledger/alerts.ts';
import type { Health } from '../../server/health.ts';
import { eventually } from '../support/eventually.ts';
import { startLiveHub, type LiveHub } from '../support/live-hub.ts';

const SEED = Number(process.env.HUB_CHAOS_SEED ?? Date.now());
const CASES = 60;
const PARTS = ['worker', 'temporal', 'postgres'] as const;

describe(`cases of a running hub (HUB_CHAOS_SEED=${SEED})`, () => {
  let hub: LiveHub;
  let ids: number[];
  let env: Record<string, string>;
  before(async () => {
    hub = await startLiveHub(600);
    env = { DATABASE_URL: hub.addresses.databaseUrl, TEMPORAL_ADDRESS: hub.addresses.temporalAddress };
    ids = [];
  });
  after(() => hub.stop());

  const who = () => ({ by: '张三', at: new Date() });
  /** Until it is done: whoever asks tries again when the database was away. */
  const surely = <T>(work: () => Promise<T>): Promise<T> =>
    pRetry(work, {
      retries: 240,
      minTimeout: 250,
      factor: 1,
      shouldRetry: ({ error }) => !isRefusal(error),
    });
  const isRefusal = (error: unknown): boolean => error instanceof HubError && error.message.includes('cannot be done');
  /** Who asks again may be told that it was done before: the database died after it and before it said so. */
  const act = async (id: number, step: DisputeStep): Promise<void> => {
    let asked = 0;
    await surely(() => {
      asked += 1;
      return actOnCase(hub.db, DISPUTES, id, step, who());
    }).catch((error: unknown) => {
      if (asked === 1 || !isRefusal(error)) throw error;
    });
  };
  const obligations = async (): Promise<string[]> => {
    const { rows } = await hub.db.raw<{ rows: { line: string }[] }>(
      `SELECT subject || ' ' || rule || ' ' || due_at || ' ' || started_at AS line FROM obligation
       WHERE workflow_id IS NOT NULL ORDER BY 1`,
    );
    return rows.map(({ line }) => line);
  };

  it('whatever is killed while people work at them, no deadline is lost, doubled or moved, and every case goes on', async () => {
    const random = seeded(SEED);
    const done = new AbortController();
    const killing = (async () => {
      for (let round = 0; !done.signal.aborted && round < 6; round++) {
        await wait(400 + random() * 2_000);
        await hub.kill(PARTS[round % PARTS.length] ?? 'worker');
      }
    })();
    killing.catch(() => undefined); // looked at below
    for (let index = 0; index < CASES; index++) {
      const given = {
        source: 'hotline',
        ticket: `T${index}`,
        number: `N-${index}`,
        typeCode: null,
        objector: '王五',
        contact: '138',
        statement: '有误',
        raisedAt: new Date(),
      };
      // A hotline that is not sure sends it again.
      const { id } = await surely(() => openDispute(hub.db, given, who()));
      const again = await surely(() => openDispute(hub.db, given, who()));
      assert.deepEqual(again, { id, known: true });
      ids.push(id);
      await act(id, { action: 'receive' });
    }
    const opened = await surely(obligations);
    assert.equal(opened.length, 2 * CASES);
    for (const id of ids.slice(0, CASES / 2)) {
      await act(id, { action: 'mark' });
      await act(id, { action: 'verify', upheld: false, answer: '无误' });
      await act(id, { action: 'tell', receipt: 'r' });
    }
    done.abort();
    await killing;
    await hub.recovered();
    assert.deepEqual(await obligations(), opened);
    const ended = await hub.db('obligation').whereNotNull('workflow_id').whereNotNull('met_at').select<unknown[]>('id');
    assert.equal(ended.length, CASES, 'both deadlines of each case that was answered, and no other');
    // Nobody woke a workflow here: the watchdog finds what none has seen.
    for (const [index, id] of ids.entries()) await expectState(id, index < CASES / 2 ? 'COMPLETED' : 'RUNNING');
  });

  async function expectState(id: number, state: string): Promise<void> {
    await eventually(async () => {
      const handle = hub.client.workflow.getHandle(caseWorkflowId({ kind: 'dispute', id }));
      assert.equal((await handle.describe()).status.name, state, `dispute ${id}`);
    }, 180_000);
  }

  it('Temporal wiped: the watchdog says so, and puts back schedules and open cases with the same due times', async () => {
    const open = ids.slice(CASES / 2);
    const before = await obligations();
    const schedules = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const { scheduleId } of hub.client.schedule.list()) found.push(scheduleId);
      return found.sort();
    };
    const scheduled = await schedules();
    assert.ok(scheduled.length > 10);
    await hub.kill('temporal');
    // Before the supervisor starts it again, which it waits a moment for.
    for (const name of globSync('temporal.db*', { cwd: hub.supervisor.folder }))
      rmSync(join(hub.supervisor.folder, name));
    await hub.recovered();
    await eventually(async () => {
      const [lost] = (await openAlerts(hub.db)).filter(({ kind }) => kind === 'temporal-lost');
      assert.match(
        lost?.message.zh ?? '',
        new RegExp(`丢失了 ${scheduled.length} 个定时计划、${open.length} 个在办案件的流程`),
      );
      const { data } = await axios.get<Health>(`http://127.0.0.1:${hub.config.settings.server.port}/health`);
      assert.equal(data.status, 'degraded');
      assert.deepEqual(await schedules(), scheduled);
    }, 150_000);
    for (const id of open) await expectState(id, 'RUNNING');
    const rebuilt = await runHub(['rebuild-workflows', '--config', hub.choice.folder, '--demo'], env);
    assert.equal(rebuilt.code, 0, rebuilt.stderr);
    assert.match(rebuilt.stdout, new RegExp(`${open.length} are waited for`));
    for (const id of open) {
      await expectState(id, 'RUNNING');
      const { rows } = await hub.db.raw<{ rows: { due: Date }[] }>(
        `SELECT min(due_at) AS due FROM obligation WHERE subject = ? AND obligation_runs(obligation)`,
        [`dispute/${id}`],
      );
      await eventually(async () => {
        const handle = hub.client.workflow.getHandle(caseWorkflowId({ kind: 'dispute', id }));
        assert.deepEqual((await handle.describe()).typedSearchAttributes.get(HUB_DUE_AT), rows[0]?.due);
      });
    }
    assert.deepEqual(await obligations(), before);
  });

  it('by command: what is done is in the ledger at once, also while Temporal is down', async () => {
    const [id = 0] = ids.slice(-1);
    const marked = await hub.whileFrozen('temporal', () =>
      runHub(['dispute', 'mark', String(id), '--by', '张三', '--config', hub.choice.folder, '--demo'], env),
    );
    assert.equal(marked.code, 0, marked.stderr);
    assert.match(marked.stdout, /could not be woken yet/);
    assert.ok((await findDispute(hub.db, id))?.markedAt);
    await wakeCase(hub.client, hub.config.settings.temporal.taskQueue, { kind: 'dispute', id, round: 1 });
    const shown = await runHub(['dispute', 'show', String(id), '--config', hub.choice.folder, '--demo'], env);
    assert.match(shown.stdout, /WX-18b 第十八条[\s\S]*Timeline[\s\S]*标注异议/);
    assert.ok(!shown.stdout.includes('王五'));
  });
});
