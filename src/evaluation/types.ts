// What a benchmark is: examples that a model is asked, and what its answers are worth (tinker_cookbook/eval/benchmarks).

import { defineSlot } from '../registry/slot.ts';
import type { Message, Renderer } from '../renderers/types.ts';
import type { Env, EnvLogs, EnvMetrics } from '../rl/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import type { OtherModels } from '../training/other_models.ts';

export interface BenchmarkExample {
  /** Tells it from all others by what is asked and what is expected, and never by its place in a file. */
  example_id: string;
  /** What is asked and expected, for people. */
  input: string;
  expected: string | null;
  /** One episode with it. A reward above 0 is a correct answer. */
  makeEnv(): Env | Promise<Env>;
  /** The same where it is one reply to one conversation: what services can be asked that take and give texts alone. */
  text?: TextQuestion;
}

interface TextQuestion {
  messages: readonly Message[];
  /** @param ends whether the reply has come to its end, or was cut */
  judge(reply: string, ends: boolean): Promise<{ reward: number; metrics: EnvMetrics; logs: EnvLogs }>;
}

/** Of a record what the result is made of, and little enough to keep for every answer. */
export interface ScoredSample {
  reward: number;
  metrics: Readonly<Record<string, number>>;
  error: string | null;
  time_seconds: number;
  turns: number;
  /** Tokens that were sampled, and that were read to sample them. */
  ac_tokens: number;
  ob_tokens: number;
}

export interface Benchmark {
  /** Under which results are kept and reported. */
  name: string;
  /**
   * How answers are judged, the settings of that included. Under another text, what was sampled before is judged anew; it
   * is not sampled again.
   */
  grader: string;
  examples: readonly BenchmarkExample[];
  /** What there is to tell of all answers beside the means of their metrics. */
  summarize?(samples: readonly ScoredSample[]): Record<string, number>;
}

export interface BenchmarkContext {
  tokenizer: Tokenizer;
  renderer: Renderer;
  seed: number;
  /** Opens models beside the one that is measured. */
  models?: OtherModels;
  warn(message: string): void;
  notify?(message: string): void;
  signal?: AbortSignal;
}

export const benchmarkSlot = defineSlot<BenchmarkContext, Benchmark>({
  name: 'benchmark',
  doc: 'Examples that a model is measured on: with `cookbook eval`, or with the evaluator `benchmark` while it is trained.',
});
