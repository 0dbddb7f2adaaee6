import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  addDays,
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
