import type { Command } from 'commander';
import { readEnvironment } from '../config/environment.ts';
import { configurationError } from '../domain/errors.ts';
import { openAlerts } from '../store/alerts.ts';
import { openDatabase, requireSchema, requireServer } from '../store/database.ts';
import { embeddedAddress } from '../store/embedded.ts';
import { countObligations, findGaps, listObligations, streamOverview } from '../store/overview.ts';
import { dataFolder, withConfig, withData, type CommonOptions } from './options.ts';
import { gapTable, obligationTable, streamTable } from './output.ts';
import type { Knex } from 'knex';

interface ReportOptions extends CommonOptions {
  json?: boolean;
  stream?: string;
}

/** Opens the database of a running hub: DATABASE_URL, else the embedded one of ./hub up or of ./hub demo. */
async function withLibrary(options: ReportOptions, report: (db: Knex) => Promise<void>): Promise<void> {
  const folders = options.data === undefined ? [dataFolder(options, false), dataFolder(options, true)] : [options.data];
  const url = readEnvironment().databaseUrl ?? (await embeddedAddress(folders));
  if (url === null) {
    throw configurationError('No hub is running here, and DATABASE_URL is not set', {
      code: 'no-database',
      cure: 'start ./hub up or ./hub demo in another terminal, or set DATABASE_URL',
    });
  }
  const db = openDatabase(url, 'report');
  try {
    await requireServer(db, url);
    await requireSchema(db);
    await report(db);
  } finally {
    await db.destroy();
  }
}

export function addStatus(program: Command): void {
  withData(withConfig(program.command('status')))
    .summary('what every stream delivered, and what is due')
    .description('Answers from the database alone, with Temporal up or down.')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExamples:\n  ./hub status\n  ./hub status --json | jq .obligations')
    .action((options: ReportOptions) =>
      withLibrary(options, async (db) => {
        const at = new Date();
        const streams = await streamOverview(db, at);
        const obligations = await listObligations(db, at, new Date(at.getTime() - 86_400_000));
        const alerts = await openAlerts(db);
        if (options.json)
          return console.log(
            JSON.stringify({ at, streams, obligations, counts: await countObligations(db, at), alerts }, null, 2),
          );
        console.log(streamTable(streams));
        for (const { stream, pausedReason } of streams)
          if (pausedReason !== null) console.log(`${stream} is paused: ${pausedReason}`);
        const { open, overdue, met, 'met late': late } = await countObligations(db, at);
        console.log(
          `\nObligations: ${String(overdue)} overdue, ${String(open)} open, ${String(met)} met, ${String(late)} met late`,
        );
        if (obligations.length > 0) console.log(obligationTable(obligations));
        for (const { message, raisedAt } of alerts) console.log(`▲ ${message} (since ${raisedAt.toISOString()})`);
      }),
    );
}

export function addGaps(program: Command): void {
  withData(withConfig(program.command('gaps')))
    .summary('what is due and not proven to be in, and whose it is')
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
        if (options.json) console.log(JSON.stringify(gaps, null, 2));
        else console.log(gaps.length === 0 ? 'No gaps: everything that is due is proven to be in.' : gapTable(gaps));
      }),
    );
}
