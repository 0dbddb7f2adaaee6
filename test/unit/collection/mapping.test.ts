import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { httpConnectorSchema } from '../../../settings/kinds/http.ts';
import { compileMapping } from '../../../connectors/mapping/compile.ts';
import { contentHash } from '../../../domain/library/certificate.ts';
import { rejects, type RuleId } from '../../../domain/library/validation.ts';

interface Row extends Record<string, unknown> {
  key: string;
  updatedAt: string;
  hash: string;
  flags: { rule: string }[] | null;
}

const READ_AT = '2026-11-22T12:00:00+08:00';
const { map } = compileMapping(
  httpConnectorSchema.parse({
    name: '市园林局',
    unit: '11320200014006438B',
    kind: 'http',
    baseUrl: 'http://127.0.0.1',
    streams: [
      {
        id: 'park-permits',
        path: '/permits',
        response: { records: 'list', total: 'total' },
        record: { key: 'id', updatedAt: 'gxsj', holders: 'czztList', codeTypes: { ORG: '001' } },
        status: { field: 'zt', values: { '1': 'valid', '4': 'cancelled' }, deleted: { field: 'sc', values: ['Y'] } },
      },
    ],
  }).streams[0]!,
);

const good = {
  id: 'R1',
  gxsj: '2026-11-22 10:00:00',
  zt: '1',
  ZZMC: '古树名木迁移许可',
  ZZLXDM: '11100000000013338W011',
  ZZBH: '锡园(2026)12',
  ZZBFRQ: '2026-11-20',
  ZZYXQQSRQ: '2026-11-20',
  ZZYXQJZRQ: '2027-11-19',
  CZZT: '无锡某某园林有限公司',
  CZZTDM: '91460100MA5THWMM2J',
  CZZTDMLXDM: '001',
  KZ_SZ: '银杏',
};

function one(record: unknown): { row: Row | undefined; rules: RuleId[] } {
  const { rows, rejected } = map({ records: [record], undecodable: new Map() }, { readAt: READ_AT });
  const [row] = JSON.parse(rows.toJson().toString()) as Row[];
  return { row, rules: rejected.flatMap(({ problems }) => problems.map(({ rule }) => rule)) };
}

