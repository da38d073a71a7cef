// What every loop's rows tell, under the names that each kind of loop has for it in the Python cookbook.

import type { Metrics } from './types.ts';

/** Tokens that a step was trained on; 0 where its row does not say. */
export function trainedTokens(row: Metrics): number {
  const tokens = row.num_tokens ?? row['tokens/trained'];
  return typeof tokens === 'number' ? tokens : 0;
}

/** The learning rate of a step; undefined where its row does not say. */
export function learningRate(row: Metrics): Metrics[string] | undefined {
  return row.learning_rate ?? row['optim/lr'];
}
