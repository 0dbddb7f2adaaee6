import { basename } from 'node:path';
import { fileConnectorSchema, type FileConnectorConfig, type FileStreamConfig } from '../../settings/kinds/file.ts';
import { addDays, parseDate, shanghaiDate, startOfDayMs, type CalendarDate } from '../../domain/dates.ts';
import { HubError } from '../../domain/errors.ts';
import { fault, type FaultCode } from '../../domain/faults.ts';
import { followingBatch, timeWindow, type BatchWindow } from '../../domain/collection/window.ts';
import type { Said } from '../../domain/said.ts';
import type {
  BatchSource,
  ChainView,
  CheckReport,
  ConnectorKind,
  NextBatch,
  OpenOptions,
  Page,
  ProvenWindow,
  Resume,
  UnreadableDelivery,
} from '../contract.ts';
import { digestOf } from '../digest.ts';
import { undecodableOf } from '../undecodable.ts';
import { Intake, type TakenFile } from './intake.ts';
import { NOTHING_UNREAD, type FileRows } from './rows.ts';
import { openPlace, sidecars, type Entry, type Place } from './places.ts';

/** Files that a department drops into a folder, or holds ready over SFTP or HTTP. Each whole file is a batch. */
export const file: ConnectorKind = {
  kind: 'file',
  spec: fileConnectorSchema,
  capabilities: () => ({ by: 'batches', again: 'all' }),
  hints: (stream) => {
    const { numbers, deletes, file: certificateFile } = stream as FileStreamConfig;
    return { numbers, ...(deletes && { deletes }), ...(certificateFile && { file: certificateFile }) };
  },
  open: (connector, stream, options) =>
    new FileSource(connector as FileConnectorConfig, stream as FileStreamConfig, options),
};

const SAMPLE = 200;

/** Faults of one file, which say nothing of the others. */
const UNREADABLE = new Set<string>(['file-broken', 'file-incomplete', 'file-too-large'] satisfies FaultCode[]);

/** Columns without which every record would be rejected: a file that lacks one of them is another table. */
function expectedColumns({ record, status }: FileStreamConfig): string[] {
  const needed = (['number', 'issuedOn', 'holderName'] as const).map((field) => {
    const rule = record.fields[field];
    return typeof rule === 'object' ? (rule.constant ?? rule.default) === undefined && rule.from : rule;
  });
  const inList = typeof record.holders === 'string';
  return [record.key, record.updatedAt, status.field, ...(inList ? needed.slice(0, 2) : needed)].filter(
    (column): column is string => typeof column === 'string' && !column.includes('.') && column !== '$',
  );
}

/** A file that the stream's pattern matches. */
interface Drop extends Entry {
  date: CalendarDate;
  /** Names of the files beside it that are still missing. */
  missing: string[];
}

class FileSource implements BatchSource {
  readonly by = 'batches';
  readonly sequential = true;
  readonly #place: Place;
  readonly #intake: Intake;
  readonly #stream: FileStreamConfig;
  readonly #pattern: RegExp;
  readonly #trace: OpenOptions['trace'];
  /** A read that was left after a page, so that going on does not parse the file from its start. */
  #paused: { batch: string; page: number; rows: FileRows } | null = null;

  constructor(connector: FileConnectorConfig, stream: FileStreamConfig, options: OpenOptions = {}) {
    this.#place = openPlace(connector, stream, options.now);
    this.#intake = new Intake(this.#place, connector, stream, { columns: expectedColumns(stream) });
    this.#stream = stream;
    this.#pattern = patternOf(stream);
    this.#trace = options.trace;
  }

  count({ declared }: BatchWindow): Promise<number> {
    return Promise.resolve(declared);
  }

  async *read(window: BatchWindow, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    const taken = await this.#find(window);
    const { size } = this.#stream.page;
    const done = resume.committed.size;
    const paused = this.#paused;
    this.#paused = null;
    const goesOn = paused?.batch === window.id && paused.page === done;
    if (!goesOn) await paused?.rows.return(NOTHING_UNREAD);
    const rows = goesOn ? paused.rows : this.#intake.rows(taken);
    let number = goesOn ? done : 0;
    let records: unknown[] = [];
    let atPage = false;
    try {
      for (let row = await rows.next(); row.done !== true; row = await rows.next()) {
        records.push(row.value);
        if (records.length < size) continue;
        signal.throwIfAborted();
        const page = number >= done ? filePage(number, records, taken.garbled) : null;
        number += 1;
        records = [];
        if (!page) continue;
        atPage = true;
        yield page;
        atPage = false;
      }
      signal.throwIfAborted();
      if (number >= done && (records.length > 0 || number === 0)) yield filePage(number, records, taken.garbled);
    } finally {
      // Whoever stopped at a page usually comes back for the next one.
      if (atPage) this.#paused = { batch: window.id, page: number, rows };
      else await rows.return(NOTHING_UNREAD);
    }
  }

