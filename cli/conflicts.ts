import type { Command } from 'commander';
import type { CatalogEntry } from '../domain/catalog.ts';
import { mergeSources, type MergedCertificate } from '../domain/merge.ts';
import { approvedCatalog } from '../store/catalog.ts';
import { differingCertificates, latestOfStreams, type CertificateVersion } from '../store/certificates.ts';
import { maskAll } from '../connectors/discover.ts';
import { positive } from './options.ts';
import { withStreams, type StreamOptions } from './connector/select.ts';
import { withLibrary } from './library.ts';
import { table } from './output.ts';

interface ConflictOptions extends StreamOptions {
  type?: string;
  limit: number;
  unmasked?: boolean;
}

export function addConflicts(program: Command): void {
  withStreams(program.command('conflicts'))
    .summary('certificates of which several sources say different things, and who is believed')
    .description(
      'The catalog says who is believed first (sources, fieldSources of an entry); other streams follow, the latest\n' +
        'change first. Exits with 1 when there is any.',
    )
    .option('--type <code>', 'only certificates of this 证照类型代码')
    .option('--limit <count>', 'most certificates to name', positive, 100)
    .option('--unmasked', 'show values as they are')
    .addHelpText('after', '\nExamples:\n  ./hub conflicts\n  ./hub conflicts --type 11100000000013338W011 --json')
    .action((options: ConflictOptions) => listConflicts(options));
}

/** One certificate out of the records that several streams hold of it. */
export function mergeRecords(
  records: readonly CertificateVersion[],
  entry: Pick<CatalogEntry, 'sources' | 'fieldSources'> | undefined,
): MergedCertificate {
  return mergeSources(latestOfStreams(records), {
    sources: entry?.sources ?? [],
    fieldSources: entry?.fieldSources ?? {},
  });
}

function listConflicts(options: ConflictOptions): Promise<void> {
  return withLibrary(options, async (db) => {
    const catalog = await approvedCatalog(db);
    const groups = await differingCertificates(db, { typeCode: options.type, limit: options.limit });
    const found = groups.flatMap((records) => {
      const { certificate, origin, conflicts } = mergeRecords(records, catalog.get(records[0]?.typeCode ?? ''));
      const { typeCode, number, name } = certificate;
      return conflicts.map(({ field, values }) => ({
        ...{ typeCode, number, name, field, believed: origin[field] ?? '' },
        values:
          options.unmasked || field !== 'holders'
            ? values
            : values.map(({ stream, value }) => ({ stream, value: maskAll(value) })),
      }));
    });
    if (found.length > 0) process.exitCode = 1;
    if (options.json) return console.log(JSON.stringify(found, null, 2));
    if (found.length === 0)
      return console.log('No conflicts: wherever several sources deliver a certificate, they agree.');
    console.log(
      table(found, [
        ['证照名称', ({ name }) => name],
        ['证照编号', ({ number }) => number],
        ['Field', ({ field }) => field],
        ['Believed', ({ believed }) => believed],
        ['What they say', ({ values }) => values.map(({ stream, value }) => `${stream}: ${text(value)}`).join('\n')],
      ]),
    );
  });
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
