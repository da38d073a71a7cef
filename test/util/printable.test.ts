import fc from 'fast-check';
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { printable, printableScreen, printableText } from '../../src/util/printable.ts';

const hostile = 'a\r\nb\tc\u001b[31mred\u0000\u009b\u2028\u202e';

describe('printable', () => {
  it('leaves one line without codes for the terminal', () => {
    expect(printable(hostile)).toBe('a b c\\u001b[31mred\\u0000\\u009b\\u2028\\u202e');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => !/[\p{Cc}\u2028\u2029\u202a-\u202e]/u.test(printable(text))),
    );
  });
});

describe('printableText', () => {
  it('keeps lines and tabs', () => {
    expect(printableText(hostile)).toBe('a\nb\tc\\u001b[31mred\\u0000\\u009b\\u2028\\u202e');
  });
});

describe('printableScreen', () => {
  it('keeps colors, and no other code', () => {
    const { red, bold } = pc.createColors(true);
    const colored = `${bold('name')} ${red('loss')}`;
    expect(printableScreen(colored)).toBe(colored);
    expect(printableScreen('\u001b[2J\u001b]0;title\u0007\u001b[1;1H')).toBe(
      '\\u001b[2J\\u001b]0;title\\u0007\\u001b[1;1H',
    );
  });
});
