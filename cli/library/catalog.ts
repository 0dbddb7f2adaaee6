import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Knex } from 'knex';
import { stringify } from 'yaml';
import { catalogWorkbook, publicWorkbook, readCatalog } from '../../settings/sheets/catalog.ts';
import { catalogEntrySchema } from '../../settings/schemas/catalog.ts';
import { findStream, type HubConfig } from '../../settings/load.ts';
import {
  CATALOG_FIELDS,
  lackingFields,
  mayDraft,
  publicCatalog,
  templateMissing,
  type CatalogEntry,
  type CatalogFinding,
} from '../../domain/library/catalog.ts';
import { foundInstead, placed } from '../../domain/faults/expected.ts';
import { fault } from '../../domain/faults.ts';
import type { Said } from '../../domain/said.ts';
import { catalogWorkflowId } from '../../domain/ids.ts';
import * as store from '../../store/library/catalog.ts';
import type { FileStore } from '../../store/library/files/contract.ts';
import { openFileStore } from '../../store/library/files/index.ts';
import { keepTemplate, lacksTemplate } from '../../store/library/templates.ts';
import type { catalogSync } from '../../workflows/catalog-sync.ts';
import { catalogAttributes } from '../../workflows/search-attributes.ts';
import { configOf, withStreams, type StreamOptions } from '../kit/select.ts';
import { withLibrary } from '../kit/library.ts';
import { openGivenList } from '../kit/workbook.ts';
import { print, printJson, table, timeText } from '../kit/output.ts';
import { dataFolder } from '../kit/options.ts';
import { replay } from '../kit/replay.ts';
import { showRun, withRunningHub } from '../kit/running-hub.ts';
import { openTemplates } from './templates.ts';

const STATES = { draft: '草案待批准', approved: '✔ 有效', superseded: '已被取代', withdrawn: '✖ 已撤回' } as const;

interface ByOptions extends StreamOptions {
  by: string;
}

interface ImportOptions extends ByOptions {
  templates?: string;
}

export function addCatalog(program: Command): void {
  const catalog = program
    .command('catalog')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub catalog draft park-permits > parks.yaml\n  ./hub catalog import parks.yaml --templates templates/ --by 11320200014006438B\n  ./hub catalog approve 11100000000013338W011 --by 11320200MB1D55902K\n  ./hub catalog export --public --out public.xlsx\n  ./hub catalog sync province',
    );

  withStreams(catalog.command('list'))
    .summary('every entry with its state, and the types whose records wait for one')
    .action((options: StreamOptions) => listCatalog(options));

  withStreams(catalog.command('show <code>'))
    .summary('one entry with all its versions')
    .action((code: string, options: StreamOptions) =>
      withLibrary(options, async (db) => {
        const versions = await store.entryVersions(db, [code]);
        if (versions.length === 0) throw unknownEntry([code]);
        print(options.json ? JSON.stringify(versions, null, 2) : stringify(versions));
      }),
    );

  withStreams(catalog.command('draft <stream>'))
    .summary('write entries for the types of a stream that have none, as YAML to complete')
    .action((stream: string, options: StreamOptions) => draftFor(stream, options));

  withBy(catalog.command('import <file>'))
    .summary('draft the entries of a workbook (xlsx) or YAML file')
    .description(
      'All of the file is taken or, if anything of it is wrong, nothing. What is like it is is left alone. An entry is\n' +
        'approved once the file of its template is stored; --templates has those that entries name.',
    )
    .option('--templates <path>', 'the file of a template (证照模板), or a folder or ZIP archive of them')
    .action((file: string, options: ImportOptions) => importCatalog(file, options));

  withStreams(catalog.command('export'))
    .summary('the approved entries as a workbook that can be imported again')
    .requiredOption('--out <file>', 'the xlsx file to write')
    .option('--public', 'the list for the public (公开目录), which cannot be imported')
    .action((options: StreamOptions & { out: string; public?: boolean }) =>
      withLibrary(options, async (db) => {
        const approved = await store.approvedCatalog(db);
        const open = publicCatalog(approved);
        writeFileSync(options.out, options.public ? publicWorkbook(open) : catalogWorkbook([...approved.values()]));
        print(
          `已写入 ${options.out}，${options.public ? open.length : approved.size} 个条目。 Wrote ${options.public ? open.length : approved.size} entries to ${options.out}`,
        );
      }),
    );

  withBy(catalog.command('approve [codes...]'))
    .summary('put drafts into force; records that wait for them enter the library')
    .option('--all', 'every draft')
    .action((codes: string[], options: ByOptions & { all?: boolean }) => approve(codes, options));

  withStreams(catalog.command('sync [connector]'))
    .summary('compare with a catalog that others publish, such as the province’s, and draft what is new or changed')
    .description(
      'Has a running hub read the whole list and draft what differs from what is approved. A draft of somebody else is\n' +
        'left alone. Every connector with a section “catalog” where none is named; the hub does so every morning, too.\n' +
        'Exits with 1 when an entry is faulty.',
    )
    .addHelpText('after', '\nExamples:\n  ./hub catalog sync\n  ./hub catalog sync province --json')
    .action((connector: string | undefined, options: StreamOptions) => syncCatalogs(connector, options));

  withBy(catalog.command('withdraw <codes...>'))
    .summary('take entries out of force; new records of their types wait from then on')
    .action((codes: string[], options: ByOptions) => {
      requireManagement(configOf(options), options.by);
      return withLibrary(options, async (db) => {
        await store.withdrawEntries(db, codes, options.by, new Date());
        print(`已停用 Withdrawn: ${codes.join(', ')}`);
      });
    });
}

