import assert from 'node:assert/strict';
import { foundInstead } from '../../../domain/faults/expected.ts';
import { describe, it } from 'node:test';
import { catalogEntrySchema } from '../../../settings/schemas/catalog.ts';
import { catalogSourceSchema } from '../../../settings/kinds/stream.ts';
import { comparePublished, type CatalogComparison, type HeldEntry } from '../../../connectors/lists/catalog.ts';
import type { CatalogEntry } from '../../../domain/library/catalog.ts';

const PROVINCE = '113200000140001322';
const CODE = '11100000000013338W011';
const OTHER = '11100000MB0143028R102';

const config = catalogSourceSchema.parse({
  fields: {
    typeCode: 'code',
    name: 'name',
    category: { constant: '证照' },
    template: 'tpl',
    level: 'level',
    issuer: { name: 'unit.name', code: 'unit.code' },
    holders: { from: 'holders', lookup: { '1': 'legal' } },
    face: { list: 'face', name: 'f', label: 'l', required: 'r', type: { from: 't', lookup: { N: 'number' } } },
    collectFrom: { from: 'since', dates: 'dmy' },
    items: { list: 'items', code: 'c', name: 'n' },
    validYears: 'years',
    members: 'members',
  },
});
const RECORD = { code: CODE, name: '建筑工程施工许可证', holders: '1、自然人', face: [{ f: 'site', l: '建设地址' }] };
const entry = (more: Partial<CatalogEntry> = {}): CatalogEntry =>
  catalogEntrySchema.parse({
    typeCode: CODE,
    name: '建筑工程施工许可证',
    category: '证照',
    holders: ['natural', 'legal'],
    face: [{ name: 'site', label: '建设地址', required: true, type: 'text', values: ['市区'] }],
    publicity: 'public',
    sources: ['housing-permits'],
    template: 'a.ofd',
    ...more,
  });
const approved = (more: Partial<CatalogEntry> = {}): HeldEntry => ({
  decided: { entry: entry(more), approved: true },
  draft: null,
});
const compare = (records: unknown[], held: Record<string, HeldEntry> = {}, earlier: string[] = []): CatalogComparison =>
  comparePublished(records, config, new Map(Object.entries(held)), { by: PROVINCE, earlier });
const told = ({ findings }: CatalogComparison) =>
  findings.map(({ state, typeCode, fields }) => [state, typeCode, fields]);

