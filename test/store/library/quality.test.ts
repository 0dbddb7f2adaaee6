import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { RowBuffer } from '../../../connectors/mapping/row-buffer.ts';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { qualityOf, shareOf, type QualityCounts } from '../../../domain/supervision/figures.ts';
import { RULE_IDS, RULES, type Problem, type RuleId } from '../../../domain/library/validation.ts';
import { getBatch } from '../../../store/collection/batches.ts';
import { writePage } from '../../../store/collection/pages.ts';
import { recordsBreaking, STREAM_QUALITY, streamQuality } from '../../../store/library/quality.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { certificateWith, BASE_MS, newBatch, newStream, NOW } from '../../support/library.ts';

const figuresOf = (counts: QualityCounts) => ({
  completeness: shareOf(qualityOf(counts).completeness),
  accuracy: shareOf(qualityOf(counts).accuracy),
});
const problem = (rule: RuleId, field: string): Problem => ({ rule, field });

describe('completeness and accuracy', () => {
  let database: TestDatabase;
  let db: Knex;
  let stream: { id: number; name: string };
  let other: { id: number; name: string };
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    [stream, other] = [await newStream(db), await newStream(db)];
    // The second one was all that was configured then.
    await db('stream').update({ retired_at: null });
  });
  after(() => database.drop());

  let pages = 0;
  /** One page of records by key: those of the library with their flags, and refused ones. */
  async function deliver(
    to: { id: number },
    held: [key: string, flags: Problem[], status?: string][],
    refused: [key: string | null, problems: Problem[]][],
  ): Promise<void> {
    pages += 1;
    const updatedAt = shanghaiInstant(BASE_MS + pages * 1000);
    const rows = new RowBuffer();
    for (const [key, flags, status = 'valid'] of held) {
      const certificate = certificateWith({ number: key, status, extension: { page: pages } });
      rows.append(JSON.stringify(certificate), key, updatedAt, flags);
    }
    await writePage(
      db,
      await getBatch(db, await newBatch(db, to.id, held.length + refused.length)),
      {
        number: 0,
        digest: String(pages),
        read: held.length + refused.length,
        rows: rows.toJson(),
        deleted: [],
        rejected: refused.map(([key, problems], index) => ({
          key,
          updatedAt,
          problems,
          raw: `{"page":${pages},"n":${index}}`,
          rawEncoding: 'json',
        })),
        position: null,
      },
      { untimed: false, snapshot: false },
      NOW,
    );
  }

  it('every rule counts against one of them, but those through no fault of the record', () => {
    for (const rule of RULE_IDS) assert.equal(RULES[rule].dimension === null, RULES[rule].severity === 'wait', rule);
  });

  it('are nothing of a stream without records, and whole where nothing is wrong', async () => {
    assert.deepEqual(
      (await streamQuality(db)).map((counts) => [counts.stream, counts.records, figuresOf(counts)]),
      [stream, other].map(({ name }) => [name, 0, { completeness: null, accuracy: null }]),
    );
    await deliver(other, [['a', []]], []);
    const [whole] = await streamQuality(db, { stream: other.name });
    assert.ok(whole);
    assert.deepEqual([whole.records, whole.rules, figuresOf(whole)], [1, [], { completeness: 1, accuracy: 1 }]);
  });

  it('are counted over records, each once, whatever is wrong with it and wherever it is', async () => {
    const check = problem('holder-code-check', 'holders[0].code');
    await deliver(
      stream,
      [
        ['sound-1', []],
        ['sound-2', []],
        ['flagged', [check, problem('name-differs', 'name')]],
        ['flagged-and-refused', [check]],
        ['deleted', [check], 'deleted'],
      ],
      [],
    );
    await deliver(
      stream,
      [],
      [
        // Its older version is in the library: one record.
        ['flagged-and-refused', [problem('date-invalid', 'issuedOn')]],
        // Three holders without a code are one required field.
        ['no-codes', ['0', '1', '2'].map((index) => problem('holder-code-missing', `holders[${index}].code`))],
        ['empty', [problem('required-missing', 'name'), problem('required-missing', 'issuedOn')]],
        // Two fields of the face are one, and the code is wrong as well.
        ['face', ['x', 'y'].map((name) => problem('face-missing', `extension.${name}`)).concat(check)],
        [null, [problem('required-missing', 'key')]],
        [null, [problem('not-a-record', '')]],
        ['waits', [problem('type-unlisted', 'typeCode')]],
      ],
    );
    const [counts, ...others] = await streamQuality(db, { stream: stream.name });
    assert.deepEqual(others, []);
    assert.ok(counts);
    const { rules, ...rest } = counts;
    assert.deepEqual(rest, {
      stream: stream.name,
      unit: 'U',
      unitCode: 'U',
      held: 5,
      rejects: 6,
      waiting: 1,
      records: 10,
      incomplete: 4,
      inaccurate: 4,
      missingFields: 5,
    });
    assert.deepEqual(figuresOf(counts), { completeness: 105 / 110, accuracy: 0.6 });
    assert.deepEqual(
      rules.map(({ rule, records }) => `${rule} ${records}`),
      [
        'holder-code-check 3',
        'required-missing 2',
        'date-invalid 1',
        'face-missing 1',
        'holder-code-missing 1',
        'name-differs 1',
        'not-a-record 1',
      ],
    );
  });

  it('lead down to the records that break a rule', async () => {
    const named = async (rule: RuleId, limit = 100): Promise<string[]> =>
      (await recordsBreaking(db, [rule], { stream: stream.name, limit })).map(
        ({ key, reject, fields }) => `${String(key)} ${reject === null ? 'held' : 'refused'} ${fields.join(',')}`,
      );
    assert.deepEqual(await named('holder-code-check'), [
      'face refused holders[0].code',
      'flagged held holders[0].code',
      'flagged-and-refused held holders[0].code',
    ]);
    assert.deepEqual(await named('holder-code-check', 1), ['face refused holders[0].code']);
    assert.deepEqual(await named('required-missing'), ['empty refused issuedOn,name', 'null refused key']);
    assert.deepEqual(await named('type-unlisted'), []);
    assert.deepEqual(await recordsBreaking(db, ['required-missing'], { stream: other.name, limit: 1 }), []);
  });

  it('get better when a record is corrected', async () => {
    await deliver(
      stream,
      [
        ['empty', []],
        ['flagged-and-refused', []],
      ],
      [],
    );
    const [counts] = await streamQuality(db, { stream: stream.name });
    assert.ok(counts);
    assert.deepEqual(
      [counts.held, counts.rejects, counts.records, counts.incomplete, counts.inaccurate, counts.missingFields],
      [6, 4, 10, 3, 3, 3],
    );
  });

  it('read flagged certificates by their own index, and no others', () =>
    db.transaction(async (trx) => {
      await trx.raw('SET LOCAL enable_seqscan = off');
      const { rows } = await trx.raw<{ rows: { 'QUERY PLAN': string }[] }>(`EXPLAIN ${STREAM_QUALITY}`, {
        stream: null,
        unit: null,
        units: null,
        from: null,
        to: null,
        waiting: [],
        dimensions: '{}',
        fields: [],
      });
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      assert.match(plan, /certificate_flagged/);
      assert.doesNotMatch(plan, /Seq Scan on certificate/);
    }));
});
