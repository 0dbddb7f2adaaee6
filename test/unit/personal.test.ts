import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { completeIdNumber } from '../../domain/library/identifiers.ts';
import { maskNumbers } from '../../domain/library/personal.ts';

const PERSON = completeIdNumber('32021119900101121');

describe('numbers of somebody in a text', () => {
  it('are hidden but for their ends, wherever they stand', () => {
    const hidden = `3202******${PERSON.slice(-2)}`;
    for (const [text, expected] of [
      [PERSON, hidden],
      [`push/police-permits/${PERSON}#2`, `push/police-permits/${hidden}#2`],
      [`2026${PERSON}`, `2026${hidden}`],
      [`${PERSON}0001`, `${hidden}0001`],
      [`${PERSON}${PERSON}`, `${hidden}${hidden}`],
      [`${PERSON.slice(0, 17)}x`, '3202******1x'],
      ['320211900101121', '3202******21'],
      ['锡公特（320211900101121）', '锡公特（3202******21）'],
    ] as const)
      assert.equal(maskNumbers(text), expected, text);
    assert.doesNotMatch(
      maskNumbers(PERSON.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))),
      /１９９００１０１/,
    );
  });

  it('what is none stays as it is', () => {
    for (const text of [
      '20261122100000123456',
      '11320200014006438B',
      '91460100MA5THWMM2J',
      '320211000012345',
      '锡建（2026）12',
    ])
      assert.equal(maskNumbers(text), text);
  });

  it('whatever is around them, none is left, and masking again changes nothing', () => {
    const born = fc.date({ min: new Date('1920-01-01'), max: new Date('2026-01-01'), noInvalidDate: true });
    const digits = fc.stringMatching(/^\d{0,12}$/);
    fc.assert(
      fc.property(digits, born, fc.integer({ min: 0, max: 999 }), digits, (head, date, order, tail) => {
        const day = date.toISOString().slice(0, 10).replaceAll('-', '');
        const number = completeIdNumber(`320211${day}${String(order).padStart(3, '0')}`);
        const masked = maskNumbers(head + number + tail);
        assert.ok(!masked.includes(number), `${head} ${number} ${tail}`);
        assert.equal(maskNumbers(masked), masked);
      }),
    );
  });
});
