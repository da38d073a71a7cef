// What a custom loss computes with: a handful of operations on tensors that remember how to take a gradient back.

import { RequestError } from '../../../util/errors.ts';
import {
  broadcastShape,
  broadcastSources,
  commonKind,
  type Kind,
  requireRoom,
  sizeOf,
  sourcesOf,
  stridesOf,
  type Tensor,
} from './tensor.ts';

/** A tensor of the computation. */
export class Value {
  readonly tensor: Tensor;
  /** Whether the gradient goes through it. */
  readonly isTracked: boolean;

  constructor(tensor: Tensor, isTracked: boolean) {
    this.tensor = tensor;
    this.isTracked = isTracked;
  }

  get shape(): readonly number[] {
    return this.tensor.shape;
  }

  get kind(): Kind {
    return this.tensor.kind;
  }
}

/** A function of up to three numbers, entry by entry. */
export type Entrywise = (x: number, y: number, z: number) => number;

/** Where the gradient of an input adds up; null for one that needs none. */
type Sums = (input: Value) => Float64Array | null;

interface Step {
  value: Value;
  /** Passes on the gradient of the value to its inputs. */
  pull(gradient: Float64Array, sums: Sums): void;
}

export class Tape {
  readonly #steps: Step[] = [];
  #entries = 0;

  /** How many numbers it has computed. */
  get entries(): number {
    return this.#entries;
  }

  leaf(tensor: Tensor): Value {
    return new Value(tensor, true);
  }

  constant(tensor: Tensor): Value {
    return new Value(tensor, false);
  }

  /** The same number everywhere. */
  filled(shape: readonly number[], kind: Kind, value: number): Value {
    return this.constant({ kind, shape, data: this.#room(sizeOf(shape)).fill(value) });
  }

  /** A function of each entry. `slopes` are its derivatives by its inputs; without them no gradient goes through. */
  entrywise(inputs: readonly Value[], f: Entrywise, slopes: readonly Entrywise[] = [], kind?: Kind): Value {
    const shape = broadcastShape(inputs.map((input) => input.shape));
    const data = this.#room(sizeOf(shape));
    const sources = inputs.map((input) =>
      sizeOf(input.shape) === data.length ? null : broadcastSources(input.shape, shape),
    );
    const [xs, ys = xs, zs = xs] = inputs.map(({ tensor }, k) => gathered(tensor.data, sources[k]));
    for (let i = 0; i < data.length; i++) data[i] = f(xs[i], ys[i], zs[i]);
    const tensor = { kind: kind ?? commonKind(inputs.map((input) => input.kind)), shape, data };
    return this.#made(tensor, slopes.length === 0 ? [] : inputs, (gradient, sums) => {
      for (const [k, input] of inputs.entries()) {
        const sum = sums(input);
        const [slope, from] = [slopes[k], sources[k]];
        if (sum === null || slope === undefined) continue;
        for (let i = 0; i < data.length; i++) sum[from?.[i] ?? i] += gradient[i] * slope(xs[i], ys[i], zs[i]);
      }
    });
  }

