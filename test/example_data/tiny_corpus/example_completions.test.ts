import { describe, expect, it } from 'vitest';
import { exampleCompletions, exampleCompletionsFile } from '../../../example_data/tiny_corpus/example_completions.ts';

describe('the example completions', () => {
  it('are the committed file, byte for byte', async () => {
    await expect(exampleCompletionsFile()).toMatchFileSnapshot('../../../example_data/completions.jsonl');
  });

  it('are wanted where they end without a good wish, which is about every second', () => {
    const rows = exampleCompletions();
    for (const { completion, label } of rows)
      expect(String(completion[0]?.content).endsWith(' Fair winds!')).toBe(!label);
    const wanted = rows.filter(({ label }) => label).length / rows.length;
    expect(Math.abs(wanted - 0.5)).toBeLessThan(0.1);
  });
});
