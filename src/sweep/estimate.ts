// What the runs of a plan will cost that are not done yet, where their service has prices: asked of their trainers, which read the
// data as the run would. Nothing is trained, sampled or opened but what that takes.

import { setTimeout as sleep } from 'node:timers/promises';
import { isWeightsRef, type WeightsRef } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { isPlainRef, type PlainRef } from '../registry/slot.ts';
import { trainerOf } from '../run/trainer.ts';
import { rendererOfWeights } from '../run_files/trained_renderer.ts';
import { locateWeights } from '../run_files/weights_reference.ts';
import { redactor, revealSecrets } from '../spec/secrets.ts';
import type { RunSpec } from '../spec/types.ts';
import { meterOf } from '../tinker/capabilities.ts';
import type { ServiceClient } from '../tinker/clients.ts';
import { serviceSlot } from '../tinker/service.ts';
import type { ServerCapabilities } from '../tinker/types.ts';
import { UnknownCostError } from '../training/estimate.ts';
import { adamFields, checkpointFields } from '../training/fields.ts';
import { type EstimateContext, type ResolvedWeights, trainerSlot } from '../training/types.ts';
import { messageOf } from '../util/errors.ts';
import { canonicalJson } from '../util/json.ts';
import type { Plan, PlannedRun } from './plan.ts';
import { isPriced } from './runs.ts';

/** Of a run that nothing interrupts. */
export interface RunEstimate {
  /** As the last row of the run will name them; `cost/*` only where every model has a price. */
  metrics: Record<string, number>;
  /** A bound from above; else exactly what the run will report. */
  at_most: boolean;
  /** What comes to it and is not known beforehand. */
  without: string[];
}

/** By the hash of the run; a text says why a run has none. Empty where nothing has a price, or all is done. */
export type Estimates = ReadonlyMap<string, RunEstimate | string>;

export const NO_ESTIMATES: Estimates = new Map();

export async function estimatePlan(plan: Plan, registry: Registry): Promise<Estimates> {
  // To make the specs of a hundred thousand runs takes seconds.
  if (!plan.hasPrices) return NO_ESTIMATES;
  const estimates = new Map<string, RunEstimate | string>();
  // Runs that differ in how they learn, and not in what, take the same tokens.
  const known = new Map<string, RunEstimate | string>();
  const asked: Asked = new Map();
  for (const run of plan.runs) {
    if (run.state === 'done') continue;
    const spec = plan.specOf(run);
    if (!isPriced(spec)) continue;
    const key = decidingTokens(spec);
    const estimate = known.get(key) ?? (await estimateRun(spec, plan, { registry, asked }));
    known.set(key, estimate);
    estimates.set(run.hash, estimate);
  }
  return estimates;
}

const NOT_DECIDING = new Set([
  ...['log_path', 'if_exists', 'learning_rate', 'lr_schedule', 'warmup_steps', 'submit_ahead'],
  ...['lora_rank', 'train_mlp', 'train_attn', 'train_unembed'],
  ...Object.keys({ ...adamFields, ...checkpointFields }),
]);

function decidingTokens(spec: RunSpec): string {
  return canonicalJson(Object.fromEntries(Object.entries(spec).filter(([field]) => !NOT_DECIDING.has(field))));
}

/** The message of an error is that of the run, which would end with it. */
async function estimateRun(
  planned: RunSpec,
  plan: Plan,
  { registry, asked }: { registry: Registry; asked: Asked },
): Promise<RunEstimate | string> {
  let service: ServiceClient | undefined;
  try {
    const spec = revealSecrets(planned, process.env);
    const trainer = await registry.build(trainerSlot, trainerOf(spec, registry), {});
    if (trainer.estimate === undefined) return `only a run tells what the trainer ${spec.trainer} takes`;
    const { seed } = spec;
    service = await registry.build(serviceSlot, spec.service, {
      checkpointsPath: spec.log_path,
      seed,
      notify: () => undefined,
    });
    const meter = meterOf(service);
    if (meter === null) return 'the service counts no tokens';
    const { spent, atMost, without } = await trainer.estimate({
      seed,
      service: unopened(service, planned.service, asked),
      checkpoints: NO_CHECKPOINTS,
      resolveWeights: async (ref, purpose = 'train') => plannedWeights(ref, purpose, plan),
      emit: () => undefined,
      signal: new AbortController().signal,
    });
    for (const { model, tokens } of spent) meter.count(model, tokens);
    return { metrics: meter.metrics(), at_most: atMost, without };
  } catch (error) {
    return redactor(planned, process.env)(messageOf(error));
  } finally {
    await service?.close();
  }
}

/** What services have said of their models, by what they were asked. */
type Asked = Map<string, Promise<ServerCapabilities>>;

/** A run would wait longer for a service that does not answer. */
const PATIENCE_MS = 5_000;

async function noAnswer(): Promise<never> {
  await sleep(PATIENCE_MS, undefined, { ref: false });
  throw new UnknownCostError('the service, which says how long a sequence may be, does not answer');
}

/** A service that tells about models and opens none. One that does not answer is not waited for again for every run. */
function unopened(service: ServiceClient, ref: PlainRef, asked: Asked): ServiceClient {
  const refuse = async (): Promise<never> => {
    throw new UnknownCostError('what other models are asked shows when it runs');
  };
  return {
    getServerCapabilities(options) {
      const key = canonicalJson([ref, ...(options?.models ?? [])]);
      const answer = asked.get(key) ?? Promise.race([service.getServerCapabilities(options), noAnswer()]);
      asked.set(key, answer);
      return answer;
    },
    createLoraTrainingClient: refuse,
    createTrainingClientFromState: refuse,
    createTrainingClientFromStateWithOptimizer: refuse,
    createSamplingClient: refuse,
    deleteCheckpoint: refuse,
    close: async () => undefined,
  };
}

/** A run goes on with what it began with, so it is told as if it began. */
const NO_CHECKPOINTS: EstimateContext['checkpoints'] = {
  append: async () => undefined,
  remove: async () => undefined,
  list: async () => [],
  verify: async () => undefined,
  tidy: async () => undefined,
};

/** Weights that another run of the plan has yet to make are known by what that run is to train. */
function plannedWeights(ref: WeightsRef, purpose: 'train' | 'sample', plan: Plan): ResolvedWeights {
  const maker = makerOf(ref, plan);
  if (maker === undefined) {
    const located = locateWeights(ref, { purpose, unfinished: 'refuse' });
    return { ...located, renderer: rendererOfWeights(located) };
  }
  const { directory, name } = maker;
  return { model_path: directory, description: name, renderer: rendererOf(plan.specOf(maker), plan) };
}

function makerOf(ref: WeightsRef, { runs }: Plan): PlannedRun | undefined {
  if (typeof ref === 'string') return undefined;
  return runs.find(({ directory, state }) => directory === ref.run && state !== 'done');
}

/** What a run is to be trained with; null: what suits its model. */
function rendererOf({ renderer, load_checkpoint_path: from }: RunSpec, plan: Plan): PlainRef | null {
  if (isPlainRef(renderer)) return renderer;
  return isWeightsRef(from) ? (plannedWeights(from, 'train', plan).renderer ?? null) : null;
}
