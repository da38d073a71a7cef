// A worker of the benchmark in a process of its own: one job a line in, one answer a line out.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Answer {
  seconds: number;
  peak_rss: number;
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export class Peer {
  readonly name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #stderr = '';

  private constructor(name: string, command: string, args: string[], threads: number) {
    this.name = name;
    const env = { ...process.env, OMP_NUM_THREADS: `${threads}`, MKL_NUM_THREADS: `${threads}` };
    this.#child = spawn(command, args, { env });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static engine(threads: number): Peer {
    return new Peer(
      'cookbook',
      process.execPath,
      [here('../../node_modules/jiti/lib/jiti-cli.mjs'), here('worker.ts')],
      threads,
    );
  }

  static torch(python: string, threads: number): Peer {
    return new Peer('PyTorch', python, [here('worker.py')], threads);
  }

  async ask(job: object): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(job)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`${this.name} ended: ${this.#stderr.slice(-2000)}`);
    return JSON.parse(value);
  }

  stop(): void {
    this.#child.kill();
  }
}
