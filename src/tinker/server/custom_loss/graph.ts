// The graph of a custom loss as torch.fx traced it, read from JSON: only what is known here becomes part of it.

import { WireError } from '../../wire/error.ts';
import type { ExactJsonObject } from '../../wire/json.ts';
import { expected, fieldOf, integerAt, listAt, objectAt, type Sent, textAt } from '../../wire/json_fields.ts';
import type { Item } from './items.ts';
import { type Operator, operatorOf } from './operators.ts';
import type { Kind } from './tensor.ts';

/** An argument: of other nodes, by their places in the graph, or a constant. */
export type Argument =
  | { type: 'node'; node: number }
  | { type: 'items'; items: readonly Argument[] }
  | { type: 'slice'; parts: readonly Argument[] }
  | { type: 'constant'; item: Item };

interface Call {
  name: string;
  operator: Operator;
  args: readonly Argument[];
  kwargs: ReadonlyMap<string, Argument>;
}

/** Node i is input i, and behind the inputs come the calls, each of which refers to nodes before it. */
export interface LossGraph {
  inputs: readonly LossInput[];
  calls: readonly Call[];
  loss: Argument;
  metrics: ReadonlyMap<string, Argument>;
}

export interface LossInput {
  name: string;
  /** 0: a number, 1: [T], 2: [T, K]. */
  rank: number;
}

const MAX_NODES = 1000;
const MAX_INPUTS = 16;
const MAX_RANK = 2;
const MAX_DEPTH = 8;
/** Of a list among the arguments. */
const MAX_ITEMS = 1000;
const INPUT_NAME = /^[a-z_][a-z0-9_]{0,63}$/;
const METRIC = /^custom\/[a-z0-9_./-]{1,64}:(sum|mean)$/;
const INFINITIES = new Map([
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['nan', Number.NaN],
]);

/** Throws a WireError for a graph that is none, and for one that calls what is not known here. */
export function lossGraphAt(body: ExactJsonObject): LossGraph {
  const inputs = listAt(fieldOf(body, 'inputs'), 'inputs', inputAt);
  checkInputs(inputs);
  const graph = objectAt(fieldOf(body, 'graph'), 'graph');
  if (fieldOf(graph, 'format') !== 1) throw expected('1', fieldOf(graph, 'format'), 'graph.format');
  const nodes = listAt(fieldOf(graph, 'nodes'), 'graph.nodes', nodeAt);
  if (nodes.length > MAX_NODES)
    throw new WireError('graph.nodes', `are ${nodes.length}, and at most ${MAX_NODES} may be`);
  return linked(inputs, nodes);
}

function inputAt(value: Sent, place: string): LossInput {
  const input = objectAt(value, place);
  const name = textAt(fieldOf(input, 'name'), `${place}.name`);
  const rank = integerAt(fieldOf(input, 'rank'), `${place}.rank`);
  if (!INPUT_NAME.test(name)) throw new WireError(`${place}.name`, 'must be a lowercase name of at most 64 characters');
  if (rank < 0 || rank > MAX_RANK) throw new WireError(`${place}.rank`, `must be from 0 to ${MAX_RANK}, not ${rank}`);
  return { name, rank };
}

function checkInputs(inputs: readonly LossInput[]): void {
  const [first] = inputs;
  if (first?.name !== 'logprobs' || first.rank === 0) {
    throw new WireError('inputs', 'must begin with "logprobs", of rank 1 or 2');
  }
  if (inputs.length > MAX_INPUTS)
    throw new WireError('inputs', `are ${inputs.length}, and at most ${MAX_INPUTS} may be`);
  if (new Set(inputs.map(({ name }) => name)).size < inputs.length) throw new WireError('inputs', 'name one twice');
}

interface Node {
  place: string;
  op: string;
  name: string;
  target: string;
  args: readonly Sent[];
  kwargs: ExactJsonObject;
}

function nodeAt(value: Sent, place: string): Node {
  const node = objectAt(value, place);
  const text = (field: string) => textAt(fieldOf(node, field), `${place}.${field}`);
  return {
    place,
    op: text('op'),
    name: text('name'),
    target: text('target'),
    args: listAt(fieldOf(node, 'args') ?? [], `${place}.args`, (arg) => arg),
    kwargs: objectAt(fieldOf(node, 'kwargs') ?? {}, `${place}.kwargs`),
  };
}

/** The inputs first, then calls, and at the end what the loss returns. */
function linked(inputs: readonly LossInput[], nodes: readonly Node[]): LossGraph {
  const output = nodes.at(-1);
  if (output?.op !== 'output') throw new WireError('graph.nodes', 'must end with an output');
  const places = new Map<string, number>();
  const calls: Call[] = [];
  for (const [i, node] of nodes.slice(0, -1).entries()) {
    if (places.has(node.name)) throw new WireError(`${node.place}.name`, 'is that of another node');
    if (i < inputs.length) checkPlaceholder(node, inputs[i]);
    else calls.push(callOf(node, places));
    places.set(node.name, i);
  }
  if (places.size < inputs.length) throw new WireError('graph.nodes', `must begin with ${inputs.length} placeholders`);
  return { inputs, calls, ...resultOf(output, places) };
}

