// What `cookbook work` does: a worker with its name on the sweep, what it tells as it goes on, and what it has come to.

import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Colors } from 'picocolors/types.js';
import { columns } from '../run/reporters/final_screen.ts';
import { readStopRequest, watchStopRequest } from '../run_files/stop_request.ts';
import { joinSweep } from '../run_files/sweep_processes.ts';
import { isSweepDirectory, readSweepRuns } from '../run_files/sweep_runs.ts';
import { ConfigurationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { plural } from '../util/plural.ts';
import { programName, quote } from '../util/program_name.ts';
import { wrappedText } from '../util/wrapped.ts';
import type { Survey } from './free_runs.ts';
import { type WorkEvent, work } from './worker.ts';

export interface WorkOptions {
  concurrency: number;
  once: boolean;
  argv: readonly string[];
  stop: AbortSignal;
  kill: AbortSignal;
  /** A line for people. */
  notify(line: string): void;
}

/** What `--json` prints. */
export interface WorkResult {
  log_path: string;
  /** Runs that this worker has brought to an end, however that was, and those of them that failed. */
  ended: number;
  failed: number;
  /** Of the sweep, when it left. */
  finished: number;
  free: number;
  held_by_others: number;
  waiting: number;
  given_up: number;
}

export async function workCommand(path: string, options: WorkOptions): Promise<WorkResult> {
  const directory = resolve(path);
  if (!(await isSweepDirectory(directory))) {
    throw new ConfigurationError(`${shortPath(directory)} is the directory of a run, not of a sweep`, {
      hint: `Give the directory that it lies in.`,
    });
  }
  const runs = await readSweepRuns(directory);
  const request = await readStopRequest(directory);
  if (request !== null) {
    throw new ConfigurationError(
      `the sweep was asked to stop at ${request.requested_at}, on ${request.host}: there is nothing to take`,
      { hint: 'The command that started the sweep goes on with it.' },
    );
  }
  const { concurrency, once, argv, notify } = options;
  const member = await joinSweep(
    directory,
    { role: 'worker', argv: [...argv], slots: concurrency, log: null },
    { host: hostname(), pid: process.pid },
  );
  const asked = watchStopRequest(directory);
  try {
    notify(`${plural(runs.length, 'run')} in ${shortPath(directory)}; this worker takes ${concurrency} at a time`);
    const onEvent = (event: WorkEvent) => notify(textOf(event));
    const stop = AbortSignal.any([options.stop, asked.stop]);
    const kill = AbortSignal.any([options.kill, asked.kill]);
    const { ended, failed, last } = await work(directory, { concurrency, once, stop, kill, onEvent });
    return resultOf(directory, { ended, failed }, last);
  } finally {
    asked.close();
    await member.leave();
  }
}

function resultOf(log_path: string, own: { ended: number; failed: number }, { counts }: Survey): WorkResult {
  return {
    log_path,
    ...own,
    finished: counts.finished,
    free: counts.free,
    held_by_others: counts.held,
    waiting: counts.waits,
    given_up: counts['given up'],
  };
}

/** 0 when all runs are finished, 1 when some of this worker's failed, 3 when there is something left. */
export function exitCodeOf(result: WorkResult): 0 | 1 | 3 {
  if (result.failed > 0) return 1;
  return result.free + result.held_by_others + result.waiting + result.given_up > 0 ? 3 : 0;
}

function textOf(event: WorkEvent): string {
  if (event.type === 'waiting') {
    const { held, waits } = event.counts;
    if (held + waits === 0) return 'nothing is left; waiting for the driver, which may plan more';
    return `nothing is free: ${held} held by others, ${waits} not ready; waiting`;
  }
  const { name } = event.run;
  if (event.type === 'took') return `took ${name}`;
  if (event.state === 'running') return `another process was quicker: ${name}`;
  if (event.isHeldBack) return `held back ${name} at step ${event.step}: its driver decides whether it goes on`;
  const why = event.error === null || event.state === 'done' ? '' : `: ${event.error.message}`;
  return `${event.state} ${name} at step ${event.step}${why}`;
}

/** @param width what a line may take, commands aside */
export function workScreen(result: WorkResult, colors: Colors, width: number): string[] {
  const { ended, failed, finished, free, held_by_others, waiting, given_up, log_path } = result;
  const counts: [number, string][] = [
    [finished, 'finished'],
    [free, 'free'],
    [held_by_others, 'held by others'],
    [waiting, 'waiting'],
    [given_up, 'given up'],
  ];
  const stands = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const failures = failed === 0 ? '' : `, of which ${failed} failed`;
  const place = quote(shortPath(log_path));
  return [
    '',
    colors.bold(`this worker has ended ${plural(ended, 'run')}${failures}`),
    ...wrappedText(`of the sweep: ${stands.join(', ')}`, width).split('\n'),
    '',
    ...columns(
      [
        [`${programName()} status ${place}`, 'see what runs where'],
        [`${programName()} report ${place}`, 'compare the configurations'],
      ],
      width,
    ),
  ];
}