  /** Entry i of the result is entry `sources[i]` of the input: views, repetitions, choices. */
  select(input: Value, shape: readonly number[], sources: Int32Array): Value {
    const data = this.#room(sources.length);
    for (let i = 0; i < data.length; i++) data[i] = input.tensor.data[sources[i]];
    return this.#made({ kind: input.kind, shape, data }, [input], (gradient, sums) => {
      const sum = sums(input);
      if (sum !== null) for (let i = 0; i < data.length; i++) sum[sources[i]] += gradient[i];
    });
  }

  /** The entries of all inputs in a row. */
  concatenate(inputs: readonly Value[]): Value {
    const data = this.#room(inputs.reduce((sum, { tensor }) => sum + tensor.data.length, 0));
    const starts: number[] = [];
    let end = 0;
    for (const { tensor } of inputs) {
      data.set(tensor.data, end);
      starts.push(end);
      end += tensor.data.length;
    }
    const kind = commonKind(inputs.map((input) => input.kind));
    return this.#made({ kind, shape: [data.length], data }, inputs, (gradient, sums) => {
      for (const [k, input] of inputs.entries()) {
        const sum = sums(input);
        if (sum !== null) for (let i = 0; i < sum.length; i++) sum[i] += gradient[starts[k] + i];
      }
    });
  }

  /** Sums over these dimensions, which stay as sizes of 1. */
  sum(input: Value, dims: readonly number[]): Value {
    this.#charge(input.tensor.data.length);
    const { shape, targets } = reduction(input, dims);
    const data = this.#room(sizeOf(shape));
    for (const [i, target] of targets.entries()) data[target] += input.tensor.data[i];
    const kind = input.kind === 'float' ? 'float' : 'int';
    return this.#made({ kind, shape, data }, [input], (gradient, sums) => {
      const sum = sums(input);
      if (sum !== null) for (const [i, target] of targets.entries()) sum[i] += gradient[target];
    });
  }

  /** The largest (or smallest) over these dimensions. Several that are have equal shares of the gradient, as in PyTorch. */
  extreme(input: Value, dims: readonly number[], pick: (a: number, b: number) => number): Value {
    this.#charge(input.tensor.data.length);
    const { shape, targets } = reduction(input, dims);
    const { data: entries } = input.tensor;
    const data = this.#room(sizeOf(shape));
    if (entries.length === 0 && data.length > 0)
      throw new RequestError('a custom loss asks for the largest of no numbers');
    data.fill(-pick(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY));
    for (const [i, target] of targets.entries()) data[target] = pick(data[target], entries[i]);
    return this.#made({ kind: input.kind, shape, data }, [input], (gradient, sums) => {
      const sum = sums(input);
      if (sum === null) return;
      const counts = new Float64Array(data.length);
      for (const [i, target] of targets.entries()) if (entries[i] === data[target]) counts[target]++;
      for (const [i, target] of targets.entries()) {
        if (entries[i] === data[target]) sum[i] += gradient[target] / counts[target];
      }
    });
  }

  /** Sums up to and with each entry along a dimension. */
  cumulativeSum(input: Value, dim: number): Value {
    const size = input.shape[dim];
    const stride = stridesOf(input.shape)[dim];
    this.#charge(input.tensor.data.length);
    const data = Float64Array.from(input.tensor.data);
    const position = (i: number) => Math.floor(i / stride) % size;
    for (let i = 0; i < data.length; i++) if (position(i) > 0) data[i] += data[i - stride];
    const kind = input.kind === 'float' ? 'float' : 'int';
    return this.#made({ kind, shape: input.shape, data }, [input], (gradient, sums) => {
      const sum = sums(input);
      if (sum === null) return;
      const behind = Float64Array.from(gradient);
      for (let i = data.length - 1; i >= 0; i--) {
        if (position(i) < size - 1) behind[i] += behind[i + stride];
        sum[i] += behind[i];
      }
    });
  }

  /** The derivative of a single number by each entry of the leaf. */
  gradient(of: Value, by: Value): Float64Array {
    const gradients = new Map<Value, Float64Array>([[by, new Float64Array(by.tensor.data.length)]]);
    const sums: Sums = (input) => {
      if (!input.isTracked) return null;
      const known = gradients.get(input) ?? new Float64Array(input.tensor.data.length);
      gradients.set(input, known);
      return known;
    };
    sums(of)?.fill(1);
    for (const { value, pull } of this.#steps.toReversed()) {
      const gradient = gradients.get(value);
      if (gradient !== undefined) pull(gradient, sums);
    }
    return gradients.get(by) ?? new Float64Array(by.tensor.data.length);
  }

  #made(tensor: Tensor, inputs: readonly Value[], pull: Step['pull']): Value {
    const value = new Value(tensor, tensor.kind === 'float' && inputs.some(({ isTracked }) => isTracked));
    if (value.isTracked) this.#steps.push({ value, pull });
    return value;
  }

  #charge(entries: number): void {
    this.#entries += entries;
    requireRoom(this.#entries);
  }

  #room(entries: number): Float64Array {
    this.#charge(entries);
    return new Float64Array(entries);
  }
}

/** Where each entry of the input goes. */
function reduction({ shape: from }: Value, dims: readonly number[]): { shape: number[]; targets: Int32Array } {
  const shape = from.map((size, d) => (dims.includes(d) ? 1 : size));
  const strides = stridesOf(shape);
  return { shape, targets: sourcesOf(from, (d) => (dims.includes(d) ? 0 : strides[d])) };
}

function gathered(data: Float64Array, sources: Int32Array | null): Float64Array {
  return sources === null ? data : Float64Array.from(sources, (source) => data[source]);
}
