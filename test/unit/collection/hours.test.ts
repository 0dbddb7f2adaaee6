import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BatchSource, Page, WindowSource } from '../../../connectors/contract.ts';
import { keepHours, opensAt } from '../../../connectors/hours.ts';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { HubError } from '../../../domain/errors.ts';
import { timeWindow, type BatchWindow } from '../../../domain/collection/window.ts';

/** Of 2026-11-20 unless it says otherwise. */
const at = (time: string): number => Date.parse(`${time.includes('T') ? time : `2026-11-20T${time}`}:00+08:00`);
const opens = (now: string, hours?: string, maintenance: [string, string][] = []): string =>
  shanghaiInstant(
    opensAt(
      {
        id: 'parks',
        hours,
        maintenance: maintenance.map(([from, to]) => ({ from: `${from}:00+08:00`, to: `${to}:00+08:00` })),
      },
      at(now),
    ),
  ).slice(0, 16);

describe('when a source may next be asked', () => {
  const cases: [what: string, now: string, hours: string | undefined, expected: string][] = [
    ['without hours: now', '03:00', undefined, '2026-11-20T03:00'],
    ['inside its hours: now', '12:00', '09:00-17:00', '2026-11-20T12:00'],
    ['as they begin: now', '09:00', '09:00-17:00', '2026-11-20T09:00'],
    ['before them: when they begin', '08:59', '09:00-17:00', '2026-11-20T09:00'],
    ['as they end: tomorrow', '17:00', '09:00-17:00', '2026-11-21T09:00'],
    ['after them: tomorrow', '23:30', '09:00-17:00', '2026-11-21T09:00'],
    ['before midnight, inside hours across it: now', '23:00', '20:00-06:00', '2026-11-20T23:00'],
    ['after midnight, inside hours across it: now', '05:59', '20:00-06:00', '2026-11-20T05:59'],
    ['at midnight, inside hours across it: now', '00:00', '20:00-06:00', '2026-11-20T00:00'],
    ['outside hours across midnight: this evening', '06:00', '20:00-06:00', '2026-11-20T20:00'],
    ['hours that end as they begin are the whole day: now', '03:00', '08:00-08:00', '2026-11-20T03:00'],
    ['hours until midnight', '23:59', '20:00-00:00', '2026-11-20T23:59'],
  ];
  for (const [what, now, hours, expected] of cases) it(what, () => assert.equal(opens(now, hours), expected));

  const night: [string, string] = ['2026-11-20T20:00', '2026-11-21T03:00'];
  it('in a maintenance: when it ends, and not before it', () => {
    assert.equal(opens('19:59', undefined, [night]), '2026-11-20T19:59');
    assert.equal(opens('20:00', undefined, [night]), '2026-11-21T03:00');
    assert.equal(opens('2026-11-21T03:00', undefined, [night]), '2026-11-21T03:00');
  });

  it('in a maintenance that ends outside its hours: when they begin', () => {
    assert.equal(opens('21:00', '09:00-17:00', [night]), '2026-11-21T09:00');
    assert.equal(opens('21:00', '20:00-06:00', [night]), '2026-11-21T03:00');
  });

  it('in a maintenance that another one follows: when the last one ends', () => {
    const maintenance: [string, string][] = [night, ['2026-11-21T03:00', '2026-11-21T05:00']];
    assert.equal(opens('21:00', undefined, maintenance), '2026-11-21T05:00');
    assert.equal(opens('21:00', undefined, maintenance.toReversed()), '2026-11-21T05:00');
  });

  it('before hours that begin in a maintenance: when that ends', () => {
    assert.equal(opens('19:00', '20:00-06:00', [night]), '2026-11-21T03:00');
  });
});

