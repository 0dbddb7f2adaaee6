import { createHash, type Hash } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { CalendarDate } from '../../../domain/dates.ts';
import {
  certificatesFile,
  DIGESTS,
  KEYS,
  manifestFile,
  receiptsFile,
  SIGNATURE,
  signedText,
  tagManifestFile,
  usesFile,
  type ArchivedCertificate,
  type ArchivedUse,
  type ArchiveSignature,
  type Damage,
  type DamageKind,
  type Digest,
} from '../../../domain/sharing/archive.ts';
import {
  batchText,
  leafOf,
  type BatchSignature,
  readReceipt,
  rootBy,
  type GivenReceipt,
  type Receipt,
  type ReceiptKey,
} from '../../../domain/sharing/receipt.ts';
import type { FilePlace } from '../../library/files/place.ts';
import { receiptSignatureHolds } from '../receipt-signing.ts';
import { Bag, digestsOf, readManifest } from './bag.ts';

/** What was found of a package. */
export interface VerifiedPackage {
  name: string;
  /** Where it is not whole: what was found first. */
  damage: Damage | null;
  files: number;
  bytes: number;
  /** SHA-256 of its tag manifest, by which the hub knows it. */
  digest: string;
  /** Uses of each day, and SHA-256 over the leaves of their receipts in the order of the log. */
  days: Map<CalendarDate, { uses: number; leaves: Buffer }>;
}

export interface VerifyOptions {
  /** Keys that signatures must be by; undefined: those in the package, whoever has them. */
  trusted?: readonly ReceiptKey[] | undefined;
  /** Is told of each file that was read. */
  progress?: (read: { files: number; of: number; bytes: number }) => void;
}

/** Thrown within, caught by {@link verifyPackage}. */
class Damaged extends Error {
  readonly damage: Damage;

  constructor(kind: DamageKind, entry: string, line?: number) {
    super(`${entry}: ${kind}`);
    this.damage = { kind, entry, ...(line !== undefined && { line }) };
  }
}

/**
 * Reads all of a package and checks it: that nothing is missing, added, altered or in another order, every receipt against
 * its batch, every batch against its signatures and the one before it where both are in the package, the package against
 * its signature. Needs nothing but the package. Memory holds the names of its files.
 */
export async function verifyPackage(
  place: FilePlace,
  name: string,
  options: VerifyOptions = {},
): Promise<VerifiedPackage> {
  const found: VerifiedPackage = { name, damage: null, files: 0, bytes: 0, digest: '', days: new Map() };
  try {
    await new Verification(new Bag(place, name), options, found).run();
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    found.damage = error.damage;
  }
  return found;
}

/** Receipts of batches that came before and are remembered: receipts come in the order of the log, not of the batches. */
const REMEMBERED = 10_000;

class Verification {
  readonly #bag: Bag;
  readonly #options: VerifyOptions;
  readonly #found: VerifiedPackage;
  readonly #manifests = new Map<Digest, Map<string, string>>();
  readonly #keys = new Map<string, ReceiptKey>();
  /** Batches whose signatures hold, by their numbers: their roots. */
  readonly #batches = new Map<number, { text: string; root: string; previous: string }>();

  constructor(bag: Bag, options: VerifyOptions, found: VerifiedPackage) {
    this.#bag = bag;
    this.#options = options;
    this.#found = found;
  }

