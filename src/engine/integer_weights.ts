// The weights of a base model with its matrices in integers, as a graph takes them: mapped from a file of the cache.

import type { ModelConfig } from '../formats/hf_config.ts';
import { UNSIGNED_ZERO } from '../formats/int8.ts';
import { openModelFiles } from '../formats/model_files.ts';
import { linearModules, parameterShapes } from '../formats/modules.ts';
import type { ModelDirectory } from '../formats/sharded.ts';
import type { TensorInfo } from '../formats/tensors.ts';
import type { Float32Options } from '../hub/float32_weights.ts';
import { inputNames, int8Names, int8Weights } from '../hub/int8_weights.ts';
import { type BaseWeights, emitTensor, mapped, openBaseWeights, tensorOf } from './base_weights.ts';
import { activationsOf, calibrationDigest } from './calibration.ts';
import { sumsSaturate } from './integer_probe.ts';
import { MOST_TERMS } from './integer_products.ts';
import { requireMemory } from './memory.ts';
import { conversionBytes } from './memory_estimates.ts';
import type { Precision } from './precision.ts';

export interface WeightsOptions extends Float32Options {
  precision: Precision;
}

/** Opens a model directory, in whichever precision. Throws WeightsError. */
export async function openWeights(
  modelDirectory: string,
  { precision, ...options }: WeightsOptions,
): Promise<BaseWeights> {
  if (precision === 'float32') return await openBaseWeights(modelDirectory, options);
  const { config, weights, remarks } = await openModelFiles(modelDirectory);
  for (const remark of remarks) options.notify?.(remark);
  const unsigned = await sumsSaturate();
  const calibrated = { config, weights, directory: modelDirectory };
  // Only where they are not in the cache yet.
  const activations = () => {
    const bytes = conversionBytes(config, { unsigned });
    requireMemory(
      bytes,
      `converting ${modelDirectory} to int8`,
      'Close what else takes memory, or take a smaller model.',
    );
    return activationsOf(calibrated);
  };
  const madeOf = await calibrationDigest(calibrated);
  const files = await int8Weights(weights, { ...options, config, unsigned, activations, madeOf });
  return {
    config,
    shapes: parameterShapes(config),
    ...(await mapped(files)),
    integers: integersOf(files, await outliersOf(config, files), unsigned),
  };
}

function integersOf(
  files: ModelDirectory,
  outliers: ReadonlyMap<string, readonly number[]>,
  unsigned: boolean,
): BaseWeights['integers'] {
  const bytes = unsigned ? 'uint8' : 'int8';
  return {
    input(g, reads) {
      const indices = outliers.get(reads) ?? [];
      return {
        smoothing: emitTensor(g, tensorOf(files, inputNames(reads).smoothing), 'float32'),
        outliers: indices.length === 0 ? null : g.ints(indices),
      };
    },
    weight(g, name, input) {
      const names = int8Names(name);
      const emit = (tensor: string, type: 'float32' | 'int8' | 'uint8') => emitTensor(g, tensorOf(files, tensor), type);
      const backward = tensorOf(files, names.backward);
      const pieces = piecesOf(backward).map((piece) => emitTensor(g, piece, bytes));
      return {
        input,
        zero: unsigned ? UNSIGNED_ZERO : 0,
        forward: { values: emit(names.forward, bytes), scales: emit(names.forwardScales, 'float32') },
        outliers: input.outliers === null ? null : emit(names.outliers, 'float32'),
        backward: {
          pieces,
          whole: pieces.length === 1 ? pieces[0] : emitTensor(g, backward, bytes),
          scales: emit(names.backwardScales, 'float32'),
        },
      };
    },
  };
}

/** The features of every input that stay float32. */
async function outliersOf(config: ModelConfig, files: ModelDirectory): Promise<Map<string, number[]>> {
  const inputs = new Set([...linearModules(config).values()].map(({ reads }) => reads));
  const found = new Map<string, number[]>();
  for (const reads of inputs) found.set(reads, [...(await files.read(inputNames(reads).outliers))]);
  return found;
}

/** The rows of an int8 matrix in pieces that a sum over them has room for. */
function piecesOf(matrix: TensorInfo): TensorInfo[] {
  const [rows, width] = matrix.shape;
  const count = Math.ceil(rows / MOST_TERMS);
  if (count === 1) return [matrix];
  const bounds = Array.from({ length: count + 1 }, (_, i) => Math.floor((i * rows) / count));
  return bounds.slice(1).map((end, i) => ({
    ...matrix,
    name: `${matrix.name}.${i}`,
    shape: [end - bounds[i], width],
    byteOffset: matrix.byteOffset + bounds[i] * width,
    byteLength: (end - bounds[i]) * width,
  }));
}
