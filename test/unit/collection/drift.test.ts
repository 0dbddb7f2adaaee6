import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inboxConnectorSchema } from '../../../settings/kinds/inbox.ts';
import type { StreamConfig } from '../../../settings/kinds/stream.ts';
import {
  census,
  driftProblems,
  findDrift,
  learn,
  typesOf,
  type Drift,
  type FieldCensus,
} from '../../../connectors/mapping/drift.ts';
import { openContract, type FieldMemory } from '../../../connectors/mapping/source-contract.ts';
import { HubError } from '../../../domain/errors.ts';

type Contract = StreamConfig['contract'];
const every = (action: Contract['added']): Contract => ({ added: action, missing: action, retyped: action });
const KNOWN = [
  { id: '1', n: 1, list: [] },
  { id: '2', n: 2, list: [1], extra: null },
];

/** Field → its types, with a question mark where not every record has it. */
const shown = (fields: FieldCensus): Record<string, string> =>
  Object.fromEntries(
    [...fields].map(([name, { types, always }]) => [name, `${typesOf(types).join('|')}${always ? '' : '?'}`]),
  );

describe('the fields of some records', () => {
  it('have the types that were seen, and whether every record has them', () => {
    const records = [
      { text: 'a', number: 1, flag: true, list: [1], object: { a: 1 }, nothing: null, mixed: 1, some: 1 },
      { text: 'b', number: 2, flag: false, list: [], object: {}, nothing: null, mixed: 'x' },
    ];
    assert.deepEqual(shown(census(records)), {
      text: 'string',
      number: 'number',
      flag: 'boolean',
      list: 'list',
      object: 'object',
      nothing: '',
      mixed: 'string|number',
      some: 'number?',
    });
  });

  it('that are null everywhere have no type yet', () => {
    assert.deepEqual(shown(census([{ a: null }, { a: undefined }])), { a: '' });
  });

  it('of what is no record are none', () => assert.deepEqual(shown(census(['a', null, 1])), {}));

  it('are always there, whatever else is no record', () => {
    assert.deepEqual(shown(census([{ a: 1 }, 'text', null])), { a: 'number' });
  });
});

describe('what differs from the fields that are known', () => {
  const drifts = (records: unknown[], contract = every('warn')): string[] =>
    findDrift(census(KNOWN), census(records), contract).map(
      ({ field, change, detail, action }) => `${action} ${field} ${change}: ${detail}`,
    );

  it('is nothing where records are as before, lack what some lacked, or have null', () => {
    assert.deepEqual(drifts(KNOWN), []);
    assert.deepEqual(drifts([{ id: null, n: 3, list: [] }]), []);
    assert.deepEqual(drifts([]), []);
    assert.deepEqual(drifts(['text']), []);
  });

  it('is what is new, gone, or of another type', () => {
    assert.deepEqual(drifts([{ id: 1, n: 1, new: true }]), [
      'warn id retyped: string became number',
      'warn new added: boolean',
      'warn list missing: list',
    ]);
  });

  it('is told as the contract takes each, and not at all where it is accepted', () => {
    const contract: Contract = { added: 'accept', missing: 'reject', retyped: 'stop' };
    assert.deepEqual(drifts([{ id: 1, n: 1, new: true }], contract), [
      'stop id retyped: string became number',
      'reject list missing: list',
    ]);
    assert.deepEqual(drifts([{ new: 1 }], every('accept')), []);
  });

  it('is no type where there was only null', () => assert.deepEqual(drifts([{ ...KNOWN[0], extra: 'now' }]), []));
});

describe('records that are to be rejected', () => {
  const known = census([{ id: 'a', n: 1 }]);
  const problems = (records: unknown[], action: Drift['action']): [number, string[]][] =>
    [...driftProblems(known, findDrift(known, census(records), every(action)), records)].map(([index, found]) => [
      index,
      found.map(({ rule, field }) => `${rule} ${field}`),
    ]);

  it('are those with a new field or another type, and all where a field is missing', () => {
    const records = [{ id: 'a', n: 1 }, { id: 1, n: 2 }, { id: 'b', n: 3, new: null }, 'text', { id: 2, n: 'x' }];
    assert.deepEqual(problems(records, 'reject'), [
      [1, ['field-retyped id']],
      [4, ['field-retyped id', 'field-retyped n']],
      [2, ['field-added new']],
    ]);
    assert.deepEqual(problems([{ id: 'a' }, 'text', { id: 'b' }], 'reject'), [
      [0, ['field-missing n']],
      [2, ['field-missing n']],
    ]);
  });

  it('are none where drifts are only told', () => assert.deepEqual(problems([{ id: 1, new: 1 }], 'warn'), []));
});

describe('learning', () => {
  it('adds fields and types, and knows what is no news', () => {
    const known: FieldCensus = new Map();
    assert.equal(learn(known, census([{ a: 1, b: 'x' }]), false), true);
    assert.equal(learn(known, census([{ a: 2, b: 'y' }]), false), false);
    assert.equal(learn(known, census([{ a: 'now text', b: 'y' }]), false), true);
    assert.deepEqual(shown(known), { a: 'string|number', b: 'string' });
  });

  it('until it is settled, a field that a page lacks, or an earlier one lacked, is not always there', () => {
    const known: FieldCensus = new Map();
    learn(known, census([{ a: 1, b: 1 }]), false);
    learn(known, census([{ a: 1, c: 1 }]), false);
    assert.deepEqual(shown(known), { a: 'number', b: 'number?', c: 'number?' });
  });

  it('once it is settled, a field that is missing stays known', () => {
    const known = census([{ a: 1, b: 1 }]);
    assert.equal(learn(known, census([{ a: 1 }]), true), false);
    assert.deepEqual(shown(known), { a: 'number', b: 'number' });
  });

  it('nothing from a page without records', () => {
    const known = census([{ a: 1 }]);
    assert.equal(learn(known, census([]), false), false);
    assert.deepEqual(shown(known), { a: 'number' });
  });
});