const withBy = (command: Command): Command =>
  withStreams(command).requiredOption('--by <unit>', '统一社会信用代码 of the unit that does it');

const unknownEntry = (codes: readonly string[]): Error => fault('entry-unknown', { types: codes, approved: false });

function listCatalog(options: StreamOptions): Promise<void> {
  return withLibrary(options, async (db) => {
    const versions = await store.entryVersions(db);
    const waiting = await store.waitingTypes(db);
    if (options.json) return printJson({ entries: versions, waiting });
    const current = versions.filter(({ state }) => state !== 'superseded');
    if (current.length > 0) {
      print(
        table(current, [
          ['证照类型代码', ({ typeCode }) => typeCode],
          ['证照名称', ({ entry }) => entry.name],
          ['发证单位', ({ entry }) => entry.issuer?.name ?? ''],
          ['版本', ({ version }) => version, 'right'],
          ['状态', ({ state }) => STATES[state]],
          ['由谁', ({ decidedBy, draftedBy }) => decidedBy ?? draftedBy],
          ['自', ({ decidedAt, draftedAt }) => timeText(decidedAt ?? draftedAt)],
        ]),
      );
    } else print('目录为空。 The catalog is empty.');
    if (waiting.length === 0) return;
    print('\n因证照类型未经审定而等待的数据 Records that wait because their type has no approved entry:');
    print(
      table(waiting, [
        ['证照类型代码', ({ typeCode }) => typeCode],
        ['数据流', ({ stream }) => stream],
        ['单位', ({ unit }) => unit],
        ['条数', ({ records }) => records, 'right'],
        ['自', ({ since }) => timeText(since)],
      ]),
    );
    print(
      `\n用 ./hub catalog draft ${waiting[0]?.stream ?? ''} 起草条目。 ./hub catalog draft ${waiting[0]?.stream ?? ''} writes an entry to complete.`,
    );
  });
}

/** Drafts for the types that a stream names, or whose records wait, as far as the configuration tells. */
async function draftFor(name: string, options: StreamOptions): Promise<void> {
  const { connector, stream } = findStream(configOf(options), name);
  await withLibrary(options, async (db) => {
    const approved = await store.approvedCatalog(db);
    const waiting = (await store.waitingTypes(db)).filter((type) => type.stream === name);
    const codes = new Set([...waiting.map(({ typeCode }) => typeCode), stream.certificateType?.code ?? []].flat());
    const entries = [...codes.difference(new Set(approved.keys()))].map((typeCode) =>
      catalogEntrySchema.parse({
        typeCode,
        name: stream.certificateType?.code === typeCode ? stream.certificateType.name : (stream.name ?? stream.id),
        category: '证照',
        issuer: { name: connector.name, code: connector.unit },
      }),
    );
    if (entries.length === 0) return console.error(`Every type that ${name} delivered has an approved entry.`);
    print(`# yaml-language-server: $schema=config/schema/catalog.schema.json\n${stringify(entries)}`);
  });
}

