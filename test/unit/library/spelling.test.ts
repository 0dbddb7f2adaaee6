import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { validateCertificate, type Problem } from '../../../domain/library/validation.ts';
import { mergeSources, type Sourced } from '../../../domain/library/merge.ts';
import { areaName } from '../../../domain/library/codes.ts';
import { completeIdNumber, isOldIdNumber } from '../../../domain/library/identifiers.ts';
import { foldName } from '../../../domain/library/spelling.ts';

const certificate = (holder: { name?: string; code: string; codeType?: string }, stream = 'a'): Sourced => ({
  identifier: null,
  typeCode: 'T',
  name: '许可证',
  number: 'N1',
  issuerName: '市教育局',
  issuerCode: null,
  issuedOn: '2026-11-01',
  effectiveOn: null,
  expiresOn: null,
  longTerm: false,
  holders: [{ name: '张三', codeType: '111', ...holder }],
  status: 'valid',
  rawStatus: '1',
  extension: {},
  stream,
  updatedAt: new Date('2026-11-01'),
});
const rules = (code: string, codeType = '111'): string[] => {
  const problems: Problem[] = [];
  validateCertificate(certificate({ code, codeType }), '2026-11-22', problems);
  return problems.map(({ rule }) => rule);
};
const born = (date: string, area = '320202'): string => completeIdNumber(`${area}${date}123`);

describe('codes of persons', () => {
  it('numbers of 15 digits are known for what they are', () => {
    assert.deepEqual(rules('320202720303789'), ['holder-code-15-digits']);
    assert.ok(isOldIdNumber('320202720303789'));
    for (const none of ['320202721303789', '32020272030378', '32020272030378X'])
      assert.deepEqual(rules(none), ['holder-code-shape'], none);
    assert.deepEqual(rules('320202720303789', '001'), ['holder-code-registration-number']);
    assert.deepEqual(rules('990202720303789'), ['holder-code-15-digits', 'holder-code-area']);
  });

  it('residence permits of Hong Kong, Macao and Taiwan, and of foreigners, have their areas', () => {
    for (const area of ['810000', '820000', '830000', '931156'])
      assert.deepEqual(rules(born('19900101', area)), [], area);
    assert.equal(areaName('830000'), '台湾省');
  });

  it('births in the future and areas that never were are flagged', () => {
    assert.deepEqual(rules(born('20261122')), []);
    for (const date of ['20261123', '20990101']) assert.deepEqual(rules(born(date)), ['holder-birth-future']);
    for (const area of ['999999', '000000', '160000', '880000'])
      assert.deepEqual(rules(born('19900101', area)), ['holder-code-area'], area);
    assert.deepEqual(rules(born('20990101', '990000')), ['holder-code-area', 'holder-birth-future']);
  });
});

describe('one name in several spellings', () => {
  const SAME = [
    ['无锡某某（集团）有限公司', '无锡某某(集团)有限公司'],
    ['阿不都·热合曼', '阿不都•热合曼', '阿不都・热合曼', '阿不都‧热合曼', '阿不都∙热合曼'],
    ['张三', '张 三', '张　三', '张\u200b三'],
    ['龴某', '\ue81e某'],
    ['䶮某', '\ue863某'],
    ['ＡＢＣ公司', 'abc公司'],
    ['福州', '\ufa1b州'],
    ['阿不都·热合曼', '阿不都.热合曼', '阿不都．热合曼', '阿不都。热合曼', '阿不都▪热合曼', '阿不都ㆍ热合曼'],
    ['葛某', '葛\u{e0100}某', '葛\ufe00某', '葛\u3164某'],
    ['二〇二六公司', '二○二六公司'],
    ['锡园-1', '锡园—1', '锡园－1', '锡园–1'],
  ];

  it('is no conflict, and shown as variants', () => {
    for (const names of SAME) {
      const [first = '', ...others] = names;
      for (const other of others) {
        const code = born('19900101');
        const { conflicts, variants } = mergeSources(
          [certificate({ name: first, code }, 'a'), certificate({ name: other, code }, 'b')],
          { sources: [], fieldSources: {} },
        );
        assert.deepEqual(
          [conflicts, variants.map(({ field, values }) => [field, values.length])],
          [[], [['holders', 2]]],
          `${first} ${other}`,
        );
      }
    }
  });

  it('is another name where anything else differs', () => {
    for (const [one, other] of [
      ['张三', '张山'],
      ['1.5公司', '15公司'],
      ['阿不都·热合曼', '阿不都热合曼'],
      ['无锡（集团）公司', '无锡集团公司'],
      ['\ue81e某', '\ue863某'],
    ] as const)
      assert.notEqual(foldName(one), foldName(other));
    const code = born('19900101');
    const { conflicts, variants } = mergeSources(
      [certificate({ name: '张三', code }, 'a'), certificate({ name: '张 三', code: born('19900102') }, 'b')],
      { sources: [], fieldSources: {} },
    );
    assert.deepEqual([conflicts.map(({ field }) => field), variants], [['holders'], []]);
  });
});
