import { promisify } from 'node:util';
import yauzl from 'yauzl';
import { Broken } from '../thread.ts';

/** What a workbook may have: parts, bytes of them unpacked, cells with something in them, characters of these. */
export const MOST = { entries: 1_000, bytes: 200_000_000, cells: 2_000_000, characters: 50_000_000 } as const;

/** The beginning of a cell in the XML of a sheet. */
const CELL = /<(?:\w+:)?c[\s>]/g;

/** Throws {@link Broken} for an xlsx that holds more than there is room for: it is an archive, and a small one can. */
export async function requireSmall(content: Buffer): Promise<void> {
  if (content.toString('latin1', 0, 2) !== 'PK') return;
  const archive = await promisify<Buffer, yauzl.Options, yauzl.ZipFile>(yauzl.fromBuffer)(content, {
    lazyEntries: true,
  });
  if (archive.entryCount > MOST.entries) throw new Broken({ is: 'too-much', what: 'entries', most: MOST.entries });
  let [bytes, cells] = [0, 0];
  for await (const entry of archive.eachEntry()) {
    bytes += entry.uncompressedSize;
    if (bytes > MOST.bytes) throw new Broken({ is: 'too-much', what: 'bytes', most: MOST.bytes });
    // What unpacks to more than it says is an error here.
    for await (const chunk of (await archive.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
      // Counted before they are parsed, which takes a hundred times as long; in parts of any name, which a sheet may have.
      cells += chunk.toString('latin1').match(CELL)?.length ?? 0;
      if (cells > MOST.cells) throw new Broken({ is: 'too-much', what: 'cells', most: MOST.cells });
    }
  }
}
