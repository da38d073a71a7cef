// The part that training and sampling graphs share: a decoder whose weights are mapped files or inputs, with LoRA adapters.

import { type LinearModule, linearModules, type ModulePart, UNEMBEDDING, weightOf } from '../formats/modules.ts';
import { factorA, factorB, stackedFactorA, stackedScale } from './adapter_shape.ts';
import type { DecoderParts } from './architectures/decoder.ts';
import { FAMILIES } from './architectures/families.ts';
import type { BaseWeights } from './base_weights.ts';
import type { FrozenLinears } from './frozen_linear.ts';
import type { Graph, Value } from './graph.ts';
import type { IntegerInput, Weight } from './integer_products.ts';
import type { Term } from './logprobs.ts';
import { adaptedLinear } from './lora.ts';
import { linear, scale } from './ops.ts';
import { rotaryTables } from './rotary.ts';

/**
 * What is trained. `lora`: factors A (r, in) and B (out, r) of linear layers are inputs and the base weights come with the
 * graph. `full`: the weights themselves are inputs.
 */
export type Parameterisation = 'lora' | 'full';

/** Which decoder it is. */
export interface DecoderKind {
  base: BaseWeights;
  parameterisation: Parameterisation;
  /** Which linear layers have an adapter; with none of them it is the base model. */
  adapted: readonly ModulePart[];
}

export interface DecoderOptions extends DecoderKind {
  /**
   * Trained: gradients of the parameters will be asked for; blocks may be computed again rather than kept for them; a bound of
   * ranks makes them a little faster. Otherwise the parameters are as `frozenFeeds` gives them.
   */
  use:
    | { trained: true; checkpointing: boolean; mostRank: number | null; noise: Value | null }
    | { trained: false; linears: FrozenLinears };
  /** (N) token ids and (N, 1) positions. */
  tokens: Value;
  positions: Value;
  attend: DecoderParts['attend'];
  /** Told of what linear layers read, by its name. */
  reads?(name: string, x: Value): void;
  /** Told of what a block gives, (N, D). */
  gives?(x: Value): void;
}

/** A linear layer in a graph. */
interface Layer extends Omit<LinearModule, 'bias'> {
  name: string;
  W: Weight;
  bias: Value | null;
  isAdapted: boolean;
}

export interface Decoder {
  /** (N, D) final hidden states. */
  hidden: Value;
  /** Logits (M, V) of hidden states (M, D), where nothing is trained. */
  logits(h: Value, linears: FrozenLinears): Value;
  /** The logits of all hidden states as the sum of products with the vocabulary that they are: (N, n) and (V, n) each. */
  logitTerms(): Term[];
  /** The inputs that are trained, by name. */
  parameters: Map<string, Value>;
}

/** What is made once for a name. */
function onceEach<T>(): (name: string, make: (name: string) => T) => T {
  const made = new Map<string, T>();
  return (name, make) => {
    const one = made.get(name) ?? make(name);
    made.set(name, one);
    return one;
  };
}

/** Emits a decoder into a graph. */
export function decoder(g: Graph, options: DecoderOptions): Decoder {
  const { base, parameterisation, adapted, use, tokens, positions, attend } = options;
  const { config } = base;
  const parameters = new Map<string, Value>();
  const parameter = (name: string, dims: Value['dims']): Value => {
    const known = parameters.get(name);
    if (known !== undefined) return known;
    const value = g.input(name, 'float32', dims);
    parameters.set(name, value);
    return use.trained ? g.differentiate(value) : value;
  };

  const shared = onceEach<Value>();
  const matrices = onceEach<Weight>();
  const inputs = onceEach<IntegerInput>();
  const weight = (name: string) =>
    parameterisation === 'full' ? parameter(name, base.shapes.get(name)) : shared(name, () => base.emit(g, name));
  const matrix = (name: string, reads: string): Weight => {
    const { integers } = base;
    if (parameterisation === 'full' || integers === null) return weight(name);
    const input = () => inputs(reads, () => integers.input(g, reads));
    return matrices(name, () => integers.weight(g, name, input()));
  };

  const modules = linearModules(config);
  const layer = (name: string): Layer => {
    const module = modules.get(name);
    if (module === undefined) throw new Error(`${config.model_type} has no linear layer ${name}`);
    const W = matrix(weightOf(config, name), module.reads);
    const bias = module.bias ? weight(`${name}.bias`) : null;
    return { name, ...module, W, bias, isAdapted: adapted.includes(module.part) };
  };
  const A = ({ name, ...module }: Layer) => parameter(factorA(name), [null, module.in]);
  const B = ({ name, out }: Layer) => parameter(factorB(name), [out, null]);
  const stackedA = ({ reads }: Layer) => shared(stackedFactorA(reads), (name) => g.input(name, 'float32'));
  const loraScale = ({ reads }: Layer) => shared(stackedScale(reads), (name) => g.input(name, 'float32'));

  const rows = () => g.once('rows', () => g.node('Shape', [tokens]));
  const frozen = (by: FrozenLinears, x: Value, names: readonly string[]): Value[] => {
    const layers = names.map(layer);
    const raised = layers.map((one) => ({ ...one, B: one.isAdapted ? B(one) : null }));
    return by(x, raised, layers[0].isAdapted ? stackedA(layers[0]) : null);
  };
  const trained = (x: Value, names: readonly string[], mostRank: number | null): Value[] => {
    const layers = names.map(layer);
    if (!layers[0].isAdapted) return layers.map(({ W, bias }) => linear(g, x, W, bias, rows()));
    const withFactors = layers.map((one) => ({ ...one, A: A(one), B: B(one) }));
    return adaptedLinear(g, x, withFactors, { scale: loraScale(layers[0]), mostRank, rows: rows() });
  };
  const linears = (x: Value, names: readonly string[]) => {
    options.reads?.(layer(names[0]).reads, x);
    return use.trained ? trained(x, names, use.mostRank) : frozen(use.linears, x, names);
  };

  const rotation = rotaryTables(g, positions);
  const block = (x: Value, emit: (x: Value) => Value) => {
    const y = use.trained && use.checkpointing ? g.checkpoint(x, emit) : emit(x);
    options.gives?.(y);
    return y;
  };
  const hidden = FAMILIES[config.model_type]({
    g,
    config,
    tokens,
    noise: use.trained ? use.noise : null,
    rotation,
    weight,
    linears,
    block,
    attend,
  });
  const logitTerms = (): Term[] => {
    const unembedding = layer(UNEMBEDDING);
    const plain: Term = { x: hidden, W: unembedding.W };
    if (!unembedding.isAdapted) return [plain];
    if (use.trained) {
      const d = scale(g, linear(g, hidden, A(unembedding), null, rows()), loraScale(unembedding)); // (N, r)
      return [plain, { x: d, W: B(unembedding), most: use.mostRank }];
    }
    const [d] = use.linears(hidden, [{ W: stackedA(unembedding), bias: null, B: null }], null);
    return [plain, { x: d, W: B(unembedding) }];
  };
  return { hidden, logits: (h, by) => frozen(by, h, [UNEMBEDDING])[0], logitTerms, parameters };
}
