import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gapInWords } from '../../domain/collection/gap.ts';
import { WorkflowFailedError } from '@temporalio/client';
import { HubError } from '../../domain/errors.ts';
import { GATEWAYS } from '../departments/departments.ts';
import type { Fault } from '../departments/server.ts';
import { eventually } from '../support/eventually.ts';
import { applicationCause } from '../support/failures.ts';
import { startLiveHub, type LiveHub } from '../support/live-hub.ts';

const FOREVER = Number.MAX_SAFE_INTEGER;
const CITY = ['housing', 'health', 'transport'] as const;
/** How many requests a passing fault spoils: more than the short retries inside one request can mend. */
const PASSING: Record<Fault, number> = {
  'rate-limit': 5,
  error: 5,
  timeout: 4,
  'empty-body': 5,
  truncated: 5,
  'repeated-page': 5,
  'short-page': 3,
  'token-expiry': 3,
  away: 5,
};

describe('a hub whose sources misbehave', () => {
  let hub: LiveHub;
  before(async () => {
    hub = await startLiveHub(1_200);
    // The run that the worker began with must not go on over what a test forgets.
    await hub.collect('province');
  });
  after(() => hub.stop());
  beforeEach(async () => {
    for (const { server } of GATEWAYS.map((id) => hub.departments.get(id))) server.clearFaults();
    await hub.forget();
  });

  const collectAll = async (): Promise<void> => {
    await Promise.all([hub.collectReturned(), ...CITY.map((id) => hub.collect(id))]);
  };
  const setAll = (fault: Fault, times: number): void => {
    for (const { server } of GATEWAYS.map((id) => hub.departments.get(id))) server.setFault(fault, times);
  };
  const allIsWell = async (): Promise<void> => {
    for (const id of GATEWAYS) {
      assert.equal(await hub.difference(id), null);
      assert.deepEqual(await hub.gaps(id), []);
    }
  };

  it('collects everything when they behave', async () => {
    await collectAll();
    await allIsWell();
  });

  for (const [fault, times] of Object.entries(PASSING) as [Fault, number][]) {
    it(`ends in the same state after ${fault}`, async () => {
      const servers = GATEWAYS.map((id) => hub.departments.get(id)).map(({ server }) => server);
      const before = servers.map(({ counts }) => counts.faults);
      setAll(fault, times);
      await collectAll();
      for (const [index, { counts }] of servers.entries()) assert.ok(counts.faults > (before[index] ?? Infinity));
      await allIsWell();
    });
  }

  for (const fault of ['error', 'truncated', 'away', 'repeated-page'] as const) {
    it(`says whose data are missing while ${fault} lasts, and ends in the same state when it is over`, async () => {
      const { server } = hub.departments.get('housing');
      server.setFault(fault, FOREVER);
      let done = false;
      const collected = hub.collect('housing').finally(() => {
        done = true;
      });
      const seen = server.counts.faults;
      await eventually(() => assert.ok(server.counts.faults > seen + 8), 60_000);
      assert.equal(done, false, 'it reported success over a fault that lasts');
      const gaps = await hub.gaps('housing');
      assert.ok(gaps.length > 0);
      assert.deepEqual([...new Set(gaps.map(({ unit }) => unit))], ['市住房和城乡建设局']);
      assert.match(gaps[0] ? gapInWords(gaps[0]).en : '', /^2025-01-01 00:00:00 – /);
      server.clearFaults();
      await collected;
      assert.equal(await hub.difference('housing'), null);
      assert.deepEqual(await hub.gaps('housing'), []);
    });
  }

  for (const id of CITY) {
    it(`${id}: pages that stay short leave the day open, with the difference and its owner named`, async () => {
      hub.departments.get(id).server.setFault('short-page', FOREVER);
      await assert.rejects(hub.collect(id), (error) => error instanceof HubError && error.code === 'day-open');
      const gaps = await hub.gaps(id);
      assert.ok(gaps.some((gap) => gap.kind === 'difference' && /: source \d+, library \d+/.test(gapInWords(gap).en)));
      assert.ok(gaps.every(({ unit }) => unit.startsWith('市')));
      assert.notEqual(await hub.difference(id), null);

      hub.departments.get(id).server.clearFaults();
      await hub.collect(id);
      assert.equal(await hub.difference(id), null);
      assert.deepEqual(await hub.gaps(id), []);
    });
  }

  it('province: pages that stay short leave the batches unacknowledged, with the difference and its owner named', async () => {
    const { server, acknowledgements } = hub.departments.get('province');
    server.setFault('short-page', FOREVER);
    await assert.rejects(
      hub.collectReturned(),
      (error) => error instanceof WorkflowFailedError && applicationCause(error)?.type === 'Incomplete',
    );
    const gaps = await hub.gaps('province');
    assert.ok(gaps.some(({ kind }) => kind === 'batch'));
    assert.ok(
      gaps.some(
        (gap) => gap.kind === 'difference' && /^batch HL\d+: source \d+, library \d+$/.test(gapInWords(gap).en),
      ),
    );
    assert.ok(gaps.every(({ unit }) => unit === '省电子证照回传平台'));
    assert.deepEqual(acknowledgements, []);
    server.clearFaults();
    await hub.collectReturned();
    assert.equal(await hub.difference('province'), null);
    assert.deepEqual(await hub.gaps('province'), []);
  });
});
