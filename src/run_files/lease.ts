// The lease: at most one process writes to a run directory, and a dead one's place is taken by exactly one other.

import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunDirectoryError } from '../util/errors.ts';
import { fileSystemNow } from '../util/file_clock.ts';
import { createFileAtomic, errorCode, explainingFailure, jsonText, readJson, shortPath } from '../util/files.ts';
import { isJsonObject, numberOf, textOf } from '../util/json.ts';
import { parsedJson } from '../util/json_lines.ts';
import { holderIsLive, processState, SILENCE_LIMIT_MS, thisProcess } from '../util/liveness.ts';
import { readRegularFileSync } from '../util/regular_file.ts';
import { readForeignObject } from './foreign_json.ts';
import { leaseShape } from './shapes.ts';
import type { LeaseRecord } from './types.ts';

const HEARTBEAT_MS = 5_000;
/** Without a look at the lease for this long, the process may have been frozen, and another may have taken its place. */
const UNSURE_MS = 3 * HEARTBEAT_MS;
/** The last moment for it to believe that it holds a lease that cannot be read. */
const UNTENABLE_MS = SILENCE_LIMIT_MS - UNSURE_MS;
const SUCCESSOR = 'lease.after-';

const RETRY_MS = 20;

/** A live process holds the lease. */
export class LeaseHeldError extends RunDirectoryError {}

export interface Lease {
  /**
   * Aborted when another process has taken the lease, because this one seemed dead: nothing may be written any more. Its
   * `throwIfAborted` looks at the lease itself where this process may have been frozen since the last look: ask it before every write.
   */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Makes this process the one writer of a run directory.
 * @throws LeaseHeldError naming host and pid while a live process holds the lease
 */
export async function takeLease(directory: string): Promise<Lease> {
  const path = leasePath(directory);
  const record = { token: randomUUID(), ...thisProcess(), taken_at: new Date().toISOString() };
  await explainingFailure('lock', path, () => claim(directory, record));
  return hold(path, record.token);
}

/**
 * As `takeLease`, where whoever holds the lease may do so for a moment only.
 * @throws LeaseHeldError when it is still held after `patienceMs`
 */
export async function awaitLease(directory: string, patienceMs: number): Promise<Lease> {
  for (const deadline = performance.now() + patienceMs; ; ) {
    try {
      return await takeLease(directory);
    } catch (error) {
      if (!(error instanceof LeaseHeldError) || performance.now() > deadline) throw error;
    }
    await sleep(RETRY_MS);
  }
}

/** The live process that holds a directory's lease, if one does. */
export async function leaseHolder(directory: string): Promise<LeaseRecord | null> {
  const last = (await readChain(leasePath(directory))).at(-1);
  return last !== undefined && (await isLive(last)) ? last.record : null;
}

/** @throws LeaseHeldError naming host and pid while a live process holds the lease */
export async function refuseHeld(directory: string): Promise<void> {
  const holder = await leaseHolder(directory);
  if (holder !== null) throw inUse(directory, holder);
}

/**
 * Deletes the successors of leases that are gone: links that a kill left hanging in the air. Only for the holder of the
 * lease, whose own successor, if somebody has just made one, stays.
 */
export async function tidyLeases(directory: string): Promise<void> {
  const own = (await readLink(leasePath(directory)))?.record;
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (!name.startsWith(SUCCESSOR) || (own !== undefined && path === successorPath(leasePath(directory), own)))
      continue;
    await rm(path, { force: true });
  }
}

interface Link {
  path: string;
  record: LeaseRecord;
}

/**
 * A dead lease L is never removed and made anew, since two takers could each remove what the other has just made. Its one
 * successor is the file `lease.after-<token of L>`, which only one process can create; if that process dies too, it has
 * one successor in turn. Only the maker of the last link may put it in the place of `lease`.
 */
async function claim(directory: string, record: LeaseRecord): Promise<void> {
  const path = leasePath(directory);
  const text = jsonText(record);
  while (!(await createFileAtomic(path, text))) {
    const chain = await readChain(path);
    const [head, last] = [chain[0], chain.at(-1)];
    if (head === undefined || last === undefined) continue; // given back in the meantime
    if (await isLive(last)) throw inUse(directory, last.record);
    const successor = successorPath(path, last.record);
    if (!(await createFileAtomic(successor, text))) continue; // another was quicker: it is the last link now
    // A taker that was slow to get here may follow a lease that others have long replaced. Then its link hangs in the air.
    if ((await readLink(path))?.record.token === head.record.token) {
      await rename(successor, path);
      for (const link of chain.slice(1)) await rm(link.path, { force: true });
      return;
    }
    await rm(successor, { force: true });
  }
}

async function readChain(path: string): Promise<Link[]> {
  const chain: Link[] = [];
  let next = await readLink(path);
  while (next !== null) {
    chain.push(next);
    next = await readLink(successorPath(path, next.record));
  }
  return chain;
}

