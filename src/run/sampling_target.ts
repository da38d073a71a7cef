// What there is to talk to, or to measure: the weights of a run, an adapter, or a base model.

import { join, resolve } from 'node:path';
import { isAdapterDirectory, readAdapterConfig } from '../formats/adapter.ts';
import { HUB_NAME } from '../hub/hub_settings.ts';
import { locateModel } from '../hub/locate.ts';
import type { WeightsRef } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { isPlainRef, type PlainRef } from '../registry/slot.ts';
import { recommendedRenderer } from '../renderers/recommended.ts';
import { type Renderer, rendererSlot } from '../renderers/types.ts';
import { loadRecordedPlugins } from '../run_files/recorded_plugins.ts';
import type { SeenRun } from '../run_files/seen_run.ts';
import { verifiedWeights } from '../run_files/verified_weights.ts';
import { identityOfWeights } from '../run_files/weights_reader.ts';
import type { LocatedWeights } from '../run_files/weights_reference.ts';
import { revealSecrets } from '../spec/secrets.ts';
import type { SamplingClient, ServiceClient } from '../tinker/clients.ts';
import { serviceSlot } from '../tinker/service.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import { ConfigurationError, messageOf, SpecError } from '../util/errors.ts';
import { textOf } from '../util/json.ts';

export interface SamplingTarget {
  /** Which weights answer. */
  description: string;
  /** What tells the weights from any others. Reads all of those that lie in a bare directory. */
  identity(): string;
  client: SamplingClient;
  renderer: Renderer;
  rendererRef: PlainRef;
  close(): Promise<void>;
}

/** Everything that is needed to open a target, still as a plain value. */
interface Source {
  description: string;
  base_model: string;
  model_path?: string;
  /** The model, or the directory, that the tokenizer comes from. */
  tokenizer: string;
  renderer: PlainRef | null;
  service: PlainRef;
  checkpointsPath: string;
}

const LOCAL: PlainRef = { builder: 'local' };

/**
 * Opens what a reference to weights names; of a run that has not finished, the newest. `notify` hears of what takes long. A
 * `service` that is given samples in the place of the run's own.
 * @throws ConfigurationError, CheckpointError for what has no weights to sample from
 */
export async function openSamplingTarget(
  target: WeightsRef,
  registry: Registry,
  notify: (message: string) => void = () => undefined,
  { service: given }: { service?: PlainRef } = {},
): Promise<SamplingTarget> {
  const options = { purpose: 'sample' as const, ...(given && { service: given }) };
  const opened = await openWeightsTarget(target, options, registry, notify);
  const { service, base_model, model_path, description, identity, renderer, rendererRef } = opened;
  try {
    const client = await service.createSamplingClient(model_path === undefined ? { base_model } : { model_path });
    return { description, identity, client, renderer, rendererRef, close: () => service.close() };
  } catch (error) {
    await closeQuietly(service);
    throw error;
  }
}

/** Weights on their service, before any client is open on them. */
export interface WeightsTarget extends Pick<SamplingTarget, 'description' | 'identity' | 'renderer' | 'rendererRef'> {
  weights: LocatedWeights;
  service: ServiceClient;
  serviceRef: PlainRef;
  base_model: string;
  /** Absent for a model without an adapter. */
  model_path?: string;
}

export interface WeightsTargetOptions {
  purpose: 'train' | 'sample';
  /** In the place of the service of the run, or of the engine of this package. */
  service?: PlainRef;
  /** In the place of the renderer that the weights were trained with, or that suits the model. */
  renderer?: PlainRef;
}

/** What is given back with the service. */
export async function openWeightsTarget(
  target: WeightsRef,
  options: WeightsTargetOptions,
  registry: Registry,
  notify: (message: string) => void,
): Promise<WeightsTarget> {
  const weights = await verifiedWeights(target, { purpose: options.purpose, unfinished: 'newest' });
  if (weights.run !== null) await loadPluginsOf(weights.run, registry, notify);
  const source = await sourceOf(weights, options.service);
  const { checkpointsPath, service: serviceRef, base_model, model_path, description } = source;
  const service = await registry.build(serviceSlot, revealSecrets(serviceRef, process.env), {
    checkpointsPath,
    seed: 0,
    notify,
  });
  try {
    const { directory, commit } = await locateModel(source.tokenizer, { parts: 'tokenizer', notify });
    const tokenizer = await loadTokenizer(directory);
    const suits = async () => source.renderer ?? (await recommendedRenderer({ modelName: base_model, tokenizer }));
    const rendererRef = options.renderer ?? (await suits());
    const renderer = await registry.build(rendererSlot, rendererRef, { tokenizer });
    const path = model_path === undefined ? {} : { model_path };
    // Another service may have the model from elsewhere.
    const revision = serviceRef.builder === LOCAL.builder ? commit : undefined;
    const identity = () => identityOfTarget(target, weights, revision);
    return { description, weights, identity, service, serviceRef, base_model, ...path, renderer, rendererRef };
  } catch (error) {
    await closeQuietly(service);
    throw error;
  }
}

/** A model of the hub is told by the commit that was read: its name may lead to other weights tomorrow. */
function identityOfTarget(ref: WeightsRef, weights: LocatedWeights, commit: string | undefined): string {
  const [, repository] = HUB_NAME.exec(weights.base_model ?? '') ?? [];
  if (commit === undefined || repository === undefined) return identityOfWeights(ref, weights);
  return `${repository}@${commit}`;
}

/** A run may have been trained with builders that its talk does not need: one that is gone is told, and no error yet. */
async function loadPluginsOf(
  { directory, spec }: SeenRun,
  registry: Registry,
  notify: (message: string) => void,
): Promise<void> {
  try {
    await loadRecordedPlugins(directory, spec, registry);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    notify(messageOf(error));
  }
}

async function sourceOf(
  { run, model_path, base_model, description, renderer = null }: LocatedWeights,
  given: PlainRef | undefined,
): Promise<Source> {
  const spec = run?.spec ?? {};
  const base = textOf(spec.model_name) ?? base_model ?? (await baseOf(model_path ?? ''));
  return {
    description,
    base_model: base,
    ...(model_path === undefined ? {} : { model_path }),
    tokenizer: textOf(spec.model_name) ?? (run === null ? base : join(run.directory, 'tokenizer')),
    renderer,
    service: given ?? (isPlainRef(spec.service) ? spec.service : LOCAL),
    checkpointsPath: join(run?.directory ?? resolve(model_path ?? base), 'checkpoints'),
  };
}

/** The model that an adapter belongs to; a checkpoint of all parameters is a model itself. */
async function baseOf(model_path: string): Promise<string> {
  if (!(await isAdapterDirectory(model_path))) return model_path;
  const { base_model_name_or_path } = await readAdapterConfig(model_path);
  if (base_model_name_or_path !== null) return base_model_name_or_path;
  throw new ConfigurationError(`${model_path}: the adapter does not say which model it belongs to`);
}

async function closeQuietly(service: ServiceClient): Promise<void> {
  await service.close().catch(() => undefined);
}
