// The data that a run spec names, looked at without running: its first rows, and whether the model's renderer takes them; and
// whether that is the renderer of the weights to start from.

import { basename, dirname, join } from 'node:path';
import { demonstrationDatasetSlot } from '../distillation/demonstrations.ts';
import { benchmarkSlot } from '../evaluation/types.ts';
import { isDirectory, isFile } from '../formats/files.ts';
import { isHubName } from '../hub/hub_settings.ts';
import { findKnownModel, modelsLike } from '../models/model_info.ts';
import { preferenceModelSlot } from '../preference/models/preference_model.ts';
import { preferenceDatasetSlot } from '../preference/types.ts';
import type { FieldProblem } from '../registry/builder.ts';
import { isWeightsRef, type WeightsRef } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { type ObjectShape, type Shape, shapeOf } from '../registry/shape.ts';
import { isPlainRef, type PlainRef } from '../registry/slot.ts';
import { didYouMean } from '../registry/suggest.ts';
import { recommendedRenderer, rendererProblem } from '../renderers/recommended.ts';
import { type Renderer, rendererSlot } from '../renderers/types.ts';
import { rlDatasetSlot } from '../rl/types.ts';
import { rendererOfWeights } from '../run_files/trained_renderer.ts';
import { locateWeights } from '../run_files/weights_reference.ts';
import { nearPathsHint } from '../spec/near_files.ts';
import { pathInSpec, type Stage } from '../spec/pipeline.ts';
import { paramsOfRun } from '../spec/root.ts';
import type { Issue, RunSpec, SpecPath } from '../spec/types.ts';
import { datasetSlot } from '../supervised/types.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { trainerSlot } from '../training/types.ts';
import { CookbookError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { checkTrainer } from './check_trainer.ts';

/** What is wrong with the data of the runs of a spec, with their places in it. */
export async function checkStages(stages: readonly Stage[], registry: Registry): Promise<Issue[]> {
  const specs = new Map(stages.map(({ spec }) => [spec.log_path, spec]));
  const issues: Issue[] = [];
  for (const { name, spec } of stages) {
    for (const issue of await checkData(spec, registry, specs))
      issues.push({ ...issue, path: pathInSpec(name, issue.path) });
  }
  return issues;
}

/**
 * What is wrong with the data of a resolved spec. A model that does not lie in a directory stays unopened.
 * @param stages the specs of stages that it may start from, by their directories: those need not have run yet
 */
async function checkData(spec: RunSpec, registry: Registry, stages: ReadonlyMap<string, RunSpec>): Promise<Issue[]> {
  const trainer = registry.find(trainerSlot.name, spec.trainer);
  if (trainer === undefined) return [];
  const ofTrainer = await checkTrainer(spec, registry);
  const { trainedWith, issues: ofWeights } = weightsOf(spec, stages);
  const named = [...dataIn(shapeOf(paramsOfRun(trainer)), spec, registry, [])];
  const modelProblem = await modelNameProblem(spec);
  if (modelProblem !== null) return [...ofTrainer, ...ofWeights, modelProblem];
  if (named.length === 0) return [...ofTrainer, ...ofWeights];
  const { known, issues: ofModel } = await knownOfModel(spec, trainedWith, registry);
  const issues = [...ofTrainer, ...ofWeights, ...ofModel];
  for (const { path, ref, check } of named) {
    for (const { field, message } of await check(registry, ref, known))
      issues.push({ path: [...path, field], part: 'value', message });
  }
  return issues;
}

/** The renderer of the weights that a spec starts from, and an issue where the spec names another: the run would refuse it. */
function weightsOf(
  { load_checkpoint_path: ref = null, renderer, renderer_override: override }: RunSpec,
  stages: ReadonlyMap<string, RunSpec>,
): { trainedWith: PlainRef | null; issues: Issue[] } {
  if (!isWeightsRef(ref)) return { trainedWith: null, issues: [] };
  const { trainedWith, weights } = madeBy(ref, stages);
  const known = { trainedWith, override: override === true, weights };
  const message = isPlainRef(renderer) ? rendererProblem(renderer, known) : null;
  return { trainedWith, issues: message === null ? [] : [{ path: ['renderer'], part: 'value', message }] };
}

function madeBy(ref: WeightsRef, stages: ReadonlyMap<string, RunSpec>) {
  const stage = typeof ref === 'string' ? undefined : stages.get(ref.run);
  if (stage !== undefined) {
    const trainedWith = isPlainRef(stage.renderer) ? stage.renderer : null;
    return { trainedWith, weights: `the stage ${basename(stage.log_path)}` };
  }
  const { description: weights, ...located } = locateWeights(ref, { purpose: 'train', unfinished: 'refuse' });
  return { trainedWith: rendererOfWeights(located), weights };
}

/** A name that leads to no model here and cannot be one of a hub, or that reads as a path below a directory which is there. */
async function modelNameProblem({ model_name: model }: RunSpec): Promise<Issue | null> {
  if (typeof model !== 'string' || (await isDirectory(model)) || (await isFile(model))) return null;
  const mayBeOfHub = isHubName(model);
  if (mayBeOfHub && (findKnownModel(model) !== undefined || !(await isDirectory(dirname(model))))) return null;
  const near = nearPathsHint(model, process.cwd());
  const meant = near === '' && !model.includes('/') ? didYouMean(modelsLike(model)) : near;
  const message = `there is no such model directory or file${meant || '; name one, or a model of the hub as ORG/NAME'}`;
  return { path: ['model_name'], part: 'value', message };
}

interface KnownOfModel {
  tokenizer?: Tokenizer;
  renderer?: Renderer;
}

type Check = (registry: Registry, ref: PlainRef, known: KnownOfModel) => Promise<FieldProblem[]>;

/** The slots whose builders read data, and how each is looked at. */
const CHECKS = new Map<string, Check>([
  [datasetSlot.name, (registry, ref, known) => registry.check(datasetSlot, ref, known)],
  [preferenceDatasetSlot.name, (registry, ref, known) => registry.check(preferenceDatasetSlot, ref, known)],
  [preferenceModelSlot.name, (registry, ref) => registry.check(preferenceModelSlot, ref, {})],
  [demonstrationDatasetSlot.name, (registry, ref, known) => registry.check(demonstrationDatasetSlot, ref, known)],
  [rlDatasetSlot.name, (registry, ref, known) => registry.check(rlDatasetSlot, ref, known)],
  [benchmarkSlot.name, (registry, ref, known) => registry.check(benchmarkSlot, ref, known)],
]);

/** What data are read with, as far as it lies on this machine already. */
async function knownOfModel(
  { model_name: model, renderer }: RunSpec,
  trainedWith: PlainRef | null,
  registry: Registry,
): Promise<{ known: KnownOfModel; issues: Issue[] }> {
  if (typeof model !== 'string' || !(await isFile(join(model, 'tokenizer.json')))) return { known: {}, issues: [] };
  let path = ['model_name'];
  try {
    const tokenizer = await loadTokenizer(model);
    path = ['renderer'];
    const given = isPlainRef(renderer) ? renderer : trainedWith;
    const ref = given ?? (await recommendedRenderer({ modelName: model, tokenizer }));
    return { known: { tokenizer, renderer: await registry.build(rendererSlot, ref, { tokenizer }) }, issues: [] };
  } catch (error) {
    if (!(error instanceof CookbookError)) throw error;
    return { known: {}, issues: [{ path, part: 'value', message: error.message }] };
  }
}

interface NamedData {
  path: SpecPath;
  ref: PlainRef;
  check: Check;
}

/** What reads data in a spec, also where other builders hold it. */
function* dataRefs(
  shape: Shape,
  value: JsonValue | undefined,
  registry: Registry,
  path: SpecPath,
): Generator<NamedData> {
  if (shape.is === 'list' && Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* dataRefs(shape.item, item, registry, [...path, index]);
  } else if (shape.is === 'object' && isJsonObject(value)) {
    yield* dataIn(shape, value, registry, path);
  } else if (shape.is === 'builder' && isPlainRef(value)) {
    const builder = registry.find(shape.slot.name, value.builder);
    if (builder === undefined) return;
    const check = CHECKS.get(shape.slot.name);
    if (check !== undefined) yield { path, ref: value, check };
    yield* dataIn(shapeOf(builder.params), value, registry, path);
  }
}

function* dataIn({ fields }: ObjectShape, value: JsonObject, registry: Registry, path: SpecPath): Generator<NamedData> {
  for (const { name, shape } of fields) yield* dataRefs(shape, value[name], registry, [...path, name]);
}
