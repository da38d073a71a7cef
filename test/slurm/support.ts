// Sweeps of the toy trainer on a cluster: what of theirs was submitted, and programs of Slurm that misbehave.

import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { RunSnapshot } from '../../src/run_files/types.ts';
import { readTaskList } from '../../src/sweep/executors/slurm/task_list.ts';
import type { ToySweep } from '../sweep/support/toy_sweeps.ts';

/** Names of the runs that each submission holds, by the directory of the sweep. */
export async function submissions({ directory }: ToySweep): Promise<string[][]> {
  const root = join(directory, 'runs/toy/slurm');
  const names = await readdir(root).catch(() => []);
  const lists = await Promise.all(names.map((name) => readTaskList(join(root, name, 'tasks.json'))));
  return lists.map(({ directories }) => directories.map((path) => basename(path)));
}

/** How often each run was handed over. */
export async function timesSubmitted(sweep: ToySweep): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const name of (await submissions(sweep)).flat()) times.set(name, (times.get(name) ?? 0) + 1);
  return times;
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
