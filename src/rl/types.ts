// What reinforcement learning is about: environments, the groups they come in, and what a policy did there
// (tinker_cookbook/rl/types.py; its names, in the data too).

import { defineSlot } from '../registry/slot.ts';
import type { Renderer } from '../renderers/types.ts';
import type { ModelInput, SampleStopReason } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import type { OtherModels } from '../training/other_models.ts';
import type { PastPolicies } from '../training/past_policies.ts';

/** Strings or token ids that end an action; the one that did is part of it. */
export type StopCondition = string[] | number[];

/**
 * Numbers that an environment reports of a step. They are averaged over the places where they are present, but for the events
 * of `events.ts`, such as `stop/REASON`, which are averaged over episodes.
 */
export type EnvMetrics = Record<string, number>;

/** What transcripts show of a step, such as the answer that was read and the one that was expected. */
export type EnvLogs = Record<string, string | number>;

/** An action: what the policy said, token by token. */
export interface TokensWithLogprobs {
  tokens: number[];
  /** Of each token under the policy as it was sampled, natural logarithm. */
  logprobs: number[];
  stop_reason: SampleStopReason;
  /** Of the sampled sequence, where the service names it: some losses are computed from it. */
  sequence_id?: string | null;
  /** Tokens of the prompt that the service had in its cache. */
  prompt_cache_hit_tokens?: number;
}

/**
 * Why an episode ended, reported as the metric `stop/REASON` of its last transition. Those named `max_*` and `rollout_timeout`
 * are limits, the environment's own or those of the spec.
 */
export const EPISODE_STOP_REASONS = [
  'completed',
  'tool_stopped',
  'max_turns',
  /** Of the episode, prompts included; or of an action that was cut, where that ends it. */
  'max_tokens',
  'max_sampled_tokens',
  'max_tool_calls',
  /** The next prompt leaves no room for an action. */
  'context_overflow',
  /** A reply that could not be read. */
  'parse_error',
  'rollout_timeout',
] as const;
export type EpisodeStopReason = (typeof EPISODE_STOP_REASONS)[number];

/** What the policy sees first, and what ends its action. */
export interface InitialObservation {
  observation: ModelInput;
  stop_condition: StopCondition;
}

/** The first prompt is too long to be answered. The episode has this reward, counts in its group, and trains nothing. */
export interface InitialObservationOverflow {
  overflow: true;
  reward: number;
  metrics?: EnvMetrics;
  logs?: EnvLogs;
}

export interface StepResult {
  reward: number;
  episode_done: boolean;
  /** What the policy sees next; at the end, what it would have seen. */
  next_observation: ModelInput;
  next_stop_condition: StopCondition;
  metrics?: EnvMetrics;
  logs?: EnvLogs;
}

export interface StepOptions {
  /** Aborted when nobody waits for the episode any more. */
  signal?: AbortSignal;
}

export interface GroupOptions extends StepOptions {
  /** Updates that the policy has seen which is about to act; absent where no run trains one. */
  policyStep?: number;
}

export interface EpisodeOptions extends StepOptions {
  /** Tool calls that the rollout allows the episode; null or absent = as many as the environment does. */
  maxToolCalls?: number | null;
}

/**
 * One episode, used once: a prompt, actions, and a reward for each. What it throws fails the episode, and the rollout strategy
 * decides what becomes of it.
 */
export interface Env {
  /** Called first, and once. */
  initialObservation(options?: EpisodeOptions): Promise<InitialObservation | InitialObservationOverflow>;
  /** Its reward is finite; another one fails the episode. */
  step(action: TokensWithLogprobs, options?: StepOptions): Promise<StepResult>;
  /** Called once when nobody plays on, whatever became of the episode: a limit may have ended it, or a failure. */
  close?(): void;
}

export interface Transition {
  /** What the policy saw. */
  ob: ModelInput;
  /** What it did. */
  ac: TokensWithLogprobs;
  reward: number;
  episode_done: boolean;
  metrics: EnvMetrics;
  logs: EnvLogs;
}

