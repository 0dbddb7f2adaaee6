import { Worker } from 'node:worker_threads';
import type { FileBreak } from '../domain/faults/files.ts';

/** What a thread may take: megabytes of memory, and milliseconds for each part. */
export interface ThreadLimits {
  megabytes: number;
  partMs: number;
}

/** What a file is found to be broken by, in the thread that opens it. */
export class Broken extends Error {
  readonly found: FileBreak;

  constructor(found: FileBreak) {
    super(found.is);
    this.found = found;
  }
}

/** A thread that opens a file and is asked for one part after the other. What takes too much of it breaks the file. */
export class FileThread<Message extends object> {
  readonly #worker: Worker;
  readonly #limits: ThreadLimits;

  constructor(program: URL, data: unknown, limits: ThreadLimits) {
    this.#limits = limits;
    this.#worker = new Worker(program, {
      workerData: data,
      // Named, so that the thread starts with nothing that it was not given.
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: limits.megabytes },
    });
  }

  /** @param asked for, where the thread has to be told */
  async next(asked: unknown = 'next'): Promise<Message | { broken: FileBreak }> {
    const worker = this.#worker;
    const { megabytes, partMs } = this.#limits;
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<Message | { broken: FileBreak }>((resolve, reject) => {
      const tooMuch = (what: 'megabytes' | 'seconds', most: number): void =>
        resolve({ broken: { is: 'too-much', what, most } });
      timer = setTimeout(() => tooMuch('seconds', partMs / 1000), partMs);
      worker.once('message', resolve);
      worker.once('error', (error) => {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ERR_WORKER_OUT_OF_MEMORY') tooMuch('megabytes', megabytes);
        else reject(error as Error);
      });
      worker.postMessage(asked);
    });
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      worker.removeAllListeners('error').removeAllListeners('message');
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
