import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { streamSchema } from '../../../settings/kinds/stream.ts';
import { parseKeepingDigits } from '../../../connectors/json.ts';
import { compileMapping } from '../../../connectors/mapping/compile.ts';
import { spellingFault } from '../../../domain/library/spelling.ts';

const mapping = (record: Record<string, unknown> = {}, status: Record<string, unknown> = {}) =>
  compileMapping(streamSchema.parse({ id: 'parks', record: { key: 'id', updatedAt: 'gxsj', ...record }, status }));
const SOUND = {
  id: 'K1',
  gxsj: '2026-11-20 10:00:00',
  ZZMC: '公园占用许可证',
  ZZLXDM: '11100000000013338W099',
  ZZBH: '锡园1号',
  ZZBFRQ: '2026-11-20',
  ZZBFJG: '市公园管理局',
  CZZT: '无锡甲公司',
  CZZTDM: '91460100MA5THWMM2J',
  CZZTDMLXDM: '001',
};

interface Row {
  key: string;
  number: string;
  issuerName: string | null;
  effectiveOn: string | null;
  expiresOn: string | null;
  longTerm: boolean;
  holders: { name: string; code: string }[];
  extension: Record<string, unknown>;
}

/** What becomes of a sound record with some fields changed. */
function mapped(change: Record<string, unknown>): { row: Row | undefined; rules: string[] } {
  const { rows, rejected } = mapping().map(
    { records: [{ ...SOUND, ...change }], undecodable: new Map() },
    { readAt: '2026-11-22T10:00:00+08:00' },
  );
  const [row] = JSON.parse(rows.toJson().toString()) as (Row & { flags: { rule: string; field: string }[] | null })[];
  const problems = row ? (row.flags ?? []) : (rejected[0]?.problems ?? []);
  return { row, rules: problems.map(({ rule, field }) => `${rule} ${field}`) };
}

describe('values that are none', () => {
  it('words by which programs say ‘empty’ are no names', () => {
    for (const word of ['\\N', 'None', 'nan', 'NaN', '(null)', 'NULL', 'null', '<null>', '[NULL]', '-', '--', '—']) {
      assert.deepEqual(mapped({ CZZT: word }).rules, ['required-missing holders[0].name'], word);
      assert.equal(mapped({ ZZBFJG: word }).row?.issuerName, null, word);
    }
    for (const word of [
      'NONE',
      'nil',
      'NaT',
      'Undefined',
      '（null）',
      '"null"',
      'ＮＵＬＬ',
      '＼Ｎ',
      '[]',
      '{}',
      '──',
      '_',
      '\u200b',
    ])
      assert.deepEqual(mapped({ CZZT: word }).rules, ['required-missing holders[0].name'], word);
    for (const name of ['None公司', '南', '黄河-1', 'N', 'Nan Li', '无锡', '空间公司'])
      assert.equal(mapped({ CZZT: name }).row?.holders[0]?.name, name);
  });

  it('neither are words by which people say that nothing is known, and no codes', () => {
    for (const word of ['无', '無', '暂无', '未知', '不详', 'N/A', '/', '／']) {
      assert.deepEqual(mapped({ CZZT: word }).rules, ['required-missing holders[0].name'], word);
      assert.deepEqual(mapped({ ZZBH: word }).rules, ['required-missing number'], word);
      assert.deepEqual(
        mapped({ CZZTDM: word, CZZTDMLXDM: '999' }).rules,
        ['holder-code-missing holders[0].code'],
        word,
      );
      assert.equal(mapped({ ZZBFJG: word }).row?.issuerName, null, word);
    }
  });

  it('errors of formulas reject the field that has one', () => {
    for (const error of ['#N/A', '#REF!', '#VALUE!', '#DIV/0!', '#NAME?', '#NULL!', '#NUM!', '#n/a', '#UNCALCULATED!'])
      for (const [field, named] of [
        ['CZZT', 'holders[0].name'],
        ['ZZBFJG', 'issuerName'],
        ['ZZYXQJZRQ', 'expiresOn'],
        ['ZZBH', 'number'],
      ])
        assert.deepEqual(mapped({ [field!]: error }).rules, [`cell-error ${named}`], `${error} ${field}`);
    assert.equal(mapped({ CZZT: '#1 公司' }).row?.holders[0]?.name, '#1 公司');
  });

  it('question marks alone are no name, and tell that one was lost', () => {
    assert.deepEqual(mapped({ CZZT: '???' }).rules, ['required-missing holders[0].name']);
    const { row, rules } = mapped({ ZZBFJG: '？？？' });
    assert.deepEqual([row?.issuerName, rules], [null, ['mojibake issuerName']]);
  });
});

describe('characters that nobody sees', () => {
  it('are no part of keys, codes, dates and states, and are flagged in names', () => {
    for (const hidden of '\u200b \u202d \u2066 \ufeff \u00ad \u200f \u0085 \u3164 \ufe00 \u{e0100} \u{e0041} \u2060 \u034f'.split(
      ' ',
    )) {
      const hide = (text: string): string => `${hidden}${text.slice(0, 1)}${hidden}${text.slice(1)}${hidden}`;
      const change = Object.fromEntries(
        ['id', 'ZZBH', 'CZZTDM', 'CZZTDMLXDM', 'ZZBFRQ', 'gxsj', 'ZZLXDM'].map((field) => [
          field,
          hide(SOUND[field as keyof typeof SOUND]),
        ]),
      );
      assert.deepEqual(mapped(change), mapped({}));
      const name = `张${hidden}三`;
      const { row, rules } = mapped({ CZZT: name });
      assert.deepEqual([row?.holders[0]?.name, rules], [name, ['invisible-character holders[0].name']]);
    }
  });
});

