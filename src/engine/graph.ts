// A graph of ONNX operators under construction, with a tape: walking it backwards emits the operators of the gradient.

import type { Device } from './device.ts';
import type { Attribute, ElementType, OnnxInitializer, OnnxNode, OnnxTensorInfo } from './onnx.ts';
import { encodeOnnx } from './onnx.ts';

/** A tensor in the graph: the name of an edge. */
export interface Value {
  readonly name: string;
  /** Its sizes, as far as they are known before the graph runs. */
  readonly dims?: readonly (number | null)[];
}

/** The same tensor, of which more is known. */
export const sized = (value: Value, dims: Value['dims']): Value => (dims === undefined ? value : { ...value, dims });

/** Vector-Jacobian product: given the gradients of an operator's outputs, emits those of its inputs (null: none needed). */
export type Vjp = (...gradients: Value[]) => (Value | null)[];

interface TapeEntry {
  outputs: Value[];
  inputs: Value[];
  /** A Vjp that also sees the gradients so far, and may add those of tensors which are not among its inputs. */
  pull(ofOutputs: Value[], gradients: Map<Value, Value>): (Value | null)[];
}

export interface NodeOptions {
  domain?: string;
  attributes?: Record<string, Attribute>;
}

export class Graph {
  #nodes: OnnxNode[] = [];
  readonly #inputs: OnnxTensorInfo[] = [];
  readonly #outputs: OnnxTensorInfo[] = [];
  readonly #initializers: OnnxInitializer[] = [];
  readonly #once = new Map<string, Value>();
  readonly #wholeTape: TapeEntry[] = [];
  #tape = this.#wholeTape;
  readonly #differentiable = new Set<Value>();
  /** How tensors are made that the backward pass makes again rather than keeps; then, once that is emitted, what was made. */
  readonly #remade = new Map<Value, (() => Value) | Value>();
  /** Names of outputs by the edges that they are. */
  readonly #names = new Map<string, string>();
  readonly #fed = new Set<string>();
  #count = 0;

  /** `device` is what the graph is made for: not every provider has every operator. It will run on up to so many `threads`. */
  constructor(
    readonly device: Device = 'cpu',
    readonly threads: number = Number.POSITIVE_INFINITY,
  ) {}

  /** A tensor that is fed at every run. */
  input(name: string, type: ElementType, dims?: Value['dims']): Value {
    this.#inputs.push({ name, type });
    this.#fed.add(name);
    return dims === undefined ? { name } : { name, dims };
  }

  /** A tensor that comes with the graph. */
  initializer(initializer: OnnxInitializer): Value {
    this.#initializers.push(initializer);
    this.#fed.add(initializer.name);
    return { name: initializer.name, dims: initializer.dims };
  }

  /** A small float constant, shared by all who ask for the same one. */
  scalar(value: number): Value {
    return this.#constant(`f${value}`, () => ({ type: 'float32', dims: [], data: bytesOf(Float32Array.of(value)) }));
  }

  /** A small unsigned integer of one byte: the zero of quantised values. */
  byte(value: number): Value {
    return this.#constant(`b${value}`, () => ({ type: 'uint8', dims: [], data: Uint8Array.of(value) }));
  }

  /** A small vector of integers: axes, shapes, split sizes. */
  ints(values: readonly number[]): Value {
    const data = () => bytesOf(BigInt64Array.from(values, BigInt));
    return this.#constant(`i${values.join()}`, () => ({ type: 'int64', dims: [values.length], data: data() }));
  }

  /**
   * The same for Reshape, where the runtime does not know how many axes it asks for. Whenever it knows the rank of a tensor, it looks for a
   * buffer to use again among all that it knows: most of the time that it takes to open a graph.
   */
  shape(sizes: readonly number[]): Value {
    if (this.device !== 'cpu') return this.ints(sizes);
    return this.once(`shape ${sizes.join()}`, () => {
      const [{ name }] = this.#inputs;
      const size = this.once('size', () => this.node('Unsqueeze', [this.node('Size', [{ name }]), this.ints([0])]));
      const start = this.once('zero', () => this.node('Sub', [size, size]));
      return this.node('Slice', [this.ints(sizes), start, this.ints([sizes.length])]);
    });
  }

