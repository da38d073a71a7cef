// Functions of single numbers that custom losses are made of, with their derivatives.

import type { Entrywise } from './tape.ts';
import type { Kind } from './tensor.ts';

export interface EntrywiseFunction {
  f: Entrywise;
  /** By each argument; none: no gradient goes through. */
  slopes?: readonly Entrywise[];
  /** Of the result, where it is not that of the arguments. */
  kind?: Kind;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
/** log(1 + e^x), without overflow. */
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const truth = (isTrue: boolean) => (isTrue ? 1 : 0);
const one = () => 1;

const float = (f: Entrywise, slope: Entrywise): EntrywiseFunction => ({ f, slopes: [slope], kind: 'float' });
const stepwise = (f: Entrywise): EntrywiseFunction => ({ f, slopes: [() => 0] });
const comparison = (f: (x: number, y: number) => boolean): EntrywiseFunction => ({
  f: (x, y) => truth(f(x, y)),
  kind: 'bool',
});

/** Names are those of PyTorch. */
export const UNARY = new Map<string, EntrywiseFunction>(
  Object.entries({
    exp: float(Math.exp, Math.exp),
    expm1: float(Math.expm1, Math.exp),
    log: float(Math.log, (x) => 1 / x),
    log1p: float(Math.log1p, (x) => 1 / (1 + x)),
    log2: float(Math.log2, (x) => 1 / (x * Math.LN2)),
    log10: float(Math.log10, (x) => 1 / (x * Math.LN10)),
    sqrt: float(Math.sqrt, (x) => 0.5 / Math.sqrt(x)),
    rsqrt: float(
      (x) => 1 / Math.sqrt(x),
      (x) => -0.5 / (x * Math.sqrt(x)),
    ),
    reciprocal: float(
      (x) => 1 / x,
      (x) => -1 / (x * x),
    ),
    sigmoid: float(sigmoid, (x) => sigmoid(x) * sigmoid(-x)),
    logsigmoid: float(
      (x) => -softplus(-x),
      (x) => sigmoid(-x),
    ),
    tanh: float(Math.tanh, (x) => 1 - Math.tanh(x) ** 2),
    sin: float(Math.sin, Math.cos),
    cos: float(Math.cos, (x) => -Math.sin(x)),
    abs: { f: Math.abs, slopes: [Math.sign] },
    neg: { f: (x) => -x, slopes: [() => -1] },
    pos: { f: (x) => x, slopes: [one] },
    square: { f: (x) => x * x, slopes: [(x) => 2 * x] },
    relu: { f: (x) => Math.max(x, 0), slopes: [(x) => truth(x > 0)] },
    sign: stepwise(Math.sign),
    floor: stepwise(Math.floor),
    ceil: stepwise(Math.ceil),
    trunc: stepwise(Math.trunc),
    round: stepwise(roundHalfToEven),
    isnan: comparison(Number.isNaN),
    isfinite: comparison(Number.isFinite),
    isinf: comparison((x) => Math.abs(x) === Number.POSITIVE_INFINITY),
    logical_not: comparison((x) => x === 0),
  }),
);

export const BINARY = new Map<string, EntrywiseFunction>(
  Object.entries({
    add: { f: (x, y) => x + y, slopes: [one, one] },
    sub: { f: (x, y) => x - y, slopes: [one, () => -1] },
    mul: { f: (x, y) => x * y, slopes: [(_x, y) => y, (x) => x] },
    div: { f: (x, y) => x / y, slopes: [(_x, y) => 1 / y, (x, y) => -x / (y * y)], kind: 'float' },
    floor_divide: stepwise((x, y) => Math.floor(x / y)),
    remainder: { f: (x, y) => x - Math.floor(x / y) * y, slopes: [one, (x, y) => -Math.floor(x / y)] },
    pow: {
      f: (x, y) => x ** y,
      slopes: [(x, y) => (y === 0 ? 0 : y * x ** (y - 1)), (x, y) => (x === 0 && y >= 0 ? 0 : Math.log(x) * x ** y)],
    },
    // Of equal ones each has half of the gradient, as in PyTorch.
    maximum: { f: (x, y) => Math.max(x, y), slopes: [(x, y) => share(x - y), (x, y) => share(y - x)] },
    minimum: { f: (x, y) => Math.min(x, y), slopes: [(x, y) => share(y - x), (x, y) => share(x - y)] },
    eq: comparison((x, y) => x === y),
    ne: comparison((x, y) => x !== y),
    lt: comparison((x, y) => x < y),
    le: comparison((x, y) => x <= y),
    gt: comparison((x, y) => x > y),
    ge: comparison((x, y) => x >= y),
    logical_and: comparison((x, y) => x !== 0 && y !== 0),
    logical_or: comparison((x, y) => x !== 0 || y !== 0),
    logical_xor: comparison((x, y) => (x !== 0) !== (y !== 0)),
  } satisfies Record<string, EntrywiseFunction>),
);

export const SOFTPLUS: EntrywiseFunction = {
  f: (x, beta) => softplus(beta * x) / beta,
  slopes: [(x, beta) => sigmoid(beta * x)],
  kind: 'float',
};

export const WHERE: EntrywiseFunction = {
  f: (condition, x, y) => (condition === 0 ? y : x),
  slopes: [() => 0, (condition) => truth(condition !== 0), (condition) => truth(condition === 0)],
};

function share(lead: number): number {
  return lead === 0 ? 0.5 : truth(lead > 0);
}

/** As PyTorch and Python round. */
function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
