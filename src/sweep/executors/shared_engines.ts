// Which runs of a sweep share an engine: those on `service: local` of one device, as soon as there are two of them.

import { readRunRecord } from '../../run_files/directory.ts';
import { EngineProcess } from './engine_process.ts';

interface Group {
  engine: EngineProcess;
  runs: Set<string>;
}

export class SharedEngines {
  readonly #groups = new Map<string, Group>();
  readonly #threads: number;

  /** @param threads that each engine computes with */
  constructor(threads: number) {
    this.#threads = threads;
  }

  /** Counts the runs of these directories, and says which engine each of them shares; null: it has one of its own. */
  async enginesFor(directories: readonly string[]): Promise<(EngineProcess | null)[]> {
    const devices = await Promise.all(directories.map(deviceOf));
    for (const [i, device] of devices.entries()) {
      if (device === null) continue;
      const group = this.#groups.get(device) ?? { engine: new EngineProcess(device, this.#threads), runs: new Set() };
      this.#groups.set(device, group);
      group.runs.add(directories[i] ?? '');
    }
    return devices.map((device) => {
      const group = device === null ? undefined : this.#groups.get(device);
      return group !== undefined && group.runs.size > 1 ? group.engine : null;
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#groups.values()].map(({ engine }) => engine.close()));
  }
}

/** What a run computes on; null for one that needs an engine of its own, or none. */
async function deviceOf(directory: string): Promise<string | null> {
  const { service } = (await readRunRecord(directory)).spec;
  const { builder, device = 'cpu', threads = null } = service;
  // An engine that is shared has as many threads as there are cores.
  return builder === 'local' && typeof device === 'string' && threads === null ? device : null;
}
