// A sweep whose driver outlives the terminal: the plan is frozen and its runs lie prepared before the command returns.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Colors } from 'picocolors/types.js';
import type { Registry } from '../registry/registry.ts';
import { columns } from '../run/reporters/final_screen.ts';
import { LeaseHeldError } from '../run_files/lease.ts';
import { processesOf, type SweepProcess } from '../run_files/sweep_processes.ts';
import { RunDirectoryError } from '../util/errors.ts';
import { readFileTail } from '../util/file_tail.ts';
import { explainingFailure, shortPath } from '../util/files.ts';
import { plural } from '../util/plural.ts';
import { programName, quote } from '../util/program_name.ts';
import { APPEND_FLAGS } from '../util/regular_file.ts';
import { wrappedText } from '../util/wrapped.ts';
import { COOKBOOK } from './executors/processes.ts';
import type { SweepPlan } from './plan.ts';
import { Preparation } from './prepare.ts';
import { DETACHED_VARIABLE, DRIVER_LOG, drivenAlready } from './presence.ts';
import { freezePlan } from './sweep_directory.ts';

/** What `sweep --detach --json` prints. */
export interface DetachedSweep {
  log_path: string;
  runs: number;
  /** How many of them are not finished, and lie there ready to be executed. */
  prepared: number;
  /** Null where it found nothing to do and has ended. */
  driver: { host: string; pid: number; log: string } | null;
}

/** @param again the arguments of `cookbook sweep` that ask for the same sweep */
export async function detachSweep(
  plan: SweepPlan,
  registry: Registry,
  { argv, again }: { argv: readonly string[]; again: readonly string[] },
): Promise<DetachedSweep> {
  const { log_path, runs } = plan;
  const driven = await drivenAlready(log_path);
  if (driven !== null) throw driven;
  await freezePlan(plan, argv);
  const prepared = await prepareAll(plan, new Preparation(plan, registry, argv));
  const driver = await startDriver(log_path, again);
  return { log_path, runs: runs.length, prepared, driver };
}

/** All that is left to be done, so that what is wrong with any of them is told here and now. */
async function prepareAll({ runs }: SweepPlan, preparation: Preparation): Promise<number> {
  const missing = runs.filter(({ state }) => state !== 'done');
  for (const run of missing) {
    try {
      await preparation.prepare(run);
    } catch (error) {
      // Another process executes it.
      if (!(error instanceof LeaseHeldError)) throw error;
    }
  }
  return missing.length;
}

const POLL_MS = 50;
const SHOWN_BYTES = 2_000;

async function startDriver(log_path: string, again: readonly string[]): Promise<DetachedSweep['driver']> {
  const path = join(log_path, DRIVER_LOG);
  const log = await explainingFailure('append to', path, () => open(path, APPEND_FLAGS));
  const before = (await log.stat()).size;
  try {
    // A session of its own: the end of the terminal is not its end.
    const child = spawn(process.execPath, [COOKBOOK, 'sweep', ...again], {
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
      env: { ...process.env, [DETACHED_VARIABLE]: '1' },
    });
    await once(child, 'spawn');
    const driver = await arrived(child, log_path);
    child.unref();
    if (driver !== null) return { host: driver.host, pid: driver.pid, log: path };
    if (child.exitCode === 0) return null;
    const size = (await log.stat()).size - before;
    throw new RunDirectoryError(`the driver ended at once:\n${lastWords(path, size)}`);
  } finally {
    await log.close();
  }
}

/** Once it has begun; null where it ended before that was seen. */
async function arrived(child: ChildProcess, log_path: string): Promise<SweepProcess | null> {
  while (child.exitCode === null && child.signalCode === null) {
    const driver = (await processesOf(log_path)).find(
      ({ role, live, begun, host, pid }) =>
        role === 'driver' && live && begun === true && host === hostname() && pid === child.pid,
    );
    if (driver !== undefined) return driver;
    await sleep(POLL_MS);
  }
  return null;
}

function lastWords(path: string, size: number): string {
  return readFileTail(path, Math.min(size, SHOWN_BYTES))?.text.trim() || 'nothing says why';
}

/** @param width what a line may take, commands aside */
export function detachedScreen(
  { log_path, runs, prepared, driver }: DetachedSweep,
  colors: Colors,
  width: number,
): string[] {
  const place = quote(shortPath(log_path));
  const command = (words: string) => `${programName()} ${words}`;
  const wrap = (lines: string[]) => lines.flatMap((line) => wrappedText(line, width).split('\n'));
  if (driver === null) {
    const report: [string, string][] = [[command(`report ${place}`), 'compare the configurations']];
    return ['', colors.bold(`all ${plural(runs, 'run')} were finished before`), '', ...columns(report, width)];
  }
  const what = prepared === 0 ? 'driven' : `${prepared} of ${plural(runs, 'run')} to be done,`;
  const headline = `${what} by process ${driver.pid} on ${driver.host}`;
  return [
    '',
    ...wrap([colors.bold(headline)]),
    '',
    ...wrap(
      columns([
        ['directory', shortPath(log_path)],
        ['log', shortPath(driver.log)],
      ]),
    ),
    '',
    ...columns(
      [
        [command(`status ${place}`), 'see what runs where'],
        [command(`logs ${place} -f`), 'follow what the driver says'],
        [command(`work ${place}`), 'take runs here too, or on another machine'],
        [command(`stop ${place}`), 'save checkpoints, and stop'],
      ],
      width,
    ),
  ];
}
