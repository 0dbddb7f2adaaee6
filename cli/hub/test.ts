import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ROOT } from '../../settings/root.ts';

export function addTest(program: Command): void {
  program
    .command('test [part...]')
    .description(
      'Runs all tests, or the files whose names contain a part, with what they need: PostgreSQL, Temporal, its time-skipping\n' +
        'server and an S3 server are set up; Chromium, MariaDB, an SSH server and OpenSSL must be installed. Ends with the\n' +
        'files that took longest and the line “N passed, N failed”.',
    )
    .option('--quick', 'only what needs no servers')
    .addHelpText('after', '\nExamples:\n  ./hub test\n  ./hub test --quick\n  ./hub test chaos store/pages')
    .action(async (parts: string[], options: { quick?: boolean }) => {
      const args = [join(ROOT, 'test/run.ts'), ...(options.quick ? ['--quick'] : []), ...parts];
      const child = spawn(process.execPath, args, { stdio: 'inherit' });
      // Ctrl-C reaches it as well; it ends what it has started before it ends itself.
      process.on('SIGINT', () => undefined);
      process.on('SIGTERM', () => child.kill('SIGTERM'));
      const [code] = (await once(child, 'exit')) as [number | null];
      process.exitCode = code ?? 1;
    });
}
