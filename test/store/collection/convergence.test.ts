import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { DAY_MS, shanghaiInstant } from '../../../domain/dates.ts';
import { findCertificates, mergeRecords, versionsOf } from '../../../store/library/certificates.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { approveType, DeliveringStream, steps, type Step } from '../../support/deliveries.ts';
import { BASE_MS, NOW } from '../../support/library.ts';

/** A type that the catalog has from the start. */
const LISTED = 'T-listed';

const seconds = (at: Date): number => (at.getTime() - BASE_MS) / 1000;
const latest = <T extends { at: number }>(versions: T[]): T | undefined => versions.toSorted((a, b) => b.at - a.at)[0];

const place = fc.nat(30);
/** Where in a delivery a version comes, once or several times. */
const places = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(place) },
  { weight: 1, arbitrary: fc.array(place, { minLength: 2, maxLength: 3 }) },
);
/** What is delivered, in the order in which it comes. */
const inPlace = <T extends { places: number[] }>(versions: T[]): T[] =>
  versions
    .flatMap((version) => version.places.map((place) => ({ place, version })))
    .sort((a, b) => a.place - b.place)
    .map(({ version }) => version);

/** A version as its source writes it. `gone` is a deletion that has no more than the key. */
function recordOf(
  key: string,
  at: number,
  kind: 'sound' | 'bad' | 'deleted' | 'gone',
  content: Record<string, unknown>,
): Record<string, unknown> {
  const bare = { id: key, gxsj: shanghaiInstant(BASE_MS + at * 1000), sc: /deleted|gone/.test(kind) ? 'Y' : 'N' };
  if (kind === 'gone') return bare;
  return {
    ...bare,
    zt: kind === 'bad' ? '9' : '1',
    ZZMC: '许可证',
    ZZLXDM: LISTED,
    ZZBH: `no-${key}`,
    ZZBFRQ: '2026-11-20',
    CZZT: '某某有限公司',
    CZZTDM: 'c',
    CZZTDMLXDM: '099',
    ...content,
  };
}

