import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inboxConnectorSchema } from '../../../settings/kinds/inbox.ts';
import type { StreamConfig } from '../../../settings/kinds/stream.ts';
import type { RecordHints } from '../../../connectors/contract.ts';
import { runExamples } from '../../../connectors/mapping/examples.ts';
import { compileMapping, type PageContext } from '../../../connectors/mapping/compile.ts';
import type { MappedPage } from '../../../connectors/mapping/placing.ts';
import type { RuleId } from '../../../domain/library/validation.ts';

type Row = Record<string, unknown> & { key: string; updatedAt: string; extension: Record<string, unknown> };
type Json = Record<string, unknown>;

const READ_AT = '2026-11-22T12:00:00+08:00';
const GOOD = {
  id: 'R1',
  gxsj: '2026-11-22 10:00:00',
  zt: '1',
  ZZMC: '公园占用许可证',
  ZZLXDM: '11100000000013338W011',
  ZZBH: '锡园(2026)12',
  ZZBFRQ: '2026-11-20',
  CZZT: '无锡某某园林有限公司',
  CZZTDM: '91460100MA5THWMM2J',
  CZZTDMLXDM: '001',
  KZ_SZ: '银杏',
};

/** A stream that reads GOOD, with other rules for its records. */
function streamOf(record: object = {}, more: object = {}): StreamConfig {
  const config = inboxConnectorSchema.parse({
    name: '市园林局',
    unit: '11320200014006438B',
    kind: 'inbox',
    token: { env: 'T' },
    streams: [
      {
        id: 'park-permits',
        record: { key: 'id', updatedAt: 'gxsj', ...record },
        status: { field: 'zt', values: { '1': 'valid' }, deleted: { field: 'op', values: ['D'] } },
        ...more,
      },
    ],
  });
  return config.streams[0]!;
}

const mapAll = (
  records: unknown[],
  stream: StreamConfig,
  { hints, ...context }: Partial<PageContext> & { hints?: RecordHints } = {},
): MappedPage =>
  compileMapping(stream, hints).map({ records, undecodable: new Map() }, { readAt: READ_AT, ...context });
const rowsOf = ({ rows }: MappedPage): Row[] => JSON.parse(rows.toJson().toString()) as Row[];

/** The row that a record becomes. */
function accepted(change: Json, record: object = {}, hints?: RecordHints): Row {
  const page = mapAll([{ ...GOOD, ...change }], streamOf(record), hints && { hints });
  assert.deepEqual(page.rejected, []);
  return rowsOf(page)[0] ?? assert.fail('no row');
}
/** The rules and fields by which a record is rejected. */
function refused(change: Json, record: object = {}, hints?: RecordHints): [RuleId, string][] {
  const page = mapAll([{ ...GOOD, ...change }], streamOf(record), hints && { hints });
  assert.deepEqual(rowsOf(page), []);
  return (page.rejected[0]?.problems ?? []).map(({ rule, field }) => [rule, field]);
}

describe('rules for fields', () => {
  it('a constant is the value, whatever the record says', () => {
    const fields = { issuerName: { constant: '无锡市园林局' }, number: { constant: '7' } };
    const { issuerName, number } = accepted({ ZZBFJG: '别处' }, { fields });
    assert.deepEqual([issuerName, number], ['无锡市园林局', '7']);
  });

  it('a default stands in for what is empty, and for nothing else', () => {
    const fields = { issuerName: { from: 'org', default: '无锡市园林局' } };
    for (const org of ['', null, undefined]) assert.equal(accepted({ org }, { fields }).issuerName, '无锡市园林局');
    assert.equal(accepted({ org: '苏州市园林局' }, { fields }).issuerName, '苏州市园林局');
  });

  it('a default stands in for the words that mean empty', () => {
    const fields = { issuerName: { from: 'org', default: '无锡市园林局' } };
    for (const org of ['  ', 'null', 'NULL', 'undefined'])
      assert.equal(accepted({ org }, { fields }).issuerName, '无锡市园林局', org);
  });

  it('a default and a lookup without a name work on the field’s standard name', () => {
    assert.equal(accepted({ ZZMC: '' }, { fields: { name: { default: '许可证' } } }).name, '许可证');
    assert.equal(accepted({ zzmc: 'A', ZZMC: undefined }, { fields: { name: { lookup: { A: '甲' } } } }).name, '甲');
  });

  it('a lookup translates texts and numbers, and leaves alone what it lacks', () => {
    const fields = { name: { from: 'kind', lookup: { '1': '甲证', '2': '乙证' } } };
    assert.equal(accepted({ kind: '1' }, { fields }).name, '甲证');
    assert.equal(accepted({ kind: 2 }, { fields }).name, '乙证');
    assert.equal(accepted({ kind: ' 2 ' }, { fields }).name, '乙证');
    assert.equal(accepted({ kind: '丙证' }, { fields }).name, '丙证');
  });

  it('a lookup translates its default too', () => {
    const fields = { name: { from: 'kind', default: '1', lookup: { '1': '甲证' } } };
    assert.equal(accepted({}, { fields }).name, '甲证');
  });

  it('a field within another is read by its path, and what holds it is kept', () => {
    const { issuerName, extension } = accepted({ org: { name: '园林局' } }, { fields: { issuerName: 'org.name' } });
    assert.deepEqual([issuerName, extension.org], ['园林局', { name: '园林局' }]);
  });
});

