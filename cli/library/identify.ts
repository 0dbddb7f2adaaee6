import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { CODE_KINDS, identify, type Identified } from '../../domain/library/identify.ts';
import { printAsGiven } from '../kit/output.ts';

export function addIdentify(program: Command): void {
  program
    .command('identify [codes...]')
    .description(
      'Knows 证照标识, 证照类型代码, 统一社会信用代码, 公民身份号码, 组织机构代码, 工商注册号, 行政区划代码 and 持证主体代码类型 by their look. Without codes, or with -, reads them from standard input, one on a line.',
    )
    .option('--json', 'one JSON line a code: {code, kind, valid, parts, expected, remark}')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub identify 91460100MA5THWMM2J\n  ./hub identify --json < codes.txt\n  cut -d, -f3 holders.csv | ./hub identify --json | grep \'"valid":false\'',
    )
    .action(async (codes: string[], options: { json?: boolean }) => {
      const show = options.json ? (found: Identified): string => JSON.stringify(found) : shown;
      const fromInput = codes.length === 0 || (codes.length === 1 && codes[0] === '-');
      for await (const code of fromInput ? createInterface({ input: process.stdin }) : codes) {
        if (code.trim() !== '') printAsGiven(show(identify(code)));
      }
    });
}

function shown({ code, kind, valid, parts, remark }: Identified): string {
  const lines = Object.entries(parts).flatMap(([name, value]) =>
    value === '' ? [] : `    ${name.padEnd(18)}${value}`,
  );
  return [
    `${valid ? '✔' : '✖'} ${code}  ${CODE_KINDS[kind]}`,
    ...(remark === null ? [] : [`    ${remark}`]),
    ...lines,
  ].join('\n');
}
