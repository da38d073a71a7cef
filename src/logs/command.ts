// What `cookbook logs` does: the last lines of a run's log, or of a sweep's driver, and those that come, across attempts.

import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspectRunDirectory } from '../run_files/directory.ts';
import { isFinished } from '../run_files/status.ts';
import { liveDriver } from '../run_files/sweep_processes.ts';
import { isNoSweep, isSweepDirectory, namedRuns, readSweepRuns, stateOf } from '../run_files/sweep_runs.ts';
import { DRIVER_LOG } from '../sweep/presence.ts';
import { ConfigurationError, RunDirectoryError } from '../util/errors.ts';
import { readFileTail } from '../util/file_tail.ts';
import { exists, shortPath } from '../util/files.ts';
import { LineTail } from '../util/line_tail.ts';
import { programName, quote } from '../util/program_name.ts';

export interface LogsOptions {
  /** Of a sweep, the name of a run; null = its driver's log. */
  run: string | null;
  /** Of those that are there. */
  lines: number;
  /** Goes on with those that come, until the run is finished or the driver has ended. */
  follow: boolean;
  stop: AbortSignal;
  print(line: string): void;
}

/** What `--json` prints. */
export interface LogsResult {
  file: string;
  lines: string[];
}

const POLL_MS = 500;

export async function logsCommand(path: string, options: LogsOptions): Promise<LogsResult> {
  const place = resolve(path);
  const directory = options.run === null ? place : await directoryOf(place, options.run);
  const isSweep = await isSweepDirectory(directory);
  const file = join(directory, isSweep ? DRIVER_LOG : 'logs.log');
  const { follow, stop } = options;
  if (!follow && !(await exists(file))) throw nothingThere(directory, isSweep);
  const tail = new LineTail(file, bytesOfLast(file, options.lines));
  const shown: string[] = [];
  const look = async (most: number) => {
    const all: string[] = [];
    for (let isMore = true; isMore; ) {
      const piece = await tail.read();
      all.push(...piece.lines);
      isMore = piece.isMore;
    }
    const lines = most === 0 ? [] : all.slice(-most);
    shown.push(...(follow ? [] : lines));
    for (const line of lines) options.print(line);
  };
  await look(options.lines);
  while (follow && !stop.aborted) {
    // Asked before the look: what is written until it is over is shown.
    const isOver = isSweep
      ? (await liveDriver(directory)) === null
      : isFinished(stateOf(await inspectRunDirectory(directory)));
    await look(Number.POSITIVE_INFINITY);
    if (isOver) break;
    await sleep(POLL_MS, undefined, { signal: stop }).catch(() => undefined);
  }
  return { file, lines: shown };
}

/** Of a run that somebody has named. */
async function directoryOf(sweep: string, name: string): Promise<string> {
  if (!(await isSweepDirectory(sweep))) throw isNoSweep(sweep);
  const [run] = namedRuns(await readSweepRuns(sweep), [name], sweep);
  if (run === undefined) throw new Error('each word names a run');
  if (!(await exists(run.directory))) throw nothingThere(run.directory, false);
  return run.directory;
}

function nothingThere(directory: string, isSweep: boolean): Error {
  if (!isSweep) {
    return new RunDirectoryError(`${shortPath(directory)} has no log yet: the run has not started`, {
      hint: `With -f its lines are shown as they come; "${programName()} status ${quote(shortPath(directory))}" shows where it stands.`,
    });
  }
  return new ConfigurationError(`${shortPath(directory)} is a sweep whose driver keeps no log`, {
    hint: `Name one of its runs: "${programName()} status ${quote(shortPath(directory))} --all" shows them.`,
  });
}

const FIRST_BYTES = 1 << 16;
const MOST_BYTES = 1 << 26;

/** So many bytes at the end of a file hold so many of its lines, or all of it, or as much as anybody reads. */
function bytesOfLast(file: string, lines: number): number {
  for (let bytes = FIRST_BYTES; bytes < MOST_BYTES; bytes *= 4) {
    const tail = readFileTail(file, bytes);
    if (tail === null || tail.isWhole || tail.text.split('\n').length > lines + 1) return bytes;
  }
  return MOST_BYTES;
}
