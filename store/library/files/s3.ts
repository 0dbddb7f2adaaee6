import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import pRetry from 'p-retry';
import { resolveReference } from '../../../settings/environment.ts';
import type { S3Settings } from '../../../settings/schemas/hub.ts';
import { HubError } from '../../../domain/errors.ts';
import { fault } from '../../../domain/faults.ts';
import { isIntact, pathOf, type FileStore, type StoredFile } from './contract.ts';
import type { FilePlace } from './place.ts';
import { diskError, spool } from './spool.ts';

const RETRIES = 2;
const CONNECT_MS = 10_000;
/** Longest silence on a connection. */
const SILENCE_MS = 60_000;
const CHUNK_BYTES = 262_144;
const CHECK = Buffer.from('certificate hub\n');

/** The SDK warns on the console otherwise of what is told by errors. */
const nothing = (): void => undefined;
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing };

interface HttpRequest {
  headers: Record<string, string>;
}

/**
 * Files in a bucket of an S3-compatible server. Content is spooled to the local disk first: only then are its hash and
 * its size known, so that it is sent in one piece, signed with its hash, which the server checks, and sent again where
 * the connection breaks.
 */
export class S3Place implements FilePlace {
  readonly shown: string;
  readonly #client: S3Client;
  readonly #settings: S3Settings;

  /** Throws a configuration error when the keys are not where they are said to be. */
  constructor(settings: S3Settings, silenceMs = SILENCE_MS) {
    this.#settings = settings;
    this.shown = `${settings.endpoint.replace(/\/$/, '')}/${settings.bucket}`;
    this.#client = new S3Client({
      endpoint: settings.endpoint,
      region: settings.region,
      forcePathStyle: settings.pathStyle,
      credentials: {
        accessKeyId: resolveReference(settings.accessKey, 'files.s3.accessKey'),
        secretAccessKey: resolveReference(settings.secretKey, 'files.s3.secretKey'),
      },
      // Checksums of AWS's own that other servers do not know.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // The SDK cannot repeat what comes from a stream; #ask repeats everything.
      maxAttempts: 1,
      logger: SILENT,
      requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: silenceMs },
    });
  }

  /** @param isThere whether a file of that name need not be sent */
  async put(
    content: AsyncIterable<Uint8Array>,
    limitBytes: number,
    nameOf: (stored: StoredFile) => string,
    isThere: (name: string) => Promise<boolean> = () => Promise.resolve(false),
  ): Promise<StoredFile> {
    const file = await namelessFile();
    try {
      const stored = await spool(content, limitBytes, file, tmpdir());
      const name = nameOf(stored);
      if (!(await isThere(name))) await this.#upload(name, stored, file);
      return stored;
    } finally {
      await file.close();
    }
  }

  async open(name: string): Promise<Readable | null> {
    const body = await this.#fetch(name);
    return (
      body && Readable.from(this.#classified(body), { objectMode: false }).once('close', () => void body.destroy())
    );
  }

  async has(name: string): Promise<boolean> {
    const head = new HeadObjectCommand(this.#object(name));
    if (await this.#ask(() => this.#client.send(head))) return true;
    // An answer without a body does not say whether the file is missing or its whole bucket; this one does.
    const body = await this.#fetch(name);
    body?.destroy();
    return body !== null;
  }

  async *list(folder: string): AsyncIterable<string> {
    const { Bucket, Key: Prefix } = this.#object(`${folder}/`);
    for (let after: string | undefined; ;) {
      const command = new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken: after });
      const page = await this.#ask(() => this.#client.send(command));
      for (const { Key } of page?.Contents ?? []) if (Key !== undefined) yield Key.slice(Prefix.length);
      after = page?.NextContinuationToken;
      if (after === undefined) return;
    }
  }

  async #upload(name: string, { hash, size }: StoredFile, file: FileHandle): Promise<void> {
    await this.#ask(async () => {
      const body = Readable.from(contentOf(file), { objectMode: false });
      const command = new PutObjectCommand({ ...this.#object(name), Body: body, ContentLength: size });
      command.middlewareStack.add(
        (next) => (args) => {
          (args.request as HttpRequest).headers['x-amz-content-sha256'] = hash;
          return next(args);
        },
        { step: 'build' },
      );
      try {
        return await this.#client.send(command);
      } finally {
        body.destroy();
      }
    });
  }

  async #fetch(name: string): Promise<Readable | null> {
    const command = new GetObjectCommand(this.#object(name));
    const answer = await this.#ask(() => this.#client.send(command));
    return answer && (answer.Body as Readable);
  }

  #object(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#settings.bucket, Key: this.#settings.prefix + name };
  }

  /** Asks again, a few times and briefly, while the fault is a passing one. Null where the server has no such file. */
  async #ask<T>(request: () => Promise<T>): Promise<T | null> {
    return pRetry(
      async () => {
        try {
          return await request();
        } catch (error) {
          const fault = this.#fault(error);
          if (fault === 'missing') return null;
          throw fault;
        }
      },
      {
        retries: RETRIES,
        minTimeout: 200,
        maxTimeout: 1_000,
        randomize: true,
        shouldRetry: ({ error }) => error instanceof HubError && error.kind === 'transient',
      },
    );
  }

  /** The content of an answer, which may break off on the way. */
  async *#classified(body: Readable): AsyncIterable<Uint8Array> {
    try {
      yield* body as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw this.#away(error);
    }
  }

  #fault(error: unknown): HubError | 'missing' {
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    const name = error instanceof S3ServiceException ? error.name : '';
    if (status === undefined || status >= 500 || PASSING.has(name) || status === 408 || status === 429)
      return this.#away(error);
    if (name === 'NoSuchKey' || name === 'NotFound') return 'missing';
    const answer = [status, ...(name === 'Unknown' ? [] : [name])].join(' ');
    if (status >= 300 && status < 500) {
      return fault('file-store-refused', { place: this.shown, answer }, { cause: error });
    }
    return fault('file-store-broken', { place: this.shown, answer }, { cause: error });
  }

  #away(error: unknown): HubError {
    const { code, name } = error as NodeJS.ErrnoException;
    return fault('file-store-away', { place: this.shown, why: code ?? name }, { cause: error });
  }
}

