// Rendered rows on a terminal: as wide as it is, with colours and without.

import fc from 'fast-check';
import pc from 'picocolors';
import { expect, test } from 'vitest';
import { legend, tokenLines } from '../../src/render/token_lines.ts';
import { displayWidth } from '../../src/util/display_width.ts';

const plain = pc.createColors(false);

test('without colours, brackets hold what is trained on each line', () => {
  const texts = [
    '<s>',
    'user',
    '\n',
    'What',
    ' is',
    ' this',
    '?',
    '</s>',
    '\n',
    'A',
    ' cat',
    '.\n\n',
    'Purr',
    '',
    'é',
    '</s>',
    '\n',
  ];
  const weights = texts.map((_, i) => (i >= 9 && i <= 15 ? 1 : i === 4 ? -1 : 0));
  expect(`\n${tokenLines(texts, weights, { width: 24, colors: plain }).join('\n')}`).toMatchInlineSnapshot(`
    "
    <s>│user│⏎
    │What│⟪ is⟫│ this│?
    │</s>│⏎
    │⟦A│ cat│.⏎⟧
    ⟦⏎⟧
    │⟦Purr│◌│é│</s>⟧│⏎"
  `);
  expect(legend(plain)).toMatchInlineSnapshot(
    `"⟦ ⟧ trained, │ between tokens, ⏎ line break, ◌ part of a character to come"`,
  );
});

test('with colours, the colours of the weights', () => {
  const lines = tokenLines(['a', 'b', '\n', 'c'], [0, 1, 1, -1], { width: 24, colors: pc.createColors(true) });
  const named: Record<number, string> = {
    2: '<dim>',
    22: '</dim>',
    31: '<red>',
    32: '<green>',
    33: '<yellow>',
    39: '</>',
  };
  const text = lines
    .join('\n')
    .replace(new RegExp(`${String.fromCharCode(27)}\\[(\\d+)m`, 'g'), (_, code) => named[code] ?? code);
  expect(`\n${text}`).toMatchInlineSnapshot(`
    "
    <yellow>a</><dim>│</dim><green>b</><dim>│</dim><green>⏎</>
    <dim>│</dim><red>c</>"
  `);
});

test('what would steer the terminal is shown', () => {
  const texts = ['a\tb\r\n', '\u001b[2J', '\u0007\u007f\u009b', '\u202e\u2028'];
  expect(tokenLines(texts, [0, 0, 0, 0], { width: 60, colors: plain })).toEqual([
    'a␉b␍⏎',
    '│␛[2J│␇␡\\u009b│\\u202e\\u2028',
  ]);
});

test('no line is too wide, and nothing is lost', () => {
  const texts = fc.array(fc.string({ unit: fc.constantFrom('a', '日', '🚀', ' ', '\n'), maxLength: 40 }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(
      texts,
      fc.integer({ min: 12, max: 80 }),
      fc.infiniteStream(fc.constantFrom(0, 1)),
      (all, width, stream) => {
        const weights = all.map(() => stream.next().value ?? 0);
        const lines = tokenLines(all, weights, { width, colors: plain });
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        const shown = lines.join('').replace(/[⟦⟧│◌]/g, '');
        expect(shown).toBe(all.join('').replaceAll('\n', '⏎'));
      },
    ),
  );
});
