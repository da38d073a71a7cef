// What `cookbook status` does: says of a sweep, or of one run, what runs where, how far it is, and who is at work on it.

import { basename, dirname, join, resolve } from 'node:path';
import pLimit from 'p-limit';
import { inspectRunDirectory } from '../run_files/directory.ts';
import { readForeignObject } from '../run_files/foreign_json.ts';
import { leaseHolder } from '../run_files/lease.ts';
import { isFinished } from '../run_files/status.ts';
import { readStopRequest, type StopRequest } from '../run_files/stop_request.ts';
import { processesOf, type SweepProcess } from '../run_files/sweep_processes.ts';
import { isSweepDirectory, readSweepRuns, stateOf } from '../run_files/sweep_runs.ts';
import { type RunSnapshot, type RunStatus, SEEN_STATES, type SeenState } from '../run_files/types.ts';
import { DRIVER_LOG } from '../sweep/presence.ts';
import { readFileTail } from '../util/file_tail.ts';
import { objectOf, textOf } from '../util/json.ts';
import { type SearchStanding, searchOf } from './search.ts';

export interface RunStanding {
  name: string;
  directory: string;
  state: SeenState;
  /** Steps completed, and those that there are where that is known. */
  step: number;
  total_steps: number | null;
  attempt: number;
  /** Who executes it; null where nobody does. */
  host: string | null;
  pid: number | null;
  started_at: string | null;
  ended_at: string | null;
  updated_at: string | null;
  error: RunStatus['error'];
  /** What cannot be read of it. */
  problem: string | null;
  /** Somebody has asked it to stop. */
  stop_request: StopRequest | null;
}

/** What `--json` prints of a sweep; of a run its standing alone. */
export interface SweepStanding {
  log_path: string;
  /** A driver, live, decides what is run. */
  driven: boolean;
  /** What a driver that kept a log said last, where none is at work any more and something is left to do; else nothing. */
  last_words: string[];
  /** Who has its runs executed, by the name of its builder. */
  executor: string | null;
  /** The command line that goes on with it, behind the name of the program. */
  argv: string[];
  processes: SweepProcess[];
  stop_request: StopRequest | null;
  /** What decides on its runs, and which of them leads. */
  search: SearchStanding;
  states: Partial<Record<SeenState, number>>;
  runs: RunStanding[];
}

/** Few enough not to run out of file handles. */
const AT_A_TIME = 32;

export async function statusCommand(path: string): Promise<SweepStanding | RunStanding> {
  const directory = resolve(path);
  if (!(await isSweepDirectory(directory))) return await standingOf(directory);
  const planned = await readSweepRuns(directory);
  const limit = pLimit(AT_A_TIME);
  const runs = await Promise.all(planned.map((run) => limit(() => standingOf(run.directory))));
  const counted = SEEN_STATES.map((state) => [state, runs.filter((run) => run.state === state).length] as const);
  const processes = await processesOf(directory);
  const driven = processes.some(({ role, live }) => role === 'driver' && live);
  const stop_request = await readStopRequest(directory);
  const isOver = runs.length > 0 && runs.every(({ state }) => isFinished(state));
  return {
    log_path: directory,
    driven,
    last_words: driven || isOver || stop_request !== null ? [] : lastWords(join(directory, DRIVER_LOG)),
    ...commandOf(directory),
    processes,
    stop_request,
    search: await searchOf(directory, planned),
    states: Object.fromEntries(counted.filter(([, count]) => count > 0)),
    runs,
  };
}

const SHOWN_BYTES = 4_000;

/** An error has what to do about it on a line of its own. */
const SHOWN_LINES = 2;

/** The last lines of a log that say something. */
function lastWords(file: string): string[] {
  const lines = readFileTail(file, SHOWN_BYTES)?.text.split('\n') ?? [];
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-SHOWN_LINES);
}

function commandOf(directory: string): Pick<SweepStanding, 'executor' | 'argv'> {
  const { execution, argv } = readForeignObject(join(directory, 'sweep.json')).value ?? {};
  return {
    executor: textOf(objectOf(objectOf(execution).executor).builder),
    argv: Array.isArray(argv) ? argv.filter((word) => typeof word === 'string') : [],
  };
}

async function standingOf(directory: string): Promise<RunStanding> {
  const found = await inspectRunDirectory(directory);
  const holder = found?.live === true ? await leaseHolder(directory) : null;
  const { status = null, problem = null } = found ?? {};
  return {
    name: nameOf(directory, found),
    directory,
    state: stateOf(found),
    step: status?.step ?? 0,
    total_steps: status?.total_steps ?? null,
    attempt: status?.attempt ?? 0,
    host: holder?.host ?? null,
    pid: holder?.pid ?? null,
    started_at: status?.started_at ?? null,
    ended_at: status?.ended_at ?? null,
    updated_at: status?.updated_at ?? null,
    error: status?.error ?? null,
    problem,
    stop_request: await readStopRequest(directory),
  };
}

/** Of a sweep that of the directory, which tells it from others; a single run is told by the directory it lies in too. */
function nameOf(directory: string, found: RunSnapshot | null): string {
  const name = found?.record?.name ?? basename(directory);
  return name === basename(directory) ? name : `${basename(dirname(directory))}/${basename(directory)}`;
}