/** Files in a bucket, by the hash of their content. */
export class S3Store implements FileStore {
  readonly #place: S3Place;

  constructor(...given: ConstructorParameters<typeof S3Place>) {
    this.#place = new S3Place(...given);
  }

  put(content: AsyncIterable<Uint8Array>, limitBytes: number): Promise<StoredFile> {
    return this.#place.put(
      content,
      limitBytes,
      ({ hash }) => pathOf(hash),
      (name) => this.#place.has(name),
    );
  }

  async get(hash: string): Promise<Readable> {
    const file = await this.#place.open(pathOf(hash));
    if (file) return file;
    throw fault('file-missing', { hash, place: this.#place.shown });
  }

  async has(hash: string): Promise<boolean> {
    return this.#place.has(pathOf(hash));
  }

  async check(): Promise<void> {
    const { hash } = await this.#place.put(Readable.from([CHECK]), CHECK.length, ({ hash: own }) => pathOf(own));
    if (!(await isIntact(this, hash))) throw fault('file-store-broken', { place: this.#place.shown, lost: true });
  }
}

/** Refusals that another attempt may not meet: the SDK corrects the clock by the server's, content was garbled on the way. */
const PASSING = new Set([
  'RequestTimeTooSkewed',
  'RequestTimeout',
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'SlowDown',
]);

/** A file of the local disk that is gone when it is closed, or when the process ends, however it ends. */
async function namelessFile(): Promise<FileHandle> {
  const path = join(tmpdir(), `hub-${randomUUID()}`);
  try {
    const file = await open(path, 'wx+', 0o600);
    await rm(path);
    return file;
  } catch (error) {
    throw diskError(error, tmpdir());
  }
}

/** From the start, however often; a stream of the file's own would close it. */
async function* contentOf(file: FileHandle): AsyncIterable<Uint8Array> {
  for (let position = 0; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}
