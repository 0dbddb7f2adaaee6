import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { FAULTS } from '../../../domain/faults.ts';

const CONNECTORS = join(import.meta.dirname, '../../../connectors');
/** Of lists that no stream is of: commands and the log tell of them. */
const OF_NO_STREAM = ['target-unknown', 'catalog-unknown', 'disputes-unknown', 'roots-unreadable'];

describe('faults of sources', () => {
  it('all have their words in Chinese', async () => {
    const codes = new Set<string>();
    for await (const file of glob(join(CONNECTORS, '**/*.ts'))) {
      const text = readFileSync(file, 'utf8');
      for (const [, first = '', second] of text.matchAll(
        /code: (?:[^'\n]*\? )?'([a-z-]+)'(?: : '([a-z-]+)')?,\s*(?:zh|cure)/g,
      ))
        for (const code of [first, second]) if (code !== undefined) codes.add(code);
    }
    assert.ok(codes.size > 25, [...codes].join(' '));
    assert.deepEqual(
      [...codes].filter((code) => !(code in FAULTS) && !OF_NO_STREAM.includes(code)),
      [],
    );
  });
});