describe('the library depends on what the sources hold, not on how it came in', () => {
  let database: TestDatabase;
  let runs = 0;
  before(async () => {
    database = await createDatabase();
    await approveType(database, LISTED);
  });
  after(() => database.drop());

  /** Open rejects of a stream. */
  const openRejects = (stream: DeliveringStream) =>
    database
      .db('reject')
      .where({ stream_id: stream.id })
      .whereNull('resolved_at')
      .select<{ key: string; at: Date; raw: string }[]>({ key: 'record_key', at: 'source_updated_at', raw: 'raw' });

  describe('a stream whose records have times', () => {
    interface Version {
      key: string;
      at: number;
      kind: 'sound' | 'bad' | 'deleted' | 'gone';
      content: number;
      places: number[];
    }
    /** A record of a type that the catalog lists late, or never. */
    const WAITING = 'W';
    const common = { at: fc.nat(5), content: fc.nat(2), places };
    const listed = fc.record<Version>({
      key: fc.constantFrom('A', 'B'),
      kind: fc.constantFrom('sound', 'sound', 'bad', 'deleted', 'gone'),
      ...common,
    });
    // Whether a bad version finds the one before it in the library or waiting is a matter of when its type is listed.
    const waiting = fc.record<Version>({
      key: fc.constant(WAITING),
      kind: fc.constantFrom('sound', 'sound', 'deleted'),
      ...common,
    });
    const versions = fc.uniqueArray(fc.oneof({ weight: 3, arbitrary: listed }, { weight: 1, arbitrary: waiting }), {
      // A source has one version of a record at a time: of two that claim the same, the one delivered last is believed.
      selector: ({ key, at }) => `${key}/${at}`,
      minLength: 3,
      maxLength: 14,
      size: 'max',
    });

    /** What this found once: versions of one record in the order in which they came, and how. */
    const EXAMPLES = [
      // A version that waits for a newer one on another connection, where an older one is held, belongs to the history.
      { came: ['0 sound', '2 sound', '1 sound'], sizes: [1, 1], fates: ['none', 'beside another'] },
      // A deletion beside its record, before it, and with it on one page.
      { came: ['0 sound', '1 gone'], sizes: [1], fates: ['beside another'] },
      { came: ['0 deleted', '1 gone'], sizes: [1], fates: ['beside another'] },
      { came: ['1 gone', '0 sound'], sizes: [1], fates: ['none'] },
      { came: ['1 gone', '0 sound'], sizes: [2], fates: ['none'] },
      { came: ['0 sound', '1 gone'], sizes: [2], fates: ['none'] },
      { came: ['2 gone', '0 gone', '1 sound'], sizes: [3], fates: ['none'] },
      // The last of two deletions counts, also for what came between them, and for what is rejected.
      { came: ['0 sound', '1 gone', '3 gone', '2 sound'], sizes: [1], fates: ['none'] },
      { came: ['1 gone', '0 bad'], sizes: [1], fates: ['none'] },
    ].map(({ came, sizes, fates }): [Version[], Step[], null] => [
      came.map((version, place) => {
        const [at, kind] = version.split(' ');
        return { key: 'A', at: Number(at), kind: kind as Version['kind'], content: 0, places: [place] };
      }),
      sizes.map((size, step) => ({ size, fate: fates[step] as Step['fate'], replay: false, then: 'close' })),
      null,
    ]);

    /** What there is of one record: the version that counts, update times of open rejects, and the versions before. */
    interface Held {
      held: (string | number)[] | null;
      owed: number[];
      history: (string | number)[][];
    }

    /** What there must be, by its versions alone. */
    function expected(own: Version[], listed: boolean): Held {
      const rows = own.filter(({ kind }) => kind === 'deleted' || (kind === 'sound' && listed));
      const row = latest(rows);
      const end = latest(own.filter(({ kind }) => kind === 'gone'));
      const refused = latest(own.filter(({ kind }) => kind === 'bad' || (kind === 'sound' && !listed)));
      const ended = row !== undefined && end !== undefined && end.at > row.at;
      return {
        // A deletion that has no more than the key says nothing of what the record was.
        held: ended ? [end.at, 'deleted'] : row ? [row.at, row.kind, row.content] : null,
        owed: refused && refused.at > Math.max(row?.at ?? -1, end?.at ?? -1) ? [refused.at] : [],
        history: rows
          .filter((version) => ended || version !== row)
          .toSorted((a, b) => a.at - b.at)
          .map(({ at, kind, content }) => [at, kind, content]),
      };
    }

    async function found(stream: DeliveringStream, own: Version[]): Promise<Held> {
      const key = own[0]?.key ?? '';
      const gone = new Set(own.filter(({ kind }) => kind === 'gone').map(({ at }) => at));
      const versions = (await versionsOf(database.db, stream.name, key)).map(({ updatedAt, status, extension }) => {
        const at = seconds(updatedAt);
        return gone.has(at) ? [at, status] : [at, status === 'valid' ? 'sound' : status, Number(extension.content)];
      });
      return {
        held: versions.at(-1) ?? null,
        owed: (await openRejects(stream)).filter((reject) => reject.key === key).map(({ at }) => seconds(at)),
        // Whether it was held as deleted for a while depends on when the deletion came.
        history: versions.slice(0, -1).filter(([at]) => !gone.has(Number(at))),
      };
    }

    it('holds the latest versions, keeps the others, and owes what no newer version replaced', async () => {
      await fc.assert(
        fc.asyncProperty(versions, steps, fc.option(fc.nat(6)), async (versions, steps, listedAt) => {
          const late = `T-${(runs += 1)}`;
          const stream = await DeliveringStream.create(database, { timed: true });
          const records = inPlace(versions).map(({ key, at, kind, content }) =>
            recordOf(key, at, kind, { content, ...(key === WAITING && { ZZLXDM: late }) }),
          );
          await stream.deliver(records, steps, async (turn) => {
            if (turn === listedAt) await approveType(database, late);
          });
          if (listedAt !== null) await approveType(database, late);
          await stream.replay();

          for (const [key, own] of Map.groupBy(versions, ({ key }) => key)) {
            const [library, model] = [await found(stream, own), expected(own, key !== WAITING || listedAt !== null)];
            // What was replaced while it waited never came in.
            const waited = new Set(own.filter(({ kind }) => key === WAITING && kind === 'sound').map(({ at }) => at));
            for (const side of [library, model]) side.history = side.history.filter(([at]) => !waited.has(Number(at)));
            assert.deepEqual(library, model, `record ${key}`);
          }
          // What two connections brought at once may be kept twice, which nobody is shown.
          if (!steps.some(({ fate }) => fate.includes('beside'))) {
            const { rows } = await database.db.raw<{ rows: unknown[] }>(
              `SELECT record_key, source_updated_at FROM certificate_history WHERE stream_id = ?
               GROUP BY record_key, source_updated_at, content_hash HAVING count(*) > 1`,
              [stream.id],
            );
            assert.deepEqual(rows, []);
          }
          // However often it came, by whichever way, a record was new once.
          const { rows } = await database.db.raw<{ rows: { added: number; held: number }[] }>(
            `SELECT (SELECT coalesce(sum(added), 0)::int FROM batch_page JOIN batch ON batch.id = batch_id
               WHERE stream_id = :id) AS added, (SELECT count(*) FROM certificate WHERE stream_id = :id) AS held`,
            { id: stream.id },
          );
          assert.equal(rows[0]?.added, rows[0]?.held);
        }),
        { numRuns: 30, examples: EXAMPLES },
      );
    });
  });

  describe('a stream whose records have no times, and that is read as a whole', () => {
    /** What the source holds at one read. */
    const state = fc.dictionary(
      fc.constantFrom('A', 'B', 'C', 'D'),
      fc.record({ kind: fc.constantFrom('sound' as const, 'bad' as const), content: fc.nat(1) }),
    );
    /** What it held when the read began, where it moved meanwhile and the batch is begun anew. */
    const moved = fc.option(state);
    const reads = fc.array(fc.record({ state, moved, size: fc.integer({ min: 1, max: 3 }), replay: fc.boolean() }), {
      minLength: 1,
      maxLength: 5,
    });

    it('holds what the last read found, and owes what it refused', async () => {
      await fc.assert(
        fc.asyncProperty(reads, async (reads) => {
          const stream = await DeliveringStream.create(database, { timed: false });
          const model = new Map<string, [status: string, content: number]>();
          for (const [turn, { state, moved, size, replay }] of reads.entries()) {
            let batch = await stream.openBatch(new Date(NOW.getTime() + turn * DAY_MS));
            const read = async (found: typeof state): Promise<Record<string, unknown>[]> => {
              const records = Object.entries(found).map(([key, { kind, content }]) =>
                recordOf(key, 0, kind, { content }),
              );
              for (let start = 0; start < records.length; start += size)
                await stream.write(batch, start / size, records.slice(start, start + size));
              for (const [key, { kind, content }] of Object.entries(found))
                if (kind === 'sound') model.set(key, ['valid', content]);
              return records;
            };
            if (moved !== null) {
              await read(moved);
              batch = await stream.restart(batch);
            }
            const records = await read(state);
            await stream.close(batch, records.length);
            if (replay) await stream.replay();
            for (const [key, [, content]] of model) if (!(key in state)) model.set(key, ['deleted', content]);

            const rows = await database
              .db('certificate')
              .where({ stream_id: stream.id })
              .select<{ record_key: string; status: string; extension: { content: number } }[]>('*');
            assert.deepEqual(
              new Map(rows.map(({ record_key: key, status, extension }) => [key, [status, extension.content]])),
              model,
            );
            const refused = records.filter(({ id }) => state[String(id)]?.kind === 'bad').map((r) => JSON.stringify(r));
            assert.deepEqual((await openRejects(stream)).map(({ raw }) => raw).sort(), refused.sort());
          }
        }),
        { numRuns: 20 },
      );
    });
  });

  describe('several streams with records of one certificate', () => {
    const STREAMS = [0, 1, 2];
    const version = fc.record({
      stream: fc.constantFrom(...STREAMS),
      key: fc.constantFrom('A', 'B'),
      at: fc.nat(5),
      places,
      kind: fc.constantFrom('sound' as const, 'sound' as const, 'gone' as const),
      status: fc.constantFrom('1', '4'),
      expiresOn: fc.constantFrom(null, '2027-01-01', '2028-01-01'),
      issuerName: fc.constantFrom(null, '甲局', '乙局'),
    });
    const versions = fc.uniqueArray(version, {
      selector: ({ stream, key, at }) => `${stream}/${key}/${at}`,
      minLength: 1,
      maxLength: 14,
    });
    const order = fc.shuffledSubarray(STREAMS);

    it('make one of it by what they hold, whichever was first', async () => {
      await fc.assert(
        fc.asyncProperty(versions, steps, order, order, async (versions, steps, sources, statusSources) => {
          const number = `no-${(runs += 1)}`;
          const streams = await Promise.all(STREAMS.map(() => DeliveringStream.create(database, { timed: true })));
          const nameOf = (stream: number): string => streams[stream]?.name ?? '';
          const delivered = Map.groupBy(inPlace(versions), ({ stream }) => stream);
          await Promise.all(
            [...delivered].map(async ([stream, own]) => {
              const records = own.map(({ key, at, kind, status, expiresOn, issuerName }) =>
                recordOf(key, at, kind, { zt: status, ZZBH: number, ZZYXQJZRQ: expiresOn, ZZBFJG: issuerName }),
              );
              await streams[stream]?.deliver(records, steps, () => Promise.resolve());
            }),
          );

          // Of each record its latest state, of each stream its latest record; those that are gone have no say.
          const heard = STREAMS.flatMap((stream) => {
            const own = Map.groupBy(
              versions.filter((version) => version.stream === stream),
              ({ key }) => key,
            );
            const known = [...own.values()].filter((states) => states.some(({ kind }) => kind === 'sound'));
            const last = latest(
              known.flatMap((states) => latest(states) ?? []).sort((a, b) => (a.key < b.key ? 1 : -1)),
            );
            return last?.kind === 'sound' ? [last] : [];
          });
          /** What the first stream by precedence states, else the one that changed last. */
          const said = (field: 'status' | 'expiresOn' | 'issuerName', first: number[]): string | null => {
            const stated = heard.filter((version) => version[field] !== null);
            const others = stated.toSorted((a, b) => b.at - a.at || (nameOf(a.stream) < nameOf(b.stream) ? -1 : 1));
            const order = [...first, ...others.map(({ stream }) => stream)];
            const believed = order.find((stream) => stated.some((version) => version.stream === stream));
            return stated.find(({ stream }) => stream === believed)?.[field] ?? null;
          };
          const records = await findCertificates(database.db, number);
          if (records.length === 0) return assert.ok(versions.every(({ kind }) => kind === 'gone'));
          const { certificate } = mergeRecords(records, {
            sources: sources.map(nameOf),
            fieldSources: { status: statusSources.map(nameOf) },
          });
          if (heard.length === 0) return assert.equal(certificate.status, 'deleted');
          assert.deepEqual(
            [certificate.rawStatus, certificate.expiresOn, certificate.issuerName],
            [said('status', [...statusSources, ...sources]), said('expiresOn', sources), said('issuerName', sources)],
          );
        }),
        { numRuns: 15 },
      );
    });
  });
});