  async nextBatch(after: BatchWindow | null, { known }: ChainView): Promise<NextBatch> {
    const proven: ProvenWindow[] = [];
    const unreadable: UnreadableDelivery[] = [];
    const drops = await this.#drops();
    const latest = drops.findLast(({ missing }) => missing.length === 0);
    for (const drop of drops) {
      if (drop.missing.length > 0) continue;
      const hash = await this.#hashOf(drop);
      if (hash instanceof HubError) {
        unreadable.push({ name: drop.name, date: drop.date, fault: hash });
        continue;
      }
      const isKnown = (await known([hash])).has(hash);
      // A file with all records is a state: the latest one counts again, where another state was taken since.
      const again = isKnown && drop === latest && this.#stream.content === 'full' && after && hashIn(after.id) !== hash;
      if (isKnown && !again) {
        const partial = this.#intake.partial(drop);
        const window = timeWindow(startOfDayMs(drop.date), startOfDayMs(addDays(drop.date, 1)));
        if (partial) unreadable.push({ name: drop.name, date: drop.date, fault: partial });
        else proven.push({ window, batch: hash });
        await this.#intake.release(hash);
        continue;
      }
      const { declared, name } = await this.#intake.take(drop);
      const id = again ? `${hash}#${after.ordinal + 1}` : hash;
      return { batch: followingBatch(after, { id, next: name, declared }) };
    }
    return { batch: null, proven, unreadable };
  }

  async acknowledge(window: BatchWindow): Promise<void> {
    await this.#intake.release(hashIn(window.id));
  }

  async check(): Promise<CheckReport> {
    const drops = await this.#drops();
    const notes = drops
      .filter(({ missing }) => missing.length > 0)
      .slice(-5)
      .map(({ name, missing }) => `${name} waits for ${missing.join(', ')}`);
    const latest = drops.findLast(({ missing }) => missing.length === 0);
    if (!latest) {
      notes.push(`no whole file matches ${this.#stream.files} in ${this.#place.shown}`);
      return { records: 0, count: 0, clockSkewMs: 0, notes };
    }
    const taken = await this.#intake.take(latest);
    const records = await this.#first(taken, this.#stream.page.size);
    notes.push(
      `${taken.name}: ${taken.format}${taken.format === 'csv' || taken.format === 'jsonl' ? ` in ${taken.encoding}` : ''}, for ${latest.date}`,
    );
    const { filled, records: others } = taken.unread;
    if (filled.length > 0) {
      const proven = others.length > 0 ? ', and the day is not proven until sheet names the one to be read' : '';
      notes.push(`${taken.name}: there are rows that are not read on ${filled.join(', ')}${proven}`);
    }
    return { records: records.length, count: taken.declared, clockSkewMs: 0, notes };
  }

