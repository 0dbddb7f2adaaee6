import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { messageOf } from '../domain/errors.ts';
import { placed } from '../domain/faults/expected.ts';
import type { FaultyFile, GoesOn } from '../domain/faulty-file.ts';
import type { Said } from '../domain/said.ts';
import { linePlace, parseYaml } from './diagnostics.ts';

/**
 * What each file says that holds, by its name within the folder of the configuration, `connectors/parks.yaml`; of a
 * connector with its template and defaults filled in.
 */
export type FileVersions = ReadonlyMap<string, unknown>;

/** Completes what a file says before it is checked, and tells what is wrong in doing so. */
export type Prepare = (data: unknown, tell: (fault: Said) => void) => unknown;

interface Reading<T> {
  schemaOf: (data: unknown) => z.ZodType<T>;
  prepare?: Prepare;
  /** What is wrong with it beside other files. */
  check?: (value: T) => Said[];
  /** Where no version passes the check. */
  otherwise: Exclude<GoesOn, 'last version'>;
}

interface Parsed<T> {
  value: T | null;
  data?: unknown;
  faults: Said[];
}

export const YAML = /\.ya?ml$/;

/** The name of a file without its folder and ending. */
export const idOf = (file: string): string => basename(file).replace(YAML, '');

/**
 * The files of a configuration's folder, each by the version of it that holds: as it stands, or else as it was when it
 * was last valid. What is wrong is gathered, file by file.
 */
export class ConfigFiles {
  readonly faulty: FaultyFile[] = [];
  /** Those in force; and of a file of which none is, the last one that was. */
  readonly versions = new Map<string, unknown>();
  readonly #folder: string;
  readonly #before: FileVersions;
  readonly #texts = new Map<string, string | Said>();
  /** With `hub.yaml` the whole folder is away, and no file of it was removed. */
  readonly #away: boolean;

  constructor(folder: string, before: FileVersions) {
    this.#folder = folder;
    this.#before = before;
    this.#away = !existsSync(this.path('hub.yaml'));
  }

  path(file: string): string {
    return join(this.#folder, file);
  }

  /** A file as people are told of it. */
  shown(file: string): string {
    return relative(process.cwd(), this.path(file)) || file;
  }

  /** The files of a folder by their names, in their order. */
  list(folder: string, name = YAML): string[] {
    let there: string[] = [];
    try {
      there = readdirSync(this.path(folder));
    } catch {
      // There is none.
    }
    const named = there.filter((each) => name.test(each)).map((each) => `${folder}/${each}`);
    const before = this.#away ? [...this.#before.keys()].filter((file) => dirname(file) === folder) : [];
    return [...new Set([...named, ...before])].sort();
  }

  /** What a file holds, or why that cannot be known. */
  text(file: string): string | Said {
    const known = this.#texts.get(file);
    if (known !== undefined) return known;
    let text: string | Said;
    try {
      text = readFileSync(this.path(file), 'utf8');
    } catch (error) {
      const why = messageOf(error);
      text = placed(linePlace(this.shown(file), 1), {
        zh: `无法读取（${why}）；请建立该文件，或用 --config 换一个目录`,
        en: `${why}; create the file or choose another folder with --config`,
      });
    }
    this.#texts.set(file, text);
    return text;
  }

  parse<T>(file: string, { schemaOf, prepare }: Pick<Reading<T>, 'schemaOf' | 'prepare'>): Parsed<T> {
    const text = this.text(file);
    if (typeof text !== 'string') return { value: null, faults: [text] };
    const told: Said[] = [];
    const parsed = parseYaml(this.shown(file), text, schemaOf, (data) =>
      prepare ? prepare(data, (fault) => told.push(fault)) : data,
    );
    return told.length === 0 ? parsed : { value: null, faults: [...told, ...parsed.faults] };
  }

  /** The version of a file that holds; null where none does. */
  read<T>(file: string, reading: Reading<T>): T | null {
    return this.#choose(file, this.parse(file, reading), reading);
  }

  /**
   * The versions of files that hold, in the order of the files. What two of them claim belongs to the one that had it:
   * whoever has changed is checked last.
   */
  readAll<T>(files: readonly string[], readingOf: (file: string) => Reading<T>): [string, T][] {
    const parsed = files.map((file) => {
      const reading = readingOf(file);
      const found = this.parse(file, reading);
      const changed = found.value !== null && !isDeepStrictEqual(found.data, this.#before.get(file));
      return { file, found, reading, changed };
    });
    const held = new Map<string, T>();
    for (const { file, found, reading } of parsed.toSorted((a, b) => Number(a.changed) - Number(b.changed))) {
      const value = this.#choose(file, found, reading);
      if (value !== null) held.set(file, value);
    }
    return [...held].sort(([one], [other]) => files.indexOf(one) - files.indexOf(other));
  }

  #choose<T>(file: string, parsed: Parsed<T>, { schemaOf, check = () => [], otherwise }: Reading<T>): T | null {
    const faults = parsed.value === null ? parsed.faults : check(parsed.value);
    if (parsed.value !== null) this.versions.set(file, parsed.data);
    if (faults.length === 0) return parsed.value;
    const last = this.#before.get(file);
    if (last !== undefined) this.versions.set(file, last);
    const { data: value } = last === undefined ? {} : schemaOf(last).safeParse(last);
    if (value !== undefined && check(value).length === 0) {
      this.note(file, faults, 'last version');
      return value;
    }
    this.note(file, faults, parsed.value === null ? 'left out' : otherwise);
    if (otherwise === 'as it stands') return parsed.value;
    if (last === undefined) this.versions.delete(file);
    return null;
  }

  note(file: string, faults: readonly Said[], goesOn: GoesOn): void {
    const { name } = (this.#before.get(file) ?? {}) as { name?: unknown };
    const unit = file.startsWith('connectors/') && typeof name === 'string' ? name : null;
    this.faulty.push({ file, unit, faults, goesOn });
  }

  /** Changes whenever any file does. */
  fingerprint(): string {
    const digest = createHash('sha256');
    for (const [file, text] of this.#texts) digest.update(file).update(typeof text === 'string' ? text : text.en);
    return digest.digest('hex');
  }
}
