const NONE: ReadonlyMap<number, string> = new Map();

/** Records with bytes that did not decode, and so became U+FFFD: their place → their text. */
export function undecodableOf(records: readonly unknown[]): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const [index, record] of records.entries()) {
    const text = JSON.stringify(record);
    if (text.includes('\ufffd')) found.set(index, text);
  }
  return found.size > 0 ? found : NONE;
}
