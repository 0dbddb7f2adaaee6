import { Option, type Command } from 'commander';
import { maskKey } from '../connectors/discover.ts';
import { figuresOf, FORMULAS } from '../domain/quality.ts';
import { DIMENSIONS, RULE_IDS, RULES, type RuleId } from '../domain/validation.ts';
import { recordsBreaking, streamQuality } from '../store/quality.ts';
import { withLibrary } from './library.ts';
import { positive, withConfig, withData, type CommonOptions } from './options.ts';
import { table } from './output.ts';

interface QualityOptions extends CommonOptions {
  stream?: string;
  rule?: RuleId;
  limit: number;
  unmasked?: boolean;
  json?: boolean;
}

export function addQuality(program: Command): void {
  withData(withConfig(program.command('quality')))
    .summary('completeness and accuracy (完整率、准确率) of every stream, by the rules that let records in')
    .description('Counted over open rejects and flagged certificates, from the database alone.')
    .option('--stream <id>', 'only this stream')
    .addOption(
      new Option('--rule <rule>', 'name the records that break this rule').choices(
        RULE_IDS.filter((rule) => RULES[rule].dimension !== null),
      ),
    )
    .option('--limit <count>', 'most records to name', positive, 100)
    .option('--unmasked', 'show keys that hold a 公民身份号码')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub quality\n  ./hub quality --stream health-doctors --rule holder-code-check',
    )
    .action((options: QualityOptions) =>
      options.rule === undefined ? showFigures(options) : nameRecords(options, options.rule),
    );
}

function showFigures(options: QualityOptions): Promise<void> {
  return withLibrary(options, async (db) => {
    const streams = (await streamQuality(db, options.stream)).map((counts) => ({ ...counts, ...figuresOf(counts) }));
    if (options.json) return console.log(JSON.stringify({ formulas: FORMULAS, streams }, null, 2));
    console.log(
      table(streams, [
        ['Unit', ({ unit }) => unit],
        ['Stream', ({ stream }) => stream],
        ['Held', ({ held }) => held, 'right'],
        ['Open rejects', ({ rejects }) => rejects, 'right'],
        ['Waiting', ({ waiting }) => waiting || '', 'right'],
        ['Records', ({ records }) => records, 'right'],
        ['Incomplete', ({ incomplete }) => incomplete, 'right'],
        ['Inaccurate', ({ inaccurate }) => inaccurate, 'right'],
        ['完整率', ({ completeness }) => percent(completeness), 'right'],
        ['准确率', ({ accuracy }) => percent(accuracy), 'right'],
      ]),
    );
    for (const formula of Object.values(FORMULAS)) console.log(`${formula}.`);
    const broken = streams.flatMap(({ stream, rules }) => rules.map((row) => ({ stream, ...row })));
    if (broken.length === 0) return;
    console.log(
      `\n${table(broken, [
        ['Stream', ({ stream }) => stream],
        ['Rule', ({ rule }) => rule],
        ['问题', ({ rule }) => RULES[rule].zh],
        ['Counts against', ({ rule }) => dimensionOf(rule)],
        ['Records', ({ records }) => records, 'right'],
      ])}`,
    );
    console.log('--rule RULE names the records.');
  });
}

/** Rounded down: 100 % is said of nothing that has a fault. The eight digits undo what binary fractions lose. */
const percent = (share: number | null): string =>
  share === null ? '—' : `${(Math.floor(Number((share * 10_000).toFixed(8))) / 100).toFixed(2)} %`;

function dimensionOf(rule: RuleId): string {
  const { dimension } = RULES[rule];
  return dimension === null ? '' : DIMENSIONS[dimension];
}

function nameRecords(options: QualityOptions, rule: RuleId): Promise<void> {
  return withLibrary(options, async (db) => {
    const broken = await recordsBreaking(db, rule, options);
    const found = options.unmasked ? broken : broken.map((row) => ({ ...row, key: row.key && maskKey(row.key) }));
    if (options.json) return console.log(JSON.stringify(found, null, 2));
    if (found.length === 0) return console.log(`No record breaks ${rule} (${RULES[rule].zh}).`);
    console.log(`${rule}: ${RULES[rule].zh}`);
    console.log(
      table(found, [
        ['Unit', ({ unit }) => unit],
        ['Stream', ({ stream }) => stream],
        ['Key', ({ key }) => key ?? ''],
        ['Fields', ({ fields }) => fields.join(', ')],
        ['Where', ({ reject }) => (reject === null ? 'in the library' : `reject ${String(reject)}`)],
      ]),
    );
    if (found.length === options.limit) console.log(`The first ${String(options.limit)}; --limit names more.`);
  });
}
