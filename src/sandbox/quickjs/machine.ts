// A process that runs JavaScript programs in QuickJS, one at a time. Programs are stopped in there; where one holds the process past
// that, as native code of the engine can, the process is ended from here.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endsWithThisProcess, holdProcess, nextMessage } from '../../util/child_process.ts';
import { isNullOr, isNumber, isOneOf, isString, jsonShape } from '../../util/json_shape.ts';
import { SANDBOX_STATUSES, type SandboxResult, type SandboxRun } from '../types.ts';

type Answer = Omit<SandboxResult, 'seconds'>;

const answerShape = jsonShape<Answer>({
  status: isOneOf(SANDBOX_STATUSES),
  exit_code: isNullOr(isNumber),
  stdout: isString,
  stderr: isString,
});

const SCRIPT = fileURLToPath(new URL('../../../bin/run_quickjs.mjs', import.meta.url));
/** Calls nest in it as deeply as QuickJS allows, so that a program can catch its own recursion. */
const STACK_KIBIBYTES = 3900;
const MOST_START_MS = 60_000;
/** Each program leaves an instance of WebAssembly to the garbage collection. */
const MOST_PROGRAMS = 1000;

const ENDED = (status: SandboxResult['status'], stderr: string): Answer => ({
  status,
  exit_code: null,
  stdout: '',
  stderr,
});

/** Used until `isSpent`. */
export class QuickJsMachine {
  readonly #child: ChildProcess;
  #programs = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** @throws an error that says why there is none */
  static async start(): Promise<QuickJsMachine> {
    const child = fork(SCRIPT, [], {
      execArgv: [`--stack-size=${STACK_KIBIBYTES}`],
      // Nothing of this process's, such as keys, is there to be found.
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    endsWithThisProcess(child);
    const machine = new QuickJsMachine(child);
    const answer = await nextMessage(child, MOST_START_MS).catch((error: unknown) => {
      machine.close();
      throw error;
    });
    if (typeof answer === 'object' && answer.message === 'ready') return machine;
    machine.close();
    throw new Error(answer === 'late' ? `it does not start within ${MOST_START_MS / 1000} s` : 'it ends as it starts');
  }

  get isSpent(): boolean {
    return this.#programs >= MOST_PROGRAMS || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** @throws the signal's reason */
  async run({ files, entry, stdin = '', limits }: SandboxRun, signal: AbortSignal | undefined): Promise<Answer> {
    this.#programs++;
    holdProcess(this.#child, true);
    try {
      const answering = nextMessage(this.#child, mostMs(limits.seconds), signal);
      this.#child.send({ files, entry, stdin, limits });
      const answer = await answering;
      if (typeof answer === 'object' && answerShape.is(answer.message)) return answer.message;
      if (answer !== 'late') return ENDED('memory', 'QuickJS came to an end with it.\n');
      this.close();
      return ENDED('timeout', '');
    } catch (error) {
      this.close();
      throw error;
    } finally {
      holdProcess(this.#child, false);
    }
  }

  close(): void {
    this.#programs = MOST_PROGRAMS;
    this.#child.kill('SIGKILL');
  }
}

/**
 * A second is counted in steps of the interpreter, which are the same on every machine. Only what takes far longer by the clock is
 * ended by it.
 */
function mostMs(seconds: number): number {
  return 5000 + 5 * seconds * 1000;
}