function checkPlaceholder({ place, op, target }: Node, { name }: LossInput): void {
  if (op === 'placeholder' && target === name) return;
  throw new WireError(place, `must be the placeholder of the input "${name}"`);
}

function callOf({ place, op, target, args, kwargs }: Node, places: ReadonlyMap<string, number>): Call {
  const operator = op === 'call_function' || op === 'call_method' ? operatorOf(op, target) : undefined;
  if (operator === undefined) {
    throw new WireError(`${place}.target`, `${op} ${JSON.stringify(target)} is not known to this server`, {
      hint: 'Write the loss with other functions, or have the client compute it: the server is then started without --custom-losses.',
    });
  }
  return {
    name: target,
    operator,
    args: args.map((arg, i) => argumentAt(arg, `${place}.args[${i}]`, places)),
    kwargs: new Map(
      Object.entries(kwargs).map(([name, arg]) => [name, argumentAt(arg, `${place}.kwargs.${name}`, places)]),
    ),
  };
}

function resultOf({ place, args }: Node, places: ReadonlyMap<string, number>): Pick<LossGraph, 'loss' | 'metrics'> {
  const at = `${place}.args[0]`;
  const pair = memberOf(args[0], 'tuple') ?? args[0];
  if (!Array.isArray(pair) || pair.length !== 2) throw new WireError(at, 'must be the loss and its metrics');
  const metrics = objectAt(memberOf(pair[1], 'dict'), `${at}[1].dict`);
  const bad = Object.keys(metrics).find((name) => !METRIC.test(name));
  if (bad !== undefined) {
    throw new WireError(at, `the metric ${JSON.stringify(bad)} must be called custom/<name>:sum or custom/<name>:mean`);
  }
  return {
    loss: argumentAt(pair[0], `${at}[0]`, places),
    metrics: new Map(Object.entries(metrics).map(([name, arg]) => [name, argumentAt(arg, `${at}[1].${name}`, places)])),
  };
}

/** What is no JSON of itself is an object with one key, which says what it is. */
function argumentAt(value: Sent, place: string, places: ReadonlyMap<string, number>, depth = 0): Argument {
  if (depth > MAX_DEPTH) throw new WireError(place, 'is nested too deep');
  if (typeof value === 'bigint') throw expected('an integer of at most 2^53', value, place);
  if (typeof value !== 'object' || value === null) return { type: 'constant', item: value ?? null };
  const inner = (items: readonly Sent[]) => {
    if (items.length > MAX_ITEMS)
      throw new WireError(place, `has ${items.length} items, and at most ${MAX_ITEMS} may be`);
    return items.map((item, i) => argumentAt(item, `${place}[${i}]`, places, depth + 1));
  };
  if (Array.isArray(value)) return { type: 'items', items: inner(value) };
  const [[kind, content] = [''], ...more] = Object.entries(value);
  if (more.length > 0) throw new WireError(place, 'must be an object with one key');
  const text = () => textAt(content, `${place}.${kind}`);
  switch (kind) {
    case 'ref': {
      const node = places.get(text());
      if (node !== undefined) return { type: 'node', node };
      throw new WireError(place, `there is no node ${JSON.stringify(content)} before this one`);
    }
    case 'tuple':
      return { type: 'items', items: inner(listAt(content, `${place}.tuple`, (item) => item)) };
    case 'slice': {
      const parts = listAt(content, `${place}.slice`, (item) => item);
      if (parts.length !== 3) throw new WireError(`${place}.slice`, 'must be start, stop and step');
      return { type: 'slice', parts: inner(parts) };
    }
    case 'ellipsis':
      return { type: 'constant', item: { type: 'ellipsis' } };
    case 'float': {
      const item = INFINITIES.get(text());
      if (item !== undefined) return { type: 'constant', item };
      throw expected([...INFINITIES.keys()].join(', '), content, `${place}.float`);
    }
    case 'dtype':
      return { type: 'constant', item: { type: 'dtype', kind: kindOf(text()) } };
    case 'device':
    case 'layout':
    case 'memory_format':
      return { type: 'constant', item: { type: 'place' } };
    default:
      throw new WireError(place, `an argument of the kind ${JSON.stringify(kind)} is not known`);
  }
}

function memberOf(value: Sent, name: string): Sent {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? fieldOf(value, name) : undefined;
}

function kindOf(dtype: string): Kind {
  if (dtype === 'bool') return 'bool';
  return /^u?int\d+$/.test(dtype) ? 'int' : 'float';
}
