// Prompts with rubrics, and who judges by them (tinker_cookbook/recipes/rubric).

import type { Completion, PreferenceModelContext } from '../../preference/models/preference_model.ts';
import { defineSlot } from '../../registry/slot.ts';
import type { Message } from '../../renderers/types.ts';
import type { StepOptions } from '../../rl/types.ts';
import type { Rule } from './rules.ts';

/** One thing that makes a reply good, and how a judge says how far it is met. */
export interface RubricItem {
  rubric_str: string;
  /** Its first group is the score; null = `<score>…</score>`. */
  extraction_regex: string | null;
  /** How the judge is to answer; null = with a number in `<score>…</score>`. */
  grader_output_format_instruction: string | null;
  /** The truth, where a program can tell it. */
  rule: Rule | null;
}

/** A reply, and what each item of the rubric is worth in it. */
export interface LabelledReply {
  reply: string;
  /** From 0 to 1. */
  scores: readonly number[];
}

export interface RubricDatapoint {
  convo: Message[];
  rubric_items: RubricItem[];
  /** What a judge learns from. */
  replies: LabelledReply[];
}

export interface RubricRows {
  train: RubricDatapoint[];
  /** Held out. */
  test: RubricDatapoint[];
}

export interface RubricRowsContext {
  seed: number;
  warn(message: string): void;
  notify?(message: string): void;
  signal?: AbortSignal;
}

export const rubricRowsSlot = defineSlot<RubricRowsContext, RubricRows>({
  name: 'rubric_rows',
  doc: 'Prompts with the rubrics that replies to them are judged by.',
});

export interface RubricJudge {
  /** What it is, for metrics: a reward by rule must not pass for one by a model. */
  readonly kind: 'model' | 'scripted';
  /** From 0 to 1; null where it cannot be told. */
  score(item: RubricItem, completion: Completion, options?: StepOptions): Promise<number | null>;
}

export const rubricJudgeSlot = defineSlot<PreferenceModelContext, RubricJudge>({
  name: 'rubric_judge',
  doc: 'Says how far a reply meets an item of a rubric.',
});
