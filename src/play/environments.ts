// The environments that a run spec trains in, opened as the run would open them, without a model to play in them.

import { readModelConfig } from '../formats/hf_config.ts';
import { locateModel } from '../hub/locate.ts';
import { isWeightsRef } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { shapeOf } from '../registry/shape.ts';
import { isPlainRef, type PlainRef } from '../registry/slot.ts';
import { recommendedRenderer } from '../renderers/recommended.ts';
import { rendererSlot } from '../renderers/types.ts';
import { checkedDatasets } from '../rl/checked_dataset.ts';
import type { RolloutLimits } from '../rl/limits.ts';
import { type EnvGroupBuilder, type RLDataset, rlDatasetSlot } from '../rl/types.ts';
import { samplingModels } from '../run/sampling_models.ts';
import { rendererOfWeights } from '../run_files/trained_renderer.ts';
import { locateWeights } from '../run_files/weights_reference.ts';
import { isSweepSpec, loadDocument } from '../spec/load.ts';
import { loadPlugins } from '../spec/plugins.ts';
import { resolveRunSpec } from '../spec/resolve.ts';
import { type Environment, revealSecrets } from '../spec/secrets.ts';
import type { RunSpec } from '../spec/types.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { trainerSlot } from '../training/types.ts';
import { ConfigurationError, WeightsError } from '../util/errors.ts';
import { numberOf, textOf } from '../util/json.ts';

export interface PlayedSpec {
  /** A run spec, and `key=value` arguments to set in it. */
  file: string;
  overrides: readonly string[];
  cwd: string;
  env: Environment;
  split: 'train' | 'test';
  /** Which group of the split, from 0. */
  group: number;
  /** In the place of the spec's; null = the spec's. */
  seed: number | null;
}

export interface PlayedGroup {
  group: EnvGroupBuilder;
  tokenizer: Tokenizer;
  /** Tokens that the model reads; null = no bound is known. */
  contextLength: number | null;
  /** Longest action, in tokens. */
  maxTokens: number;
  limits: RolloutLimits;
  /** Gives back what was opened for it. */
  close(): Promise<void>;
}

const SPEC_HINT = 'Name the spec of a run of reinforcement learning.';

/**
 * @param plugins is given those of the spec
 * @throws SpecError, ConfigurationError for what has no such environments
 */
export async function openPlayedGroup(
  { file, overrides, cwd, env, split, group, seed }: PlayedSpec,
  registry: Registry,
  notify: (message: string) => void,
  plugins: string[],
): Promise<PlayedGroup> {
  const document = await loadDocument(file, { overrides, cwd, env });
  if (isSweepSpec(document.value)) {
    throw new ConfigurationError(`${file} is the spec of a sweep, not of one run`, { hint: SPEC_HINT });
  }
  await loadPlugins(document, registry);
  const spec = resolveRunSpec(document, registry, cwd);
  plugins.push(...spec.plugins);
  const ref = environmentsOf(spec, registry, file);
  const model = textOf(spec.model_name) ?? '';
  const { directory } = await locateModel(model, { parts: 'tokenizer', notify });
  const tokenizer = await loadTokenizer(directory);
  const named = isPlainRef(spec.renderer) ? spec.renderer : trainedRendererOf(spec);
  const rendererRef = named ?? (await recommendedRenderer({ modelName: model, tokenizer }));
  const contextLength = await contextLengthOf(directory);
  const maxTokens = numberOf(spec.max_tokens) ?? Number.MAX_SAFE_INTEGER;
  const built = await registry.build(rlDatasetSlot, revealSecrets(ref, env), {
    tokenizer,
    renderer: await registry.build(rendererSlot, rendererRef, { tokenizer }),
    maxContextLength: contextLength ?? Number.MAX_SAFE_INTEGER,
    maxTokens,
    seed: seed ?? spec.seed,
    models: samplingModels(registry, notify),
    warn: notify,
    notify,
  });
  const { close, ...datasets } = checkedDatasets(built, ref.builder);
  const dataset = datasets[split];
  if (dataset === null) throw new ConfigurationError(`${file}: its environments have no held-out part to play in`);
  return {
    group: groupAt(dataset, group, split),
    tokenizer,
    contextLength,
    maxTokens,
    limits: limitsOf(spec),
    close,
  };
}

/** What the spec's trainer takes its environments from. */
function environmentsOf(spec: RunSpec, registry: Registry, file: string): PlainRef {
  const params = registry.find(trainerSlot.name, spec.trainer)?.params;
  const field = (params === undefined ? [] : shapeOf(params).fields).find(
    ({ shape }) => shape.is === 'builder' && shape.slot.name === rlDatasetSlot.name,
  );
  const ref = field === undefined ? undefined : spec[field.name];
  if (isPlainRef(ref)) return ref;
  throw new ConfigurationError(`${file}: the trainer "${spec.trainer}" has no environments to play in`, {
    hint: SPEC_HINT,
  });
}

/** That of the weights which training starts from. */
function trainedRendererOf({ load_checkpoint_path: ref = null }: RunSpec): PlainRef | null {
  if (!isWeightsRef(ref)) return null;
  return rendererOfWeights(locateWeights(ref, { purpose: 'train', unfinished: 'refuse' }));
}

/** All batches but the last have as many groups as the first. */
function groupAt(dataset: RLDataset, group: number, split: string): EnvGroupBuilder {
  const stride = dataset.length === 0 ? 0 : dataset.getBatch(0).length;
  const batch = stride === 0 ? 0 : Math.floor(group / stride);
  const found = batch < dataset.length ? dataset.getBatch(batch).at(group - batch * stride) : undefined;
  if (found !== undefined) return found;
  const last = dataset.length === 0 ? 0 : dataset.getBatch(dataset.length - 1).length;
  const groups = Math.max(0, dataset.length - 1) * stride + last;
  throw new ConfigurationError(`--group ${group}: ${split} has ${groups} groups, counted from 0`);
}

/** A model of a family that is trained elsewhere has a tokenizer to play with all the same. */
async function contextLengthOf(directory: string): Promise<number | null> {
  try {
    return (await readModelConfig(directory)).max_position_embeddings;
  } catch (error) {
    if (error instanceof WeightsError) return null;
    throw error;
  }
}

/** As the spec has them, but for time: a person may think as long as they like. */
function limitsOf(spec: RunSpec): RolloutLimits {
  return {
    max_turns: numberOf(spec.max_turns),
    max_trajectory_tokens: numberOf(spec.max_trajectory_tokens),
    max_sampled_tokens: numberOf(spec.max_sampled_tokens),
    max_turn_tokens: numberOf(spec.max_turn_tokens),
    max_tool_calls: numberOf(spec.max_tool_calls),
    rollout_timeout_seconds: null,
    sampling_turn_timeout_seconds: null,
  };
}