describe('the issuer’s review', () => {
  const flagsOf = (row: Row): RuleId[] => ((row.flags ?? []) as { rule: RuleId }[]).map(({ rule }) => rule);

  it('is remarked where a record does not say it, and the field stays what it is', () => {
    const any = { review: { field: 'shr' } };
    const some = { review: { field: 'sh.jg', values: ['通过'] } };
    assert.deepEqual(flagsOf(accepted({ shr: '王工' }, any)), []);
    assert.equal(accepted({ shr: '王工' }, any).extension.shr, '王工');
    assert.deepEqual(flagsOf(accepted({ shr: ' ' }, any)), ['review-missing']);
    assert.deepEqual(flagsOf(accepted({}, any)), ['review-missing']);
    assert.deepEqual(flagsOf(accepted({ sh: { jg: '通过' } }, some)), []);
    assert.deepEqual(flagsOf(accepted({ sh: { jg: '待审' } }, some)), ['review-missing']);
    assert.deepEqual(flagsOf(accepted({})), []);
  });
});

describe('dates', () => {
  it('that could be read both ways are read in the order that is told', () => {
    const read = (dates: string, text: string): unknown =>
      accepted({ d: text }, { fields: { issuedOn: { from: 'd', dates } } }).issuedOn;
    assert.equal(read('dmy', '03/04/2026'), '2026-04-03');
    assert.equal(read('mdy', '03/04/2026'), '2026-03-04');
    assert.equal(read('dmy', '3.4.2026'), '2026-04-03');
    assert.equal(read('mdy', '2026-11-20'), '2026-11-20');
  });

  it('that could be read both ways are refused where no order is told, or the other one fits', () => {
    assert.deepEqual(refused({ ZZBFRQ: '03/04/2026' }), [['date-invalid', 'issuedOn']]);
    const fields = { issuedOn: { from: 'd', dates: 'mdy' } };
    assert.deepEqual(refused({ d: '13/04/2026' }, { fields }), [['date-invalid', 'issuedOn']]);
  });

  it('that are serial numbers of a spreadsheet are refused by a name of their own', () => {
    for (const value of ['46346', 46346, '46346.5'])
      assert.deepEqual(refused({ ZZBFRQ: value }), [['serial-date', 'issuedOn']]);
    assert.deepEqual(refused({ ZZBFRQ: '1234' }), [['date-invalid', 'issuedOn']]);
  });
});

