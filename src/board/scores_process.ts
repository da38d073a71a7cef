// The process that reads the results of evaluations: differences of fifty of them take a minute, in which the board would answer
// nobody. It gives way to whatever else the machine has to do, and is started anew each time.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchmarkScores } from '../report/scoreboard.ts';
import { endsWithThisProcess, nextMessage } from '../util/child_process.ts';
import { isArrayOf, isString, jsonShape } from '../util/json_shape.ts';
import { giveWay } from './give_way.ts';

export interface ScoresQuestion {
  directories: readonly string[];
  cwd: string;
}

export interface ReadScores {
  benchmarks: BenchmarkScores[];
  /** What could not be read, one line each. */
  problems: string[];
}

const SCRIPT = fileURLToPath(new URL('../../bin/read_scores.mjs', import.meta.url));
/** At the lowest priority, beside runs that take all there is. */
const MOST_MS = 15 * 60_000;
const MOST_MEBIBYTES = 2048;

/** What is in the list is the word of a process of ours. */
const isScores = (value: unknown): value is BenchmarkScores[] => Array.isArray(value);
const answerShape = jsonShape<ReadScores>({ benchmarks: isScores, problems: isArrayOf(isString) });

/** @throws the signal's reason, and an error that says in one line why there is no answer */
export async function scoresByProcess(question: ScoresQuestion, signal: AbortSignal): Promise<ReadScores> {
  const child = fork(SCRIPT, [], {
    execArgv: [`--max-old-space-size=${MOST_MEBIBYTES}`],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  endsWithThisProcess(child);
  giveWay(child.pid);
  try {
    const answering = nextMessage(child, MOST_MS, signal);
    child.send(question, () => {
      // What it could not be asked for, its end tells.
    });
    const answer = await answering;
    if (typeof answer === 'object' && answerShape.is(answer.message)) return answer.message;
    if (answer === 'late') throw new Error(`reading them takes more than ${MOST_MS / 60_000} minutes`);
    throw new Error(`reading them may take more than ${MOST_MEBIBYTES} MiB of memory`);
  } finally {
    child.kill('SIGKILL');
  }
}
