import { hash } from 'node:crypto';

/** A page is known again by its length and its first and last record; envelopes carry times and request ids. */
export function digestOf(records: readonly unknown[]): string {
  return hash('sha256', JSON.stringify([records.length, records.at(0), records.at(-1)]), 'hex');
}
