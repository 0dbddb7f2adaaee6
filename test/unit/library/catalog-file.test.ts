import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { read, write, type CellObject } from 'xlsx';
import { catalogWorkbook, publicWorkbook, readCatalog } from '../../../settings/sheets/catalog.ts';
import {
  lackingFields,
  mayDraft,
  publicCatalog,
  validateByCatalog,
  type CatalogEntry,
} from '../../../domain/library/catalog.ts';
import type { Certificate } from '../../../domain/library/certificate.ts';
import { sheetRows } from '../../../domain/spreadsheet.ts';
import { HubError } from '../../../domain/errors.ts';
import { isReserved } from '../../../domain/names.ts';
import { assertOneLanguage } from '../../support/languages.ts';
import type { Problem } from '../../../domain/library/validation.ts';
import { sheetsOf } from '../../support/sheets.ts';

const DEMO = join(import.meta.dirname, '../../../config/catalog/demo.yaml');
const demo = (): CatalogEntry[] => readCatalog(DEMO, readFileSync(DEMO, 'utf8'));

/** The demonstration's catalog as a workbook with some cells changed. */
function edited(...changes: [sheet: string, row: number, column: string, text: string][]): Buffer {
  const book = read(catalogWorkbook(demo()), { dense: true });
  for (const [sheet, row, column, text] of changes) {
    const rows = (book.Sheets[sheet]?.['!data'] ?? []) as (CellObject | undefined)[][];
    const index = rows[0]?.findIndex((cell) => cell?.v === column) ?? -1;
    assert.ok(index >= 0, column);
    (rows[row - 1] ??= [])[index] = { t: 's', v: text };
  }
  return write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer;
}
function faultsOf(content: Buffer | string, file = 'catalog.xlsx'): string[] {
  try {
    readCatalog(file, typeof content === 'string' ? content : sheetsOf(content));
  } catch (error) {
    assert.ok(error instanceof HubError, String(error));
    assertOneLanguage(error);
    return error.message.split('\n').slice(1);
  }
  return [];
}

describe('the catalog as a file', () => {
  it('a workbook that was written is read back as it was', () => {
    assert.equal(demo().length, 8);
    assert.deepEqual(readCatalog('catalog.xlsx', sheetsOf(catalogWorkbook(demo()))), demo());
    const word = fc.stringMatching(/^[\p{Script=Han}a-z0-9=+@-]{1,12}$/u).filter((name) => !isReserved(name));
    const code = fc.stringMatching(/^[0-9A-Z]{18}$/);
    const unit = fc.option(fc.record({ name: word, code }));
    const entry = fc.record({
      typeCode: fc.stringMatching(/^[0-9A-Z]{21}$/),
      name: word,
      category: fc.option(word),
      issuer: unit,
      definer: unit,
      holders: fc.uniqueArray(fc.constantFrom('natural' as const, 'legal' as const, 'unincorporated' as const)),
      template: fc.option(word),
      collectFrom: fc.option(fc.constant('2025-01-01')),
      publicity: fc.option(fc.constantFrom('public' as const, 'shared' as const, 'internal' as const)),
      level: fc.option(fc.constantFrom('national' as const, 'county' as const)),
      items: fc.array(fc.record({ code: word, name: word }), { maxLength: 3 }),
      validYears: fc.option(fc.integer({ min: 1, max: 99 })),
      members: fc.array(fc.constant('1'.repeat(21)), { maxLength: 2 }),
      sources: fc.array(fc.constantFrom('a-1', 'b-2', 'c'), { maxLength: 3 }),
      fieldSources: fc.dictionary(
        fc.constantFrom('status', 'holders'),
        fc.array(fc.constantFrom('a-1', 'c'), { minLength: 1 }),
      ),
      face: fc.array(
        fc.record({
          name: word,
          label: word,
          required: fc.boolean(),
          values: fc.array(word, { maxLength: 3 }),
          type: fc.constantFrom('text' as const, 'date' as const, 'number' as const),
        }),
        { maxLength: 4 },
      ),
    });
    const complete = fc
      .tuple(entry, fc.nat(4))
      .map(([listed, index]) => ({ ...listed, inspection: listed.face[index]?.name ?? null }));
    fc.assert(
      fc.property(fc.uniqueArray(complete, { selector: ({ typeCode }) => typeCode, maxLength: 4 }), (entries) => {
        // fast-check's maps have no prototype.
        const plain = JSON.parse(JSON.stringify(entries)) as CatalogEntry[];
        assert.deepEqual(readCatalog('c.xlsx', sheetsOf(catalogWorkbook(plain))), plain);
      }),
      { numRuns: 40 },
    );
  });

  it('legal persons and other organisations are two kinds; the word of before stands for both', () => {
    const kinds = (text: string) =>
      readCatalog('c.xlsx', sheetsOf(edited(['目录', 3, '持证主体类型', text])))[1]?.holders;
    assert.deepEqual(kinds('法人'), ['legal']);
    assert.deepEqual(kinds('自然人、非法人组织'), ['natural', 'unincorporated']);
    assert.deepEqual(kinds('法人或其他组织、法人'), ['legal', 'unincorporated']);
    assert.deepEqual(faultsOf(edited(['目录', 3, '持证主体类型', '个人'])), [
      '目录, row 3, 持证主体类型: found “个人”, expected one of 自然人, 法人, 非法人组织',
    ]);
  });

  it('the list for the public has no column that is the hub’s own, and no entry that is not open', () => {
    const [open = assert.fail(), shared = assert.fail()] = demo();
    const entries = [
      { ...open, publicity: 'public' as const, members: [shared.typeCode] },
      { ...shared, publicity: 'shared' as const },
    ];
    const book = sheetsOf(publicWorkbook(publicCatalog(new Map(entries.map((entry) => [entry.typeCode, entry])))));
    const [headers = [], ...rows] = sheetRows(book, '目录');
    assert.equal(
      headers.join('、'),
      '证照类型代码、证照名称、证照类型、发证单位、发证单位代码、定义机构、定义机构代码、持证主体类型、归集起始时间、标准级别、关联事项、有效年限、成员证照类型',
    );
    assert.deepEqual(
      rows.map((row) => [row[0], row.at(-1) ?? '']),
      [[open.typeCode, '']],
    );
    assert.deepEqual(sheetRows(book, '照面信息')[0], ['证照类型代码', '名称', '必填', '类型']);
  });

  it('names every fault by sheet, row and column', () => {
    assert.deepEqual(
      faultsOf(
        edited(
          ['目录', 3, '类目公开属性', '公开'],
          ['目录', 4, '有效年限', '五年'],
          ['目录', 5, '关联事项', '0123'],
          ['照面信息', 2, '必填', '必须'],
          ['照面信息', 3, '证照类型代码', '11100000MB0143028R002'],
        ),
      ),
      [
        '目录, row 3, 类目公开属性: found “公开”, expected one of 社会公开、部门共享、不公开',
        '目录, row 4, 有效年限: found “五年”, expected a number of years, or nothing for 长期',
        '目录, row 5, 关联事项: found “0123”, expected a code and a name, with a space between',
        '照面信息, row 2, 必填, 类型: found “必须”, “文本”, expected one of 是、否',
        '照面信息, row 3, 证照类型代码: found “11100000MB0143028R002”, expected a code of the sheet 目录',
      ],
    );
    assert.deepEqual(
      faultsOf(
        edited(['目录', 3, '发证单位代码', '123'], ['目录', 4, '归集起始时间', '去年'], ['目录', 5, '证照名称', '']),
      ),
      [
        '目录, row 3, 发证单位代码: found “123”, expected an 18-character 统一社会信用代码',
        '目录, row 4, 归集起始时间: found “去年”, expected a date in the form 2026-01-31',
        '目录, row 5, 证照名称: found nothing, expected a value',
      ],
    );
    assert.deepEqual(
      faultsOf(
        edited(
          ['目录', 3, '证照类型代码', '11100000MB0143028R001'],
          ['照面信息', 4, '证照类型代码', '11100000MB0143028R001'],
        ),
      ),
      ['11100000MB0143028R001: found 2 times, expected once'],
    );
    assert.deepEqual(faultsOf(edited(['目录', 3, '年检字段', 'nj'])), [
      '目录, row 3, 年检字段: found “nj”, expected the name of a field of face (照面信息)',
    ]);
    const [fault = ''] = faultsOf(Buffer.from('a,b\n1,2'));
    assert.match(fault, /^found the sheets Sheet1, expected one named 目录/);
  });

  it('YAML is told by line and path, with the nearest key', () => {
    assert.deepEqual(
      faultsOf('- typeCode: 11100000MB0143028R001\n  name: x\n  isuer: { name: a, code: b }\n', 'c.yaml'),
      [
        'c.yaml:3:[0].isuer: found the unknown key “isuer”, expected one of typeCode, name, category, issuer, definer, holders, template, face, inspection, collectFrom, publicity, level, items, validYears, members, sources, fieldSources; did you mean “issuer”?',
      ],
    );
  });
});

