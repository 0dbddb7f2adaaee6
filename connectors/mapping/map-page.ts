import type { StreamConfig } from '../../settings/kinds/stream.ts';
import { fault } from '../../domain/faults.ts';
import { waits } from '../../domain/library/validation.ts';
import type { MappablePage, Mapping, PageContext } from './compile.ts';
import type { HeldCertificate, LoneEvent } from './lone-events.ts';
import type { MappedPage } from './placing.ts';
import type { CompareFields } from './source-contract.ts';

/** Records from which on the share of rejects is judged. */
const JUDGED_FROM = 200;
/** Records of a whole read that are not all rejected by chance: it is the mapping that refuses them. */
const ALL_JUDGED_FROM = 20;
/** Records from which on the share of garbled ones is judged: another character set spoils a whole source at once. */
const CHARSET_JUDGED_FROM = 10;

/** Finds certificates of a stream as they were when events happened to them, as far as the library has them. */
export type FindHeld = (events: readonly LoneEvent[]) => Promise<HeldCertificate[]>;

/** Maps a page; events that came without their certificate happened to the one that the library has. */
export async function mapWithHeld(
  { map }: Pick<Mapping, 'map'>,
  page: MappablePage,
  context: PageContext,
  findHeld: FindHeld,
): Promise<MappedPage> {
  const mapped = map(page, context);
  const held = mapped.events.length === 0 ? [] : await findHeld(mapped.events);
  return held.length === 0 ? mapped : map(page, { ...context, held });
}

/** Maps a page and holds its fields against the stream's contract with its source, which may reject further records. */
export async function mapPage(
  mapping: Pick<Mapping, 'map'>,
  page: MappablePage,
  context: Pick<PageContext, 'readAt' | 'catalog' | 'window'>,
  compare: CompareFields,
  findHeld: FindHeld,
): Promise<MappedPage> {
  const mapped = await mapWithHeld(mapping, page, context, findHeld);
  // A record that waits for an entry of its type is sound, and its fields are known.
  const outcomes = mapped.outcomes.map((problems) => (problems?.every(waits) ? null : problems));
  const found = await compare(page.records, outcomes);
  return found.size === 0 ? mapped : mapWithHeld(mapping, page, { ...context, found }, findHeld);
}

/**
 * Throws a configuration error once more records of a read were rejected than the stream allows.
 * @param ended all of it was read
 */
export function requireFewRejects(
  { id, rejects: { most, share } }: Pick<StreamConfig, 'id' | 'rejects'>,
  { read, rejected }: { read: number; rejected: number },
  ended = false,
): void {
  const tooMany = most !== undefined && rejected > most;
  const judged = read >= JUDGED_FROM || (ended && read >= ALL_JUDGED_FROM && rejected === read);
  if (!tooMany && !(judged && rejected > read * share)) return;
  throw fault('too-many-rejects', { stream: id, rejected, read, limit: tooMany ? 'most' : 'share' });
}

/** Throws a configuration error once more records of a read look garbled than the stream allows. */
export function requireFewGarbled(
  { id, rejects: { garbled: share } }: Pick<StreamConfig, 'id' | 'rejects'>,
  { read, garbled }: { read: number; garbled: number },
): void {
  if (read >= CHARSET_JUDGED_FROM && garbled > read * share)
    throw fault('charset-wrong', { stream: id, garbled, read });
}
