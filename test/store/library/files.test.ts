import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { HubError } from '../../../domain/errors.ts';
import { fault } from '../../../domain/faults.ts';
import { isIntact, type FileStore } from '../../../store/library/files/contract.ts';
import { openFileStore } from '../../../store/library/files/index.ts';
import { S3Store } from '../../../store/library/files/s3.ts';
import { S3Server } from '../../support/servers/s3.ts';

const LIMIT = 50_000_000;
const NOWHERE = '0'.repeat(64);
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
const isFault = (kind: string, code: string) => (error: unknown) =>
  error instanceof HubError && error.kind === kind && error.code === code;

/** Paths of all files of a folder, sorted. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** In pieces, as a source sends it. */
async function* pieces(content: Buffer, size = 65_536): AsyncIterable<Buffer> {
  for (let start = 0; start < content.length; start += size) {
    await new Promise(setImmediate);
    yield content.subarray(start, start + size);
  }
}

interface Place {
  store: FileStore;
  /** Where the files lie, to look behind the store. */
  folder: string;
}

/** What any store of files does. */
function acceptance(place: () => Place): void {
  it('can be written and read', () => place().store.check());

  it('gives back what was put in, by its hash, with its size and first bytes', async () => {
    const { store } = place();
    const content = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(9_000_000)]);
    const { hash, size, head } = await store.put(pieces(content), LIMIT);
    assert.deepEqual([hash, size], [sha256(content), content.length]);
    assert.deepEqual(head, content.subarray(0, 1024));
    assert.deepEqual(await buffer(await store.get(hash)), content);
    assert.ok(await store.has(hash));
    assert.ok(await isIntact(store, hash));
  });

  it('takes a stream, and content without a byte', async () => {
    const { store } = place();
    const { hash } = await store.put(Readable.from([Buffer.from('a'), Buffer.from('b')]), LIMIT);
    assert.equal(hash, sha256(Buffer.from('ab')));
    const empty = await store.put(Readable.from([]), LIMIT);
    assert.deepEqual([empty.size, empty.hash], [0, sha256(Buffer.alloc(0))]);
    assert.equal((await buffer(await store.get(empty.hash))).length, 0);
  });

  it('keeps the same content once, also when several bring it at the same time', async () => {
    const { store, folder } = place();
    const content = randomBytes(3_000_000);
    const held = filesIn(folder).length;
    const put = await Promise.all([1, 2, 3, 4].map(() => store.put(pieces(content), LIMIT)));
    await store.put(pieces(content), LIMIT);
    assert.deepEqual(new Set(put.map(({ hash }) => hash)), new Set([sha256(content)]));
    assert.equal(filesIn(folder).length, held + 1);
    assert.ok(await isIntact(store, sha256(content)));
  });

  it('says that it has no such file', async () => {
    const { store } = place();
    assert.equal(await store.has(NOWHERE), false);
    await assert.rejects(store.get(NOWHERE), isFault('system', 'file-missing'));
    for (const name of ['../../etc/passwd', '', NOWHERE.slice(1)])
      await assert.rejects(async () => store.get(name), isFault('system', 'file-hash'));
  });

  it('refuses what is too large, to the byte, and keeps nothing of it', async () => {
    const { store, folder } = place();
    const content = randomBytes(2_000_000);
    const held = filesIn(folder);
    let closed = false;
    async function* source(): AsyncIterable<Buffer> {
      try {
        yield* pieces(content);
      } finally {
        closed = true;
      }
    }
    await assert.rejects(store.put(source(), content.length - 1), isFault('configuration', 'file-too-large'));
    assert.ok(closed, 'the source is let go');
    assert.deepEqual(filesIn(folder), held);
    assert.equal((await store.put(source(), content.length)).size, content.length);
  });

  it('lets a source’s own error through as it is, and keeps nothing of what came before', async () => {
    const { store, folder } = place();
    const held = filesIn(folder);
    const away = fault('source-away', { place: 'the source', why: 'ECONNRESET' });
    const raw = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    for (const thrown of [away, raw]) {
      async function* source(): AsyncIterable<Buffer> {
        yield* pieces(randomBytes(1_000_000));
        throw thrown;
      }
      await assert.rejects(store.put(source(), LIMIT), (error) => error === thrown);
    }
    async function* cutOff(): AsyncIterable<Buffer> {
      yield* pieces(randomBytes(1_000_000), 1000);
      stream.destroy();
      yield* pieces(randomBytes(1_000_000), 1000);
    }
    const stream = Readable.from(cutOff(), { objectMode: false });
    await assert.rejects(store.put(stream, LIMIT), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
    assert.deepEqual(filesIn(folder), held);
  });

  it('notices content that is not what it was', async () => {
    const { store, folder } = place();
    const { hash } = await store.put(pieces(randomBytes(1000)), LIMIT);
    const [path = ''] = filesIn(folder).filter((name) => name.endsWith(hash));
    assert.ok(path.endsWith(`${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`));
    chmodSync(join(folder, path), 0o600);
    writeFileSync(join(folder, path), randomBytes(1000));
    assert.equal(await isIntact(store, hash), false);
  });
}

