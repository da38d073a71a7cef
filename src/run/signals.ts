// SIGINT and SIGTERM as a request to stop: the first is asked for, the second ends the process as it would without us.
//
// A signal that is listened to no longer ends a process by itself, and Node tells of it when the main thread is free, which one
// that spins never is. So only what has something to save listens, and while it does, a thread beside the main one watches
// that signals are answered; everything else leaves them to the system, which ends the process whatever it is doing.

import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';
import { nativeWork } from '../util/native_work.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** `timeout`, and others, signal a process and then its group: the same signal so soon after the first is the first one still. */
const SAME_MS = 200;

export interface StopRequest {
  readonly signal: AbortSignal;
  /** Resolves once a main thread that is held would be noticed: wait for it before work that may hold it. */
  readonly watched: Promise<void>;
  /** Gives the signals back to the system. */
  dispose(): void;
}

/** Those that wait for a signal; the newest gets the next one. */
const waiting: (() => void)[] = [];
let watch: Worker | null = null;
let watched: Promise<void> = Promise.resolve();
/** Whether this thread listens, and how many signals it has answered, in memory that the other one reads. */
const listening = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
const answers = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Listens until the first signal, which aborts. A process that was started with an IPC channel also stops when its parent is gone. */
export function stopOnSignals(): StopRequest {
  const controller = new AbortController();
  const forget = () => {
    const index = waiting.indexOf(stop);
    if (index >= 0) waiting.splice(index, 1);
    process.off('disconnect', stop);
  };
  const stop = () => {
    Atomics.add(answers, 0, 1);
    forget();
    controller.abort();
  };
  waiting.push(stop);
  listen();
  process.on('disconnect', stop);
  // Undefined without such a channel; false when it was closed before anybody listened.
  if (process.connected === false) stop();
  return {
    signal: controller.signal,
    watched,
    dispose() {
      forget();
      if (waiting.length === 0) void release();
    },
  };
}

function listen(): void {
  if (watch !== null) return;
  for (const name of SIGNALS) process.on(name, answer);
  Atomics.store(listening, 0, 1);
  const thread = new Worker(new URL('../../bin/signal_watch.cjs', import.meta.url), {
    workerData: {
      signals: SIGNALS.map((name) => constants.signals[name]),
      listening,
      answers,
      nativeWork,
      sameMs: SAME_MS,
      parent: process.connected === true ? process.ppid : null,
    },
    execArgv: ['--expose-internals', '--no-warnings'],
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 },
  });
  thread.on('message', () => thread.postMessage(null));
  watched = new Promise((resolve) => {
    thread.once('message', () => {
      // Until then it keeps the process alive, which waits for it.
      thread.unref();
      resolve();
    });
    // On a Node without that binding there is no such thread, and signals wait until the main one is free.
    thread.once('error', () => resolve());
  });
  watch = thread;
}

/** The signal that was heard last, and when it had been answered. */
let heard: { signal: NodeJS.Signals; at: number } | null = null;

function answer(signal: NodeJS.Signals): void {
  if (heard?.signal === signal && performance.now() - heard.at < SAME_MS) {
    // The thread has counted it too.
    Atomics.add(answers, 0, 1);
    return;
  }
  answerNew(signal);
  heard = { signal, at: performance.now() };
}

function answerNew(signal: NodeJS.Signals): void {
  const next = waiting.at(-1);
  if (next === undefined) void release().then(() => process.kill(process.pid, signal));
  else next();
}

/** Nobody listens any more, here or in the thread: a signal does what it does to any process. */
async function release(): Promise<void> {
  for (const name of SIGNALS) process.off(name, answer);
  Atomics.store(listening, 0, 0);
  const thread = watch;
  watch = null;
  await thread?.terminate();
}
