// Holds the gradient that a graph computes against central differences of its own forward pass.

import { expect } from 'vitest';
import { Graph, type Value } from '../../src/engine/graph.ts';
import { createSession, type Dense, floats } from '../../src/engine/session.ts';
import { nextUniform, randomFor } from '../../src/util/random.ts';

interface Argument {
  dims: number[];
  /** Defaults to values uniform in ±1. */
  data?: Float32Array;
}

export interface GradientCheck {
  /** The tensors that are differentiated. */
  inputs: Record<string, Argument>;
  /** What the operator needs beside them: indices, masks. Emitted as inputs of the graph. */
  constants?: Record<string, { type: 'float32' | 'int64'; dense: Dense }>;
  build(g: Graph, values: Record<string, Value>): Value;
}

const STEP = 2e-3;
const TOLERANCE = 5e-3;

function randomData({ dims, data }: Argument, name: string): Float32Array {
  const size = dims.reduce((product, n) => product * n, 1);
  const random = randomFor(7, name);
  return data ?? Float32Array.from({ length: size }, () => 2 * nextUniform(random) - 1);
}

/** L = Σ cᵢ·outputᵢ with fixed random c, so that the gradient of every output takes part. */
export async function expectTrueGradient({ inputs, constants = {}, build }: GradientCheck): Promise<void> {
  const g = new Graph();
  const values: Record<string, Value> = {};
  for (const name of Object.keys(inputs)) values[name] = g.differentiate(g.input(name, 'float32'));
  for (const [name, { type }] of Object.entries(constants)) values[name] = g.input(name, type);
  const output = build(g, values);
  g.output('output', output);
  // A scalar slope broadcasts to the shape of the output, so that a first run can find that shape.
  const zeros = g.node('ConstantOfShape', [g.node('Shape', [output])]);
  const gradients = g.backward(output, g.node('Add', [g.input('slope', 'float32'), zeros]));
  for (const name of Object.keys(inputs)) {
    const gradient = gradients.get(values[name]);
    if (gradient === undefined) throw new Error(`no gradient reaches ${name}`);
    g.output(`d ${name}`, gradient);
  }
  const session = await createSession(g.encode(), { directory: '', threads: 1 });

  const data = Object.fromEntries(Object.entries(inputs).map(([name, argument]) => [name, randomData(argument, name)]));
  const fixed = Object.fromEntries(Object.entries(constants).map(([name, { dense }]) => [name, dense]));
  const run = async (slope: Float32Array, dims: readonly number[]) => {
    const fed = Object.fromEntries(Object.entries(inputs).map(([name, { dims }]) => [name, floats(data[name], dims)]));
    return await session.run({ ...fed, ...fixed, slope: floats(slope, dims) });
  };
  const shape = await outputShape(run);
  const random = randomFor(7, 'slope');
  const slope = Float32Array.from({ length: shape.reduce((p, n) => p * n, 1) }, () => 2 * nextUniform(random) - 1);
  const loss = async () => {
    const { output: result } = await run(slope, shape);
    return result.data.reduce((sum, value, i) => sum + value * slope[i], 0);
  };
  const analytic = await run(slope, shape);
  for (const name of Object.keys(inputs)) {
    const numeric = new Float32Array(data[name].length);
    for (let i = 0; i < numeric.length; i++) {
      const value = data[name][i];
      data[name][i] = value + STEP;
      const above = await loss();
      data[name][i] = value - STEP;
      const below = await loss();
      data[name][i] = value;
      numeric[i] = (above - below) / (2 * STEP);
    }
    expectClose(analytic[`d ${name}`].data, numeric, name);
  }
  await session.release();
}

async function outputShape(run: (slope: Float32Array, dims: readonly number[]) => Promise<Record<string, Dense>>) {
  const { output } = await run(Float32Array.of(0), []);
  return output.dims;
}

function expectClose(analytic: Float32Array, numeric: Float32Array, name: string): void {
  expect(analytic.length, `size of d ${name}`).toBe(numeric.length);
  const scale = Math.max(...numeric.map(Math.abs), 1e-3);
  for (const [i, value] of numeric.entries()) {
    expect(Math.abs(analytic[i] - value) / scale, `d ${name}[${i}]: ${analytic[i]} against ${value}`).toBeLessThan(
      TOLERANCE,
    );
  }
}
