/** Imported before everything else (`--import`): a machine whose clock is three days ahead. */
const AHEAD_MS = 3 * 24 * 3_600_000;
const RealDate = Date;

globalThis.Date = class extends RealDate {
  constructor(...given: unknown[]) {
    super(...((given.length === 0 ? [RealDate.now() + AHEAD_MS] : given) as [number]));
  }

  static override now(): number {
    return RealDate.now() + AHEAD_MS;
  }
} as DateConstructor;
