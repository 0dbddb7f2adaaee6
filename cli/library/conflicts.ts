import type { Command } from 'commander';
import type { Knex } from 'knex';
import { shanghaiWallTime } from '../../domain/dates.ts';
import { STATUSES } from '../../domain/library/status.ts';
import { approvedCatalog } from '../../store/library/catalog.ts';
import {
  differingCertificates,
  duplicateCertificates,
  mergeRecords,
  revivedCertificates,
} from '../../store/library/certificates.ts';
import { maskAll } from '../../connectors/examine/discover.ts';
import { positive } from '../kit/options.ts';
import { withStreams, type StreamOptions } from '../kit/select.ts';
import { printerFor } from '../kit/clear.ts';
import { withLibrary } from '../kit/library.ts';
import { jsonText, table } from '../kit/output.ts';

interface ConflictOptions extends StreamOptions {
  type?: string;
  limit: number;
  unmasked?: boolean;
  lifecycle?: boolean;
  duplicates?: boolean;
}

export function addConflicts(program: Command): void {
  withStreams(program.command('conflicts'))
    .description(
      'Where several sources say different things the catalog says who is believed first (sources, fieldSources of an\n' +
        'entry); other streams follow, the latest change first. With --lifecycle: certificates that a source lets live on\n' +
        'after it had ended them; their latest version by the source’s own time is believed. With --duplicates: certificates\n' +
        'that one stream delivers under several keys; the latest record counts. Exits with 1 when there is any.',
    )
    .option('--lifecycle', 'certificates that live on after their end')
    .option('--duplicates', 'certificates that one stream delivers more than once')
    .option('--type <code>', 'only certificates of this 证照类型代码')
    .option('--limit <count>', 'most certificates to name', positive, 100)
    .option('--unmasked', 'show values as they are')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub conflicts\n  ./hub conflicts --type 11100000000013338W011 --json\n  ./hub conflicts --lifecycle\n  ./hub conflicts --duplicates',
    )
    .action((options: ConflictOptions) => {
      if (options.duplicates) return listDuplicates(options);
      return options.lifecycle ? listRevived(options) : listConflicts(options);
    });
}

const conflictPrinter = (db: Knex, { unmasked }: ConflictOptions, records: number) =>
  printerFor(db, unmasked, { action: 'certificates:personal', object: 'conflicts', detail: { records } });

function listConflicts(options: ConflictOptions): Promise<void> {
  return withLibrary(options, async (db) => {
    const catalog = await approvedCatalog(db);
    const groups = await differingCertificates(db, { typeCode: options.type, limit: options.limit });
    const found = groups.flatMap((records) => {
      const merged = mergeRecords(records, catalog.get(records[0]?.typeCode ?? ''));
      const { certificate, origin } = merged;
      const variants = merged.variants.map((variant) => ({ ...variant, spelling: true }));
      const { typeCode, number, name } = certificate;
      return [...merged.conflicts, ...variants].map(({ field, values, ...kind }) => ({
        typeCode,
        number,
        name,
        field,
        believed: origin[field] ?? '',
        values:
          options.unmasked || field !== 'holders'
            ? values
            : values.map(({ stream, value }) => ({ stream, value: maskAll(value) })),
        ...kind,
      }));
    });
    if (found.some((one) => !('spelling' in one))) process.exitCode = 1;
    const print = await conflictPrinter(db, options, found.length);
    if (options.json) return print(jsonText(found));
    if (found.length === 0)
      return print(
        '没有冲突：多个来源的证照均一致。 No conflicts: wherever several sources deliver a certificate, they agree.',
      );
    print(
      table(found, [
        ['证照名称', ({ name }) => name],
        ['证照编号', ({ number }) => number],
        ['字段', ({ field, ...kind }) => ('spelling' in kind ? `${field}（仅写法不同）` : field)],
        ['采信', ({ believed }) => believed],
        ['各来源所述', ({ values }) => values.map(({ stream, value }) => `${stream}：${text(value)}`).join('\n')],
      ]),
    );
  });
}

function listRevived(options: ConflictOptions): Promise<void> {
  return withLibrary(options, async (db) => {
    const found = await revivedCertificates(db, { typeCode: options.type, limit: options.limit });
    if (found.length > 0) process.exitCode = 1;
    const print = await conflictPrinter(db, options, found.length);
    if (options.json) return print(jsonText(found));
    if (found.length === 0)
      return print(
        '没有冲突：没有证照在终止后复生。 No conflicts: no certificate lives on after its source had ended it.',
      );
    print(
      table(found, [
        ['单位', ({ unit }) => unit],
        ['数据流', ({ stream }) => stream],
        ['记录键', ({ key }) => key],
        ['证照名称', ({ name }) => name],
        ['证照编号', ({ number }) => number],
        ['曾终止为', ({ endedAs }) => STATUSES[endedAs]],
        ['终止于', ({ endedAt }) => shanghaiWallTime(endedAt.getTime())],
        ['现状态', ({ status }) => STATUSES[status]],
        ['变更于', ({ updatedAt }) => shanghaiWallTime(updatedAt.getTime())],
      ]),
    );
  });
}

function listDuplicates(options: ConflictOptions): Promise<void> {
  return withLibrary(options, async (db) => {
    const found = await duplicateCertificates(db, { typeCode: options.type, limit: options.limit });
    if (found.length > 0) process.exitCode = 1;
    const print = await conflictPrinter(db, options, found.length);
    if (options.json) return print(jsonText(found));
    if (found.length === 0)
      return print(
        '没有重复：每个数据流的每份证照只有一条。 No duplicates: every stream delivers each certificate once.',
      );
    print(
      table(found, [
        ['单位', ({ unit }) => unit],
        ['数据流', ({ stream }) => stream],
        ['证照名称', ({ name }) => name],
        ['证照编号', ({ number }) => number],
        ['计入', ({ counts }) => counts],
        ['重复', ({ others }) => others.join('、')],
      ]),
    );
  });
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