async function readLink(path: string): Promise<Link | null> {
  const { value, problem } = await readJson(path, leaseShape);
  if (problem !== null) {
    throw new RunDirectoryError(`${shortPath(path)} is damaged: ${problem}`, {
      hint: 'Delete the file if no process writes to this directory.',
    });
  }
  return value === null ? null : { path, record: value };
}

async function isLive({ path, record }: Link): Promise<boolean> {
  const isFar = processState(record) === 'unknown';
  return holderIsLive(path, record, isFar ? await fileSystemNow(dirname(path)) : undefined);
}

function hold(path: string, token: string): Lease {
  const lost = new AbortController();
  const takenBy = () => lost.abort(new RunDirectoryError(`${shortPath(path)} was taken by another process`));
  let sure = moment();
  const beat = async () => {
    const began = moment();
    const found = await renew(path, token);
    if (found === 'ours') sure = began;
    else if (found === 'not ours') takenBy();
    // A file system that fails for a moment does not end a run: the next beat looks again.
  };
  const timer = setInterval(() => void beat(), HEARTBEAT_MS).unref();
  /** A process that was frozen goes on in the midst of its work, before any timer. */
  const makeSure = () => {
    const unsure = since(sure);
    if (unsure < UNSURE_MS || lost.signal.aborted) return;
    const found = look(path, token);
    if (found === 'ours') sure = moment();
    else if (found === 'not ours') takenBy();
    else if (unsure > UNTENABLE_MS) {
      lost.abort(new RunDirectoryError(`${shortPath(path)} cannot be read: another process may have taken it by now`));
    }
  };
  Object.defineProperty(lost.signal, 'throwIfAborted', {
    value: () => {
      makeSure();
      AbortSignal.prototype.throwIfAborted.call(lost.signal);
    },
  });
  return {
    lost: lost.signal,
    release: async () => {
      clearInterval(timer);
      const { value } = await readJson(path, leaseShape);
      if (value?.token === token) await rm(path, { force: true });
    },
  };
}

/** Of both clocks: one stands still while the machine sleeps, the other may be set. */
const moment = () => ({ monotonic: performance.now(), wall: Date.now() });

function since({ monotonic, wall }: ReturnType<typeof moment>): number {
  return Math.max(performance.now() - monotonic, Date.now() - wall);
}

type Found = 'ours' | 'not ours' | 'unreadable';

/**
 * Renews the heartbeat by writing the first byte of the lease again: so its time is that of the file system's own clock, which all who look
 * at it share, and the file that is written to is the one that was read, whatever has been put in its place meanwhile.
 */
async function renew(path: string, token: string): Promise<Found> {
  try {
    const file = await open(path, 'r+');
    try {
      const text = await file.readFile('utf8');
      const found = ownership(text, token);
      if (found === 'ours') await file.write(text.slice(0, 1), 0);
      return found;
    } finally {
      await file.close();
    }
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'not ours' : 'unreadable';
  }
}

/** Synchronous: nothing else of this process happens before the answer. */
function look(path: string, token: string): Found {
  try {
    return ownership(readRegularFileSync(path), token);
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'not ours' : 'unreadable';
  }
}

function ownership(text: string, token: string): Found {
  const lease = parsedJson(text);
  if (!isJsonObject(lease) || typeof lease.token !== 'string') return 'unreadable';
  return lease.token === token ? 'ours' : 'not ours';
}

function inUse(directory: string, { host, pid, taken_at }: LeaseRecord): LeaseHeldError {
  return new LeaseHeldError(
    `${shortPath(directory)} is in use by process ${pid} on ${host}, which took it at ${taken_at}`,
    { hint: `Wait until it ends or stop it. If it is certainly gone, delete ${shortPath(leasePath(directory))}.` },
  );
}

function leasePath(directory: string): string {
  return join(directory, 'lease');
}

function successorPath(path: string, { token }: LeaseRecord): string {
  return join(dirname(path), `${SUCCESSOR}${token}`);
}

/** A takeover leaves `lease` to the dead writer for a moment and stands beside it as `lease.after-…`. */
const LEASE_FILE = /^lease(\.after-[\w-]+)?$/;

/** Whether a process seems to write to a directory, for readers that no damaged lease may stop. Fields that it lacks are those of no process. */
export function looksHeld(directory: string, names: ReadonlySet<string>): boolean {
  return [...names].some((name) => {
    if (!LEASE_FILE.test(name)) return false;
    const path = join(directory, name);
    const { host, pid, process_started, boot_id, pid_namespace } = readForeignObject(path).value ?? {};
    const process = numberOf(pid);
    if (process === null || !Number.isSafeInteger(process) || process <= 0) return false;
    return holderIsLive(path, {
      host: textOf(host) ?? '',
      pid: process,
      process_started: textOf(process_started) ?? '',
      boot_id: textOf(boot_id) ?? '',
      pid_namespace: textOf(pid_namespace) ?? '',
    });
  });
}
