// A comparison in one order as a question whose answer is a label: its tokens, and the datum that trains or scores a label.

import { datumFromModelInputWeights } from '../../supervised/common.ts';
import { type Datum, modelInputFromTokens } from '../../tinker/types.ts';
import type { Comparison, LabeledComparison, PreferenceLabel } from '../types.ts';
import { type LabelPrompt, OTHER_LABEL, swapped } from './comparison_prompt.ts';

/** A comparison in one order, rendered; typed arrays take a third of the memory of a datum. */
export interface LabelQuestion {
  prompt: Int32Array;
  labels: LabelPrompt['labels'];
  label: PreferenceLabel;
}

/** A comparison in the order of its row, and in the other. */
export interface RenderedComparison {
  orders: readonly [LabelQuestion, LabelQuestion];
  /** What the true rule says of the first order; null without one, or where it cannot tell. */
  ruled: number | null;
}

export function renderOrders(
  { comparison, label }: LabeledComparison,
  promptOf: (comparison: Comparison) => LabelPrompt,
): readonly [LabelQuestion, LabelQuestion] {
  const question = (order: typeof comparison, label: PreferenceLabel): LabelQuestion => {
    const { tokens, labels } = promptOf(order);
    return { prompt: Int32Array.from(tokens), labels, label };
  };
  return [question(comparison, label), question(swapped(comparison), OTHER_LABEL[label])];
}

/** Of the whole sequence the label alone has weight: it ends there. */
export function labelDatum({ prompt, labels }: LabelQuestion, label: PreferenceLabel, weight: number): Datum {
  const weights = new Float32Array(prompt.length + 1);
  weights[prompt.length] = weight;
  return datumFromModelInputWeights(modelInputFromTokens([...prompt, labels[label]]), weights, { reduction: 'none' });
}
