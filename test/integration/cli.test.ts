import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { newestMigration, openDatabase } from '../../store/database.ts';
import { ROOT } from '../../settings/root.ts';
import { runHosted, runHub, startHub } from '../support/commands/command.ts';
import { createDatabase, withName, type TestDatabase } from '../support/database.ts';
import { ownConfig, temporaryFolder } from '../support/live-hub.ts';
import { oldPostgres, oldTemporal } from '../support/servers/old-servers.ts';
import { freePorts } from '../support/ports.ts';

/** Names of the commands in what `--help` prints. */
const namesOf = (help: string): string[] => [...help.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name = '']) => name);

describe('hub, the command', () => {
  let folder: string;
  let config: string;
  let ports: Record<string, number>;
  let database: TestDatabase;
  before(async () => {
    folder = temporaryFolder();
    config = await ownConfig(folder);
    const settings = parse(readFileSync(join(config, 'hub.yaml'), 'utf8')) as {
      server: { port: number };
      embedded: Record<string, number>;
    };
    ports = { ...settings.embedded, serverPort: settings.server.port };
    database = await createDatabase();
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });
  const data = (): string => join(folder, 'data');

  /** Fails with exactly one line, which matches. */
  async function failsWith(message: RegExp, args: string[], env?: Record<string, string>): Promise<void> {
    const { code, stderr } = await startHub(args, env).exit();
    assert.notEqual(code, 0);
    const lines = stderr.trim().split('\n');
    assert.match(lines.at(-1) ?? '', message);
    assert.ok(!stderr.includes('    at '), stderr);
  }

  describe('help', () => {
    const commands = [
      '',
      'demo fault',
      'demo tamper',
      'proofs recheck',
      'stock run',
      'stock stop',
      'files missing',
      'files fetch',
      'files get',
      'figures report',
      'supervise sample',
      'supervise trial',
      'supervise patrol',
      'supervise order',
      'supervise done',
      'supervise recheck',
      'supervise dismiss',
      'supervise notice',
      'supervise show',
      'dispute faults',
      'outage paper',
      'catalog sync',
    ];
    const EXAMPLE = /\n {2}(?:DATABASE_URL=\S+ )?(?:TEMPORAL_ADDRESS=\S+ )?\.\/hub /;
    for (const name of commands) {
      it(`hub ${name} --help explains itself, with an example`, async () => {
        const { code, stdout } = await runHosted([...name.split(' ').filter(Boolean), '--help']);
        assert.equal(code, 0);
        assert.match(stdout, /Usage: hub/);
        assert.match(stdout, EXAMPLE);
      });
    }
    it('lists every command once, under the room that its code lies in', async () => {
      const listed = new Map<string, string[]>();
      for (const section of (await runHub(['--help'])).stdout.split('\n\n')) {
        const [heading = '', ...lines] = section.split('\n');
        listed.set(heading, namesOf(lines.join('\n')));
      }
      const rooms = [
        '台账 Ledger',
        '证照库 Library',
        '归集 Collection',
        '用证 Sharing',
        '案件 Casework',
        '监督考核 Supervision',
        '控制台 Console',
      ];
      const headings = [...listed.keys()].filter((heading) => listed.get(heading)?.length !== 0);
      assert.deepEqual(headings, ['枢纽 The hub itself:', ...rooms.map((room) => `${room}:`)]);
      const names = [...listed.values()].flat();
      assert.equal(new Set(names).size, names.length);
      for (const room of rooms) {
        const folder = room.split(' ')[1]?.toLowerCase() ?? '';
        let code = '';
        for await (const file of glob(`cli/${folder}/*.ts`, { cwd: ROOT }))
          code += readFileSync(join(ROOT, file), 'utf8');
        for (const name of listed.get(`${room}:`) ?? []) assert.match(code, new RegExp(`command\\('${name}[ ']`));
      }
    });
    it('every command that is listed explains itself, with an example', async () => {
      for (const name of namesOf((await runHub(['--help'])).stdout).filter((listed) => listed !== 'help')) {
        const { code, stdout } = await runHosted(['help', name]);
        assert.equal(code, 0, name);
        assert.match(stdout, new RegExp(`^Usage: hub ${name}( |$)`, 'm'));
        assert.match(stdout, EXAMPLE, name);
      }
    });
    it('the READMEs and guides name no command that there is not', async () => {
      const known = new Set(namesOf((await runHub(['--help'])).stdout));
      const texts = [
        'README.md',
        'README.zh-CN.md',
        'ARCHITECTURE.md',
        'CONTRIBUTING.md',
        'CHANGELOG.md',
        'SECURITY.md',
      ];
      for await (const name of glob('docs/*.md', { cwd: ROOT })) texts.push(name);
      for (const name of texts)
        for (const [, command] of readFileSync(join(ROOT, name), 'utf8').matchAll(/\.\/hub ([a-z][\w-]*)/g))
          assert.ok(known.has(command ?? ''), `${name}: ./hub ${command}`);
    });
    it('suggests the command that was meant', async () => {
      const { code, stderr } = await runHub(['gap']);
      assert.equal(code, 1);
      assert.match(stderr, /unknown command 'gap'\n\(Did you mean gaps\?\)/);
    });
  });

  describe('version', () => {
    it('says what this hub is and what it finds, without credentials', async (t) => {
      const temporal = await oldTemporal('1.29.1');
      t.after(() => {
        temporal.close();
      });
      const env = { DATABASE_URL: database.url, TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}` };
      const { code, stdout, stderr } = await runHub(['version'], env);
      assert.deepEqual([code, stderr], [0, '']);
      const { host, pathname, password } = new URL(database.url);
      assert.match(stdout, /^certificate-hub \d+\.\d+\.\d+$/m);
      assert.match(stdout, new RegExp(`^Node +${process.version}$`, 'm'));
      assert.ok(
        stdout.includes(
          `最新 newest ${newestMigration()}；数据库已到 the last one in the database: ${newestMigration()}，位于 at ${host}${pathname}\n`,
        ),
      );
      assert.match(stdout, /^Temporal +SDK 1\.\d+\.\d+；服务器 server 1\.29\.1，位于 at 127\.0\.0\.1:\d+$/m);
      assert.match(stdout, /^PostgreSQL +自带 embedded 18[\d.]+\S*；服务器 server 18\S*[^\n]*，位于 at /m);
      assert.match(
        stdout,
        /^pg_dump +\d\S*，可转储该服务器 \d\S*, which can dump the server$|^pg_dump .*: install postgresql-client-18 \(/m,
      );
      assert.ok(!stdout.includes(password));
      assert.equal((await runHub(['--version'], env)).stdout, stdout);
    });
    it('says that a pg_dump is too old for the server, or missing, and where one comes from', async () => {
      const bin = temporaryFolder();
      const env = { DATABASE_URL: database.url, PATH: `${bin}:${dirname(process.execPath)}` };
      const line = async (): Promise<string | undefined> =>
        /^pg_dump +(.*)$/m.exec((await runHub(['version'], env)).stdout)?.[1];
      const install = 'install postgresql-client-18 (apt.postgresql.org';
      const missing = (await line()) ?? '';
      assert.ok(
        missing.startsWith('PATH 中没有：安装 postgresql-client-18') &&
          missing.includes(`none on the PATH: ${install}`),
      );
      const dumpOf = (version: string): void =>
        writeFileSync(join(bin, 'pg_dump'), `#!/bin/sh\necho 'pg_dump (PostgreSQL) ${version} (Debian)'\n`, {
          mode: 0o755,
        });
      dumpOf('15.18');
      const old = (await line()) ?? '';
      assert.ok(
        old.startsWith('15.18 不能转储 18 版服务器：安装') && old.includes(`15.18 cannot dump a server 18: ${install}`),
      );
      dumpOf('18.1');
      assert.equal(await line(), '18.1，可转储该服务器 18.1, which can dump the server');
      rmSync(bin, { recursive: true });
    });
    it('says for programs what a server and a schema are; null is what could not be asked', async () => {
      const admin = openDatabase(database.url, 'test');
      await admin.raw('CREATE DATABASE hub_cli_version');
      try {
        const ask = async (env: Record<string, string>): Promise<Record<string, Record<string, string | null>>> => {
          const { code, stdout } = await runHub(['--version', '--json', '--config', config, '--data', data()], env);
          assert.equal(code, 0);
          return JSON.parse(stdout) as Record<string, Record<string, string | null>>;
        };
        const bare = await ask({ DATABASE_URL: withName(database.url, 'hub_cli_version') });
        assert.deepEqual(bare.schema, { newest: newestMigration(), applied: null });
        assert.match(bare.postgresql?.server ?? '', /^18/);
        assert.equal(bare.temporal?.server, null);
        const away = await ask({});
        assert.deepEqual([away.schema?.applied, away.postgresql?.server], [null, null]);
      } finally {
        await admin.raw('DROP DATABASE hub_cli_version WITH (FORCE)');
        await admin.destroy();
      }
    });
    it('also beside a faulty configuration, and a database with another password', async () => {
      const broken = await ownConfig(temporaryFolder());
      appendFileSync(join(broken, 'hub.yaml'), 'retrunEvery: 5m\n');
      const url = new URL(database.url);
      url.password = 'secret-4711';
      const { code, stdout } = await runHub(['version', '--config', broken], { DATABASE_URL: url.toString() });
      assert.equal(code, 0);
      assert.match(stdout, /^PostgreSQL .*gave no answer: password authentication failed/m);
      assert.match(stdout, /^Temporal .*hub\.yaml:4:retrunEvery/m);
      assert.ok(!stdout.includes('4711'));
      rmSync(join(broken, '..'), { recursive: true });
    });
  });

  describe('says in one sentence what is wrong and how to mend it', () => {
    it('a faulty configuration, every fault on a line', async () => {
      const broken = await ownConfig(temporaryFolder());
      appendFileSync(join(broken, 'hub.yaml'), 'retrunEvery: 5m\nreturnEvery: 5\n');
      const { code, stderr } = await runHub(['up', '--config', broken]);
      assert.equal(code, 1);
      const lines = stderr.trim().split('\n');
      assert.equal(lines.length, 2);
      assert.match(lines[0] ?? '', /hub\.yaml:4:retrunEvery: .*did you mean “returnEvery”\?/);
      assert.match(lines[1] ?? '', /hub\.yaml:5:returnEvery: found 5 \(a number\), expected .*write it in quotes/);
      rmSync(join(broken, '..'), { recursive: true });
    });
    it('no connectors', () =>
      failsWith(/^There is no connector in .*; add one/, ['up', '--config', config, '--data', data()]));
    it('a jurisdiction that is not there', () =>
      failsWith(/found “suzhou”, expected one of keqiao, ordos, shanghai, wuxi, xuchang; did you mean/, [
        'demo',
        '--config',
        config,
        '--data',
        data(),
        '--jurisdiction',
        'suzhou',
      ]));
    it('a folder that cannot be written to', () =>
      failsWith(/^The data folder \/dev\/null\/hub cannot be written to: .*choose another one with --data\.$/, [
        'demo',
        '--config',
        config,
        '--data',
        '/dev/null/hub',
      ]));
    it('nothing running', () =>
      failsWith(/^No hub is running here, and DATABASE_URL is not set; start /, ['status', '--data', data()]));
    it('a part without its addresses', () =>
      failsWith(/^DATABASE_URL is not set; set DATABASE_URL, or use \.\/hub up/, ['worker']));
    it('a database that does not answer', async () => {
      const [port = 0] = await freePorts(1);
      const url = `postgres://hub:secret-4711@127.0.0.1:${port}/hub`;
      await failsWith(
        /^PostgreSQL at 127\.0\.0\.1:\d+\/hub cannot be used: .*; start it, or correct DATABASE_URL\.$/,
        ['gaps'],
        {
          DATABASE_URL: url,
        },
      );
    });
    it('a wrong password, without showing it', async () => {
      const url = new URL(database.url);
      url.password = 'secret-4711';
      const { code, stderr } = await runHub(['gaps'], { DATABASE_URL: url.toString() });
      assert.equal(code, 1);
      assert.match(stderr, /cannot be used: .*password authentication failed/);
      assert.ok(!stderr.includes('4711'));
    });
    it('an address that is none', () => failsWith(/cannot be used: /, ['gaps'], { DATABASE_URL: 'nonsense' }));
    it('a Temporal that does not answer', async () => {
      const [port = 0] = await freePorts(1);
      await failsWith(
        /^Temporal at 127\.0\.0\.1:\d+ cannot be reached: .*correct TEMPORAL_ADDRESS\.$/,
        ['worker', '--demo'],
        {
          DATABASE_URL: database.url,
          TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
        },
      );
    });
    it('a PostgreSQL that is too old', async (t) => {
      const old = await oldPostgres('13.14');
      t.after(() => {
        old.close();
      });
      await failsWith(/^PostgreSQL at \S+ is 13\.14; the hub needs 14 or newer; upgrade/, ['migrate'], {
        DATABASE_URL: `postgres://hub@127.0.0.1:${old.port}/hub`,
      });
    });
    it('a Temporal that is too old', async (t) => {
      const old = await oldTemporal('1.20.4');
      t.after(() => {
        old.close();
      });
      await failsWith(/^Temporal at \S+ is 1\.20\.4; the hub needs 1\.26 or newer; upgrade/, ['worker', '--demo'], {
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: `127.0.0.1:${old.port}`,
      });
    });
    for (const [name, what, setting] of [
      ['postgresPort', 'the embedded PostgreSQL', 'embedded.postgresPort'],
      ['temporalPort', 'Temporal', 'embedded.temporalPort'],
      ['temporalUiPort', 'Temporal’s UI', 'embedded.temporalUiPort'],
      ['serverPort', 'the health page', 'server.port'],
    ] as const) {
      it(`a port that is taken: ${setting}`, async (t) => {
        const taken = createServer();
        await new Promise<void>((done) => taken.listen(ports[name], '127.0.0.1', done));
        t.after(() => {
          taken.close();
        });
        const start = ['demo', '--once', '--records', '100', '--config', config, '--data', data()];
        await failsWith(
          new RegExp(
            `^Port ${ports[name]}, meant for ${what}, cannot be used: .*; stop .* or set ${setting} in config/hub.yaml\\.$`,
          ),
          start,
        );
      });
    }
  });

  describe('migrate', () => {
    it('brings an empty database to the newest schema, once', async () => {
      const admin = openDatabase(database.url, 'test');
      await admin.raw('CREATE DATABASE hub_cli_migrate');
      const url = withName(database.url, 'hub_cli_migrate');
      try {
        await failsWith(/^The database lacks \d+ migration\(s\); run \.\/hub migrate\.$/, ['status'], {
          DATABASE_URL: url,
        });
        const first = await runHub(['migrate'], { DATABASE_URL: url });
        assert.deepEqual([first.code, first.stderr], [0, '']);
        const second = await runHub(['migrate'], { DATABASE_URL: url });
        assert.equal(second.code, 0);
        assert.notEqual(second.stdout, first.stdout);
        const gaps = await runHub(['gaps'], { DATABASE_URL: url });
        assert.deepEqual(
          [gaps.code, gaps.stdout],
          [0, '没有缺口：应归集的均已证实归集。 No gaps: everything that is due is proven to be in.\n'],
        );
      } finally {
        await admin.raw('DROP DATABASE hub_cli_migrate WITH (FORCE)');
        await admin.destroy();
      }
    });
  });
});
