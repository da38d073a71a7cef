// Test functions of searches: spaces whose lowest value is known.

import { valueIn } from '../../src/study/search/values.ts';
import type { Distribution, Parameter, Point, Space } from '../../src/study/types.ts';

export interface TestFunction {
  name: string;
  space: Space;
  lowest: number;
  of(point: Point): number;
}

const always = (name: string, distribution: Distribution): Parameter => ({ name, distribution, when: null });
const inArm = (choice: number, name: string, distribution: Distribution): Parameter => ({
  name,
  distribution,
  when: { parameter: 'arm', choice },
});

function onBox(name: string, bounds: readonly [number, number][], lowest: number, of: (x: number[]) => number) {
  const space = bounds.map(([low, high], i) => always(`x${i + 1}`, { kind: 'uniform', low, high }));
  return { name, space, lowest, of: (point: Point) => of(space.map(({ name }) => at(point, name))) };
}

const at = (point: Point, name: string) => valueIn(point, name) ?? Number.NaN;
const cube = (size: number, low: number, high: number) =>
  Array.from({ length: size }, (): [number, number] => [low, high]);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function branin([x, y]: number[]): number {
  const a = y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6;
  return a * a + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
}

const ALPHA = [1, 1.2, 3, 3.2];

const hartmann = (a: readonly number[][], p: readonly number[][]) => (x: number[]) =>
  -sum(ALPHA.map((alpha, i) => alpha * Math.exp(-sum(x.map((v, j) => a[i][j] * (v - p[i][j]) ** 2)))));

const hartmann3 = hartmann(
  [3, 0.1, 3, 0.1].map((first) => [first, 10, first === 3 ? 30 : 35]),
  [
    [0.3689, 0.117, 0.2673],
    [0.4699, 0.4387, 0.747],
    [0.1091, 0.8732, 0.5547],
    [0.0381, 0.5743, 0.8828],
  ],
);
const hartmann6 = hartmann(
  [
    [10, 3, 17, 3.5, 1.7, 8],
    [0.05, 10, 17, 0.1, 8, 14],
    [3, 3.5, 1.7, 10, 17, 8],
    [17, 8, 0.05, 10, 0.1, 14],
  ],
  [
    [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
    [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
    [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
    [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
  ],
);

function ackley(x: number[]): number {
  const root = Math.sqrt(sum(x.map((v) => v * v)) / x.length);
  const waves = sum(x.map((v) => Math.cos(2 * Math.PI * v))) / x.length;
  return -20 * Math.exp(-0.2 * root) - Math.exp(waves) + 20 + Math.E;
}

const rosenbrock = (x: number[]) => sum(x.slice(1).map((v, i) => 100 * (v - x[i] ** 2) ** 2 + (1 - x[i]) ** 2));
const rastrigin = (x: number[]) => 10 * x.length + sum(x.map((v) => v * v - 10 * Math.cos(2 * Math.PI * v)));

/** Two arms with parameters of their own beside one that both have; the better arm is the harder one. */
const conditional: TestFunction = {
  name: 'conditional',
  space: [
    always('arm', { kind: 'choice', size: 2 }),
    always('base', { kind: 'uniform', low: -1, high: 1 }),
    inArm(0, 'left1', { kind: 'uniform', low: -5, high: 5 }),
    inArm(0, 'left2', { kind: 'uniform', low: -5, high: 5 }),
    inArm(1, 'right', { kind: 'log_uniform', low: 1e-3, high: 1e3 }),
  ],
  lowest: 0,
  of(point) {
    const base = (at(point, 'base') - 0.3) ** 2;
    if (at(point, 'arm') === 1) return base + 1 + Math.log10(at(point, 'right') / 10) ** 2;
    return base + rosenbrock([at(point, 'left1') / 2, at(point, 'left2') / 2]) / 100;
  },
};

/** As of a network's training: a rate on a logarithmic scale, whole numbers, a grid, and a kind that moves the best rate. */
const mixed: TestFunction = {
  name: 'mixed',
  space: [
    always('dropout', { kind: 'quantised', low: 0, high: 0.5, step: 0.0625 }),
    always('kind', { kind: 'choice', size: 4 }),
    always('layers', { kind: 'int_uniform', low: 1, high: 32 }),
    always('momentum', { kind: 'uniform', low: 0, high: 1 }),
    always('rate', { kind: 'log_uniform', low: 1e-6, high: 1 }),
  ],
  lowest: 0,
  of(point) {
    const kind = at(point, 'kind');
    const rate = Math.log10(at(point, 'rate')) + 3 + 0.5 * kind;
    const rest = [
      4 * (at(point, 'dropout') - 0.1875),
      (at(point, 'layers') - 21) / 16,
      2 * (at(point, 'momentum') - 0.85) * (1 + kind / 2),
    ];
    return [0.3, 0, 0.15, 0.6][kind] + rate ** 2 + sum(rest.map((v) => v * v));
  },
};

export const FUNCTIONS: readonly TestFunction[] = [
  onBox(
    'branin',
    [
      [-5, 10],
      [0, 15],
    ],
    0.39788735772973816,
    branin,
  ),
  onBox('hartmann3', cube(3, 0, 1), -3.8627797869493365, hartmann3),
  onBox('hartmann6', cube(6, 0, 1), -3.322368011415511, hartmann6),
  onBox('ackley5', cube(5, -32.768, 32.768), 0, ackley),
  onBox('rosenbrock4', cube(4, -5, 10), 0, rosenbrock),
  onBox('rastrigin4', cube(4, -5.12, 5.12), 0, rastrigin),
  conditional,
  mixed,
];
