// Stop strings in text that comes in pieces.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StopText } from '../../src/serve/openai/stop_text.ts';

const letters = (least: number) => fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: least, maxLength: 12 });

it('tells the text up to the first of them, however it is cut into pieces', () => {
  const stops = fc.array(letters(1), { maxLength: 3 });
  fc.assert(
    fc.property(fc.array(letters(0), { maxLength: 8 }), stops, (pieces, stop) => {
      const whole = pieces.join('');
      const ends = stop.map((each) => whole.indexOf(each)).filter((at) => at !== -1);
      const text = new StopText(stop);
      expect(pieces.map((piece) => text.add(piece)).join('') + text.finish()).toBe(
        whole.slice(0, Math.min(...ends, whole.length)),
      );
    }),
  );
});

it('tells text as soon as it can be none of them', () => {
  const text = new StopText(['stop', 'top']);
  expect([text.add('s'), text.add('to'), text.add('ne s'), text.add('top'), text.add('more'), text.finish()]).toEqual([
    '',
    '',
    'stone ',
    '',
    '',
    '',
  ]);
});
