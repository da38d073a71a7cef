// One episode: the policy acts, the environment answers, until it is done or a limit ends it.

import type { CompletionOptions, TokenCompleter } from '../completers/completers.ts';
import { lengthOf, type ModelInput } from '../tinker/types.ts';
import { seedFor } from '../util/random.ts';
import { checkedFirst, checkedStep } from './checked.ts';
import { allowTurn, type RolloutLimits } from './limits.ts';
import { RolloutFailure, within } from './rollout_failure.ts';
import {
  type Env,
  type EnvMetrics,
  EPISODE_STOP_REASONS,
  type EpisodeStopReason,
  type InitialObservation,
  type InitialObservationOverflow,
  type Trajectory,
  type Transition,
} from './types.ts';

export interface RolloutOptions {
  limits: RolloutLimits;
  /** Tokens that the model reads; null = whatever it is given. */
  contextLength: number | null;
  /** Decides what is sampled, together with the number of the turn. */
  seed: number;
  signal?: AbortSignal;
}

const EMPTY: ModelInput = { chunks: [] };
const ROLLOUT_TIMEOUT = 'rollout_timeout' satisfies EpisodeStopReason;

/**
 * @throws RolloutFailure for what an environment may not give, such as a reward that is no number, and for what takes too long
 * before there is anything to keep; and whatever the environment or the policy throws
 */
export async function doSingleRollout(policy: TokenCompleter, env: Env, options: RolloutOptions): Promise<Trajectory> {
  const { limits, contextLength, seed, signal } = options;
  const deadline = new Deadline(limits.rollout_timeout_seconds, signal);
  const transitions: Transition[] = [];
  let truncations = 0;
  let sampled = 0;
  try {
    const episode = { maxToolCalls: limits.max_tool_calls };
    const first = checkedFirst(await deadline.during((signal) => env.initialObservation({ ...episode, signal })));
    if ('overflow' in first) return overflown(first);
    let { observation, stop_condition }: InitialObservation = first;
    while (true) {
      const use = { turns: transitions.length, observationLength: lengthOf(observation), sampled };
      const allowed = allowTurn(limits, use, contextLength);
      if ('stop' in allowed) return stopped(transitions, observation, allowed.stop, truncations);
      const { maxTokens } = allowed;
      const completion: CompletionOptions = { seed: seedFor(seed, transitions.length) };
      if (maxTokens !== null) completion.maxTokens = maxTokens;
      const ob = observation;
      const stop = stop_condition;
      const ac = await deadline.during((signal) =>
        within(limits.sampling_turn_timeout_seconds, 'sampling_turn_timeout', signal, (signal) =>
          policy.complete(ob, stop, { ...completion, signal }),
        ),
      );
      // The environment may do with its copy as it likes.
      const given = { ...ac, tokens: [...ac.tokens], logprobs: [...ac.logprobs] };
      const result = checkedStep(await deadline.during((signal) => env.step(given, { signal })));
      const { next_observation, next_stop_condition, ...outcome } = result;
      transitions.push({ ob, ac, ...outcome });
      if (outcome.episode_done) return ended(transitions, next_observation, truncations);
      sampled += ac.tokens.length;
      if (maxTokens !== null && ac.stop_reason === 'length') truncations++;
      observation = next_observation;
      stop_condition = next_stop_condition;
    }
  } catch (error) {
    // What was reached before the deadline is kept; without anything the rollout has failed.
    if (!deadline.passed || transitions.length === 0) throw error;
    return stopped(transitions, transitions[transitions.length - 1].ob, 'rollout_timeout', truncations);
  } finally {
    env.close?.();
  }
}

/** The time that an episode has, over all of its waits. */
class Deadline {
  readonly #seconds: number | null;
  readonly #ends: number | null;
  readonly #signal: AbortSignal | undefined;
  passed = false;

  constructor(seconds: number | null, signal: AbortSignal | undefined) {
    this.#seconds = seconds;
    this.#ends = seconds === null ? null : performance.now() + 1000 * seconds;
    this.#signal = signal;
  }

  async during<T>(work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    const left = this.#ends === null ? null : Math.max(0, this.#ends - performance.now()) / 1000;
    try {
      return await within(left, ROLLOUT_TIMEOUT, this.#signal, work);
    } catch (error) {
      this.passed = error instanceof RolloutFailure && error.type === ROLLOUT_TIMEOUT;
      // What was left of the time is no news.
      throw this.passed ? new RolloutFailure(ROLLOUT_TIMEOUT, `it took longer than ${this.#seconds} seconds`) : error;
    }
  }
}

/** The environment's own end: what it says of it in its metrics is the reason. */
function ended(transitions: Transition[], final_ob: ModelInput, truncations: number): Trajectory {
  const last = transitions[transitions.length - 1];
  last.metrics = { ...last.metrics, ...truncationMetric(truncations) };
  return { transitions, final_ob, stop_reason: reasonIn(last.metrics) };
}

/** A limit's end, after the turns so far. Without any there is one that holds nothing. */
function stopped(
  transitions: Transition[],
  final_ob: ModelInput,
  stop_reason: EpisodeStopReason,
  truncations: number,
): Trajectory {
  const last = transitions.at(-1) ?? emptyTransition();
  const metrics = { ...last.metrics, [`stop/${stop_reason}`]: 1, ...truncationMetric(truncations) };
  return {
    transitions: [...transitions.slice(0, -1), { ...last, episode_done: true, metrics }],
    final_ob,
    stop_reason,
  };
}

function overflown({ reward, metrics = {}, logs = {} }: InitialObservationOverflow): Trajectory {
  const transition = { ...emptyTransition(), reward, episode_done: true, metrics, logs };
  return { transitions: [transition], final_ob: EMPTY, stop_reason: reasonIn(metrics) };
}

/** It has nothing to train on, but its reward counts in the group. */
function emptyTransition(): Transition {
  const ac = { tokens: [], logprobs: [], stop_reason: 'length' as const };
  return { ob: EMPTY, ac, reward: 0, episode_done: false, metrics: {}, logs: {} };
}

function reasonIn(metrics: EnvMetrics): EpisodeStopReason | null {
  return EPISODE_STOP_REASONS.find((reason) => metrics[`stop/${reason}`] === 1) ?? null;
}

const truncationMetric = (count: number): EnvMetrics => (count === 0 ? {} : { num_truncations_max_turn_tokens: count });
