import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Knex } from 'knex';
import { HubError } from '../../../domain/errors.ts';
import { fault } from '../../../domain/faults.ts';
import { shanghaiDate, type CalendarDate } from '../../../domain/dates.ts';
import {
  certificatesFile,
  daysOf,
  descriptionFiles,
  DIGESTS,
  fileNamed,
  KEYS,
  manifestFile,
  packageName,
  receiptsFile,
  SIGNATURE,
  signedText,
  tagManifestFile,
  usesFile,
  type ArchiveEntry,
  type ArchivePeriod,
  type ArchiveSignature,
  type ArchivedCertificate,
  type Damage,
} from '../../../domain/sharing/archive.ts';
import type { FileStore } from '../../library/files/contract.ts';
import type { FilePlace } from '../../library/files/place.ts';
import { listKeys } from '../receipts.ts';
import type { ReceiptSigner } from '../receipt-signing.ts';
import { Bag, digestsOf, manifestText } from './bag.ts';
import { archivedCertificates, archivedReceipts, archivedUses, countUses, type LoggedCertificate } from './log.ts';
import { claimPackage, listRemovals, notePackage } from './packages.ts';

/** What making a package needs. */
export interface ArchiveWork {
  db: Knex;
  /** Where packages are made. */
  place: FilePlace;
  /** Where the originals are. */
  files: FileStore;
  signer: ReceiptSigner;
  managementName: string;
  now: () => Date;
  /** Is told how far it is. */
  progress: (done: { day: CalendarDate; uses: number; files: number }) => void;
}

/** What was made. */
export interface MadePackage {
  name: string;
  /** It was there before, and whether what the hub would make now is otherwise: nothing of it was written over. */
  before: { differs: Damage[] } | null;
  uses: number;
  certificates: number;
  files: number;
  /** Originals that the hub’s store does not have any more. */
  lost: number;
  bytes: number;
}

/**
 * Makes the package of a unit and a period in a place, or goes on with one that was begun; of one that is there it says
 * what differs. Null where the unit used nothing. Memory holds a page of the log and the names of originals. Throws
 * configuration errors of the period, and those of the stores.
 */
export async function makePackage(work: ArchiveWork, period: ArchivePeriod): Promise<MadePackage | null> {
  const { db, now } = work;
  const { unitCode, from, to } = period;
  if (from > to) throw fault('archive-backwards', { from, to });
  if (to >= shanghaiDate(now().getTime())) throw fault('archive-early', { to });
  const [removed] = await listRemovals(db, period);
  if (removed) throw fault('archive-removed', { day: removed.day, archive: packageName(removed) });
  const days: CalendarDate[] = [];
  for (const day of daysOf(period)) {
    const { uses, unsigned } = await countUses(db, { unitCode, day });
    if (unsigned > 0) throw fault('archive-unsigned', { day, unsigned });
    if (uses > 0) days.push(day);
  }
  if (days.length === 0) return null;
  const known = await claimPackage(db, period);
  const bag = new Bag(work.place, packageName(period));
  const packing = new Packing(work, bag, (await bag.read(SIGNATURE)) === null ? null : await bag.manifest('sha256'));
  for (const day of days) await packing.addDay({ unitCode, day });
  return packing.finish(period, known);
}