it('a line that ends within a name is flagged', () => {
  for (const name of ['张三\n李四', '张三\r\n李四', '张\t三'])
    assert.deepEqual(mapped({ CZZT: name }).rules, ['invisible-character holders[0].name']);
});

describe('names that were decoded as what they are not', () => {
  const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
  const asGbk = (text: string): string => new TextDecoder('gbk').decode(Buffer.from(text));
  for (const name of [
    latin1('张三'),
    latin1('无锡市甲公司'),
    'ÕÅÈý',
    'ÎÞÎýÊÐÔ°ÁÖ¾Ö',
    'å¼\u00a0ä¸‰',
    '张\ufffd',
    '锟斤拷',
    '锟斤拷锟斤拷',
    '烫烫烫',
    '\ue123\ue124',
    '&#24352;三',
    '&#x5f20;三',
    '甲&amp;乙公司',
    '张三%20',
    '张?',
    '?三',
    '张??',
    // UTF-8 as GBK, whole and with a byte that was lost.
    asGbk('张三'),
    asGbk('无锡市园林局'),
    asGbk('阿不都·热合曼'),
    asGbk('甲（集团）公司'),
    `A${asGbk('园林局')}`,
    asGbk('园林局').slice(0, -1),
    '\u{f0001}\u{f0002}某',
    '\\u5f20\\u4e09',
    '张&ensp;三',
    '张<br/>三',
    '阿不都Â·热合曼',
  ])
    it(`flags ${JSON.stringify(name)}`, () => {
      assert.equal(spellingFault(name), 'mojibake');
      assert.deepEqual(mapped({ CZZT: name }).rules, ['mojibake holders[0].name']);
      assert.deepEqual(mapped({ ZZBFJG: name }).rules, ['mojibake issuerName']);
    });

  it('does not flag names that are rare, foreign or of several signs', () => {
    for (const name of [
      '张三',
      '阿不都·热合曼',
      '阿不都•热合曼',
      'Müller',
      'José Núñez',
      'Zoë',
      'François Lefèvre',
      '\ue863某',
      '龴某',
      'A&B 公司',
      'R&D; 部',
      '100%股份公司',
      '无锡（集团）有限公司',
      'Øystein Ærø',
      '什么',
      '濮存安',
      '骥涛',
      '嫦娥公司',
      '犱某',
      '龑䶮某',
      'José·Núñez',
      '鲜の味<甲>公司',
    ])
      assert.equal(spellingFault(name), null, name);
  });
});

describe('days that are none', () => {
  it('no end, in its spellings', () => {
    for (const end of [
      '长期',
      '长期有效',
      '永久',
      '永久有效',
      '无固定期限',
      '99991231',
      '9999/12/31',
      '9999-12-31 00:00:00',
      '9999年12月31日',
    ]) {
      const { row, rules } = mapped({ ZZYXQJZRQ: end });
      assert.deepEqual([row?.longTerm, row?.expiresOn, rules], [true, null, []], end);
    }
    assert.deepEqual(mapped({ ZZYXQJZRQ: 'infinity' }).rules, ['no-day expiresOn']);
    assert.equal(mapped({ ZZYXQJZRQ: 'infinity' }).row?.longTerm, true);
    assert.equal(mapped({ ZZYXQJZRQ: '2099-12-31' }).row?.expiresOn, '2099-12-31');
  });

  it('day zero is none with a remark, and no day of issue', () => {
    for (const zero of ['0000-00-00', '0000-00-00 00:00:00', '0001-01-01', '1900-01-01', '1899-12-30', '-infinity']) {
      const { row, rules } = mapped({ ZZYXQJZRQ: zero, ZZYXQQSRQ: zero });
      assert.deepEqual([row?.expiresOn, row?.effectiveOn, row?.longTerm], [null, null, false], zero);
      assert.deepEqual(rules.sort(), ['no-day effectiveOn', 'no-day expiresOn']);
      assert.deepEqual(mapped({ ZZBFRQ: zero }).rules, ['date-invalid issuedOn']);
    }
  });
});

describe('keys and numbers', () => {
  it('a key in scientific notation has lost its digits', () => {
    for (const key of ['3.20201E+17', '3.2E17', '1e+20', '-3.2E+17', '3,20201E+17', '320.2E+15'])
      assert.deepEqual(mapped({ id: key }).rules, ['digits-lost key']);
    for (const key of ['1E5', '12E10', '3.5', '2E+5A']) assert.equal(mapped({ id: key }).row?.key, key);
  });

  it('numbers keep their spelling', () => {
    const text =
      '{"area":120.50,"version":[1.10, 2.0],"big":12345678901234567.89,"e":1E5,"x":-0.00,"small":12,"exact":1.5,"t":"1.10, 2.0"}';
    assert.deepEqual(parseKeepingDigits(text), {
      area: '120.50',
      version: ['1.10', '2.0'],
      big: '12345678901234567.89',
      e: '1E5',
      x: '-0.00',
      small: 12,
      exact: 1.5,
      t: '1.10, 2.0',
    });
  });
});
