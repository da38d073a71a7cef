// Decisions: a question whose answer is one of a few choices, and how probable each of them is.

import { defineSlot } from '../../registry/slot.ts';

export interface Choice {
  label: string;
  /** What it stands for, where the label does not say. */
  description: string | null;
}

export interface Decision {
  text: string;
  /** From 2 to 26, with labels that differ. */
  choices: readonly Choice[];
  /** What is learned: how probable each choice is, in their order; of one that has happened 1, of the others 0. */
  target: readonly number[];
  /** The probabilities that the outcome was drawn with, where they are known. */
  truth: readonly number[] | null;
  /** Names under which it is also reported, such as a category. */
  tags: readonly string[];
}

export interface Decisions {
  train: Decision[];
  /** Held out. */
  test: Decision[];
}

export interface DecisionsContext {
  seed: number;
  warn(message: string): void;
  notify?(message: string): void;
  signal?: AbortSignal;
}

export const decisionsSlot = defineSlot<DecisionsContext, Decisions>({
  name: 'decisions',
  doc: 'Questions whose answers are one of a few choices, with what came of them.',
});
