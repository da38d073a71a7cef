// What memory there is, and the refusal of what cannot fit, before it is allocated: a process that takes too much is killed
// without a word, and others with it.

import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { RequestError } from '../util/errors.ts';

/** Not looked at: less than what the estimates are off by. */
const SMALL = 2 ** 28;

/**
 * Bytes that this process could still take, too many rather than too few: what is cached of files counts as free, because the
 * system gives it up.
 */
export function availableMemory(): number {
  return Math.min(freeOnMachine(), freeInContainer());
}

/** Only Linux says what could be had. Elsewhere "free" leaves out what the system would give up, so all of it counts. */
function freeOnMachine(): number {
  const text = read('/proc/meminfo');
  const available = kilobytes(text, 'MemAvailable');
  return available === null ? totalmem() : available + (kilobytes(text, 'SwapFree') ?? 0);
}

function kilobytes(text: string, name: string): number | null {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text);
  return found === null ? null : 1024 * Number(found[1]);
}

/** What a control group leaves, where one limits the process. */
function freeInContainer(): number {
  const limit = process.constrainedMemory();
  if (!(limit > 0 && limit < totalmem())) return Number.POSITIVE_INFINITY;
  // Version 2 of control groups, then version 1; both seen from inside a container.
  const statistics = read('/sys/fs/cgroup/memory.stat') || read('/sys/fs/cgroup/memory/memory.stat');
  const files = /^(?:total_cache|file) (\d+)/m.exec(statistics);
  return files === null ? limit : process.availableMemory() + Number(files[1]);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Throws RequestError where the bytes are not to be had; `hint` says what to lower. */
export function requireMemory(bytes: number, what: string, hint: string): void {
  if (bytes < SMALL) return;
  const available = availableMemory();
  if (bytes <= available) return;
  throw new RequestError(`${what} takes about ${gigabytes(bytes)} of memory, and ${gigabytes(available)} can be had`, {
    hint,
  });
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

/** The memory of one session of the runtime, which keeps what it once took for the passes to come. */
export class SessionMemory {
  #taken = 0;

  /** @throws RequestError where a pass would take more than the session has and can get */
  require(bytes: number, what: string, hint: string): void {
    requireMemory(bytes - this.#taken, what, hint);
    this.#taken = Math.max(this.#taken, bytes);
  }
}
