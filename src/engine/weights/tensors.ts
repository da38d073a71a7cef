// What every format of model files offers to the engine: named tensors, read as float32 by their Hugging Face names.

export interface TensorDescription {
  readonly name: string;
  /** As its format calls it: F32, BF16, Q4_K, … */
  readonly dtype: string;
  /** Row-major, slowest first, as in PyTorch. */
  readonly shape: readonly number[];
}

export interface TensorSource {
  readonly tensors: ReadonlyMap<string, TensorDescription>;
  /** Values in row-major order. Throws WeightsError for an unknown name and for values that are not floating-point. */
  read(name: string): Promise<Float32Array<ArrayBuffer>>;
}
