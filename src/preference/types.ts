// Preferences: two completions of one prompt and which of them is better, and datasets of them.

import { defineSlot } from '../registry/slot.ts';
import type { Message } from '../renderers/types.ts';
import type { BatchedDataset, DatasetContext } from '../supervised/types.ts';
import type { Datum } from '../tinker/types.ts';

/** Two ways to go on with a conversation (tinker_cookbook/preference/types.py). */
export interface Comparison {
  prompt_conversation: Message[];
  completion_A: Message[];
  completion_B: Message[];
}

export type PreferenceLabel = 'A' | 'B' | 'Tie';

export interface LabeledComparison {
  comparison: Comparison;
  label: PreferenceLabel;
}

/**
 * A comparison as it is trained on: the prompt with either completion, of which the tokens of weight 1 count. A completion that
 * was judged by itself is a pair that lacks the other one.
 */
export interface PreferencePair {
  chosen: Datum | null;
  rejected: Datum | null;
  /** Neither is better: each counts as chosen, by half. */
  tie: boolean;
}

export type PreferenceDataset = BatchedDataset<PreferencePair>;

export interface PreferenceDatasets {
  /** Completions were judged one by one, so that pairs lack one of theirs; `onlyLabel` where all of them were judged alike. */
  unpaired?: { file: string; onlyLabel: boolean | null };
  train: PreferenceDataset;
  /** Held-out pairs, or null. */
  test: PreferenceDataset | null;
}

export const preferenceDatasetSlot = defineSlot<DatasetContext, PreferenceDatasets>({
  name: 'preference_dataset',
  doc: 'Comparisons that preferences are learned from, and the held-out part that is measured.',
});
