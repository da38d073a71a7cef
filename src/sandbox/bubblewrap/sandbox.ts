// Programs of any language that this machine has, in bubblewrap: namespaces of the Linux kernel without network, files or other
// processes. Each run has an empty machine of its own.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { requireRun } from '../checked_run.ts';
import type { Sandbox, SandboxOptions, SandboxResult, SandboxRun, SandboxSession } from '../types.ts';
import { type Mount, WORK } from './arguments.ts';
import { runContained } from './contained.ts';
import { type Interpreter, interpreters } from './languages.ts';
import { openSession } from './session.ts';

export interface BubblewrapOptions {
  concurrency: number;
  /** The interpreter of Python; null = /usr/bin/python3. */
  python: string | null;
  /** Directories of this machine that programs may read. */
  read_only_paths: readonly string[];
}

export function bubblewrapSandbox(options: BubblewrapOptions): Sandbox {
  return new BubblewrapSandbox(options);
}

class BubblewrapSandbox implements Sandbox {
  readonly name = 'bubblewrap';
  readonly languages: readonly string[];
  readonly #interpreters: ReadonlyMap<string, Interpreter>;
  readonly #limit: <T>(work: () => Promise<T>) => Promise<T>;
  readonly #readable: Mount[];

  constructor({ concurrency, python, read_only_paths }: BubblewrapOptions) {
    this.#interpreters = interpreters(python);
    this.languages = [...this.#interpreters.keys()];
    this.#limit = pLimit(concurrency);
    this.#readable = read_only_paths.map((path) => ({ from: path, to: path }));
  }

  async run(run: SandboxRun, { signal }: SandboxOptions = {}): Promise<SandboxResult> {
    requireRun(this, run);
    return await this.#limit(async () => await this.#run(run, signal));
  }

  async openSession(): Promise<SandboxSession> {
    return await openSession({ limit: this.#limit, readable: this.#readable });
  }

  async close(): Promise<void> {}

  async #run({ language, files, entry, stdin, limits }: SandboxRun, signal?: AbortSignal): Promise<SandboxResult> {
    signal?.throwIfAborted();
    const { command = [], paths = [], reserved_mb } = this.#interpreters.get(language) ?? {};
    const directory = await mkdtemp(join(tmpdir(), 'cookbook-sandbox-'));
    try {
      const mounts = await writeFiles(directory, files);
      const readable = paths.map((path) => ({ from: path, to: path }));
      const heap = language === 'javascript' ? [`--max-old-space-size=${limits.memory_mb}`] : [];
      return await runContained(
        {
          command: [...command, ...heap, entry],
          directory: WORK,
          mounts: [...readable, ...this.#readable, ...mounts],
          limits,
          reserved_mb,
        },
        { stdin, signal },
      );
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
}

/** Each is shown in the working directory by itself: what is written beside them is gone with the sandbox. */
async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<Mount[]> {
  return await Promise.all(
    Object.entries(files).map(async ([path, text], i) => {
      const from = join(directory, String(i));
      await writeFile(from, text);
      return { from, to: join(WORK, path) };
    }),
  );
}
