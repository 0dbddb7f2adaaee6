import { randomInt } from 'node:crypto';
import type { Knex } from 'knex';
import { findStream, type HubConfig } from '../../settings/load.ts';
import { capabilitiesOf } from '../../connectors/registry.ts';
import { fault } from '../../domain/faults.ts';
import { hasEnded, SAMPLE_RESULTS, TRIAL_RESULTS } from '../../domain/supervision/findings.ts';
import {
  askAll,
  beginRecheck,
  beginSample,
  listInspections,
  runPatrol,
  runTrial,
  type HasFile,
  type Inspected,
} from '../../store/supervision/inspections.ts';
import { openFileStore } from '../../store/library/files/index.ts';
import { getStream } from '../../store/collection/streams.ts';
import { startSample } from '../../temporal/runs.ts';
import type { Who } from '../../store/ledger/case-files.ts';
import { actOnCase } from '../../store/casework/cases.ts';
import { findingsUnder, getFinding } from '../../store/supervision/findings.ts';
import { configOf, type StreamOptions } from '../kit/select.ts';
import { withLibrary } from '../kit/library.ts';
import { dataFolder } from '../kit/options.ts';
import { print, printJson, table } from '../kit/output.ts';
import { showRun, withRunningHub } from '../kit/running-hub.ts';

export interface InspectOptions extends StreamOptions {
  by: string;
  stream: string;
  size: number;
  seed?: number;
}

/** Short enough for a person to repeat. */
const newSeed = (): number => randomInt(1, 2 ** 32);
const now = (by: string): Who => ({ by, at: new Date() });

/** 随机抽查: draws records of a stream and compares them with its source. */
export function sample(options: InspectOptions): Promise<void> {
  const { stream: name, size, by, seed = newSeed() } = options;
  const config = configOf(options);
  findStream(config, name);
  return withLibrary(options, async (db) => {
    requireProvable(config, name);
    const stream = await getStream(db, name);
    const { inspection, drawn } = await beginSample(db, stream, { size, seed }, now(by));
    if (drawn === 0) throw noRecords(name);
    const inspected = await compare(db, config, name, inspection, options);
    tell({ ...inspected, seed }, SAMPLE_RESULTS, options);
  });
}

const noRecords = (name: string) => fault('no-records', { stream: name });

/** Throws where a stream’s source cannot list what it delivered. */
function requireProvable(config: HubConfig, name: string): void {
  if (capabilitiesOf(config, findStream(config, name)).again !== 'none') return;
  throw fault('not-provable', { stream: name, wanted: 'inspection' });
}

/** Has a running hub compare the records of a sample with their source; answers what that says of them. */
async function compare(
  db: Knex,
  config: HubConfig,
  name: string,
  inspection: number,
  { json }: Pick<InspectOptions, 'json'>,
): Promise<Inspected> {
  await withRunningHub(config, (client) =>
    showRun({ title: `${name}, its sample`, quiet: json, what: 'source' }, async () => {
      const run = await startSample(client, config, name, inspection);
      await run.result();
      return 'compared with the source';
    }),
  );
  const [done] = await listInspections(db, { id: inspection, limit: 1 });
  if (!done) throw new Error(`inspection ${inspection} is not there`);
  return { inspection, results: done.results, findings: done.findings };
}

/** 模拟办事: asks for certificates as a user unit would. */
export function trial(options: InspectOptions): Promise<void> {
  const { size, by, seed = newSeed() } = options;
  return withLibrary(options, async (db) => {
    const done = await runTrial(db, { size, seed, hasFile: await filesOf(options) }, now(by));
    tell({ ...done, seed }, TRIAL_RESULTS, options);
    if (!options.json && done.typesWithout.length > 0)
      print(
        `以下证照类型没有抽到有效证照。 Of these types no certificate in force was drawn: ${done.typesWithout.join(', ')}`,
      );
  });
}

