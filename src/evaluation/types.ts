// What a benchmark is: examples that a model is asked, and what its answers are worth (tinker_cookbook/eval/benchmarks).

import { defineSlot } from '../registry/slot.ts';
import type { Renderer } from '../renderers/types.ts';
import type { Env } from '../rl/types.ts';
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
