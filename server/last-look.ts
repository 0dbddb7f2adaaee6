/** A look of this process's watchdog; the fault is what kept it from doing all of it. */
export interface Look {
  at: Date;
  fault: string | null;
}
let last: Look | null = null;

/** When the watchdog looked last; null where it does not watch in this process, or not yet. */
export const lastLook = (): Look | null => last;

export const noteLook = (look: Look): void => {
  last = look;
};
