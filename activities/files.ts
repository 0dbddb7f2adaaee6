import { buffer } from 'node:stream/consumers';
import { cancellationSignal } from '@temporalio/activity';
import pMap from 'p-map';
import { keptFault, type FaultCode } from '../domain/faults.ts';
import { HubError } from '../domain/errors.ts';
import * as files from '../store/library/certificate-files.ts';
import { judgeSeals } from '../store/library/files/seals/judge.ts';
import { getStream } from '../store/collection/streams.ts';
import type { FileDependencies } from './dependencies.ts';

const FETCH_FOR_MS = 15_000;
const CLAIMED_AT_ONCE = 20;
const AT_ONCE = 4;
/** Faults of one file; any other is the source's, and true for all files. */
const OF_ONE_FILE = new Set<string>([
  'file-gone',
  'file-too-large',
  'file-elsewhere',
  'request-refused',
  'request-redirected',
] satisfies FaultCode[]);

/** How many files a step fetched. */
export interface FetchProgress {
  fetched: number;
  missing: number;
  /** Call again: more are due. */
  more: boolean;
}

/** Fetching the files of certificates. */
export function createFileActivities({ db, streams, now, files: store, trust }: FileDependencies) {
  return {
    /** Fetches due files of a stream for a while, and judges their seals and signatures. */
    async fetchFiles(input: { stream: string }): Promise<FetchProgress> {
      const { source, hints } = streams().get(input.stream);
      const { id } = await getStream(db, input.stream);
      const limitBytes = (hints.file?.largest ?? 0) * 1_000_000;
      const signal = cancellationSignal();
      const untilMs = Date.now() + FETCH_FOR_MS;
      const progress: FetchProgress = { fetched: 0, missing: 0, more: false };
      let away = false as boolean;

      async function fetch(wanted: files.WantedFile): Promise<void> {
        try {
          if (!source.file) throw new Error(`${input.stream} has no files`);
          const { hash, size } = await store.put(await source.file(wanted.reference, signal), limitBytes);
          const judgement = await judgeSeals(
            await buffer(await store.get(hash)),
            { ...trust(), gotAt: now(), now: now() },
            await files.issuerOf(db, id, wanted.key),
          );
          await files.saveFile(db, id, wanted, { hash, size, judgement }, now());
          progress.fetched += 1;
        } catch (error) {
          if (!(error instanceof HubError) || error.kind === 'system') throw error;
          await files.deferFile(db, id, wanted, keptFault(error), error.retryAfterMs, now());
          progress.missing += 1;
          if (!OF_ONE_FILE.has(error.code)) away = true;
        }
      }

      for (;;) {
        signal.throwIfAborted();
        const due = await files.claimFiles(db, id, CLAIMED_AT_ONCE, now());
        if (due.length === 0) return progress;
        await pMap(due, fetch, { concurrency: AT_ONCE });
        // What keeps one file away keeps all: the next run asks again.
        if (away) return progress;
        if (Date.now() >= untilMs) return { ...progress, more: true };
      }
    },
  };
}
