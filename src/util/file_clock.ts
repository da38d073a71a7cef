// What time it is by the clock of a file system: what the times of its files are held against, whichever machine wrote them.

import { randomBytes } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A reading of that clock, and what the clocks of this process said at the same moment. */
interface Reading {
  fileTime: number;
  monotonic: number;
  wall: number;
}

/** By the device. */
const readings = new Map<number, Reading>();

/** Two clocks of one machine run apart by less than this in that time, unless it slept or one of them was set. */
const TRUSTED_MS = 30_000;
const DRIFT_MS = 1_000;

/**
 * Milliseconds since 1970, by a file that is made in the directory and removed again, at most every half minute. Where no file can be made, by the
 * clock of this machine. Machines that share files may disagree about the time by minutes; the server that keeps the files is one.
 */
export async function fileSystemNow(directory: string): Promise<number> {
  try {
    const { dev } = await stat(directory);
    const known = readings.get(dev);
    const now = known === undefined ? null : continued(known);
    if (now !== null) return now;
    const reading = await readClock(directory);
    readings.set(dev, reading);
    return reading.fileTime;
  } catch {
    return Date.now();
  }
}

function continued({ fileTime, monotonic, wall }: Reading): number | null {
  const passed = performance.now() - monotonic;
  const isTrusted = passed < TRUSTED_MS && Math.abs(Date.now() - wall - passed) < DRIFT_MS;
  return isTrusted ? fileTime + passed : null;
}

async function readClock(directory: string): Promise<Reading> {
  // Named as what an interrupted write leaves behind, so that it is tidied as that is.
  const path = join(directory, `clock.tmp-${randomBytes(6).toString('hex')}`);
  const file = await open(path, 'wx');
  try {
    await file.write('.');
    const { mtimeMs } = await file.stat();
    return { fileTime: mtimeMs, monotonic: performance.now(), wall: Date.now() };
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}
