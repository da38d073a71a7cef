// A server in a process of its own, as people start it: how it is connected to, what memory it takes, and its end.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = join(import.meta.dirname, '../../bin/run.js');

/** Of Linux's clock for the time of processes. */
const TICKS_PER_SECOND = 100;

export class Serving {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #data: string;

  private constructor(url: string, process: ChildProcess, data: string) {
    this.url = url;
    this.#process = process;
    this.#data = data;
  }

  /** `cookbook serve`; it has to be built. */
  static async cookbook(model: string, threads: number): Promise<Serving> {
    const data = mkdtempSync(join(tmpdir(), 'cookbook-bench-'));
    const args = ['serve', '--model', `tiny=${model}`, '--port', '0', '--data', data, '--threads', `${threads}`];
    const server = spawn(process.execPath, [...profiling(), PROGRAM, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: server.stdout })) {
      const url = /http:\S+/.exec(line)?.[0];
      if (url !== undefined) return new Serving(url, server, data);
    }
    throw new Error('the server ended before it listened');
  }

  /** Bytes that it held at most, where the system tells. */
  get peakRss(): number {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
  }

  /** That it has spent on all its threads so far, where the system tells. */
  get cpuSeconds(): number {
    const [, fields] = readFileSync(`/proc/${this.#process.pid}/stat`, 'utf8').split(') ');
    const [user, system] = fields.split(' ').slice(11, 13);
    return (Number(user) + Number(system)) / TICKS_PER_SECOND;
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
    rmSync(this.#data, { recursive: true, force: true });
  }
}

/** COOKBOOK_BENCH_PROFILE=DIRECTORY: where the server is to write what it spent its time on. */
function profiling(): string[] {
  const directory = process.env.COOKBOOK_BENCH_PROFILE;
  return directory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${directory}`];
}
