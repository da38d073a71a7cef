// Matrix products of a graph, and what one of them takes alone: the speed that all that is around it is measured by.

import * as ort from 'onnxruntime-node';
import { Graph, type Value } from '../../src/engine/graph.ts';
import { createSession, type Dense, floats } from '../../src/engine/session.ts';
import { median } from './figures.ts';
import type { OnnxNode } from './onnx_nodes.ts';
import { type Kernel, profileOf } from './profiler.ts';

export interface Product {
  opType: string;
  /** Of both operands and, of Gemm, of what the product is added to. */
  shapes: number[][];
  transA: boolean;
  transB: boolean;
  /** Whether an operand comes with the graph. */
  constant: boolean[];
}

const OPERATORS = ['MatMul', 'Gemm', 'FusedMatMul'];

/** The product that a kernel computed; null if it computed something else, or nothing. */
export function productOf({ opType, node, shapes }: Kernel, nodes: readonly OnnxNode[]): Product | null {
  if (!OPERATORS.includes(opType) || shapes.flat().includes(0)) return null;
  const given = nodes[node];
  if (given?.opType !== opType)
    throw new Error(`the runtime made a ${opType} of its own, of ${JSON.stringify(shapes)}`);
  const { integers, constant } = given;
  return { opType, shapes, transA: integers.get('transA') === 1, transB: integers.get('transB') === 1, constant };
}

const swapped = (shape: readonly number[]) => [...shape.slice(0, -2), ...shape.slice(-2).reverse()];

/** Shapes of the operands once they are transposed: (…, M, K) and (…, K, N). */
function operands({ shapes: [a, b], transA, transB }: Product): [number[], number[]] {
  return [transA ? swapped(a) : a, transB ? swapped(b) : b];
}

/** A multiplication and an addition for every term of every element. */
export function flopsOf(product: Product): number {
  const [a, b] = operands(product);
  const size = (shape: number[]) => shape.reduce((count, n) => count * n, 1);
  return 2 * Math.max(size(a.slice(0, -2)), size(b.slice(0, -2))) * (a.at(-2) ?? 1) * (a.at(-1) ?? 1) * (b.at(-1) ?? 1);
}

export function describe(product: Product): string {
  const { opType, shapes, transA, transB, constant } = product;
  const [a, b] = shapes.map((shape, i) => `${shape.join('×')}${constant[i] ? '°' : ''}`);
  return `${opType} ${a}${transA ? 'ᵀ' : ''} · ${b}${transB ? 'ᵀ' : ''}${shapes.length > 2 ? ' +' : ''}`;
}

/**
 * `as written`: the same operator with the same transposition, in a session as the engine makes it. `plain`: MatMul of operands
 * that need not be transposed, in a session as the runtime makes it by default, which packs constant operands beforehand.
 */
export type Manner = 'as written' | 'plain';

/** The first finds cold threads, so it does not count. */
const COPIES = 4;
const WARM_UP = 2;

/** Median seconds of one product alone, as the runtime's profiler has it: calling the runtime is not part of it. */
export async function bareSeconds(product: Product, manner: Manner, threads: number, rounds: number): Promise<number> {
  const { graph, feeds } = copiesOf(product, manner);
  const { runs } = await profileOf(async () => {
    const session = await (manner === 'plain'
      ? plainSession(graph, threads)
      : createSession(graph, { directory: '', threads }));
    for (let round = 0; round < WARM_UP + rounds; round++) await session.run(feeds);
    await session.release();
  });
  const seconds = runs.slice(WARM_UP).flatMap((run) => {
    const products = run.filter(({ opType }) => OPERATORS.includes(opType));
    if (products.length !== COPIES) throw new Error(`${describe(product)} ran ${products.length} times, not ${COPIES}`);
    return products.slice(1).map((kernel) => kernel.seconds);
  });
  return median(seconds);
}

/** The product several times over, of which one element each comes out. */
function copiesOf(product: Product, manner: Manner): { graph: Uint8Array; feeds: Record<string, Dense> } {
  const g = new Graph();
  const feeds: Record<string, Dense> = {};
  const shapes = manner === 'plain' ? operands(product) : product.shapes;
  // What does not come with the graph differs from copy to copy: the runtime would compute equal products once.
  const emit = (copy: number): Value[] =>
    shapes.map((dims, i) => {
      const constant = product.constant[i];
      const name = constant ? `operand ${i}` : `operand ${i} of ${copy}`;
      const values = valuesOf(dims);
      if (!constant) {
        feeds[name] = floats(values, dims);
        return g.input(name, 'float32');
      }
      if (copy > 0) return { name };
      return g.initializer({ name, type: 'float32', dims, data: new Uint8Array(values.buffer) });
    });
  const attributes = { transA: Number(product.transA), transB: Number(product.transB) };
  for (let copy = 0; copy < COPIES; copy++) {
    const inputs = emit(copy);
    const domain = product.opType === 'FusedMatMul' ? 'com.microsoft' : '';
    const y =
      manner === 'plain'
        ? g.node('MatMul', inputs)
        : g.node(product.opType, inputs, product.opType === 'MatMul' ? {} : { domain, attributes });
    const axes = shapes[0].map((_, axis) => axis);
    const bound = (at: number) => g.ints(axes.map(() => at));
    g.output(`element ${copy}`, g.node('Slice', [y, bound(0), bound(1), g.ints(axes)]));
  }
  return { graph: g.encode(), feeds };
}

/** Numbers of both signs and no special ones; which does not matter. */
function valuesOf(dims: readonly number[]): Float32Array {
  const values = new Float32Array(dims.reduce((size, n) => size * n, 1));
  for (let i = 0; i < values.length; i++) values[i] = (i % 17) / 17 - 0.5;
  return values;
}

async function plainSession(graph: Uint8Array, threads: number) {
  const tensor = ({ data, dims }: Dense) => {
    if (!(data instanceof Float32Array)) throw new Error('operands are floats');
    return new ort.Tensor('float32', data, dims);
  };
  const session = await ort.InferenceSession.create(graph, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // Changes nothing of a run; its threads would take the cores from what is measured next.
    extra: { session: { force_spinning_stop: '1' } },
  });
  return {
    run: (feeds: Record<string, Dense>) =>
      session.run(Object.fromEntries(Object.entries(feeds).map(([name, dense]) => [name, tensor(dense)]))),
    release: () => session.release(),
  };
}
