// Lines that the runs of a sweep have in common, in a directory beside those of the runs: what one has computed, the others read.

import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedLines } from '../training/types.ts';
import { CookbookError, messageOf } from '../util/errors.ts';
import { errorCode, isTemporary, makeDirectory } from '../util/files.ts';
import { canonicalJson, type JsonValue } from '../util/json.ts';
import { LineAppender, repairTail } from '../util/json_lines.ts';
import { READ_FLAGS } from '../util/regular_file.ts';
import { type Lease, LeaseHeldError, leaseHolder, takeLease, tidyLeases } from './lease.ts';

/** Waiting costs time alone: whoever has waited for so long computes what the others have not. */
const PATIENCE_MS = 300_000;
const RETRY_MS = 50;

/**
 * What the runs of a sweep share under a name and of what a key tells. Null for a run that lies in no sweep's directory.
 * @param warn told once when what this run adds is not kept
 */
export function sharedLinesOf(
  runDirectory: string,
  name: string,
  key: JsonValue,
  warn: (message: string) => void,
): SharedLines | null {
  const sweep = dirname(runDirectory);
  if (statSync(join(sweep, 'sweep.json'), { throwIfNoEntry: false }) === undefined) return null;
  const digest = createHash('sha256').update(canonicalJson(key)).digest('hex').slice(0, 16);
  return new LinesBesideRuns(join(sweep, name, digest), warn);
}

class LinesBesideRuns implements SharedLines {
  readonly path: string;
  readonly #directory: string;
  readonly #warn: (message: string) => void;
  #read = 0;
  #lease: Lease | null = null;
  #told = false;

  constructor(directory: string, warn: (message: string) => void) {
    this.#directory = directory;
    this.path = join(directory, 'lines.jsonl');
    this.#warn = warn;
  }

  async read(): Promise<string[]> {
    try {
      const file = await open(this.path, READ_FLAGS);
      try {
        return await this.#linesOf(file);
      } finally {
        await file.close();
      }
    } catch {
      return [];
    }
  }

  /** Those behind what was read before. A last line without its end is being written, or was cut short. */
  async #linesOf(file: FileHandle): Promise<string[]> {
    const { size } = await file.stat();
    // Somebody has deleted the file, and it was begun anew.
    if (size < this.#read) this.#read = 0;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - this.#read), 0, size - this.#read, this.#read);
    const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
    this.#read += end;
    return buffer.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
  }

  async exclusively(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    this.#lease = await this.#take(signal);
    try {
      await work();
    } finally {
      // What a lease cannot be given back for is told to nobody: it ends with this process.
      await this.#lease?.release().catch(() => undefined);
      this.#lease = null;
    }
  }

  async #take(signal: AbortSignal): Promise<Lease | null> {
    try {
      await makeDirectory(this.#directory);
      const lease = await patientLease(this.#directory, signal);
      if (lease === null) this.#tellOnce(`another run has been at it for ${PATIENCE_MS / 60_000} minutes`);
      else await tidy(this.#directory);
      return lease;
    } catch (error) {
      signal.throwIfAborted();
      this.#tell(error);
      return null;
    }
  }

  async append(lines: readonly string[]): Promise<void> {
    // Why there is no lease was told when there was none to be had.
    if (this.#lease === null || lines.length === 0) return;
    const appender = new LineAppender(this.path, this.#lease.lost);
    try {
      this.#lease.lost.throwIfAborted();
      await repairTail(this.path);
      for (const line of lines) appender.append(line);
    } catch (error) {
      this.#tell(error);
    } finally {
      appender.close();
    }
  }

  #tell(error: unknown): void {
    if (!(error instanceof CookbookError) && errorCode(error) === undefined) throw error;
    this.#tellOnce(messageOf(error));
  }

  #tellOnce(why: string): void {
    if (this.#told) return;
    this.#told = true;
    this.#warn(`what this run computes cannot be shared with the others, and it goes on: ${why}`);
  }
}

/** Null when another run holds the lease for too long. */
async function patientLease(directory: string, signal: AbortSignal): Promise<Lease | null> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; ) {
    // To look is cheap, and to try writes a file.
    if ((await leaseHolder(directory)) === null) {
      try {
        return await takeLease(directory);
      } catch (error) {
        if (!(error instanceof LeaseHeldError)) throw error;
      }
    }
    await sleep(RETRY_MS, undefined, { signal });
  }
  return null;
}

/** Removes what killed processes have left beside the lines. */
async function tidy(directory: string): Promise<void> {
  await tidyLeases(directory);
  for (const name of (await readdir(directory)).filter(isTemporary)) await rm(join(directory, name), { force: true });
}
