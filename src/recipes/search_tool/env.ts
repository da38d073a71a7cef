// Questions that a policy answers with a tool that searches, or without one, and what its answers are worth (TextAnswerReward of
// tinker_cookbook/recipes/search_tool).

import { visibleText } from '../../completers/completers.ts';
import type { Message, Renderer } from '../../renderers/types.ts';
import { buildAgentToolEnv } from '../../rl/tool_env.ts';
import type { Tool } from '../../rl/tools.ts';
import type { Env, EnvGroupBuilder } from '../../rl/types.ts';
import { answerIn, isRight } from './answers.ts';
import type { SearchQuestion } from './question.ts';

export interface SearchEnvOptions {
  renderer: Renderer;
  /** None where the policy is to answer from memory. */
  tools: readonly Tool[];
  /** How to answer; null = nothing is said of it. */
  system_prompt: string | null;
  max_turns: number;
  /** What an answer costs that is not in form. */
  format_coef: number;
  /** Tokens that an episode may have, and those of one reply. */
  maxTrajectoryTokens: number;
  maxGenerationTokens: number;
  /** Report `correct/SOURCE` too, where groups do not tell sources apart. */
  bySource?: boolean;
}

/** What the policy is asked. */
export function askedFor({ question }: SearchQuestion, system_prompt: string | null): Message[] {
  const system: Message[] = system_prompt === null ? [] : [{ role: 'system', content: system_prompt }];
  return [...system, { role: 'user', content: question }];
}

/**
 * Reward: format_coef · (format − 1) + correct. Metrics `format` and `correct`, each 0 or 1, in every episode that ends, and `queries` of the
 * tool.
 */
export function searchEnv(asked: SearchQuestion, options: SearchEnvOptions): Env {
  const { renderer, tools, system_prompt, max_turns, format_coef, maxTrajectoryTokens, maxGenerationTokens } = options;
  const metricsOf = (format: number, correct: number) => ({
    format,
    correct,
    ...(options.bySource === true ? { [`correct/${asked.source}`]: correct } : {}),
  });
  return buildAgentToolEnv({
    renderer,
    tools,
    initialMessages: askedFor(asked, system_prompt),
    maxTurns: max_turns,
    maxTrajectoryTokens,
    maxGenerationTokens,
    rewardFn: async (history) => {
      const reply = history.findLast(({ role }) => role === 'assistant');
      const answer = reply === undefined ? null : answerIn(visibleText(reply));
      const format = answer === null ? 0 : 1;
      const correct = answer !== null && isRight(answer, asked.answers) ? 1 : 0;
      return { reward: format_coef * (format - 1) + correct, metrics: metricsOf(format, correct) };
    },
    ungradedMetrics: metricsOf(0, 0),
  });
}

/** One question, asked several times. */
export function searchGroup(asked: SearchQuestion, groupSize: number, options: SearchEnvOptions): EnvGroupBuilder {
  return {
    makeEnvs: async () => Array.from({ length: groupSize }, () => searchEnv(asked, options)),
    loggingTags: () => [asked.source],
  };
}
