// What the process that reads the results of evaluations does: bin/read_scores.mjs starts it, scores_process.ts asks it once.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { discoverRuns } from '../report/discover.ts';
import { readRunEntry } from '../report/run_entry.ts';
import { readScores } from '../report/scoreboard.ts';
import { messageOf } from '../util/errors.ts';
import { isArrayOf, isString, jsonShape } from '../util/json_shape.ts';
import type { ReadScores, ScoresQuestion } from './scores_process.ts';

const questionShape = jsonShape<ScoresQuestion>({ directories: isArrayOf(isString), cwd: isString });

async function answerTo({ directories, cwd }: ScoresQuestion): Promise<ReadScores> {
  try {
    const there = directories.filter((directory) => existsSync(resolve(cwd, directory)));
    const entries = discoverRuns(there, cwd).runs.map(readRunEntry);
    const { benchmarks, notices: problems } = await readScores(entries, { directories, cwd });
    return { benchmarks, problems };
  } catch (error) {
    return { benchmarks: [], problems: [messageOf(error)] };
  }
}

process.once('message', async (question) => {
  if (typeof question === 'object' && questionShape.is(question)) process.send?.(await answerTo(question));
});
// The board has ended: told by it, or found out while differences are drawn.
process.on('disconnect', () => process.exit());
const watcher = new URL('../../bin/end_with_parent.mjs', import.meta.url);
new Worker(watcher, { workerData: process.ppid }).unref();
