import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FolderStore } from '../../store/library/files/folder.ts';
import { openReceiptSigner } from '../../store/sharing/receipt-signing.ts';
import { listKeys } from '../../store/sharing/receipts.ts';
import { runHub, startHub } from '../support/commands/command.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { ownConfig, temporaryFolder } from '../support/live-hub.ts';
import { certificateInUse, OTHER_USER, signAll, use, USER } from '../store/sharing/uses.ts';

const NAME = `${USER.code}_2026-10-01_2026-10-31`;
const OWN = ['--from', '2026-10-01', '--to', '2026-10-31'];
const SIGNED_AT = new Date('2026-11-01T00:00:00+08:00');

describe('the commands for archives', () => {
  let folder: string;
  let config: string;
  let database: TestDatabase;
  before(async () => {
    folder = temporaryFolder();
    config = await ownConfig(folder);
    database = await createDatabase();
    const { db } = database;
    const used = await certificateInUse(
      db,
      new FolderStore(join(folder, 'files')),
      new Date('2026-10-01T00:00:00+08:00'),
    );
    await use(db, used, new Date('2026-10-20T10:00:00+08:00'));
    await use(db, used, new Date('2026-10-21T10:00:00+08:00'), { act: 'file' });
    await use(db, used, new Date('2026-10-21T10:00:00+08:00'), { unit: OTHER_USER });
    await signAll(db, openReceiptSigner(folder), SIGNED_AT);
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });
  const withOwn = (args: string[]): string[] => [...args, '--config', config, '--data', folder];
  const hub = (...args: string[]) => runHub(withOwn(args), { DATABASE_URL: database.url });

  it('packages of each unit are made beside the files, checked, and listed', async () => {
    const { code, stdout } = await hub('archive', 'make', ...OWN);
    assert.equal(code, 0, stdout);
    assert.match(stdout, new RegExp(`${NAME}.*已制作，核验无误`));
    assert.match(stdout, new RegExp(OTHER_USER.code));
    assert.ok(existsSync(join(folder, 'files/archives', NAME, 'README.txt')));
    const again = await hub('archive', 'make', ...OWN, '--unit', USER.code, '--json');
    const [made] = JSON.parse(again.stdout) as { before: object; damage: null; uses: number; files: number }[];
    assert.deepEqual([made?.before, made?.damage, made?.uses, made?.files], [{ differs: [] }, null, 2, 1]);
    const list = await hub('archive', '--unit', USER.code, '--json');
    const packages = JSON.parse(list.stdout) as { name: string; uses: number; verifiedAt: string | null }[];
    assert.deepEqual(
      packages.map(({ name, uses, verifiedAt }) => [name, uses, verifiedAt !== null]),
      [[NAME, 2, true]],
    );
  });

  it('a package is checked without the database, by its folder, and against keys that are trusted', async () => {
    const keys = join(folder, 'keys.json');
    writeFileSync(keys, JSON.stringify({ keys: await listKeys(database.db) }));
    const path = join(folder, 'files/archives', NAME);
    const trusted = await runHub(['archive', 'verify', path, '--keys', keys]);
    assert.equal(trusted.code, 0, trusted.stderr);
    assert.match(trusted.stdout, /完好.*2 条用证记录/);
    assert.match(trusted.stdout, /均在可信公钥之中/);
    assert.match((await runHub(['archive', 'verify', path])).stdout, /取自包内/);
    assert.equal((await hub('archive', 'verify', NAME)).code, 0);
    writeFileSync(keys, JSON.stringify({ keys: openReceiptSigner(join(folder, 'others')).keys }));
    const untrusted = await runHub(['archive', 'verify', path, '--keys', keys]);
    assert.deepEqual([untrusted.code, untrusted.stdout.includes('data/keys.json：公钥不在可信公钥之中')], [1, true]);
    const copy = join(folder, 'copy', NAME);
    cpSync(path, copy, { recursive: true });
    writeFileSync(join(copy, 'data/more'), '');
    const damaged = await runHub(['archive', 'verify', copy]);
    assert.deepEqual([damaged.code, damaged.stdout.includes('✖ data/more：多出')], [1, true]);
    assert.equal((await runHub(['archive', 'verify', join(folder, 'nowhere')])).code, 1);
  });

  it('one whose making is killed is never taken for whole, and is gone on with', async () => {
    const into = join(folder, 'killed');
    const args = withOwn(['archive', 'make', ...OWN, '--unit', USER.code, '--into', into]);
    const killed = startHub(args, { DATABASE_URL: database.url });
    await eventually(() => assert.ok(existsSync(into)));
    killed.child.kill('SIGKILL');
    await killed.exit();
    const whole = existsSync(join(into, NAME, 'signature.json'));
    assert.equal((await runHub(['archive', 'verify', join(into, NAME)])).code, whole ? 0 : 1);
    const { code, stdout } = await hub(...args.slice(0, -4));
    assert.equal(code, 0, stdout);
    const own = join(folder, 'files/archives', NAME);
    for (const name of readdirSync(own, { recursive: true, encoding: 'utf8' }).filter((each) => /\.\w+$/.test(each)))
      if (name !== 'signature.json')
        assert.deepEqual(readFileSync(join(into, NAME, name)), readFileSync(join(own, name)), name);
  });

  it('is refused where the keys at hand are not the hub’s, and for what is no period', async () => {
    const elsewhere = ['--config', config, '--data', join(folder, 'elsewhere')];
    const { code, stderr } = await runHub(['archive', 'make', ...OWN, ...elsewhere], { DATABASE_URL: database.url });
    assert.deepEqual([code, stderr.includes('none that the hub signs receipts by')], [1, true]);
    assert.match((await hub('archive', 'make', '--from', 'x', '--to', '2026-10-31')).stderr, /from x to 2026-10-31/);
    assert.match((await hub('archive', 'make', '--from', '2026-10-01', '--to', '2099-10-31')).stderr, /has not ended/);
  });
});
