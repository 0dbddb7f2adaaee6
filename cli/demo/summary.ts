import type { Knex } from 'knex';
import { BASES, EVERY_BASIS } from '../../domain/basis.ts';
import type { HubConfig } from '../../settings/load.ts';
import { countShared } from '../../store/library/certificates.ts';
import { countObligations, findGaps, listObligations, streamOverview } from '../../store/collection/overview.ts';
import { gapTable, obligationTable, print, streamTable } from '../kit/output.ts';
import type { Addresses } from '../../launch/servers.ts';
import { isCollected, type StreamProof } from './collect.ts';
import { DEMO_PASSWORD } from './departments.ts';
import { compareWithTruth, type TruthReport } from './truth.ts';
import { DAY_MS } from '../../domain/dates.ts';

/** Prints what came of it; false when any check failed. */
export async function summarise(
  db: Knex,
  config: HubConfig,
  addresses: Addresses,
  departments: Record<string, string>,
  failed: ReadonlyMap<string, string>,
  proven: readonly StreamProof[],
): Promise<boolean> {
  const at = new Date();
  const streams = await streamOverview(db, at);
  const gaps = await findGaps(db, at);
  const counts = await countObligations(db, at, new Date(0));
  const obligations = await listObligations(db, at, new Date(at.getTime() - DAY_MS));
  const truths: TruthReport[] = [];
  for (const connector of config.connectors) {
    for (const { id } of connector.streams.filter(isCollected))
      truths.push(await compareWithTruth(db, id, departments[connector.id] ?? ''));
  }

  print(`\n${streamTable(streams)}`);
  print(
    `\n${gaps.length === 0 ? '没有缺口，应归集的均已证实入库。 Gaps: none. Everything that is due is proven to be in.' : gapTable(gaps)}`,
  );
  print('');
  for (const basis of EVERY_BASIS) {
    const { met, 'met late': late, open, 'due soon': soon, overdue } = counts[basis];
    const { zh, en } = BASES[basis];
    print(
      `${zh}任务：办结 ${met + late} 件${late > 0 ? `（逾期办结 ${late} 件）` : ''}，在办 ${open + soon} 件，逾期 ${overdue} 件。 Obligations, ${zh} (${en}): ${met + late} met${late > 0 ? ` (${late} late)` : ''}, ${open + soon} open, ${overdue} overdue`,
    );
  }
  if (obligations.length > 0) print(obligationTable(obligations));

  const shared = await countShared(db);
  print(
    `\n多个数据流都有的证照 ${shared.certificates} 件，其中所报不同的 ${shared.differing} 件，见 ./hub conflicts。\nSeveral streams deliver ${shared.certificates} of the certificates; of ${shared.differing} they say different things: ./hub conflicts`,
  );

  const checks: [string, boolean][] = [
    [
      failed.size === 0
        ? '各数据流均已归集 every stream was collected'
        : `有数据流未归集 not every stream was collected: ${[...failed].map(([stream, why]) => `${stream}: ${why}`).join('; ')}`,
      failed.size === 0,
    ],
    ...truths.map(({ stream, text, equal }): [string, boolean] => [
      `${stream} 与部门一致 equals its department: ${text}`,
      equal,
    ]),
    ...proven.map(({ stream, text, equal }): [string, boolean] => [
      `${stream} 已与源端逐条核验 proven against its source: ${text}`,
      equal,
    ]),
    ['没有缺口 no gaps', gaps.length === 0],
    [
      '当日增量没有逾期 no increment overdue',
      // Corrections of rejects are the departments’ to send.
      obligations.every(({ state, subject }) => state !== 'overdue' || subject.endsWith('/rejects')),
    ],
    ['没有暂停的数据流 no stream paused', streams.every(({ pausedReason }) => pausedReason === null)],
  ];
  print('\n核对 Checks');
  for (const [what, held] of checks) print(`  ${held ? '✔' : '✖'} ${what}`);

  const { server, temporal } = config.settings;
  print('');
  if (addresses.temporalUi !== null)
    print(`流程界面 Temporal UI    ${addresses.temporalUi}/namespaces/${temporal.namespace}/workflows`);
  print(
    `控制界面 Console        http://${server.host}:${server.port}/  账号 sign in as manager，密码 password ${DEMO_PASSWORD}`,
  );
  print(`健康页面 Health page    http://${server.host}:${server.port}/health`);
  return checks.every(([, held]) => held);
}