describe('mapping a record', () => {
  it('fields with GB/T 36903 names need no configuration, the rest is kept as extension', () => {
    const { row } = one(good);
    const { key, updatedAt, hash, flags, ...certificate } = row ?? assert.fail('rejected');
    assert.deepEqual({ key, updatedAt, flags }, { key: 'R1', updatedAt: '2026-11-22T10:00:00+08:00', flags: null });
    assert.deepEqual(certificate, {
      identifier: null,
      typeCode: '11100000000013338W011',
      name: '古树名木迁移许可',
      number: '锡园(2026)12',
      issuerName: null,
      issuerCode: null,
      issuedOn: '2026-11-20',
      effectiveOn: '2026-11-20',
      expiresOn: '2027-11-19',
      longTerm: false,
      holders: [{ name: '无锡某某园林有限公司', code: '91460100MA5THWMM2J', codeType: '001' }],
      status: 'valid',
      rawStatus: '1',
      extension: { KZ_SZ: '银杏' },
    });
    assert.equal(hash, contentHash(JSON.stringify(certificate)));
  });

  it('lower-case pinyin and English names are read alike', () => {
    const { ZZBH, ZZMC, ...rest } = good;
    assert.equal(one({ ...rest, zzbh: ZZBH, certificateName: ZZMC }).row?.hash, one(good).row?.hash);
  });

  it('the same content gives the same hash whatever the order of fields and the habits of writing', () => {
    const shuffled = Object.fromEntries(Object.entries(good).reverse());
    const habits = {
      ...good,
      ZZBH: '锡园(2026)12 ',
      ZZBFRQ: '2026年11月20日',
      ZZYXQQSRQ: '2026/11/20',
      gxsj: '20261122100000',
    };
    for (const record of [shuffled, habits]) assert.equal(one(record).row?.hash, one(good).row?.hash);
  });

  it('长期 is a value of its own, not an empty end', () => {
    for (const text of ['长期', '9999-12-31']) {
      const { row } = one({ ...good, ZZYXQJZRQ: text });
      assert.deepEqual([row?.expiresOn, row?.longTerm], [null, true]);
    }
    const { row } = one({ ...good, ZZYXQJZRQ: '' });
    assert.deepEqual([row?.expiresOn, row?.longTerm], [null, false]);
  });

  it('takes several holders from a list, with the source’s own code types', () => {
    const holder = { CZZT: '甲公司', CZZTDM: '11430000006122244L', CZZTDMLXDM: 'ORG' };
    const { row } = one({ ...good, czztList: [holder, { ...holder, CZZT: '乙公司' }] });
    assert.deepEqual(
      (row?.holders as { name: string; codeType: string }[]).map(({ name, codeType }) => [name, codeType]),
      [
        ['甲公司', '001'],
        ['乙公司', '001'],
      ],
    );
  });

  it('a source’s mark of deletion wins over its status', () => {
    assert.equal(one({ ...good, sc: 'Y' }).row?.status, 'deleted');
    assert.equal(one({ ...good, sc: 'N' }).row?.status, 'valid');
  });

  it('wrong check characters are flagged and kept', () => {
    const { row } = one({
      ...good,
      ZZBS: '1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.8',
      CZZTDM: '91460100MA5THWMM2K',
    });
    assert.deepEqual(
      row?.flags?.map(({ rule }) => rule),
      ['identifier-check', 'holder-code-check'],
    );
  });

  const rejected: [string, Record<string, unknown>, RuleId][] = [
    ['the letter O for 0', { CZZTDM: '9146O100MA5THWMM2J' }, 'holder-code-shape'],
    ['a blank code', { CZZTDM: '  ' }, 'holder-code-missing'],
    ['a registration number', { CZZTDM: '320211000123456' }, 'holder-code-registration-number'],
    ['an unknown type of code', { CZZTDMLXDM: '777' }, 'holder-code-type'],
    ['name and address swapped', { CZZT: '江苏省无锡市滨湖区太湖大道100号' }, 'name-address-swapped'],
    ['a test row', { CZZT: '测试企业1' }, 'test-row'],
    ['a masked name', { CZZT: '张**' }, 'holder-name-masked'],
    ['the text null', { ZZBH: 'null' }, 'required-missing'],
    ['a missing status', { zt: undefined }, 'required-missing'],
    ['a day that does not exist', { ZZBFRQ: '2026-02-30' }, 'date-invalid'],
    ['an absurd year', { ZZBFRQ: '0026-02-03' }, 'date-invalid'],
    ['validity that ends before it starts', { ZZYXQJZRQ: '2026-11-19' }, 'date-order'],
    ['a status without a mapping', { zt: '99' }, 'status-unmapped'],
    ['an update time that is none', { gxsj: 'gestern' }, 'cursor-invalid'],
    ['an object where text belongs', { ZZBH: { no: 1 } }, 'wrong-type'],
    ['a value of 10 MB', { CZZT: '长'.repeat(5_000_000) }, 'too-long'],
    ['an extension of 10 MB', { KZ_SZ: 'x'.repeat(10_000_000) }, 'too-long'],
    ['a NUL', { KZ_SZ: 'a\u0000b' }, 'control-character'],
    ['half a surrogate pair', { KZ_SZ: 'a\ud800b' }, 'encoding'],
    ['nesting without end', { KZ_SZ: JSON.parse('['.repeat(500) + ']'.repeat(500)) as unknown }, 'too-deep'],
  ];
  for (const [what, change, rule] of rejected) {
    it(`${what} is rejected as ${rule}`, () => {
      const { row, rules } = one({ ...good, ...change });
      assert.equal(row, undefined);
      assert.deepEqual(rules, [rule]);
    });
  }

  it('names that only resemble test rows and addresses pass', () => {
    for (const name of ['无锡市产品质量测试中心', '无锡测试仪器有限公司', '中山路小学', '太湖大道12号院餐饮有限公司']) {
      assert.deepEqual(one({ ...good, CZZT: name }).rules, [], name);
    }
  });

  it('backslashes that only look like an escape pass', () =>
    assert.deepEqual(one({ ...good, KZ_SZ: 'C:\\u0000\\x' }).rules, []));

  it('any JSON value is either accepted or rejected with a reason, its raw value kept, and none throws', () => {
    const mutated = fc
      .tuple(fc.constantFrom(...Object.keys(good)), fc.jsonValue())
      .map(([field, value]) => ({ ...good, [field]: value }));
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.jsonValue(), mutated), { maxLength: 20 }), (records) => {
        const { rows, rejected: refused } = map({ records, undecodable: new Map() }, { readAt: READ_AT });
        const accepted = JSON.parse(rows.toJson().toString()) as unknown[];
        assert.equal(accepted.length + refused.length, records.length);
        for (const { problems, raw } of refused) {
          assert.ok(problems.length > 0 && problems.every(rejects));
          assert.ok(records.some((record) => JSON.stringify(record) === raw));
        }
      }),
      { numRuns: 500 },
    );
  });
});
