// JavaScript in QuickJS, an interpreter in WebAssembly: a program reaches nothing but what it is given, and takes no more than it may.

import pLimit from 'p-limit';
import { messageOf } from '../../util/errors.ts';
import { requireRun } from '../checked_run.ts';
import type { Sandbox, SandboxOptions, SandboxResult, SandboxRun } from '../types.ts';
import { QuickJsMachine } from './machine.ts';

/** @param concurrency programs that run at a time, each in a process */
export function quickJsSandbox(concurrency: number): Sandbox {
  return new QuickJsSandbox(concurrency);
}

class QuickJsSandbox implements Sandbox {
  readonly name = 'quickjs';
  readonly languages = ['javascript'];
  readonly #limit: <T>(work: () => Promise<T>) => Promise<T>;
  readonly #idle: QuickJsMachine[] = [];
  #isClosed = false;

  constructor(concurrency: number) {
    this.#limit = pLimit(concurrency);
  }

  async run(run: SandboxRun, { signal }: SandboxOptions = {}): Promise<SandboxResult> {
    requireRun(this, run);
    return await this.#limit(async () => {
      signal?.throwIfAborted();
      const began = performance.now();
      const answer = await this.#answer(run, signal);
      return { ...answer, seconds: (performance.now() - began) / 1000 };
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const machine of this.#idle.splice(0)) machine.close();
  }

  async #answer(run: SandboxRun, signal: AbortSignal | undefined): Promise<Omit<SandboxResult, 'seconds'>> {
    let machine: QuickJsMachine;
    try {
      machine = this.#living() ?? (await QuickJsMachine.start());
    } catch (error) {
      const stderr = `QuickJS: ${messageOf(error)}`;
      return { status: 'unavailable', exit_code: null, stdout: '', stderr };
    }
    try {
      return await machine.run(run, signal);
    } finally {
      if (machine.isSpent || this.#isClosed) machine.close();
      else this.#idle.push(machine);
    }
  }

  /** One that waits for a program; some other cause may have ended it in the meantime. */
  #living(): QuickJsMachine | undefined {
    let machine = this.#idle.pop();
    while (machine?.isSpent) machine = this.#idle.pop();
    return machine;
  }
}
