import type { Command } from 'commander';
import type { Knex } from 'knex';
import { maskAll } from '../../connectors/examine/discover.ts';
import type { Catalog } from '../../domain/library/catalog.ts';
import { shanghaiWallTime } from '../../domain/dates.ts';
import { EVENTS, withEvents } from '../../domain/library/lifecycle.ts';
import { STATUSES } from '../../domain/library/status.ts';
import { RULES } from '../../domain/library/validation.ts';
import { approvedCatalog } from '../../store/library/catalog.ts';
import {
  findCertificates,
  mergeRecords,
  versionsOf,
  type CertificateVersion,
} from '../../store/library/certificates.ts';
import { instantOption, withStreams, type StreamOptions } from '../kit/select.ts';
import { withLibrary } from '../kit/library.ts';
import { timeText, table } from '../kit/output.ts';

interface CertificateOptions extends StreamOptions {
  asOf?: string;
  history?: boolean;
  unmasked?: boolean;
}

export function addCertificate(program: Command): void {
  withStreams(program.command('certificate <code>'))
    .description('Names and codes of holders are masked unless they are asked for.')
    .option('--as-of <time>', 'as they were at that time, Shanghai time')
    .option('--history', 'every version, with the event that led to it')
    .option('--unmasked', 'show names and codes of holders')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub certificate 91460100MA5THWMM2J\n  ./hub certificate 锡建施2026-000012 --history\n  ./hub certificate 锡建施2026-000012 --as-of "2026-06-30 24:00:00" --json',
    )
    .action((code: string, options: CertificateOptions) => showCertificates(code, options));
}

/** A version with the event that led to it. */
type Lived = CertificateVersion & { event: string; conflict: boolean };

const livedBy = (versions: readonly CertificateVersion[], catalog: Catalog): Lived[] =>
  withEvents(versions, catalog.get(versions.at(-1)?.typeCode ?? '')?.inspection).map((version) => ({
    ...version,
    event: EVENTS[version.event],
  }));

function showCertificates(code: string, options: CertificateOptions): Promise<void> {
  const untilMs = options.asOf === undefined ? Number.POSITIVE_INFINITY : instantOption(options.asOf, '--as-of');
  return withLibrary(options, async (db) => {
    const found = await findCertificates(db, code);
    const catalog = await approvedCatalog(db);
    const lives = await Promise.all(
      found.map(async ({ stream, key }) =>
        livedBy(
          (await versionsOf(db, stream, key)).filter(({ updatedAt }) => updatedAt.getTime() <= untilMs),
          catalog,
        ),
      ),
    );
    const chosen = lives.flatMap((life) => (options.history ? life : life.slice(-1))).map((row) => shown(row, options));
    if (chosen.length === 0) process.exitCode = 1;
    if (options.json) return console.log(JSON.stringify(chosen, null, 2));
    if (chosen.length === 0) return console.log('No certificate has this identifier, number or holder’s code.');
    console.log(
      table(chosen, [
        ['Stream', ({ stream }) => stream],
        ['证照名称', ({ name }) => name],
        ['证照编号', ({ number }) => number],
        ['持证主体', ({ holders }) => holders.map((holder) => `${holder.name} ${holder.code}`).join('\n')],
        ['State', ({ status }) => STATUSES[status]],
        ['异议标注', ({ disputedSince }) => (disputedSince ? `▲ 有异议 ${timeText(disputedSince)}` : '')],
        ['Valid until', ({ longTerm, expiresOn }) => (longTerm ? '长期' : (expiresOn ?? ''))],
        ['Changed', ({ updatedAt }) => shanghaiWallTime(updatedAt.getTime())],
        ['Event', ({ event, conflict }) => (conflict ? `▲ ${event} after its end` : event)],
        ['Taken', ({ recordedAt }) => timeText(recordedAt)],
        ['Flags', ({ flags }) => (flags ?? []).map(({ rule, field }) => `${field} ${RULES[rule].zh}`).join('\n')],
      ]),
    );
    if (options.history || options.asOf !== undefined) return;
    // What counts where several sources deliver the same certificate.
    for (const records of Map.groupBy(found, ({ typeCode, number }) => `${typeCode} ${number}`).values()) {
      if (new Set(records.map(({ stream }) => stream)).size < 2) continue;
      const { certificate, origin, conflicts, variants } = mergeRecords(
        records,
        catalog.get(records[0]?.typeCode ?? ''),
      );
      console.log(`\n${certificate.number} counts as ${STATUSES[certificate.status]} (${origin.status ?? ''})`);
      for (const { field, values } of conflicts)
        console.log(
          `  ▲ ${field} from ${origin[field] ?? ''}; ${values.map(({ stream }) => stream).join(', ')} differ`,
        );
      for (const { field, values } of variants)
        console.log(`  ${field} is spelt in several ways by ${values.map(({ stream }) => stream).join(', ')}`);
    }
    for (const record of found) await showMembers(db, record, catalog);
  });
}

/** 一业一证: of a licence that is made of several, which of these its holder has, and their states. */
async function showMembers(db: Knex, record: CertificateVersion, catalog: Catalog): Promise<void> {
  const members = catalog.get(record.typeCode)?.members ?? [];
  if (members.length === 0) return;
  const held = await findCertificates(db, record.holders[0]?.code ?? '');
  console.log(`\n${record.number} is made of`);
  for (const member of members) {
    const [latest] = held.filter(({ typeCode }) => typeCode === member);
    const name = catalog.get(member)?.name ?? member;
    console.log(
      latest ? `  ${name}: ${latest.number}, ${STATUSES[latest.status]}` : `  ✖ ${name}: its holder has none`,
    );
  }
}

const shown = (row: Lived, { unmasked }: CertificateOptions): Lived =>
  unmasked
    ? row
    : {
        ...row,
        holders: maskAll(row.holders) as Lived['holders'],
        extension: maskAll(row.extension) as Lived['extension'],
        flags: row.flags?.map(({ rule, field }) => ({ rule, field })) ?? null,
      };
