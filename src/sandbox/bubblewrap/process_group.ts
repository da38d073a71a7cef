// The kernel's limit on the processes of one sandbox where this process is the root user's, for whom `prlimit --nproc` does not count:
// a control group (cgroups(7), version 1 or 2), where this process may make one.

import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const MOUNT = '/sys/fs/cgroup';
/** bubblewrap's own, and some, so that the watcher can still say what happened. */
const SPARE = 8;
const CLOSE_AFTER_MS = [0, 50, 500, 5000];

export class ProcessGroup {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Null where none is needed, and where none can be made. */
  static open(processes: number): ProcessGroup | null {
    if (process.getuid?.() !== 0) return null;
    try {
      const parent = parentDirectory();
      if (parent === null) return null;
      const directory = join(parent, `cookbook-sandbox-${randomUUID()}`);
      mkdirSync(directory);
      const group = new ProcessGroup(directory);
      try {
        writeFileSync(join(directory, 'pids.max'), String(processes + SPARE));
        return group;
      } catch {
        void group.close();
        return null;
      }
    } catch {
      return null;
    }
  }

  /** The command that joins the group and then becomes the given one; a shell adds to an empty environment, which programs could read. */
  entered(command: readonly string[]): string[] {
    return ['/bin/sh', '-c', 'echo $$ > "$0" && exec env -i "$@"', join(this.#directory, 'cgroup.procs'), ...command];
  }

  /** A process that is still ending keeps it for a moment. What is left when this process is killed is empty, and costs nothing. */
  async close(): Promise<void> {
    for (const milliseconds of CLOSE_AFTER_MS) {
      await setTimeout(milliseconds, undefined, { ref: false });
      try {
        rmdirSync(this.#directory);
        return;
      } catch {}
    }
  }
}

/** This process's own group, in the hierarchy that counts processes. */
function parentDirectory(): string | null {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').trimEnd().split('\n');
  const pathOf = (controllers: string) =>
    lines.map((line) => line.split(':')).find(([, names = '']) => names.split(',').includes(controllers))?.[2];
  const counted = pathOf('pids');
  if (counted !== undefined) return join(MOUNT, 'pids', counted);
  const unified = pathOf('');
  if (unified === undefined) return null;
  const parent = join(MOUNT, unified);
  writeFileSync(join(parent, 'cgroup.subtree_control'), '+pids');
  return parent;
}
