// Evaluators: a model in, a few named numbers out.

import { defineSlot } from '../registry/slot.ts';
import type { Renderer } from '../renderers/types.ts';
import type { SamplingClient, TrainingClient } from '../tinker/clients.ts';
import type { TokenCounts } from '../tinker/prices.ts';
import type { Datum } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import type { Evaluation } from './journal.ts';
import type { OtherModels } from './other_models.ts';
import type { Metrics, TrainingContext } from './types.ts';

export interface EvaluationInput {
  /** The model that is trained, to compute losses with. */
  training: TrainingClient;
  /** A client that samples from its weights as they are now: the same one for all evaluators of a step, opened when first asked for. */
  sampling(): Promise<SamplingClient>;
  /** Steps that the weights have been trained for. */
  step: number;
  /** The run directory, for what an evaluator leaves beside its metrics. */
  logPath: string;
  /** Aborted when the run is asked to stop. */
  signal: AbortSignal;
}

/** What one evaluation takes of the model that is measured. */
export interface EvaluationEstimate {
  tokens: Partial<TokenCounts>;
  /** A bound from above; else exactly so much. */
  atMost: boolean;
}

export interface Evaluator {
  /** Of one that writes files by its name: no other evaluator of the run may have it. */
  readonly name?: string;
  evaluate(input: EvaluationInput): Promise<Metrics>;
  /** Absent where only the evaluation tells. */
  estimate?(): Promise<EvaluationEstimate>;
}

/** Examples that are measured and not trained on, in batches by index. */
export interface HeldOut {
  readonly length: number;
  getBatch(index: number): Promise<Datum[]>;
}

export interface EvaluatorContext {
  tokenizer: Tokenizer;
  renderer: Renderer | null;
  /** The held-out part of the loop's dataset, or null. */
  test: HeldOut | null;
  seed: number;
  /** Opens models beside the one that is measured. */
  models?: OtherModels;
  warn(message: string): void;
  notify?(message: string): void;
  /** Aborted when nobody waits for the evaluator any more. */
  signal?: AbortSignal;
}

export const evaluatorSlot = defineSlot<EvaluatorContext, Evaluator>({
  name: 'evaluator',
  doc: 'Measures a model during training.',
});

/** An evaluator whose metrics have other names, and its files too. */
export function renamed(evaluator: Evaluator, rename: (metric: string) => string): Evaluator {
  return {
    ...(evaluator.name !== undefined && { name: rename(evaluator.name) }),
    async evaluate(input) {
      const metrics = Object.entries(await evaluator.evaluate(input));
      return Object.fromEntries(metrics.map(([metric, value]) => [rename(metric), value]));
    },
    ...(evaluator.estimate !== undefined && { estimate: evaluator.estimate.bind(evaluator) }),
  };
}

/** Throws ConfigurationError where two of all evaluators of a run would write the same files. */
export function refuseSameNames(evaluators: readonly Evaluator[]): void {
  const names = evaluators.flatMap(({ name }) => name ?? []);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice === undefined) return;
  throw new ConfigurationError(`two evaluators are called ${twice}`, { hint: 'Give one of them another `name`.' });
}

/** Evaluators as the journal measures them, one after the other. Throws ConfigurationError where two report one metric. */
export function evaluationBy(
  evaluators: readonly Evaluator[],
  { name, every }: { name: string; every: number },
  { logPath, signal }: Pick<TrainingContext, 'logPath' | 'signal'>,
): Evaluation<TrainingClient> {
  return {
    name,
    every: evaluators.length > 0 ? every : 0,
    async evaluate(training, step) {
      let sampler: Promise<SamplingClient> | undefined;
      const sampling = () => {
        sampler ??= training.saveWeightsAndGetSamplingClient();
        return sampler;
      };
      const all: Metrics = {};
      try {
        for (const evaluator of evaluators) {
          const metrics = await evaluator.evaluate({ training, sampling, step, logPath, signal });
          const twice = Object.keys(metrics).find((metric) => Object.hasOwn(all, metric));
          if (twice !== undefined) {
            throw new ConfigurationError(`two evaluators report ${twice}`, {
              hint: 'Give one of them another `name`.',
            });
          }
          Object.assign(all, metrics);
        }
      } finally {
        await sampler?.then((client) => client.close());
      }
      return all;
    },
  };
}
