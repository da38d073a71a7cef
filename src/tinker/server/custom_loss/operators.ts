// The functions and methods that a custom loss may call, by the names that PyTorch and Python know them by. What is in no table
// here is refused when the loss is created.

import { BINARY, type EntrywiseFunction, SOFTPLUS, UNARY, WHERE } from './functions.ts';
import {
  expanded,
  flipped,
  gatheredAlong,
  itemOf,
  joined,
  permuted,
  reshaped,
  unsqueezed,
  withoutDims,
} from './indexing.ts';
import type { Arguments, Item } from './items.ts';
import {
  allOver,
  anyOver,
  applied,
  cast,
  logSoftmax,
  logSumExpOver,
  maxOver,
  meanOver,
  minOver,
  type Reduction,
  sumOver,
  variance,
} from './reductions.ts';
import { Value } from './tape.ts';
import { dimensionOf, type Kind, scalar } from './tensor.ts';

export type Operator = (call: Arguments) => Item;

const input = (call: Arguments): Value => call.value(0, 'input');
const allDims = ({ shape }: Value): number[] => [...shape.keys()];
const dimOf = (call: Arguments, name = 'dim', position = 1): number =>
  dimensionOf(call.number(position, name), input(call).shape.length);

function entrywise({ f, slopes, kind }: EntrywiseFunction, ...names: string[]): Operator {
  return (call) => {
    const values = names.map((name, i) => call.value(i, name));
    return call.tape.entrywise(values, f, slopes, kind);
  };
}

/** Of functions that know it by its name alone. */
const NOWHERE = -1;

/** Over all dimensions, or over those that are named, which then are gone unless they are to stay. */
function reduced(reduction: Reduction, keepdimAt = 2): (call: Arguments) => Value {
  return (call) => {
    const x = input(call);
    const named = call.item(1, 'dim') === undefined ? null : call.integers(1, 'dim');
    const dims = named?.map((dim) => dimensionOf(dim, x.shape.length)) ?? allDims(x);
    const result = reduction(call.tape, x, dims);
    return call.flag(keepdimAt, 'keepdim') ? result : withoutDims(call.tape, result, dims);
  };
}

/** `x.max()`, and `torch.max(x, y)`. With a dimension it would be a pair; amax says what is meant there. */
function extreme(over: Reduction, ofTwo: EntrywiseFunction | undefined): Operator {
  return (call) => {
    const other = call.item(1, 'other');
    if (other === undefined)
      return withoutDims(call.tape, over(call.tape, input(call), allDims(input(call))), allDims(input(call)));
    if (other instanceof Value && ofTwo !== undefined) return entrywise(ofTwo, 'input', 'other')(call);
    throw call.problem('takes no dimension; amax and amin do');
  };
}

function converted(kind: Kind): Operator {
  return (call) => cast(call.tape, input(call), kind);
}

function clamped(call: Arguments, low: Value | null, high: Value | null): Value {
  // Within the bounds and on them the gradient goes through, as in PyTorch.
  const bounded = (x: Value, bound: Value, isIn: (x: number, bound: number) => boolean) =>
    call.tape.entrywise([x, bound], (each, limit) => (isIn(each, limit) || Number.isNaN(each) ? each : limit), [
      (each, limit) => (isIn(each, limit) ? 1 : 0),
      (each, limit) => (isIn(each, limit) ? 0 : 1),
    ]);
  const above = low === null ? input(call) : bounded(input(call), low, (each, limit) => each >= limit);
  return high === null ? above : bounded(above, high, (each, limit) => each <= limit);
}

/** The kind is that of the two choices. */
function chosen(call: Arguments, condition: Value, yes: Value, no: Value): Value {
  const mask = cast(call.tape, condition, 'bool');
  return call.tape.entrywise([mask, yes, no], WHERE.f, WHERE.slopes);
}

function filled(call: Arguments, value: number, kind: Kind): Value {
  call.ignore('dtype', 'device', 'requires_grad', 'memory_format');
  return call.tape.filled(input(call).shape, kind, value);
}

