// Replies against the completions of a dataset as a benchmark: one that the first judge prefers is a right answer.

import { createHash } from 'node:crypto';
import { type Static, Type } from '@sinclair/typebox';
import { visibleText } from '../completers/completers.ts';
import { heldOutFields } from '../preference/data/comparison_params.ts';
import type { ComparedPrompt } from '../preference/judges/held_out_comparisons.ts';
import { judgeFields } from '../preference/judges/judge_fields.ts';
import type { Judge } from '../preference/judges/judges.ts';
import { defineBuilder } from '../registry/builder.ts';
import type { Renderer } from '../renderers/types.ts';
import type { Env } from '../rl/types.ts';
import { modelInputFromTokens } from '../tinker/types.ts';
import { canonicalJson, type JsonObject } from '../util/json.ts';
import { type BenchmarkExample, benchmarkSlot } from './types.ts';

const params = Type.Object({ ...heldOutFields, ...judgeFields });
type ComparisonConfig = Static<typeof params>;

export const comparisonBenchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'comparison',
  version: 1,
  doc: 'Replies against the completions of a file of comparisons: win_rate/JUDGE, and as the score how often the first judge prefers the reply.',
  params,
  async build(config, { renderer, seed, models, warn, notify, signal }, make) {
    const { buildJudges } = await import('../preference/judges/judges.ts');
    const { readComparedPrompts } = await import('../preference/judges/held_out_comparisons.ts');
    const judges = await buildJudges(config.judges, { seed, models, warn, notify, signal }, make);
    const prompts = await readComparedPrompts(config, { warn, notify, signal });
    const weights = await identitiesOf(judges);
    const { both_ways } = config;
    const grading: JsonObject = { judges: config.judges, both_ways, ...(weights === null ? {} : { weights }) };
    return {
      name: 'comparison',
      grader: `comparison 1: ${canonicalJson(grading)}`,
      examples: prompts.map((prompt) => exampleOf(prompt, { config, judges, renderer })),
    };
  },
});

/** Of the judges that are models, by their names: at the path of one that was trained on lies another. Null where none is. */
async function identitiesOf(judges: readonly Judge[]): Promise<Record<string, string> | null> {
  const told = await Promise.all(
    judges.map(async ({ name, model }): Promise<[string, string][]> => {
      const identity = await model.identity?.();
      return identity === undefined ? [] : [[name, identity]];
    }),
  );
  return told.flat().length === 0 ? null : Object.fromEntries(told.flat());
}

interface Parts {
  config: ComparisonConfig;
  judges: readonly Judge[];
  renderer: Renderer;
}

function exampleOf(prompt: ComparedPrompt, parts: Parts): BenchmarkExample {
  const { prompt_conversation, completion } = prompt;
  const digest = createHash('sha256')
    .update(JSON.stringify([prompt_conversation, completion]))
    .digest('hex');
  return {
    example_id: `comparison_${digest.slice(0, 16)}`,
    input: prompt_conversation.map(visibleText).join('\n'),
    expected: completion.map(visibleText).join('\n'),
    makeEnv: () => comparisonEnv(prompt, parts),
  };
}

/** Reward: 2 · score − 1 by the first judge, so that a reply that it prefers is above 0. */
function comparisonEnv(prompt: ComparedPrompt, { config, judges, renderer }: Parts): Env {
  const stop_condition = renderer.getStopSequences();
  return {
    async initialObservation() {
      return { observation: renderer.buildGenerationPrompt(prompt.prompt_conversation), stop_condition };
    },
    async step({ tokens }, { signal } = {}) {
      const { RolloutFailure } = await import('../rl/rollout_failure.ts');
      const { winScore } = await import('../preference/judges/judges.ts');
      const { message } = renderer.parseResponse(tokens);
      const scores = await Promise.all(
        judges.map(async ({ name, model }): Promise<[string, number | null]> => {
          const judged = { ...prompt, reply: [message] };
          return [name, await winScore(judged, { model, bothWays: config.both_ways }, { signal })];
        }),
      );
      const [[judge, first]] = scores;
      if (first === null) throw new RolloutFailure('unjudged', `${judge} could not judge the reply`);
      const metrics = Object.fromEntries(
        scores.flatMap(([name, score]) => (score === null ? [] : [[`win_rate/${name}`, score]])),
      );
      return {
        reward: 2 * first - 1,
        episode_done: true,
        next_observation: modelInputFromTokens([]),
        next_stop_condition: stop_condition,
        metrics,
        logs: { reply: visibleText(message) },
      };
    },
  };
}