  async sample(): Promise<unknown[]> {
    const latest = (await this.#drops()).findLast(({ missing }) => missing.length === 0);
    return latest ? this.#first(await this.#intake.take(latest), SAMPLE) : [];
  }

  explain(): Said[] {
    const { files, header, content, date } = this.#stream;
    const whole = this.#whole();
    return [
      {
        zh: `在 ${this.#place.shown} 查找名为 ${files} 的文件`,
        en: `looks for files named ${files} in ${this.#place.shown}`,
      },
      { zh: `${whole.zh}，才算文件完整`, en: `takes a file as whole when ${whole.en}` },
      {
        zh: `相同内容只收一次，不论文件名${content === 'full' ? '；全量文件回到先前的内容时再收一次' : ''}；文件留在原处`,
        en: `takes each content once, whatever its name${content === 'full' ? ' (a state that comes back, again)' : ''}, and leaves the files where they are`,
      },
      {
        zh: '不是约定表格的文件（网页、缺列、损坏）不算已证实，其后的文件照常读取',
        en: 'counts no day as proven by a file that is not the expected table (a web page, columns missing, broken), and reads the files after it',
      },
      { zh: `列名在第 ${header} 行`, en: `reads the names of the columns from row ${header}` },
      files.includes('{date}')
        ? {
            zh: `整个文件入库后，文件名中的日期（${date}）当天即算已证实`,
            en: `counts the day ${date} in a file’s name as proven once the file is committed whole`,
          }
        : {
            zh: '整个文件入库后，文件最后修改的当天即算已证实',
            en: 'counts the day of a file’s last change as proven once the file is committed whole',
          },
      content === 'full'
        ? { zh: '每个文件是该单位的全部数据', en: 'takes each file as the whole of what the department has' }
        : { zh: '每个文件是新增或变更的数据', en: 'takes each file as what is new or changed' },
    ];
  }

  #whole(): Said {
    const { complete } = this.#stream;
    if (!complete) return { zh: '能打开且自身校验通过', en: 'it can be opened: its own checksums hold' };
    if ('marker' in complete)
      return {
        zh: `有标记文件（文件名加 ${complete.marker}）`,
        en: `its marker file (its name and ${complete.marker}) is there`,
      };
    if ('checksum' in complete)
      return {
        zh: `${complete.checksum} 与同名校验文件一致`,
        en: `its ${complete.checksum} is that of the file beside it`,
      };
    return {
      zh: `末行符合 ${complete.countLine}，且行数与其所述一致`,
      en: `its last line matches ${complete.countLine}, and has as many rows as that says`,
    };
  }

  async close(): Promise<void> {
    await this.#paused?.rows.return(NOTHING_UNREAD);
    await this.#intake.close();
    await this.#place.close();
  }

  async #first(taken: TakenFile, count: number): Promise<unknown[]> {
    const records: unknown[] = [];
    for await (const row of this.#intake.rows(taken)) {
      records.push(row);
      if (records.length === count) break;
    }
    this.#trace?.({
      request: `${this.#place.shown}/${taken.name}`,
      response: `${taken.declared} rows\n${records
        .slice(0, 3)
        .map((record) => JSON.stringify(record))
        .join('\n')}`,
    });
    return records;
  }

  /** The files that the pattern matches, the oldest day first. */
  async #drops(): Promise<Drop[]> {
    const entries = await this.#place.list();
    const names = new Set(entries.map(({ name }) => name));
    return entries
      .flatMap((entry): Drop[] => {
        const match = this.#pattern.exec(entry.name);
        if (!match) return [];
        const written = match.groups?.date?.replaceAll('-', '');
        const named = parseDate(written ?? '');
        const date = named ?? shanghaiDate(entry.modifiedMs);
        return [{ ...entry, date, missing: sidecars(entry.name, this.#stream).filter((name) => !names.has(name)) }];
      })
      .sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : a.name < b.name ? -1 : 1));
  }

  file(reference: string): Promise<AsyncIterable<Uint8Array>> {
    return this.#place.open(basename(reference));
  }

  /** The content hash of a file; what is wrong with one that cannot be read. */
  #hashOf(drop: Drop): Promise<string | HubError> {
    return this.#intake.hashOf(drop).catch((error: unknown) => {
      if (error instanceof HubError && UNREADABLE.has(error.code)) return error;
      throw error;
    });
  }

  /** The file of a batch, wherever it is now. */
  async #find({ id, next }: BatchWindow): Promise<TakenFile> {
    const drops = await this.#drops();
    const named = drops.filter(({ name }) => name === next);
    for (const drop of [...named, ...drops.filter(({ name }) => name !== next)]) {
      if ((await this.#hashOf(drop)) === hashIn(id)) return this.#intake.take(drop);
    }
    throw fault('file-gone', { place: this.#stream.id, file: next, taken: true });
  }
}

/** The content hash in the id of a batch: a state that was taken again has its link of the chain behind it. */
const hashIn = (id: string): string => id.split('#', 1)[0] ?? id;

const NONE: ReadonlyMap<number, string> = new Map();

/** A page of a file’s records. */
export const filePage = (number: number, records: unknown[], garbled: boolean): Page => ({
  number,
  records,
  undecodable: garbled ? undecodableOf(records) : NONE,
  total: null,
  digest: digestOf(records),
  position: null,
});

const DATES = { yyyyMMdd: '(?<date>\\d{8})', 'yyyy-MM-dd': '(?<date>\\d{4}-\\d{2}-\\d{2})' };

function patternOf({ files, date }: FileStreamConfig): RegExp {
  const parts = files.split(/(\{date\}|\*)/).map((part) => {
    if (part === '{date}') return DATES[date];
    return part === '*' ? '.*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}
