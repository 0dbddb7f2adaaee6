import type { Command } from 'commander';
import { readUsageList } from '../../settings/sheets/usage-list.ts';
import { fault } from '../../domain/faults.ts';
import { approvedCatalog } from '../../store/library/catalog.ts';
import { approveUsageList, noteUsageChange, saveUsageList, usageLists } from '../../store/sharing/usage-lists.ts';
import { positive } from '../kit/options.ts';
import { instantOption, withStreams, type StreamOptions } from '../kit/select.ts';
import { withLibrary } from '../kit/library.ts';
import { openGivenList } from '../kit/workbook.ts';
import { print, printList, table, timeText } from '../kit/output.ts';

interface UnitOptions extends StreamOptions {
  unit: string;
  name: string;
  by: string;
}

export function addUsageList(program: Command): void {
  const list = withStreams(program.command('usage-list'))
    .description('The latest list of each unit; with --unit every version of its own.')
    .option('--unit <code>', '统一社会信用代码 of the user unit (用证单位)')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub usage-list\n  ./hub usage-list import uses.xlsx --unit 11320200014006438B --name 市住建局 --by 张三\n  ./hub usage-list approve 1 --unit 11320200014006438B --by 王处长\n  ./hub usage-list changed --unit 11320200014006438B --name 市住建局 --since 2026-11-20 --by 李四',
    )
    .action((options: StreamOptions & { unit?: string }) => showLists(options));

  withUnit(list.command('import <file>'))
    .summary('take a unit’s list (xlsx or YAML) as its next version')
    .description(
      'A workbook has the columns 事项编码, 事项名称, 应用场景 and 证照类型代码 (several with 、), YAML a list of\n' +
        '{code, name, scenario, types}. All of the file is taken or, if anything of it is wrong, nothing.',
    )
    .option('--needs', 'take types that the catalog does not have too: the unit is to request each (共享申请)')
    .action((file: string, _options: unknown, command: Command) =>
      importList(file, command.optsWithGlobals<Partial<UnitOptions> & StreamOptions & { needs?: boolean }>()),
    );

  withStreams(list.command('approve <version>'))
    .summary('approve the latest version of a unit’s list: from then on it grants what it lists')
    .option('--unit <code>', '统一社会信用代码 of the user unit (用证单位)')
    .requiredOption('--by <name>', 'who approves it for the management unit (管理单位)')
    .action((version: string, _options: unknown, command: Command) =>
      approveList(positive(version), command.optsWithGlobals<Partial<UnitOptions> & StreamOptions>()),
    );

  withUnit(list.command('changed'))
    .summary('take down that a unit’s items or scenarios changed: its list is owed from then on')
    .requiredOption('--since <time>', 'when they changed, Shanghai time')
    .action((_options: unknown, command: Command) =>
      noteChange(command.optsWithGlobals<Partial<UnitOptions> & StreamOptions & { since: string }>()),
    );
}

const withUnit = (command: Command): Command =>
  withStreams(command)
    .option('--unit <code>', '统一社会信用代码 of the user unit (用证单位)')
    .requiredOption('--name <name>', 'its name')
    .requiredOption('--by <name>', 'who does it');

/** --unit belongs to the list as well, where it may be left out. */
function unitOf({ unit, name = '' }: Partial<UnitOptions>): { code: string; name: string } {
  if (unit !== undefined && /^[0-9A-Z]{18}$/.test(unit)) return { code: unit, name };
  throw fault('unit-code', { found: unit });
}

function showLists(options: StreamOptions & { unit?: string }): Promise<void> {
  return withLibrary(options, async (db) => {
    const lists = await usageLists(db, options.unit);
    printList(lists, options.json, (rows) =>
      table(rows, [
        ['用证单位', ({ unitName }) => unitName],
        ['统一社会信用代码', ({ unitCode }) => unitCode],
        ['版本', ({ version }) => version, 'right'],
        ['应用场景', ({ items }) => items.length, 'right'],
        ['证照类型', ({ items }) => new Set(items.flatMap(({ types }) => types)).size, 'right'],
        ['接收', ({ takenAt }) => timeText(takenAt)],
        ['由谁', ({ takenBy }) => takenBy],
        ['审定', ({ approvedAt }) => (approvedAt ? timeText(approvedAt) : '待审定')],
      ]),
    );
    const [latest] = lists;
    if (options.unit === undefined || !latest) return;
    print(`\nVersion ${latest.version}`);
    print(
      table(latest.items, [
        ['事项编码', ({ code }) => code],
        ['事项名称', ({ name }) => name],
        ['应用场景', ({ scenario }) => scenario],
        ['证照类型代码', ({ types }) => types.join('\n')],
      ]),
    );
  });
}

async function importList(
  file: string,
  options: Partial<UnitOptions> & StreamOptions & { needs?: boolean },
): Promise<void> {
  const unit = unitOf(options);
  const content = await openGivenList(file);
  return withLibrary(options, async (db) => {
    const shared = await approvedCatalog(db);
    const items = readUsageList(file, content, shared, options.needs);
    const saved = await saveUsageList(db, unit, items, { by: options.by ?? '', at: new Date() });
    if (!saved)
      return print(`与${unit.name}现有清单相同，未作改动。 Nothing changed: it is the list that ${unit.name} has`);
    const [done, met] = saved.met > 0 ? ['，应更新的已更新', '; it was owed, and is not any more'] : ['', ''];
    print(
      `${unit.name}第 ${saved.version} 版，${items.length} 个应用场景${done}。 Version ${saved.version} of ${unit.name}, ${items.length} scenarios${met}`,
    );
    const needed = new Set(items.flatMap(({ types }) => types).filter((type) => !shared.has(type)));
    if (needed.size > 0)
      print(`不在本市目录内，应提出共享申请 not in the catalog, to be requested: ${[...needed].join('、')}`);
  });
}

function approveList(version: number, options: Partial<UnitOptions> & StreamOptions): Promise<void> {
  const { code } = unitOf(options);
  const who = { by: options.by ?? '', at: new Date() };
  return withLibrary(options, async (db) => {
    const { makes, ends, unshared } = await db.transaction(async (trx) =>
      approveUsageList(trx, code, version, await approvedCatalog(trx), who),
    );
    print(`新授权 ${makes.length} 项，终止 ${ends.length} 项。 Grants made: ${makes.length}; ended: ${ends.length}`);
    if (unshared.length > 0)
      print(`未共享，未授权 not shared, nothing granted: ${unshared.join('、')}; ./hub catalog shows 类目公开属性`);
  });
}

function noteChange(options: Partial<UnitOptions> & StreamOptions & { since: string }): Promise<void> {
  const unit = unitOf(options);
  const since = new Date(instantOption(options.since, '--since'));
  return withLibrary(options, async (db) => {
    const opened = await noteUsageChange(db, unit, since, { by: options.by ?? '', at: new Date() });
    print(
      opened > 0
        ? `${unit.name}应更新用证清单，时限见 ./hub tasks --unit ${unit.code}。 ${unit.name} owes its list; ./hub tasks --unit ${unit.code} says by when`
        : `无需登记：${unit.name}已有此项任务，或本市规则没有此项义务。 Nothing to do: ${unit.name} owes its list already, or the city’s profile has no such rule`,
    );
  });
}
