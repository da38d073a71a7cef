// A file system of a few kilobytes, which is soon full. To mount one takes root's rights on Linux.

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './temporary_directory.ts';

export const CAN_MOUNT = process.platform === 'linux' && process.getuid?.() === 0;

/** Unmounted when the test has finished. */
export async function smallDisk(kilobytes: number): Promise<string> {
  const directory = await temporaryDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', directory]);
  onTestFinished(() => void execFileSync('umount', ['-l', directory]));
  return directory;
}

/** Takes all the room that there is, and returns what gives it back. */
export async function fill(directory: string): Promise<() => void> {
  const path = join(directory, 'filler');
  const file = await open(path, 'w');
  try {
    while (true) await file.writeFile(Buffer.alloc(512));
  } catch {
    // It is full.
  } finally {
    await file.close();
  }
  return () => rmSync(path);
}
