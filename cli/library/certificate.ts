import type { Command } from 'commander';
import { maskAll } from '../../connectors/examine/discover.ts';
import type { Catalog } from '../../domain/library/catalog.ts';
import { shanghaiWallTime } from '../../domain/dates.ts';
import { EVENTS, STATES_OF_FORCE, withEvents, type Lived } from '../../domain/library/lifecycle.ts';
import {
  LOST_BETWEEN_READS,
  markHistory,
  STATE_MARKS,
  tellingOf,
  type MarkPeriod,
} from '../../domain/library/marks.ts';
import { maskNumbers } from '../../domain/library/personal.ts';
import { STATUSES } from '../../domain/library/status.ts';
import { RULES } from '../../domain/library/validation.ts';
import { approvedCatalog } from '../../store/library/catalog.ts';
import {
  compositesOf,
  findCertificates,
  mergeRecords,
  standingNow,
  versionsOf,
  type CertificateVersion,
  type Composite,
} from '../../store/library/certificates.ts';
import { instantOption, withStreams, type StreamOptions } from '../kit/select.ts';
import { printerFor } from '../kit/clear.ts';
import { withLibrary } from '../kit/library.ts';
import { jsonText, table, timeText } from '../kit/output.ts';

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

/** A version with what it did, and all marks until then. */
type Shown = Omit<Lived<CertificateVersion>, 'event' | 'marks'> & { event: string; marks: MarkPeriod[]; lost: string };

const livedBy = (versions: readonly CertificateVersion[], catalog: Catalog): Shown[] =>
  withEvents(versions, catalog.get(versions.at(-1)?.typeCode ?? '')?.inspection).map((version, index, lives) => ({
    ...version,
    event: EVENTS[version.event],
    marks: markHistory(lives.slice(0, index + 1)).periods,
    lost: LOST_BETWEEN_READS[tellingOf(version)].zh,
  }));

/** Marks that hold, since when, and what a version ended. */
const marksInWords = ({ marks, ended }: Shown): string =>
  [
    ...marks
      .filter(({ end }) => end === null)
      .map(({ mark, begin }) => `${STATE_MARKS[mark]} ${begin ? timeText(begin.at) : ''}`),
    ...ended.map((mark) => `− ${STATE_MARKS[mark]}`),
  ].join('\n');

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
    const standing = found.map((record) => ({ ...record, state: standingNow(record).state }));
    const composites = options.asOf === undefined ? await compositesOf(db, standing, catalog) : [];
    for (const [index, composite] of composites.entries()) {
      const now = lives[index]?.at(-1);
      if (composite && now) now.state = composite.state;
    }
    const chosen = lives.flatMap((life) => (options.history ? life : life.slice(-1))).map((row) => shown(row, options));
    if (chosen.length === 0) process.exitCode = 1;
    const print = await printerFor(db, options.unmasked, {
      action: 'certificates:personal',
      object: 'certificate-search',
      detail: { found: chosen.length, records: found.map(({ stream, key }) => `${stream}/${maskNumbers(key)}`) },
    });
    if (options.json) return print(jsonText(chosen));
    if (chosen.length === 0)
      return print(
        '没有以此为证照标识、证照编号或持证主体代码的证照。 No certificate has this identifier, number or holder’s code.',
      );
    print(
      table(chosen, [
        ['数据流', ({ stream }) => stream],
        ['证照名称', ({ name }) => name],
        ['证照编号', ({ number }) => number],
        ['持证主体', ({ holders }) => holders.map((holder) => `${holder.name} ${holder.code}`).join('\n')],
        ['证照状态', ({ state, status }) => [...new Set([STATES_OF_FORCE[state], STATUSES[status]])].join('\n')],
        ['状态标记', marksInWords],
        ['异议标注', ({ disputedSince }) => (disputedSince ? `▲ 有异议 ${timeText(disputedSince)}` : '')],
        ['有效期至', ({ longTerm, expiresOn }) => (longTerm ? '长期' : (expiresOn ?? ''))],
        ['变更', ({ updatedAt }) => shanghaiWallTime(updatedAt.getTime())],
        ['事件', ({ event, conflict }) => (conflict ? `▲ ${event}，终止后又复生` : event)],
        ['入库', ({ recordedAt }) => timeText(recordedAt)],
        ['问题', ({ flags }) => (flags ?? []).map(({ rule, field }) => `${field} ${RULES[rule].zh}`).join('\n')],
      ]),
    );
    for (const lost of new Set(chosen.filter(({ marks }) => marks.length > 0).map((row) => row.lost)))
      if (lost !== '') print(`▲ ${lost}`);
    if (options.history || options.asOf !== undefined) return;
    // What counts where several sources deliver the same certificate.
    for (const records of Map.groupBy(found, ({ typeCode, number }) => `${typeCode} ${number}`).values()) {
      if (new Set(records.map(({ stream }) => stream)).size < 2) continue;
      const { certificate, origin, conflicts, variants } = mergeRecords(
        records,
        catalog.get(records[0]?.typeCode ?? ''),
      );
      print(
        `\n${certificate.number} 以 ${origin.status ?? ''} 为准：${STATUSES[certificate.status]}。 ${certificate.number} counts as ${STATUSES[certificate.status]} (${origin.status ?? ''})`,
      );
      for (const { field, values } of conflicts)
        print(`  ▲ ${field} from ${origin[field] ?? ''}; ${values.map(({ stream }) => stream).join(', ')} differ`);
      for (const { field, values } of variants)
        print(`  ${field} is spelt in several ways by ${values.map(({ stream }) => stream).join(', ')}`);
    }
    for (const [index, composite] of composites.entries())
      if (composite) showMembers(found[index]?.number ?? '', composite, print);
  });
}

/** 一业一证: of a licence that is made of several, which of these its holder has, and its state by theirs. */
function showMembers(number: string, { state, members }: Composite, print: (text: string) => void): void {
  print(`\n${number} 一业一证，按所含证照为${STATES_OF_FORCE[state]} (by its members)`);
  for (const { name, held } of members)
    print(
      held
        ? `  ${name}: ${held.number}, ${STATES_OF_FORCE[held.state]} (${STATUSES[held.status]})`
        : `  ✖ ${name}：持证主体未持有 (its holder has none)`,
    );
}

const shown = (row: Shown, { unmasked }: CertificateOptions): Shown =>
  unmasked
    ? row
    : {
        ...row,
        holders: maskAll(row.holders) as Shown['holders'],
        extension: maskAll(row.extension) as Shown['extension'],
        flags: row.flags?.map(({ rule, field }) => ({ rule, field })) ?? null,
      };
