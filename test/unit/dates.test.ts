import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  addDays,
  isEndless,
  isNoDay,
  parseDate,
  parseInstant,
  shanghaiDate,
  shanghaiInstant,
  startOfDayMs,
  timeOfDayMs,
} from '../../domain/dates.ts';

describe('dates as departments write them', () => {
  const written: [string, string | null][] = [
    ['2024-01-02', '2024-01-02'],
    ['2024/1/2', '2024-01-02'],
    ['2024年1月2日', '2024-01-02'],
    ['2024.1.2', '2024-01-02'],
    ['20240102', '2024-01-02'],
    ['2024-01-02 00:00:00', '2024-01-02'],
    ['2024-01-02T23:59:59.123456', '2024-01-02'],
    ['2024-01-01T16:00:00Z', '2024-01-02'],
    ['2024-01-01T15:59:59Z', '2024-01-01'],
    ['2024-02-29', '2024-02-29'],
    ['1704124800', '2024-01-02'],
    ['1704124800000', '2024-01-02'],
    // Ten and twelve digits are a time to the hour or minute where they can be one, else they count from 1970.
    ['2026010108', '2026-01-01'],
    ['2026123123', '2026-12-31'],
    ['202601010830', '2026-01-01'],
    ['946656000000', '2000-01-01'],
    ['999964800000', '2001-09-09'],
    ['583686000', '1988-07-01'],
    ['-315648000001', '1959-12-31'],
    // As seconds this is a midnight, too.
    ['1990022400', null],
    // The end of a day is no time, and neither an hour of 2034 nor a minute of 1976.
    ['2026010124', null],
    ['202601012400', null],
    ['2026-01-01 24:00:00', null],
    ['2026139924', '2034-03-17'],
    // Summer time of 1986 to 1991: midnight was at 15:00 UTC.
    ['583686000000', '1988-07-01'],
    ['1988-06-30T15:00:00.000Z', '1988-07-01'],
    ['1988-06-30T14:59:59Z', '1988-06-30'],
    ['1988-07-01T00:00:00+09:00', '1988-07-01'],
    ['1986-05-03T16:00:00Z', '1986-05-04'],
    ['1986-05-04T15:00:00Z', '1986-05-05'],
    ['1991-09-14T15:00:00Z', '1991-09-15'],
    ['1991-09-15T15:59:59Z', '1991-09-15'],
    ['1992-07-01T15:00:00Z', '1992-07-01'],
    ['2024-01-02 00:00:00+08', '2024-01-02'],
    ['2024-01-01 16:00:00.123456+00', '2024-01-02'],
    ['2024-01-02T00:00:00+0800', '2024-01-02'],
    ['2024-01-02T00:00:00+08:00[Asia/Shanghai]', '2024-01-02'],
    ['2024-01-02+08:00', '2024-01-02'],
    ['2024-01-02 00:00:00 +8', '2024-01-02'],
    ['2024-01-01T16:00:00+0:00', '2024-01-02'],
    ['2024-01-02 00:00:00 GMT+8', '2024-01-02'],
    ['2024-01-01 16:00:00 UTC', '2024-01-02'],
    ['20240101T160000Z', '2024-01-02'],
    ['20240102T103000', '2024-01-02'],
    ['２０２４年１月２日', '2024-01-02'],
    ['２０２４－０１－０２', '2024-01-02'],
    ['2024年1月2号', '2024-01-02'],
    ['2024年1月2日10时', '2024-01-02'],
    ['2024. 1. 2', '2024-01-02'],
    ['2024-01-02 00:00:00 CST', null],
    ['2024-01-02 8:00 PM', null],
    ['2024年1月2日 下午 8:00', null],
    ['2024-01-02 10', null],
    ['2024年1月', null],
    ['2023-02-29', null],
    ['2024-13-01', null],
    ['0205-03-01', null],
    ['9999-12-31', null],
    ['2024-01-02 25:00:00', null],
    ['2024-1', null],
    ['昨天', null],
    ['', null],
  ];
  for (const [text, expected] of written) {
    it(`${text || '(nothing)'} → ${String(expected)}`, () => assert.equal(parseDate(text), expected));
  }

  it('every day from 1900 to 2199 is read in every way of writing it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 109_571 }), (offset) => {
        const date = addDays('1900-01-01', offset);
        const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
        const ways = [
          date,
          `${year}/${month}/${day}`,
          `${year}年${month}月${day}日`,
          date.replaceAll('-', ''),
          `${date} 12:30:00`,
        ];
        for (const way of ways) assert.equal(parseDate(way), date);
      }),
    );
  });

  it('reads any text without throwing and in linear time', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => parseDate(text) === null || parseDate(text) !== ''));
    assert.equal(parseDate('1'.repeat(1_000_000)), null);
  });
});

