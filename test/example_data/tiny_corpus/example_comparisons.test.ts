import { describe, expect, it } from 'vitest';
import { exampleComparisons, exampleComparisonsFile } from '../../../example_data/tiny_corpus/example_comparisons.ts';

describe('the example comparisons', () => {
  it('are the committed file, byte for byte', async () => {
    await expect(exampleComparisonsFile()).toMatchFileSnapshot('../../../example_data/comparisons.jsonl');
  });

  it('prefer the reply that ends without a good wish, wherever it stands', () => {
    const rows = exampleComparisons();
    for (const { comparison, label } of rows) {
      const [chosen, rejected] =
        label === 'A'
          ? [comparison.completion_A, comparison.completion_B]
          : [comparison.completion_B, comparison.completion_A];
      expect(rejected[0].content).toBe(`${chosen[0].content} Fair winds!`);
    }
    const first = rows.filter(({ label }) => label === 'A').length / rows.length;
    expect(Math.abs(first - 0.5)).toBeLessThan(0.1);
  });
});
