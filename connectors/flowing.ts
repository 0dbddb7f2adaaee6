import { Readable } from 'node:stream';

/** What flows brings at least so many bytes in the time after which silence is given up. */
const LEAST_BYTES = 64 * 1024;

/**
 * Content whose faults are classified. One of them is that nothing comes for a while, or next to nothing: a source that
 * drips is not waited for, however long it keeps on. The time that the reader takes is not the source's.
 */
export function flowing(
  source: Readable,
  timeoutMs: number,
  fault: (error: unknown) => Error | Promise<Error>,
): Readable {
  source.on('error', () => undefined); // also one that follows the end
  async function* chunks(): AsyncIterable<Buffer> {
    const timer = setTimeout(() => source.destroy(new Error('nothing came in time')), timeoutMs);
    let [waitedMs, came, sinceMs] = [0, 0, performance.now()];
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        waitedMs += performance.now() - sinceMs;
        came += chunk.length;
        if (came >= LEAST_BYTES) [waitedMs, came] = [0, 0];
        else if (waitedMs > timeoutMs) throw new Error('next to nothing came in time');
        timer.refresh();
        yield chunk;
        timer.refresh();
        sinceMs = performance.now();
      }
    } catch (error) {
      throw await fault(error);
    } finally {
      clearTimeout(timer);
    }
  }
  return Readable.from(chunks(), { objectMode: false });
}

/** Gives up a question that is not answered in time, whatever still comes of it, and throws `late`. */
export async function within<T>(
  ms: number,
  late: () => Error,
  ask: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), ms);
  try {
    return await ask(signal ? AbortSignal.any([over.signal, signal]) : over.signal);
  } catch (error) {
    throw over.signal.aborted && !signal?.aborted ? late() : error;
  } finally {
    clearTimeout(timer);
  }
}
