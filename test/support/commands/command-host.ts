import { pathToFileURL } from 'node:url';
import { MAIN, type HostedCommand } from './command.ts';

/** Thrown where a command would end its process. */
class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

// A program of its own, for command.ts: runs one `hub` command after the other, each with arguments and an environment
// of its own; what they share is loaded once. A zero byte ends what a command prints.
process.exit = (code) => {
  throw new Exit(Number(code ?? process.exitCode ?? 0));
};
let commands = 0;
process.on('message', ({ args, env }: HostedCommand) => {
  for (const name of Object.keys(process.env)) if (!(name in env)) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, env);
  process.argv = [process.execPath, MAIN, ...args];
  process.exitCode = undefined;
  commands += 1;
  void import(`${pathToFileURL(MAIN).href}?${commands}`)
    .then(
      () => Number(process.exitCode ?? 0),
      (error: unknown) => {
        if (error instanceof Exit) return error.code;
        console.error(error);
        return 1;
      },
    )
    .then((code) => {
      process.stdout.write('\0');
      process.stderr.write('\0');
      process.send?.(code);
    });
});
