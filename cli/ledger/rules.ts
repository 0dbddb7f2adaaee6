import type { Command } from 'commander';
import { describeTerm, DUTIES, OWNERS, STARTS } from '../../domain/ledger/duties.ts';
import { readConfig, withConfig, type CommonOptions } from '../kit/options.ts';
import { print, printJson, table, wrapped } from '../kit/output.ts';

export function addRules(program: Command): void {
  withConfig(program.command('rules'))
    .description(
      'Prints the rules of the profile and how it reads what the text leaves open. 内控时限 are targets of the city’s own,\n' +
        'where the regulation says 及时, 同步 or 实时 without a number: never statutory terms.',
    )
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub rules\n  ./hub rules --jurisdiction ordos\n  ./hub rules --json | jq .rules',
    )
    .action((options: CommonOptions & { json?: boolean }) => {
      const { jurisdiction } = readConfig(options);
      const { regulation, rules, readings } = jurisdiction;
      if (options.json) return printJson({ regulation, rules, readings });
      const number = regulation.draft ? '送审稿' : (regulation.number ?? '');
      print(`${jurisdiction.name} · ${regulation.title} ${number}\n`);
      print(
        table(rules, [
          ['规则', ({ id }) => id],
          ['条款', ({ article }) => article],
          ['时限任务', ({ duties }) => duties.map((duty) => DUTIES[duty].zh).join('\n')],
          ['期限', (rule) => describeTerm(rule)],
          ['起算', ({ starts }) => STARTS[starts].zh],
          ['责任', ({ owner }) => OWNERS[owner].zh],
          ['办结', ({ ends }) => wrapped(ends, 16)],
          ['条文', ({ quote }) => wrapped(quote, 20)],
          ['后果', ({ breach = '' }) => wrapped(breach, 14)],
        ]),
      );
      print('\n对条文未明之处的理解');
      for (const { point, reading, rules: about } of readings)
        print(`  ${point}${about.length > 0 ? `（${about.join('、')}）` : ''}：${reading}`);
    });
}
