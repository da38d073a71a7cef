// A dataset whose environments wait for the word to begin: the run stands still between its steps.

import { Type } from '@sinclair/typebox';
import { lastNumber } from '../../src/recipes/arithmetic/last_number.ts';
import { defineBuilder } from '../../src/registry/builder.ts';
import { type ProblemGroupOptions, problemGroup } from '../../src/rl/problem_env.ts';
import { type Env, type EnvGroupBuilder, rlDatasetSlot } from '../../src/rl/types.ts';
import type { Job } from './job.ts';

/** @param begin resolves when a step may begin; called once a step */
export function stepwiseDataset(
  { problems, groups, group_size, equal_lengths }: Job,
  begin: (step: number) => Promise<void>,
) {
  const begun = new Map<number, Promise<void>>();
  const wait = (step: number) => {
    const waiting = begun.get(step) ?? begin(step);
    begun.set(step, waiting);
    return waiting;
  };
  const groupAt = (index: number, options: ProblemGroupOptions): EnvGroupBuilder => {
    const { question, answer } = problems[index];
    const checkAnswer = (reply: string) => lastNumber(reply) === answer;
    const group = problemGroup({ question, reference_answer: answer, checkAnswer }, options);
    return {
      ...group,
      async makeEnvs() {
        await wait(Math.floor(index / groups));
        const envs_G = await group.makeEnvs();
        return equal_lengths ? envs_G.map(withoutStops) : envs_G;
      },
    };
  };
  return defineBuilder({
    slot: rlDatasetSlot,
    name: 'stepwise',
    version: 1,
    doc: 'The problems of a benchmark, a batch at a time.',
    params: Type.Object({}),
    build: (_params, { renderer }) => ({
      train: {
        length: Math.floor(problems.length / groups),
        getBatch: (step) =>
          Array.from({ length: groups }, (_, p) =>
            groupAt(step * groups + p, { renderer, groupSize: group_size, datasetName: 'sums' }),
          ),
      },
      test: null,
    }),
  });
}

/** An answer then ends at max_tokens. */
function withoutStops(env: Env): Env {
  return {
    async initialObservation(options) {
      const first = await env.initialObservation(options);
      return 'overflow' in first ? first : { ...first, stop_condition: [] };
    },
    step: (action, options) => env.step(action, options),
  };
}
