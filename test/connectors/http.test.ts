import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { HttpConnectorConfig, HttpStreamConfig } from '../../settings/kinds/http.ts';
import { provide } from '../../settings/environment.ts';
import { http } from '../../connectors/http/index.ts';
import { compileMapping } from '../../connectors/mapping/compile.ts';
import type { ChainView, Source, WindowSource } from '../../connectors/contract.ts';
import { sourceBy } from '../../connectors/reading.ts';
import type { PageMark } from '../../domain/collection/window.ts';
import { keysOf, readAll } from '../../connectors/examine/suite.ts';
import { HubError } from '../../domain/errors.ts';
import { timeWindow, type BatchWindow, type TimeWindow, type Window } from '../../domain/collection/window.ts';
import type { DepartmentId } from '../departments/departments.ts';
import { FAULTS, type Fault } from '../departments/server.ts';
import { versionsOf } from '../departments/records.ts';
import { FORMATS } from '../departments/trades.ts';
import { CLOSED_MS, Departments, STREAM_OF, streamOf } from '../support/departments.ts';
import { acceptance, misbehaving, type Candidate, type Faults } from './acceptance.ts';

const MENDED: Fault[] = [...FAULTS];
const TOLD: Fault[] = ['error', 'empty-body', 'truncated', 'repeated-page', 'away'];

/** The demonstration's connector with small pages and little patience. */
function configured(
  id: DepartmentId,
  change: (stream: HttpStreamConfig) => HttpStreamConfig = (stream) => stream,
): { connector: HttpConnectorConfig; stream: HttpStreamConfig } {
  const { connector, stream } = streamOf(STREAM_OF[id]);
  const quick = { ...connector, timeout: 400 } as HttpConnectorConfig;
  const small = { ...(stream as HttpStreamConfig), page: { ...(stream as HttpStreamConfig).page, size: 100 } };
  return { connector: quick, stream: change(small) };
}

const openWindows = (connector: HttpConnectorConfig, stream: HttpStreamConfig): WindowSource =>
  sourceBy('windows', http.open(connector, stream));

const CHAIN: ChainView = { upToMs: CLOSED_MS, known: () => Promise.resolve(new Map()) };
const batchAfter = async (source: Source, after: BatchWindow | null): Promise<BatchWindow | null> =>
  (await sourceBy('batches', source).nextBatch(after, CHAIN)).batch;

async function candidate(id: DepartmentId): Promise<Candidate & Faults> {
  const departments = await new Departments({ records: 600 }).start(id);
  const { connector, stream } = configured(id);
  const source = http.open(connector, stream);
  const { server } = departments.get(id);
  const { options } = departments;
  const versions = Array.from({ length: options.records }, (_, index) =>
    versionsOf(FORMATS[id].trade, options, index, CLOSED_MS),
  );
  let window: Window = timeWindow(options.startMs, CLOSED_MS);
  let keys = versions.flatMap((all) => all.slice(-1).map(({ key }) => key)).sort();
  const mapping = compileMapping(stream);
  if (id === 'province') {
    window = (await batchAfter(source, null)) ?? assert.fail('no batch');
    keys = keysOf(mapping, await readAll({ source }, window));
    assert.equal(keys.length, window.declared);
  }
  const calm = (): void => server.clearFaults();
  return {
    source,
    config: stream,
    window,
    keys,
    ...mapping,
    calm,
    intruder: () => {
      provide('HUB_TEST_WRONG', 'wrong');
      const { auth } = connector;
      const wrong = { env: 'HUB_TEST_WRONG' };
      const refused = (
        auth?.type === 'header' ? { ...auth, value: wrong } : { ...auth, clientSecret: wrong }
      ) as HttpConnectorConfig['auth'];
      return http.open({ ...connector, auth: refused } as HttpConnectorConfig, stream);
    },
    disturb: (fault, times) => server.setFault(fault as Fault, times, 1),
    away: () => {
      server.setFault('away', 1_000_000);
      return Promise.resolve(() => Promise.resolve(calm()));
    },
    close: () => departments.stop(),
  };
}

for (const id of ['housing', 'health', 'province'] as const) {
  acceptance(
    `http · ${id}`,
    () => candidate(id),
    (subject) => misbehaving(subject, { mended: MENDED, told: TOLD }),
  );
}
// Without a total a short page cannot be told from a full one: there the count is what tells.
acceptance(
  'http · transport',
  () => candidate('transport'),
  (subject) => misbehaving(subject, { mended: MENDED.filter((fault) => fault !== 'short-page'), told: TOLD }),
);

