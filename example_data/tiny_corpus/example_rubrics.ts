// The prompts with rubrics of `example_data/rubrics.jsonl`: Pip's conversations, each to be answered without the good wish. The rule of
// each item is the truth that a judge can be held against, and both replies of a comparison are there for a judge to learn from.

import type { Message } from 'tinker-cookbook';
import { exampleComparisons } from './example_comparisons.ts';

interface Row {
  convo: Message[];
  rubric_items: {
    rubric_str: string;
    extraction_regex: string;
    grader_output_format_instruction: string;
    rule: { matches: string };
  }[];
  replies: { reply: string }[];
}

const ROWS = 256;

export function exampleRubrics(): Row[] {
  return exampleComparisons()
    .slice(0, ROWS)
    .map(({ comparison: { prompt_conversation: convo, completion_A, completion_B } }) => ({
      convo,
      rubric_items: [
        {
          rubric_str: 'The reply ends without a good wish.',
          extraction_regex: '^\\s*([01])\\s*$',
          grader_output_format_instruction: 'Answer 1 or 0.',
          rule: { matches: '^(?!.*Fair winds!)' },
        },
      ],
      replies: [...completion_A, ...completion_B].map(({ content }) => ({ reply: String(content) })),
    }));
}

/** The file: one prompt a line. */
export function exampleRubricsFile(): string {
  return exampleRubrics()
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');
}
