import { messageOf } from '../../domain/errors.ts';
import { MOST_EXPORTED } from '../../domain/console/export-sheet.ts';
import { takeExport } from '../../store/console/exports.ts';
import { workExport, type ExportOptions } from '../api/console/export-work.ts';
import { startRepeated } from './repeated.ts';

/** Goes on with exports that take longer, every few seconds. Returns what ends it. */
export function startExports(options: ExportOptions): () => Promise<void> {
  const stopped = new AbortController();
  const work = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const id = await takeExport(options.db, options.now());
      if (id === null) return;
      await workExport(options, id, MOST_EXPORTED, stopped.signal);
    }
  };
  const stop = startRepeated({ name: 'exports', at: '*/3 * * * * *' }, work, (error) => {
    options.logger.error('exports cannot be worked at', {
      error: (error as { code?: string }).code ?? messageOf(error),
    });
  });
  return () => {
    stopped.abort();
    return stop();
  };
}
