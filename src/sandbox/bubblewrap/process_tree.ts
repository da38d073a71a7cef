// What the processes of a sandbox take together, from /proc. Limits of the kernel hold for each alone, some not for the root user,
// and none for memory that processes share.

import { readdirSync, readFileSync, statSync } from 'node:fs';

export interface TreeUse {
  /** Processes and threads. */
  processes: number;
  memory_mb: number;
}

const PAGE_BYTES = 4096;

/**
 * Of the process and all that it has started. What ends while it is looked at does not count.
 * @param most beyond which none is looked at: whoever starts them without end makes more while they are counted
 */
export function treeUse(root: number, most: number): TreeUse {
  const use = { processes: 0, memory_mb: 0 };
  const nameless = new Set<string>();
  const left = [root];
  for (let pid = left.pop(); pid !== undefined && use.processes <= most; pid = left.pop()) {
    const stat = textOf(`/proc/${pid}/stat`);
    if (stat === null) continue;
    // The name in parentheses may hold anything: proc(5).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    use.processes += Number(fields[17] ?? 1);
    use.memory_mb += (Number(fields[21] ?? 0) * PAGE_BYTES) / 2 ** 20;
    use.memory_mb += namelessFiles(pid, nameless) / 2 ** 20;
    left.push(...childrenOf(pid));
  }
  return use;
}

/**
 * Bytes of open files that have no name, as those of memfd_create: they lie in memory, or on the disk, and are in no directory.
 * @param counted those that another process has open too
 */
function namelessFiles(pid: number, counted: Set<string>): number {
  let bytes = 0;
  for (const fd of namesIn(`/proc/${pid}/fd`)) {
    const file = fileAt(`/proc/${pid}/fd/${fd}`);
    if (file === null || !file.isFile() || file.nlink > 0) continue;
    const place = `${file.dev}:${file.ino}`;
    if (!counted.has(place)) bytes += file.blocks * 512;
    counted.add(place);
  }
  return bytes;
}

/** Of each of its threads. */
function childrenOf(pid: number): number[] {
  const listed = threadsOf(pid).map((thread) => textOf(`/proc/${pid}/task/${thread}/children`) ?? '');
  return listed.flatMap((text) => text.split(' ').filter(Boolean).map(Number));
}

const threadsOf = (pid: number): string[] => namesIn(`/proc/${pid}/task`);

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function fileAt(path: string) {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
