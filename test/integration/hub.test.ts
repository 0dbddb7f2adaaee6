import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ScheduleDescription } from '@temporalio/client';
import axios from 'axios';
import { dailyScheduleId, returnScheduleId } from '../../domain/ids.ts';
import type { Health } from '../../server/health.ts';
import { listStreams } from '../../store/collection/streams.ts';
import { HUB_DUE_AT, HUB_KIND, HUB_STREAM, HUB_UNIT } from '../../workflows/search-attributes.ts';
import { DEPARTMENTS } from '../departments/departments.ts';
import { STREAM_OF } from '../support/departments.ts';
import { eventually } from '../support/eventually.ts';
import { startLiveHub, type LiveHub } from '../support/live-hub.ts';

describe('a running hub', () => {
  let hub: LiveHub;
  before(async () => {
    hub = await startLiveHub(600);
    await Promise.all(DEPARTMENTS.map((id) => hub.collect(id)));
  });
  after(() => hub.stop());

  const logOf = (part: string): string => readFileSync(join(hub.supervisor.folder, `logs/${part}.log`), 'utf8');
  const describeSchedule = (id: string): Promise<ScheduleDescription> => hub.client.schedule.getHandle(id).describe();

  it('tells operators in Temporal what each run is, and finds runs by stream, unit, kind and due time', async () => {
    const query =
      "HubStream = 'housing-permits' AND HubUnit = '市住房和城乡建设局' AND HubKind = '每日归集' AND HubDueAt > '2026-01-01T00:00:00Z'";
    const found = await eventually(async () => {
      const ids: string[] = [];
      for await (const { workflowId, typedSearchAttributes: attributes } of hub.client.workflow.list({ query })) {
        ids.push(workflowId);
        assert.equal(attributes.get(HUB_STREAM), 'housing-permits');
        assert.equal(attributes.get(HUB_UNIT), '市住房和城乡建设局');
        assert.equal(attributes.get(HUB_KIND), '每日归集');
        assert.ok((attributes.get(HUB_DUE_AT) ?? new Date(0)) > new Date());
      }
      assert.equal(ids.length, 1);
      return ids[0] ?? '';
    });
    assert.match(found, /^daily:housing-permits-\d{4}-\d\d-\d\dT[\d:]+Z$/);
    const description = await hub.client.workflow.getHandle(found).describe();
    assert.match((await description.staticSummary()) ?? '', /^每日归集 · 建筑工程施工许可证/);
    const { events = [] } = await hub.client.workflow.getHandle(found).fetchHistory();
    const steps = (events ?? []).filter(
      ({ activityTaskScheduledEventAttributes: activity, timerStartedEventAttributes: timer }) => activity ?? timer,
    );
    assert.ok(steps.length > 3);
    for (const { userMetadata } of steps)
      assert.match(Buffer.from(userMetadata?.summary?.data ?? '').toString(), /[一-鿿]/);
  });

  it('logs JSON lines that name workflow, stream and batch', () => {
    const lines = logOf('worker')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.ok(
      lines.every(({ level, message, timestamp, service }) => level && message && timestamp && service === 'worker'),
    );
    const read = lines.find(({ activityType, batch }) => activityType === 'readPages' && batch !== undefined) ?? {};
    assert.match(String(read.workflowId), /^sync:/);
    assert.equal(typeof read.batch, 'number');
    assert.ok(lines.some(({ stream, activityType }) => stream === 'housing-permits' && activityType === 'planWindows'));
  });

  it('keeps names, codes and numbers of holders out of logs, histories and Temporal’s lists', async () => {
    const { rows } = await hub.db.raw<{ rows: { text: string }[] }>(
      `SELECT DISTINCT text FROM certificate, jsonb_to_recordset(holders) AS h(name text, code text),
         unnest(ARRAY[h.name, h.code, number]) AS text
       UNION SELECT found FROM reject, jsonb_to_recordset(problems) AS p(found text) WHERE length(found) > 4`,
    );
    assert.ok(rows.length > 3_000);
    let told = ['worker', 'postgres', 'temporal'].map(logOf).join('\n');
    for await (const { workflowId, runId } of hub.client.workflow.list()) {
      const { events } = await hub.client.workflow.getHandle(workflowId, runId).fetchHistory();
      told += JSON.stringify(events, readable);
    }
    assert.match(told, /housing-permits/);
    assert.match(told, /accepted\\":\d+/);
    // Two characters may be in any text by chance.
    const leaked = rows.filter(({ text }) => text.length > 3 && told.includes(text));
    assert.deepEqual(leaked, []);
  });

  it('takes over a changed configuration: schedules and streams follow it, an invalid one changes nothing', async () => {
    const file = (name: string): string => join(hub.choice.folder, name);
    const before = await describeSchedule(dailyScheduleId(STREAM_OF.housing));
    assert.deepEqual(before.spec.timezone, 'Asia/Shanghai');
    assert.equal(before.spec.calendars?.[0]?.hour[0]?.start, 21);

    const hubYaml = readFileSync(file('hub.yaml'), 'utf8');
    writeFileSync(file('hub.yaml'), hubYaml.replace('365d', 'never'));
    await eventually(() =>
      assert.match(logOf('worker'), /hub\.yaml:\d+:returnEvery: found “never”.*is not taken over/),
    );
    assert.equal((await listStreams(hub.db)).length, 9);

    rmSync(file('connectors/demo/transport.yaml'));
    writeFileSync(file('hub.yaml'), hubYaml.replace('365d', '7m'));
    const profile = readFileSync(file('jurisdictions/wuxi.yaml'), 'utf8');
    writeFileSync(file('jurisdictions/wuxi.yaml'), profile.replace('cutOff: "21:00"', 'cutOff: "20:15"'));
    await eventually(async () => {
      const [calendar] = (await describeSchedule(dailyScheduleId(STREAM_OF.housing))).spec.calendars ?? [];
      assert.equal(calendar?.hour[0]?.start, 20);
      assert.equal(calendar.minute[0]?.start, 15);
      const returned = await describeSchedule(returnScheduleId(STREAM_OF.province));
      assert.equal(returned.spec.intervals?.[0]?.every, 7 * 60_000);
    }, 30_000);
    await assert.rejects(describeSchedule(dailyScheduleId(STREAM_OF.transport)), /not found/i);
    assert.deepEqual(
      (await listStreams(hub.db)).map(({ name }) => name),
      [...Object.values(STREAM_OF), 'land-stock'].filter((id) => id !== STREAM_OF.transport).sort(),
    );
  });

  it('goes on without a faulty file, also after a restart, and says so', async () => {
    const file = (name: string): string => join(hub.choice.folder, name);
    const daily = dailyScheduleId(STREAM_OF.housing);
    // The file of one connector, and that of the hub itself.
    const [housing, hubYaml] = ['connectors/demo/housing.yaml', 'hub.yaml'].map((name) =>
      readFileSync(file(name), 'utf8'),
    );
    writeFileSync(file('connectors/demo/housing.yaml'), 'name: [');
    writeFileSync(file('hub.yaml'), (hubYaml ?? '').replace('7m', '8m'));
    await eventually(async () => {
      const returned = await describeSchedule(returnScheduleId(STREAM_OF.province));
      assert.equal(returned.spec.intervals?.[0]?.every, 8 * 60_000, 'what is valid is taken over beside it');
    }, 30_000);
    await eventually(() => assert.match(logOf('worker'), /housing\.yaml:1:.*is not taken over/));
    await describeSchedule(daily);
    writeFileSync(file('hub.yaml'), 'jurisdiction: [');
    for (const part of ['worker', 'server'] as const) await hub.kill(part);
    await hub.recovered();
    const names = (await listStreams(hub.db)).map(({ name }) => name);
    assert.ok(names.includes(STREAM_OF.housing));
    await describeSchedule(daily);
    const { host, port } = hub.config.settings.server;
    const health = async (): Promise<Health> => (await axios.get<Health>(`http://${host}:${port}/health`)).data;
    await eventually(async () => {
      const { status, faultyFiles, alerts } = await health();
      assert.equal(status, 'degraded');
      assert.deepEqual(faultyFiles.map(({ file, goesOn }) => `${file}: ${goesOn}`).sort(), [
        'connectors/demo/housing.yaml: last version',
        'hub.yaml: last version',
      ]);
      assert.equal(alerts.filter(({ kind }) => kind === 'faulty-file').length, 2);
    });
    const page = await axios.get<string>(`http://${host}:${port}/health`, { headers: { accept: 'text/html' } });
    assert.match(page.data, /hub\.yaml 有误 faulty/);
    writeFileSync(file('connectors/demo/housing.yaml'), housing ?? '');
    writeFileSync(file('hub.yaml'), hubYaml ?? '');
    await eventually(async () => assert.deepEqual((await health()).faultyFiles, []));
  });
});

/** Shows payloads, which come in base64, as the text that they are. */
const readable = (key: string, value: unknown): unknown =>
  key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : value;
