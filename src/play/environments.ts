// The environments that a run spec trains in, opened as the run would open them, without a model to play in them.

import { readModelConfig } from '../formats/hf_config.ts';
import { locateModel } from '../hub/locate.ts';
import { isWeightsRef } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { shapeOf } from '../registry/shape.ts';
import { isPlainRef, type PlainRef } from '../registry/slot.ts';
import { closestNames, didYouMean } from '../registry/suggest.ts';
import { recommendedRenderer } from '../renderers/recommended.ts';
import { rendererSlot } from '../renderers/types.ts';
import { checkedDatasets } from '../rl/checked_dataset.ts';
import type { RolloutLimits } from '../rl/limits.ts';
import { type EnvGroupBuilder, type RLDataset, rlDatasetSlot } from '../rl/types.ts';
import { samplingModels } from '../run/sampling_models.ts';
import { rendererOfWeights } from '../run_files/trained_renderer.ts';
import { locateWeights } from '../run_files/weights_reference.ts';
import { isSweepSpec, loadDocument } from '../spec/load.ts';
import { resolveDocument, type Stage } from '../spec/pipeline.ts';
import { loadPlugins } from '../spec/plugins.ts';
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
  /** Which of several stages; null = the only one that has environments. */
  stage: string | null;
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
  { file, overrides, cwd, env, split, group, seed, stage }: PlayedSpec,
  registry: Registry,
  notify: (message: string) => void,
  plugins: string[],
): Promise<PlayedGroup> {
  const document = await loadDocument(file, { overrides, cwd, env });
  if (isSweepSpec(document.value)) {
    throw new ConfigurationError(`${file} is the spec of a sweep, not of one run`, { hint: SPEC_HINT });
  }
  await loadPlugins(document, registry);
  const stages = resolveDocument(document, registry, cwd);
  const spec = playedSpec(stages, stage, registry, file);
  plugins.push(...spec.plugins);
  const ref = environmentsOf(spec, registry);
  if (ref === null) {
    throw new ConfigurationError(`${file}: the trainer "${spec.trainer}" has no environments to play in`, {
      hint: SPEC_HINT,
    });
  }
  const model = textOf(spec.model_name) ?? '';
  const { directory } = await locateModel(model, { parts: 'tokenizer', notify });
  const tokenizer = await loadTokenizer(directory);
  const rendererRef = rendererOf(spec, stages) ?? (await recommendedRenderer({ modelName: model, tokenizer }));
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

/** The spec of the run itself, or that of one of its stages. */
function playedSpec(stages: readonly Stage[], wanted: string | null, registry: Registry, file: string): RunSpec {
  const names = (some: readonly Stage[]) => some.flatMap(({ name }) => name ?? []);
  if (wanted !== null) {
    const found = stages.find(({ name }) => name === wanted);
    if (found !== undefined) return found.spec;
    const all = names(stages);
    throw new ConfigurationError(`${file} has no stage "${wanted}"${didYouMean(closestNames(wanted, all))}`, {
      hint: all.length === 0 ? 'It is the spec of a single run: leave --stage out.' : `It has ${all.join(', ')}.`,
    });
  }
  const playable = stages.filter(({ spec }) => environmentsOf(spec, registry) !== null);
  const [first = stages[0], second] = playable;
  if (first === undefined || second !== undefined) {
    throw new ConfigurationError(`${file}: ${playable.length} of its stages have environments to play in`, {
      hint: `Name one of them: --stage ${names(playable).join(' or --stage ')}`,
    });
  }
  return first.spec;
}

/** What the spec's trainer takes its environments from; null where it has none. */
function environmentsOf(spec: RunSpec, registry: Registry): PlainRef | null {
  const params = registry.find(trainerSlot.name, spec.trainer)?.params;
  const field = (params === undefined ? [] : shapeOf(params).fields).find(
    ({ shape }) => shape.is === 'builder' && shape.slot.name === rlDatasetSlot.name,
  );
  const ref = field === undefined ? undefined : spec[field.name];
  return isPlainRef(ref) ? ref : null;
}

/** That of the spec, or of the weights which training starts from: those of another stage need not be there yet. */
function rendererOf(
  { renderer, load_checkpoint_path: ref = null }: RunSpec,
  stages: readonly Stage[],
): PlainRef | null {
  if (isPlainRef(renderer)) return renderer;
  if (!isWeightsRef(ref)) return null;
  const before = stages.find(({ spec }) => typeof ref !== 'string' && spec.log_path === ref.run);
  if (before !== undefined) return rendererOf(before.spec, stages);
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
