// Environments of a prompt and a reply, for which nothing is given: whatever judges replies comes later.

import type { Message, Renderer } from '../renderers/types.ts';
import { lengthOf, modelInputFromTokens } from '../tinker/types.ts';
import type { Env } from './types.ts';

export interface PromptEnvOptions {
  renderer: Renderer;
  /** Longest sequence that the model takes. A prompt that leaves no room for a reply is not given. */
  maxContextLength: number;
  /** What is given then. */
  overflowReward: number;
}

export function promptEnv(prompt: readonly Message[], options: PromptEnvOptions): Env {
  const { renderer, maxContextLength, overflowReward } = options;
  const stop_condition = renderer.getStopSequences();
  return {
    async initialObservation() {
      const observation = renderer.buildGenerationPrompt([...prompt]);
      if (lengthOf(observation) >= maxContextLength) {
        return { overflow: true, reward: overflowReward, metrics: { context_overflow: 1, 'stop/context_overflow': 1 } };
      }
      return { observation, stop_condition };
    },
    async step() {
      const next_observation = modelInputFromTokens([]);
      return { reward: 0, episode_done: true, next_observation, next_stop_condition: stop_condition };
    },
  };
}
