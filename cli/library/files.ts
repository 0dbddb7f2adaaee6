import { createWriteStream } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { findStream } from '../../settings/load.ts';
import { fault, faultInWords } from '../../domain/faults.ts';
import { filesWorkflowId } from '../../domain/ids.ts';
import { SEAL_STATES, sealReasonInWords, sealState } from '../../domain/library/seals.ts';
import {
  fileReports,
  filesOf,
  heldFiles,
  missingFiles,
  retryFiles,
  saveJudgement,
} from '../../store/library/certificate-files.ts';
import { isIntact } from '../../store/library/files/contract.ts';
import { openFileStore } from '../../store/library/files/index.ts';
import { judgeSeals } from '../../store/library/files/seals/judge.ts';
import { openTrust } from '../../store/library/files/seals/trust.ts';
import { getStream } from '../../store/collection/streams.ts';
import { labelOf } from '../../temporal/schedules.ts';
import type { fetchFiles } from '../../workflows/fetch-files.ts';
import { streamAttributes } from '../../workflows/search-attributes.ts';
import { configOf, withStreams, type StreamOptions } from '../kit/select.ts';
import { withLibrary } from '../kit/library.ts';
import { dataFolder, positive } from '../kit/options.ts';
import { print, printJson, table, timeText } from '../kit/output.ts';
import { showRun, withRunningHub } from '../kit/running-hub.ts';

export function addFiles(program: Command): void {
  const files = withStreams(program.command('files'))
    .description('Streams that say in `file` where their files are have them fetched every few minutes.')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub files\n  ./hub files missing transport-licences\n  ./hub files fetch transport-licences\n  ./hub files get transport-licences TR0000000012 --out licence.pdf',
    )
    .action((options: StreamOptions) => listFiles(options));

  withStreams(files.command('missing [stream]'))
    .summary('files that could not be fetched so far, and why; exits with 1 when there is any')
    .option('--limit <count>', 'most files to name', positive, 100)
    .addHelpText('after', '\nExamples:\n  ./hub files missing\n  ./hub files missing transport-licences --json')
    .action((stream: string | undefined, _options: unknown, command: Command) =>
      listMissing(stream, command.optsWithGlobals<StreamOptions & { limit: number }>()),
    );

  withStreams(files.command('fetch <stream>'))
    .summary('fetch what is due now, the missing ones included')
    .addHelpText('after', '\nExample:\n  ./hub files fetch transport-licences')
    .action((stream: string, _options: unknown, command: Command) =>
      fetchNow(stream, command.optsWithGlobals<StreamOptions>()),
    );

  withStreams(files.command('verify [stream]'))
    .summary('judge the seals of files that are held again, by the roots and lists of revocation as they are now')
    .addHelpText('after', '\nExamples:\n  ./hub files verify\n  ./hub files verify transport-licences --json')
    .action((stream: string | undefined, _options: unknown, command: Command) =>
      verifyFiles(stream, command.optsWithGlobals<StreamOptions>()),
    );

  withStreams(files.command('get <stream> <key>'))
    .summary('the file of one record: what is known of it; with --out its content')
    .option('--out <file>', 'write the latest content there')
    .addHelpText('after', '\nExample:\n  ./hub files get transport-licences TR0000000012 --out licence.pdf')
    .action((stream: string, key: string, _options: unknown, command: Command) =>
      getFile(stream, key, command.optsWithGlobals<StreamOptions & { out?: string }>()),
    );
}

function listFiles(options: StreamOptions): Promise<void> {
  return withLibrary(options, async (db) => {
    const reports = await fileReports(db);
    if (options.json) return printJson(reports);
    if (reports.length === 0) return print('没有数据流带有证照文件。 No stream has delivered files.');
    print(
      table(reports, [
        ['单位', ({ unit }) => unit],
        ['数据流', ({ stream }) => stream],
        ['应取', ({ wanted }) => wanted, 'right'],
        ['已取得', ({ fetched }) => fetched, 'right'],
        ['未取得', ({ missing }) => missing, 'right'],
        ['尚未尝试', ({ waiting }) => waiting, 'right'],
        ['签章有效', ({ valid }) => valid, 'right'],
        ['无效', ({ invalid }) => invalid, 'right'],
        ['未签章', ({ unsigned }) => unsigned, 'right'],
        ['未核验', ({ unchecked }) => unchecked, 'right'],
      ]),
    );
  });
}

function listMissing(stream: string | undefined, options: StreamOptions & { limit: number }): Promise<void> {
  return withLibrary(options, async (db) => {
    const kept = await missingFiles(db, stream, options.limit);
    const missing = kept.map((file) => ({ ...file, lastError: faultInWords(file.lastError) }));
    if (missing.length > 0) process.exitCode = 1;
    if (options.json) return printJson(missing);
    if (missing.length === 0) return print('没有未取得的文件。 No file is missing.');
    print(
      table(missing, [
        ['单位', ({ unit }) => unit],
        ['数据流', (file) => file.stream],
        ['记录键', ({ key }) => key],
        ['位置', ({ reference }) => reference],
        ['次数', ({ attempts }) => attempts, 'right'],
        ['应取自', ({ wantedAt }) => timeText(wantedAt)],
        ['下次尝试', ({ nextAttemptAt }) => timeText(nextAttemptAt)],
        ['原因', ({ lastError }) => lastError.zh],
      ]),
    );
  });
}

