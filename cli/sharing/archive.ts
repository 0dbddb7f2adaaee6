import { statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { Listr } from 'listr2';
import type { Knex } from 'knex';
import { messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import { parseDate, type CalendarDate } from '../../domain/dates.ts';
import { DAMAGES, packageName, type Damage } from '../../domain/sharing/archive.ts';
import type { ReceiptKey } from '../../domain/sharing/receipt.ts';
import { FolderPlace } from '../../store/library/files/folder.ts';
import { openArchives, openFileStore } from '../../store/library/files/index.ts';
import type { FilePlace } from '../../store/library/files/place.ts';
import { archive, type ArchivedPackage } from '../../store/sharing/archives/archive.ts';
import type { MadePackage } from '../../store/sharing/archives/make.ts';
import { listPackages, listRemovals, unitsUsing } from '../../store/sharing/archives/packages.ts';
import { verifyPackage } from '../../store/sharing/archives/verify.ts';
import { openReceiptSigner, type ReceiptSigner } from '../../store/sharing/receipt-signing.ts';
import { listKeys } from '../../store/sharing/receipts.ts';
import { withLibrary } from '../kit/library.ts';
import { dataFolder, readGiven } from '../kit/options.ts';
import { print, printJson, printList, table, thousands, timeText } from '../kit/output.ts';
import { configOf, withStreams, type StreamOptions } from '../kit/select.ts';

interface MakeOptions extends StreamOptions {
  unit?: string[];
  from: string;
  to: string;
  into?: string;
}

export function addArchive(program: Command): void {
  const archives = withStreams(program.command('archive'))
    .description('Packages that were made, each of a user unit (用证单位) and a period.')
    .option('--unit <code...>', '统一社会信用代码 of user units (default: every one)')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub archive\n  ./hub archive make --unit 11320200014006438B --from 2026-11-01 --to 2026-11-30\n  ./hub archive make --from 2026-11-01 --to 2026-11-30 --into /media/archive\n  ./hub archive verify /media/archive/11320200014006438B_2026-11-01_2026-11-30 --keys keys.json',
    )
    .action((options: StreamOptions & { unit?: string[] }) => showPackages(options));

  withStreams(archives.command('make'))
    .summary('make the packages of a period; one that is there is compared, and never written over')
    .description(
      'Packages lie beside the files of certificates (hub.yaml: files), in archives/. Made again they are the same, or it is\n' +
        'said what differs, which ends with 1. One that was broken off is gone on with. Each is read and checked at the end.',
    )
    .option('--unit <code...>', '统一社会信用代码 of user units (default: every one that used certificates)')
    .requiredOption('--from <date>', 'first day')
    .requiredOption('--to <date>', 'last day, which has to be over')
    .option('--into <folder>', 'make them there instead')
    .action((_options: unknown, command: Command) => make(command.optsWithGlobals<MakeOptions>()));

  withStreams(archives.command('verify <folder>'))
    .summary('read a package and check all of it, without the hub and its database; exits with 1 where it is not whole')
    .description('Of packages beside the files of certificates the name is enough.')
    .option('--keys <file>', 'public keys that are trusted, as GET /share/v1/receipt-keys gave them')
    .action((folder: string, _options: unknown, command: Command) =>
      verify(folder, command.optsWithGlobals<StreamOptions & { keys?: string }>()),
    );

  withStreams(archives.command('removals'))
    .summary('uses that were removed from the log after their time (sharing.keepUses), and the packages that have them')
    .action((_options: unknown, command: Command) =>
      showRemovals(command.optsWithGlobals<StreamOptions & { unit?: string[] }>()),
    );
}

function showRemovals(options: StreamOptions & { unit?: string[] }): Promise<void> {
  return withLibrary(options, async (db) => {
    const removals = await listRemovals(db, { unitCode: null });
    const chosen = removals.filter(({ unitCode }) => options.unit?.includes(unitCode) ?? true);
    const shownRows = chosen.map(({ unitCode, day, uses, leaves, archive: digest, removedAt, ...period }) => ({
      unitCode,
      day,
      uses,
      removedAt,
      package: packageName({ unitCode, ...period }),
      digest: digest.toString('hex'),
      leaves: leaves.toString('hex'),
    }));
    printList(shownRows, options.json, (rows) =>
      table(rows, [
        ['用证单位', ({ unitCode }) => unitCode],
        ['日期', ({ day }) => day],
        ['移出记录', ({ uses }) => thousands(uses), 'right'],
        ['移出时间', ({ removedAt }) => timeText(removedAt)],
        ['归档包', (row) => row.package],
        ['摘要（SHA-256）', ({ digest }) => digest.slice(0, 16)],
      ]),
    );
  });
}

function showPackages(options: StreamOptions & { unit?: string[] }): Promise<void> {
  return withLibrary(options, async (db) => {
    const packages = await listPackages(db, null);
    const chosen = packages.filter(({ unitCode }) => options.unit?.includes(unitCode) ?? true);
    const shown = chosen.map(({ digest, previous, ...known }) => ({
      name: packageName(known),
      ...known,
      digest: digest?.toString('hex') ?? null,
      previous: previous?.toString('hex') ?? null,
    }));
    printList(shown, options.json, (rows) =>
      table(rows, [
        ['归档包', ({ name }) => name],
        ['用证记录', ({ uses }) => (uses === null ? '' : thousands(uses)), 'right'],
        ['制作', ({ madeAt }) => (madeAt ? timeText(madeAt) : '未完成')],
        ['核验', ({ verifiedAt }) => timeText(verifiedAt)],
        ['摘要（SHA-256）', ({ digest }) => digest?.slice(0, 16) ?? ''],
      ]),
    );
  });
}

async function make(options: MakeOptions): Promise<void> {
  const { settings } = configOf(options);
  const [from, to] = [parseDate(options.from), parseDate(options.to)];
  if (from === null || to === null) throw fault('archive-backwards', { from: options.from, to: options.to });
  const data = dataFolder(options, options.demo ?? false);
  const place = options.into === undefined ? await openArchives(settings.files, data) : new FolderPlace(options.into);
  const files = await openFileStore(settings.files, data);
  await withLibrary(options, async (db) => {
    const signer = openReceiptSigner(data);
    await requireHubKeys(db, signer, data);
    const made: ArchivedPackage[] = [];
    for (const unitCode of options.unit ?? (await unitsUsing(db, { from, to }))) {
      const period = { unitCode, from, to };
      const each = await shown(`归档 ${packageName(period)}`, options.json, (show) =>
        archive(
          {
            db,
            place,
            files,
            signer,
            managementName: settings.managementName,
            now: () => new Date(),
            progress: (far) => show(progressText(far)),
          },
          period,
          { own: options.into === undefined, progress: (read) => show(readText(read)) },
        ),
      );
      if (each) made.push(each);
    }
    told(made, place, options.json);
  });
}

/** Throws where a data folder’s keys are not those of the hub: others would not trust what they sign. */
async function requireHubKeys(db: Knex, { keys }: ReceiptSigner, folder: string): Promise<void> {
  const known = new Set((await listKeys(db)).map(({ id }) => id));
  if (!keys.every(({ id }) => known.has(id))) throw fault('archive-keys', { folder });
}

function told(packages: readonly ArchivedPackage[], place: FilePlace, json: boolean | undefined): void {
  const damages = packages.flatMap(({ made: { name, before }, verified: { damage } }) =>
    [...(before?.differs ?? []), ...(damage ? [damage] : [])].map((each) => ({ name, damage: each })),
  );
  if (damages.length > 0) process.exitCode = 1;
  if (json)
    return printJson(
      packages.map(({ made, verified: { damage, digest } }) => ({ ...made, digest, damage, place: place.shown })),
    );
  if (packages.length === 0)
    return print('期间内没有用证记录，无需归档。 Nothing was used in that time: nothing to archive.');
  print(
    table(packages, [
      ['归档包', ({ made: { name } }) => name],
      ['用证记录', ({ made: { uses } }) => thousands(uses), 'right'],
      ['证照', ({ made: { certificates } }) => thousands(certificates), 'right'],
      ['原件', ({ made: { files } }) => thousands(files), 'right'],
      ['缺失原件', ({ made: { lost } }) => (lost > 0 ? lost : ''), 'right'],
      ['字节', ({ made: { bytes } }) => thousands(bytes), 'right'],
      ['结果', ({ made: { before }, verified: { damage } }) => resultText(before, damage)],
    ]),
  );
  for (const { name, damage } of damages) print(`✖ ${name}：${damageText(damage)}`);
  print(`存于 ${place.shown}。 They are in ${place.shown}`);
}

function resultText(before: MadePackage['before'], damage: Damage | null): string {
  if (before?.differs.length) return '与已有的归档包不同，未改动';
  if (damage) return '有损';
  return before ? '已有，相同' : '已制作，核验无误';
}

async function verify(given: string, options: StreamOptions & { keys?: string }): Promise<void> {
  const trusted = options.keys === undefined ? undefined : trustedKeys(options.keys);
  const [place, name] = await packageAt(given, options);
  const found = await shown(`核验 ${name}`, options.json, (show) =>
    verifyPackage(place, name, { trusted, progress: (read) => show(readText(read)) }),
  );
  const { damage, files, bytes, digest, days } = found;
  if (damage) process.exitCode = 1;
  const uses = [...days.values()].reduce((sum, each) => sum + each.uses, 0);
  if (options.json) return printJson({ name, damage, files, bytes, uses, digest, keys: trusted ? 'trusted' : 'own' });
  if (damage) return print(`✖ ${damageText(damage)}`);
  print(
    `✔ ${name} 完好：${files} 个文件，${thousands(uses)} 条用证记录，摘要 ${digest}。 Whole: ${files} files, ${uses} uses`,
  );
  print(
    trusted
      ? '签名公钥均在可信公钥之中。 All keys are among those that are trusted.'
      : '签名公钥取自包内，未与可信公钥核对（--keys）。 The keys are those in the package; --keys compares them with trusted ones.',
  );
}

/** A package by its folder or, in the hub’s own place, by its name. */
async function packageAt(given: string, options: StreamOptions): Promise<[FilePlace, string]> {
  if (statSync(given, { throwIfNoEntry: false })?.isDirectory()) {
    const folder = resolve(given);
    return [new FolderPlace(dirname(folder)), basename(folder)];
  }
  if (!/^[0-9A-Z]{18}_\d{4}-\d{2}-\d{2}_\d{4}-\d{2}-\d{2}$/.test(given))
    throw fault('archive-unknown', { found: given });
  const { settings } = configOf(options);
  return [await openArchives(settings.files, dataFolder(options, options.demo ?? false)), given];
}

function trustedKeys(file: string): ReceiptKey[] {
  const text = readGiven(file).toString();
  try {
    const { keys } = JSON.parse(text) as { keys: ReceiptKey[] };
    return keys.map(({ id, algorithm, publicKey }) => ({ id, algorithm, publicKey }));
  } catch (error) {
    throw fault('file-unreadable', { file, why: messageOf(error) });
  }
}

const damageText = ({ kind, entry, line }: Damage): string =>
  `${entry}${line === undefined ? '' : ` 第 ${line} 行`}：${DAMAGES[kind].zh}。 ${entry}${line === undefined ? '' : `:${line}`}: ${DAMAGES[kind].en}`;

const progressText = ({ day, uses, files }: { day: CalendarDate; uses: number; files: number }): string =>
  `${day}，用证 ${thousands(uses)} 条，原件 ${thousands(files)} 份`;

const readText = ({ files, of, bytes }: { files: number; of: number; bytes: number }): string =>
  `核验 ${thousands(files)}/${thousands(of)} 个文件，${thousands(Math.round(bytes / 1024))} KiB`;

const SHOWN_EVERY_MS = 1000;

/** Shows now and then how far some work is; `quiet` for programs. */
async function shown<T>(
  title: string,
  quiet: boolean | undefined,
  work: (show: (text: string) => void) => Promise<T>,
): Promise<T> {
  if (quiet) return work(() => undefined);
  const context = await new Listr<{ done?: T }>([
    {
      title,
      task: async (own, task) => {
        let shownMs = 0;
        own.done = await work((text) => {
          if (Date.now() - shownMs < SHOWN_EVERY_MS) return;
          shownMs = Date.now();
          task.title = `${title}：${text}`;
        });
      },
    },
  ]).run({});
  return context.done as T;
}
