// What is trained, by name: values, shapes, and how they start.

import type { ModelConfig } from '../formats/hf_config.ts';
import { type LoraScaling, scalingOf } from '../formats/lora_scaling.ts';
import { linearModules, type ModulePart } from '../formats/modules.ts';
import { elementCount } from '../formats/tensors.ts';
import { randomFor } from '../util/random.ts';
import {
  type AdapterKind,
  adaptedModules,
  factorA,
  factorB,
  factorShapes,
  stackedFactorA,
  stackedScale,
  widestRank,
} from './adapter_shape.ts';
import type { BaseWeights } from './base_weights.ts';
import type { Parameterisation } from './decoder_graph.ts';
import { gaussian, uniform } from './random.ts';
import { type Dense, floats } from './session.ts';

export interface Parameters {
  readonly parameterisation: Parameterisation;
  /** Of the factors as they are kept; 0 for full parameters, and for the base model itself. */
  readonly rank: number;
  /** What the adapter counts; null without one. */
  readonly scaling: LoraScaling | null;
  /** What each row of a stack of factors A counts, as inputs of the graph. */
  readonly scales: Record<string, Dense>;
  /** Parts of the model that have an adapter; none where the rank is 0. */
  readonly adapted: readonly ModulePart[];
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly values: ReadonlyMap<string, Float32Array>;
  /** The inputs of any graph over these parameters. */
  feeds(): Record<string, Dense>;
}

type Adapted = Pick<Parameters, 'rank' | 'adapted' | 'scaling' | 'scales'>;

/** Without an adapter: all parameters, or the base model as it is. */
const NO_ADAPTER: Adapted = { rank: 0, adapted: [], scaling: null, scales: {} };

function parametersOf(
  parameterisation: Parameterisation,
  kind: Adapted,
  shapes: ReadonlyMap<string, readonly number[]>,
  values: ReadonlyMap<string, Float32Array>,
): Parameters {
  const dense = [...values].map(([name, data]): [string, Dense] => [name, floats(data, shapes.get(name) ?? [])]);
  const feeds: Record<string, Dense> = { ...Object.fromEntries(dense), ...kind.scales };
  return { parameterisation, ...kind, shapes, values, feeds: () => feeds };
}

/** An adapter of the factors that `factor` gives, each as wide as the widest of them. */
export function adapterOf(
  config: ModelConfig,
  kind: AdapterKind,
  factor: (name: string, shape: readonly number[]) => Float32Array,
): Parameters {
  const shapes = factorShapes(config, kind);
  const rank = widestRank(config, kind);
  const stacks = new Map<string, number[]>();
  for (const [name, { reads }] of adaptedModules(config, kind.adapted)) {
    const { scale } = scalingOf(kind.scaling, name);
    stacks.set(reads, [...(stacks.get(reads) ?? []), ...Array.from({ length: rank }, () => scale)]);
  }
  const scales = Object.fromEntries(
    [...stacks].map(([reads, rows]) => [stackedScale(reads), floats(Float32Array.from(rows), [rows.length])]),
  );
  return parametersOf(
    'lora',
    { ...kind, rank, scales },
    shapes,
    new Map([...shapes].map(([name, shape]) => [name, factor(name, shape)])),
  );
}

/** The inputs of graphs over frozen adapters; none for the base model. */
export function frozenFeeds(
  { config }: BaseWeights,
  { parameterisation, rank, scaling, values, feeds }: Parameters,
): Record<string, Dense> {
  if (parameterisation === 'full') return feeds();
  if (scaling === null) return {};
  const stacks = new Map<string, { width: number; factors: { A: Float32Array; scale: number }[] }>();
  const frozen: Record<string, Dense> = {};
  for (const [name, module] of linearModules(config)) {
    const [A, B] = [values.get(factorA(name)), values.get(factorB(name))];
    if (A === undefined || B === undefined) continue;
    frozen[factorB(name)] = floats(B, [module.out, rank]);
    const stack = stacks.get(module.reads) ?? { width: module.in, factors: [] };
    stack.factors.push({ A, scale: scalingOf(scaling, name).scale });
    stacks.set(module.reads, stack);
  }
  for (const [reads, { width, factors }] of stacks) {
    const stacked = new Float32Array(factors.length * rank * width);
    for (const [m, { A, scale }] of factors.entries())
      for (let i = 0; i < A.length; i++) stacked[m * A.length + i] = scale * A[i];
    frozen[stackedFactorA(reads)] = floats(stacked, [factors.length * rank, width]);
  }
  return frozen;
}

/** A copy that later steps do not change. */
export function snapshot({ parameterisation, shapes, values, feeds: _, ...kind }: Parameters): Parameters {
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
  const ranks = new Map(
    adaptedModules(config, kind.adapted).map(([name]) => [factorA(name), scalingOf(kind.scaling, name).rank]),
  );
  return adapterOf(config, kind, (name, [rows, columns]) => {
    const factor = new Float32Array(rows * columns);
    const rank = ranks.get(name);
    if (rank !== undefined) factor.set(uniform(randomFor(seed, name), rank * columns, 1 / Math.sqrt(columns)));
    return factor;
  });
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
