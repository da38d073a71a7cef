// logs.log: the plain lines of every attempt, each with its time, and the stacks of errors that nobody expected.

import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../util/errors.ts';
import { fileError } from '../util/files.ts';
import { APPEND_FLAGS } from '../util/regular_file.ts';

export class LogFile {
  readonly #path: string;
  readonly #onFailure: (message: string) => void;
  #file: number | null = null;
  #failure: string | null = null;

  /** `onFailure` is told once why the log cannot be written. It holds nothing that a run needs, so the run goes on. */
  constructor(directory: string, onFailure: (message: string) => void) {
    this.#path = join(directory, 'logs.log');
    this.#onFailure = onFailure;
  }

  write(text: string): void {
    if (this.#failure !== null) return;
    try {
      this.#file ??= openSync(this.#path, APPEND_FLAGS);
      writeSync(this.#file, `${new Date().toISOString()} ${text}\n`);
    } catch (error) {
      this.#failure = messageOf(fileError('append to', this.#path, error));
      this.#onFailure(this.#failure);
    }
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}