  /** Emits an operator with one output. */
  node(opType: string, inputs: Value[], options: NodeOptions = {}): Value {
    return this.nodes(opType, inputs, 1, options)[0];
  }

  /** Emits an operator with several outputs. */
  nodes(opType: string, inputs: Value[], outputs: number, { domain = '', attributes = {} }: NodeOptions = {}): Value[] {
    const values = Array.from({ length: outputs }, () => ({ name: `${opType}_${this.#count++}` }));
    const names = (list: Value[]) => list.map(({ name }) => name);
    this.#nodes.push({ opType, domain, inputs: names(inputs), outputs: names(values), attributes });
    return values;
  }

  /** Emits both ways to compute a value, of which a run takes the first where `condition` (1) is true. Nothing of either is taped. */
  choose(condition: Value, then: () => Value, otherwise: () => Value): Value {
    const branch = (emit: () => Value) => {
      const outer = this.#nodes;
      const nodes: OnnxNode[] = [];
      this.#nodes = nodes;
      try {
        return { graph: { nodes, output: emit().name } };
      } finally {
        this.#nodes = outer;
      }
    };
    return this.node('If', [condition], {
      attributes: { then_branch: branch(then), else_branch: branch(otherwise) },
    });
  }

  /** Declares what a run returns. */
  output(name: string, value: Value, type: ElementType = 'float32'): void {
    // An operator's result goes by the name of the output; an operator that passed it on would copy it.
    const known = this.#names.get(value.name);
    if (known === undefined && !this.#fed.has(value.name)) this.#names.set(value.name, name);
    else this.#nodes.push({ opType: 'Identity', domain: '', inputs: [value.name], outputs: [name], attributes: {} });
    this.#outputs.push({ name, type });
  }

  /** Marks a tensor whose gradient is wanted. */
  differentiate(value: Value): Value {
    this.#differentiable.add(value);
    return value;
  }

  /** Whether a gradient flows into this tensor. */
  needsGradient(value: Value): boolean {
    return this.#differentiable.has(value);
  }

  /** Puts an operator on the tape, if a gradient flows into any of its inputs. */
  record(output: Value, inputs: Value[], vjp: Vjp): Value {
    this.recordAll([output], inputs, vjp);
    return output;
  }

  /** The same for an operator with several outputs; gradients must reach all of them, or none. */
  recordAll(outputs: Value[], inputs: Value[], vjp: Vjp): Value[] {
    if (inputs.some((input) => this.needsGradient(input))) {
      for (const output of outputs) this.#differentiable.add(output);
      this.#tape.push({ outputs, inputs, pull: (gradients) => vjp(...gradients) });
    }
    return outputs;
  }

  /**
   * Emits a segment of which nothing is kept for the backward pass but its input: it is computed again when its gradient is
   * there (activation checkpointing, arXiv 1604.06174). Output and input have one shape.
   */
  checkpoint(input: Value, emit: (input: Value) => Value): Value {
    const { output } = this.#onTape(() => emit(input));
    if (!this.needsGradient(output)) return output;
    const pull: TapeEntry['pull'] = ([gradient], gradients) => {
      const again = this.after(input, gradient);
      if (this.needsGradient(input)) this.differentiate(again);
      const { output: recomputed, tape } = this.#onTape(() => emit(again));
      gradients.set(recomputed, gradient);
      this.#pull(tape, gradients);
      return [gradients.get(again) ?? null];
    };
    this.#tape.push({ outputs: [output], inputs: [input], pull });
    return output;
  }

  /**
   * Says how to make a tensor again that costs little, so that it need not be kept for the backward pass: `remake` emits that from
   * tensors which are kept.
   */
  remakeable(value: Value, remake: () => Value): Value {
    // What a checkpoint computes again is read soon.
    if (this.needsGradient(value) && this.#tape === this.#wholeTape) this.#remade.set(value, remake);
    return value;
  }

  /**
   * A tensor as the backward pass reads it. To be called before anything else is emitted of a gradient: of what an operator reads the
   * runtime computes first what was emitted last, and so makes it again when the gradient is there.
   */
  again(value: Value): Value {
    const known = this.#remade.get(value) ?? value;
    if (typeof known !== 'function') return known;
    const remade = known();
    this.#remade.set(value, remade);
    return remade;
  }

  /**
   * A copy of a tensor that cannot be made before a gradient of its shape is there. What is computed from it is computed
   * then: the runtime can neither move it forward nor find that it was computed before.
   */
  after(value: Value, gradient: Value): Value {
    // True, and only known when the graph runs: by a constant the runtime would see through it.
    const always = this.node('Greater', [this.node('Size', [gradient]), this.ints([-1])]);
    return this.node('Where', [always, value, gradient]);
  }

  /** Emits the gradients of everything that `output` depends on, given the gradient of `output` itself. */
  backward(output: Value, seed: Value): Map<Value, Value> {
    const gradients = new Map<Value, Value>([[output, seed]]);
    this.#pull(this.#tape, gradients);
    return gradients;
  }

  /** Walks a tape backwards, adding to the gradients. */
  #pull(tape: readonly TapeEntry[], gradients: Map<Value, Value>): void {
    for (const { outputs, inputs, pull } of tape.toReversed()) {
      const ofOutputs = outputs.flatMap((output) => gradients.get(output) ?? []);
      if (ofOutputs.length === 0) continue;
      if (ofOutputs.length < outputs.length)
        throw new Error('some outputs of an operator have a gradient and some none');
      for (const [i, contribution] of pull(ofOutputs, gradients).entries()) {
        if (contribution === null || !this.needsGradient(inputs[i])) continue;
        const sum = gradients.get(inputs[i]);
        gradients.set(inputs[i], sum === undefined ? contribution : this.node('Add', [sum, contribution]));
      }
    }
  }

  /** Emits onto a tape of its own. */
  #onTape(emit: () => Value): { output: Value; tape: readonly TapeEntry[] } {
    const outer = this.#tape;
    const tape: TapeEntry[] = [];
    this.#tape = tape;
    try {
      return { output: emit(), tape };
    } finally {
      this.#tape = outer;
    }
  }

