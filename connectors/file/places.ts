import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import axios, { AxiosError } from 'axios';
import SftpClient from 'ssh2-sftp-client';
import type { FileConnectorConfig, FileStreamConfig } from '../../settings/kinds/file.ts';
import { resolveReference } from '../../settings/environment.ts';
import { addDays, shanghaiDate, startOfDayMs, type CalendarDate } from '../../domain/dates.ts';
import { HubError, messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import { flowing, within } from '../flowing.ts';
import { unpacked } from '../unpacked.ts';

/** A file as its place lists it. */
export interface Entry {
  name: string;
  size: number;
  modifiedMs: number;
}

/** Where files are dropped. Throws classified errors. */
export interface Place {
  /** For messages, without credentials. */
  shown: string;
  list(): Promise<Entry[]>;
  open(name: string): Promise<Readable>;
  close(): Promise<void>;
}

/** Days that are asked for, where a place cannot be listed. */
const DAYS_BACK = 31;

/** The place that a connector's address names. */
export function openPlace(
  connector: FileConnectorConfig,
  stream: FileStreamConfig,
  now: () => number = Date.now,
): Place {
  const place = `${connector.id}: address`;
  const address =
    typeof connector.address === 'string' ? connector.address : resolveReference(connector.address, place);
  if (URL.canParse(address) && new URL(address).search !== '')
    throw fault('address-invalid', { place, why: 'found parameters after ?, expected none' });
  if (address.startsWith('sftp:')) return new SftpPlace(connector, new URL(address));
  if (/^https?:/.test(address)) return new HttpPlace(connector, new URL(address), stream, now);
  return new FolderPlace(address, connector.id);
}

class FolderPlace implements Place {
  readonly shown: string;
  readonly #id: string;

  constructor(folder: string, id: string) {
    this.shown = folder;
    this.#id = id;
  }

  async list(): Promise<Entry[]> {
    try {
      const names = await readdir(this.shown, { withFileTypes: true });
      const entries = await Promise.all(
        names
          .filter((entry) => entry.isFile())
          .map(async ({ name }) => {
            try {
              const { size, mtimeMs } = await stat(join(this.shown, name));
              return [{ name, size, modifiedMs: mtimeMs }];
            } catch (error) {
              if (isGone(error)) return [];
              throw error;
            }
          }),
      );
      return entries.flat();
    } catch (error) {
      throw this.#fault(error);
    }
  }

  open(name: string): Promise<Readable> {
    const stream = createReadStream(join(this.shown, basename(name)));
    return new Promise((resolve, reject) => {
      stream.once('open', () => resolve(stream));
      stream.once('error', (error) => reject(isGone(error) ? fileGone(this.#id, name) : this.#fault(error)));
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #fault(error: unknown): HubError {
    const { code = '' } = error as NodeJS.ErrnoException;
    const [place, why] = [`${this.#id}: ${this.shown}`, code || messageOf(error)];
    return code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR'
      ? fault('folder-missing', { place, why })
      : fault('source-away', { place, why });
  }
}

class SftpPlace implements Place {
  readonly shown: string;
  readonly #connector: FileConnectorConfig;
  readonly #url: URL;
  readonly #folder: string;
  #client: Promise<SftpClient> | null = null;

  constructor(connector: FileConnectorConfig, url: URL) {
    this.#connector = connector;
    this.#url = url;
    this.#folder = decodeURIComponent(url.pathname) || '/';
    this.shown = `sftp://${url.host}${this.#folder}`;
    if (connector.hostKey === undefined) {
      throw fault('host-key', { place: connector.id, found: null });
    }
  }

  async #connect(onClose: () => void): Promise<SftpClient> {
    const { id, password, privateKey, hostKey, timeout } = this.#connector;
    const client = new SftpClient(id, {
      error: () => undefined, // what fails is thrown by the call that it fails
      end: () => undefined,
      close: onClose,
    });
    let found = '';
    try {
      await client.connect({
        host: this.#url.hostname,
        port: Number(this.#url.port || 22),
        username: decodeURIComponent(this.#url.username),
        readyTimeout: timeout,
        keepaliveInterval: Math.ceil(timeout / 3),
        keepaliveCountMax: 2,
        ...(password && { password: resolveReference(password, `${id}: password`) }),
        ...(privateKey && { privateKey: resolveReference(privateKey, `${id}: privateKey`) }),
        hostVerifier: (key: Buffer) => {
          found = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
          return found === hostKey;
        },
      });
    } catch (error) {
      if (found !== '' && found !== hostKey) {
        throw fault('host-key', { place: `${id}: ${this.shown}`, found, expected: String(hostKey) });
      }
      throw this.#fault(error);
    }
    return client;
  }

  async #session(): Promise<SftpClient> {
    const session: Promise<SftpClient> = (this.#client ??= this.#connect(() => {
      if (this.#client === session) this.#client = null;
    }));
    try {
      return await session;
    } catch (error) {
      if (this.#client === session) this.#client = null;
      throw error;
    }
  }

  /** After a fault the next call connects anew: the library does not always tell that a connection is gone. */
  async #failed(client: SftpClient, error: unknown): Promise<HubError> {
    if ((await this.#client?.catch(() => null)) === client) this.#client = null;
    void client.end().catch(() => undefined);
    return this.#fault(error);
  }

  async list(): Promise<Entry[]> {
    const client = await this.#session();
    try {
      const entries = await client.list(this.#folder);
      return entries
        .filter(({ type }) => type === '-')
        .map(({ name, size, modifyTime }) => ({ name, size, modifiedMs: modifyTime }));
    } catch (error) {
      throw await this.#failed(client, error);
    }
  }

  async open(name: string): Promise<Readable> {
    const client = await this.#session();
    const { id, timeout } = this.#connector;
    try {
      const source = client.createReadStream(join(this.#folder, basename(name))) as Readable;
      return flowing(source, timeout, async (error) =>
        /no such file/i.test(messageOf(error)) ? fileGone(id, name) : this.#failed(client, error),
      );
    } catch (error) {
      throw await this.#failed(client, error);
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => null);
    this.#client = null;
    await client?.end();
  }

  #fault(error: unknown): HubError {
    if (error instanceof HubError) return error;
    const [place, text] = [`${this.#connector.id}: ${this.shown}`, messageOf(error)];
    if (/authentication methods failed|privateKey|passphrase/i.test(text)) {
      return fault('unauthorised', { place, why: text });
    }
    if (/no such file|permission denied/i.test(text)) {
      return fault('folder-missing', { place, why: /no such file/i.test(text) ? 'ENOENT' : 'EACCES' });
    }
    return fault('source-away', { place, why: (error as NodeJS.ErrnoException).code ?? text });
  }
}

const PARTIAL_CONTENT = 206;

/** Files by the day over HTTP: a folder there cannot be listed, so the last days are asked for by name. */
class HttpPlace implements Place {
  readonly shown: string;
  readonly #id: string;
  readonly #base: string;
  readonly #stream: FileStreamConfig;
  readonly #auth: { username: string; password: string } | undefined;
  readonly #timeout: number;

  readonly #now: () => number;

  constructor(connector: FileConnectorConfig, url: URL, stream: FileStreamConfig, now: () => number) {
    this.#now = now;
    this.#id = connector.id;
    this.#stream = stream;
    this.#timeout = connector.timeout;
    this.shown = `${url.origin}${url.pathname}`;
    this.#base = this.shown.replace(/\/$/, '');
    if (connector.password)
      this.#auth = {
        username: decodeURIComponent(url.username),
        password: resolveReference(connector.password, `${connector.id}: password`),
      };
  }

  async list(): Promise<Entry[]> {
    const today = shanghaiDate(this.#now());
    const entries: Entry[] = [];
    for (let day = -DAYS_BACK; day <= 0; day++) {
      const date = addDays(today, day);
      const name = this.#stream.files.replace('{date}', writeDate(date, this.#stream.date));
      for (const candidate of [name, ...sidecars(name, this.#stream)]) {
        const entry = await this.#head(candidate, date);
        if (!entry) break;
        entries.push(entry);
      }
    }
    return entries;
  }

  async #head(name: string, date: CalendarDate): Promise<Entry | null> {
    const { status, headers } = await this.#ask('HEAD', name);
    if (status === 404 || status === 410) return null;
    this.#requireStatus(status, name);
    const modified = Date.parse(textOf(headers['last-modified']));
    return {
      name,
      size: Number(headers['content-length'] ?? -1),
      modifiedMs: Number.isNaN(modified) ? startOfDayMs(date) : modified,
    };
  }

  async open(name: string): Promise<Readable> {
    const { status, headers, data } = await this.#ask('GET', name);
    if (status === 404 || status === 410) throw fileGone(this.#id, name);
    this.#requireStatus(status, name);
    // Nobody asked for a part.
    if (status === PARTIAL_CONTENT) throw fault('file-incomplete', { file: name, broken: String(status) });
    return flowing(unpacked(data, headers), this.#timeout, (error) => {
      const { code = 'broken off' } = error as NodeJS.ErrnoException;
      // What comes whole and cannot be unpacked says nothing of the other files.
      return code.startsWith('Z_') ? fault('file-incomplete', { file: name, broken: code }) : this.#away(code);
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #ask(
    method: 'HEAD' | 'GET',
    name: string,
  ): Promise<{ status: number; headers: Partial<Record<string, unknown>>; data: Readable }> {
    const late = (): HubError => this.#away('no answer in time');
    const ask = (signal: AbortSignal) =>
      axios.request<Readable>({
        method,
        url: `${this.#base}/${encodeURIComponent(name)}`,
        responseType: 'stream',
        timeout: this.#timeout,
        signal,
        maxRedirects: 0,
        proxy: false,
        decompress: false,
        validateStatus: () => true,
        ...(this.#auth && { auth: this.#auth }),
      });
    try {
      return await within(this.#timeout, late, ask);
    } catch (error) {
      if (error instanceof HubError) throw error;
      const code = error instanceof AxiosError ? (error.code ?? '') : '';
      throw this.#away(code);
    }
  }

  #away(why: string): HubError {
    return fault('source-away', { place: `${this.#id}: ${this.shown}`, why });
  }

  #requireStatus(status: number, name: string): void {
    if (status >= 200 && status < 300) return;
    const place = `${this.#id}: ${this.shown}, ${name}`;
    if (status === 401 || status === 403) throw fault('unauthorised', { place, status });
    if (status >= 500 || status === 429) throw fault('source-failing', { place, status });
    throw fault('file-refused', { place, status });
  }
}

const isGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** A file may be taken away between being listed and being opened. */
const fileGone = (id: string, name: string): HubError => fault('file-gone', { place: id, file: name });

const textOf = (header: unknown): string => (typeof header === 'string' ? header : '');

/** Names of the files beside a file that say that it is whole. */
export function sidecars(name: string, { complete }: FileStreamConfig): string[] {
  if (!complete) return [];
  if ('marker' in complete) return [`${name}${complete.marker}`];
  return 'checksum' in complete ? [`${name}.${complete.checksum}`] : [];
}

export const writeDate = (date: CalendarDate, form: FileStreamConfig['date']): string =>
  form === 'yyyyMMdd' ? date.replaceAll('-', '') : date;
