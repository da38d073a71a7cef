// The part that training and sampling graphs share: a decoder whose weights are mapped files or inputs, with LoRA adapters.

import type { ModelConfig } from '../formats/hf_config.ts';
import { type LinearModule, linearModules } from '../formats/modules.ts';
import type { DecoderParts } from './architectures/decoder.ts';
import { FAMILIES } from './architectures/families.ts';
import type { BaseWeights } from './base_weights.ts';
import type { FrozenLinears } from './frozen_linear.ts';
import type { Graph, Value } from './graph.ts';
import { adaptedLinear } from './lora.ts';
import { linear } from './ops.ts';
import { rotaryTables } from './rotary.ts';

/**
 * What is trained. `lora`: factors A (r, in) and B (out, r) of every linear layer are inputs and the base weights come
 * with the graph; rank 0 is the base model itself. `full`: the weights themselves are inputs.
 */
export type Parameterisation = 'lora' | 'full';

export const factorA = (module: string) => `${module}.lora_A.weight`;
export const factorB = (module: string) => `${module}.lora_B.weight`;
/** The factors A of all modules that read the same features, on top of each other and times the adapter's scale. */
export const stackedFactorA = (reads: string) => `${reads}.stacked_lora_A`;

export interface DecoderOptions {
  base: BaseWeights;
  parameterisation: Parameterisation;
  /**
   * `trained`: gradients of the parameters will be asked for; blocks may be computed again rather than kept for them; a bound of ranks
   * makes them a little faster. `frozen`: the
   * parameters are as `frozenFeeds` gives them, with an adapter or without.
   */
  use:
    | { trained: true; checkpointing: boolean; mostRank: number | null }
    | { trained: false; linears: FrozenLinears; adapted: boolean };
  /** (N) token ids and (N, 1) positions. */
  tokens: Value;
  positions: Value;
  attend: DecoderParts['attend'];
}

export interface Decoder {
  /** (N, D) final hidden states. */
  hidden: Value;
  /** A weight by its Hugging Face name. */
  weight(name: string): Value;
  /** The inputs that are trained, by name. */
  parameters: Map<string, Value>;
}

/** Emits a decoder into a graph. */
export function decoder(g: Graph, options: DecoderOptions): Decoder {
  const { base, parameterisation, use, tokens, positions, attend } = options;
  const { config } = base;
  const parameters = new Map<string, Value>();
  const parameter = (name: string, dims: Value['dims']): Value => {
    const known = parameters.get(name);
    if (known !== undefined) return known;
    const value = g.input(name, 'float32', dims);
    parameters.set(name, value);
    return use.trained ? g.differentiate(value) : value;
  };

  const constants = new Map<string, Value>();
  const constant = (name: string): Value => {
    const value = constants.get(name) ?? base.emit(g, name);
    constants.set(name, value);
    return value;
  };
  const weight = (name: string) =>
    parameterisation === 'full' ? parameter(name, base.shapes.get(name)) : constant(name);

  const modules = linearModules(config);
  const loraScale = parameterisation === 'lora' && use.trained ? g.input('lora_scale', 'float32') : null;
  const layer = (name: string) => {
    const module = modules.get(name);
    if (module === undefined) throw new Error(`${config.model_type} has no linear layer ${name}`);
    return { name, ...module, W: weight(`${name}.weight`), bias: module.bias ? weight(`${name}.bias`) : null };
  };
  const linears = (x: Value, names: readonly string[]): Value[] => {
    const layers = names.map(layer);
    const raising = (m: number) => parameter(factorB(names[m]), [layers[m].W.dims?.[0] ?? null, null]);
    const width = layers[0].W.dims?.[1] ?? null;
    if (!use.trained) {
      const adapted = parameterisation === 'lora' && use.adapted;
      const A = adapted ? g.input(stackedFactorA(layers[0].reads), 'float32', [null, width]) : null;
      const frozen = layers.map((rest, m) => ({ ...rest, B: adapted ? raising(m) : null }));
      return use.linears(x, frozen, A);
    }
    if (loraScale === null) return layers.map(({ W, bias }) => linear(g, x, W, bias));
    const adapted = layers.map((rest, m) => ({
      ...rest,
      A: parameter(factorA(names[m]), [null, width]),
      B: raising(m),
    }));
    return adaptedLinear(g, x, adapted, { scale: loraScale, mostRank: use.mostRank });
  };

  const rotation = rotaryTables(g, positions);
  const block = (x: Value, emit: (x: Value) => Value) =>
    use.trained && use.checkpointing ? g.checkpoint(x, emit) : emit(x);
  const hidden = FAMILIES[config.model_type]({ g, config, tokens, rotation, weight, linears, block, attend });
  return { hidden, weight, parameters };
}

/** Names and shapes of what a parameterisation trains, in the order in which they are kept and saved. */
export function parameterShapes(
  base: BaseWeights,
  parameterisation: Parameterisation,
  rank: number,
): Map<string, number[]> {
  if (parameterisation === 'full') return new Map([...base.shapes].map(([name, shape]) => [name, [...shape]]));
  return new Map(
    [...adaptedModules(base.config)].flatMap(([name, module]): [string, number[]][] => [
      [factorA(name), [rank, module.in]],
      [factorB(name), [module.out, rank]],
    ]),
  );
}

/** The modules that get an adapter: every linear layer of the blocks, as in PEFT's `all-linear`; not the unembedding. */
function adaptedModules(config: ModelConfig): Map<string, LinearModule> {
  return new Map([...linearModules(config)].filter(([name]) => name !== 'lm_head'));
}
