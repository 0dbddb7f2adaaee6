import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page, Source } from '../../connectors/contract.ts';
import { HubError } from '../../domain/errors.ts';
import { halveWindow, type Window } from '../../domain/window.ts';

/** What a kind of connector brings to the suite that all of them must pass. */
export interface Subject {
  source: Source;
  /** The same, with credentials that the source does not accept. */
  intruder: () => Source;
  keyOf: (record: unknown) => string | null;
  /** A window with at least three pages of records. */
  window: Window;
  /** Keys of the records that the source has in the window, with repetitions, sorted. */
  keys: string[];
  /** Makes the source misbehave for its next requests, the first page excepted. */
  disturb: (fault: string, times: number) => void;
  calm: () => void;
  close: () => Promise<void>;
}

const NEVER = new AbortController().signal;
const NOTHING = { committed: new Map<number, string>(), total: null };

async function readAll(
  subject: Subject,
  window = subject.window,
  resume = NOTHING as { committed: ReadonlyMap<number, string>; total: number | null },
): Promise<Page[]> {
  const pages: Page[] = [];
  for await (const page of subject.source.read(window, resume, NEVER)) pages.push(page);
  return pages;
}

const keysOf = (subject: Subject, pages: Page[]): string[] =>
  pages.flatMap(({ records }) => records.map((record) => subject.keyOf(record) ?? '(none)')).sort();

/** Every kind of connector passes this, against a real source of its kind. */
export function acceptance(
  name: string,
  open: () => Promise<Subject>,
  faults: { mended: string[]; told: string[] },
): void {
  describe(`connector ${name}`, () => {
    let subject: Subject;
    before(async () => {
      subject = await open();
    });
    after(() => subject.close());

    it('check really asks for a page and a count', async () => {
      const report = await subject.source.check();
      assert.ok(report.records >= 0 && report.count >= 0);
      assert.ok(Math.abs(report.clockSkewMs) < 5_000);
    });

    it('wrong credentials fail the check as a matter of configuration', async () => {
      await assert.rejects(subject.intruder().check(), (error) => error instanceof HubError && error.kind !== 'system');
    });

    it('the count is what a read delivers, and every record comes once', async () => {
      const pages = await readAll(subject);
      assert.ok(pages.length >= 3);
      assert.deepEqual(keysOf(subject, pages), subject.keys);
      assert.equal(await subject.source.count(subject.window), subject.keys.length);
    });

    it('reading twice delivers the same', async () => {
      const [first, second] = [await readAll(subject), await readAll(subject)];
      assert.deepEqual(first.map(({ digest }) => digest).sort(), second.map(({ digest }) => digest).sort());
    });

    it('a read that was cut off after any page goes on with exactly the rest', async () => {
      const pages = await readAll(subject);
      for (let done = 0; done <= pages.length; done++) {
        const committed = new Map(pages.slice(0, done).map(({ number, digest }) => [number, digest]));
        const rest = await readAll(subject, subject.window, { committed, total: pages[0]?.total ?? null });
        assert.deepEqual(
          rest.map(({ number }) => number).sort((a, b) => a - b),
          pages
            .slice(done)
            .map(({ number }) => number)
            .sort((a, b) => a - b),
        );
      }
    });

    it('windows that meet share no record and miss none', async () => {
      if (subject.window.kind !== 'time') return;
      let windows = [subject.window];
      for (let depth = 0; depth < 3; depth++) windows = windows.flatMap((window) => halveWindow(window) ?? [window]);
      const keys: string[] = [];
      for (const window of windows) {
        const part = keysOf(subject, await readAll(subject, window));
        assert.equal(await subject.source.count(window), part.length);
        keys.push(...part);
      }
      assert.deepEqual(keys.sort(), subject.keys);
    });

    it('stops when it is told to', async () => {
      const stop = new AbortController();
      await assert.rejects(async () => {
        for await (const page of subject.source.read(subject.window, NOTHING, stop.signal)) {
          assert.ok(page.records.length > 0);
          stop.abort(new Error('stopped'));
        }
      });
    });

    it('describes the fields of its records', async () => {
      const fields = await subject.source.discover();
      assert.ok(fields.length > 5);
      assert.ok(fields.every(({ types, filled }) => types.length > 0 && filled >= 0 && filled <= 1));
    });

    for (const fault of faults.mended) {
      it(`mends ${fault} by itself`, async () => {
        subject.disturb(fault, 1);
        try {
          assert.deepEqual(keysOf(subject, await readAll(subject)), subject.keys);
        } finally {
          subject.calm();
        }
      });
    }

    for (const fault of faults.told) {
      it(`tells ${fault} that does not end as transient, and never ends as if all were read`, async () => {
        subject.disturb(fault, 1_000_000);
        try {
          await assert.rejects(readAll(subject), (error) => error instanceof HubError && error.kind === 'transient');
        } finally {
          subject.calm();
        }
      });
    }

    it('a page that stays short is delivered and shows in the count', async () => {
      subject.disturb('short-page', 1_000_000);
      try {
        const keys = keysOf(subject, await readAll(subject));
        assert.ok(keys.length < (await subject.source.count(subject.window)));
      } finally {
        subject.calm();
      }
    });
  });
}
