import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { identify } from '../../../domain/library/identify.ts';

describe('what a code is', () => {
  const known: [code: string, kind: string, valid: boolean, expected: string | null][] = [
    ['1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U', 'certificate-identifier', true, null],
    ['1.2.156.3005.2.11100000000013338W050.91610800064834709T.2023000001.001.X', 'certificate-identifier', false, '2'],
    ['1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9', 'certificate-identifier', true, null],
    ['1.2.156.3005.2.a.b', 'certificate-identifier', false, null],
    ['11100000000013338W011', 'certificate-type-code', true, null],
    ['11100000000013338X011', 'certificate-type-code', false, 'W'],
    ['91460100MA5THWMM2J', 'credit-code', true, null],
    ['91460100MA5THWMM2K', 'credit-code', false, 'J'],
    ['91460100MA5THWMM3J', 'credit-code', false, '2'],
    ['9146O100MA5THWMM2J', 'credit-code', false, null],
    ['11010519491231002X', 'id-number', true, null],
    ['11010519491231002x', 'id-number', false, 'X'],
    ['110105194912310021', 'id-number', false, 'X'],
    ['11010519490231002X', 'id-number', false, null],
    ['MA5THWMM-2', 'organization-code', true, null],
    ['110108000000017', 'registration-number', false, '6'],
    ['330603', 'area-code', true, null],
    ['990000', 'area-code', false, null],
    ['111', 'holder-code-type', true, null],
    ['没有', 'unknown', false, null],
  ];
  for (const [code, kind, valid, expected] of known) {
    it(`${code}: ${kind}, ${valid ? 'valid' : `expected ${expected ?? 'another form'}`}`, () => {
      const found = identify(code);
      assert.deepEqual([found.kind, found.valid, found.expected], [kind, valid, expected], found.remark ?? '');
      assert.equal(found.remark === null, valid && !code.includes('.340100.'));
    });
  }

  it('names the parts', () => {
    assert.deepEqual(identify('11010519491231002X').parts, {
      area: '110105',
      areaName: '北京市',
      birthDate: '1949-12-31',
      sequence: '002',
      sex: '女',
      check: 'X',
    });
    assert.deepEqual(identify('91320200MA5THWMM2J').parts, {
      authority: '9',
      category: '1',
      area: '320200',
      areaName: '无锡市',
      organizationCode: 'MA5THWMM2',
      check: 'J',
    });
  });

  it('answers any text, and never with valid beside an expected character', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9A-Z.]{3,80}$/)), (text) => {
        const { code, valid, expected, remark } = identify(text);
        assert.equal(code, text.trim());
        if (valid) assert.equal(expected, null);
        else assert.notEqual(remark, null);
      }),
    );
    assert.equal(identify('1.2.156.3005.2.'.repeat(1_000_000)).kind, 'unknown');
  });
});