describe('codes', () => {
  it('in scientific notation have lost digits', () => {
    for (const value of ['3.20211E+17', '3.2E17', 1.2e21])
      assert.deepEqual(refused({ CZZTDM: value, CZZTDMLXDM: '099' }), [['digits-lost', 'holders[0].code']]);
    assert.deepEqual(refused({ ZZBH: '1.23457E+11' }), [['digits-lost', 'number']]);
    assert.equal(accepted({ ZZBH: '3E1' }).number, '3E1');
  });

  const hints: RecordHints = { numbers: ['ZZLXDM', 'serial'] };
  it('in number cells may have lost zeros, unless their column is known to hold numbers', () => {
    const fields = { number: 'serial', holderCode: 'code' };
    const numeric = { code: 320211000123456, serial: 12, CZZTDMLXDM: '099' };
    assert.deepEqual(refused(numeric, { fields }, hints), [['code-as-number', 'holders[0].code']]);
    assert.equal(accepted({ ...numeric, code: '320211000123456' }, { fields }, hints).number, '12');
    assert.deepEqual(
      refused(numeric, { fields }, { numbers: [] })
        .map(([, field]) => field)
        .sort(),
      ['holders[0].code', 'number'],
    );
  });

  it('in number cells are refused once, with the number that was found', () => {
    const page = mapAll([{ ...GOOD, ser: 12 }], streamOf({ fields: { number: 'ser' } }), { hints });
    assert.deepEqual(page.rejected[0]?.problems, [{ rule: 'code-as-number', field: 'number', found: '12' }]);
  });

  it('in number cells of their standard names are refused as well', () => {
    assert.deepEqual(refused({ ZZBH: 12 }, {}, hints), [['code-as-number', 'number']]);
  });

  it('as numbers of other kinds of source are taken', () => assert.equal(accepted({ ZZBH: 12 }).number, '12'));
});

describe('several holders', () => {
  const split = { holders: { split: '、;' } };
  const names = (row: Row): unknown => row.holders;

  it('that stand in one text are split, with one type for all or one for each', () => {
    const two = { CZZT: '甲公司、乙公司', CZZTDM: '91460100MA5THWMM2J;11430000006122244L' };
    const expected = [
      { name: '甲公司', code: '91460100MA5THWMM2J', codeType: '001' },
      { name: '乙公司', code: '11430000006122244L', codeType: '001' },
    ];
    assert.deepEqual(names(accepted(two, split)), expected);
    assert.deepEqual(names(accepted({ ...two, CZZTDMLXDM: '001、001' }, split)), expected);
    assert.deepEqual(names(accepted({}, split)), [
      { name: '无锡某某园林有限公司', code: '91460100MA5THWMM2J', codeType: '001' },
    ]);
  });

  it('are rejected when there are not as many codes as names', () => {
    const unequal: RuleId = 'holders-unequal';
    const rules = (change: Json): string[] => refused(change, split).map(([rule]) => rule);
    assert.deepEqual(rules({ CZZT: '甲公司、乙公司' }), [unequal]);
    assert.deepEqual(rules({ CZZTDM: '91460100MA5THWMM2J、11430000006122244L' }), [unequal]);
    assert.deepEqual(rules({ CZZTDMLXDM: '001、001' }), [unequal]);
  });

  it('are rejected when one of them has no name', () => {
    const codes = { CZZTDM: '91460100MA5THWMM2J;11430000006122244L;91460100MA5THWMM2J' };
    for (const none of ['', 'NULL', '无', '\u200b'])
      assert.deepEqual(
        refused({ ...codes, CZZT: `甲公司、${none}、丙公司` }, split).map(([rule, field]) => `${rule} ${field}`),
        ['required-missing holders[1].name'],
        none,
      );
  });

  it('split at characters that mean something to regular expressions', () => {
    const marks = { holders: { split: ']^-|\\' } };
    const row = accepted({ CZZT: '甲]乙^丙-丁|戊\\己', CZZTDM: 'a]b^c-d|e\\f', CZZTDMLXDM: '099' }, marks);
    assert.deepEqual(
      (row.holders as { name: string }[]).map(({ name }) => name),
      ['甲', '乙', '丙', '丁', '戊', '己'],
    );
  });

  const list = [
    { CZZT: '甲公司', CZZTDM: '91460100MA5THWMM2J', CZZTDMLXDM: 'ORG' },
    { CZZT: '乙公司', CZZTDM: '11430000006122244L', CZZTDMLXDM: 'ORG' },
  ];
  const listed = { holders: 'all', codeTypes: { ORG: '001' } };
  it('are read from a list, also from one that is JSON text', () => {
    assert.deepEqual(
      accepted({ all: list }, listed).holders,
      accepted({ all: ` ${JSON.stringify(list)}` }, listed).holders,
    );
    assert.deepEqual(
      (accepted({ all: list }, listed).holders as { codeType: string }[]).map(({ codeType }) => codeType),
      ['001', '001'],
    );
  });

  it('are read from the record itself where the list is empty or no list', () => {
    for (const all of [[], '[]', '[', undefined])
      assert.equal((accepted({ all }, listed).holders as { name: string }[])[0]?.name, GOOD.CZZT);
  });

  it('of a list that are no objects are told as missing', () => {
    const rules = refused({ all: ['甲公司'] }, listed);
    assert.deepEqual(rules, [['required-missing', 'holders[0].name']]);
  });
});

