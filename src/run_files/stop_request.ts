// stop_request.json: somebody asks a run, or all of a sweep, to stop, wherever it is executed. It holds until somebody asks for the run again.

import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { jsonText, readJson, writeFileAtomic } from '../util/files.ts';
import { isBoolean, isOneOf, isString, jsonShape } from '../util/json_shape.ts';

export const STOP_REQUEST = 'stop_request.json';

export interface StopRequest {
  schema_version: 1;
  /** At once, without a checkpoint. */
  now: boolean;
  requested_at: string;
  /** Machine that it was asked on. */
  host: string;
}

const requestShape = jsonShape<StopRequest>({
  schema_version: isOneOf([1]),
  now: isBoolean,
  requested_at: isString,
  host: isString,
});

/** One that cannot be read asks for nothing. */
export async function readStopRequest(directory: string): Promise<StopRequest | null> {
  return (await readJson(requestPath(directory), requestShape)).value;
}

/** Asks for it, of a run directory or of the directory of a sweep. */
export async function writeStopRequest(directory: string, now: boolean): Promise<void> {
  const request: StopRequest = {
    schema_version: 1,
    now,
    requested_at: new Date().toISOString(),
    host: hostname(),
  };
  await writeFileAtomic(requestPath(directory), jsonText(request));
}

/** What was asked is over: somebody wants it to go on. */
export async function removeStopRequest(directory: string): Promise<void> {
  await rm(requestPath(directory), { force: true });
}

/** Machines that share a file system do not tell one another of changes. */
const POLL_MS = 1_000;

export interface StopWatch {
  /** Aborted once somebody asks for a stop with a checkpoint, or for one at once. */
  readonly stop: AbortSignal;
  /** Aborted once somebody asks for a stop at once. */
  readonly kill: AbortSignal;
  close(): void;
}

/** Looks for requests until it is closed; it keeps no process alive. */
export function watchStopRequest(directory: string): StopWatch {
  const stop = new AbortController();
  const kill = new AbortController();
  let isLooking = false;
  const look = async () => {
    if (isLooking) return;
    isLooking = true;
    // Where files are on a server, this asks it anew what there is; to open a file that was not there may not.
    const names = await readdir(directory).catch((): string[] => []);
    const request = names.includes(STOP_REQUEST) ? await readStopRequest(directory) : null;
    isLooking = false;
    if (request === null) return;
    stop.abort();
    if (request.now) kill.abort();
  };
  const timer = setInterval(() => void look(), POLL_MS).unref();
  return { stop: stop.signal, kill: kill.signal, close: () => clearInterval(timer) };
}

function requestPath(directory: string): string {
  return join(directory, STOP_REQUEST);
}
