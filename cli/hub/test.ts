import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ROOT } from '../../settings/root.ts';

export function addTest(program: Command): void {
  program
    .command('test [part...]')
    .description(
      'Sets up what the tests need (PostgreSQL, Temporal, its time-skipping server; Chromium, MariaDB and an SSH server must be installed) and runs\n' +
        'them all, or the files whose names contain a part. Ends with the line “N passed, N failed”.',
    )
    .option('--quick', 'only what needs no servers')
    .addHelpText('after', '\nExamples:\n  ./hub test\n  ./hub test --quick\n  ./hub test chaos store/pages')
    .action(async (parts: string[], options: { quick?: boolean }) => {
      const args = [join(ROOT, 'test/run.ts'), ...(options.quick ? ['--quick'] : []), ...parts];
      const child = spawn(process.execPath, args, { stdio: 'inherit' });
      const [code] = (await once(child, 'exit')) as [number | null];
      process.exitCode = code ?? 1;
    });
}
