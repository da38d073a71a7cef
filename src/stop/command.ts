// What `cookbook stop` does: leaves requests where a driver, workers and runs look for them, on whichever machine they are.

import { resolve } from 'node:path';
import pLimit from 'p-limit';
import type { Colors } from 'picocolors/types.js';
import { columns } from '../run/reporters/final_screen.ts';
import { inspectRunDirectory } from '../run_files/directory.ts';
import { isFinished } from '../run_files/status.ts';
import { writeStopRequest } from '../run_files/stop_request.ts';
import { processesOf } from '../run_files/sweep_processes.ts';
import { isNoSweep, isSweepDirectory, namedRuns, readSweepRuns, stateOf } from '../run_files/sweep_runs.ts';
import { ConfigurationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { plural } from '../util/plural.ts';
import { programName, quote } from '../util/program_name.ts';
import { wrappedText } from '../util/wrapped.ts';

/** What `--json` prints. */
export interface StopResult {
  directory: string;
  now: boolean;
  /** The sweep as a whole: nothing of it is started any more. */
  sweep: boolean;
  /** Processes that were at work on it, to which the request goes. */
  processes: { role: string; host: string; pid: number }[];
  /** Runs that were asked, by the names of their directories; of a whole sweep those that ran. */
  running: string[];
  /** Runs that did not run, and will not be started before somebody asks for them. */
  held_back: string[];
  /** Runs that are over, of which nothing was asked. */
  finished: string[];
}

const AT_A_TIME = 32;

export async function stopCommand(path: string, words: readonly string[], now: boolean): Promise<StopResult> {
  const directory = resolve(path);
  const result: StopResult = {
    directory,
    now,
    sweep: false,
    processes: [],
    running: [],
    held_back: [],
    finished: [],
  };
  if (!(await isSweepDirectory(directory))) {
    if (words.length > 0) throw isNoSweep(directory);
    await ask(directory, directory, now, result, true);
    return result;
  }
  const runs = await readSweepRuns(directory);
  const limit = pLimit(AT_A_TIME);
  if (words.length > 0) {
    const named = namedRuns(runs, words, directory);
    for (const run of named) await ask(run.name, run.directory, now, result, true);
    return result;
  }
  // First, so that nothing is started any more while its runs are asked one by one.
  await writeStopRequest(directory, now);
  result.sweep = true;
  result.processes = (await processesOf(directory))
    .filter(({ live }) => live)
    .map(({ role, host, pid }) => ({ role, host, pid }));
  await Promise.all(runs.map((run) => limit(() => ask(run.name, run.directory, now, result, false))));
  return result;
}

/** @param holdsBack also one that does not run */
async function ask(name: string, directory: string, now: boolean, result: StopResult, holdsBack: boolean) {
  const found = await inspectRunDirectory(directory);
  const state = stateOf(found);
  if (isFinished(state)) result.finished.push(name);
  else if (state === 'running') {
    await writeStopRequest(directory, now);
    result.running.push(name);
  } else if (holdsBack) {
    if (found === null) {
      throw new ConfigurationError(`${name} is not prepared yet: there is no directory to leave a request in`, {
        hint: 'Stop the sweep as a whole, or leave the point out of its file.',
      });
    }
    await writeStopRequest(directory, now);
    result.held_back.push(name);
  }
}

/** @param width what a line may take, commands aside */
export function stopScreen(result: StopResult, colors: Colors, width: number): string[] {
  const { directory, processes, running, held_back, finished, now, sweep } = result;
  const how = now ? 'to end at once' : 'to save a checkpoint and stop';
  const lines: string[] = [];
  if (running.length > 0) lines.push(`${plural(running.length, 'run')} asked ${how}`);
  for (const { role, host, pid } of processes) lines.push(`the ${role}, process ${pid} on ${host}, asked to stop`);
  if (held_back.length > 0) lines.push(`${plural(held_back.length, 'run')} held back until somebody asks for it again`);
  if (finished.length > 0 && !sweep) lines.push(`${plural(finished.length, 'run')} finished already`);
  const nobody = running.length === 0 && processes.length === 0;
  if (sweep && nobody)
    lines.push('nothing of it runs; workers will take none of its runs until the sweep is started again');
  const place = quote(shortPath(directory));
  const isDone = running.length === 0 && held_back.length === 0 && !sweep;
  return [
    '',
    ...lines.flatMap((line, i) => wrappedText(i === 0 ? colors.bold(line) : line, width).split('\n')),
    '',
    ...columns(
      isDone
        ? [[`${programName()} report ${place}`, 'see what it has come to']]
        : [[`${programName()} status ${place}`, 'see who has stopped, each after its step']],
      width,
    ),
  ];
}
