// Questions that are answered with a probability, as environments of one turn.

import { visibleText } from '../../completers/completers.ts';
import type { Renderer } from '../../renderers/types.ts';
import type { Env, EnvGroupBuilder, EnvMetrics } from '../../rl/types.ts';
import { lengthOf, modelInputFromTokens } from '../../tinker/types.ts';
import type { Decision } from '../decisions/types.ts';
import { type ForecastScore, forecastMessages, forecastReward, parseForecast } from './forecast.ts';

export interface ForecastOptions {
  renderer: Renderer;
  maxContextLength: number;
  instruction: string;
  score: ForecastScore;
  /** Of a reply that is no forecast, or was cut. */
  invalidReward: number;
}

/**
 * Metrics: `format_valid`; of what is a forecast `brier_reward`, and `accuracy`, ½ at a forecast of ½; where the truth is known
 * `probability_error`, |p − truth|, and the expectations `expected_brier_reward` and `optimal_brier_reward`, in which luck does not count.
 */
function forecastEnv(question: Decision, options: ForecastOptions): Env {
  const { renderer, maxContextLength, instruction, score, invalidReward } = options;
  const stop_condition = renderer.getStopSequences();
  return {
    async initialObservation() {
      const observation = renderer.buildGenerationPrompt(forecastMessages(question, instruction));
      if (lengthOf(observation) >= maxContextLength)
        return { overflow: true, reward: invalidReward, metrics: { context_overflow: 1, 'stop/context_overflow': 1 } };
      return { observation, stop_condition };
    },
    async step({ tokens }) {
      const { message, termination } = renderer.parseResponse(tokens);
      const reply = visibleText(message);
      const p = termination === 'malformed' ? null : parseForecast(reply);
      const [y] = question.target;
      return {
        reward: p === null ? invalidReward : forecastReward(score, p, y),
        episode_done: true,
        next_observation: modelInputFromTokens([]),
        next_stop_condition: stop_condition,
        metrics: p === null ? { format_valid: 0 } : forecastStepMetrics(p, question),
        logs: { question: question.text, reply, outcome: y, ...(p === null ? {} : { forecast: p }) },
      };
    },
  };
}

function forecastStepMetrics(p: number, { target: [y], truth }: Decision): EnvMetrics {
  const metrics: EnvMetrics = {
    format_valid: 1,
    brier_reward: 1 - (p - y) ** 2,
    accuracy: p === 0.5 || y === 0.5 ? 0.5 : Number(p > 0.5 === y > 0.5),
  };
  if (truth === null) return metrics;
  const [known] = truth;
  const optimal = 1 - known * (1 - known);
  return {
    ...metrics,
    probability_error: Math.abs(p - known),
    expected_brier_reward: optimal - (p - known) ** 2,
    optimal_brier_reward: optimal,
  };
}

/** One question, asked so many times. */
export function forecastGroup(question: Decision, groupSize: number, options: ForecastOptions): EnvGroupBuilder {
  return {
    makeEnvs: async () => Array.from({ length: groupSize }, () => forecastEnv(question, options)),
    loggingTags: () => ['forecasting', ...question.tags],
    oneQuestion: true,
  };
}
