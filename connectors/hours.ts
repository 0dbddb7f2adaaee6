import type { ConnectorConfig } from '../settings/schemas/connector.ts';
import { addDays, shanghaiDate, shanghaiInstant, timeOfDayMs } from '../domain/dates.ts';
import { fault } from '../domain/faults.ts';
import type { ListSource, Page, Source } from './contract.ts';

type Hours = Pick<ConnectorConfig, 'id' | 'hours' | 'maintenance'>;

/** When a source may next be asked, epoch milliseconds: now, the end of a maintenance, or the start of its hours. */
export function opensAt({ hours, maintenance }: Hours, nowMs: number): number {
  for (let atMs = nowMs; ;) {
    const away = maintenance.find(({ from, to }) => Date.parse(from) <= atMs && atMs < Date.parse(to));
    const opensMs = away ? Date.parse(away.to) : hoursBegin(hours, atMs);
    if (opensMs === atMs) return atMs;
    atMs = opensMs;
  }
}

function hoursBegin(hours: string | undefined, nowMs: number): number {
  if (hours === undefined) return nowMs;
  const [start = '', end = ''] = hours.split('-');
  const today = shanghaiDate(nowMs);
  for (let day = -1; ; day++) {
    const date = addDays(today, day);
    const startMs = timeOfDayMs(date, start);
    const endMs = timeOfDayMs(end <= start ? addDays(date, 1) : date, end);
    if (nowMs < endMs) return Math.max(nowMs, startMs);
  }
}

/** The same source, which is left alone outside its hours: whoever asks then is told when to ask again. */
export function keepHours<S extends Source | ListSource>(source: S, connector: Hours, now = Date.now): S {
  if (connector.hours === undefined && connector.maintenance.length === 0) return source;
  const requireOpen = (): void => {
    const nowMs = now();
    const opensMs = opensAt(connector, nowMs);
    if (opensMs <= nowMs) return;
    throw fault(
      'outside-hours',
      { connector: connector.id, opens: shanghaiInstant(opensMs) },
      { retryAfterMs: opensMs - nowMs },
    );
  };
  const asked = ['clock', 'count', 'beyond', 'check', 'sample', 'nextBatch', 'acknowledge', 'file'] as const;
  return new Proxy(source, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...args: unknown[]) => unknown;
      if (property === 'read') {
        return async function* (...args: unknown[]): AsyncIterable<Page> {
          requireOpen();
          for await (const page of method(...args) as AsyncIterable<Page>) {
            yield page;
            requireOpen();
          }
        };
      }
      if (!asked.includes(property as never)) return method;
      // oxlint-disable-next-line typescript/require-await -- what it throws must be a rejection
      return async (...args: unknown[]) => {
        requireOpen();
        return method(...args);
      };
    },
  });
}