async function fetchNow(name: string, options: StreamOptions): Promise<void> {
  const config = configOf(options);
  const { connector, stream } = findStream(config, name);
  if (!('file' in stream) || !stream.file) {
    throw fault('no-files', { stream: name });
  }
  const label = labelOf(connector.name, stream);
  await withLibrary(options, async (db) => retryFiles(db, (await getStream(db, name)).id, new Date()));
  await withRunningHub(config, (client) =>
    showRun({ title: `${name}, its files`, what: 'files', quiet: options.json }, async () => {
      const result = await client.workflow.execute<typeof fetchFiles>('fetchFiles', {
        taskQueue: config.settings.temporal.taskQueue,
        workflowId: filesWorkflowId(name),
        typedSearchAttributes: streamAttributes(label, '文件'),
        staticSummary: `证照文件 · ${label.title}`,
        args: [label],
      });
      if (options.json) print(JSON.stringify(result));
      return `${result.fetched} fetched, ${result.missing} missing`;
    }),
  );
}

/** What files are counted by when their seals are judged again. */
const VERIFIED = { ...SEAL_STATES, changed: { zh: '结论有变' }, damaged: { zh: '已损坏' } } as const;

async function verifyFiles(stream: string | undefined, options: StreamOptions): Promise<void> {
  const config = configOf(options);
  if (stream !== undefined) findStream(config, stream);
  const trust = openTrust(config.settings.files);
  const store = await openFileStore(config.settings.files, dataFolder(options, options.demo ?? false));
  await withLibrary(options, async (db) => {
    const counts = Object.fromEntries(Object.keys(VERIFIED).map((name) => [name, 0]));
    const count = (name: string): void => void (counts[name] = (counts[name] ?? 0) + 1);
    for await (const file of heldFiles(db, stream ?? null)) {
      if (!(await store.has(file.hash)) || !(await isIntact(store, file.hash))) {
        count('damaged');
        continue;
      }
      const content = await buffer(await store.get(file.hash));
      const now = new Date();
      const judgement = await judgeSeals(content, { ...trust(), gotAt: file.fetchedAt, now }, file.issuer);
      await saveJudgement(db, file.id, judgement, now);
      const state = sealState(judgement.reason);
      count(state);
      if (state !== file.signature) count('changed');
    }
    if (options.json) return printJson(counts);
    print(
      table(
        [counts],
        Object.entries(VERIFIED).map(([name, { zh }]) => [zh, () => counts[name] ?? 0, 'right']),
      ),
    );
    if (counts.damaged)
      print(
        `✖ ${counts.damaged} 份已非存入时的内容，结论不变。 ${counts.damaged} are not what was stored any more, and stay as they were judged`,
      );
  });
}

async function getFile(stream: string, key: string, options: StreamOptions & { out?: string }): Promise<void> {
  const config = configOf(options);
  const found = await withLibrary(options, (db) => filesOf(db, stream, key));
  const [latest] = found;
  if (!latest) {
    throw fault('file-unknown', { stream, key });
  }
  const store = await openFileStore(config.settings.files, dataFolder(options, options.demo ?? false));
  const intact = await isIntact(store, latest.hash);
  if (!intact) process.exitCode = 1;
  if (options.out !== undefined && intact) {
    await pipeline(await store.get(latest.hash), createWriteStream(options.out, { mode: 0o600 }));
  }
  if (options.json) return printJson({ intact, files: found });
  print(
    table(found, [
      ['取得', ({ fetchedAt }) => timeText(fetchedAt)],
      ['摘要（SHA-256）', ({ hash }) => hash],
      ['字节', ({ size }) => size, 'right'],
      ['签章，来源所称', ({ stated }) => stated ?? ''],
      ['核验结果', ({ signature, reason }) => `${SEAL_STATES[signature].zh}：${sealReasonInWords(reason).zh}`],
      ['核验于', ({ judgedAt }) => timeText(judgedAt)],
    ]),
  );
  if (latest.seals.length > 0) {
    print(
      table(latest.seals, [
        ['印章', ({ name }) => name ?? ''],
        ['签章人', ({ signer }) => signer ?? ''],
        ['签章时间', ({ signedAt }) => (signedAt === null ? '' : timeText(new Date(signedAt)))],
        ['核验结果', ({ reason }) => `${SEAL_STATES[sealState(reason)].zh}：${sealReasonInWords(reason).zh}`],
        ['制章人', ({ maker }) => maker ?? ''],
      ]),
    );
  }
  if (!intact)
    print(`✖ ${latest.hash} 所存已非原内容。 what is stored under ${latest.hash} is not that content any more`);
  else if (options.out !== undefined) print(`已写入 Wrote ${options.out}`);
}
