import type { Knex } from 'knex';
import { findStream, type HubConfig } from '../../settings/load.ts';
import type { StreamConfig } from '../../settings/kinds/stream.ts';
import { openHandedIn, type HandedIn } from '../../connectors/file/handed-in.ts';
import { mapWithHeld, requireFewRejects, type FindHeld } from '../../connectors/mapping/map-page.ts';
import { isObject } from '../../connectors/json.ts';
import type { Mapping, PageContext } from '../../connectors/mapping/compile.ts';
import { mappingOf } from '../../connectors/registry.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import { fault } from '../../domain/faults.ts';
import { waits } from '../../domain/library/validation.ts';
import type { Who } from '../../store/ledger/case-files.ts';
import { certificatesAt } from '../../store/collection/lifecycle.ts';
import { getStream } from '../../store/collection/streams.ts';
import { approvedCatalog } from '../../store/library/catalog.ts';
import type { PageRows } from '../../store/collection/pages.ts';
import { commitPaper, type TakenPaper } from '../../store/casework/paper.ts';

/**
 * Takes a file of records that were made on paper while an outage lasts (手工台账), from the server’s or somebody’s own
 * disk: all of it or nothing, and the same file once. Throws a configuration error for one that cannot be read.
 */
export async function takePaper(
  db: Knex,
  config: HubConfig,
  given: { outage: number; stream: string; path: string },
  who: Who,
): Promise<TakenPaper> {
  const { connector, stream } = findStream(config, given.stream);
  const mapping = mappingOf(config, connector, stream);
  const file = await openHandedIn(given.path, stream);
  try {
    const { id } = await getStream(db, stream.id);
    const findHeld: FindHeld = (events) => certificatesAt(db, id, events);
    const context = { readAt: shanghaiInstant(who.at.getTime()), catalog: await approvedCatalog(db) };
    return await commitPaper(
      db,
      {
        outage: given.outage,
        stream: stream.id,
        hash: file.hash,
        declared: file.declared,
        rules: { untimed: stream.record.updatedAt === undefined, snapshot: false, file: mapping.hints.file },
        pages: () => mappedPages(file, stream, { mapping, findHeld }, context),
      },
      who,
    );
  } finally {
    await file.close();
  }
}

/** What the fields of the source are is learnt from the source, not from a file that people made. */
async function* mappedPages(
  file: Pick<HandedIn, 'name' | 'pages'>,
  stream: StreamConfig,
  { mapping, findHeld }: { mapping: Mapping; findHeld: FindHeld },
  context: PageContext,
): AsyncIterable<PageRows> {
  const totals = { read: 0, rejected: 0 };
  for await (const page of file.pages()) {
    const { records, number, digest } = page;
    if (number === 0 && records.every((record) => mapping.keyOf(record) === null)) {
      const [first] = records;
      throw fault('file-columns', {
        file: file.name,
        columns: isObject(first) ? Object.keys(first) : [],
        key: stream.record.key,
      });
    }
    const { rows, rejected, deleted } = await mapWithHeld(mapping, page, context, findHeld);
    totals.read += records.length;
    totals.rejected += rejected.filter(({ problems }) => !problems.every(waits)).length;
    requireFewRejects(stream, totals);
    yield { number, digest, position: null, read: records.length, rows: rows.toJson(), rejected, deleted };
  }
  if (totals.read > 0) return;
  throw fault('file-empty', { file: file.name });
}
