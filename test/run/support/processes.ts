// Real processes under test: started, told a line, read a line at a time, and killed when the test ends.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export function supportFile(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

export class TestProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #closed: Promise<unknown>;
  stderr = '';

  constructor(args: string[], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}) {
    this.#child = spawn(process.execPath, args, { ...options, env: { ...process.env, ...options.env } });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#closed = once(this.#child, 'close');
    // It may be dead when it is written to; what it said before that is what counts.
    this.#child.stdin.on('error', () => undefined);
    onTestFinished(() => this.kill('SIGKILL'));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The next line of stdout; null when there will be none. */
  async line(): Promise<string | null> {
    const { value, done } = await this.#lines.next();
    return done === true ? null : value;
  }

  /** Writes all that there will be on its stdin. */
  feed(text: string): void {
    this.#child.stdin.end(text);
  }

  async ask(command: string): Promise<string | null> {
    this.#child.stdin.write(`${command}\n`);
    return await this.line();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async kill(name: NodeJS.Signals): Promise<void> {
    this.signal(name);
    await this.#closed;
  }

  /** Resolves with the exit code, or the signal that ended it. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    await this.#closed;
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  /** Resolves once its stderr holds a text. */
  async says(text: string): Promise<void> {
    while (!this.stderr.includes(text)) await once(this.#child.stderr, 'data');
  }

  /** Everything on its stdout that was not read yet, once it has ended. */
  async rest(): Promise<string> {
    let text = '';
    for (let line = await this.line(); line !== null; line = await this.line()) text += `${line}\n`;
    return text;
  }

  /** Resolves once the system has stopped it. Linux only. */
  async stopped(): Promise<void> {
    while (!(await readFile(`/proc/${this.pid}/stat`, 'utf8')).includes(') T ')) await setImmediate();
  }
}
