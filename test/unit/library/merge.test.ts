import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mergeSources, type Precedence, type Sourced } from '../../../domain/library/merge.ts';

const record = (stream: string, at: number, change: Partial<Sourced> = {}): Sourced => ({
  identifier: null,
  typeCode: 'T',
  name: 'N',
  number: 'no-1',
  issuerName: null,
  issuerCode: null,
  issuedOn: '2026-01-01',
  effectiveOn: null,
  expiresOn: null,
  longTerm: false,
  holders: [],
  status: 'valid',
  rawStatus: '1',
  extension: {},
  stream,
  updatedAt: new Date(at),
  ...change,
});
const NONE: Precedence = { sources: [], fieldSources: {} };

describe('one certificate of several sources', () => {
  it('without precedence the latest change counts, and what it does not state comes from the others', () => {
    const { certificate, origin, conflicts } = mergeSources(
      [record('a', 1, { issuerName: '甲局', expiresOn: '2027-01-01' }), record('b', 2, { expiresOn: '2028-01-01' })],
      NONE,
    );
    assert.deepEqual([certificate.expiresOn, certificate.issuerName], ['2028-01-01', '甲局']);
    assert.deepEqual([origin.expiresOn, origin.issuerName], ['b', 'a']);
    assert.deepEqual(conflicts, [
      {
        field: 'expiresOn',
        values: [
          { stream: 'b', value: '2028-01-01' },
          { stream: 'a', value: '2027-01-01' },
        ],
      },
    ]);
  });

  it('precedence of a source, and of a field before it', () => {
    const records = [
      record('a', 1, { status: 'valid', expiresOn: '2027-01-01' }),
      record('b', 2, { status: 'cancelled', longTerm: true }),
    ];
    const merged = mergeSources(records, { sources: ['a', 'b'], fieldSources: { status: ['b'] } });
    assert.deepEqual(
      [merged.certificate.status, merged.certificate.expiresOn, merged.certificate.longTerm],
      ['cancelled', '2027-01-01', false],
    );
    assert.deepEqual(
      merged.conflicts.map(({ field }) => field),
      ['expiresOn', 'status'],
    );
  });

  it('streams that precedence does not name follow those that it names', () => {
    const records = [record('a', 1, { name: '甲' }), record('b', 3, { name: '乙' }), record('c', 2, { name: '丙' })];
    const [{ values } = assert.fail()] = mergeSources(records, { sources: ['a'], fieldSources: {} }).conflicts;
    assert.deepEqual(
      values.map(({ stream }) => stream),
      ['a', 'b', 'c'],
    );
  });

  it('a status keeps the source’s own word for it', () => {
    const records = [record('a', 1, { rawStatus: '正常' }), record('b', 2, { status: 'cancelled', rawStatus: '注销' })];
    const wordOf = (...sources: string[]): string | null =>
      mergeSources(records, { sources, fieldSources: {} }).certificate.rawStatus;
    assert.deepEqual([wordOf('a'), wordOf('b'), wordOf()], ['正常', '注销', '注销']);
  });

  it('fields of the face are kept of every source, and the first by precedence wins where several have one', () => {
    const records = [
      record('a', 1, { extension: { 面积: 90, 用途: '住宅' } }),
      record('b', 2, { extension: { 面积: 91, 楼层: 3 } }),
    ];
    const face = (...sources: string[]): unknown =>
      mergeSources(records, { sources, fieldSources: {} }).certificate.extension;
    assert.deepEqual(face(), { 面积: 91, 用途: '住宅', 楼层: 3 });
    assert.deepEqual(face('a'), { 面积: 90, 用途: '住宅', 楼层: 3 });
  });

  it('the same holders in another order are no conflict', () => {
    const [one, other] = ['H1', 'H2'].map((code) => ({ name: '甲', code, codeType: '099' }));
    const { conflicts } = mergeSources(
      [record('a', 1, { holders: [one!, other!] }), record('b', 2, { holders: [other!, one!] })],
      NONE,
    );
    assert.deepEqual(conflicts, []);
  });

  it('a source that deleted its record has no say, unless all have', () => {
    const records = [record('a', 1), record('b', 2, { status: 'deleted' })];
    assert.deepEqual(mergeSources(records, NONE).certificate.status, 'valid');
    assert.deepEqual(mergeSources(records, NONE).conflicts, []);
    assert.equal(mergeSources([record('b', 2, { status: 'deleted' })], NONE).certificate.status, 'deleted');
  });

  it('does not depend on the order in which records are found, and says of each field whose it is', () => {
    const date = fc.option(fc.constantFrom('2027-01-01', '2028-01-01'));
    const some = fc.record({
      at: fc.nat(3),
      expiresOn: date,
      longTerm: fc.boolean(),
      issuerName: fc.option(fc.constantFrom('甲', '乙')),
      status: fc.constantFrom('valid' as const, 'cancelled' as const, 'deleted' as const),
    });
    const records = fc
      .tuple(some, some, some)
      .map((given) => given.map(({ at, ...change }, index) => record('abc'.charAt(index), at, change)));
    const sources = fc.shuffledSubarray(['a', 'b', 'c']);
    fc.assert(
      fc.property(records, sources, sources, fc.nat(5), (given, first, ofStatus, turn) => {
        const precedence = { sources: first, fieldSources: { status: ofStatus } };
        const merged = mergeSources(given, precedence);
        const turned = [...given.slice(turn % 3), ...given.slice(0, turn % 3)];
        assert.deepEqual(mergeSources(turned.reverse(), precedence), merged);
        const owner = given.find(({ stream }) => stream === merged.origin.status);
        assert.equal(owner?.status, merged.certificate.status);
      }),
    );
  });
});
