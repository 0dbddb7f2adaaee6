import type { Command } from 'commander';
export function addTest(program: Command): void {
  program.command('test').summary('set up and run every test');
}
