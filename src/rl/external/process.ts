// One process of an environment: requests are answered by their numbers, each within its time. Whatever cannot be trusted ends it:
// a line that is no JSON, an answer that nobody asked for, a flood, silence.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { unlessAborted } from '../../util/abort.ts';
import { messageOf } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, jsonProblem } from '../../util/json.ts';
import { LineSplitter } from '../../util/line_splitter.ts';
import { printable } from '../../util/printable.ts';
import { shown } from '../../util/shown.ts';
import { RolloutFailure } from '../rollout_failure.ts';
import { wrongAnswer } from './messages.ts';
import { type ExternalRequest, LONGEST_LINE } from './protocol.ts';
import { StandardError } from './standard_error.ts';

const GUARD = fileURLToPath(new URL('../../../bin/external_process.mjs', import.meta.url));
/** What it has to come to its own end, once its input is closed. */
const FAREWELL_MS = 2000;
/** What the last of its output has to arrive once it has ended. */
const LAST_WORDS_MS = 1000;

/** Characters of an error that a program tells. */
const MOST_TOLD = 2000;

export interface ProcessOptions {
  /** The program and its arguments; no shell reads them. */
  command: readonly string[];
  /** Told of lines that it writes to its standard error. */
  onWords(line: string): void;
}

interface Pending {
  /** Ends the process; wound up again with each of its answers. */
  late: NodeJS.Timeout;
  resolve(answer: JsonObject): void;
  reject(failure: RolloutFailure): void;
}

export class ExternalProcess {
  readonly #child: ChildProcess;
  readonly #words: StandardError;
  readonly #pending = new Map<number, Pending>();
  readonly #closed: Promise<void>;
  #requests = 0;
  #failure: RolloutFailure | null = null;
  #isAskedToEnd = false;

  constructor({ command, onWords }: ProcessOptions) {
    // A group of its own: Ctrl-C at the terminal reaches this process alone, and a kill reaches all that the command has started.
    this.#child = spawn(process.execPath, [GUARD, String(process.pid), ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const { stdin, stdout, stderr } = this.#child;
    this.#words = new StandardError(onWords);
    this.#closed = endOf(this.#child).then(
      () => this.#gone(),
      (error: unknown) => this.#kill(died(messageOf(error))),
    );
    // Whoever writes to a process that has gone is told by its end.
    stdin?.on('error', () => undefined);
    stderr?.on('data', (chunk: Buffer) => this.#words.take(chunk));
    const lines = new LineSplitter(LONGEST_LINE);
    stdout?.on('data', (chunk: Buffer) => {
      try {
        for (const line of lines.push(chunk)) this.#answer(line);
      } catch (error) {
        this.#kill(
          error instanceof RolloutFailure ? error : wrongAnswer(`it floods its standard output: ${messageOf(error)}`),
        );
      }
    });
  }

  /** Why it takes no more requests; null while it does. */
  get failure(): RolloutFailure | null {
    return this.#failure;
  }

  /**
   * @param seconds without an answer to anything after which it counts as hung, and is killed: it may answer one after the other
   * @throws RolloutFailure where it dies, hangs, breaks the protocol or answers with an error; the reason of the signal
   */
  async ask(request: ExternalRequest, seconds: number, signal?: AbortSignal): Promise<JsonObject> {
    if (this.#failure !== null) throw this.#failure;
    const id = this.#requests++;
    const why = new RolloutFailure('external_timeout', `${request.method} took longer than ${seconds} seconds`);
    // It hangs for all, whether or not somebody still waits for this answer.
    const late = setTimeout(() => this.#kill(why), 1000 * seconds);
    const answered = new Promise<JsonObject>((resolve, reject) => this.#pending.set(id, { late, resolve, reject }));
    void answered.catch(() => undefined).finally(() => clearTimeout(late));
    this.#child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    const answer = await unlessAborted(signal, answered);
    const { error = null } = answer;
    if (error === null) return answer;
    throw new RolloutFailure(
      'external_error',
      `${request.method}: ${printable(typeof error === 'string' ? error.slice(0, MOST_TOLD) : shown(error))}`,
    );
  }

  /** Lets it come to an end by itself, and ends it where it does not. */
  async end(): Promise<void> {
    this.#isAskedToEnd = true;
    this.#failure ??= died('it was asked to end');
    this.#child.stdin?.end();
    const late = setTimeout(() => this.#killGroup(), FAREWELL_MS);
    await this.#closed;
    clearTimeout(late);
  }

  #answer(line: Buffer): void {
    if (this.#failure !== null && !this.#isAskedToEnd) return;
    const answer = parsed(line);
    const { id } = answer;
    const asked = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (typeof id !== 'number' || asked === undefined)
      throw wrongAnswer(`it answers the request ${shown(id)}, which nobody has made, or which it has answered`);
    this.#pending.delete(id);
    for (const { late } of this.#pending.values()) late.refresh();
    asked.resolve(answer);
  }

  #gone(): void {
    const { exitCode, signalCode, stdout, stderr } = this.#child;
    stdout?.destroy();
    stderr?.destroy();
    const how = signalCode === null ? `with exit code ${exitCode}` : `by ${signalCode}`;
    this.#kill(died(`it ended ${how}${this.#words.lastWords()}`));
  }

  #kill(failure: RolloutFailure): void {
    this.#failure ??= failure;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
    this.#killGroup();
  }

  /** What it has started outlives it, where it has left that behind. */
  #killGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody of it is left.
    }
  }
}

/** Its last words come behind its end, unless somebody that it has started and left keeps hold of its pipes. */
async function endOf(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close').catch(() => undefined);
  await once(child, 'exit');
  await Promise.race([closed, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
}

const died = (how: string) => new RolloutFailure('external_died', how);

function parsed(line: Buffer): JsonObject {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(line);
  } catch {
    throw wrongAnswer(`it says ${shown(line.toString('latin1'))}, which is no UTF-8`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrongAnswer(`it says ${shown(text)} on its standard output, which is ${jsonProblem(error)}`);
  }
  if (isJsonObject(value)) return value;
  throw wrongAnswer(`it says ${shown(text)}, which is no JSON object`);
}
