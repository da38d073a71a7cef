import { describe, expect, it } from 'vitest';
import { exampleInstructionsFile } from '../../../example_data/tiny_corpus/example_instructions.ts';
import { drawExamples, messagesOf } from '../../../example_data/tiny_corpus/instruction_examples.ts';

describe('the example instructions', () => {
  it('are the committed file, byte for byte', async () => {
    await expect(exampleInstructionsFile()).toMatchFileSnapshot('../../../example_data/instructions.jsonl');
  });

  it('are none of those that the evaluator asks', () => {
    const rows = new Set(exampleInstructionsFile().split('\n'));
    const asked = drawExamples(290, 0).map(({ task }) => JSON.stringify({ prompt: messagesOf(task) }));
    expect(asked.filter((row) => rows.has(row))).toEqual([]);
  });
});
