// A program on a pseudo-terminal, which `script` of util-linux makes: what it shows there, and what is typed.

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const RUN_JS = join(import.meta.dirname, '../../bin/run.js');

/** Tests on a terminal are skipped, and listed as such, on a system without the program. */
export const hasTerminals = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;

export class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<unknown>;
  /** Everything that was written to the screen, control codes included. */
  screen = '';

  /** Starts `cookbook ARGS` on a terminal of so many columns. */
  constructor(args: readonly string[], { cwd, columns = 80 }: { cwd: string; columns?: number }) {
    const words = [process.execPath, RUN_JS, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    const command = `stty cols ${columns} rows 24; exec ${words.join(' ')}`;
    this.#child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd,
      env: { ...process.env, NO_COLOR: '1', NODE_ENV: '' },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.screen += text;
    });
    this.#child.stdin.on('error', () => undefined);
    this.#closed = once(this.#child, 'close');
    onTestFinished(async () => {
      this.#child.kill('SIGKILL');
      await this.#closed;
    });
  }

  /** What is to be seen in the end, line by line. */
  lines(): string[] {
    return rendered(this.screen);
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Resolves once the screen has shown a text. */
  async shows(text: string | RegExp): Promise<void> {
    const isShown = () => (typeof text === 'string' ? this.screen.includes(text) : text.test(this.screen));
    while (!isShown()) await once(this.#child.stdout, 'data');
  }

  /** Sends a signal to the program itself, which `script` has started. Linux only. */
  async signal(name: NodeJS.Signals): Promise<void> {
    const { pid } = this.#child;
    const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ');
    process.kill(Number(child), name);
  }

  /** Resolves with the exit code of the program; that of one ended by a signal is 128 and the signal's number. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }
}

const ESCAPE = '\u001b[';
const TOKENS = /\p{Cc}\[\d*[A-Z]|./gsu;

/** The lines that the control codes of our reporters leave on a screen that is high and wide enough. */
function rendered(output: string): string[] {
  const lines = [''];
  let row = 0;
  let column = 0;
  for (const token of output.match(TOKENS) ?? []) {
    const command = token.startsWith(ESCAPE) ? token.at(-1) : undefined;
    const count = Number.parseInt(token.slice(2), 10);
    if (command === 'A') row = Math.max(0, row - count);
    else if (command === 'J') lines.splice(row, lines.length, (lines[row] ?? '').slice(0, column));
    else if (token === '\r') column = 0;
    else if (token === '\n') {
      row += 1;
      lines[row] ??= '';
    } else {
      const line = (lines[row] ?? '').padEnd(column);
      lines[row] = line.slice(0, column) + token + line.slice(column + 1);
      column += 1;
    }
  }
  return lines;
}
