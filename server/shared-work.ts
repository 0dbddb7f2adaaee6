/**
 * Does once for all what several ask for at the same time. Whoever asks while it is being done waits for the next time,
 * which begins after they asked: nobody is told less than was known when they asked.
 */
export class SharedWork {
  readonly #lines = new Map<string, Line>();

  /** What some work comes to; the same work has the same key. */
  async of<T>(key: string, work: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(key);
    if (!line) return this.#begin(key, work);
    line.next ??= line.running.then(() => this.#begin(key, work));
    return line.next as Promise<T>;
  }

  #begin<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = work();
    const line: Line = {
      running: result.then(
        () => undefined,
        () => undefined,
      ),
      next: null,
    };
    this.#lines.set(key, line);
    void line.running.then(() => {
      if (line.next === null) this.#lines.delete(key);
    });
    return result;
  }
}

interface Line {
  /** Settles when the work is done that is being done, whatever comes of it. */
  running: Promise<void>;
  /** The next time, once somebody waits for it. */
  next: Promise<unknown> | null;
}