describe('instants as departments write them', () => {
  const written: [string, string | null][] = [
    ['2026-11-22 21:00:05', '2026-11-22T21:00:05+08:00'],
    ['2026-11-22T21:00:05.123456789Z', '2026-11-22T21:00:05.123456+00:00'],
    ['2026-11-22T21:00:05-05:30', '2026-11-22T21:00:05-05:30'],
    ['2026/11/2 9:05', '2026-11-02T09:05:00+08:00'],
    ['20261122210005', '2026-11-22T21:00:05+08:00'],
    ['2026-11-22', '2026-11-22T00:00:00+08:00'],
    ['1795352405123', '2026-11-22T21:00:05.123+08:00'],
    ['1795352405', '2026-11-22T21:00:05+08:00'],
    ['2026-11-22 21:00:05.123456+08', '2026-11-22T21:00:05.123456+08:00'],
    ['2026-11-22T21:00:05+0800', '2026-11-22T21:00:05+08:00'],
    ['2026-11-22 13:00:05z', '2026-11-22T13:00:05+00:00'],
    ['2026-11-22 21:00:05 GMT+8', '2026-11-22T21:00:05+08:00'],
    ['2026-11-22T21:00:05+8', '2026-11-22T21:00:05+08:00'],
    ['2026-11-22T21:00:05-330', '2026-11-22T21:00:05-03:30'],
    ['20261122T210005Z', '2026-11-22T21:00:05+00:00'],
    ['20261122210005.123', '2026-11-22T21:00:05.123+08:00'],
    ['2026-11-22 24:00:00', null],
    ['2026112224', null],
    ['2026112221', '2026-11-22T21:00:00+08:00'],
    ['202611222105', '2026-11-22T21:05:00+08:00'],
    ['1988-07-01 00:00:00', '1988-07-01T00:00:00+09:00'],
    ['1988-12-01 00:00:00', '1988-12-01T00:00:00+08:00'],
    ['583686000000', '1988-06-30T23:00:00+08:00'],
    ['2026-11-22 21:00:61', null],
    ['soon', null],
  ];
  for (const [text, expected] of written) {
    it(`${text} → ${String(expected)}`, () => assert.equal(parseInstant(text), expected));
  }

  it('keeps every instant that it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1950, 0), max: Date.UTC(2190, 0) }), (atMs) => {
        assert.equal(Date.parse(parseInstant(shanghaiInstant(atMs)) ?? ''), atMs);
      }),
    );
  });
});

describe('ends of validity', () => {
  it('the year 9999 is no end, however it is written', () => {
    for (const text of [
      '99991231',
      '9999-12-31',
      '9999/12/31',
      '9999.12.31',
      '9999年12月31日',
      '9999-12-30',
      '9999/1/1',
      '9999-12-31 00:00:00',
      '9999-12-31T23:59:59+08:00',
      '9999-12-31T23:59:59',
      '9999-99-99',
      '99999999',
      '99991231235959',
      '253402185600000',
      '253402185600',
    ])
      assert.ok(isEndless(text), text);
    for (const text of ['2099-12-31', '9999', '99991331', '9999-13-31', '29991231', '253402300800000', ''])
      assert.ok(!isEndless(text), text);
  });
  it('day zero and infinity are no day', () => {
    for (const text of [
      '0000-00-00',
      '0000-00-00 00:00:00',
      '0000/00/00',
      '00000000',
      '0001-01-01',
      '0001-01-01T00:00:00',
      '00000000000000',
      '0000年00月00日',
      '1899-12-30 00:00:00',
      '1899/12/31',
      '1900-01-00',
      '1900/1/0',
      '1900-01-01 00:00:00',
      '1753-01-01',
      'infinity',
      '-infinity',
      'Infinity',
    ])
      assert.ok(isNoDay(text), text);
    for (const text of ['2000-00-00', '0000-01-01x', '1900-01-02', '1900-10-10', '1899-12-29', ''])
      assert.ok(!isNoDay(text), text);
  });
});

describe('days of Shanghai', () => {
  it('begin at 16:00 UTC of the day before', () => {
    assert.equal(shanghaiDate(Date.parse('2026-11-22T15:59:59.999Z')), '2026-11-22');
    assert.equal(shanghaiDate(Date.parse('2026-11-22T16:00:00Z')), '2026-11-23');
    assert.equal(startOfDayMs('2026-11-23'), Date.parse('2026-11-22T16:00:00Z'));
  });
  it('24:00 is the start of the next day', () => {
    assert.equal(timeOfDayMs('2026-12-31', '24:00'), startOfDayMs('2027-01-01'));
    assert.equal(timeOfDayMs('2026-11-22', '21:30'), Date.parse('2026-11-22T21:30:00+08:00'));
  });
});