describe('the catalog’s rules', () => {
  const [entry] = demo() as [CatalogEntry];
  const catalog = new Map([
    [
      entry.typeCode,
      {
        ...entry,
        holders: ['legal' as const],
        face: [
          { name: 'a', label: 'A', required: true, type: 'text' as const, values: [] },
          { name: 'd', label: 'D', required: false, type: 'date' as const, values: [] },
          { name: 'v', label: 'V', required: false, type: 'text' as const, values: ['甲', '乙'] },
        ],
      },
    ],
  ]);
  const broken = (change: Partial<Certificate>): string[] => {
    const problems: Problem[] = [];
    const certificate = {
      typeCode: entry.typeCode,
      name: entry.name,
      holders: [{ name: '甲', code: 'c', codeType: '001' }],
      extension: { a: 'x', d: '2026/1/2', v: '甲' },
      ...change,
    } as Certificate;
    validateByCatalog(certificate, catalog, problems);
    return problems.map(({ rule, field }) => `${rule} ${field}`);
  };

  it('say what of a certificate is not as its entry has it', () => {
    assert.deepEqual(broken({}), []);
    assert.deepEqual(broken({ typeCode: 'X' }), ['type-unlisted typeCode']);
    assert.deepEqual(broken({ name: '另一种' }), ['name-differs name']);
    assert.deepEqual(broken({ holders: [{ name: '甲', code: 'c', codeType: '111' }] }), [
      'holder-kind holders[0].codeType',
    ]);
    for (const codeType of ['001', '099'])
      assert.deepEqual(broken({ holders: [{ name: '甲', code: 'c', codeType }] }), [], 'either kind of organisation');
    assert.deepEqual(broken({ extension: { d: '二月三十', v: '丙' } }), [
      'face-missing extension.a',
      'face-format extension.d',
      'face-format extension.v',
    ]);
  });

  it('the issuing unit and the management unit draft, and fields that the law asks for are missed', () => {
    assert.deepEqual(
      ['11320200MB1D55902K', 'M', 'other'].map((by) => mayDraft(by, entry, 'M')),
      [true, true, false],
    );
    assert.deepEqual(lackingFields({ ...entry, face: [], template: null }, ['face', 'template', 'issuer']), [
      'face',
      'template',
    ]);
  });
});
