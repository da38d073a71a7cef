// One command in bubblewrap, watched until it has ended: its time, what it prints, and what all of its processes take together.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { unlessAborted } from '../../util/abort.ts';
import { endsWithThisProcess } from '../../util/child_process.ts';
import { messageOf } from '../../util/errors.ts';
import { isJsonObject } from '../../util/json.ts';
import { isCount } from '../../util/json_shape.ts';
import { boundedOutput } from '../bounded_output.ts';
import type { SandboxResult, SandboxStatus } from '../types.ts';
import { bwrapArguments, type Contained } from './arguments.ts';
import { ProcessGroup } from './process_group.ts';
import { treeUse } from './process_tree.ts';

export interface ContainedOptions {
  stdin?: string;
  signal?: AbortSignal;
  /** Looked at now and then: why the command has to end, or null. */
  overuse?(): Promise<string | null>;
}

/** Behind the standard streams. */
const STATUS_FD = 3;
const POLL_MS = 50;
/** Of the time of a look. */
const PAUSE_SHARE = 4;
/** Of bubblewrap's own messages, of which there are two. */
const MOST_STATUS_BYTES = 64 * 1024;
/** A command that is ended at a limit of the kernel dies of a signal: 128 and its number. */
const OUT_OF_CPU_TIME = 128 + 24;
const OUT_OF_MEMORY = /MemoryError|[Oo]ut of memory|Cannot allocate memory|allocation failed/;

/** @throws the signal's reason */
export async function runContained(
  contained: Contained,
  { stdin = '', signal, overuse }: ContainedOptions,
): Promise<SandboxResult> {
  signal?.throwIfAborted();
  const { limits } = contained;
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const group = ProcessGroup.open(limits.processes);
  const bwrap = ['bwrap', ...bwrapArguments(contained, STATUS_FD)];
  const [program = '', ...rest] = group?.entered(bwrap) ?? bwrap;
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], env: {} });
  endsWithThisProcess(child);
  const command = new WatchedCommand(child);
  const stdout = boundedOutput(streamOf(child, 1), limits.output_bytes, () => command.end('output', ''));
  const stderr = boundedOutput(streamOf(child, 2), limits.output_bytes, () => command.end('output', ''));
  const told = boundedOutput(streamOf(child, STATUS_FD), MOST_STATUS_BYTES, () => undefined);
  child.stdin?.on('error', () => undefined).end(stdin);

  const timer = setTimeout(() => command.end('timeout', ''), limits.seconds * 1000);
  const watch = setInterval(() => watchProcesses(command, told.text(), contained), POLL_MS);
  if (overuse !== undefined) void watchUse(command, overuse);
  try {
    const problem = await unlessAborted(signal, endOf(child));
    const { exit_code } = statusIn(told.text());
    const texts = { stdout: stdout.text(), stderr: stderr.text(), seconds: seconds() };
    if (command.ended !== null) {
      const { status, why } = command.ended;
      return { ...texts, status, exit_code: null, stderr: `${texts.stderr}${why}` };
    }
    if (exit_code === null) {
      const why = problem ?? (texts.stderr.trim() || 'bwrap ends before it has started anything');
      return { status: 'unavailable', exit_code: null, stdout: '', stderr: why, seconds: seconds() };
    }
    return { ...texts, status: statusOf(exit_code, texts.stderr), exit_code };
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    command.end('error', '');
    void group?.close();
  }
}

/** Ends a command once, and remembers why. */
class WatchedCommand {
  readonly #child: ChildProcess;
  ended: { status: SandboxStatus; why: string } | null = null;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  get isRunning(): boolean {
    return this.ended === null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** All of its processes end with bubblewrap's own. */
  end(status: SandboxStatus, why: string): void {
    if (!this.isRunning) return;
    this.ended = { status, why };
    this.#child.kill('SIGKILL');
  }
}

function watchProcesses(command: WatchedCommand, told: string, { limits }: Contained): void {
  const { pid } = statusIn(told);
  if (pid === null) return;
  // One of them is bubblewrap's.
  const most = limits.processes + 1;
  const { processes, memory_mb } = treeUse(pid, most);
  if (processes > most) command.end('error', `more than ${limits.processes} processes\n`);
  if (memory_mb > limits.memory_mb) command.end('memory', '');
}

/** One look after the other, and longer pauses after longer looks: a command that leaves much to look at slows nobody but itself. */
async function watchUse(command: WatchedCommand, overuse: () => Promise<string | null>): Promise<void> {
  while (command.isRunning) {
    const began = performance.now();
    const why = await overuse();
    if (why !== null) command.end('error', `${why}\n`);
    const pause = Math.max(POLL_MS, PAUSE_SHARE * (performance.now() - began));
    await sleep(pause, undefined, { ref: false });
  }
}

function statusOf(exit_code: number, stderr: string): SandboxStatus {
  if (exit_code === 0) return 'ok';
  if (exit_code === OUT_OF_CPU_TIME) return 'timeout';
  return OUT_OF_MEMORY.test(stderr.slice(-1000)) ? 'memory' : 'error';
}

/** What bubblewrap has told: an object of JSON a line. */
function statusIn(text: string): { pid: number | null; exit_code: number | null } {
  const objects = text.split('\n').slice(0, -1).map(parsed).filter(isJsonObject);
  const numberOf = (name: string) => objects.map((object) => object[name]).find(isCount) ?? null;
  return { pid: numberOf('child-pid'), exit_code: numberOf('exit-code') };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Resolves when it has ended and all that it printed was read; with why it could not be started, else null. */
async function endOf(child: ChildProcess): Promise<string | null> {
  const failure = once(child, 'error').then(([error]: unknown[]) => messageOf(error));
  const closed = once(child, 'close').then(() => null);
  void failure.catch(() => undefined);
  return await Promise.race([closed, failure]);
}

function streamOf(child: ChildProcess, fd: number): Readable {
  const stream = child.stdio[fd];
  return stream instanceof Readable ? stream : Readable.from([]);
}