describe('a stream’s contract with its source', () => {
  class Memory implements FieldMemory {
    fields: FieldCensus = new Map();
    settled = false;
    saves = 0;
    drifts: string[] = [];
    load(): Promise<{ fields: FieldCensus; settled: boolean }> {
      return Promise.resolve({ fields: structuredClone(this.fields), settled: this.settled });
    }
    saveFields(fields: FieldCensus): Promise<void> {
      this.saves += 1;
      this.fields = structuredClone(fields);
      return Promise.resolve();
    }
    saveDrifts(drifts: readonly Drift[]): Promise<void> {
      this.drifts.push(...drifts.map(({ field, change, action }) => `${action} ${field} ${change}`));
      return Promise.resolve();
    }
  }

  const streamOf = (contract: Partial<Contract>): StreamConfig =>
    inboxConnectorSchema.parse({
      name: '市园林局',
      unit: '11320200014006438B',
      kind: 'inbox',
      token: { env: 'T' },
      streams: [{ id: 'park-permits', record: { key: 'id', updatedAt: 'at' }, status: {}, contract }],
    }).streams[0]!;

  /** A memory of KNOWN, as a complete batch leaves it. */
  async function settled(): Promise<Memory> {
    const memory = new Memory();
    await (
      await openContract(streamOf({}), memory)
    )(KNOWN);
    memory.settled = true;
    return memory;
  }
  const DRIFTED = [
    { id: 1, n: 1, new: 1 },
    { id: '3', n: 3 },
  ];

  it('learns the first batch without a word, whatever it says', async () => {
    const memory = new Memory();
    const look = await openContract(streamOf(every('stop')), memory);
    for (const records of [KNOWN, DRIFTED, [{ other: 1 }]]) assert.deepEqual(await look(records), new Map());
    assert.deepEqual(memory.drifts, []);
    assert.deepEqual(shown(memory.fields), {
      id: 'string|number?',
      n: 'number?',
      list: 'list?',
      extra: '?',
      new: 'number?',
      other: 'number?',
    });
  });

  it('saves only what is news', async () => {
    const memory = await settled();
    const look = await openContract(streamOf({}), memory);
    const { saves } = memory;
    await look(KNOWN);
    assert.equal(memory.saves, saves);
    await look([{ ...KNOWN[0], new: 1 }]);
    assert.equal(memory.saves, saves + 1);
  });

  it('accept: takes what comes, tells nothing, and knows it from then on', async () => {
    const memory = await settled();
    const look = await openContract(streamOf(every('accept')), memory);
    assert.deepEqual(await look(DRIFTED), new Map());
    assert.deepEqual(memory.drifts, []);
    assert.deepEqual(shown(memory.fields).id, 'string|number');
  });

  it('warn: takes what comes, and tells what is new once, what is missing each time', async () => {
    const memory = await settled();
    const look = await openContract(streamOf(every('warn')), memory);
    assert.deepEqual(await look(DRIFTED), new Map());
    assert.deepEqual(memory.drifts, ['warn id retyped', 'warn new added', 'warn list missing']);
    await look(DRIFTED);
    assert.deepEqual(memory.drifts.slice(3), ['warn list missing']);
  });

  it('reject: rejects the records concerned, each time', async () => {
    const memory = await settled();
    const look = await openContract(streamOf({ ...every('accept'), added: 'reject', retyped: 'reject' }), memory);
    for (let read = 0; read < 2; read++) {
      const found = await look(DRIFTED);
      assert.deepEqual([...found.keys()], [0]);
      assert.deepEqual(
        found
          .get(0)
          ?.map(({ rule, field }) => `${rule} ${field}`)
          .sort(),
        ['field-added new', 'field-retyped id'],
      );
    }
    assert.deepEqual(shown(memory.fields).id, 'string');
  });

  it('reject: rejects all records that lack what all had', async () => {
    const memory = await settled();
    const look = await openContract(streamOf({ missing: 'reject' }), memory);
    const found = await look([
      { id: '3', n: 3 },
      { id: '4', n: 4 },
    ]);
    assert.deepEqual([...found.keys()], [0, 1]);
  });

  it('a page on which only some records lack a field does not hide that it is missing from then on', async () => {
    const memory = await settled();
    const look = await openContract(streamOf({ missing: 'reject' }), memory);
    const lacking = { id: '4', n: 4 };
    assert.deepEqual(await look([{ ...lacking, list: [] }, lacking]), new Map());
    assert.deepEqual([...(await look([lacking])).keys()], [0]);
  });

  it('stop: is a configuration error that names the field and its types, and learns nothing', async () => {
    const memory = await settled();
    const before = shown(memory.fields);
    const look = await openContract(streamOf({ retyped: 'stop' }), memory);
    for (let read = 0; read < 2; read++) {
      await assert.rejects(
        look([{ id: 4711, n: 1, list: [] }]),
        (error) =>
          error instanceof HubError &&
          error.kind === 'configuration' &&
          error.code === 'source-contract' &&
          error.message === 'park-permits: the source’s field id is retyped (string became number)' &&
          error.cure !== undefined,
      );
    }
    assert.deepEqual(memory.drifts, ['stop id retyped', 'stop id retyped']);
    assert.deepEqual(shown(memory.fields), before);
  });
});
