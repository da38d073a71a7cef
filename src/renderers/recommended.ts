// Which renderer a model gets when a spec names none, and whether it may be another than its weights were trained with.

import { isDirectory, isFile } from '../formats/files.ts';
import { knownModelOf } from '../models/local_model.ts';
import { refuseNearNames } from '../models/model_info.ts';
import { type BuilderRef, type PlainRef, reference } from '../registry/slot.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { equalJson, type JsonValue } from '../util/json.ts';
import { CATALOGUE } from './catalogue.ts';
import { missingTokens } from './definition.ts';
import { rendererSlot } from './types.ts';

/**
 * What the table of models recommends, where the catalogue has it and the tokenizer its tokens; else the model's own chat
 * template; else `role_colon`, which suits base models. `modelName`: a name or a directory.
 * @throws ConfigurationError for a name that is nearly one of the table
 */
export async function recommendedRenderer({
  modelName,
  tokenizer,
}: {
  modelName: string;
  tokenizer: Tokenizer;
}): Promise<BuilderRef<typeof rendererSlot>> {
  const known = await knownModelOf(modelName, tokenizer);
  // A model that would be spoken to in another way than it was taught, and nothing would tell.
  if (known === null && !(await isDirectory(modelName)) && !(await isFile(modelName))) refuseNearNames(modelName);
  const fitting = known?.recommended_renderers.find((name) =>
    CATALOGUE.some((entry) => entry.name === name && missingTokens(entry, tokenizer).length === 0),
  );
  const other = tokenizer.chatTemplate === null ? 'role_colon' : 'chat_template';
  return reference(rendererSlot, { builder: fitting ?? other });
}

/** What is known of weights whose training goes on. */
export interface TrainedWeights {
  trainedWith: PlainRef | null;
  /** Another renderer is meant. */
  override: boolean;
  /** Which they are, in words. */
  weights: string;
}

/**
 * The renderer that `given` names, or the one that the weights were trained with, or null where neither is known.
 * @throws ConfigurationError where both are known and differ, unless `override` says that this is meant
 */
export function rendererForWeights(
  given: BuilderRef<typeof rendererSlot> | null,
  known: TrainedWeights,
): BuilderRef<typeof rendererSlot> | null {
  const { trainedWith } = known;
  if (given === null) return trainedWith === null ? null : reference(rendererSlot, trainedWith);
  const problem = rendererProblem(given, known);
  if (problem === null) return given;
  throw new ConfigurationError(`renderer: ${problem}`, {
    hint: 'Leave renderer out to go on with the one of the weights. A model does worse with another, and nothing tells.',
  });
}

/** Why the weights cannot be trained with a renderer; null where they can. */
export function rendererProblem(given: PlainRef, { trainedWith, override, weights }: TrainedWeights): string | null {
  if (trainedWith === null || override) return null;
  const differing = differingOptions(trainedWith, given);
  if (trainedWith.builder === given.builder && differing.length === 0) return null;
  return `the weights (${weights}) were trained with the renderer ${shown(trainedWith, differing)}, and this is ${shown(given, differing)}: set renderer_override: true if that is meant`;
}

/** Names of the options that differ. What a reference leaves out has its default. */
function differingOptions(a: PlainRef, b: PlainRef): string[] {
  if (a.builder !== b.builder) return [];
  const defaults: Readonly<Record<string, JsonValue>> = CATALOGUE.find(({ name }) => name === a.builder)?.options ?? {};
  const option = (ref: PlainRef, name: string) => ref[name] ?? defaults[name] ?? null;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (name) => !equalJson(option(a, name), option(b, name)),
  );
}

function shown(ref: PlainRef, options: readonly string[]): string {
  const set = options.map((name) => `${name}: ${JSON.stringify(ref[name] ?? null)}`);
  return [ref.builder, ...(set.length > 0 ? [`with ${set.join(', ')}`] : [])].join(' ');
}