describe('a published catalog', () => {
  it('is read by its connector’s fields', () => {
    const record = {
      code: ' 11100000000013338w011 ',
      name: ' 建筑工程施工许可证 ',
      tpl: 'null',
      level: '省级',
      years: '3',
      unit: { name: '市住房和城乡建设局', code: '11320200014006438B' },
      holders: ['自然人', 1],
      face: '[{"f":"site","l":"建设地址","r":"是","t":"N"},{"f":"area","l":"面积","r":0}]',
      since: '03/04/2025',
      items: [{ c: 1, n: '施工许可' }],
      members: `${OTHER},`,
    };
    const { drafts, findings } = compare([
      { ...record, code: CODE },
      { code: OTHER, name: '食品经营许可证' },
    ]);
    assert.deepEqual(
      findings.map(({ state }) => state),
      ['new', 'new'],
    );
    assert.deepEqual(drafts[0], {
      typeCode: CODE,
      name: '建筑工程施工许可证',
      category: '证照',
      definer: null,
      template: null,
      inspection: null,
      issuer: { name: '市住房和城乡建设局', code: '11320200014006438B' },
      holders: ['natural', 'legal'],
      face: [
        { name: 'site', label: '建设地址', required: true, type: 'number', values: [] },
        { name: 'area', label: '面积', required: false, type: 'text', values: [] },
      ],
      collectFrom: '2025-04-03',
      publicity: null,
      level: 'provincial',
      items: [{ code: '1', name: '施工许可' }],
      validYears: 3,
      members: [OTHER],
      sources: [],
      fieldSources: {},
    });
  });

  it('an entry that the city has as it is makes no draft, whatever the order of its lists', () => {
    const same = compare([RECORD], { [CODE]: approved() });
    assert.deepEqual([same.unchanged, same.findings, same.drafts], [1, [], []]);
  });

  it('what differs is named, and what the source does not deliver stays as it was approved', () => {
    const { drafts, ...found } = compare([{ ...RECORD, tpl: 'b.ofd', years: '长期', level: '' }], {
      [CODE]: approved({ validYears: 5, level: 'national' }),
    });
    assert.deepEqual(told({ drafts, ...found }), [['changed', CODE, ['template', 'validYears']]]);
    assert.deepEqual(drafts, [entry({ template: 'b.ofd', validYears: null, level: 'national' })]);
  });

  it('what the city adds to a field of the face stays with it', () => {
    const record = { ...RECORD, face: [...RECORD.face, { f: 'area', l: '面积', t: 'N' }] };
    const { drafts } = compare([record], { [CODE]: approved() });
    assert.deepEqual(drafts[0]?.face, [
      { name: 'site', label: '建设地址', required: true, type: 'text', values: ['市区'] },
      { name: 'area', label: '面积', required: false, type: 'number', values: [] },
    ]);
  });

  it('each faulty entry is told with key and field, and stops no other', () => {
    const { findings, drafts } = compare([
      { ...RECORD, holders: '9', years: 'ever' },
      { ...RECORD, code: OTHER, members: '11100000000013522L999' },
      { name: '无代码' },
      'nothing',
      null,
      { ...RECORD, code: 'short' },
      { code: '11100000000013522L003', name: '医师执业证书' },
      ...[1, 2].map(() => ({ code: '11100000000013530F002', name: '教师资格证书' })),
    ]);
    assert.deepEqual(
      findings.flatMap(({ state, typeCode, faults }) =>
        faults.length === 0
          ? [`${typeCode} ${state}`]
          : faults.map(({ field, found, expected }) => `${typeCode} ${field}: ${foundInstead(found, expected).en}`),
      ),
      [
        `${CODE} holders[0]: found “9”, expected one of natural, legal, unincorporated`,
        `${CODE} validYears: found “ever”, expected a number`,
        `${OTHER} members: found 11100000000013522L999, expected types that have an entry`,
        '#3 typeCode: found nothing, expected a string',
        '#4 : found “nothing”, expected a record with fields, in UTF-8',
        '#5 : found nothing, expected a record with fields, in UTF-8',
        'short typeCode: found “short”, expected a 21-character 证照类型代码',
        '11100000000013522L003 new',
        '11100000000013530F002 typeCode: found it 2 times, expected it once',
        '11100000000013530F002 typeCode: found it 2 times, expected it once',
      ],
    );
    assert.deepEqual(
      findings.flatMap(({ faults }) => faults.map(({ found, expected }) => foundInstead(found, expected).zh)),
      [
        '现为“9”，应为 natural、legal、unincorporated 之一',
        '现为“ever”，应为数',
        '现为 11100000000013522L999，应为有目录条目的类型',
        '没有填写，应为文本',
        '现为“nothing”，应为有字段的记录，UTF-8 编码',
        '没有填写，应为有字段的记录，UTF-8 编码',
        '现为“short”，应为 21 位证照类型代码',
        '现为 2 次，应为一次',
        '现为 2 次，应为一次',
      ],
    );
    assert.deepEqual(
      drafts.map(({ typeCode }) => typeCode),
      ['11100000000013522L003'],
    );
  });

  it('a draft of somebody else is waited for, unless it says what is published', () => {
    const drafted = (more: Partial<CatalogEntry>, by = 'CITY'): HeldEntry => ({
      ...approved(),
      draft: { entry: entry(more), by },
    });
    const record = { ...RECORD, tpl: 'b.ofd' };
    const waiting = compare([record], { [CODE]: drafted({ publicity: 'shared' }) });
    assert.deepEqual(told(waiting), [['waiting', CODE, ['template']]]);
    assert.deepEqual([waiting.findings[0]?.draftedBy, waiting.drafts], ['CITY', []]);
    const completed = compare([record], { [CODE]: drafted({ publicity: 'shared', template: 'b.ofd' }) });
    assert.deepEqual([told(completed), completed.drafts], [[['changed', CODE, ['template']]], []]);
    const own = compare([record], { [CODE]: drafted({ template: 'c.ofd' }, PROVINCE) });
    assert.equal(own.drafts[0]?.template, 'b.ofd');
  });

  it('a draft of its own is taken back once the source says again what is approved', () => {
    const held = { ...approved(), draft: { entry: entry({ template: 'b.ofd' }), by: PROVINCE } };
    const { unchanged, outdated } = compare([RECORD], { [CODE]: held });
    assert.deepEqual([unchanged, outdated], [1, [CODE]]);
  });

  it('what the city withdrew is not drafted again, unless it changed since', () => {
    const held = { [CODE]: { decided: { entry: entry(), approved: false }, draft: null } };
    assert.equal(compare([RECORD], held).unchanged, 1);
    assert.deepEqual(told(compare([{ ...RECORD, tpl: 'b.ofd' }], held)), [['changed', CODE, ['template']]]);
  });

  it('an entry that earlier lists had is told as gone as long as it is in force, others of the city are not', () => {
    const held = { [CODE]: approved(), [OTHER]: approved({ typeCode: OTHER }) };
    assert.deepEqual(told(compare([], held, [CODE, '11100000000013522L003'])), [['gone', CODE, []]]);
    assert.deepEqual(
      compare([{ ...RECORD, holders: '9' }], held, [CODE]).findings.map(({ state }) => state),
      ['faulty'],
    );
  });
});
