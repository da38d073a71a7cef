import fc from 'fast-check';
import { expect, test } from 'vitest';
import { displayWidth } from '../../src/util/display_width.ts';
import { folded } from '../../src/util/folded.ts';

test('breaks behind the joints of names and paths', () => {
  expect(folded('runs/lr_grid/learning_rate=0.003,lora_rank=16,seed=0', 24)).toEqual([
    'runs/lr_grid/',
    'learning_rate=0.003,',
    'lora_rank=16,seed=0',
  ]);
  expect(folded('no joint anywhere: abcdefghijklmnop', 10)).toEqual(['no joint', 'anywhere:', 'abcdefghij', 'klmnop']);
  expect(folded('tokens/prefill_uncached', 22)).toEqual(['tokens/prefill_', 'uncached']);
});

test('never writes more than fits, and loses nothing but spaces', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'bc', ' ', '/', '学', '👩‍👩‍👧', 'é') }),
      fc.integer({ min: 2, max: 20 }),
      (text, columns) => {
        const lines = folded(text, columns);
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      },
    ),
  );
});
