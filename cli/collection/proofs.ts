import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { shanghaiInstant } from '../../domain/dates.ts';
import { fault } from '../../domain/faults.ts';
import { textSheet, workbookOf } from '../../domain/spreadsheet.ts';
import { findProofs, listProofs, recheckProof, type Proof } from '../../store/collection/proofs.ts';
import { windowBounds, withStreams, withWindow, type StreamOptions } from '../kit/select.ts';
import { auditOperator } from '../kit/clear.ts';
import { withLibrary } from '../kit/library.ts';
import { positive } from '../kit/options.ts';
import { print, printJson, table, timeText } from '../kit/output.ts';

interface ProofsOptions extends StreamOptions {
  stream?: string;
  different?: boolean;
  out?: string;
}

/** How records can differ, with the keys that a proof names. */
export const KINDS_OF_DIFFERENCE: [title: string, of: (proof: Proof) => string[]][] = [
  ['缺失', ({ missing }) => missing],
  ['仅库中有', ({ extra }) => extra],
  ['内容不同', ({ different }) => different],
];

export function addProofs(program: Command): void {
  const proofs = withWindow(withStreams(program.command('proofs')))
    .option('--stream <id>', 'of one stream only')
    .option('--different', 'only those that found something')
    .option('--out <file>', 'an xlsx file of them')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub proofs --from 2026-11-01\n  ./hub proofs --from 2026-01-01 --to 2027-01-01 --out evidence-2026.xlsx\n  ./hub proofs recheck 12',
    )
    .action((options: ProofsOptions) => list(options));

  withStreams(proofs.command('recheck <id>'))
    .summary('whether the library still is what a proof of a period found')
    .description(
      'Looks at the library alone. Exits with 1 when records or contents of the period are others now; to compare with the\n' +
        'source again: ./hub prove with the same --from and --to.',
    )
    .addHelpText('after', '\nExamples:\n  ./hub proofs recheck 12')
    .action((id: string, _options: unknown, command: Command) =>
      recheck(positive(id), command.optsWithGlobals<ProofsOptions>()),
    );
}

async function list(options: ProofsOptions): Promise<void> {
  const [fromMs, toMs] = windowBounds(options);
  const { stream, different } = options;
  const proofs = await withLibrary(options, async (db) => {
    const found = await listProofs(db, { stream, different, from: new Date(fromMs), to: new Date(toMs) });
    // The file has the keys of records as they are, by which they are found at their source.
    const detail = { records: found.length, stream: stream ?? null };
    if (options.out !== undefined) await auditOperator(db, { action: 'export', object: 'proofs', detail });
    return found;
  });
  if (options.out !== undefined) {
    writeFileSync(options.out, evidenceOf(proofs), { mode: 0o600 });
    print(`已写入 ${options.out}，${proofs.length} 次核验。 Wrote ${proofs.length} proofs to ${options.out}`);
  } else if (options.json) printJson(proofs);
  else if (proofs.length === 0) print('这段时间没有核验。 Nothing was proven in that time.');
  else print(proofTable(proofs));
}

export const proofTable = (proofs: readonly Proof[]): string =>
  table(proofs, [
    ['编号', ({ id }) => id, 'right'],
    ['数据流', ({ stream }) => stream],
    ['自', ({ from }) => (from ? timeText(from) : '')],
    ['至', ({ to }) => (to ? timeText(to) : '')],
    ['批次', ({ batch }) => batch?.slice(0, 24) ?? ''],
    ['比对于', ({ finishedAt }) => timeText(finishedAt)],
    ['源端', ({ sourceRecords }) => sourceRecords, 'right'],
    ['其中应拒收', ({ sourceRefused }) => sourceRefused, 'right'],
    ['库内', ({ libraryRecords }) => libraryRecords, 'right'],
    ['缺失', ({ missingCount }) => missingCount, 'right'],
    ['仅库中有', ({ extraCount }) => extraCount, 'right'],
    ['内容不同', ({ differentCount }) => differentCount, 'right'],
    ['', (proof) => verdictOf(proof)],
  ]);

function verdictOf(proof: Proof): string {
  if (proof.fault !== null) return `✖ 未能比对：${proof.fault}`;
  if (proof.declared !== proof.listed) return `✖ 源端称 ${proof.declared} 条，列出 ${proof.listed} 条`;
  return proof.differences > 0 ? '✖ 有差异' : '✔ 一致';
}

/** The workbook: a sheet of what was compared, and one of every key that was named. */
function evidenceOf(proofs: readonly Proof[]): Buffer {
  const instant = (at: Date | null): string => (at ? shanghaiInstant(at.getTime()) : '');
  const head = [
    '编号',
    '数据流',
    '自',
    '至',
    '批次',
    '开始',
    '结束',
    '源端条数',
    '其中应拒收',
    '库内条数',
    '源端摘要',
    '库内摘要',
    '缺失',
    '仅库中有',
    '内容不同',
    '结论',
  ];
  const rows = proofs.map((proof) => [
    String(proof.id),
    proof.stream,
    instant(proof.from),
    instant(proof.to),
    proof.batch ?? '',
    instant(proof.startedAt),
    instant(proof.finishedAt),
    String(proof.sourceRecords),
    String(proof.sourceRefused),
    String(proof.libraryRecords),
    proof.sourceDigest,
    proof.libraryDigest,
    String(proof.missingCount),
    String(proof.extraCount),
    String(proof.differentCount),
    verdictOf(proof),
  ]);
  const keys = proofs.flatMap((proof) =>
    KINDS_OF_DIFFERENCE.flatMap(([title, of]) => of(proof).map((key) => [String(proof.id), proof.stream, title, key])),
  );
  return workbookOf({
    比对: textSheet([head, ...rows]),
    差异: textSheet([['编号', '数据流', '差异', '记录键'], ...keys]),
  });
}

async function recheck(id: number, options: ProofsOptions): Promise<void> {
  const { proof, now } = await withLibrary(options, async (db) => {
    const [found] = await findProofs(db, [id]);
    if (!found?.from || found.fault !== null) {
      throw fault('proof-unknown', { id, timeless: found !== undefined });
    }
    return { proof: found, now: await recheckProof(db, found) };
  });
  const same = now.records === proof.libraryRecords && now.digest === proof.libraryDigest;
  if (!same) process.exitCode = 1;
  if (options.json) return printJson({ proof: id, same, ...now });
  print(
    same
      ? `✔ 与核验 ${id} 时一致。 The library holds what proof ${id} found: ${now.records} records, digest ${now.digest}`
      : `✖ 核验 ${id} 之后库内有变。 The library has changed since proof ${id}: ${proof.libraryRecords} records then, ${now.records} now, ${now.changed} of them taken or changed after it`,
  );
}