/** Functions of `torch` and `torch.nn.functional`, and methods of tensors, whose first argument is the tensor. */
const TENSOR: Record<string, Operator> = {
  ...Object.fromEntries([...UNARY].map(([name, one]) => [name, entrywise(one, 'input')])),
  ...Object.fromEntries([...BINARY].map(([name, one]) => [name, entrywise(one, 'input', 'other')])),
  softplus(call) {
    // Beyond its threshold PyTorch takes x itself, which is the same to 1e-8.
    call.ignore('threshold');
    const beta = call.tape.constant(scalar(call.number(1, 'beta', 1), 'float'));
    return call.tape.entrywise([input(call), beta], SOFTPLUS.f, SOFTPLUS.slopes, SOFTPLUS.kind);
  },
  clamp: (call) => clamped(call, call.valueOrNull(1, 'min'), call.valueOrNull(2, 'max')),
  clamp_min: (call) => clamped(call, call.value(1, 'min'), null),
  clamp_max: (call) => clamped(call, null, call.value(1, 'max')),
  where: (call) => chosen(call, call.value(0, 'condition'), call.value(1, 'input'), call.value(2, 'other')),
  masked_fill: (call) => chosen(call, call.value(1, 'mask'), call.value(2, 'value'), input(call)),

  sum: reduced(sumOver),
  mean: reduced(meanOver),
  // Behind the dimension they have whether the estimate is unbiased, which it always is here.
  var: reduced(variance, NOWHERE),
  std: (call) => applied(call.tape, 'sqrt', reduced(variance, NOWHERE)(call)),
  amax: reduced(maxOver),
  amin: reduced(minOver),
  max: extreme(maxOver, BINARY.get('maximum')),
  min: extreme(minOver, BINARY.get('minimum')),
  any: reduced(anyOver),
  all: reduced(allOver),
  logsumexp: reduced(logSumExpOver),
  log_softmax: (call) => logSoftmax(call.tape, input(call), dimOf(call)),
  softmax: (call) => applied(call.tape, 'exp', logSoftmax(call.tape, input(call), dimOf(call))),
  cumsum: (call) => call.tape.cumulativeSum(input(call), dimOf(call)),

  detach: (call) => call.tape.constant(input(call).tensor),
  clone: input,
  contiguous: input,
  float: converted('float'),
  double: converted('float'),
  long: converted('int'),
  int: converted('int'),
  bool: converted('bool'),
  type_as: (call) => cast(call.tape, input(call), call.value(1, 'other').kind),
  to(call) {
    call.ignore('device', 'non_blocking', 'copy');
    const targets = [call.item(1, 'dtype'), call.item(2, 'other')].flatMap((target) => {
      if (target instanceof Value) return target.kind;
      const isType = typeof target === 'object' && target !== null && 'type' in target && target.type === 'dtype';
      return isType ? target.kind : [];
    });
    return cast(call.tape, input(call), targets[0] ?? input(call).kind);
  },

  reshape: (call) => reshaped(call.tape, input(call), call.integers(1, 'shape')),
  flatten: (call) => reshaped(call.tape, input(call), [-1]),
  unsqueeze: (call) => unsqueezed(call.tape, input(call), call.number(1, 'dim')),
  squeeze(call) {
    const x = input(call);
    const dims = call.item(1, 'dim') === undefined ? allDims(x) : [dimOf(call)];
    return withoutDims(
      call.tape,
      x,
      dims.filter((d) => x.shape[d] === 1),
    );
  },
  t: (call) => permuted(call.tape, input(call), allDims(input(call)).toReversed()),
  transpose(call) {
    const [a, b] = [dimOf(call, 'dim0', 1), dimOf(call, 'dim1', 2)];
    return permuted(call.tape, input(call), allDims(input(call)).with(a, b).with(b, a));
  },
  permute: (call) => permuted(call.tape, input(call), call.integers(1, 'dims')),
  expand: (call) => expanded(call.tape, input(call), call.integers(1, 'size')),
  expand_as: (call) => expanded(call.tape, input(call), call.value(1, 'other').shape),
  flip: (call) => flipped(call.tape, input(call), call.integers(1, 'dims')),
  cat: (call) => joined(call.tape, call.values(0, 'tensors'), call.number(1, 'dim', 0)),
  stack(call) {
    const dim = call.number(1, 'dim', 0);
    const parts = call.values(0, 'tensors').map((part) => unsqueezed(call.tape, part, dim));
    return joined(call.tape, parts, dim);
  },
  gather: (call) => gatheredAlong(call.tape, input(call), call.number(1, 'dim'), call.value(2, 'index')),

  zeros_like: (call) => filled(call, 0, input(call).kind),
  ones_like: (call) => filled(call, 1, input(call).kind),
  full_like: (call) => filled(call, call.number(1, 'fill_value'), 'float'),

  size: (call) => (call.item(1, 'dim') === undefined ? input(call).shape : input(call).shape[dimOf(call)]),
  dim: (call) => input(call).shape.length,
  numel: (call) => input(call).tensor.data.length,
};

