// ONNX Runtime behind one function: graph bytes in, something that runs them out.

import { cpus } from 'node:os';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { ConfigurationError } from '../util/errors.ts';
import { inNativeCode } from '../util/native_work.ts';
import type { Device } from './device.ts';
import { SessionMemory } from './memory.ts';

/** A dense tensor as the runtime takes and gives it. The contents may change between runs, the array and its size may not. */
export interface Dense {
  readonly data: Float32Array | BigInt64Array | Uint8Array;
  readonly dims: readonly number[];
}

export interface Session {
  /** Runs the graph. Outputs that are floats come back as Float32Array. */
  run(feeds: Record<string, Dense>): Promise<Record<string, { data: Float32Array; dims: readonly number[] }>>;
  /** What it takes of the memory of this machine; null where it computes in a memory of its own. */
  readonly memory: SessionMemory | null;
  release(): Promise<void>;
}

export interface SessionOptions {
  /** Where external data of the graph lies. */
  directory: string;
  threads: number;
  /** Whether matrices are laid out anew when the session is made: a copy, and far faster for a few rows. */
  packed?: boolean;
  /** What computes; the CPU unless said otherwise. Feeds and outputs lie in the memory of the CPU all the same. */
  device?: Device;
}

/** Number of threads: as asked, else COOKBOOK_THREADS (which the sweep sets to share the cores), else every core. */
export function threadCount(asked: number | null, env: NodeJS.ProcessEnv = process.env): number {
  if (asked !== null) return asked;
  const text = env.COOKBOOK_THREADS;
  if (text === undefined || text === '') return cpus().length;
  const threads = Number(text);
  if (Number.isInteger(threads) && threads > 0) return threads;
  throw new ConfigurationError(`COOKBOOK_THREADS must be a positive whole number, not "${text}"`);
}

/**
 * ONNX Runtime collects what its sessions do and sends it to its maker unless it is told not to, before it is loaded. Whoever
 * wants that sets the variable to 0.
 */
async function loadRuntime() {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  return await import('onnxruntime-node');
}

export async function createSession(
  graph: Uint8Array,
  { directory, threads, packed = false, device = 'cpu' }: SessionOptions,
): Promise<Session> {
  const ort = await loadRuntime();
  const session = await ort.InferenceSession.create(graph, {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Graphs are written as they are to run: the runtime finds nothing to do, and takes twice the time to look for it.
    graphOptimizationLevel: 'disabled',
    // Plans one block for all that a run allocates, and with it twice the memory where batches differ in shape.
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: {
      session: {
        ...(directory === '' ? {} : { model_external_initializers_file_folder_path: directory }),
        // Packed copies of the weights would double what the model takes: they stay in their mapped file instead.
        disable_prepacking: packed ? '0' : '1',
        // Waking a thread takes longer than many an operator; a thread that spins for long takes the core from other work.
        intra_op: { allow_spinning: '1', spin_duration_us: '100' },
        force_spinning_stop: '1',
      },
    },
  });
  const made = ({ data, dims }: Dense): Tensor => {
    if (data instanceof Float32Array) return new ort.Tensor('float32', data, dims);
    if (data instanceof BigInt64Array) return new ort.Tensor('int64', data, dims);
    return new ort.Tensor('bool', data, dims);
  };
  // Parameters are hundreds of inputs, the same at every token that is sampled.
  const tensors = new WeakMap<Dense, Tensor>();
  const tensor = (dense: Dense): Tensor => {
    const known = tensors.get(dense) ?? made(dense);
    tensors.set(dense, known);
    return known;
  };
  return {
    async run(feeds) {
      const inputs: Record<string, Tensor> = {};
      for (const name in feeds) inputs[name] = tensor(feeds[name]);
      return floatsOf(await inNativeCode(() => session.run(inputs)));
    },
    memory: device === 'cpu' ? new SessionMemory() : null,
    release: () => session.release(),
  };
}

function floatsOf(outputs: InferenceSession.ReturnType) {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data, dims }]) => {
      if (!(data instanceof Float32Array)) throw new Error(`output ${name} of the graph is not float32`);
      return [name, { data, dims }];
    }),
  );
}

export const floats = (data: Float32Array, dims: readonly number[]): Dense => ({ data, dims });
export const scalar = (value: number): Dense => ({ data: Float32Array.of(value), dims: [] });
export const flag = (value: boolean): Dense => ({ data: Uint8Array.of(value ? 1 : 0), dims: [] });

/** Non-negative integers below 2³¹ as int64, written through 32-bit halves because that is far faster than BigInt(). */
export function integers(values: ArrayLike<number>, dims: readonly number[]): Dense {
  const data = new BigInt64Array(values.length);
  const halves = new Int32Array(data.buffer);
  for (let i = 0; i < values.length; i++) halves[2 * i] = values[i];
  return { data, dims };
}
