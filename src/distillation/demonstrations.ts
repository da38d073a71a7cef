// Demonstrations: what is asked, and an answer to it that a student learns from; and datasets of them.

import { defineSlot } from '../registry/slot.ts';
import type { Message } from '../renderers/types.ts';
import type { BatchedDataset, DatasetContext } from '../supervised/types.ts';

export interface Demonstration {
  /** Ends with a question of the user. */
  prompt: Message[];
  /** A reply of the assistant. */
  completion: Message;
}

export type DemonstrationDataset = BatchedDataset<Demonstration>;

export interface DemonstrationDatasets {
  train: DemonstrationDataset;
  /** Held-out demonstrations, or null. */
  test: DemonstrationDataset | null;
}

export const demonstrationDatasetSlot = defineSlot<DatasetContext, DemonstrationDatasets>({
  name: 'demonstration_dataset',
  doc: 'Questions with answers that a student learns from, and the held-out part that is measured.',
});