describe('the extension', () => {
  it('has every other field under its own name', () => {
    assert.deepEqual(accepted({ KZ_A: 1, b: { c: [1] } }).extension, { KZ_A: 1, KZ_SZ: '银杏', b: { c: [1] } });
  });

  it('renames fields, and leaves some at the source', () => {
    const extension = { rename: { tree: 'KZ_SZ2' }, leave: ['internal'] };
    assert.deepEqual(accepted({ tree: '香樟', internal: 'x' }, { extension }).extension, {
      KZ_SZ: '银杏',
      KZ_SZ2: '香樟',
    });
    assert.deepEqual(accepted({}, { extension }).extension, { KZ_SZ: '银杏' });
  });

  it('does not lose a field in whose place another is renamed', () => {
    const extension = { rename: { a: 'b', b: 'a' } };
    assert.deepEqual(accepted({ a: 1, b: 2 }, { extension }).extension, { KZ_SZ: '银杏', a: 2, b: 1 });
  });

  it('is without what belongs to the way of delivery', () => {
    assert.deepEqual(accepted({ rowNumber: 3 }, {}, { ignore: ['rowNumber'] }).extension, { KZ_SZ: '银杏' });
  });
});

describe('deletions', () => {
  const stream = streamOf();
  const bare = (id: string, at = '2026-11-22 11:00:00'): Json => ({ id, gxsj: at, op: 'D' });
  const keysOf = (page: MappedPage): string[] => rowsOf(page).map(({ key }) => key);

  it('need no more than a key and a time', () => {
    const page = mapAll([bare('R1')], stream);
    assert.deepEqual([keysOf(page), page.rejected, page.outcomes], [[], [], [null]]);
    assert.deepEqual(page.deleted, [{ key: 'R1', updatedAt: '2026-11-22T11:00:00+08:00' }]);
  });

  it('that have a whole record are a row with the state deleted', () => {
    const page = mapAll([{ ...GOOD, op: 'D' }], stream);
    assert.deepEqual([rowsOf(page)[0]?.status, page.deleted], ['deleted', []]);
  });

  it('without a key, or with a time that is none, are rejected', () => {
    const page = mapAll([{ gxsj: '2026-11-22 11:00:00', op: 'D' }, bare('R1', 'gestern')], stream);
    assert.deepEqual(
      page.rejected.map(({ problems }) => problems.some(({ field }) => field === 'key' || field === 'updatedAt')),
      [true, true],
    );
    assert.deepEqual(page.deleted, []);
  });

  it('are undone by what follows for their key on the same page, and undo nothing that follows', () => {
    const back = mapAll([bare('R1', '2026-11-22 09:00:00'), GOOD], stream);
    const replaced = { key: 'R1', updatedAt: '2026-11-22T09:00:00+08:00', replaced: true };
    assert.deepEqual([keysOf(back), back.deleted], [['R1'], [replaced]]);
    const gone = mapAll([GOOD, bare('R1'), bare('R2')], stream);
    assert.deepEqual(keysOf(gone), ['R1']);
    assert.deepEqual(
      gone.deleted.map(({ key }) => key),
      ['R1', 'R2'],
    );
  });

  it('are not undone by what is older, be it a version or another deletion', () => {
    const page = mapAll([bare('R1'), GOOD, bare('R1', '2026-11-22 09:00:00')], stream);
    assert.deepEqual(keysOf(page), ['R1']);
    const older = { key: 'R1', updatedAt: '2026-11-22T09:00:00+08:00', replaced: true };
    assert.deepEqual(page.deleted, [{ key: 'R1', updatedAt: '2026-11-22T11:00:00+08:00' }, older]);
  });

  it('stay where what follows is rejected', () => {
    const page = mapAll([bare('R1'), { ...GOOD, zt: '?' }], stream);
    assert.deepEqual([page.deleted.length, page.rejected.length], [1, 1]);
  });

  it('are known by the kind’s own mark where the stream tells none', () => {
    const plain = streamOf({}, { status: { field: 'zt', values: { '1': 'valid' } } });
    const hints: RecordHints = { deleted: { field: 'operation', values: ['delete'] } };
    const page = mapAll([{ id: 'R1', gxsj: '2026-11-22 11:00:00', operation: 'delete' }], plain, { hints });
    assert.deepEqual(
      page.deleted.map(({ key }) => key),
      ['R1'],
    );
  });
});

