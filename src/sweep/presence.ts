// A driver's presence in the directory of its sweep: others see that it is at work there, and can ask it to stop.

import { hostname } from 'node:os';
import pLimit from 'p-limit';
import { removeStopRequest, watchStopRequest } from '../run_files/stop_request.ts';
import { joinSweep, liveDriver } from '../run_files/sweep_processes.ts';
import { RunDirectoryError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { programName, quote } from '../util/program_name.ts';
import type { SweepPlan } from './plan.ts';

export interface Presence {
  /** Aborted by whoever asked this process, or the sweep. */
  stop: AbortSignal;
  kill: AbortSignal;
  /** Tells whoever has started this process that it is at work: what is wrong from now on is in its log. */
  begun(): Promise<void>;
  leave(): Promise<void>;
}

/** Where the output of a driver that has left its terminal goes, in the directory of the sweep. */
export const DRIVER_LOG = 'driver.log';
/** Set for such a driver. */
export const DETACHED_VARIABLE = 'COOKBOOK_DETACHED';

/** Whoever was asked to stop before may go on: that is what this command asks for. */
export async function beDriver(
  { log_path, runs }: Pick<SweepPlan, 'log_path' | 'runs'>,
  argv: readonly string[],
  signals: Pick<Presence, 'stop' | 'kill'>,
): Promise<Presence> {
  await removeStopRequest(log_path);
  const limit = pLimit(AT_A_TIME);
  const waiting = runs.filter(({ found, state }) => found !== null && state !== 'done');
  await Promise.all(waiting.map(({ directory }) => limit(() => removeStopRequest(directory))));
  const log = process.env[DETACHED_VARIABLE] === undefined ? null : DRIVER_LOG;
  const about = { role: 'driver' as const, argv: [...argv], slots: null, log };
  const member = await joinSweep(log_path, about, { host: hostname(), pid: process.pid });
  const asked = watchStopRequest(log_path);
  return {
    stop: AbortSignal.any([signals.stop, asked.stop]),
    kill: AbortSignal.any([signals.kill, asked.kill]),
    begun: member.begun,
    async leave() {
      asked.close();
      await member.leave();
    },
  };
}

const AT_A_TIME = 32;

/** What to say where another process goes on with a study; null where none drives the sweep, as far as is known here. */
export async function drivenAlready(log_path: string): Promise<RunDirectoryError | null> {
  const driver = await liveDriver(log_path);
  if (driver === null) return null;
  const { pid, host, started_at, log } = driver;
  const command = (verb: string) => `"${programName()} ${verb} ${quote(shortPath(log_path))}"`;
  const follow = log === null ? '' : `, follow it with ${command('logs -f')}`;
  return new RunDirectoryError(`process ${pid} on ${host} drives this sweep already, since ${started_at}`, {
    hint: `Look at it with ${command('status')}${follow}, or end it with ${command('stop')}.`,
  });
}