const SYNONYMS: Record<string, string> = {
  absolute: 'abs',
  negative: 'neg',
  subtract: 'sub',
  multiply: 'mul',
  divide: 'div',
  true_divide: 'div',
  clip: 'clamp',
  log_sigmoid: 'logsigmoid',
  view: 'reshape',
  ravel: 'flatten',
  concat: 'cat',
  greater: 'gt',
  greater_equal: 'ge',
  less: 'lt',
  less_equal: 'le',
};

/** Python's operators. Bitwise ones are for masks. */
const OPERATORS: Record<string, Operator> = {
  ...Object.fromEntries(
    ['add', 'sub', 'mul', 'pow', 'neg', 'pos', 'abs', 'eq', 'ne', 'lt', 'le', 'gt', 'ge'].map((name) => [
      name,
      TENSOR[name],
    ]),
  ),
  truediv: TENSOR.div,
  floordiv: TENSOR.floor_divide,
  mod: TENSOR.remainder,
  and_: onMasks(TENSOR.logical_and),
  or_: onMasks(TENSOR.logical_or),
  xor: onMasks(TENSOR.logical_xor),
  invert: onMasks(TENSOR.logical_not),
  getitem(call) {
    const [from, key = null] = [call.item(0, 'a'), call.item(1, 'b')];
    if (from instanceof Value) return itemOf(call.tape, from, key);
    if (Array.isArray(from) && typeof key === 'number') return from.at(key) ?? null;
    throw call.problem('takes an element of a tensor, or one of a list by its number');
  },
};

const ATTRIBUTES: Record<string, (x: Value) => Item> = {
  shape: (x) => x.shape,
  ndim: (x) => x.shape.length,
  dtype: (x) => ({ type: 'dtype', kind: x.kind }),
  device: () => ({ type: 'place' }),
};

/** Where torch.fx says that functions are; those of `torch.nn.functional` may be found below `_C`. */
const MODULE = /^(operator|math|torch(?:\.nn\.functional|\._C\._nn|\.Tensor)?)\.(\w+)$/;

/** What a node of the graph calls; undefined: nothing that is known here. */
export function operatorOf(op: 'call_function' | 'call_method', target: string): Operator | undefined {
  if (op === 'call_method') return target === 'where' ? whereMethod : tensorOperator(target);
  if (target === 'getattr') return attribute;
  const [, module, name = ''] = MODULE.exec(target) ?? [];
  if (module === 'operator') return onNumbers(own(OPERATORS, name));
  if (module === 'math') return UNARY.has(name) ? onNumbers(own(TENSOR, name)) : undefined;
  return module === undefined ? undefined : tensorOperator(name);
}

function tensorOperator(name: string): Operator | undefined {
  return own(TENSOR, own(SYNONYMS, name) ?? name);
}

function own<T>(table: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** What is computed of numbers alone, such as of lengths, is a number. */
function onNumbers(operator: Operator | undefined): Operator | undefined {
  if (operator === undefined) return undefined;
  return (call) => {
    const result = operator(call);
    return result instanceof Value && call.tensors.length === 0 ? result.tensor.data[0] : result;
  };
}

function onMasks(operator: Operator): Operator {
  return (call) => {
    if (call.tensors.every(({ kind }) => kind === 'bool')) return operator(call);
    throw call.problem('is for masks alone');
  };
}

function attribute(call: Arguments): Item {
  const name = call.item(1, 'name');
  const read = typeof name === 'string' ? own(ATTRIBUTES, name) : undefined;
  if (read !== undefined) return read(call.value(0, 'object'));
  throw call.problem(`reads of a tensor only its ${Object.keys(ATTRIBUTES).join(', ')}`);
}

function whereMethod(call: Arguments): Value {
  return chosen(call, call.value(1, 'condition'), input(call), call.value(2, 'other'));
}
