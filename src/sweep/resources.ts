// What a run takes of a machine, and what this machine has.

import { readdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';

/** Null where the file does not say. */
export interface Resources {
  readonly cpus: number | null;
  /** In units of 2^30 bytes. */
  readonly memory_gb: number | null;
  readonly gpus: number | null;
  /** The limit that a queue is asked for. */
  readonly time_seconds: number | null;
}

export const NO_RESOURCES: Resources = { cpus: null, memory_gb: null, gpus: null, time_seconds: null };

/** What runs share where they run side by side. */
export const SHARED = ['cpus', 'memory_gb', 'gpus'] as const;

export type Capacity = Readonly<Record<(typeof SHARED)[number], number>>;

const GB = 2 ** 30;

export const bytesOf = (memory_gb: number): number => Math.round(memory_gb * GB);

export function thisMachine(): Capacity {
  // Absent where nothing limits this process, or larger than any machine.
  const allowed = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return {
    cpus: availableParallelism(),
    memory_gb: Math.min(totalmem(), allowed) / GB,
    gpus: visibleGpus().length,
  };
}

/** The names under which CUDA knows those that this process may use. */
export function visibleGpus(env: NodeJS.ProcessEnv = process.env): string[] {
  const { CUDA_VISIBLE_DEVICES: visible } = env;
  if (visible !== undefined) return visible.split(',').filter((name) => name !== '' && name !== '-1');
  try {
    return readdirSync('/proc/driver/nvidia/gpus').map((_, index) => `${index}`);
  } catch {
    return [];
  }
}
