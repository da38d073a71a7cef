// Follows a run from outside, by nothing but its files: status.json as it is replaced, metrics.jsonl as it grows and is cut back.

import { watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../util/errors.ts';
import { LineTail } from '../util/line_tail.ts';
import { parseRow, type Row } from './metrics_log.ts';
import { readStatus } from './status.ts';
import type { RunStatus } from './types.ts';

export type RunChange =
  | { type: 'status'; status: RunStatus }
  /** Rows that are new. `anew`: the log was cut back, as by a run that resumes, and these are all that it holds now. */
  | { type: 'rows'; rows: Row[]; anew: boolean }
  /** A file could not be read; told once for as long as it stays the same. */
  | { type: 'problem'; message: string };

export interface RunWatch {
  /** Tells what there is still to tell, and ends. */
  close(): Promise<void>;
}

/** File systems shared by several machines do not tell of what another one has written. */
const POLL_MS = 1_000;
/** A run may write a thousand times a second; nobody reads as fast. */
const PAUSE_MS = 100;

export interface WatchOptions {
  /** Between two looks at the files. */
  pauseMs?: number;
  /** Between two looks where the system tells of no change. */
  pollMs?: number;
  /** Of the rows that are there at first, only those in so many bytes at the end; all if absent. */
  newestBytes?: number;
}

/** Tells of what is there, and then of every change. A directory that does not exist yet, or no longer, is no problem. */
export function watchRun(
  directory: string,
  onChange: (change: RunChange) => void,
  { pauseMs = PAUSE_MS, pollMs = POLL_MS, newestBytes = Number.POSITIVE_INFINITY }: WatchOptions = {},
): RunWatch {
  const look = looker(directory, newestBytes, onChange);
  const closing = new AbortController();
  let looks = Promise.resolve();
  let due = false;
  const lookSoon = () => {
    if (due || closing.signal.aborted) return;
    due = true;
    looks = looks.then(async () => {
      due = false;
      await look();
      await sleep(pauseMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
    });
  };
  let stopListening = listen(directory, lookSoon);
  const poll = () => {
    stopListening ??= listen(directory, lookSoon);
    lookSoon();
  };
  const timer = setInterval(poll, pollMs).unref();
  lookSoon();
  return {
    async close() {
      closing.abort();
      clearInterval(timer);
      stopListening?.();
      await looks;
      await look();
    },
  };
}

/** Null where the system cannot tell of changes, for want of watches or of the directory: polling has to do. */
function listen(directory: string, onEvent: () => void): (() => void) | null {
  try {
    const watcher = watch(directory, { persistent: false }, onEvent);
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return null;
  }
}

function looker(directory: string, newestBytes: number, onChange: (change: RunChange) => void): () => Promise<void> {
  const tail = new LineTail(join(directory, 'metrics.jsonl'), newestBytes);
  let updated = '';
  const problems = new Map<string, string | null>();
  const note = (file: string, problem: string | null) => {
    if (problem !== null && problems.get(file) !== problem) onChange({ type: 'problem', message: problem });
    problems.set(file, problem);
  };
  return async () => {
    const { value: status, problem } = await readStatus(directory);
    note('status.json', problem);
    const text = JSON.stringify(status);
    if (status !== null && text !== updated) onChange({ type: 'status', status });
    updated = text;
    try {
      for (let pieces = 0, more = true; more && pieces < MOST_PIECES; pieces++) {
        const { lines, anew, isMore } = await tail.read();
        const rows = lines.map(parseRow).filter((row) => row !== null);
        if (rows.length > 0 || anew) onChange({ type: 'rows', rows, anew });
        if (lines.length > 0)
          note('metrics.jsonl', rows.length < lines.length ? 'metrics.jsonl: lines are damaged' : null);
        more = isMore;
      }
    } catch (error) {
      note('metrics.jsonl', `metrics.jsonl: ${messageOf(error)}`);
    }
  };
}

/** Of one look; the next one goes on from there. */
const MOST_PIECES = 64;