describe('records without a time of their own', () => {
  const untimed = streamOf({ updatedAt: undefined });

  it('have the time at which they were read, deletions too', () => {
    const page = mapAll(
      [
        { ...GOOD, gxsj: undefined },
        { id: 'R2', op: 'D' },
      ],
      untimed,
    );
    assert.deepEqual(
      rowsOf(page).map(({ updatedAt }) => updatedAt),
      [READ_AT],
    );
    assert.deepEqual(page.deleted, [{ key: 'R2', updatedAt: READ_AT }]);
  });

  it('have the same content whenever they are read', () => {
    const [early, late] = ['2026-11-22T12:00:00+08:00', '2026-11-23T12:00:00+08:00'].map(
      (readAt) => rowsOf(mapAll([GOOD], untimed, { readAt }))[0]?.hash,
    );
    assert.equal(early, late);
  });

  it('that are rejected before they are mapped have that time too', () => {
    const found = new Map([[0, [{ rule: 'field-added', field: 'x' } as const]]]);
    const rejected = (stream: StreamConfig): (string | null)[] =>
      mapAll([GOOD], stream, { found }).rejected.map(({ updatedAt }) => updatedAt);
    assert.deepEqual(rejected(streamOf()), ['2026-11-22T10:00:00+08:00']);
    assert.deepEqual(rejected(untimed), [READ_AT]);
  });
});

describe('problems that were found before the mapping', () => {
  it('reject their records and no others', () => {
    const found = new Map([[1, [{ rule: 'field-retyped', field: 'x' } as const]]]);
    const page = mapAll([GOOD, { ...GOOD, id: 'R2' }, { ...GOOD, id: 'R3' }], streamOf(), { found });
    assert.deepEqual(
      rowsOf(page).map(({ key }) => key),
      ['R1', 'R3'],
    );
    assert.deepEqual(page.outcomes, [null, found.get(1), null]);
    assert.equal(page.rejected[0]?.key, 'R2');
  });
});

describe('examples', () => {
  const faults = (example: object, record: object = {}): string[] => {
    const stream = streamOf(record, { examples: [{ input: GOOD, ...example }] });
    return runExamples(stream, compileMapping(stream).map);
  };

  it('that hold say nothing', () => {
    assert.deepEqual(
      faults({ expected: { number: '锡园(2026)12', status: 'valid', extension: { KZ_SZ: '银杏' } } }),
      [],
    );
    assert.deepEqual(faults({}), []);
    const bare = { id: 'R1', gxsj: '2026-11-22 11:00:00', op: 'D' };
    assert.deepEqual(faults({ input: bare, expected: { key: 'R1', status: 'deleted' } }), []);
    assert.equal(faults({ input: bare, expected: { status: 'valid' } }).length, 1);
    assert.deepEqual(
      faults({ input: { ...GOOD, zt: '9', ZZBFRQ: '' }, rejected: ['required-missing', 'status-unmapped'] }),
      [],
    );
  });

  it('that do not hold say what came of them', () => {
    assert.deepEqual(faults({ expected: { number: '13', status: 'valid' } }), [
      'examples[0]: number is "锡园(2026)12", expected "13"',
    ]);
    assert.deepEqual(faults({ expected: { nummer: '13' } }), ['examples[0]: nummer is undefined, expected "13"']);
    assert.deepEqual(faults({ input: { ...GOOD, zt: '9' } }), ['examples[0]: rejected by status-unmapped of status']);
    assert.deepEqual(faults({ rejected: ['test-row'] }), [
      'examples[0]: found an accepted record, expected it to be rejected by test-row',
    ]);
    assert.deepEqual(faults({ input: { ...GOOD, zt: '9' }, rejected: ['test-row'] }), [
      'examples[0]: found status-unmapped, expected it to be rejected by test-row',
    ]);
  });
});
