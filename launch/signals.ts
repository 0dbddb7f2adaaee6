/** Calls `stop` once: on Ctrl-C, on SIGTERM, and when the process that started this one is gone. */
export function onStop(stop: () => void): void {
  let stopped = false;
  const once = (): void => {
    if (stopped) return;
    stopped = true;
    stop();
    if (process.connected) process.disconnect();
  };
  process.on('SIGINT', once);
  process.on('SIGTERM', once);
  process.on('disconnect', once);
}

/** Resolves at the first Ctrl-C or SIGTERM; a second one calls `force` and ends the process. */
export function untilStopped(force: () => void): Promise<void> {
  return new Promise((done) => {
    let asked = false;
    const ask = (): void => {
      if (asked) {
        force();
        process.exit(130);
      }
      asked = true;
      console.error('\nStopping; Ctrl-C again to stop without waiting');
      done();
    };
    process.on('SIGINT', ask);
    process.on('SIGTERM', ask);
  });
}
