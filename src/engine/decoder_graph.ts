// The part that training and sampling graphs share: a decoder whose weights are mapped files or inputs, with LoRA adapters.

import { linearModules, type ModulePart, UNEMBEDDING, unembeddingWeight } from '../formats/modules.ts';
import { factorA, factorB, stackedFactorA } from './adapter_shape.ts';
import type { DecoderParts } from './architectures/decoder.ts';
import { FAMILIES } from './architectures/families.ts';
import type { BaseWeights } from './base_weights.ts';
import type { Graph, Value } from './graph.ts';
import type { Term } from './logprobs.ts';
import { adaptedLinear, frozenAdaptedLinear } from './lora.ts';
import { linear, type Projection, scale } from './ops.ts';
import { rotaryTables } from './rotary.ts';

/**
 * What is trained. `lora`: factors A (r, in) and B (out, r) of linear layers are inputs and the base weights come with the
 * graph. `full`: the weights themselves are inputs.
 */
export type Parameterisation = 'lora' | 'full';

export interface DecoderOptions {
  base: BaseWeights;
  parameterisation: Parameterisation;
  /** Whether gradients of the parameters will be asked for, and whether blocks are computed again rather than kept for them. */
  differentiable: boolean;
  checkpointing: boolean;
  /** Which linear layers have an adapter; with none of them it is the base model. */
  adapted: readonly ModulePart[];
  /** Factors come as `frozenFeeds` stacks them, for graphs that run often over the same ones; otherwise each by itself. */
  frozen: boolean;
  /** How features are projected where nothing is differentiable. */
  project?: Projection;
  /** (N) token ids and (N, 1) positions. */
  tokens: Value;
  positions: Value;
  attend: DecoderParts['attend'];
}

export interface Decoder {
  /** (N, D) final hidden states. */
  hidden: Value;
  /** Logits (M, V) of hidden states (M, D), for graphs without gradients. */
  logits(h: Value): Value;
  /** The same as the sum of products with the vocabulary that they are, for graphs that train: (M, n) and (V, n) each. */
  logitTerms(h: Value): Term[];
  /** The inputs that are trained, by name. */
  parameters: Map<string, Value>;
}

/** Emits a decoder into a graph. */
export function decoder(g: Graph, options: DecoderOptions): Decoder {
  const { base, parameterisation, differentiable, checkpointing, adapted, frozen, tokens, positions, attend } = options;
  const { project = linear } = options;
  const { config } = base;
  const parameters = new Map<string, Value>();
  const parameter = (name: string): Value => {
    const known = parameters.get(name);
    if (known !== undefined) return known;
    const value = g.input(name, 'float32');
    parameters.set(name, value);
    return differentiable ? g.differentiate(value) : value;
  };

  const constants = new Map<string, Value>();
  const constant = (name: string): Value => {
    const value = constants.get(name) ?? base.emit(g, name);
    constants.set(name, value);
    return value;
  };
  const weight = (name: string) => (parameterisation === 'full' ? parameter(name) : constant(name));

  const modules = linearModules(config);
  const loraScale = adapted.length > 0 && !frozen ? g.input('lora_scale', 'float32') : null;
  const layer = (name: string) => {
    const module = modules.get(name);
    if (module === undefined) throw new Error(`${config.model_type} has no linear layer ${name}`);
    const W = weight(name === UNEMBEDDING ? unembeddingWeight(config) : `${name}.weight`);
    return { name, ...module, W, bias: module.bias ? weight(`${name}.bias`) : null };
  };
  const linears = (x: Value, names: readonly string[]): Value[] => {
    const layers = names.map(layer);
    if (!adapted.includes(layers[0].part)) return layers.map(({ W, bias }) => project(g, x, W, bias));
    const raising = layers.map(({ name, W, bias }) => ({ W, bias, B: parameter(factorB(name)) }));
    if (loraScale === null) {
      const A = g.input(stackedFactorA(layers[0].reads), 'float32');
      return frozenAdaptedLinear(g, x, raising, { A, project });
    }
    const layersWithA = raising.map((rest, m) => ({ ...rest, A: parameter(factorA(names[m])) }));
    return adaptedLinear(g, x, layersWithA, loraScale);
  };

  const rotation = rotaryTables(g, positions);
  const block = (x: Value, emit: (x: Value) => Value) => (checkpointing ? g.checkpoint(x, emit) : emit(x));
  const hidden = FAMILIES[config.model_type]({ g, config, tokens, rotation, weight, linears, block, attend });
  const logitTerms = (h: Value): Term[] => {
    const plain = { x: h, W: weight(unembeddingWeight(config)) };
    if (loraScale === null || !adapted.includes('unembed')) return [plain];
    const d = scale(g, linear(g, h, parameter(factorA(UNEMBEDDING))), loraScale); // (M, r)
    return [plain, { x: d, W: parameter(factorB(UNEMBEDDING)) }];
  };
  return { hidden, logits: (h) => linears(h, [UNEMBEDDING])[0], logitTerms, parameters };
}
