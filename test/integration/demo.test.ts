import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import axios from 'axios';
import type { Health } from '../../server/health.ts';
import { runHub, startHub, type RunningCommand } from '../support/commands/command.ts';
import { eventually } from '../support/eventually.ts';
import { ownConfig, temporaryFolder } from '../support/live-hub.ts';
import { isAlive, whileFrozen } from '../support/processes.ts';

describe('hub demo', () => {
  let folder: string;
  let where: string[];
  let health: string;
  before(async () => {
    folder = temporaryFolder();
    where = ['--config', await ownConfig(folder), '--data', join(folder, 'data')];
    const [port] = /(?<=server: \{ port: )\d+/.exec(readFileSync(join(folder, 'config/hub.yaml'), 'utf8')) ?? [];
    health = `http://127.0.0.1:${port ?? ''}/health`;
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const pids = (): Record<string, number> =>
    JSON.parse(readFileSync(join(folder, 'data/pids.json'), 'utf8')) as Record<string, number>;

  /** Waits until nothing needs a person: an alert that was raised ends with a look of the watchdog, each minute. */
  const isWell = (): Promise<void> =>
    eventually(async () => {
      const { data } = await axios.get<Health>(health);
      assert.equal(data.status, 'ok', JSON.stringify(data));
    }, 90_000);

  it('collects everything, shows that it equals the departments, and ends with 0 when told to', async () => {
    const { code, stdout, stderr } = await runHub(['demo', '--once', '--records', '4000', ...where]);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /无锡市/);
    for (const [stream, count] of [
      ['province-return', '9\\d\\d'],
      ...['housing-permits', 'health-doctors', 'transport-licences', 'land-permits'].map((id) => [id, '3\\d\\d']),
      ...['culture-permits', 'education-teachers', 'police-permits'].map((id) => [id, '3\\d\\d']),
    ]) {
      assert.match(
        stdout,
        new RegExp(`✔ ${stream} 与部门一致 equals its department: ${count} certificates, \\d+ rejects`),
      );
    }
    for (const stream of ['province-return', 'housing-permits', 'education-teachers'])
      assert.match(
        stdout,
        new RegExp(`✔ ${stream} 已与源端逐条核验 proven against its source: [1-9][\\d,]* records, 0 differences`),
      );
    assert.match(stdout, /Several streams deliver [1-9]\d* of the certificates; of [1-9]\d* they say different things/);
    assert.match(stdout, /Contact persons of 9 units on file/);
    assert.match(stdout, /Gaps: none/);
    assert.match(stdout, /Obligations, 内控时限 \(internal target\): 7 met, \d open, 0 overdue/);
    assert.match(stdout, /Temporal UI {4}http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows/);
    assert.ok(stdout.includes(`Health page    ${health}`));
    assert.ok(!stdout.includes('✖'));
  });

  describe('started again', () => {
    let demo: RunningCommand;
    before(async () => {
      demo = startHub(['demo', ...where]);
      await demo.prints('Ctrl-C stops it.');
    });

    it('goes on with the data of the first', () => {
      const accepted = /│ province-return .*?│ +[\d,]+ │ +([\d,]+) │/.exec(demo.printed.stdout);
      assert.ok(Number(accepted?.[1]?.replace(',', '')) > 900, demo.printed.stdout);
      assert.ok(!demo.printed.stdout.includes('✖'), demo.printed.stdout);
    });

    it('is alone: a second one on the same data, or on the same database, is refused', async () => {
      const second = await startHub(['demo', ...where]).exit();
      assert.equal(second.code, 1);
      assert.match(second.stderr, /^Another hub is running on the data in .*; stop it first/);
    });

    it('answers status and gaps, for people and for programs', async () => {
      const status = await runHub(['status', ...where]);
      assert.equal(status.code, 0, status.stderr);
      assert.match(status.stdout, /housing-permits/);
      assert.match(status.stdout, /Obligations, 法定时限 \(statutory\): 0 overdue/);
      assert.match(status.stdout, /Obligations, 内控时限 \(internal target\): 0 overdue/);
      const json = await runHub(['status', '--json', ...where]);
      const parsed = JSON.parse(json.stdout) as { streams: unknown[]; counts: { overdue: number } };
      assert.equal(parsed.streams.length, 9);
      const gaps = await runHub(['gaps', '--json', ...where]);
      assert.deepEqual([gaps.code, JSON.parse(gaps.stdout)], [0, []]);
    });

    it('shows its health, and goes on answering while Temporal is down', async () => {
      await isWell();
      await whileFrozen(pids().temporal ?? 0, async () => {
        const { data } = await axios.get<Health>(health);
        assert.deepEqual([data.status, data.temporal, data.database], ['degraded', 'away', 'ok']);
        assert.equal((await runHub(['status', ...where])).code, 0);
        assert.equal((await runHub(['gaps', ...where])).code, 0);
      });
      await isWell();
    });

    it('its connectors can be examined and run while it runs', async () => {
      const connector = (...args: string[]) => runHub(['connector', ...args, '--demo', ...where]);
      const check = await connector('check', '--json');
      assert.equal(check.code, 0, check.stdout + check.stderr);
      assert.equal((JSON.parse(check.stdout) as unknown[]).length, 10); // the hotline’s tickets as well
      const run = await connector('run', 'land-permits', '--json');
      const { complete, accepted } = JSON.parse(run.stdout) as { complete: boolean; accepted: number };
      assert.deepEqual([complete, accepted], [true, 0], run.stderr);
      const status = await connector('status', '--json');
      const contacts = (JSON.parse(status.stdout) as { stream: string; contact: string }[]).map(
        ({ contact }) => contact,
      );
      assert.ok(
        // Old records are imported when somebody asks for it.
        contacts.filter((contact) => contact === 'delivered' || contact === 'nothing').length === 8,
        status.stdout,
      );
    });

    it('its province’s catalog is compared with the city’s', async () => {
      const sync = (...args: string[]) => runHub(['catalog', 'sync', ...args, '--demo', ...where]);
      const { code, stdout, stderr } = await sync('province');
      assert.equal(code, 1, stderr); // an entry is faulty
      assert.match(`${stdout}${stderr}`, /province catalog: 5 entries, 1 unchanged, 3 drafted/);
      assert.match(stdout, /建筑工程施工许可证 +│ 有变更 +│ template、face/);
      assert.match(stdout, /食品经营许可证 +│ 新增/);
      assert.match(stdout, /✖ 有误 +│ holders\[0\]：现为“9”，应为 natural、legal、unincorporated 之一/);
      assert.match(stdout, /11100000MB0143028R102 食品经营许可证: lacks issuer/);
      const again = JSON.parse((await sync('--json')).stdout) as { findings: { state: string }[] }[];
      assert.deepEqual(
        again[0]?.findings.map(({ state }) => state),
        ['changed', 'new', 'new', 'faulty'],
      );
      const shown = await runHub(['catalog', 'show', '11100000000013338W011', '--demo', '--json', ...where]);
      const versions = JSON.parse(shown.stdout) as { state: string; templateHash: string | null }[];
      assert.match(versions.find(({ state }) => state === 'approved')?.templateHash ?? '', /^[0-9a-f]{64}$/);
      const none = await sync('housing');
      assert.match(none.stderr, /housing publishes no catalog; name one of province\./);
    });

    it('takes faults at run time', async () => {
      const set = await runHub(['demo', 'fault', 'housing', 'away', '--times', '3', ...where.slice(2)]);
      assert.equal(set.code, 0, set.stderr);
      assert.match(set.stdout, /housing 现有故障 faults now: .*away/);
      const wrong = await runHub(['demo', 'fault', 'housing', 'sleepy', ...where.slice(2)]);
      assert.match(wrong.stderr + wrong.stdout, /rate-limit, error/);
      const unknown = await runHub(['demo', 'fault', 'moon', 'away', ...where.slice(2)]);
      assert.match(unknown.stderr, /No demo with a department “moon” is running here/);
    });

    it('Ctrl-C ends it and everything that it started', async () => {
      const started = Object.values(pids());
      assert.ok(started.length >= 8 && started.every(isAlive));
      demo.child.kill('SIGINT');
      const { code, stderr } = await demo.exit();
      assert.equal(code, 0, stderr);
      assert.deepEqual(started.filter(isAlive), []);
    });
  });

  it('with another city’s profile, ends with 1 and says why when the library does not equal a department', async () => {
    const demo = startHub(['demo', '--once', '--fresh', '--records', '1000', '--jurisdiction', 'ordos', ...where]);
    const fault = ['demo', 'fault', 'housing', 'short-page', '--times', '1000000', ...where.slice(2)];
    await eventually(async () => assert.equal((await runHub(fault)).code, 0), 60_000);
    const { code, stdout } = await demo.exit();
    assert.equal(code, 1, stdout);
    assert.match(stdout, /鄂尔多斯/);
    assert.match(stdout, /✖ 有数据流未归集 not every stream was collected: housing-permits: .* is not proven to be in/);
    assert.match(
      stdout,
      /✖ housing-permits 与部门一致 equals its department: .* 1 differ, for example HO\d+ is missing/,
    );
    assert.match(stdout, /housing-permits .*源端 \d+ 条，库内 \d+ 条/);
    assert.match(stdout, /✔ health-doctors 与部门一致 equals its department/);
  });
});
