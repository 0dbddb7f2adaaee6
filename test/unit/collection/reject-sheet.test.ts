import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { read, utils, write, type CellObject } from 'xlsx';
import { HubError } from '../../../domain/errors.ts';
import { readRejectSheet, writeRejectSheet, type SheetReject } from '../../../domain/collection/reject-sheet.ts';
import { sheetsOf } from '../../support/sheets.ts';

const reject = (id: number, record: unknown): SheetReject => ({
  id,
  key: `K${id}`,
  record: JSON.stringify(record),
  firstSeenAt: new Date('2026-11-22T00:00:00Z'),
  problems: [{ rule: 'date-invalid', field: 'issuedOn', found: '2026-02-30' }],
});
const REJECTS = [
  reject(1, { no: '001', date: '2026-02-30', size: 12.5, tags: ['a'], open: true, none: null }),
  reject(2, { no: '=1+1', date: '', more: '长'.repeat(40_000) }),
];

/** The workbook with some cells changed: [row from 1, column's name, what stands there now]. */
function edited(...changes: [row: number, name: string, cell: CellObject | undefined][]): Buffer {
  const book = read(writeRejectSheet(REJECTS), { dense: true });
  const rows = (book.Sheets['问题数据']?.['!data'] ?? []) as (CellObject | undefined)[][];
  const names = rows[0]?.map((cell) => String(cell?.v)) ?? [];
  for (const [row, name, cell] of changes) {
    const column = names.indexOf(name);
    assert.ok(column >= 0, name);
    (rows[row - 1] ??= [])[column] = cell;
  }
  return write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer;
}
const text = (v: string): CellObject => ({ t: 's', v });
const faultsOf = (file: Buffer): string => {
  try {
    readRejectSheet(sheetsOf(file), REJECTS);
  } catch (error) {
    assert.ok(error instanceof HubError);
    return error.message;
  }
  return 'none';
};

describe('the workbook of rejects', () => {
  it('has every cell as text, what is wrong beside the record, and nothing that calculates', () => {
    const book = read(writeRejectSheet(REJECTS), { cellFormula: true });
    const sheet = book.Sheets['问题数据'];
    assert.ok(sheet);
    const [first] = utils.sheet_to_json<Record<string, string>>(sheet);
    assert.equal(first?.['※问题'], 'issuedOn：日期不存在或不合理（2026-02-30）');
    assert.equal(first.no, '001');
    for (const [name, cell] of Object.entries(sheet)) {
      if (name.startsWith('!')) continue;
      const { t, f } = cell as CellObject;
      assert.deepEqual([t, f], ['s', undefined], name);
    }
  });

  it('unchanged, it corrects nothing; a changed cell keeps its kind', () => {
    assert.deepEqual(readRejectSheet(sheetsOf(edited()), REJECTS), []);
    const changed = edited(
      [2, 'date', text('2026-02-28')],
      [2, 'size', text('13')],
      [2, 'tags', text('["a","b"]')],
      [2, 'open', text('false')],
    );
    const [correction, ...others] = readRejectSheet(sheetsOf(changed), REJECTS);
    assert.deepEqual(others, []);
    assert.deepEqual(JSON.parse(correction?.record ?? ''), {
      no: '001',
      date: '2026-02-28',
      size: 13,
      tags: ['a', 'b'],
      open: false,
      none: null,
    });
  });

  it('a date that the spreadsheet made of a text is a date, a cleared cell is empty', () => {
    const date: CellObject = { t: 'n', v: 46_054, z: 'yyyy-mm-dd' };
    const [first, second] = readRejectSheet(sheetsOf(edited([2, 'date', date], [3, 'no', undefined])), REJECTS);
    assert.equal((JSON.parse(first?.record ?? '') as { date: string }).date, '2026-02-01');
    assert.equal((JSON.parse(second?.record ?? '') as { no: string }).no, '');
  });

  it('names every fault by row and column, and takes nothing', () => {
    assert.equal(
      faultsOf(
        edited([2, '※编号', text('7')], [3, 'no', { t: 'n', v: 320211199001011200 }], [3, 'tags', text('fine')]),
      ),
      'Nothing was taken:\nrow 2, ※编号: found “7”, expected an open reject\n' +
        'row 3, no: found a number of 16 digits or more, expected text: digits are lost',
    );
    assert.match(
      faultsOf(edited([3, '※编号', text('1')])),
      /row 3, ※编号: found “1”, expected a row of its own; it stands in row 2/,
    );
    assert.match(faultsOf(edited([2, 'tags', text('[a')])), /row 2, tags: found “\[a”, expected JSON/);
    assert.match(faultsOf(Buffer.from('a,b\n1,2')), /found the columns a, b, expected one named ※编号/);
  });

  it('whatever text a record holds comes back unchanged', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), value), (record) => {
        const rejects = [reject(1, record)];
        assert.deepEqual(readRejectSheet(sheetsOf(writeRejectSheet(rejects)), rejects), []);
      }),
      { numRuns: 60 },
    );
  });
});
