import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HubError } from '../../../domain/errors.ts';
import { DIGESTS, packageName, signedText, type ArchivedUse } from '../../../domain/sharing/archive.ts';
import { FolderPlace, FolderStore } from '../../../store/library/files/folder.ts';
import { S3Place } from '../../../store/library/files/s3.ts';
import type { FilePlace } from '../../../store/library/files/place.ts';
import { makePackage } from '../../../store/sharing/archives/make.ts';
import { listPackages } from '../../../store/sharing/archives/packages.ts';
import { verifyPackage } from '../../../store/sharing/archives/verify.ts';
import { openReceiptSigner } from '../../../store/sharing/receipt-signing.ts';
import { listKeys } from '../../../store/sharing/receipts.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { S3Server } from '../../support/servers/s3.ts';
import { certificateInUse, HOLDER_ID, OTHER_USER, signAll, use, USER } from './uses.ts';

const PERIOD = { unitCode: USER.code, from: '2026-11-01', to: '2026-11-30' };
const NAME = packageName(PERIOD);
const NOW = new Date('2026-12-01T09:00:00+08:00');
const DAY = 'data/2026-11-20';
const VERIFIER = join(import.meta.dirname, '../../../docs/verify-receipt.mjs');

describe('an archive package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hub-archive-'));
  const files = new FolderStore(join(folder, 'files'));
  const signer = openReceiptSigner(join(folder, 'keys'));
  const other = openReceiptSigner(join(folder, 'other-keys'));
  const place = new FolderPlace(join(folder, 'archives'));
  let database: TestDatabase;
  let used: Awaited<ReturnType<typeof certificateInUse>>;
  const receipts: string[] = [];

  before(async () => {
    database = await createDatabase();
    const { db } = database;
    used = await certificateInUse(db, files, new Date('2026-11-01T00:00:00+08:00'));
    for (const minute of ['00', '01', '02', '03']) {
      const at = new Date(`2026-11-20T10:${minute}:00+08:00`);
      receipts.push(await use(db, used, at));
      await use(db, used, at, { unit: OTHER_USER });
      await signAll(db, signer, at);
    }
    receipts.push(await use(db, used, new Date('2026-11-21T09:00:00+08:00'), { act: 'file' }));
    await signAll(db, signer, NOW);
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  const make = (change: { period?: typeof PERIOD; place?: FilePlace; now?: Date; files?: FolderStore } = {}) =>
    makePackage(
      {
        db: database.db,
        place: change.place ?? place,
        files: change.files ?? files,
        signer,
        managementName: '市大数据局',
        now: () => change.now ?? NOW,
        progress: () => undefined,
      },
      change.period ?? PERIOD,
    );
  const at = (path: string, root = place.shown): string => join(root, NAME, path);
  const lines = <T>(path: string, root?: string): T[] =>
    readFileSync(at(path, root), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as T);
  const filesIn = (root: string): string[] =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .sort();
  const contents = (root: string) =>
    new Map(filesIn(root).map((name) => [name, readFileSync(join(root, name), 'hex')]));

  it('has what the unit used, its receipts, and the originals that were handed out; nothing of other units', async () => {
    const made = await make();
    assert.deepEqual(
      [made?.name, made?.before, made?.uses, made?.certificates, made?.files, made?.lost],
      [NAME, null, 5, 5, 1, 0],
    );
    const uses = [...lines<ArchivedUse>(`${DAY}/uses.jsonl`), ...lines<ArchivedUse>('data/2026-11-21/uses.jsonl')];
    assert.deepEqual(
      uses.map(({ receipt, unit, n }) => [receipt, unit, n]),
      receipts.map((receipt, index) => [receipt, USER.code, (index % 4) + 1]),
    );
    const original = `data/files/${hash('sha256', used.certificate.original)}.pdf`;
    assert.deepEqual(readFileSync(at(original)), used.certificate.original);
    const [handed] = lines<{ certificate: object; file: string }>('data/2026-11-21/certificates.jsonl');
    assert.equal(handed?.file, original);
    assert.deepEqual(handed.certificate, {
      typeCode: 'T1',
      name: '证',
      number: 'N-1',
      holders: [{ name: '张三', code: '1101******2X', codeType: '111' }],
      face: { address: '一号' },
    });
    for (const name of filesIn(place.shown)) assert.ok(!/张三|N-1|K1/.test(name) && !name.includes(HOLDER_ID), name);
    assert.match(readFileSync(at('README.txt'), 'utf8'), /用证记录 5 条/);
  });

  it('is whole, by its own keys and by those that the hub gives out', async () => {
    const keys = await listKeys(database.db);
    for (const trusted of [undefined, keys]) {
      const { damage, days } = await verifyPackage(place, NAME, { trusted });
      assert.equal(damage, null);
      assert.deepEqual(
        [...days].map(([day, { uses }]) => [day, uses]),
        [
          ['2026-11-20', 4],
          ['2026-11-21', 1],
        ],
      );
    }
  });

  it('has receipts that the stand-alone program checks', () => {
    const given = join(folder, 'receipt.json');
    writeFileSync(given, JSON.stringify(lines(`data/2026-11-21/receipts.jsonl`)[0]));
    const answer = join(folder, 'answer');
    writeFileSync(answer, used.certificate.original);
    execFileSync(process.execPath, [VERIFIER, given, at('data/keys.json'), answer]);
  });

  it('has digests that sha256sum and openssl agree with', () => {
    execFileSync('sha256sum', ['--check', '--quiet', '--strict', 'manifest-sha256.txt'], { cwd: at('') });
    execFileSync('sha256sum', ['--check', '--quiet', '--strict', 'tagmanifest-sha256.txt'], { cwd: at('') });
    for (const line of readFileSync(at('manifest-sm3.txt'), 'utf8').trim().split('\n')) {
      const [digest, name = ''] = line.split('  ');
      assert.equal(
        execFileSync('openssl', ['dgst', '-sm3', '-r', at(name)])
          .toString()
          .slice(0, 64),
        digest,
      );
    }
  });

  it('made again it is the same, here and elsewhere, and nothing is written over', async () => {
    const before = contents(at(''));
    assert.deepEqual((await make())?.before, { differs: [] });
    assert.deepEqual(contents(at('')), before);
    const elsewhere = new FolderPlace(join(folder, 'elsewhere'));
    assert.equal((await make({ place: elsewhere }))?.before, null);
    const again = contents(at('', elsewhere.shown));
    // SM2 signs otherwise each time.
    for (const map of [before, again]) map.delete('signature.json');
    assert.deepEqual(again, before);
    assert.equal((await verifyPackage(elsewhere, NAME)).damage, null);
  });

  it('goes on where it was broken off, and takes no half for a whole', async () => {
    const root = join(folder, 'broken');
    cpSync(at(''), join(root, NAME), { recursive: true });
    for (const gone of ['signature.json', 'tagmanifest-sm3.txt', 'README.txt', `${DAY}/receipts.jsonl`])
      rmSync(at(gone, root));
    writeFileSync(at(`${DAY}/uses.jsonl`, root), '{');
    const broken = new FolderPlace(root);
    assert.equal((await verifyPackage(broken, NAME)).damage?.kind, 'unfinished');
    assert.equal((await make({ place: broken }))?.before, null);
    assert.equal((await verifyPackage(broken, NAME)).damage, null);
    assert.deepEqual(filesIn(join(root, NAME)), filesIn(at('')));
  });

  it('says what differs where the log is not as it was, and stays', async () => {
    const before = contents(at(''));
    const late = await use(database.db, used, new Date('2026-11-25T10:00:00+08:00'));
    await signAll(database.db, signer, NOW);
    const differs = (await make())?.before?.differs.map(({ kind, entry }) => `${kind} ${entry}`);
    assert.ok(differs, late);
    assert.ok(differs.includes('missing data/2026-11-25/uses.jsonl'));
    assert.ok(differs.includes('altered manifest-sha256.txt'));
    assert.ok(!differs.includes(`altered ${DAY}/uses.jsonl`));
    assert.deepEqual(contents(at('')), before);
    const elsewhere = new FolderPlace(join(folder, 'third'));
    await assert.rejects(make({ place: elsewhere }), isFault('archive-other'));
    assert.equal((await verifyPackage(elsewhere, NAME)).damage?.kind, 'unfinished');
  });

  it('names the package before it', async () => {
    const december = { unitCode: USER.code, from: '2026-12-01', to: '2026-12-31' };
    await use(database.db, used, new Date('2026-12-02T10:00:00+08:00'));
    await signAll(database.db, signer, NOW);
    await make({ period: december, now: new Date('2027-01-01T09:00:00+08:00') });
    const info = readFileSync(join(place.shown, packageName(december), 'bag-info.txt'), 'utf8');
    const { digest } = await verifyPackage(place, NAME);
    assert.ok(info.includes(`Previous-Package-SHA256: ${digest}\n`));
    const known = await listPackages(database.db, USER.code);
    assert.deepEqual(
      known.map(({ uses }) => uses),
      [1, 5],
    );
  });

  it('is not made of a period that goes on, that is unsigned, or that has nothing', async () => {
    await assert.rejects(make({ period: { ...PERIOD, to: '2026-12-01' } }), isFault('archive-early'));
    await assert.rejects(make({ period: { ...PERIOD, from: '2026-12-01' } }), isFault('archive-backwards'));
    const october = { unitCode: USER.code, from: '2026-10-01', to: '2026-10-31' };
    assert.equal(await make({ period: october }), null);
    await use(database.db, used, new Date('2026-10-02T10:00:00+08:00'));
    await assert.rejects(make({ period: october }), isFault('archive-unsigned'));
    await signAll(database.db, signer, NOW);
    assert.equal((await make({ period: october }))?.uses, 1);
  });

  it('says which original the store has lost', async () => {
    const september = { unitCode: USER.code, from: '2026-11-02', to: '2026-11-02' };
    await database.db('fetched_file').update({ fetched_at: new Date('2026-11-01T00:00:00+08:00') });
    await use(database.db, used, new Date('2026-11-02T10:00:00+08:00'), { act: 'file' });
    await signAll(database.db, signer, NOW);
    const made = await make({ period: september, files: new FolderStore(join(folder, 'empty')) });
    assert.deepEqual([made?.files, made?.lost], [0, 1]);
    assert.equal((await verifyPackage(place, packageName(september))).damage, null);
  });

  describe('that was tampered with', () => {
    let copies = 0;
    /** What is found wrong with a copy of the package after something was done to it. */
    const damageAfter = async (
      change: (path: (entry: string) => string) => void,
      trusted?: Parameters<typeof verifyPackage>[2],
    ) => {
      copies += 1;
      const root = join(folder, `copy-${copies}`);
      cpSync(at(''), join(root, NAME), { recursive: true });
      change((entry) => at(entry, root));
      const { damage } = await verifyPackage(new FolderPlace(root), NAME, trusted);
      return damage && [damage.kind, damage.entry, damage.line];
    };
    const edit = (path: string, change: (lines: string[]) => string[]): void => {
      const text = readFileSync(path, 'utf8').split('\n').slice(0, -1);
      writeFileSync(
        path,
        change(text)
          .map((line) => `${line}\n`)
          .join(''),
      );
    };
    /** Writes all digests anew, as somebody does who knows how they are made; and signs them with keys of theirs. */
    const seal = (path: (entry: string) => string, by = other): void => {
      for (const manifest of ['manifest', 'tagmanifest'])
        for (const digest of DIGESTS)
          edit(path(`${manifest}-${digest}.txt`), (listed) =>
            listed.map((line) => `${hash(digest, readFileSync(path(line.slice(66))))}  ${line.slice(66)}`),
          );
      const digestOf = (digest: (typeof DIGESTS)[number]) =>
        hash(digest, readFileSync(path(`tagmanifest-${digest}.txt`)));
      const text = signedText(NAME, { sha256: digestOf('sha256'), sm3: digestOf('sm3') });
      writeFileSync(path('signature.json'), JSON.stringify({ text, keys: by.keys, signatures: by.signText(text) }));
    };

    const swapped = ([first = '', second = '', ...rest]: string[]): string[] => [second, first, ...rest];
    const receiptsFile = `${DAY}/receipts.jsonl`;
    const usesFile = `${DAY}/uses.jsonl`;

    it('names the file and the kind of damage', async () => {
      const [original = ''] = readdirSync(at('data/files'));
      const cases: [(path: (entry: string) => string) => void, (string | number | undefined)[]][] = [
        [
          (path) => writeFileSync(path(`data/files/${original}`), 'x'),
          ['altered', `data/files/${original}`, undefined],
        ],
        [(path) => rmSync(path(`data/files/${original}`)), ['missing', `data/files/${original}`, undefined]],
        [(path) => writeFileSync(path('data/more.txt'), 'x'), ['added', 'data/more.txt', undefined]],
        [(path) => writeFileSync(path('README.txt'), 'x'), ['altered', 'README.txt', undefined]],
        [(path) => rmSync(path('signature.json')), ['unfinished', 'signature.json', undefined]],
        [(path) => rmSync(path('manifest-sm3.txt')), ['missing', 'manifest-sm3.txt', undefined]],
        [(path) => writeFileSync(path('data/keys.json'), '{}'), ['altered', 'data/keys.json', undefined]],
        [(path) => writeFileSync(path('signature.json'), '{}'), ['signature', 'signature.json', undefined]],
        [(path) => edit(path(receiptsFile), (all) => all.slice(1)), ['missing', receiptsFile, 1]],
        [(path) => edit(path(receiptsFile), (all) => all.slice(0, -1)), ['missing', receiptsFile, 4]],
        [(path) => edit(path(receiptsFile), swapped), ['reordered', receiptsFile, 1]],
        [(path) => edit(path(usesFile), swapped), ['reordered', usesFile, 1]],
        [(path) => edit(path(usesFile), (all) => all.toSpliced(1, 1)), ['missing', usesFile, 2]],
        [
          (path) => edit(path(usesFile), (all) => all.map((line) => line.replace('市住建局', '市某局'))),
          ['altered', usesFile, undefined],
        ],
        [
          (path) => edit(path(usesFile), (all) => all.map((line) => line.replace('施工许可', '别的'))),
          ['altered', usesFile, 1],
        ],
        [
          (path) => edit(path(receiptsFile), (all) => all.map((line) => line.replace('施工许可', '别的'))),
          ['altered', receiptsFile, 1],
        ],
        [(path) => edit(path(receiptsFile), (all) => all.map(() => '{"text": 1}')), ['altered', receiptsFile, 1]],
        [(path) => edit(path(receiptsFile), (all) => all.map(() => 'null')), ['altered', receiptsFile, 1]],
      ];
      for (const [change, expected] of cases) assert.deepEqual(await damageAfter(change), expected, String(change));
    });

    it('is found out also where all digests were made anew', async () => {
      const both = (path: (entry: string) => string, change: (all: string[]) => string[]): void => {
        for (const file of [usesFile, receiptsFile, `${DAY}/certificates.jsonl`]) edit(path(file), change);
      };
      assert.deepEqual(
        await damageAfter((path) => {
          edit(path(receiptsFile), (all) => all.slice(1));
          seal(path);
        }),
        ['missing', receiptsFile, 1],
      );
      assert.deepEqual(
        await damageAfter((path) => {
          both(path, swapped);
          seal(path);
        }),
        ['reordered', usesFile, 1],
      );
      // Of a use nothing is left at all: only whoever signed tells.
      const erased = (path: (entry: string) => string): void => {
        both(path, (all) => all.slice(0, -1));
        seal(path);
      };
      const trusted = await listKeys(database.db);
      assert.deepEqual(await damageAfter(erased, { trusted }), ['untrusted', 'signature.json', undefined]);
    });

    it('has receipts signed by others found out, and batches that are not of one chain', async () => {
      const resign = (path: (entry: string) => string, change: (batch: { root: string; previous: string }) => void) =>
        edit(path(receiptsFile), (all) =>
          all.map((line, index) => {
            const given = JSON.parse(line) as {
              proof: {
                batch: { id: number; root: string; previous: string; receipts: number; signedAt: string };
                signatures: object;
              };
            };
            const { batch } = given.proof;
            if (index === 2) change(batch);
            const buffers = { previous: Buffer.from(batch.previous, 'hex'), root: Buffer.from(batch.root, 'hex') };
            const signed = { ...batch, ...buffers, signedAt: new Date(batch.signedAt) };
            given.proof.signatures = (index === 2 ? by : signer).sign(signed);
            return JSON.stringify(given);
          }),
        );
      let by = other;
      assert.deepEqual(
        await damageAfter((path) => {
          resign(path, () => undefined);
          seal(path, signer);
        }),
        ['signature', receiptsFile, 3],
      );
      by = signer;
      assert.deepEqual(
        await damageAfter((path) => {
          resign(path, (batch) => (batch.previous = '00'.repeat(32)));
          seal(path, signer);
        }),
        ['chain', receiptsFile, 3],
      );
      assert.deepEqual(await damageAfter(() => undefined, { trusted: other.keys }), [
        'untrusted',
        'data/keys.json',
        undefined,
      ]);
    });
  });

  it('lies in a bucket as well', async () => {
    const server = await S3Server.start();
    try {
      const bucket = new S3Place({ ...server.settings, prefix: 'hub/archives/' });
      const day = { unitCode: USER.code, from: '2026-11-21', to: '2026-11-21' };
      assert.equal((await make({ period: day, place: bucket }))?.uses, 1);
      assert.equal((await verifyPackage(bucket, packageName(day))).damage, null);
      assert.deepEqual((await make({ period: day, place: bucket }))?.before, { differs: [] });
      const lying = join(server.folder, 'files/hub/archives', packageName(day));
      writeFileSync(join(lying, 'README.txt'), 'x');
      assert.deepEqual((await verifyPackage(bucket, packageName(day))).damage, {
        kind: 'altered',
        entry: 'README.txt',
      });
    } finally {
      await server.stop();
    }
  });
});

const isFault = (code: string) => (error: unknown) => error instanceof HubError && error.code === code;
