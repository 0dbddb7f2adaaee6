import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Source } from '../../connectors/contract.ts';
import { countOf } from '../../connectors/reading.ts';
import { CHECKS, keysOf, readAll, type SuiteSubject } from '../../connectors/examine/suite.ts';
import { HubError } from '../../domain/errors.ts';

/** What a kind of connector brings to the suite that all of them must pass. */
export interface Candidate extends SuiteSubject {
  /** The same, with credentials, or an address, that the source does not accept. */
  intruder: () => Source;
  /** Keys of the records that the source has in the window of at least three pages, with repetitions, sorted. */
  keys: string[];
  /** Takes the source away, and brings it back. */
  away: () => Promise<() => Promise<void>>;
  close: () => Promise<void>;
}

/** Faults of a source can be set, by name; the first page excepted. */
export interface Faults {
  disturb: (fault: string, times: number) => void;
  calm: () => void;
}

/** Every kind of connector passes this, against a real source of its kind. */
export function acceptance<C extends Candidate>(
  name: string,
  open: () => Promise<C>,
  more: (candidate: () => C) => void = () => undefined,
): void {
  describe(`connector ${name}`, () => {
    let candidate: C;
    before(async () => {
      candidate = await open();
    });
    after(() => candidate.close());

    for (const check of CHECKS) {
      it(check.name, async (test) => {
        if (check.applies && !check.applies(candidate)) test.diagnostic('not asked of this kind of window');
        else await check.run(candidate);
      });
    }

    it('delivers exactly what the source has, in three pages or more', async () => {
      const pages = await readAll(candidate, candidate.window);
      assert.ok(pages.length >= 3);
      assert.deepEqual(keysOf(candidate, pages), candidate.keys);
    });

    it('wrong credentials, or a wrong place, fail the check as a matter of configuration', async () => {
      const intruder = candidate.intruder();
      await assert.rejects(intruder.check(), (error) => error instanceof HubError && error.kind === 'configuration');
      await intruder.close?.();
    });

    it('has a sample, and says in words what it does', async () => {
      const sample = await candidate.source.sample();
      assert.ok(sample.length > 0 && sample.every((record) => typeof record === 'object'));
      assert.ok(candidate.source.explain().length >= 3);
    });

    it('a source that is away is told as transient, and read to the end once it is back', async () => {
      const back = await candidate.away();
      try {
        await assert.rejects(
          readAll(candidate, candidate.window),
          (error) => error instanceof HubError && error.kind === 'transient' && error.cure !== undefined,
        );
      } finally {
        await back();
      }
      assert.deepEqual(keysOf(candidate, await readAll(candidate, candidate.window)), candidate.keys);
    });

    more(() => candidate);
  });
}

/** What a source does that misbehaves while it is read. */
export function misbehaving(
  candidate: () => Candidate & Faults,
  { mended, told }: { mended: string[]; told: string[] },
): void {
  for (const fault of mended) {
    it(`mends ${fault} by itself`, async () => {
      const subject = candidate();
      subject.disturb(fault, 1);
      try {
        assert.deepEqual(keysOf(subject, await readAll(subject, subject.window)), subject.keys);
      } finally {
        subject.calm();
      }
    });
  }

  for (const fault of told) {
    it(`tells ${fault} that does not end as transient, and never ends as if all were read`, async () => {
      const subject = candidate();
      subject.disturb(fault, 1_000_000);
      try {
        await assert.rejects(
          readAll(subject, subject.window),
          (error) => error instanceof HubError && error.kind === 'transient',
        );
      } finally {
        subject.calm();
      }
    });
  }

  it('a page that stays short is delivered and shows in the count', async () => {
    const subject = candidate();
    subject.disturb('short-page', 1_000_000);
    try {
      const keys = keysOf(subject, await readAll(subject, subject.window));
      assert.ok(keys.length < (await countOf(subject.source, subject.window)));
    } finally {
      subject.calm();
    }
  });
}
