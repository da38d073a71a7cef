// Weights of other runs as inputs of a run: whether it can start from them, and how they enter its identity.

import { isAbsolute, join, resolve } from 'node:path';
import type { WeightsRef } from '../registry/fields.ts';
import { createDigests, type Digests, digestOfFiles, type WeightsReader } from '../spec/digests.ts';
import { CookbookError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { canonicalJson, objectOf, textOf } from '../util/json.ts';
import { type LocatedWeights, locateWeights } from './weights_reference.ts';

/** What the identity of a run is made of beside its spec: files by their contents, weights by what made them. */
export function createInputs(): Digests {
  return createDigests(createWeightsReader());
}

/** Each reference is looked at once in the life of the object: all runs of one plan see one state of the files. */
export function createWeightsReader(): WeightsReader {
  const { of: digest } = createDigests();
  const located = cached((ref: WeightsRef) => locateWeights(ref, { purpose: 'train', unfinished: 'refuse' }));
  const identity = cached((ref: WeightsRef) => identityOf(ref, located(ref), digest));
  return {
    identity,
    problem(ref, model) {
      try {
        const weights = located(ref);
        return model === null ? null : mismatch(weights, model, digest);
      } catch (error) {
        if (!(error instanceof CookbookError)) throw error;
        return [error.message, ...(error.hint === undefined ? [] : [error.hint])].join('. ');
      }
    },
  };
}

/** The files that decide what a reference means, so that a change of them can be noticed. */
export function filesOfWeights(ref: WeightsRef): string[] {
  const path = typeof ref === 'string' ? ref : resolve(ref.run);
  if (!isAbsolute(path)) return [];
  const { run, model_path } = locateWeights(ref, { purpose: 'train', unfinished: 'refuse' });
  if (run === null) return [model_path ?? path];
  return ['run.json', 'status.json', 'checkpoints.jsonl'].map((name) => join(run.directory, name));
}

/** The files that are weights, or say how to use them. What trained them on and what describes them is left out. */
const IS_WEIGHTS =
  /^(?!optimizer\.).*\.safetensors$|\.safetensors\.index\.json$|^(adapter_|generation_)?config\.json$|^(tokenizer|special_tokens|added_tokens|vocab|merges|chat_template|spiece)[\w.]*$/;

/**
 * Of a run the hash of its identity and the step, which stay the same where it is copied, moved or tidied, and change with
 * all that it was made from; of a bare directory the contents of what is weights in it; a name or an address as it stands.
 */
function identityOf(
  ref: WeightsRef,
  { run, batch, model_path, base_model }: LocatedWeights,
  digest: Digests['of'],
): string {
  if (run?.hash != null) return `run:${run.hash}@${batch}`;
  const path = model_path ?? base_model;
  if (path === undefined) return canonicalJson(ref);
  if (!isAbsolute(path)) return path;
  return `sha256:${path.toLowerCase().endsWith('.gguf') ? digest(path) : digestOfFiles(path, (name) => IS_WEIGHTS.test(name))}`;
}

/** Weights that were trained on another model than the run's; null where they fit, or do not say. */
function mismatch({ run }: LocatedWeights, model: string, digest: Digests['of']): string | null {
  const trainedOn = textOf(run?.spec.model_name);
  if (run === null || trainedOn === null || trainedOn === model) return null;
  // Another place may hold the same model.
  const recorded = textOf(objectOf(objectOf(run.record.identity).config).model_name);
  if (recorded !== null && recorded === (isAbsolute(model) ? `sha256:${digest(model)}` : model)) return null;
  return `${shortPath(run.directory)} was trained on ${shortPath(trainedOn)}, and model_name is another model: ${shortPath(model)}`;
}

/** What tells weights that are sampled from from any others, in the same terms. */
export function identityOfWeights(ref: WeightsRef, located: LocatedWeights): string {
  const { base_model } = located;
  // Not a name but a file, which a command names from where it is called.
  const model = base_model?.toLowerCase().endsWith('.gguf') === true ? { base_model: resolve(base_model) } : {};
  return identityOf(ref, { ...located, ...model }, createDigests().of);
}

function cached<Result>(compute: (ref: WeightsRef) => Result): (ref: WeightsRef) => Result {
  const known = new Map<string, Result>();
  return (ref) => {
    const key = canonicalJson(ref);
    const result = known.get(key) ?? compute(ref);
    known.set(key, result);
    return result;
  };
}
