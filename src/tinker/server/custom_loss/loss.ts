// A custom loss of a batch: its graph is computed for one datum after the other, and the losses are added up.

import { RequestError } from '../../../util/errors.ts';
import type { CustomLossFn } from '../../clients.ts';
import type { Datum, TensorData } from '../../types.ts';
import type { Argument, LossGraph, LossInput } from './graph.ts';
import { Arguments, type Item } from './items.ts';
import { Tape, Value } from './tape.ts';
import type { Tensor } from './tensor.ts';

/** Numbers that one batch may take: seconds of computing, in which nobody else is served. */
const MAX_OF_BATCH = 2 ** 26;

/** The loss that a graph describes. It throws a RequestError for data that it does not fit. */
export function customLoss(graph: LossGraph): CustomLossFn {
  return (data, logprobs_D_T) => {
    let loss = 0;
    let entries = 0;
    const sums = new Map<string, number>();
    const grads_D_T = data.map((datum, d) => {
      const ofDatum = computed(graph, inputsOf(graph.inputs, datum, logprobs_D_T[d], d), d);
      loss += ofDatum.loss;
      entries += ofDatum.entries;
      if (entries > MAX_OF_BATCH) {
        throw new RequestError(`the custom loss computes more than ${MAX_OF_BATCH} numbers for one batch`, {
          hint: 'Send fewer examples at a time.',
        });
      }
      for (const [name, value] of ofDatum.metrics) sums.set(name, (sums.get(name) ?? 0) + value);
      return Float32Array.from(ofDatum.gradient_T);
    });
    const metrics = [...sums].map(([name, sum]) => [name, name.endsWith(':mean') ? sum / data.length : sum]);
    return { loss, grads_D_T, metrics: Object.fromEntries(metrics) };
  };
}

interface Computed {
  loss: number;
  /** How many numbers it took. */
  entries: number;
  /** By the log-probs, in the order that they have. */
  gradient_T: Float64Array;
  metrics: [name: string, value: number][];
}

function computed(graph: LossGraph, [logprobs, ...others]: Tensor[], d: number): Computed {
  const tape = new Tape();
  const leaf = tape.leaf(logprobs);
  const items: Item[] = [leaf, ...others.map((tensor) => tape.constant(tensor))];
  for (const { name, operator, args, kwargs } of graph.calls) {
    const named = [...kwargs].map(([key, arg]) => [key, itemOf(arg, items)] as const);
    const call = new Arguments(
      name,
      tape,
      args.map((arg) => itemOf(arg, items)),
      new Map(named),
    );
    items.push(operator(call));
    call.done();
  }
  const loss = itemOf(graph.loss, items);
  if (!(loss instanceof Value) || loss.shape.length > 0) {
    throw new RequestError(`the custom loss must return a single number, not ${shapeOf(loss)}`);
  }
  const value = loss.tensor.data[0];
  if (!Number.isFinite(value)) throw new RequestError(`the custom loss is ${value} for datum ${d}`);
  return {
    loss: value,
    entries: tape.entries,
    gradient_T: tape.gradient(loss, leaf),
    metrics: [...graph.metrics].map(([name, argument]) => [name, metricOf(name, itemOf(argument, items))]),
  };
}

function itemOf(argument: Argument, items: readonly Item[]): Item {
  switch (argument.type) {
    case 'node':
      return items[argument.node];
    case 'items':
      return argument.items.map((each) => itemOf(each, items));
    case 'slice': {
      const [start, stop, step] = argument.parts.map((part) => boundOf(itemOf(part, items)));
      return { type: 'slice', start, stop, step };
    }
    case 'constant':
      return argument.item;
  }
}

function boundOf(item: Item): number | null {
  if (item === null || (typeof item === 'number' && Number.isInteger(item))) return item;
  throw new RequestError('a slice in the custom loss must have integers as its bounds');
}

function metricOf(name: string, item: Item): number {
  if (item instanceof Value && item.tensor.data.length === 1) return item.tensor.data[0];
  throw new RequestError(`the metric ${name} of the custom loss must be a single number, not ${shapeOf(item)}`);
}

const shapeOf = (item: Item): string =>
  item instanceof Value ? `a tensor of shape [${item.shape}]` : 'something else than a tensor';

function inputsOf(inputs: readonly LossInput[], datum: Datum, logprobs_T: Float32Array, d: number): Tensor[] {
  return inputs.map(({ name, rank }, i) => {
    // The log-probs have the shape of what they are of.
    const key = i === 0 ? 'target_tokens' : name;
    if (!Object.hasOwn(datum.loss_fn_inputs, key))
      throw new RequestError(`datum ${d} has no "${key}", which the custom loss takes`);
    const given = datum.loss_fn_inputs[key];
    if (given.shape.length !== rank) {
      throw new RequestError(
        `"${key}" of datum ${d} has ${given.shape.length} dimensions, and the custom loss takes ${rank}`,
      );
    }
    return i === 0 ? { kind: 'float', shape: given.shape, data: Float64Array.from(logprobs_T) } : tensorOf(given);
  });
}

function tensorOf({ dtype, shape, data }: TensorData): Tensor {
  return { kind: dtype === 'int64' ? 'int' : 'float', shape, data: Float64Array.from(data) };
}
