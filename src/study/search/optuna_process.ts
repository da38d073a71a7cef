// The process that a search asks: a JSON object on a line there, one on a line back. It ends when its input does, so it
// outlives nobody.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endsWithThisProcess } from '../../util/child_process.ts';
import { ConfigurationError, messageOf } from '../../util/errors.ts';
import { errorCode } from '../../util/files.ts';
import { isJsonObject, type JsonObject } from '../../util/json.ts';
import { parsedJson } from '../../util/json_lines.ts';
import { printable } from '../../util/printable.ts';
import { shown } from '../../util/shown.ts';

const SCRIPT = fileURLToPath(new URL('../../../adapters/python/optuna_search.py', import.meta.url));
const LAST_WORDS = 500;

export class OptunaProcess {
  readonly #python: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<ConfigurationError>;
  #words = '';
  #isOver = false;

  constructor(python: string) {
    this.#python = python;
    this.#child = spawn(python, ['-u', SCRIPT], { stdio: 'pipe' });
    endsWithThisProcess(this.#child);
    const { stdin, stdout, stderr } = this.#child;
    // Whoever writes to a process that has gone is told by its end.
    stdin.on('error', () => undefined);
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#words = `${this.#words}${text}`.slice(-LAST_WORDS);
    });
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => {
      const end = (why: ConfigurationError) => {
        this.#isOver = true;
        resolve(why);
      };
      this.#child.once('error', (error) => end(this.#neverStarted(error)));
      this.#child.once('close', (code, signal) => end(this.#died(signal ?? `exit code ${code}`)));
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** One question at a time. @throws ConfigurationError where the process cannot be started, dies, or says what is no answer */
  async ask(question: JsonObject): Promise<JsonObject> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    const line = await Promise.race([this.#lines.next(), this.#ended]);
    if (line instanceof ConfigurationError) throw line;
    if (line.done === true) throw await this.#ended;
    const answer = parsedJson(line.value);
    if (isJsonObject(answer)) return answer;
    throw new ConfigurationError(`search optuna: ${this.#python} says ${shown(line.value)}, which is no JSON object`);
  }

  /** It has nothing to lose: a question that is under way is given up. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #neverStarted(error: Error): ConfigurationError {
    const why = errorCode(error) === 'ENOENT' ? 'there is no such program' : messageOf(error);
    return new ConfigurationError(`search optuna: ${this.#python} cannot be started: ${why}`, {
      hint: 'Install Python and Optuna (python3 -m pip install "optuna==5.*"), or name an interpreter that has it with search.python.',
      cause: error,
    });
  }

  #died(how: string): ConfigurationError {
    const said = printable(this.#words.trim().split('\n').at(-1) ?? '');
    return new ConfigurationError(`search optuna: ${this.#python} ended by ${how}${said === '' ? '' : `: ${said}`}`);
  }
}
