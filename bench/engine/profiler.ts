// ONNX Runtime's own profiler around anything that makes sessions: which operators ran, on what, for how long.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';

/** One operator of one run. */
export interface Kernel {
  opType: string;
  /** Its place in the graph as it was given; what the runtime made while it optimised comes after all of them. */
  node: number;
  seconds: number;
  /** Shapes of its inputs. */
  shapes: number[][];
}

export interface Profile {
  /** The graph as it was given. */
  graph: Uint8Array;
  /** The operators of every run, in the order in which they ran. */
  runs: Kernel[][];
}

interface Event {
  cat: string;
  name: string;
  ts: number;
  dur: number;
  args: { op_name?: string; node_index?: string; input_type_shape?: Record<string, number[]>[] };
}

/**
 * Profiles the one session that is made, used and released meanwhile. The session's maker is given the profiler's options on
 * top of its own, so what is profiled is set up as it always is.
 */
export async function profileOf(work: () => Promise<void>): Promise<Profile> {
  const directory = mkdtempSync(join(tmpdir(), 'cookbook-profile-'));
  const { create } = ort.InferenceSession;
  let graph: Uint8Array | null = null;
  ort.InferenceSession.create = async (given: unknown, options: unknown = {}) => {
    if (!(given instanceof Uint8Array) || graph !== null) throw new Error('one session of a graph in memory, please');
    graph = given;
    const profiled = { enableProfiling: true, profileFilePrefix: join(directory, 'profile') };
    const session = await create(given, Object.assign(profiled, options));
    // The profile is written when profiling ends, which releasing does not do.
    const release = session.release.bind(session);
    session.release = async () => {
      session.endProfiling();
      await release();
    };
    return session;
  };
  try {
    await work();
    if (graph === null) throw new Error('no session was made');
    const [file] = readdirSync(directory);
    return { graph, runs: runsIn(JSON.parse(readFileSync(join(directory, file), 'utf8'))) };
  } finally {
    ort.InferenceSession.create = create;
    rmSync(directory, { recursive: true });
  }
}

function runsIn(events: Event[]): Kernel[][] {
  const kernels = events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'));
  return events
    .filter(({ name }) => name === 'model_run')
    .toSorted((a, b) => a.ts - b.ts)
    .map(({ ts: start, dur }) =>
      kernels
        .filter(({ ts }) => ts >= start && ts <= start + dur)
        .map(({ args, dur: microseconds }) => ({
          opType: args.op_name ?? '',
          node: Number(args.node_index),
          seconds: microseconds / 1e6,
          shapes: (args.input_type_shape ?? []).flatMap((input) => Object.values(input)),
        })),
    );
}