async function filesOf(options: InspectOptions): Promise<HasFile> {
  const store = await openFileStore(configOf(options).settings.files, dataFolder(options, options.demo ?? false));
  return (hash) => store.has(hash);
}

/** 电子督查: the rules of the profile over the ledger. */
export function patrol(options: InspectOptions): Promise<void> {
  const { supervision } = configOf(options).jurisdiction;
  return withLibrary(options, async (db) => {
    const done = await runPatrol(db, supervision.patrol, now(options.by));
    if (options.json) return printJson(done);
    print(
      `第 ${done.inspection} 次检查（电子督查），规则 ${supervision.patrol.length} 条：新发现 ${done.found.length} 项，自行消除 ${done.cleared.length} 项。 Patrol ${done.inspection}, ${supervision.patrol.length} rules: ${done.found.length} new findings, ${done.cleared.length} gone by themselves`,
    );
    if (done.found.length > 0) print('用 ./hub supervise 查看。 ./hub supervise lists them.');
  });
}

/**
 * The re-check of a finding by looking at its records again: passed when all of them are good. What was found otherwise,
 * and what can't be compared any more, somebody has to decide.
 */
export async function recheckRecords(options: InspectOptions, id: number, days: number | undefined): Promise<void> {
  const config = configOf(options);
  await withLibrary(options, async (db) => {
    const finding = await getFinding(db, id, new Date());
    if (hasEnded(finding.stage) || !(finding.kind === 'sample' || finding.kind === 'trial'))
      throw fault('recheck-undecided', { id, why: 'other' });
    const { inspection, drawn } = await beginRecheck(db, id, now(options.by));
    if (drawn === 0) throw fault('recheck-undecided', { id, why: 'absent' });
    const { results } =
      finding.kind === 'sample'
        ? await compare(db, config, finding.stream ?? '', inspection, options)
        : await askAll(db, inspection, await filesOf(options), new Date());
    const meaning: Record<string, { zh: string; good: boolean | null }> = { ...SAMPLE_RESULTS, ...TRIAL_RESULTS };
    const told = Object.entries(results)
      .map(([result, count]) => `${meaning[result]?.zh ?? result} ${count} 条`)
      .join('、');
    const verdicts = Object.keys(results).map((result) => meaning[result]?.good ?? null);
    if (!verdicts.includes(false) && verdicts.includes(null)) throw fault('recheck-undecided', { id, results: told });
    const { stage } = await actOnCase(
      db,
      findingsUnder(config.jurisdiction.supervision),
      id,
      verdicts.includes(false)
        ? { action: 'fail', note: told, inspection, days }
        : { action: 'pass', note: told, inspection },
      now(options.by),
    );
    if (options.json) return printJson({ id, stage, inspection, results });
    print(`${stage === 'passed' ? '✔ 复核通过 passed' : '✖ 复核未通过 failed'}: ${told}`);
  });
}

function tell(
  { inspection, results, findings, seed }: Inspected & { seed: number },
  meaning: Record<string, { zh: string; good: boolean | null }>,
  { json }: InspectOptions,
): void {
  const count = (good: boolean): number =>
    Object.entries(results).reduce((sum, [result, records]) => sum + (meaning[result]?.good === good ? records : 0), 0);
  const [good, bad] = [count(true), count(false)];
  if (bad > 0) process.exitCode = 1;
  if (json) return printJson({ inspection, seed, good, asked: good + bad, results, findings });
  print(
    `第 ${inspection} 次检查，随机种子 ${seed}：${good + bad} 件中 ${good} 件相符。 Inspection ${inspection}, seed ${seed}: ${good} of ${good + bad} good`,
  );
  print(
    table(Object.entries(results), [
      ['结果', ([result]) => meaning[result]?.zh ?? result],
      ['条数', ([, records]) => records, 'right'],
    ]),
  );
  if (findings.length > 0)
    print(
      `发现问题 ${findings.join('、')}，用 ./hub supervise show 编号 查看记录。 Findings: ${findings.join(', ')}. ./hub supervise show ID names the records.`,
    );
}
