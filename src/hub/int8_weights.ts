// The weights of a model with its matrices in int8, as a file of the cache which every session maps into memory: made once.

import type { ModelConfig } from '../formats/hf_config.ts';
import {
  largestOfColumns,
  quantisedColumns,
  quantisedTransposed,
  type Smoothing,
  scalesOfColumns,
  scalesOfRows,
  smoothingOf,
  UNSIGNED_ZERO,
} from '../formats/int8.ts';
import { EMBEDDING, linearModules, parameterShapes, weightOf } from '../formats/modules.ts';
import type { TensorToWrite } from '../formats/safetensors.ts';
import type { ModelDirectory } from '../formats/sharded.ts';
import { elementCount } from '../formats/tensors.ts';
import { askedOnce } from '../util/asked_once.ts';
import { cachedWeights, finiteValues, type KeptWeights } from './cached_weights.ts';
import type { Float32Options } from './float32_weights.ts';

/** Part of the name: another conversion needs another directory. */
const VERSION = 2;
/** Takes seconds: worth a notice. */
const LARGE_BYTES = 2 ** 27;

/**
 * What a matrix W (out, in) is kept as: (W·diag(factors))ᵀ (in, out) with a scale of every output, W (out, in) with one of every input,
 * and the columns of outliers (out, k) as they are.
 */
export const int8Names = (weight: string) => ({
  forward: `${weight}.forward`,
  forwardScales: `${weight}.forward_scales`,
  backward: `${weight}.backward`,
  backwardScales: `${weight}.backward_scales`,
  outliers: `${weight}.outliers`,
});

/** What is kept of an input that matrices read: what its features are multiplied by (in), and which of them are outliers (k). */
export const inputNames = (reads: string) => ({ smoothing: `${reads}.smoothing`, outliers: `${reads}.outliers` });

export interface Int8Options extends Float32Options {
  config: ModelConfig;
  /** Whether matrices are kept as uint8 around 128, for processors that multiply these alone exactly. */
  unsigned: boolean;
  /** The largest magnitude of every feature of the inputs of linear layers, by the name of the input, as a run of the model shows it. */
  activations(): Promise<ReadonlyMap<string, Float32Array>>;
  /** A digest of what decides them, beside the weights. */
  madeOf: string;
}

interface Matrix {
  weight: string;
  out: number;
  width: number;
  reads: string;
}

/**
 * The weights in one file of the cache (XDG_CACHE_HOME), matrices under `int8Names`. The embedding and all that is no matrix of a linear layer
 * stays float32.
 * @throws WeightsError for weights that are not finite, or not floating-point, and where the cache cannot be written
 */
export async function int8Weights(
  model: ModelDirectory,
  { config, unsigned, activations, madeOf, notify = () => undefined, env = process.env }: Int8Options,
): Promise<KeptWeights> {
  const matrices = matricesOf(config);
  const isMatrix = new Set(matrices.map(({ weight }) => weight));
  const tensors = [...parameterShapes(config).keys()].flatMap((name) => model.tensors.get(name) ?? []);
  const floats = tensors.filter(({ name }) => name === EMBEDDING || !isMatrix.has(name));
  const bytes =
    matrices.reduce((sum, { out, width }) => sum + 2 * out * width, 0) +
    floats.reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0);
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const lastRead = lastMade<Float32Array>();
  const read = (name: string): Promise<Float32Array> =>
    lastRead(name, async () => {
      const tensor = byName.get(name);
      if (tensor === undefined) throw new Error(`${name} is no weight of this model`);
      return await finiteValues(model, tensor);
    });
  return await cachedWeights({
    kind: 'int8',
    version: `${unsigned ? 'u' : 'v'}${VERSION}`,
    tensors,
    madeOf,
    what: `the weights of ${model.directory} in int8 (${size})`,
    env,
    async make() {
      if (bytes >= LARGE_BYTES) notify(`converting the weights of ${model.directory} to int8 (${size}, once)`);
      const inputs = await inputsOf(matrices, await activations(), read);
      const left = [...inputs.values()].reduce((sum, { outliers }) => sum + outliers.length, 0);
      const all = [...inputs.values()].reduce((sum, { factors }) => sum + factors.length, 0);
      if (left > 0)
        notify(`${left} of the ${all} features that matrices of this model read are outliers: they stay float32`);
      return [
        ...floats.map(({ name, shape }) => ({ name, shape, dtype: 'F32' as const, data: () => read(name) })),
        ...matrices.flatMap((matrix) =>
          matrixTensors(matrix, inputs.get(matrix.reads), { unsigned, read: () => read(matrix.weight) }),
        ),
        ...[...inputs].flatMap(([reads, smoothing]) => inputTensors(reads, smoothing)),
      ];
    },
  });
}