describe('a source that keeps its hours', () => {
  const WINDOW = timeWindow(0, 1000);
  const BATCH: BatchWindow = { kind: 'batch', ordinal: 1, id: 'b', after: null, next: 'n', declared: 0 };
  const connector = { id: 'parks', hours: '20:00-06:00', maintenance: [] };
  const page = (number: number): Page => ({
    number,
    records: [],
    undecodable: new Map(),
    total: null,
    digest: String(number),
    position: null,
  });

  class Pages {
    readonly sequential = true;
    readonly asked: string[] = [];
    note<T>(name: string, value: T): Promise<T> {
      this.asked.push(name);
      return Promise.resolve(value);
    }
    count = (): Promise<number> => this.note('count', 2);
    check = () => this.note('check', { records: 0, count: 0, clockSkewMs: 0, notes: [] });
    sample = (): Promise<unknown[]> => this.note('sample', []);
    close = (): Promise<void> => this.note('close', undefined);
    explain = () => [{ zh: '说明', en: 'explained' }];
    async *read(): AsyncIterable<Page> {
      for (let number = 0; number < 3; number++) yield await this.note(`page ${number}`, page(number));
    }
  }
  class Windows extends Pages implements WindowSource {
    readonly by = 'windows';
    clock = (): Promise<number> => this.note('clock', 1);
  }
  class Batches extends Pages implements BatchSource {
    readonly by = 'batches';
    nextBatch = () => this.note('nextBatch', { batch: null, proven: [] });
    acknowledge = (): Promise<void> => this.note('acknowledge', undefined);
  }

  const RESUME = { committed: new Map(), total: null };
  const signal = new AbortController().signal;
  const closed = (retryAfterMs: number) => (error: unknown) =>
    error instanceof HubError &&
    error.kind === 'transient' &&
    error.code === 'outside-hours' &&
    error.retryAfterMs === retryAfterMs &&
    /^parks may not be asked before 2026-11-20T20:00:00\+08:00$/.test(error.message);

  it('is the source itself where it has none', () => {
    const source = new Windows();
    assert.equal(keepHours(source, { id: 'parks', hours: undefined, maintenance: [] }), source);
  });

  it('inside them does what it did', async () => {
    const source = keepHours<WindowSource>(new Windows(), connector, () => at('23:00'));
    assert.deepEqual([await source.clock(), await source.count(WINDOW), source.sequential], [1, 2, true]);
    const pages = await Array.fromAsync(source.read(WINDOW, RESUME, signal));
    assert.deepEqual(
      pages.map(({ number }) => number),
      [0, 1, 2],
    );
  });

  it('outside them asks nothing and says when it may be asked', async () => {
    const [windows, batches] = [new Windows(), new Batches()];
    const source = keepHours<WindowSource>(windows, connector, () => at('19:30'));
    const chain = keepHours<BatchSource>(batches, connector, () => at('19:30'));
    const asking: (() => Promise<unknown>)[] = [
      () => source.clock(),
      () => source.count(WINDOW),
      () => source.check(),
      () => source.sample(),
      () => Array.fromAsync(source.read(WINDOW, RESUME, signal)),
      () => chain.nextBatch(null, { upToMs: 0, known: () => Promise.resolve(new Map()) }),
      () => chain.acknowledge(BATCH, { records: 0, positions: [], rejected: [] }),
    ];
    for (const ask of asking) await assert.rejects(async () => ask(), closed(1_800_000));
    assert.deepEqual([windows.asked, batches.asked], [[], []]);
    assert.deepEqual(source.explain(), [{ zh: '说明', en: 'explained' }]);
    await source.close?.();
    assert.deepEqual(windows.asked, ['close']);
  });

  it('that end while it is read: the page that came is delivered, and no other is asked for', async () => {
    let now = at('05:59');
    const inner = new Windows();
    const source = keepHours<WindowSource>(inner, connector, () => now);
    const delivered: number[] = [];
    await assert.rejects(
      async () => {
        for await (const { number } of source.read(WINDOW, RESUME, signal)) {
          delivered.push(number);
          if (number === 1) now = at('06:00');
        }
      },
      closed(14 * 3_600_000),
    );
    assert.deepEqual(
      [delivered, inner.asked],
      [
        [0, 1],
        ['page 0', 'page 1'],
      ],
    );
  });

  it('in a maintenance is left alone as well', async () => {
    const maintenance = [{ from: '2026-11-20T19:00:00+08:00', to: '2026-11-20T20:00:00+08:00' }];
    const source = keepHours<WindowSource>(new Windows(), { id: 'parks', hours: undefined, maintenance }, () =>
      at('19:30'),
    );
    await assert.rejects(source.count(WINDOW), closed(1_800_000));
  });
});
