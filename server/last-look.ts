/** A look of this process's watchdog; the fault is what kept it from doing all of it. */
export interface Look {
  at: Date;
  fault: string | null;
}
let last: Look | null = null;
/** It looks every minute; one that has not for so long is stuck. */
const LATE_MS = 3 * 60_000;

/** When the watchdog looked last; null where it does not watch in this process, or not yet. */
export const lastLook = (): Look | null => last;

/** Whether what this process's watchdog tells can be short of what there is. */
export const isBlind = (at: Date): boolean =>
  last !== null && (last.fault !== null || at.getTime() - last.at.getTime() > LATE_MS);

export const noteLook = (look: Look): void => {
  last = look;
};