async function* linesOf(pages: AsyncIterable<readonly object[]>): AsyncIterable<Uint8Array> {
  for await (const page of pages) yield Buffer.from(page.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** A package in the making. */
class Packing {
  readonly #work: ArchiveWork;
  readonly #bag: Bag;
  /** Digests of the one that is there; null where none is finished. */
  readonly #there: Map<string, string> | null;
  readonly #differs: Damage[] = [];
  readonly #entries = new Map<string, ArchiveEntry>();
  readonly #keys = new Set<string>();
  /** Originals by their hash: where they are in the package; null: not in the store any more. */
  readonly #originals = new Map<string, ArchiveEntry | null>();
  #unitName = '';
  #uses = 0;
  #certificates = 0;
  #lost = 0;

  constructor(work: ArchiveWork, bag: Bag, there: Map<string, string> | null) {
    this.#work = work;
    this.#bag = bag;
    this.#there = there;
  }

  async addDay(logged: { unitCode: string; day: CalendarDate }): Promise<void> {
    const { db } = this.#work;
    const { day } = logged;
    await this.#put(usesFile(day), linesOf(this.#noted(archivedUses(db, logged), day)));
    await this.#put(receiptsFile(day), linesOf(this.#signed(archivedReceipts(db, logged))));
    await this.#put(certificatesFile(day), linesOf(this.#withOriginals(archivedCertificates(db, logged), day)));
  }

  async finish(
    period: ArchivePeriod,
    known: { id: number; previous: Buffer | null; digest: Buffer | null },
  ): Promise<MadePackage> {
    const { db, signer, managementName, now } = this.#work;
    const keys = (await listKeys(db)).filter(({ id }) => this.#keys.has(id));
    await this.#put(KEYS, textOf(`${JSON.stringify({ keys }, null, 2)}\n`));
    const payload = [...this.#entries.values()];
    const bytes = payload.reduce((sum, { size }) => sum + size, 0);
    const files = this.#originals
      .values()
      .filter((entry) => entry !== null)
      .toArray().length;
    const counts = { uses: this.#uses, certificates: this.#certificates, files, lost: this.#lost };
    const described = {
      ...period,
      ...counts,
      unitName: this.#unitName,
      managementName,
      payload: { bytes, files: payload.length },
      previous: known.previous?.toString('hex') ?? null,
    };
    for (const [name, text] of descriptionFiles(described)) await this.#put(name, textOf(text));
    for (const digest of DIGESTS) await this.#put(manifestFile(digest), textOf(manifestText(payload, digest)));
    const tags = [...this.#entries.values()].filter((entry) => !payload.includes(entry));
    const made = { name: this.#bag.name, ...counts, bytes };
    if (this.#there) {
      for (const entry of this.#there.keys())
        if (!this.#entries.has(entry)) this.#differs.push({ kind: 'added', entry });
      return { ...made, before: { differs: this.#differs } };
    }
    const texts = DIGESTS.map((digest) => manifestText(tags, digest));
    const [sha256 = '', sm3 = ''] = DIGESTS.map((digest, index) => hash(digest, texts[index] ?? ''));
    const digest = Buffer.from(sha256, 'hex');
    if (known.digest && !known.digest.equals(digest)) throw fault('archive-other', { archive: this.#bag.name });
    for (const [index, each] of DIGESTS.entries())
      await this.#bag.put(tagManifestFile(each), textOf(texts[index] ?? ''));
    const text = signedText(this.#bag.name, { sha256, sm3 });
    const signature: ArchiveSignature = { text, keys: signer.keys, signatures: signer.signText(text) };
    await notePackage(db, known.id, { digest, uses: this.#uses }, now());
    await this.#bag.put(SIGNATURE, textOf(`${JSON.stringify(signature, null, 2)}\n`));
    return { ...made, before: null };
  }

  /** Puts a file into the package; where that is finished, compares it with the one there. */
  async #put(name: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const there = this.#there;
    const entry = there ? { name, ...(await digestsOf(content)) } : await this.#bag.put(name, content);
    this.#entries.set(name, entry);
    const known = there?.get(name);
    if (there && known !== entry.sha256)
      this.#differs.push({ kind: known === undefined ? 'missing' : 'altered', entry: name });
  }

  async *#noted(pages: ReturnType<typeof archivedUses>, day: CalendarDate): typeof pages {
    for await (const page of pages) {
      this.#uses += page.length;
      this.#unitName = page.at(-1)?.unitName ?? this.#unitName;
      this.#tell(day);
      yield page;
    }
  }

  async *#signed(pages: ReturnType<typeof archivedReceipts>): typeof pages {
    for await (const page of pages) {
      for (const { proof } of page) for (const { key } of proof?.signatures ?? []) this.#keys.add(key);
      yield page;
    }
  }

  async *#withOriginals(
    pages: AsyncIterable<LoggedCertificate[]>,
    day: CalendarDate,
  ): AsyncGenerator<ArchivedCertificate[]> {
    for await (const page of pages) {
      const lines: ArchivedCertificate[] = [];
      for (const { original, ...logged } of page) {
        const entry = original && (await this.#keep(original.hash));
        // Another content than the one that was handed out is none of this use.
        const own = original && entry?.sm3 === original.answer ? entry : null;
        if (original && !own) this.#lost += 1;
        lines.push({ ...logged, file: own?.name ?? null, ...(original && !own && { lost: true as const }) });
      }
      this.#certificates += lines.length;
      this.#tell(day);
      yield lines;
    }
  }

  /** Puts an original into the package, once; null where the store does not have it as it was. */
  async #keep(named: string): Promise<ArchiveEntry | null> {
    const kept = this.#originals.get(named);
    if (kept !== undefined) return kept;
    const entry = await this.#keepNew(named);
    this.#originals.set(named, entry);
    return entry;
  }

  async #keepNew(named: string): Promise<ArchiveEntry | null> {
    const { files } = this.#work;
    const begun = this.#there ? null : await this.#begun(named);
    if (begun) {
      this.#entries.set(begun.name, begun);
      return begun;
    }
    try {
      let head = Buffer.alloc(0);
      for await (const chunk of await files.get(named)) {
        head = Buffer.from(chunk as Uint8Array);
        break;
      }
      const name = fileNamed(named, endingOf(head));
      const { sha256 } = await digestsOf(await files.get(named));
      if (sha256 !== named) return null;
      await this.#put(name, await files.get(named));
      return this.#entries.get(name) ?? null;
    } catch (error) {
      if (error instanceof HubError && error.code === 'file-missing') return null;
      throw error;
    }
  }

  /** An original that a making before put into the package. */
  async #begun(named: string): Promise<ArchiveEntry | null> {
    for (const ending of Object.values(ENDINGS)) {
      const name = fileNamed(named, ending);
      const content = await this.#bag.open(name);
      if (!content) continue;
      const digests = await digestsOf(content);
      if (digests.sha256 === named) return { name, ...digests };
    }
    return null;
  }

  #tell(day: CalendarDate): void {
    this.#work.progress({ day, uses: this.#uses, files: this.#originals.size });
  }
}

const textOf = (text: string): Readable => Readable.from([Buffer.from(text)]);

/** How names of originals end, by what they begin with. */
const ENDINGS = { '%PDF': '.pdf', 'PK\u0003\u0004': '.ofd', '': '.bin' } as const;
const endingOf = (head: Buffer): string =>
  Object.entries(ENDINGS).find(([begin]) => head.subarray(0, begin.length).toString('latin1') === begin)?.[1] ?? '.bin';
