import type { Certificate } from '../../domain/library/certificate.ts';
import type { Instant } from '../../domain/dates.ts';
import { rejects } from '../../domain/library/validation.ts';
import { happenedTo, type ReadContext, type ReadRecord } from './read-record.ts';

/** An event that came without the certificate that it happened to. */
export interface LoneEvent {
  /** The source's key of that certificate. */
  key: string;
  updatedAt: Instant;
}

/** A certificate as it was since some instant. */
export interface HeldCertificate extends LoneEvent {
  certificate: Certificate;
}

/**
 * Gives events that came without their certificate that of their key as it was before them, else as it was first: of the
 * records beside them, of events before them, or as the library has it. One whose certificate none of these has stays as
 * it is.
 */
export function completeEvents(
  reads: readonly (ReadRecord | null)[],
  held: readonly HeldCertificate[],
  context: ReadContext,
): (ReadRecord | null)[] {
  const known = new Map<string, { atMs: number; certificate: Certificate }[]>();
  const remember = (key: string, updatedAt: Instant, certificate: Certificate): void => {
    const version = { atMs: Date.parse(updatedAt), certificate };
    known.set(key, [...(known.get(key) ?? []), version]);
  };
  const rememberRead = ({ key, updatedAt, deleted, certificate, problems }: ReadRecord): void => {
    if (updatedAt !== null && !deleted && !problems.some(rejects)) remember(key, updatedAt, certificate);
  };
  for (const { key, updatedAt, certificate } of held) remember(key, updatedAt, certificate);
  for (const read of reads) if (read && !read.bare) rememberRead(read);

  const complete = [...reads];
  const events = [...reads.entries()].flatMap(([place, read]) =>
    read?.bare && read.updatedAt !== null ? [{ place, read, atMs: Date.parse(read.updatedAt) }] : [],
  );
  for (const { place, read, atMs } of events.sort((a, b) => a.atMs - b.atMs)) {
    const versions = (known.get(read.key) ?? []).toSorted((a, b) => a.atMs - b.atMs);
    const before = versions.findLast((version) => version.atMs <= atMs) ?? versions[0];
    if (!before) continue;
    const whole = happenedTo(before.certificate, read, context);
    complete[place] = whole;
    rememberRead(whole);
  }
  return complete;
}
