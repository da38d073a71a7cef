// A model that says its seed, and a benchmark of examples that are right where that is even.

import type { Benchmark, BenchmarkExample } from '../../../src/evaluation/types.ts';
import type { Env, StepResult } from '../../../src/rl/types.ts';
import type { SamplingClient } from '../../../src/tinker/clients.ts';
import { modelInputFromTokens } from '../../../src/tinker/types.ts';

/** `before` may throw or wait, ahead of a sample with this seed. */
export function seedClient(before: (seed: number, signal?: AbortSignal) => Promise<void> | void = () => undefined) {
  const asked: number[] = [];
  const client: SamplingClient = {
    async sample(_prompt, _count, { seed = 0 }, { signal } = {}) {
      asked.push(seed);
      await before(seed, signal);
      return { sequences: [{ tokens: [seed % 1000], logprobs: [-1], stop_reason: 'stop' }] };
    },
    computeLogprobs: async () => [],
    getInfo: async () => ({ base_model: 'seeds', is_lora: false, lora_rank: null, max_context_length: 100 }),
    close: async () => undefined,
  };
  return { client, asked };
}

const ended = { episode_done: true, next_observation: modelInputFromTokens([]), next_stop_condition: [] };

export function evenExample(name: string, judge: (said: number) => Partial<StepResult> = () => ({})): BenchmarkExample {
  const env: Env = {
    initialObservation: async () => ({ observation: modelInputFromTokens([1, 2, 3]), stop_condition: [0] }),
    step: async ({ tokens: [said] }) => ({
      ...ended,
      reward: said % 2 === 0 ? 1 : 0,
      metrics: { said },
      ...judge(said),
    }),
  };
  return { example_id: `even_${name}`, input: name, expected: 'even', makeEnv: () => env };
}

export function evenBenchmark(count: number, grader = 'even 1'): Benchmark {
  return { name: 'even', grader, examples: Array.from({ length: count }, (_, i) => evenExample(String(i))) };
}
