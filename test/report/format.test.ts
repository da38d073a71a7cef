import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatExact, formatMean, formatNumber, formatSeconds, formatValue } from '../../src/report/format.ts';

describe('formatNumber', () => {
  it('keeps four significant digits, and integers whole', () => {
    const numbers = [0, 40, 123456789, 1.23456, 0.5, 1234.56, 0.00123456, 0.000123456, 1e-7, -2.5, 1.5e9, Number.NaN];
    expect(numbers.map(formatNumber)).toEqual([
      '0',
      '40',
      '123456789',
      '1.235',
      '0.5',
      '1235',
      '0.001235',
      '1.235e-4',
      '1e-7',
      '-2.5',
      '1500000000',
      'NaN',
    ]);
    expect([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(formatNumber)).toEqual(['∞', '−∞']);
  });

  it('is never off by more than half a unit of the fourth digit', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), (value) => {
        expect(Math.abs(Number(formatNumber(value)) - value)).toBeLessThanOrEqual(Math.abs(value) * 5.01e-4);
      }),
    );
  });
});

describe('other values', () => {
  it('are shown in full where they tell configurations apart', () => {
    expect([0.00012345678, 'a\nb', null, true, [{ builder: 'nll' }]].map(formatExact)).toEqual([
      '0.00012345678',
      'a b',
      '—',
      'true',
      '[{"builder":"nll"}]',
    ]);
    expect(formatValue(1.23456)).toBe('1.235');
  });

  it('a mean comes with its deviation, if it has one', () => {
    expect([formatMean(1.94321, 0.02123), formatMean(1.94321, null), formatMean(null, null)]).toEqual([
      '1.943 ± 0.021',
      '1.943',
      '—',
    ]);
  });

  it('times are in the unit that fits', () => {
    expect([0.5, 59, 90, 3600, 7380].map(formatSeconds)).toEqual(['0.5 s', '59 s', '2 min', '1 h 0 min', '2 h 3 min']);
  });
});