  /** What is emitted once, for all who ask for it by this key. */
  once(key: string, emit: () => Value): Value {
    const known = this.#once.get(key);
    if (known !== undefined) return known;
    const value = emit();
    this.#once.set(key, value);
    return value;
  }

  encode(): Uint8Array {
    const named = (edges: string[]) => edges.map((edge) => this.#names.get(edge) ?? edge);
    const attribute = (value: Attribute): Attribute =>
      typeof value === 'object' && 'graph' in value
        ? { graph: { ...value.graph, nodes: value.graph.nodes.map(renamed) } }
        : value;
    const renamed = (node: OnnxNode): OnnxNode => ({
      ...node,
      inputs: named(node.inputs),
      outputs: named(node.outputs),
      attributes: Object.fromEntries(Object.entries(node.attributes).map(([name, value]) => [name, attribute(value)])),
    });
    return encodeOnnx({
      nodes: this.#nodes.map(renamed),
      inputs: this.#inputs,
      outputs: this.#outputs,
      initializers: this.#initializers,
    });
  }

  #constant(key: string, make: () => Omit<OnnxInitializer, 'name'>): Value {
    return this.once(`constant ${key}`, () => this.initializer({ name: `constant_${this.#once.size}`, ...make() }));
  }
}

function bytesOf(array: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