const templateStore = (options: StreamOptions): Promise<FileStore> =>
  openFileStore(configOf(options).settings.files, dataFolder(options, options.demo ?? false));

const draftsOf = async (db: Knex, entries: readonly CatalogEntry[]): Promise<store.EntryVersion[]> =>
  (
    await store.entryVersions(
      db,
      entries.map(({ typeCode }) => typeCode),
    )
  ).filter(({ state }) => state === 'draft');

async function importCatalog(file: string, options: ImportOptions): Promise<void> {
  const config = configOf(options);
  const files = await templateStore(options);
  const entries = readCatalog(file, await openGivenList(file));
  const { managementUnit } = config.settings;
  const others = entries.filter((entry) => !mayDraft(options.by, entry, managementUnit));
  if (others.length > 0) {
    throw fault('draft-not-allowed', {
      by: options.by,
      entries: others.map(({ typeCode, issuer }) => ({ type: typeCode, issuer: issuer?.code })),
    });
  }
  const named = new Set(entries.map(({ template }) => template));
  const given = options.templates === undefined ? [] : [...(await openTemplates(options.templates))];
  const templates = new Map<string, string>();
  for (const [name, read] of given) if (named.has(name)) templates.set(name, await keepTemplate(files, await read()));
  await withLibrary(options, async (db) => {
    const known = new Set([...(await store.approvedCatalog(db)).keys(), ...entries.map(({ typeCode }) => typeCode)]);
    for (const { typeCode, members } of entries) {
      const missing = members.filter((member) => !known.has(member));
      if (missing.length === 0) continue;
      throw fault('member-unknown', { type: typeCode, missing });
    }
    const { drafted, unchanged } = await store.draftEntries(db, entries, options.by, new Date(), { templates });
    print(`起草 ${drafted} 个，未变 ${unchanged} 个。 ${drafted} drafted, ${unchanged} unchanged`);
    const unnamed = given.flatMap(([name]) => (named.has(name) ? [] : name));
    if (unnamed.length > 0)
      print(`没有条目使用模板 ${unnamed.join('、')}。 No entry names the template ${unnamed.join(', ')}`);
    const lacking = await lackingOf(await draftsOf(db, entries), config, files);
    for (const { zh, en } of lacking) print(`${zh}\n${en}`);
    if (drafted > 0 && lacking.length === 0) print('下一步 Next: ./hub catalog approve --all --by <management unit>');
  });
}

/** Has a running hub compare published catalogs with the city's own, and shows what was found. */
async function syncCatalogs(name: string | undefined, options: StreamOptions): Promise<void> {
  const config = configOf(options);
  const publishing = config.connectors.filter(({ catalog }) => catalog !== undefined);
  const chosen = publishing.filter(({ id }) => name === undefined || id === name);
  if (chosen.length === 0) {
    throw fault('catalog-unpublished', { connector: name, publishing: publishing.map(({ id }) => id) });
  }
  await withRunningHub(config, async (client) => {
    for (const { id, name: unit } of chosen) {
      const label = { connector: id, unit };
      await showRun({ title: `${id} catalog`, what: 'catalog', quiet: options.json }, async () => {
        const counts = await client.workflow.execute<typeof catalogSync>('catalogSync', {
          taskQueue: config.settings.temporal.taskQueue,
          workflowId: catalogWorkflowId(id),
          typedSearchAttributes: catalogAttributes(label),
          staticSummary: `目录 · ${unit}`,
          args: [label],
        });
        return `${counts.listed} entries, ${counts.unchanged} unchanged, ${counts.drafted} drafted`;
      });
    }
  });
  await withLibrary(options, async (db) => {
    const found = await Promise.all(
      chosen.map(async ({ id }) => ({ connector: id, ...(await store.lastCatalogSync(db, id)) })),
    );
    const findings = found.flatMap((sync) => sync.findings ?? []);
    if (findings.some(({ state }) => state === 'faulty')) process.exitCode = 1;
    if (options.json) {
      const told = found.map(({ connector, syncedAt, findings: of }) => ({ connector, syncedAt, findings: of }));
      return printJson(told);
    }
    if (findings.length === 0) return print('没有新增或变更。 Nothing is new or changed.');
    print(
      table(findings, [
        ['证照类型代码', ({ typeCode }) => typeCode],
        ['证照名称', ({ name }) => name],
        ['比对结果', (finding) => FOUND[finding.state]],
        ['说明', (finding) => whatOf(finding)],
      ]),
    );
    const types = findings
      .filter(({ state }) => state === 'new' || state === 'changed')
      .map(({ typeCode }) => typeCode);
    if (types.length === 0) return;
    const drafts = (await store.entryVersions(db, types)).filter(({ state }) => state === 'draft');
    const lacking = await lackingOf(drafts, config, await templateStore(options));
    for (const { zh, en } of lacking) print(`${zh}\n${en}`);
    print('下一步 Next: ./hub catalog show CODE, and ./hub catalog approve CODE --by <management unit>');
  });
}

