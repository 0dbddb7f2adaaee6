import { HubError, messageOf } from '../../domain/errors.ts';
import { packageName } from '../../domain/sharing/archive.ts';
import type { HubConfig } from '../../settings/load.ts';
import type { Logger } from '../../settings/logger.ts';
import { archive, periodsToArchive } from '../../store/sharing/archives/archive.ts';
import type { ArchiveWork } from '../../store/sharing/archives/make.ts';
import { removePast } from '../../store/sharing/archives/remove.ts';
import { forgetCodes } from '../../store/sharing/uses.ts';
import { startRepeated } from './repeated.ts';

export interface ArchiveOptions extends Omit<ArchiveWork, 'managementName' | 'progress'> {
  logger: Logger;
  config: () => HubConfig;
}

/**
 * Archives the months that are over, removes what is past its time (`sharing.keepUses`), and forgets codes. Here, not in a
 * worker: the keys that sign are the server’s.
 */
export async function workArchives({ logger, config, ...given }: ArchiveOptions, stopped: AbortSignal): Promise<void> {
  const { db, place, now } = given;
  const { managementName, sharing } = config().settings;
  await forgetCodes(db, now());
  const work = { ...given, managementName, progress: () => stopped.throwIfAborted() };
  for await (const period of periodsToArchive(db, now())) {
    const name = packageName(period);
    try {
      const done = await archive(work, period, { own: true, progress: work.progress });
      if (!done) continue;
      const { made, verified } = done;
      const damage = verified.damage ?? made.before?.differs[0];
      if (damage) logger.error('an archive is not whole', { archive: name, ...damage });
      else logger.info('archived', { archive: name, uses: made.uses, files: made.files, lost: made.lost });
    } catch (error) {
      if (!(error instanceof HubError) || error.code !== 'archive-removed') throw error;
      logger.error('an archive is not whole, and its uses are gone from the log', { archive: name });
    }
  }
  if (sharing.keepUses === undefined) return;
  for await (const { name, uses, damage } of removePast(db, place, sharing.keepUses, now)) {
    if (uses > 0) logger.info('uses were removed from the log', { archive: name, uses });
    if (damage) logger.error('uses are kept past their time', { archive: name, ...damage });
    stopped.throwIfAborted();
  }
}

/** Does so every night. Returns what ends it; a package that is being made is gone on with the next night. */
export function startArchives(options: ArchiveOptions): () => Promise<void> {
  const stopped = new AbortController();
  const work = (): Promise<void> => workArchives(options, stopped.signal);
  const stop = startRepeated({ name: 'archives', at: '20 2 * * *' }, work, (error) => {
    if (!stopped.signal.aborted) options.logger.error('archives cannot be made', { error: messageOf(error) });
  });
  return () => {
    stopped.abort();
    return stop();
  };
}
