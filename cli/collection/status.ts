import type { Command } from 'commander';
import { BASES, EVERY_BASIS } from '../../domain/basis.ts';
import { EVERY_STATE, OBLIGATION_STATES } from '../../domain/ledger/duties.ts';
import { openAlerts } from '../../store/ledger/alerts.ts';
import { AWAY_MS, lastBeat } from '../../store/ledger/uptime.ts';
import { countObligations, findGaps, listObligations, streamOverview } from '../../store/collection/overview.ts';
import { withLibrary } from '../kit/library.ts';
import { withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { gapTable, obligationTable, print, printJson, streamTable, timeText } from '../kit/output.ts';
import { DAY_MS } from '../../domain/dates.ts';

interface ReportOptions extends CommonOptions {
  json?: boolean;
  stream?: string;
}

export function addStatus(program: Command): void {
  withData(withConfig(program.command('status')))
    .description('Answers from the database alone, with Temporal up or down.')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExamples:\n  ./hub status\n  ./hub status --json | jq .obligations')
    .action((options: ReportOptions) =>
      withLibrary(options, async (db) => {
        const at = new Date();
        const streams = await streamOverview(db, at);
        const since = new Date(at.getTime() - DAY_MS);
        const obligations = await listObligations(db, at, since);
        const counts = await countObligations(db, at, since);
        const alerts = await openAlerts(db);
        const lookedAt = await lastBeat(db, 'server');
        if (options.json) return printJson({ at, lookedAt, streams, obligations, counts, alerts });
        if (lookedAt !== null && at.getTime() - lookedAt.getTime() > AWAY_MS)
          print(
            `■ 看门狗自 ${timeText(lookedAt)} 起未查看，以下警报为当时所见。 The watchdog has not looked since ${lookedAt.toISOString()}: alerts are of then\n`,
          );
        const tell = (which: typeof alerts): void => {
          for (const { message, raisedAt } of which)
            print(`▲ ${message.zh}（自 ${timeText(raisedAt)}） ${message.en} (since ${raisedAt.toISOString()})`);
        };
        tell(alerts.filter(({ kind }) => kind === 'watchdog'));
        print(streamTable(streams));
        for (const { stream, pausedReason } of streams)
          if (pausedReason !== null) print(`${stream} 已暂停。 ${stream} is paused: ${pausedReason}`);
        print('');
        for (const basis of EVERY_BASIS) {
          const told = EVERY_STATE.filter((state) => counts[basis][state] > 0 || state === 'overdue').map(
            (state) => [OBLIGATION_STATES[state].zh, counts[basis][state], state] as const,
          );
          const { zh, en } = BASES[basis];
          print(
            `${zh}：${told.map(([name, count]) => `${name} ${count}`).join('，')}（已结束的为近 24 小时）\n` +
              `Obligations, ${zh} (${en}): ${told.map(([, count, state]) => `${count} ${state}`).join(', ')} (of those that ended, the last 24 hours)`,
          );
        }
        if (obligations.length > 0) print(obligationTable(obligations));
        tell(alerts.filter(({ kind }) => kind !== 'watchdog'));
      }),
    );
}

export function addGaps(program: Command): void {
  withData(withConfig(program.command('gaps')))
    .description(
      'Lists every interval and batch that is due and not covered, every difference between source and library, and every\n' +
        'batch that is safe but not acknowledged. Answers from the database alone. Exits with 1 when there is any.',
    )
    .option('--stream <id>', 'only this stream')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExamples:\n  ./hub gaps\n  ./hub gaps --stream housing-permits --json')
    .action((options: ReportOptions) =>
      withLibrary(options, async (db) => {
        const gaps = await findGaps(db, new Date(), options.stream);
        if (gaps.length > 0) process.exitCode = 1;
        if (options.json) printJson(gaps);
        else
          print(
            gaps.length === 0
              ? '没有缺口：应归集的均已证实归集。 No gaps: everything that is due is proven to be in.'
              : gapTable(gaps),
          );
      }),
    );
}
