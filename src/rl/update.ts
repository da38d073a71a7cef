// One update: the datums in substeps, each a forward-backward and an optimizer step, submitted one behind the other.

import type { TrainingClient } from '../tinker/clients.ts';
import type { AdamParams, ForwardBackwardOutput } from '../tinker/types.ts';
import type { Metrics } from '../training/types.ts';
import type { RLDatum } from './datums.ts';
import type { PolicyLoss } from './losses/policy_loss.ts';

export interface Update {
  /** Log-probs of the targets as the policy was when it was trained on them. */
  trained_D_T: ArrayLike<number>[];
  metrics: Metrics;
}

export interface UpdateOptions {
  loss: PolicyLoss;
  /** Longest action, in tokens. */
  maxTokens: number;
  adam: AdamParams;
  numSubsteps: number;
}

/** Substep k + 1 is submitted before k is awaited. There are no more substeps than datums. */
export async function trainStep(
  client: TrainingClient,
  data_D: readonly RLDatum[],
  { loss, maxTokens, adam, numSubsteps }: UpdateOptions,
): Promise<Update> {
  const finishes: (() => Promise<Update>)[] = [];
  const updates: Update[] = [];
  for (const part_D of splitList(data_D, Math.min(numSubsteps, data_D.length))) {
    const forwardBackward = await loss.submit(client, part_D, { max_tokens: maxTokens });
    const optimStep = await client.optimStep(adam);
    finishes.push(async () => {
      const output = await forwardBackward.result();
      const { metrics = {} } = await optimStep.result();
      return updateOf([output], metrics);
    });
    if (finishes.length > 1) updates.push(await finishes[finishes.length - 2]());
  }
  const last = finishes.at(-1);
  if (last !== undefined) updates.push(await last());
  return {
    trained_D_T: updates.flatMap(({ trained_D_T }) => trained_D_T),
    metrics: reduceMetrics(updates.map(({ metrics }) => metrics)),
  };
}

/** What the parts of a substep and its optimizer step have reported. */
export function updateOf(outputs: readonly ForwardBackwardOutput[], optimizer: Metrics): Update {
  return {
    trained_D_T: outputs.flatMap(({ loss_fn_outputs }) => loss_fn_outputs.map(({ logprobs }) => logprobs.data)),
    metrics: { ...reduceMetrics(outputs.map(({ metrics }) => metrics)), ...optimizer },
  };
}

/** Of `NAME:sum` the sum, of `NAME_max` the largest, of any other metric the mean. */
export function reduceMetrics(all: readonly Metrics[]): Metrics {
  const values = new Map<string, number[]>();
  for (const metrics of all) {
    for (const [name, value] of Object.entries(metrics)) {
      if (typeof value === 'number') values.set(name, [...(values.get(name) ?? []), value]);
    }
  }
  return Object.fromEntries(
    [...values].map(([name, each]) => {
      if (name.endsWith('_max')) return [name, Math.max(...each)];
      const sum = each.reduce((total, value) => total + value, 0);
      return [name, name.endsWith(':sum') ? sum : sum / each.length];
    }),
  );
}

/** In `parts` runs of nearly equal length. */
export function splitList<T>(list: readonly T[], parts: number): T[][] {
  const edge = (part: number) => Math.floor((part * list.length) / parts);
  return Array.from({ length: parts }, (_, part) => list.slice(edge(part), edge(part + 1)));
}