  async run(): Promise<void> {
    if ((await this.#bag.read(SIGNATURE)) === null) throw new Damaged('unfinished', SIGNATURE);
    const tagTexts = await this.#readManifests();
    const listed = this.#manifests.get('sha256') ?? new Map<string, string>();
    const own = new Set<string>([SIGNATURE, ...DIGESTS.map(tagManifestFile)]);
    const names = new Set<string>();
    for await (const name of this.#bag.list()) names.add(name);
    for (const name of [...listed.keys(), ...own].sort()) if (!names.has(name)) throw new Damaged('missing', name);
    for (const name of [...names].sort()) if (!listed.has(name) && !own.has(name)) throw new Damaged('added', name);
    // What describes the package comes before what is in it: the keys, too.
    const order = [...listed.keys()].sort();
    const dayOf = (name: string): string | undefined => /^data\/(\d{4}-\d{2}-\d{2})\//.exec(name)?.[1];
    const [inDays, others] = [order.filter((name) => dayOf(name)), order.filter((name) => !dayOf(name))];
    for (const name of others) if (!(await this.#isIntact(name))) throw new Damaged('altered', name);
    await this.#readKeys();
    for (const [day, entries] of Map.groupBy(inDays, dayOf)) {
      const damaged: string[] = [];
      for (const name of entries) if (!(await this.#isIntact(name))) damaged.push(name);
      // Which line it is says more than that the file is another.
      if (day !== undefined) await this.#checkDay(day, damaged[0]);
      if (damaged[0] !== undefined) throw new Damaged('altered', damaged[0]);
    }
    await this.#checkSignature(tagTexts);
  }

  /** Reads the manifests, and what they list; returns the digests of the tag manifests themselves. */
  async #readManifests(): Promise<Record<Digest, string>> {
    const digests: Record<Digest, string> = { sha256: '', sm3: '' };
    for (const digest of DIGESTS) {
      const all = new Map<string, string>();
      for (const file of [tagManifestFile(digest), manifestFile(digest)]) {
        const text = await this.#bag.read(file);
        if (text === null) throw new Damaged('missing', file);
        const listed = readManifest(text);
        if (!listed) throw new Damaged('altered', file);
        if (file === tagManifestFile(digest)) digests[digest] = createHash(digest).update(text).digest('hex');
        for (const [name, hash] of listed) all.set(name, hash);
      }
      this.#manifests.set(digest, all);
    }
    const [sha256, sm3] = DIGESTS.map((digest) => this.#manifests.get(digest));
    for (const name of sha256?.keys() ?? []) if (!sm3?.has(name)) throw new Damaged('altered', manifestFile('sm3'));
    if (sha256?.size !== sm3?.size) throw new Damaged('altered', manifestFile('sm3'));
    this.#found.digest = digests.sha256;
    return digests;
  }

  /** Whether a file has the digests that the manifests have for it. */
  async #isIntact(name: string): Promise<boolean> {
    const content = await this.#bag.open(name);
    if (!content) throw new Damaged('missing', name);
    const digests = await digestsOf(content);
    this.#found.files += 1;
    this.#found.bytes += digests.size;
    const { files, bytes } = this.#found;
    this.#options.progress?.({ files, bytes, of: this.#manifests.get('sha256')?.size ?? 0 });
    return DIGESTS.every((digest) => digests[digest] === this.#manifests.get(digest)?.get(name));
  }

  async #readKeys(): Promise<void> {
    const read: { keys?: ReceiptKey[] } | null = parsed((await this.#bag.read(KEYS)) ?? '');
    if (!isList(read?.keys)) throw new Damaged('altered', KEYS);
    this.#trust(read.keys, KEYS);
  }

  /** Takes keys for those by which signatures are checked; throws where others are trusted. */
  #trust(keys: readonly ReceiptKey[], entry: string): void {
    const { trusted } = this.#options;
    for (const key of keys) {
      const isTrusted = trusted?.some(
        ({ algorithm, publicKey }) => algorithm === key.algorithm && publicKey === key.publicKey,
      );
      if (isTrusted === false) throw new Damaged('untrusted', entry);
      this.#keys.set(`${key.algorithm} ${key.id}`, key);
    }
  }

  /** @param damaged the file of the day that is known to be another */
  async #checkDay(day: CalendarDate, damaged: string | undefined): Promise<void> {
    const [uses, receipts] = [this.#lines<ArchivedUse>(usesFile(day)), this.#lines<GivenReceipt>(receiptsFile(day))];
    const certificates = this.#lines<ArchivedCertificate>(certificatesFile(day));
    let certificate = await certificates.next();
    const leaves = createHash('sha256');
    let line = 0;
    try {
      for (;;) {
        const [{ value: use }, { value: given }] = [await uses.next(), await receipts.next()];
        if (!use && !given) break;
        line += 1;
        if (use && use.n !== line) throw await this.#misplaced(usesFile(day), line);
        const receipt = given && readReceipt(given.text);
        if (given && !receipt) throw new Damaged('altered', receiptsFile(day), line);
        if (!use || !given || use.receipt !== receipt?.receipt) throw await this.#unequal(day, line);
        if (!sameReceipt(use, receipt))
          throw new Damaged('altered', damaged === receiptsFile(day) ? damaged : usesFile(day), line);
        this.#checkReceipt(given, receiptsFile(day), line, leaves);
        for (; certificate.value?.receipt === use.receipt; certificate = await certificates.next())
          this.#checkOriginal(certificate.value, receipt, day);
      }
    } finally {
      for (const each of [uses, receipts, certificates]) await each.return(undefined);
    }
    // What is left is of no use that came after the one before it.
    if (certificate.value) throw await this.#strayed(day, certificate.value.receipt);
    this.#found.days.set(day, { uses: line, leaves: leaves.digest() });
  }

  #checkReceipt(given: GivenReceipt, entry: string, line: number, leaves: Hash): void {
    if (!given.proof) throw new Damaged('signature', entry, line);
    try {
      this.#checkProof(given.text, given.proof, entry, line, leaves);
    } catch (error) {
      // Nothing of it is read from elsewhere: it is no proof.
      throw error instanceof Damaged ? error : new Damaged('altered', entry, line);
    }
  }

  #checkProof(
    text: string,
    { batch, path, signatures }: NonNullable<GivenReceipt['proof']>,
    entry: string,
    line: number,
    leaves: Hash,
  ): void {
    const leaf = leafOf(text);
    leaves.update(leaf);
    const steps = path.map(({ side, hash }) => ({ side, hash: Buffer.from(hash, 'hex') }));
    if (rootBy(leaf, steps).toString('hex') !== batch.root) throw new Damaged('altered', entry, line);
    const signed = batchText({
      id: batch.id,
      previous: Buffer.from(batch.previous, 'hex'),
      root: Buffer.from(batch.root, 'hex'),
      receipts: batch.receipts,
      signedAt: new Date(batch.signedAt),
    });
    const known = this.#batches.get(batch.id);
    if (known) {
      // Two of one number, or one that was checked.
      if (known.text !== signed) throw new Damaged('chain', entry, line);
      return;
    }
    this.#requireSigned(signed, signatures, entry, line);
    const [before, after] = [this.#batches.get(batch.id - 1), this.#batches.get(batch.id + 1)];
    if ((before?.root ?? batch.previous) !== batch.previous || (after?.previous ?? batch.root) !== batch.root)
      throw new Damaged('chain', entry, line);
    this.#batches.set(batch.id, { text: signed, root: batch.root, previous: batch.previous });
    if (this.#batches.size > REMEMBERED) this.#batches.delete(this.#batches.keys().next().value ?? 0);
  }

  /** Throws where a text is not signed by SM2 and by Ed25519, each with a known key. */
  #requireSigned(text: string, signatures: readonly BatchSignature[], entry: string, line?: number): void {
    for (const algorithm of ['SM2', 'Ed25519'] as const) {
      const signature = signatures.find((each) => each.algorithm === algorithm);
      const key = signature && this.#keys.get(`${algorithm} ${signature.key}`);
      if (!key || !receiptSignatureHolds(text, signature, key)) throw new Damaged('signature', entry, line);
    }
  }

  /** An original that was handed out is the answer that the receipt has the digest of. */
  #checkOriginal({ file }: ArchivedCertificate, { answer }: Receipt, day: CalendarDate): void {
    if (file === null) return;
    const digest = this.#manifests.get('sm3')?.get(file);
    if (digest === undefined) throw new Damaged('missing', file);
    if (digest !== answer) throw new Damaged('altered', certificatesFile(day));
  }

  async #checkSignature(digests: Record<Digest, string>): Promise<void> {
    const signature = parsed((await this.#bag.read(SIGNATURE)) ?? '') as ArchiveSignature | null;
    const [, name = ''] = String(signature?.text).split('\n');
    if (signature?.text !== signedText(name, digests) || !isList(signature.keys) || !isList(signature.signatures))
      throw new Damaged('signature', SIGNATURE);
    this.#trust(signature.keys, SIGNATURE);
    this.#requireSigned(signature.text, signature.signatures, SIGNATURE);
  }

  /** Lines of a file; throws where one is no JSON. */
  async *#lines<T>(entry: string): AsyncGenerator<T, undefined> {
    const input = await this.#bag.open(entry);
    if (!input) throw new Damaged('missing', entry);
    let line = 0;
    try {
      for await (const text of createInterface({ input, crlfDelay: Infinity })) {
        line += 1;
        const read = parsed(text) as T | null;
        if (read === null) throw new Damaged('altered', entry, line);
        yield read;
      }
    } finally {
      input.destroy();
    }
    return undefined;
  }

  /** Whether the use that belongs on a line stands elsewhere in its file, or nowhere. */
  async #misplaced(entry: string, line: number): Promise<Damaged> {
    for await (const { n } of this.#lines<ArchivedUse>(entry))
      if (n === line) return new Damaged('reordered', entry, line);
    return new Damaged('missing', entry, line);
  }

  /** What is wrong where a line of receipts is not that of the use on the same line. */
  async #unequal(day: CalendarDate, line: number): Promise<Damaged> {
    const used: string[] = [];
    for await (const { receipt } of this.#lines<ArchivedUse>(usesFile(day))) used.push(receipt);
    const given: string[] = [];
    for await (const { text } of this.#lines<GivenReceipt>(receiptsFile(day)))
      given.push(readReceipt(text)?.receipt ?? '');
    const [use, receipt] = [used[line - 1], given[line - 1]];
    const [entry, other] = [receiptsFile(day), usesFile(day)];
    if (use !== undefined && !given.includes(use)) return new Damaged('missing', entry, line);
    if (receipt !== undefined && !used.includes(receipt))
      return use === undefined ? new Damaged('missing', other, line) : new Damaged('added', entry, line);
    return receipt === undefined || use === undefined
      ? new Damaged('added', use === undefined ? entry : other, line)
      : new Damaged('reordered', entry, line);
  }

  /** What is wrong with certificates that stand after those of their use. */
  async #strayed(day: CalendarDate, receipt: string): Promise<Damaged> {
    const entry = certificatesFile(day);
    let line = 0;
    for await (const each of this.#lines<ArchivedCertificate>(entry)) {
      line += 1;
      if (each.receipt === receipt) break;
    }
    for await (const use of this.#lines<ArchivedUse>(usesFile(day)))
      if (use.receipt === receipt) return new Damaged('reordered', entry, line);
    return new Damaged('added', entry, line);
  }
}

/** A list of objects, as a file of others says that it is one. */
const isList = <T extends object>(read: readonly T[] | undefined): read is readonly T[] =>
  Array.isArray(read) && read.every((each) => typeof each === 'object' && each !== null);

/** An object in JSON; null for what is none. */
function parsed(text: string): object | null {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' ? read : null;
  } catch {
    return null;
  }
}

/** Whether a line of the log says what its receipt says. */
const sameReceipt = (use: ArchivedUse, receipt: Receipt): boolean =>
  Object.entries(receipt).every(([field, value]) => use[field as keyof Receipt] === value);
