// A run of RL: what its three modes share, from the policy that acts to the row that is logged.

import { type TokenCompleter, tinkerTokenCompleter } from '../completers/completers.ts';
import type { SamplingClient, TrainingClient } from '../tinker/clients.ts';
import type { Journal } from '../training/journal.ts';
import type { TrainingContext } from '../training/types.ts';
import type { JsonValue } from '../util/json.ts';
import { seedFor } from '../util/random.ts';
import { startAll } from '../util/start_all.ts';
import type { AdvantageSource } from './advantage_source.ts';
import type { LoopConfig } from './fields.ts';
import type { HeldSignal } from './held_signal.ts';
import type { PolicyLoss } from './losses/policy_loss.ts';
import { isConstant } from './metrics.ts';
import { shapeOverlong } from './overlong.ts';
import type { RolloutErrorCounter } from './rollout_errors.ts';
import { doGroupRollout } from './rollouts.ts';
import type { RolloutStrategy } from './strategies.ts';
import { rolloutUsage, type UsageTracker } from './token_usage.ts';
import type { Transcripts } from './transcripts.ts';
import { type EnvGroupBuilder, type RLDataset, type RolledOutGroup, totalRewards } from './types.ts';

export interface RLRun {
  config: LoopConfig;
  context: TrainingContext;
  journal: Journal<TrainingClient>;
  dataset: RLDataset;
  strategy: RolloutStrategy;
  loss: PolicyLoss;
  advantages: AdvantageSource;
  contextLength: number;
  usage: UsageTracker;
  errors: RolloutErrorCounter;
  transcripts: Transcripts;
  totalSteps: number;
  /** What a checkpoint takes along, by name; `journal.restored` has it in the next attempt. */
  checkpointed: Map<string, () => JsonValue>;
  /** Ends rollouts when the run is asked to stop. */
  stop: HeldSignal;
}

/** Weights as they were after so many updates, to sample from. */
export interface Sampler {
  client: SamplingClient;
  /** Updates that they have seen. */
  step: number;
}

export async function openSampler({ journal }: RLRun, step: number): Promise<Sampler> {
  return { client: await journal.client.saveWeightsAndGetSamplingClient(), step };
}

/**
 * Rolls out one group of the run; null when that came to nothing. A group of constant reward is rolled out again while
 * `resample_constant_groups` allows it.
 */
export async function rollOutGroup(
  run: RLRun,
  builder: EnvGroupBuilder,
  { ordinal, sampler, step, signal }: { ordinal: number; sampler: Sampler; step: number; signal: AbortSignal },
): Promise<RolledOutGroup | null> {
  const { config, context, strategy, contextLength, usage, errors } = run;
  const policy = policyOf(run, sampler);
  const began = performance.now();
  for (let sample = 0; ; sample++) {
    signal.throwIfAborted();
    const {
      group: played,
      tags,
      rollout_errors,
    } = await doGroupRollout(builder, {
      policy,
      strategy,
      limits: config,
      termination: config,
      contextLength,
      seed: seedFor(context.seed, 'rollout', ordinal, sample),
      policyStep: step,
      signal,
    });
    errors.count(rollout_errors, { skipped: played === null });
    if (played === null) return null;
    // First of all: what judges a group, trains on it or shows it goes by these rewards.
    const group = shapeOverlong(played, config);
    if (sample < config.resample_constant_groups && isConstant(totalRewards(group))) {
      usage.recordDiscardedSampling(rolloutUsage(group));
      continue;
    }
    const sampling_seconds = (performance.now() - began) / 1000;
    const source = builder.source === undefined ? {} : { source: builder.source };
    return { group, tags, ordinal, ...source, sampling_client_step: sampler.step, sampling_seconds };
  }
}

function policyOf({ config: { max_tokens, temperature }, contextLength }: RLRun, { client }: Sampler): TokenCompleter {
  return tinkerTokenCompleter(client, { maxTokens: max_tokens, temperature, contextWindow: contextLength });
}

/**
 * Begins the groups of a batch, all at once or as many as may be. Those that come to nothing are null; an error ends the run,
 * so the others are given up with it.
 */
export function rollOutBatch(run: RLRun, sampler: Sampler, step: number): Promise<RolledOutGroup | null>[] {
  const { dataset, config, stop } = run;
  const builders_P = dataset.getBatch(step % dataset.length);
  const first = step * dataset.getBatch(0).length;
  const bounds = { most: config.max_concurrent_groups, signal: stop.signal };
  return startAll(builders_P, bounds, (builder, p, signal) =>
    rollOutGroup(run, builder, { ordinal: first + p, sampler, step, signal }),
  );
}
