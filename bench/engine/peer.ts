// A worker of the benchmark in a process of its own: one job a line in, one answer a line out.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Answer {
  seconds: number;
  peak_rss: number;
}

interface Worker {
  name: string;
  command: string;
  args: string[];
  threads: number;
  /** What the worker is told to load, besides the number of threads. */
  load: object;
}

/** How a worker in TypeScript is started. */
export const typescript = (path: string) => ({ command: process.execPath, args: [JITI, path] });

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const JITI = here('../../node_modules/jiti/lib/jiti-cli.mjs');

export class Peer {
  readonly name: string;
  readonly #load: object;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #started = performance.now();
  #stderr = '';

  constructor({ name, command, args, threads, load }: Worker) {
    this.name = name;
    this.#load = { ...load, threads };
    const env = {
      ...process.env,
      OMP_NUM_THREADS: `${threads}`,
      MKL_NUM_THREADS: `${threads}`,
      // Compiling is part of the first step, also where an earlier benchmark compiled the same.
      TORCHINDUCTOR_FORCE_DISABLE_CACHES: '1',
    };
    this.#child = spawn(command, args, { env });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    // A job for a worker that ended is an error of its answer.
    this.#child.stdin.on('error', () => undefined);
    this.#child.on('error', ({ message }) => {
      this.#stderr += message;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static engine(load: object, threads: number): Peer {
    return new Peer({
      name: 'precision' in load ? `cookbook, ${load.precision}` : 'cookbook',
      ...typescript(here('worker.ts')),
      load,
      threads,
    });
  }

  static torch(python: string, load: object, threads: number): Peer {
    const name = 'compile' in load ? 'PyTorch, compiled' : 'bfloat16' in load ? 'PyTorch, bfloat16' : 'PyTorch';
    return new Peer({ name, command: python, args: [here('worker.py')], load, threads });
  }

  static llama(python: string, gguf: string, threads: number): Peer {
    return new Peer({
      name: 'llama.cpp',
      command: python,
      args: [here('llama_worker.py')],
      load: { load: gguf },
      threads,
    });
  }

  /** Loads the model; seconds that it took, and seconds since the process was started. */
  async load(): Promise<{ seconds: number; sinceStart: number }> {
    const { seconds } = await this.ask(this.#load);
    return { seconds, sinceStart: (performance.now() - this.#started) / 1000 };
  }

  async ask<A extends Answer = Answer>(job: object): Promise<A> {
    this.#child.stdin.write(`${JSON.stringify(job)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`ended: ${this.#stderr.trim().split('\n').slice(-2).join(' ').slice(-400)}`);
    return JSON.parse(value);
  }

  /** Lets the process end, so that the next one has the memory and the cores. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}
