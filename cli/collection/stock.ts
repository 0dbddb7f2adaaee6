import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { findStream, type HubConfig } from '../../settings/load.ts';
import { fault } from '../../domain/faults.ts';
import { stockWorkflowId } from '../../domain/ids.ts';
import { shanghaiDate } from '../../domain/dates.ts';
import { forgetRefused, percentDone, stockReports, type StockReport } from '../../store/collection/stock.ts';
import { getStream } from '../../store/collection/streams.ts';
import { startStock } from '../../temporal/runs.ts';
import { configOf, withStreams, type StreamOptions } from '../kit/select.ts';
import { withLibrary } from '../kit/library.ts';
import { print, printJson, table, thousands } from '../kit/output.ts';
import { showRun, toldTotals, withRunningHub } from '../kit/running-hub.ts';

const BAR = 24;
const LOOK_EVERY_MS = 1_000;

export function addStock(program: Command): void {
  const stock = withStreams(program.command('stock'))
    .description('Streams with delivery: stock are imported when asked, and go on where they were stopped.')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub stock\n  ./hub stock run land-stock\n  ./hub stock stop land-stock\n  ./hub stock run land-stock --again',
    )
    .action((options: StreamOptions) => listStock(options));

  withStreams(stock.command('run <stream>'))
    .summary('import what is not in yet, with a progress bar; Ctrl-C leaves the import running')
    .option('--again', 'hand certificates that the e-seal service refused over once more')
    .addHelpText('after', '\nExamples:\n  ./hub stock run land-stock\n  ./hub stock run land-stock --again')
    .action((stream: string, _options: unknown, command: Command) =>
      runStock(stream, command.optsWithGlobals<StreamOptions & { again?: boolean }>()),
    );

  withStreams(stock.command('stop <stream>'))
    .summary('stop an import; the next run goes on with it')
    .addHelpText('after', '\nExample:\n  ./hub stock stop land-stock')
    .action((stream: string, _options: unknown, command: Command) =>
      stopStock(stream, command.optsWithGlobals<StreamOptions>()),
    );
}

function listStock(options: StreamOptions): Promise<void> {
  return withLibrary(options, async (db) => {
    const reports = await stockReports(db);
    if (options.json) return printJson(reports);
    if (reports.length === 0) return print('没有存量数据流（delivery: stock）。 No stream has delivery: stock.');
    const today = shanghaiDate(Date.now());
    print(
      table(reports, [
        ['单位', ({ unit }) => unit],
        ['数据流', ({ stream }) => stream],
        ['存量', ({ title }) => title],
        ['应归集', ({ planned }) => (planned === null ? '未清点' : thousands(planned)), 'right'],
        ['已归集', ({ done }) => thousands(done), 'right'],
        ['', (report) => progressBar(report)],
        ['期限', ({ dueOn }) => dueOn ?? ''],
        ['', (report) => (report.dueOn !== null && report.dueOn < today && !isDone(report) ? '▲ 逾期' : '')],
        ['问题数据', ({ openRejects }) => openRejects, 'right'],
        ['已签章', ({ handed, sealed }) => (handed === 0 ? '' : `${sealed} / ${handed}`), 'right'],
        ['签章被拒', ({ refused }) => refused || '', 'right'],
      ]),
    );
  });
}

const isDone = (report: StockReport): boolean => percentDone(report) === 100;

function progressBar(report: StockReport): string {
  const percent = percentDone(report);
  if (percent === null) return '';
  const filled = Math.round((percent * BAR) / 100);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${String(percent).padStart(3)} %`;
}

async function runStock(name: string, options: StreamOptions & { again?: boolean }): Promise<void> {
  const config = configOf(options);
  requireStock(config, name);
  await withLibrary(options, async (db) => {
    if (options.again) await forgetRefused(db, (await getStream(db, name)).id);
    await withRunningHub(config, (client) =>
      showRun({ title: name, what: 'stock', quiet: options.json }, async (show) => {
        const { result } = await startStock(client, config, name);
        const ended = result();
        ended.catch(() => undefined); // thrown below
        let running = true;
        while (running) {
          const look = wait(LOOK_EVERY_MS, true);
          running = await Promise.race([look, ended.then(() => false)]);
          const [report] = await stockReports(db, name);
          if (report) show(`${progressBar(report)} ${shownSeals(report)}`);
        }
        return toldTotals(await ended, options.json);
      }),
    );
  });
}

const shownSeals = ({ done, planned, handed, sealed, refused }: StockReport): string =>
  [
    `${thousands(done)}${planned === null ? '' : ` of ${thousands(planned)}`}`,
    ...(handed === 0 ? [] : [`sealed ${sealed} of ${handed}, ${refused} refused`]),
  ].join(', ');

async function stopStock(name: string, options: StreamOptions): Promise<void> {
  const config = configOf(options);
  requireStock(config, name);
  await withRunningHub(config, async (client) => {
    const handle = client.workflow.getHandle(stockWorkflowId(name));
    await handle.cancel();
    await handle.result().catch(() => undefined); // it ends as cancelled
  });
  print(
    `${name}：已停下，./hub stock run ${name} 可接着导入。 ${name}: stopped; ./hub stock run ${name} goes on with it`,
  );
}

function requireStock(config: HubConfig, name: string): ReturnType<typeof findStream> {
  const found = findStream(config, name);
  if (found.stream.delivery === 'stock') return found;
  throw fault('no-stock', { stream: name, delivery: found.stream.delivery });
}
