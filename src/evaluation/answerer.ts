// Who answers the examples of a benchmark: a model whose tokens are sampled, episode by episode, or a service that takes and
// gives texts.

import {
  type MessageCompleter,
  type TokenCompleter,
  tinkerTokenCompleter,
  visibleText,
} from '../completers/completers.ts';
import { checkedEnvs } from '../rl/checked.ts';
import { NO_LIMITS, type RolloutLimits } from '../rl/limits.ts';
import { doSingleRollout } from '../rl/rollout.ts';
import { RolloutFailure, within } from '../rl/rollout_failure.ts';
import type { SamplingClient } from '../tinker/clients.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { seedFor } from '../util/random.ts';
import { ReplayEnded, replayPolicy } from './replay.ts';
import { type Answered, episodeAnswer, type SampleOf, type TrajectoryTurn, textAnswer } from './trajectory_record.ts';
import type { BenchmarkExample } from './types.ts';

export interface BenchmarkSampling {
  /** Longest action, in tokens. */
  max_tokens: number;
  temperature: number;
  seed: number;
  /** Answers to each example. */
  num_samples: number;
  /** Answers that are sampled at the same time. */
  concurrency: number;
  /** An answer that takes longer has failed. */
  timeout_seconds: number;
}

export interface AnswerOptions {
  sampling: BenchmarkSampling;
  /** Decides what is sampled. */
  seed: number;
  signal: AbortSignal | undefined;
}

export interface Answerer {
  /** Why it cannot be asked an example; null where it can. */
  refusal(example: BenchmarkExample): string | null;
  /** @throws what fails */
  answer(of: SampleOf, options: AnswerOptions): Promise<Answered>;
  /** What was said before, judged anew; null where it does not go so far. */
  judgeAnew(of: SampleOf, turns: readonly TrajectoryTurn[], options: AnswerOptions): Promise<Answered | null>;
}

export const ROLLOUT_TIMEOUT = 'rollout_timeout';

/** A model that is sampled token by token: any benchmark can be asked of it. */
export function tokenAnswerer(client: SamplingClient, tokenizer: Tokenizer): Answerer {
  const info = (async () => await client.getInfo())();
  // Whoever asks first hears of it.
  info.catch(() => undefined);
  const episode = async (of: SampleOf, policy: TokenCompleter | null, { sampling, seed, signal }: AnswerOptions) => {
    const { max_context_length: contextLength } = await info;
    const own = tinkerTokenCompleter(client, {
      maxTokens: sampling.max_tokens,
      temperature: sampling.temperature,
      contextWindow: contextLength,
    });
    const limits: RolloutLimits = { ...NO_LIMITS, rollout_timeout_seconds: sampling.timeout_seconds };
    const made = await within(sampling.timeout_seconds, ROLLOUT_TIMEOUT, signal, () => of.example.makeEnv());
    const [env] = checkedEnvs([made], 'makeEnv');
    const trajectory = await doSingleRollout(policy ?? own, env, { limits, contextLength, seed, signal });
    // What was reached by then is no answer.
    if (trajectory.stop_reason === ROLLOUT_TIMEOUT) throw new RolloutFailure(ROLLOUT_TIMEOUT, '');
    return episodeAnswer(of, trajectory, tokenizer);
  };
  return {
    refusal: () => null,
    answer: (of, options) => episode(of, null, options),
    async judgeAnew(of, turns, options) {
      try {
        return await episode(of, replayPolicy(turns), options);
      } catch (error) {
        if (error instanceof ReplayEnded) return null;
        throw error;
      }
    },
  };
}

/** A service that takes conversations and gives texts: it is asked what is one reply to one conversation. */
export function textAnswerer(completer: MessageCompleter): Answerer {
  const judged = async ({ example }: SampleOf, reply: string, isCut: boolean) =>
    (await example.text?.judge(reply, !isCut)) ?? { reward: 0, metrics: {}, logs: {} };
  return {
    refusal: ({ text }) => (text === undefined ? 'it takes more than one conversation with one reply' : null),
    async answer(of, { sampling, seed, signal }) {
      return await within(sampling.timeout_seconds, ROLLOUT_TIMEOUT, signal, async (inner) => {
        const messages = of.example.text?.messages ?? [];
        const { message, stop_reason, usage } = await completer.complete(messages, {
          // As the first turn of an episode.
          seed: seedFor(seed, 0),
          signal: inner,
        });
        const reply = visibleText(message);
        const isCut = stop_reason === 'length';
        return textAnswer(of, { reply, isCut, usage, judged: await judged(of, reply, isCut) });
      });
    },
    async judgeAnew(of, turns) {
      const said = turns.find(({ role }) => role === 'assistant');
      if (said === undefined) return null;
      const isCut = said.metadata.stop_reason === 'length';
      const usage = { prompt_tokens: turns[0]?.token_count ?? 0, completion_tokens: said.token_count };
      return textAnswer(of, { reply: said.content, isCut, usage, judged: await judged(of, said.content, isCut) });
    },
  };
}
