// What every format of model files offers to the engine: named tensors, read as float32 by their Hugging Face names.
import { WeightsError } from '../util/errors.ts';

interface TensorDescription {
  readonly name: string;
  /** As its format calls it: F32, BF16, Q4_K, … */
  readonly dtype: string;
  /** Row-major, slowest first, as in PyTorch. */
  readonly shape: readonly number[];
}

/** Where a tensor lies: `byteLength` bytes from `byteOffset` of the file, in the layout of its type. */
export interface TensorInfo extends TensorDescription {
  readonly path: string;
  readonly byteOffset: number;
  readonly byteLength: number;
}

export interface TensorSource {
  readonly tensors: ReadonlyMap<string, TensorDescription>;
  /** Values in row-major order. Throws WeightsError for an unknown name and for values that are not floating-point. */
  read(name: string): Promise<Float32Array<ArrayBuffer>>;
}

/** Tensors of files. */
export interface StoredTensors extends TensorSource {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

/** Values in a tensor of this shape. NaN, which equals no length, when the product is too large to count. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => (Number.isSafeInteger(product * size) ? product * size : NaN), 1);
}

const HINT = 'The file is incomplete, or it belongs to another configuration than the one beside it.';

/** Throws WeightsError when the source, which came from `where`, has no tensor of that name and shape. */
export function requireTensor(source: TensorSource, name: string, shape: readonly number[], where: string): void {
  const tensor = source.tensors.get(name);
  if (tensor === undefined) throw new WeightsError(`${where}: no tensor "${name}"`, { hint: HINT });
  if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
    throw new WeightsError(
      `${where}: tensor "${name}": its shape is [${tensor.shape.join(', ')}], expected [${shape.join(', ')}]`,
      { hint: HINT },
    );
  }
}
