// What is trained, by name: values, shapes, and how they start.

import type { ModelConfig } from '../formats/hf_config.ts';
import { linearModules, type ModulePart } from '../formats/modules.ts';
import { elementCount } from '../formats/tensors.ts';
import { randomFor } from '../util/random.ts';
import { type AdapterKind, factorA, factorB, factorShapes, stackedFactorA } from './adapter_shape.ts';
import type { BaseWeights } from './base_weights.ts';
import type { Parameterisation } from './decoder_graph.ts';
import { gaussian, uniform } from './random.ts';
import { type Dense, floats, scalar } from './session.ts';

/** LoRA's α, as the Tinker service has it: an adapter counts α/rank. */
export const LORA_ALPHA = 32;

export interface Parameters {
  readonly parameterisation: Parameterisation;
  /** 0 for full parameters, and for the base model itself. */
  readonly rank: number;
  /** Parts of the model that have an adapter; none where the rank is 0. */
  readonly adapted: readonly ModulePart[];
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly values: ReadonlyMap<string, Float32Array>;
  /** The inputs of any graph over these parameters. */
  feeds(): Record<string, Dense>;
}

/** Without an adapter: all parameters, or the base model as it is. */
const NO_ADAPTER: AdapterKind = { rank: 0, adapted: [] };

function parametersOf(
  parameterisation: Parameterisation,
  { rank, adapted }: AdapterKind,
  shapes: ReadonlyMap<string, readonly number[]>,
  values: ReadonlyMap<string, Float32Array>,
): Parameters {
  const dense = [...values].map(([name, data]): [string, Dense] => [name, floats(data, shapes.get(name) ?? [])]);
  const feeds: Record<string, Dense> = Object.fromEntries(dense);
  if (adapted.length > 0) feeds.lora_scale = scalar(LORA_ALPHA / rank);
  return { parameterisation, rank, adapted, shapes, values, feeds: () => feeds };
}

/** An adapter of the factors that `factor` gives. */
export function adapterOf(
  config: ModelConfig,
  kind: AdapterKind,
  factor: (name: string, shape: readonly number[]) => Float32Array,
): Parameters {
  const shapes = factorShapes(config, kind);
  return parametersOf('lora', kind, shapes, new Map([...shapes].map(([name, shape]) => [name, factor(name, shape)])));
}

/** The inputs of graphs over frozen adapters; none for the base model. */
export function frozenFeeds(
  { config }: BaseWeights,
  { parameterisation, rank, values, feeds }: Parameters,
): Record<string, Dense> {
  if (parameterisation === 'full') return feeds();
  if (rank === 0) return {};
  const stacks = new Map<string, { width: number; factors: Float32Array[] }>();
  const frozen: Record<string, Dense> = {};
  for (const [name, module] of linearModules(config)) {
    const [A, B] = [values.get(factorA(name)), values.get(factorB(name))];
    if (A === undefined || B === undefined) continue;
    frozen[factorB(name)] = floats(B, [module.out, rank]);
    const stack = stacks.get(module.reads) ?? { width: module.in, factors: [] };
    stack.factors.push(A);
    stacks.set(module.reads, stack);
  }
  const scale = LORA_ALPHA / rank;
  for (const [reads, { width, factors }] of stacks) {
    const stacked = new Float32Array(factors.length * rank * width);
    for (const [m, A] of factors.entries()) for (let i = 0; i < A.length; i++) stacked[m * A.length + i] = scale * A[i];
    frozen[stackedFactorA(reads)] = floats(stacked, [factors.length * rank, width]);
  }
  return frozen;
}

/** A copy that later steps do not change. */
export function snapshot({ parameterisation, shapes, values, ...kind }: Parameters): Parameters {
  const copies = new Map([...values].map(([name, data]) => [name, data.slice()]));
  return parametersOf(parameterisation, kind, shapes, copies);
}

/** The base model as it is. */
export const noAdapter = (): Parameters => parametersOf('lora', NO_ADAPTER, new Map(), new Map());

/** All parameters of a model, from weights by their Hugging Face names. */
export function fullParameters({ shapes }: BaseWeights, values: ReadonlyMap<string, Float32Array>): Parameters {
  return parametersOf('full', NO_ADAPTER, shapes, values);
}

/** A new adapter: A uniform in ±1/√in (Kaiming with a = √5, as in arXiv 2106.09685), B zero, so that it starts as the base model. */
export function newAdapter({ config }: BaseWeights, kind: AdapterKind, seed: number): Parameters {
  return adapterOf(config, kind, (name, [rows, columns]) =>
    name.endsWith('lora_A.weight')
      ? uniform(randomFor(seed, name), rows * columns, 1 / Math.sqrt(columns))
      : new Float32Array(rows * columns),
  );
}

/**
 * A model from scratch: norms 1, biases 0, matrices normal with sd √(2/5D) (arXiv 1910.05895; the usual 0.02 is this for
 * D = 1000, and too timid for small models), the projections back into the residual stream smaller by √(2·layers) so that
 * it does not grow with depth (GPT-2).
 */
export function newModel(base: BaseWeights, seed: number): Parameters {
  const deviation = Math.sqrt(2 / (5 * base.config.hidden_size));
  const residual = deviation / Math.sqrt(2 * base.config.num_hidden_layers);
  const values = new Map<string, Float32Array>();
  for (const [name, shape] of base.shapes) {
    const size = elementCount(shape);
    if (name.endsWith('norm.weight')) values.set(name, new Float32Array(size).fill(1));
    else if (name.endsWith('.bias')) values.set(name, new Float32Array(size));
    else {
      const intoResidual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
      values.set(name, gaussian(randomFor(seed, name), size, intoResidual ? residual : deviation));
    }
  }
  return fullParameters(base, values);
}
