// The completions of `example_data/completions.jsonl`: of each example comparison one reply, and whether it is the one that is wanted.

import type { Message } from 'tinker-cookbook';
import { exampleComparisons } from './example_comparisons.ts';
import { Random } from './random.ts';

interface Row {
  prompt: Message[];
  completion: Message[];
  label: boolean;
}

export function exampleCompletions(): Row[] {
  const random = new Random(12);
  return exampleComparisons().map(({ comparison, label: better }) => {
    const label = random.chance(50);
    const { prompt_conversation: prompt, completion_A, completion_B } = comparison;
    return { prompt, completion: label === (better === 'A') ? completion_A : completion_B, label };
  });
}

/** The file: one completion a line. */
export function exampleCompletionsFile(): string {
  return exampleCompletions()
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');
}
