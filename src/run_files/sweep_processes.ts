// Who is at work on a sweep: a directory for each of its drivers and workers, in which its lease tells whether it lives.

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { entriesOf, jsonText, makeDirectory, readJson, writeFileAtomic } from '../util/files.ts';
import {
  isArrayOf,
  isBoolean,
  isCount,
  isNullOr,
  isOneOf,
  isOptional,
  isString,
  jsonShape,
} from '../util/json_shape.ts';
import { leaseHolder, takeLease } from './lease.ts';

const FOLDER = 'processes';
const ABOUT = 'about.json';

const ROLES = ['driver', 'worker'] as const;

interface About {
  schema_version: 1;
  /** A driver decides what is run, and has its executor run it. A worker takes runs that are free. */
  role: (typeof ROLES)[number];
  host: string;
  pid: number;
  started_at: string;
  /** The command line behind the name of the program. */
  argv: string[];
  /** How many runs it executes at a time; null where something else says that. */
  slots: number | null;
  /** Where its output goes, as a path in the directory of the sweep; null where that is a terminal's. */
  log: string | null;
  /** It is past what may keep it from beginning at all; absent of one that is not, and of workers. */
  begun?: boolean;
}

const aboutShape = jsonShape<About>({
  schema_version: isOneOf([1]),
  role: isOneOf(ROLES),
  host: isString,
  pid: isCount,
  started_at: isString,
  argv: isArrayOf(isString),
  slots: isNullOr(isCount),
  log: isNullOr(isString),
  begun: isOptional(isBoolean),
});

export interface SweepProcess extends Omit<About, 'schema_version'> {
  /** Else it has ended without a last word. */
  live: boolean;
}

/** Says that this process is at work on a sweep, until it leaves. What is left of dead ones of its kind goes. */
export async function joinSweep(
  sweepDirectory: string,
  about: Pick<About, 'role' | 'argv' | 'slots' | 'log'>,
  { host, pid }: Pick<About, 'host' | 'pid'>,
): Promise<{ begun(): Promise<void>; leave(): Promise<void> }> {
  const folder = join(sweepDirectory, FOLDER);
  for (const { role, live, directory } of await listProcesses(sweepDirectory)) {
    if (role === about.role && !live) await rm(directory, { recursive: true, force: true });
  }
  const directory = join(folder, `${about.role}-${randomUUID()}`);
  await makeDirectory(directory);
  const lease = await takeLease(directory);
  const written: About = { schema_version: 1, host, pid, started_at: new Date().toISOString(), ...about };
  await writeFileAtomic(join(directory, ABOUT), jsonText(written));
  return {
    begun: () => writeFileAtomic(join(directory, ABOUT), jsonText({ ...written, begun: true })),
    async leave() {
      await lease.release();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Drivers first, each kind in the order in which they came. */
export async function processesOf(sweepDirectory: string): Promise<SweepProcess[]> {
  const found = await listProcesses(sweepDirectory);
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return found
    .map(({ directory: _, ...process }) => process)
    .sort((a, b) => order(a.role, b.role) || order(a.started_at, b.started_at));
}

/** The driver that decides what is run; null where none lives. */
export async function liveDriver(sweepDirectory: string): Promise<SweepProcess | null> {
  return (await processesOf(sweepDirectory)).find(({ role, live }) => role === 'driver' && live) ?? null;
}

async function listProcesses(sweepDirectory: string): Promise<(SweepProcess & { directory: string })[]> {
  const entries = await entriesOf(join(sweepDirectory, FOLDER));
  const found = entries
    .filter((entry) => entry.isDirectory())
    .map(async ({ name }) => {
      const directory = join(sweepDirectory, FOLDER, name);
      // One that has just come has not said who it is, and one that is just leaving no longer does.
      const { value } = await readJson(join(directory, ABOUT), aboutShape);
      if (value === null) return [];
      const live = (await leaseHolder(directory).catch(() => null)) !== null;
      const { schema_version: _, ...about } = value;
      return [{ ...about, live, directory }];
    });
  return (await Promise.all(found)).flat();
}
