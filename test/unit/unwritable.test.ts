import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Supervisor, type Part } from '../../launch/supervisor.ts';
import { eventually } from '../support/eventually.ts';

const LOGGER = join(import.meta.dirname, '../../settings/logger.ts');

/** A program that tells its parent what it is asked to, whatever becomes of its output. */
function run(code: string, output: number): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: ['ignore', output, output, 'ipc'] });
}

describe('what cannot be written', () => {
  it('of a log never ends a program: a full disk loses lines, and no work', async () => {
    // Whatever is written there fails as on a full disk.
    const full = openSync('/dev/full', 'w');
    const code = `
      import { createHubLogger } from ${JSON.stringify(LOGGER)};
      const logger = createHubLogger({ level: 'debug', format: 'json' }, 'test');
      let lines = 0;
      setInterval(() => {
        logger.error('a line', { lines });
        process.stderr.write('another');
        if (++lines === 20) process.send('alive');
        if (lines === 40) process.exit(7);
      }, 5);`;
    const child = run(code, full);
    closeSync(full);
    const heard: unknown[] = [];
    child.on('message', (message) => heard.push(message));
    const [ended] = (await once(child, 'exit')) as [number | null];
    assert.deepEqual([heard, ended], [['alive'], 7]);
  });

  describe('of a supervisor', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hub-supervisor-'));
    const reported: string[] = [];
    const supervisor = new Supervisor(folder, (line) => reported.push(line));
    const log = join(folder, 'logs/talker.log');
    /** Writes more than a log may hold, and goes on with a line now and then. */
    const talker: Part = {
      name: 'talker',
      stopSignal: 'SIGTERM',
      spawn: (output) =>
        run(
          `for (let part = 0; part < 21; part++) process.stdout.write('x'.repeat(999_999) + '\\n');
           setInterval(() => process.stdout.write('later\\n'), 50);
           process.send('ready');`,
          output,
        ),
      ready: (child, signal) => once(child, 'message', { signal }),
    };
    before(async () => {
      await supervisor.lock();
      await supervisor.start(talker);
    });
    after(async () => {
      await supervisor.stop();
      rmSync(folder, { recursive: true });
    });

    it('is no log: it is put aside while its part runs, which writes on', async () => {
      const { pid } = await supervisor.up('talker');
      await eventually(() => assert.ok(statSync(log).size < 1_000_000));
      assert.ok(statSync(`${log}.1`).size > 20_000_000);
      await eventually(() => assert.match(readFileSync(log, 'utf8'), /^(?:later\n)+$/));
      assert.equal((await supervisor.up('talker')).pid, pid);
    });

    it('is the note of its parts: one that ends is started again all the same', async () => {
      const { pid } = await supervisor.up('talker');
      // Where it would be written, as nothing can be.
      mkdirSync(join(folder, 'pids.json.new'));
      process.kill(pid ?? 0, 'SIGKILL');
      await eventually(async () => assert.notEqual((await supervisor.up('talker')).pid, pid));
      assert.ok(reported.some((line) => line.includes('pids.json cannot be written')));
      assert.ok(existsSync(join(folder, 'pids.json')));
      rmSync(join(folder, 'pids.json.new'), { recursive: true });
    });
  });
});
