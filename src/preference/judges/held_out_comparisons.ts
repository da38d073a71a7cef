// Comparisons that a policy's replies are held against: one of each prompt, and those that are held out of training on prompts.

import type { Message } from '../../renderers/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import { shortPath } from '../../util/files.ts';
import type { HeldOutParams } from '../data/comparison_params.ts';
import { heldOutFirst } from '../data/prompts.ts';
import { type FileListener, readComparisons } from '../data/read_comparisons.ts';
import type { LabeledComparison } from '../types.ts';

export interface ComparedPrompt {
  prompt_conversation: Message[];
  completion: Message[];
}

export async function readComparedPrompts(
  { file_path: file, test_size, against, ...options }: HeldOutParams,
  listener: FileListener,
): Promise<ComparedPrompt[]> {
  const rows = await readComparisons(file, options, listener, (labeled) => comparedPrompt(labeled, against));
  const distinct = new Map<string, ComparedPrompt>();
  for (const row of rows) {
    if (row === null) continue;
    const key = JSON.stringify(row.prompt_conversation);
    if (!distinct.has(key)) distinct.set(key, row);
  }
  const prompts = [...distinct.values()];
  if (test_size !== null && test_size > prompts.length) {
    throw new DataValidationError(
      `${shortPath(file)}: test_size ${test_size} is more than its ${prompts.length} prompts`,
    );
  }
  return heldOutFirst(prompts).slice(0, test_size ?? undefined);
}

function comparedPrompt({ comparison, label }: LabeledComparison, against: 'chosen' | 'rejected'): ComparedPrompt {
  const { prompt_conversation, completion_A, completion_B } = comparison;
  const isFirst = label === 'Tie' || (label === 'A') === (against === 'chosen');
  return { prompt_conversation, completion: isFirst ? completion_A : completion_B };
}