const FOUND = {
  new: '新增',
  changed: '有变更',
  waiting: '他人草案待定',
  faulty: '✖ 有误',
  gone: '已不在上级目录',
} as const;

function whatOf({ state, fields, faults, draftedBy }: CatalogFinding): string {
  if (state === 'waiting') return `${fields.join('、')} 与 ${draftedBy ?? ''} 的草案不同`;
  const faulty = faults.map(({ field, found, expected }) => placed(field, foundInstead(found, expected)).zh);
  return [...fields, ...faulty].join(state === 'faulty' ? '；' : '、');
}

/** What the jurisdiction asks of drafts and they do not say, and the templates that are not stored: lines of each. */
async function lackingOf(
  drafts: readonly store.EntryVersion[],
  { jurisdiction }: HubConfig,
  files: FileStore,
): Promise<Said[]> {
  const { required, article } = jurisdiction.catalog;
  const absent = await Promise.all(drafts.map((draft) => lacksTemplate(files, draft)));
  return drafts.flatMap(({ entry }, index) => {
    const place = `${entry.typeCode} ${entry.name}`;
    const template = absent[index] === true ? [placed(place, templateMissing(entry))] : [];
    const lacking = lackingFields(entry, required);
    if (lacking.length === 0) return template;
    const [names, both] = [
      lacking.map((field) => CATALOG_FIELDS[field]),
      lacking.map((field) => `${field} (${CATALOG_FIELDS[field]})`),
    ];
    const by = `${jurisdiction.name} ${article}`;
    return [
      ...template,
      placed(place, { zh: `缺少${by}要求的${names.join('、')}`, en: `lacks ${both.join(', ')}, which ${by} asks for` }),
    ];
  });
}

function requireManagement({ settings: { managementUnit } }: HubConfig, by: string): void {
  if (by === managementUnit) return;
  throw fault('not-allowed', { by, managementUnit });
}

async function approve(codes: string[], options: ByOptions & { all?: boolean }): Promise<void> {
  const config = configOf(options);
  requireManagement(config, options.by);
  const files = await templateStore(options);
  const streams = await withLibrary(options, (db) => approveIn(db, codes, { config, files }, options));
  // What waited for its type goes in by the workflow that maps rejects again.
  for (const stream of streams) {
    console.error(
      `Records of ${stream} waited for it; ./hub rejects replay ${stream} --rule type-unlisted takes them in:`,
    );
    await replay(stream, { ...options, rule: 'type-unlisted' });
  }
}

/** Approves; the streams of which records wait. */
async function approveIn(
  db: Knex,
  codes: readonly string[],
  { config, files }: { config: HubConfig; files: FileStore },
  options: ByOptions & { all?: boolean },
): Promise<string[]> {
  const drafts = (await store.entryVersions(db)).filter(
    ({ state, typeCode }) => state === 'draft' && (options.all === true || codes.includes(typeCode)),
  );
  const unknown = codes.filter((code) => !drafts.some(({ typeCode }) => typeCode === code));
  if (unknown.length > 0 || drafts.length === 0) {
    throw fault('draft-unknown', { types: unknown });
  }
  const lacking = await lackingOf(drafts, config, files);
  if (lacking.length > 0) {
    throw fault('entry-incomplete', { lines: lacking });
  }
  const types = drafts.map(({ typeCode }) => typeCode);
  await store.approveDrafts(db, types, options.by, new Date());
  print(`已审定 Approved: ${types.join(', ')}`);
  const waiting = (await store.waitingTypes(db)).filter(({ typeCode }) => types.includes(typeCode));
  return [...new Set(waiting.map(({ stream }) => stream))];
}
