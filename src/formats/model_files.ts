// A model directory as a whole: its configuration and its weights, and what holds where one contradicts the other.
import type { FileHandle } from 'node:fs/promises';
import { readExactly, withFile } from './files.ts';
import { type ModelConfig, readModelConfig } from './hf_config.ts';
import { checkParameters, EMBEDDING, UNEMBEDDING_WEIGHT } from './modules.ts';
import { type ModelDirectory, openModelDirectory } from './sharded.ts';
import type { TensorInfo } from './tensors.ts';

export interface ModelFiles {
  /** As the weights have it. */
  readonly config: ModelConfig;
  readonly weights: ModelDirectory;
  /** Where config.json says something else than the weights, for whoever opens them to be told. */
  readonly remarks: readonly string[];
}

/** Opens a model directory and checks that every tensor of its configuration is there, and no other. Throws WeightsError. */
export async function openModelFiles(directory: string): Promise<ModelFiles> {
  const files = await reconciled(await readModelConfig(directory), await openModelDirectory(directory));
  checkParameters(files.weights, files.config, directory);
  return files;
}

/**
 * A tied unembedding is the embedding. Files that are said to be tied hold it once, under either name, or twice. Where they
 * hold two that differ, both count, as in transformers 5: whoever wrote them has untied them.
 */
async function reconciled(config: ModelConfig, weights: ModelDirectory): Promise<ModelFiles> {
  const [embedding, unembedding] = [EMBEDDING, UNEMBEDDING_WEIGHT].map((name) => weights.tensors.get(name));
  if (!config.tie_word_embeddings || unembedding === undefined) return { config, weights, remarks: [] };
  if (embedding === undefined) return { config, weights: renamed(weights, unembedding, EMBEDDING), remarks: [] };
  if (await equal(weights, embedding, unembedding)) return { config, weights, remarks: [] };
  const remark =
    `${weights.directory}: config.json says tie_word_embeddings, but the weights hold another ${UNEMBEDDING_WEIGHT} ` +
    `than ${EMBEDDING}: both are used, untied`;
  return { config: { ...config, tie_word_embeddings: false }, weights, remarks: [remark] };
}

function renamed(weights: ModelDirectory, tensor: TensorInfo, name: string): ModelDirectory {
  return {
    ...weights,
    tensors: new Map([...weights.tensors, [name, { ...tensor, name }]]),
    read: (asked) => weights.read(asked === name ? tensor.name : asked),
  };
}

const PIECE_BYTES = 2 ** 20;

/** Whether two tensors hold the same values. */
async function equal(weights: ModelDirectory, a: TensorInfo, b: TensorInfo): Promise<boolean> {
  if (a.shape.join() !== b.shape.join()) return false;
  if (a.dtype === b.dtype) {
    return await withFile(a.path, (one) => withFile(b.path, (other) => equalBytes([one, a], [other, b])));
  }
  const [values, others] = [await weights.read(a.name), await weights.read(b.name)];
  return values.every((value, i) => value === others[i]);
}

type Place = readonly [handle: FileHandle, tensor: TensorInfo];

async function equalBytes([one, a]: Place, [other, b]: Place): Promise<boolean> {
  const pieces = [Buffer.alloc(PIECE_BYTES), Buffer.alloc(PIECE_BYTES)];
  for (let start = 0; start < a.byteLength; start += PIECE_BYTES) {
    const [left, right] = pieces.map((piece) => piece.subarray(0, Math.min(PIECE_BYTES, a.byteLength - start)));
    await readExactly(one, left, a.byteOffset + start, a.path);
    await readExactly(other, right, b.byteOffset + start, b.path);
    if (!left.equals(right)) return false;
  }
  return true;
}