export interface Trajectory {
  transitions: Transition[];
  final_ob: ModelInput;
  /** Null where neither the environment nor a limit said why. */
  stop_reason: EpisodeStopReason | null;
}

/** What the group as a whole adds to the reward of one of its episodes. */
export interface GroupReward {
  reward: number;
  metrics: EnvMetrics;
}

/** Environments that are compared with one another: usually several copies of one problem. Plain and light; `makeEnvs` does the work. */
export interface EnvGroupBuilder {
  makeEnvs(options?: GroupOptions): Promise<Env[]>;
  /** Rewards that take the whole group to know, in the order of its trajectories; without it all are 0. */
  computeGroupRewards?(
    trajectories_G: readonly Trajectory[],
    envs_G: readonly Env[],
    options?: StepOptions,
  ): Promise<GroupReward[]>;
  /** Called once when the group is done with, whatever became of it. */
  cleanup?(): Promise<void>;
  /** Names under which its metrics are also reported, such as the dataset that it is from. */
  loggingTags?(): string[];
  /** The environments act on one another, so that none of them can be replaced alone. */
  readonly coupled?: boolean;
  /** Each environment gives the same prompt, and is done with one action: what the group takes at most is known beforehand. */
  readonly oneQuestion?: boolean;
  /** Which of several datasets it is from, where there are several. */
  readonly source?: number;
}

/** What became of a rollout that has no trajectory. */
export interface RolloutError {
  error_type: string;
  error_message: string;
}

export interface TrajectoryGroup {
  trajectories_G: Trajectory[];
  /** What the group adds to each; see `GroupReward`. */
  final_rewards_G: number[];
  metrics_G: EnvMetrics[];
  /** Rollouts that failed, retried ones included. */
  rollout_errors: RolloutError[];
}

/** The reward of each trajectory: its steps and what the group adds. */
export function totalRewards({ trajectories_G, final_rewards_G }: TrajectoryGroup): number[] {
  return trajectories_G.map(
    ({ transitions }, g) => transitions.reduce((sum, { reward }) => sum + reward, 0) + final_rewards_G[g],
  );
}

/** A group that is there to be trained on. Its rewards are those that it is trained on, `overlong_penalty` included. */
export interface RolledOutGroup {
  group: TrajectoryGroup;
  tags: readonly string[];
  /** Which group of the run it is: batch · (groups of the first batch) + its place there. Decides what is sampled, and the order in a batch. */
  ordinal: number;
  /** Which of several datasets it is from, where there are several. */
  source?: number;
  /** Of the policy that it was begun with. */
  sampling_client_step: number;
  /** How long it took. */
  sampling_seconds: number;
}

export interface RLDataset {
  /** Batches. */
  readonly length: number;
  /**
   * The groups of one batch, 0 ≤ index < length: a function of the index and the seed of the dataset alone. All batches but the
   * last have as many groups as the first, and the last no more.
   */
  getBatch(index: number): EnvGroupBuilder[];
}

export interface RLDatasets {
  train: RLDataset;
  /** Held-out groups, or null. */
  test: RLDataset | null;
  /** Called once when nobody rolls out any more: gives back what was opened for them. */
  close?(): Promise<void>;
}

export interface RLDatasetContext {
  tokenizer: Tokenizer;
  renderer: Renderer;
  /** Longest sequence that the model takes, in tokens. */
  maxContextLength: number;
  /** Longest action, in tokens. */
  maxTokens: number;
  seed: number;
  /** Opens models beside the policy. */
  models?: OtherModels;
  /** What the run has saved of its policy; absent where it saves none. */
  past?: PastPolicies;
  warn(message: string): void;
  notify?(message: string): void;
  signal?: AbortSignal;
}

export const rlDatasetSlot = defineSlot<RLDatasetContext, RLDatasets>({
  name: 'rl_dataset',
  doc: 'The environments that a policy is trained in, and the held-out part that it is evaluated in.',
});
