import cron from 'node-cron';

/**
 * Does work by a cron expression in Shanghai time, one turn after the other. What fails is told, and the next turn comes.
 * Returns what ends it, once the turn that is on has ended.
 */
export function startRepeated(
  { name, at }: { name: string; at: string },
  work: () => Promise<unknown>,
  failed: (error: unknown) => void,
): () => Promise<void> {
  let running = Promise.resolve();
  const turn = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failed(error);
    }
  };
  const task = cron.schedule(at, () => (running = turn()), { noOverlap: true, name, timezone: 'Asia/Shanghai' });
  return async () => {
    await task.destroy();
    await running;
  };
}
