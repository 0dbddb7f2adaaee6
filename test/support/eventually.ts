import { setTimeout as wait } from 'node:timers/promises';

/** Tries an assertion again until it holds; after a while it fails with what the last try said. */
export async function eventually<T>(assertion: () => Promise<T> | T, withinMs = 20_000): Promise<T> {
  const endMs = Date.now() + withinMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > endMs) throw error;
      await wait(50);
    }
  }
}
