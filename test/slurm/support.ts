// Sweeps of the toy trainer on a cluster: what of theirs was submitted, and programs of Slurm that misbehave.

import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { RunSnapshot } from '../../src/run_files/types.ts';
import { parseListing } from '../../src/sweep/executors/slurm/queue.ts';
import { readTaskList } from '../../src/sweep/executors/slurm/task_list.ts';
import { standingOf } from '../../src/sweep/executors/slurm/verdict.ts';
import type { ToySweep } from '../sweep/support/toy_sweeps.ts';
import type { Cluster } from './cluster.ts';

/** Names of the runs that each submission holds, by the directory of the sweep. */
export async function submissions({ directory }: ToySweep): Promise<string[][]> {
  const root = join(directory, 'runs/toy/slurm');
  const names = await readdir(root).catch(() => []);
  const lists = await Promise.all(names.map((name) => readTaskList(join(root, name, 'tasks.json'))));
  return lists.map(({ directories }) => directories.map((path) => basename(path)));
}

/** What Slurm lists of the jobs of each run. A task that was cancelled before it started is not listed. */
export async function jobsOf(sweep: ToySweep, cluster: Cluster): Promise<Map<string, string[]>> {
  const format = '--format=%F|%K|%T|%j|%r';
  const listing = parseListing(await cluster.ask('squeue', '--states=all', '--array', '--noheader', format));
  const jobs = new Map<string, string[]>();
  const root = join(sweep.directory, 'runs/toy/slurm');
  for (const name of await readdir(root)) {
    const { submission, directories } = await readTaskList(join(root, name, 'tasks.json'));
    for (const [task, directory] of directories.entries()) {
      const standing = standingOf(listing.get(submission), task);
      const states = standing === 'absent' ? [] : [standing.state];
      jobs.set(basename(directory), [...(jobs.get(basename(directory)) ?? []), ...states]);
    }
  }
  return jobs;
}

export async function runsOf(sweep: ToySweep): Promise<RunSnapshot[]> {
  return (await sweep.snapshots()).filter(({ record }) => record !== null);
}

export async function stepsIn({ directory }: RunSnapshot): Promise<number[]> {
  const text = await readFile(join(directory, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line): number => JSON.parse(line).step);
}

/** Puts a script in the place of one of Slurm's programs for the rest of the test; `$real` is the program itself. */
export async function replaceProgram(name: string, script: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'cookbook-program-'));
  const { PATH } = process.env;
  onTestFinished(async () => {
    process.env.PATH = PATH;
    await rm(directory, { recursive: true, force: true });
  });
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, name), `#!/bin/bash\nreal=/usr/bin/${name}\ncount=${directory}/count\n${script}\n`);
  await chmod(join(directory, name), 0o755);
  process.env.PATH = `${directory}${delimiter}${PATH}`;
}
