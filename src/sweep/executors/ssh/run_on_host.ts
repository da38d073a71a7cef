// One run on another machine: started there over a connection, and followed by its files when that is lost.

import { setTimeout as sleep } from 'node:timers/promises';
import { readStatus } from '../../../run_files/status.ts';
import { isJsonObject, textOf } from '../../../util/json.ts';
import { parsedJson } from '../../../util/json_lines.ts';
import { quote } from '../../../util/program_name.ts';
import type { Job } from '../../executor.ts';
import { commandLine, type Ended, type Host, isDisconnected, onHost } from './connection.ts';

/** The ways to a run's files, which differ in whether both machines see the same ones. */
export interface Files {
  /** Before the run is started there. */
  bring(): Promise<void>;
  /** What tells how far it is, while it runs. */
  glimpse(): Promise<void>;
  /** All of it, once it has ended. */
  fetch(): Promise<void>;
  /** Whether a process there executes it; null where that cannot be told. */
  isLive(): Promise<boolean | null>;
  /** Asks it to stop, where it looks for that. */
  ask(now: boolean): Promise<void>;
  /** What is held for it is given back. */
  close(): Promise<void>;
}

const GLIMPSE_MS = 5_000;
/** Tries to start a run on a machine that cannot be reached, and what lies between two of them. */
const MOST_TRIES = 4;
const RETRY_MS = 2_000;

/** @param begun the run is there already, under way or about to be */
export function runOnHost(host: Host, place: { directory: string; remote: string }, files: Files, begun = false): Job {
  const killed = new AbortController();
  return {
    description: `${place.remote} on ${host.host}`,
    ended: endOf(host, place, files, { killed: killed.signal, begun }).finally(() => files.close()),
    stop: () => files.ask(false),
    kill: async () => {
      try {
        await files.ask(true);
      } finally {
        // Longer than it takes to be noticed. Where the machine is not reached any more, nobody waits for it.
        setTimeout(() => killed.abort(), KILL_MS).unref();
      }
    },
  };
}

const KILL_MS = 10_000;

interface Way {
  killed: AbortSignal;
  begun: boolean;
}

async function endOf(
  host: Host,
  place: { directory: string; remote: string },
  files: Files,
  way: Way,
): Promise<string> {
  try {
    const end = way.begun ? await followed(host, files, way) : await started(host, place, files, way);
    await files.fetch();
    return end;
  } catch (error) {
    return `it could not be run on ${host.host} (${error instanceof Error ? error.message : String(error)})`;
  }
}

async function started(
  host: Host,
  { directory, remote }: { directory: string; remote: string },
  files: Files,
  way: Way,
): Promise<string> {
  const { value: before } = await readStatus(directory);
  await files.bring();
  for (let tries = 1; ; tries++) {
    const over = new AbortController();
    const glimpses = glimpsing(files, over.signal);
    const end = await onHost(host, execLine(host, remote), way.killed);
    over.abort();
    await glimpses;
    if (way.killed.aborted) return `${host.host} does not answer`;
    if (!isDisconnected(end)) return `its process on ${host.host} ended with exit code ${end.code}`;
    // Whatever has become of the connection, what has become of the run is told by its files.
    const isLive = await files.isLive();
    if (isLive !== false) return await followed(host, files, way);
    await files.glimpse().catch(() => undefined);
    const { value: after } = await readStatus(directory);
    if ((after?.attempt ?? 0) > (before?.attempt ?? 0)) return `its connection to ${host.host} was lost`;
    if (tries === MOST_TRIES) return unreachable(host, end);
    await sleep(tries * RETRY_MS, undefined, { signal: way.killed }).catch(() => undefined);
  }
}

function unreachable({ host }: Host, { complaint }: Ended): string {
  return `${host} cannot be reached: ${complaint || 'ssh does not say why'}`;
}

/** The log takes what its process says, since the connection that it would go over may be lost. */
function execLine(host: Host, remote: string): string {
  const log = quote(`${remote}/logs.log`);
  return [
    `n=$(( $(getconf _NPROCESSORS_ONLN) / ${host.slots} )); [ "$n" -gt 0 ] || n=1`,
    `COOKBOOK_THREADS=$n OMP_NUM_THREADS=$n OMP_WAIT_POLICY=PASSIVE exec ${commandLine(host, ['exec', remote])} </dev/null >/dev/null 2>>${log}`,
  ].join('; ');
}

/** To its end, without a connection that tells of it. */
async function followed(host: Host, files: Files, { killed }: Way): Promise<string> {
  while (!killed.aborted) {
    if ((await files.isLive()) === false) return `its process on ${host.host} ended`;
    await files.glimpse().catch(() => undefined);
    await sleep(RETRY_MS, undefined, { signal: killed }).catch(() => undefined);
  }
  return `${host.host} does not answer`;
}

async function glimpsing(files: Files, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await sleep(GLIMPSE_MS, undefined, { signal: over }).catch(() => undefined);
    // The next look may succeed, and the last one tells.
    if (!over.aborted) await files.glimpse().catch(() => undefined);
  }
}

/** Whether a run lives on its host, by what is seen there; null where the host does not answer. */
export async function livesThere(host: Host, remote: string): Promise<boolean | null> {
  const end = await onHost(host, commandLine(host, ['status', remote, '--json']));
  if (isDisconnected(end)) return null;
  const standing = parsedJson(end.stdout);
  return isJsonObject(standing) && textOf(standing.state) === 'running';
}
