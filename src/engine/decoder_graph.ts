// The part that training and sampling graphs share: a decoder whose weights are mapped files or inputs, with LoRA adapters.

import type { Graph, Value } from './graph.ts';
import type { DecoderParts } from './models/decoder.ts';
import { linearModules } from './models/decoder.ts';
import { FAMILIES } from './models/families.ts';
import { add, addBias, linear, scale } from './ops.ts';
import { rotaryCache } from './rotary.ts';
import type { ModelConfig } from './weights/hf_config.ts';
import type { WeightFiles } from './weight_files.ts';

/**
 * What is trained. `lora`: factors A (r, in) and B (out, r) of every linear layer are inputs and the base weights come
 * with the graph; rank 0 is the base model itself. `full`: the weights themselves are inputs.
 */
export type Parameterisation = 'lora' | 'full';

export const factorA = (module: string) => `${module}.lora_A.weight`;
export const factorB = (module: string) => `${module}.lora_B.weight`;

export interface DecoderOptions {
  files: WeightFiles;
  parameterisation: Parameterisation;
  /** Whether gradients of the parameters will be asked for. */
  differentiable: boolean;
  /** (N) token ids and (1, N) positions. */
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
  const { files, parameterisation, differentiable, tokens, positions, attend } = options;
  const { config } = files;
  const parameters = new Map<string, Value>();
  const parameter = (name: string, dims: (number | string)[]): Value => {
    const known = parameters.get(name);
    if (known !== undefined) return known;
    const value = g.input(name, 'float32', dims);
    parameters.set(name, value);
    return differentiable ? g.differentiate(value) : value;
  };

  const constants = new Map<string, Value>();
  const constant = (name: string): Value => {
    const value = constants.get(name) ?? files.emit(g, name);
    constants.set(name, value);
    return value;
  };
  const weight = (name: string) =>
    parameterisation === 'full' ? parameter(name, files.shape(name)) : constant(name);

  const adapted = new Set(linearModules(config).map(({ name }) => name));
  const loraScale = parameterisation === 'lora' ? g.input('lora_scale', 'float32', []) : null;
  const layer = (x: Value, module: string): Value => {
    let y = linear(g, x, weight(`${module}.weight`));
    if (files.has(`${module}.bias`)) y = addBias(g, y, weight(`${module}.bias`));
    if (loraScale === null || !adapted.has(module)) return y;
    const [out, width] = files.shape(`${module}.weight`);
    const down = linear(g, x, parameter(factorA(module), ['rank', width])); // (N, r)
    return add(g, y, linear(g, scale(g, down, loraScale), parameter(factorB(module), [out, 'rank'])));
  };

  const hidden = FAMILIES[config.model_type]({
    g,
    config,
    tokens,
    rotation: rotaryCache(g, config, positions),
    weight,
    linear: layer,
    attend,
  });
  return { hidden, weight, parameters };
}

/** Names and shapes of what a parameterisation trains. */
export function parameterShapes(
  config: ModelConfig,
  files: WeightFiles,
  parameterisation: Parameterisation,
  rank: number,
): Map<string, number[]> {
  if (parameterisation === 'full') return new Map(files.names().map((name) => [name, files.shape(name)]));
  return new Map(
    linearModules(config).flatMap(({ name, in: width, out }) => [
      [factorA(name), [rank, width]],
      [factorB(name), [out, rank]],
    ]),
  );
}