function matricesOf(config: ModelConfig): Matrix[] {
  return [...linearModules(config)].map(([name, { out, in: width, reads }]) => ({
    weight: weightOf(config, name),
    out,
    width,
    reads,
  }));
}

async function inputsOf(
  matrices: readonly Matrix[],
  activations: ReadonlyMap<string, Float32Array>,
  read: (weight: string) => Promise<Float32Array>,
): Promise<Map<string, Smoothing>> {
  const weights = new Map<string, Float32Array>();
  for (const { weight, out, width, reads } of matrices) {
    const largest = largestOfColumns(await read(weight), out, width);
    const others = weights.get(reads);
    weights.set(reads, others === undefined ? largest : largest.map((value, i) => Math.max(value, others[i])));
  }
  return new Map(
    [...weights].map(([reads, largest]) => {
      const seen = activations.get(reads);
      if (seen === undefined) throw new Error(`nothing was told of the input ${reads}`);
      return [reads, smoothingOf(seen, largest)];
    }),
  );
}

/** Keeps what was made last: tensors of one matrix are written one after another, and a model need not fit into memory. */
function lastMade<T>(): (name: string, make: () => Promise<T>) => Promise<T> {
  let last: { name: string; made: Promise<T> } | null = null;
  return (name, make) => {
    if (last?.name !== name) last = { name, made: make() };
    return last.made;
  };
}

interface MatrixOptions {
  unsigned: boolean;
  read(): Promise<Float32Array>;
}

/** Each is made when its turn to be written comes: scales first, which are wider, and kept, since they are few. */
function matrixTensors(
  { weight, out, width }: Matrix,
  smoothing: Smoothing | undefined,
  { unsigned, read }: MatrixOptions,
): TensorToWrite[] {
  const { factors, outliers } = smoothing ?? { factors: new Float32Array(width).fill(1), outliers: [] };
  const names = int8Names(weight);
  const dtype = unsigned ? 'U8' : 'I8';
  const kept = (values: Int8Array) => (unsigned ? Uint8Array.from(values, (value) => value + UNSIGNED_ZERO) : values);
  const forwardScales = askedOnce(async () => scalesOfRows(await read(), out, width, factors));
  const backwardScales = askedOnce(async () => scalesOfColumns(await read(), out, width));
  const forward = async () => quantisedTransposed(await read(), out, width, factors, await forwardScales());
  const backward = async () => quantisedColumns(await read(), out, width, await backwardScales());
  const columns = async (): Promise<Float32Array> => {
    const W = await read();
    return Float32Array.from({ length: out * outliers.length }, (_, at) => {
      const o = Math.floor(at / outliers.length);
      return W[o * width + outliers[at % outliers.length]];
    });
  };
  return [
    { name: names.forward, dtype, shape: [width, out], data: async () => kept((await forward()).values) },
    { name: names.forwardScales, dtype: 'F32', shape: [out], data: forwardScales },
    { name: names.backward, dtype, shape: [out, width], data: async () => kept((await backward()).values) },
    { name: names.backwardScales, dtype: 'F32', shape: [width], data: backwardScales },
    { name: names.outliers, dtype: 'F32', shape: [out, outliers.length], data: columns },
  ];
}

function inputTensors(reads: string, { factors, outliers }: Smoothing): TensorToWrite[] {
  const names = inputNames(reads);
  const smoothing = factors.map((factor) => (factor === 0 ? 0 : 1 / factor));
  return [
    { name: names.smoothing, dtype: 'F32', shape: [factors.length], data: smoothing },
    // Whole numbers far below 2²⁴.
    { name: names.outliers, dtype: 'F32', shape: [outliers.length], data: Float32Array.from(outliers) },
  ];
}