describe('http beyond the suite', () => {
  let departments: Departments;
  const start = async (records = 600): Promise<void> => {
    departments = await new Departments({ records }).start();
  };
  before(() => start());
  after(() => departments.stop());
  /** Puts departments of another size in the place of the usual ones for a while. */
  async function withRecords(records: number, work: () => Promise<void>): Promise<void> {
    await departments.stop();
    await start(records);
    try {
      await work();
    } finally {
      await departments.stop();
      await start();
    }
  }
  const whole = (): TimeWindow => timeWindow(departments.options.startMs, CLOSED_MS);
  const kind = (expected: string, text: RegExp) => (error: unknown) =>
    error instanceof HubError && error.kind === expected && text.test(`${error.message}; ${error.cure?.en ?? ''}`);
  const drain = async (
    source: WindowSource,
    resume: { committed: Map<number, PageMark>; total: number | null } = { committed: new Map(), total: null },
  ): Promise<number> => {
    let records = 0;
    for await (const page of source.read(whole(), resume, new AbortController().signal)) records += page.records.length;
    return records;
  };

  it('refused credentials name what to check and do not show themselves', async () => {
    const { connector, stream } = configured('housing');
    provide('HUB_TEST_WRONG', 'wrong-key-4711');
    const source = openWindows(
      {
        ...connector,
        auth: { type: 'header', name: 'X-App-Key', value: { env: 'HUB_TEST_WRONG' } },
      },
      stream,
    );
    await assert.rejects(
      source.count(whole()),
      kind(
        'configuration',
        /^housing GET \/api\/permits\/count: answered 401, the credentials are refused; check the values behind auth/,
      ),
    );
    await assert.rejects(source.count(whole()), (error: Error) => !error.message.includes('4711'));
  });

  it('a path that leads nowhere, a total that is none and a list that is elsewhere are configuration errors', async () => {
    const wrong: [(stream: HttpStreamConfig) => HttpStreamConfig, RegExp][] = [
      [(stream) => ({ ...stream, path: '/api/nothing?page={page}' }), /answered 404; check path, method and body/],
      [
        (stream) => ({ ...stream, response: { ...stream.response, total: 'data.rows' } }),
        /found a list at “data.rows”, expected a whole number/,
      ],
      [
        (stream) => ({ ...stream, response: { ...stream.response, records: 'data.list' } }),
        /found nothing at “data.list”, expected a list of records; the answer has the fields code, message, data/,
      ],
    ];
    for (const [change, message] of wrong) {
      const { connector, stream } = configured('housing', change);
      await assert.rejects(drain(openWindows(connector, stream)), kind('configuration', message));
    }
  });

  it('a result code other than success is told, its message with whatever it may hold is not', async () => {
    const { connector, stream } = configured('health');
    const source = openWindows({ ...connector, auth: undefined }, stream);
    await assert.rejects(
      source.count(whole()),
      kind('configuration', /found code = “E-106”, which means: not authorised/),
    );
  });

  it('a source that caps its pages is read to the end', async () => {
    const { connector, stream } = configured('housing', (given) => ({ ...given, page: { ...given.page, size: 5000 } }));
    await withRecords(2500, async () => {
      assert.equal(await drain(openWindows(connector, stream)), await openWindows(connector, stream).count(whole()));
      assert.ok(departments.get('housing').server.counts.pages >= 3);
    });
  });

  it('a total that changed since the earlier pages means that the source moved', async () => {
    const { connector, stream } = configured('housing');
    await assert.rejects(
      drain(openWindows(connector, stream), { committed: new Map([[0, { digest: 'x', position: null }]]), total: 3 }),
      kind('transient', /the source changed while it was read/),
    );
  });

  it('an answer larger than allowed is a configuration error that says what to change', async () => {
    const { connector, stream } = configured('housing', (given) => ({ ...given, page: { ...given.page, size: 1000 } }));
    await withRecords(6000, async () => {
      const source = openWindows({ ...connector, maxPage: 0.1 }, stream);
      await assert.rejects(
        drain(source),
        kind('configuration', /larger than maxPage allows; lower page.size or raise maxPage/),
      );
    });
  });

  it('asks no sooner than Retry-After says', async () => {
    const { connector, stream } = configured('housing');
    const { server } = departments.get('housing');
    server.setFault('rate-limit', 1);
    const before = server.counts.requests;
    const started = Date.now();
    await drain(openWindows(connector, stream));
    assert.ok(Date.now() - started >= 1000);
    assert.ok(server.counts.requests > before);
  });

  it('a platform’s batches form a chain that ends with null', async () => {
    const { connector, stream } = configured('province');
    const source = http.open(connector, stream);
    const first = await batchAfter(source, null);
    assert.deepEqual([first?.ordinal, first?.after], [1, null]);
    const second = await batchAfter(source, first);
    if (second) assert.deepEqual([second.ordinal, second.after], [2, first?.next]);
    let last = second ?? first;
    for (let next = last; next; next = await batchAfter(source, next)) last = next;
    assert.equal(await batchAfter(source, last), null);
  });
});
