// What is trained, by name: values, shapes, and how they start.

import { linearModules } from '../formats/modules.ts';
import type { BaseWeights } from './base_weights.ts';
import { factorA, factorB, type Parameterisation, parameterShapes, stackedFactorA } from './decoder_graph.ts';
import { gaussian, randomFor, uniform } from './random.ts';
import { type Dense, floats, scalar } from './session.ts';

/** LoRA's α, as the Tinker service has it: an adapter counts α/rank. */
export const LORA_ALPHA = 32;
const scaleOf = (rank: number) => (rank === 0 ? 0 : LORA_ALPHA / rank);

export interface Parameters {
  readonly parameterisation: Parameterisation;
  /** 0 for full parameters. */
  readonly rank: number;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly values: ReadonlyMap<string, Float32Array>;
  /** The inputs of any graph over these parameters. */
  feeds(): Record<string, Dense>;
}

export function parametersOf(
  parameterisation: Parameterisation,
  rank: number,
  shapes: ReadonlyMap<string, readonly number[]>,
  values: ReadonlyMap<string, Float32Array>,
): Parameters {
  const dense = [...values].map(([name, data]): [string, Dense] => [name, floats(data, shapes.get(name) ?? [])]);
  const feeds: Record<string, Dense> = Object.fromEntries(dense);
  if (parameterisation === 'lora') feeds.lora_scale = scalar(scaleOf(rank));
  return { parameterisation, rank, shapes, values, feeds: () => feeds };
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
  const scale = scaleOf(rank);
  for (const [reads, { width, factors }] of stacks) {
    const stacked = new Float32Array(factors.length * rank * width);
    for (const [m, A] of factors.entries()) for (let i = 0; i < A.length; i++) stacked[m * A.length + i] = scale * A[i];
    frozen[stackedFactorA(reads)] = floats(stacked, [factors.length * rank, width]);
  }
  return frozen;
}

/** A copy that later steps do not change. */
export function snapshot({ parameterisation, rank, shapes, values }: Parameters): Parameters {
  const copies = new Map([...values].map(([name, data]) => [name, data.slice()]));
  return parametersOf(parameterisation, rank, shapes, copies);
}

/** The base model as an adapter of rank 0. */
export function noAdapter(base: BaseWeights): Parameters {
  const shapes = parameterShapes(base, 'lora', 0);
  return parametersOf('lora', 0, shapes, new Map([...shapes.keys()].map((name) => [name, new Float32Array(0)])));
}

/** A new adapter: A uniform in ±1/√in (Kaiming with a = √5, as in arXiv 2106.09685), B zero, so that it starts as the base model. */
export function newAdapter(base: BaseWeights, rank: number, seed: number): Parameters {
  const shapes = parameterShapes(base, 'lora', rank);
  const values = new Map<string, Float32Array>();
  for (const [name, [rows, columns]] of shapes) {
    const bound = name.endsWith('lora_A.weight') ? 1 / Math.sqrt(columns) : 0;
    values.set(
      name,
      bound === 0 ? new Float32Array(rows * columns) : uniform(randomFor(seed, name), rows * columns, bound),
    );
  }
  return parametersOf('lora', rank, shapes, values);
}

/**
 * A model from scratch: norms 1, biases 0, matrices normal with sd √(2/5D) (arXiv 1910.05895; the usual 0.02 is this for
 * D = 1000, and too timid for small models), the projections back into the residual stream smaller by √(2·layers) so that
 * it does not grow with depth (GPT-2).
 */
export function newModel(base: BaseWeights, seed: number): Parameters {
  const shapes = parameterShapes(base, 'full', 0);
  const deviation = Math.sqrt(2 / (5 * base.config.hidden_size));
  const residual = deviation / Math.sqrt(2 * base.config.num_hidden_layers);
  const values = new Map<string, Float32Array>();
  for (const [name, shape] of shapes) {
    const size = shape.reduce((product, n) => product * n, 1);
    if (name.endsWith('norm.weight')) values.set(name, new Float32Array(size).fill(1));
    else if (name.endsWith('.bias')) values.set(name, new Float32Array(size));
    else {
      const intoResidual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
      values.set(name, gaussian(randomFor(seed, name), size, intoResidual ? residual : deviation));
    }
  }
  return parametersOf('full', 0, shapes, values);
}
