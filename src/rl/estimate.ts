// What RL takes at most: every group rolled out as often as it may be, and every action as long as it may be.

import type { Make } from '../registry/slot.ts';
import { lengthOf } from '../tinker/types.ts';
import { buildEvaluators } from '../training/build_evaluators.ts';
import { estimateEvaluations, sumOfEstimates, UnknownCostError } from '../training/estimate.ts';
import type { Evaluator } from '../training/evaluator.ts';
import { nameOfReference } from '../training/reference_model.ts';
import type { EstimateContext, TokenEstimate } from '../training/types.ts';
import { checkConfig } from './check.ts';
import { checkedDatasets } from './checked_dataset.ts';
import type { LoopConfig, RLConfig } from './fields.ts';
import { GroupPlan } from './group_plan.ts';
import { allowTurn } from './limits.ts';
import { policyLoss } from './losses/policy_loss.ts';
import { openMaterial, totalStepsOf } from './train.ts';
import type { EnvGroupBuilder, RLDataset, RLDatasets } from './types.ts';

export async function estimateRL(config: RLConfig, context: EstimateContext, make: Make): Promise<TokenEstimate> {
  const { opened, material } = await openMaterial(config, context, make);
  const datasets = checkedDatasets(await make(config.dataset, material), config.dataset.builder);
  try {
    return await estimateOn(datasets, { opened, material, config, context, make });
  } finally {
    await datasets.close();
  }
}

interface Estimated extends Awaited<ReturnType<typeof openMaterial>> {
  config: RLConfig;
  context: EstimateContext;
  make: Make;
}

async function estimateOn(
  { train, test }: RLDatasets,
  { opened, material, config, context, make }: Estimated,
): Promise<TokenEstimate> {
  checkConfig(config, train, material.warn);
  const steps = totalStepsOf(config, train);
  const limits = { ...config, contextLength: material.maxContextLength };

  const { episodes, prompts, actions } = await longest(groupsOf(config, train, steps), limits, context.signal);
  const sampled = 1 + config.resample_constant_groups;
  const positions = prompts + actions - episodes;
  const isCustom = policyLoss(config.loss_fn, config.loss_fn_config).kind === 'custom';
  // What is scored is a whole sequence: one position more than is trained on.
  const scored = prompts + actions;
  const policy = {
    prefill: sampled * prompts + (isCustom ? positions : 0) + (config.compute_post_kl ? scored : 0),
    sample: sampled * actions,
    train: positions,
  };
  const { baseModel: model } = opened;
  const spent: TokenEstimate['spent'] = [{ model, tokens: policy }];
  if (config.kl_penalty_coef > 0) {
    const reference = await nameOfReference(config.kl_reference, config, context);
    spent.push({ model: reference, tokens: { prefill: scored } });
  }

  const held = test === null ? [] : [heldOut(test, limits, context.signal)];
  const { tokenizer, renderer } = opened;
  const measured = { tokenizer, renderer, test: null, own: [] };
  const built = await buildEvaluators(config, measured, context, make);
  const evaluators = [...held, ...built.evaluators];
  return sumOfEstimates(
    { spent, atMost: true, without: ['episodes that fail and are tried again'] },
    await estimateEvaluations(model, { ...built, evaluators }, config, steps),
  );
}

/** The evaluator of the environments held out. */
function heldOut(test: RLDataset, limits: Limits, signal: AbortSignal): Pick<Evaluator, 'estimate'> {
  return {
    async estimate() {
      const groups = Array.from({ length: test.length }, (_, index) => test.getBatch(index)).flat();
      const { prompts, actions } = await longest(groups, limits, signal);
      return { tokens: { prefill: prompts, sample: actions }, atMost: true };
    },
  };
}

/** The groups of a run, as its loop begins them. */
function* groupsOf(config: LoopConfig, dataset: RLDataset, steps: number): Generator<EnvGroupBuilder> {
  const { async_config, num_epochs } = config;
  if (async_config === null) {
    for (let step = 0; step < steps; step++) yield* dataset.getBatch(step % dataset.length);
    return;
  }
  const plan = new GroupPlan(dataset, num_epochs, undefined);
  for (let left = steps * async_config.groups_per_batch; left > 0; left--) {
    const { value } = plan.next();
    if (value === undefined) return;
    yield value.builder;
  }
}

type Limits = LoopConfig & { contextLength: number };

/** Tokens of the prompts and of the actions, all episodes together. */
interface Played {
  episodes: number;
  prompts: number;
  actions: number;
}

/** @throws UnknownCostError for environments of which nobody knows how long an episode is */
async function longest(groups: Iterable<EnvGroupBuilder>, limits: Limits, signal: AbortSignal): Promise<Played> {
  const all: Played = { episodes: 0, prompts: 0, actions: 0 };
  for (const group of groups) {
    signal.throwIfAborted();
    if (group.oneQuestion !== true) throw new UnknownCostError('how long episodes are shows when they are played');
    const envs = await group.makeEnvs({ signal });
    const first = await envs[0]?.initialObservation({ signal });
    for (const env of envs) env.close?.();
    await group.cleanup?.();
    if (first === undefined || 'overflow' in first) continue;
    const prompt = lengthOf(first.observation);
    const { contextLength } = limits;
    const allowed = allowTurn(limits, { turns: 0, observationLength: prompt, sampled: 0 }, contextLength);
    if ('stop' in allowed) continue;
    all.episodes += envs.length;
    all.prompts += envs.length * prompt;
    all.actions +=
      envs.length * Math.min(limits.max_tokens, allowed.maxTokens ?? contextLength, contextLength - prompt);
  }
  return all;
}
