import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { numberAt, parseAnswer, recordsAt } from '../../../connectors/http/answer.ts';
import { fillBody, fillPath } from '../../../connectors/http/template.ts';
import { HubError } from '../../../domain/errors.ts';

const kind = (expected: string, code: string) => (error: unknown) =>
  error instanceof HubError && error.kind === expected && error.code === code;

describe('an HTTP answer', () => {
  it('an empty body is transient, never an empty list', () => {
    assert.throws(() => parseAnswer(Buffer.alloc(0), 'x GET /'), kind('transient', 'empty-body'));
  });
  it('a body that was cut off, or is an error page, is transient', () => {
    for (const text of ['{"data":{"list":[{"a":1},{"a"', '<html>502</html>', 'OK']) {
      assert.throws(() => parseAnswer(Buffer.from(text), 'x GET /'), kind('transient', 'broken-body'));
    }
  });
  it('a missing list is a configuration error that names the fields there are', () => {
    const answer = parseAnswer(Buffer.from('{"code":0,"result":[]}'), 'x');
    assert.throws(
      () => recordsAt(answer, 'data.list', 'x'),
      /answer has the fields code, result|expected a list of records/,
    );
  });
  it('a list that arrives as a JSON string is read', () => {
    const answer = parseAnswer(Buffer.from(JSON.stringify({ datas: JSON.stringify([{ a: 1 }]) })), 'x');
    assert.deepEqual(recordsAt(answer, 'datas', 'x').records, [{ a: 1 }]);
  });
  it('numbers keep every digit', () => {
    const text = '{"list":[{"no":32020000000000012345,"small":12,"price":0.1234567890123456789}]}';
    assert.deepEqual(recordsAt(parseAnswer(Buffer.from(text), 'x'), 'list', 'x').records, [
      { no: '32020000000000012345', small: 12, price: '0.1234567890123456789' },
    ]);
  });
  it('a byte order mark is no fault', () => assert.deepEqual(parseAnswer(Buffer.from('\ufeff{}'), 'x').json, {}));
  it('numbers are read from text too, and nothing else passes for one', () => {
    assert.equal(numberAt({ total: '12' }, 'total', 'x'), 12);
    for (const total of ['', 'many', null, 1.5, -1, {}])
      assert.throws(() => numberAt({ total }, 'total', 'x'), kind('configuration', 'answer-shape'));
  });

  it('bytes that are no UTF-8 spoil only their own record, and are kept', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.boolean()), { minLength: 1, maxLength: 8 }), (items) => {
        const list = items.map(([name, bad]) => {
          const json = Buffer.from(JSON.stringify({ name: `${name}锡` }));
          return bad ? Buffer.concat([json.subarray(0, -2), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]) : json;
        });
        const body = Buffer.concat([
          Buffer.from('{"list":['),
          ...list.flatMap((item, index) => (index > 0 ? [Buffer.from(','), item] : [item])),
          Buffer.from(']}'),
        ]);
        const { records, undecodable } = recordsAt(parseAnswer(body, 'x'), 'list', 'x');
        for (const [index, [name, bad]] of items.entries()) {
          assert.equal(undecodable.has(index), bad);
          if (bad) assert.ok(Buffer.from(undecodable.get(index) ?? '', 'latin1').includes(Buffer.from([0xff, 0xfe])));
          else assert.deepEqual(records[index], { name: `${name}锡` });
        }
      }),
    );
  });
});

describe('request templates', () => {
  it('fill addresses, encoded', () => {
    assert.equal(
      fillPath('/a?from={from}&page={page}', { from: '2026-11-22 00:00:00', page: 0 }),
      '/a?from=2026-11-22%2000%3A00%3A00&page=0',
    );
  });
  it('fill bodies, keeping numbers as numbers', () => {
    const body = { from: '{from}', page: '{page}', note: 'page {page}', nested: { list: ['{size}'] }, fixed: true };
    assert.deepEqual(fillBody(body, { from: 'x', page: 2, size: 500 }), {
      from: 'x',
      page: 2,
      note: 'page 2',
      nested: { list: [500] },
      fixed: true,
    });
  });
});
