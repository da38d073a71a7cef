// What runs code that nobody vouches for: a program in, what it printed and how it ended out. Which bounds hold, and what each
// sandbox keeps a program from, is told in docs/sandboxes.md.

import { defineSlot } from '../registry/slot.ts';

export interface SandboxLimits {
  /** How long a program may take. */
  seconds: number;
  memory_mb: number;
  /** Of standard output, and of standard error. */
  output_bytes: number;
  /** Processes and threads at a time, the first included. */
  processes: number;
}

/** A program: its files, the one that is run, and what it reads. */
export interface SandboxRun {
  /** One of the sandbox's `languages`. */
  language: string;
  /** Texts by their paths below the working directory. */
  files: Readonly<Record<string, string>>;
  /** Which of them is run. */
  entry: string;
  stdin?: string;
  limits: SandboxLimits;
}

/**
 * - `ok`: the program came to its end, with the exit code 0.
 * - `error`: it failed by itself, with another exit code or by a signal.
 * - `timeout`, `memory`, `output`: it was ended at a limit. A limit on processes shows in the program, as an error of it.
 * - `unavailable`: the sandbox could not run it. That says nothing of the program.
 */
export const SANDBOX_STATUSES = ['ok', 'error', 'timeout', 'memory', 'output', 'unavailable'] as const;
export type SandboxStatus = (typeof SANDBOX_STATUSES)[number];

export interface SandboxResult {
  status: SandboxStatus;
  /** Null where it was ended, or never began. */
  exit_code: number | null;
  /** Cut at `output_bytes`. */
  stdout: string;
  /** The same; where the sandbox is unavailable, why. */
  stderr: string;
  seconds: number;
}

export interface SandboxOptions {
  /** Aborted when nobody waits for the program any more: it is ended, and `run` is rejected with the reason. */
  signal?: AbortSignal;
}

/** Directories `/app`, `/logs` and `/tests` in which commands run one after the other, each with what those before have left in it. */
export interface SandboxSession {
  /** A command line for bash. */
  exec(command: string, limits: SandboxLimits, options?: SandboxOptions): Promise<SandboxResult>;
  /** Puts a file below a directory of the session, such as `/app/data.txt`. */
  write(path: string, contents: string | Uint8Array, options?: { isExecutable?: boolean }): Promise<void>;
  /** Takes away all that is in one of the directories. */
  clear(directory: '/app' | '/logs' | '/tests'): Promise<void>;
  /** The text of a regular file, up to `most` bytes; null where there is none. */
  read(path: string, most: number): Promise<string | null>;
  close(): Promise<void>;
}

/** Runs any number of programs at a time; those that it has no room for wait. Nothing of one run is there in another. */
export interface Sandbox {
  /** For people. */
  readonly name: string;
  /** Of programs: `javascript`, `python`, `bash`. */
  readonly languages: readonly string[];
  run(run: SandboxRun, options?: SandboxOptions): Promise<SandboxResult>;
  /** Absent where a sandbox has no shell. */
  openSession?(): Promise<SandboxSession>;
  close(): Promise<void>;
}

export interface SandboxContext {
  warn(message: string): void;
}

export const sandboxSlot = defineSlot<SandboxContext, Sandbox>({
  name: 'sandbox',
  doc: 'Where programs of a model run: what keeps them from files, networks and the rest of the machine.',
});