describe('files in a folder', () => {
  const data = mkdtempSync(join(tmpdir(), 'hub-files-'));
  const folder = join(data, 'files');
  let store: FileStore;
  before(async () => {
    store = await openFileStore({}, data);
  });
  after(() => rmSync(data, { recursive: true, force: true }));
  acceptance(() => ({ store, folder }));

  it('puts the same content again where it was spoilt', async () => {
    const content = randomBytes(1000);
    const { hash } = await store.put(pieces(content), LIMIT);
    writeFileSync(join(folder, hash.slice(0, 2), hash.slice(2, 4), hash), 'spoilt');
    await store.put(pieces(content), LIMIT);
    assert.ok(await isIntact(store, hash));
  });

  it('has nothing under a final name after a crash in the middle; what is left is cleared away later', async () => {
    const held = filesIn(folder);
    const code =
      `import { openFileStore } from '${join(import.meta.dirname, '../../../store/library/files/index.ts')}';\n` +
      `async function* endless() { for (;;) { yield Buffer.alloc(65536, 7); process.stdout.write('.'); } }\n` +
      `await (await openFileStore({}, ${JSON.stringify(data)})).put(endless(), 1e12);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const left = filesIn(folder).filter((name) => !held.includes(name));
    assert.deepEqual(
      left.map((name) => name.split('/')[0]),
      ['incoming'],
    );
    const path = join(folder, left[0]!);
    assert.ok(statSync(path).size > 0);
    await store.check();
    assert.ok(existsSync(path), 'another process may still be writing it');
    const hoursAgo = Date.now() / 1000 - 7200;
    utimesSync(path, hoursAgo, hoursAgo);
    await store.check();
    assert.deepEqual(readdirSync(join(folder, 'incoming')), []);
  });

  it('tells of a folder that cannot be used', async () => {
    const file = join(data, 'a-file');
    writeFileSync(file, '');
    const broken = await openFileStore({ folder: join(file, 'below') }, data);
    await assert.rejects(broken.check(), isFault('configuration', 'file-store-refused'));
    await assert.rejects(broken.put(pieces(randomBytes(10)), LIMIT), isFault('configuration', 'file-store-refused'));
    await assert.rejects(broken.has(NOWHERE), isFault('configuration', 'file-store-refused'));
  });
});

describe('files in an S3-compatible store', () => {
  let server: S3Server;
  let store: FileStore;
  before(async () => {
    server = await S3Server.start();
    store = await openFileStore({ s3: server.settings }, '/nowhere');
  });
  after(() => server.stop());
  acceptance(() => ({ store, folder: join(server.folder, 'files') }));

  it('puts every file below its prefix', async () => {
    const { hash } = await store.put(pieces(randomBytes(10)), LIMIT);
    assert.ok(existsSync(join(server.folder, 'files/hub', hash.slice(0, 2), hash.slice(2, 4), hash)));
  });

  it('leaves no spooled file behind', async () => {
    const spooled = (): string[] => readdirSync(tmpdir()).filter((name) => /^hub-[0-9a-f]{8}-/.test(name));
    async function* source(): AsyncIterable<Buffer> {
      yield* pieces(randomBytes(200_000));
      assert.deepEqual(spooled(), []);
    }
    await store.put(source(), LIMIT);
  });

  process.env.HUB_TEST_WRONG = 'not-the-one';
  for (const [what, change, answer] of [
    ['a wrong secret', { secretKey: { env: 'HUB_TEST_WRONG' } }, '403 SignatureDoesNotMatch'],
    ['an unknown key', { accessKey: { env: 'HUB_TEST_WRONG' } }, '404 XAdminUserNotFound'],
    ['a missing bucket', { bucket: 'nowhere' }, '404 NoSuchBucket'],
    ['a wrong region', { region: 'cn-west' }, '400 AuthorizationHeaderMalformed'],
  ] as const) {
    it(`${what} is the configuration’s fault`, async () => {
      const wrong = new S3Store({ ...server.settings, ...change });
      await assert.rejects(wrong.check(), (error: HubError) => {
        assert.ok(isFault('configuration', 'file-store-refused')(error));
        assert.ok(
          error.message.endsWith(`/${'bucket' in change ? change.bucket : 'files'} refuses the hub (${answer})`),
        );
        return true;
      });
      const works = [
        () => wrong.put(pieces(randomBytes(10)), LIMIT),
        () => wrong.get(NOWHERE),
        () => wrong.has(NOWHERE),
      ];
      for (const work of works) await assert.rejects(work, isFault('configuration', 'file-store-refused'));
    });
  }

  it('a key that is not where it is said to be is told by its name', async () => {
    await assert.rejects(
      openFileStore({ s3: { ...server.settings, secretKey: { env: 'HUB_TEST_UNSET' } } }, '/nowhere'),
      (error: HubError) => error.code === 'secret-missing' && error.message.includes('HUB_TEST_UNSET'),
    );
  });

  it('sends and reads again when a connection breaks', async () => {
    const content = randomBytes(4_000_000);
    server.breakAfter(2_000_000);
    const { hash } = await store.put(pieces(content), LIMIT);
    assert.ok(await isIntact(store, hash));
    server.breakAfter(1);
    assert.ok(await store.has(hash));
    server.breakAfter(2_000_000);
    await assert.rejects(isIntact(store, hash), isFault('transient', 'file-store-away'));
    assert.ok(await isIntact(store, hash));
  });

  it('a server that is away is a passing fault', async () => {
    const content = randomBytes(100_000);
    server.cut();
    try {
      const put = (): Promise<unknown> => store.put(pieces(content), LIMIT);
      for (const work of [put, () => store.check(), () => store.get(NOWHERE), () => store.has(NOWHERE)])
        await assert.rejects(work, isFault('transient', 'file-store-away'));
    } finally {
      await server.mend();
    }
    assert.equal((await store.put(pieces(content), LIMIT)).size, content.length);
  });

  it('a server that falls silent is a passing fault', async () => {
    const impatient = new S3Store(server.settings, 300);
    const { hash } = await impatient.put(pieces(randomBytes(8_000_000)), LIMIT);
    const reading = await impatient.get(hash);
    server.hold();
    try {
      await assert.rejects(buffer(reading), isFault('transient', 'file-store-away'));
      await assert.rejects(impatient.has(hash), isFault('transient', 'file-store-away'));
      await assert.rejects(impatient.check(), isFault('transient', 'file-store-away'));
    } finally {
      await server.mend();
    }
    assert.ok(await isIntact(impatient, hash));
  });
});
