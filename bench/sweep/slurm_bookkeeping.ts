// What following runs on Slurm costs the sweep: CPU time and wall time a run, to hand over, to look at, and to end.
//
//   npx jiti bench/sweep/slurm_bookkeeping.ts [--runs 10000]
//
// Slurm's programs are scripts that print what is in a file, and the runs are directories with a status: nothing is trained, and
// nothing is shown by this but what the bookkeeping costs. Sweeps on a real Slurm are what test/slurm is for.

import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pLimit from 'p-limit';
import { builtinRegistry } from '../../src/builtin.ts';
import { readJob } from '../../src/run_files/job.ts';
import { pendingStatus, writeStatus } from '../../src/run_files/status.ts';
import type { RunState } from '../../src/run_files/types.ts';
import { executorSlot } from '../../src/sweep/executor.ts';
import { NO_RESOURCES } from '../../src/sweep/resources.ts';
import { table } from '../engine/figures.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '10000' } } });
const RUNS = Number(values.runs);

const root = await mkdtemp(join(tmpdir(), 'cookbook-bookkeeping-'));
const stubs = join(root, 'bin');
const listing = join(root, 'listing');
const looks = join(root, 'looks');
await mkdir(stubs);
const stub = (name: string, body: string) => {
  writeFileSync(join(stubs, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(stubs, name), 0o755);
};
stub('scontrol', 'echo "ClusterName = stub"; echo "MaxArraySize = 1001"');
stub('sbatch', 'echo 1');
stub('squeue', `printf . >> ${looks}; exec cat ${listing}`);
process.env.PATH = `${stubs}${delimiter}${process.env.PATH}`;

const limit = pLimit(32);
const directories = Array.from({ length: RUNS }, (_, i) => join(root, 'runs', `run-${i}`));
const setAll = async (state: RunState) =>
  await Promise.all(
    directories.map((directory) =>
      limit(() => writeStatus(directory, { ...pendingStatus(), state, attempt: state === 'pending' ? 0 : 1 })),
    ),
  );
await Promise.all(directories.map((directory) => limit(() => mkdir(directory, { recursive: true }))));
await setAll('pending');
writeFileSync(listing, '');

const rows: string[][] = [];
async function measured<T>(what: string, times: number, work: () => Promise<T>): Promise<T> {
  const [cpu, begun] = [process.cpuUsage(), performance.now()];
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  const [spent, wall] = [(user + system) / 1_000, performance.now() - begun];
  rows.push([what, (spent / RUNS / times).toFixed(3), (wall / RUNS / times).toFixed(3)]);
  return result;
}

const executor = await builtinRegistry().build(
  executorSlot,
  { builder: 'slurm', poll_s: 2 },
  { maxConcurrency: 1, resources: NO_RESOURCES },
);
const jobs = await measured('hand over', 1, () => executor.submit(directories, NO_RESOURCES));
const records = await Promise.all(directories.map((directory) => limit(() => readJob(directory))));
const list = (state: string) =>
  writeFileSync(
    listing,
    records.map(({ value }) => `1|${value?.index}|${state}|cookbook-${value?.submission}|None\n`).join(''),
  );
const looked = () => (existsSync(looks) ? statSync(looks).size : 0);
const forLooks = async (count: number) => {
  for (const until = looked() + count; looked() < until; ) await sleep(50);
};

list('PENDING');
await forLooks(1);
await measured('a look, waiting', 5, () => forLooks(5));
list('RUNNING');
await setAll('running');
await forLooks(1);
await measured('a look, running', 5, () => forLooks(5));
await setAll('done');
await measured('end', 1, () => Promise.all(jobs.map(({ ended }) => ended)));

console.log(`${RUNS} runs; milliseconds a run`);
console.log(table([['', 'CPU', 'wall'], ...rows]));
await writeFile(listing, '');
await rm(root, { recursive: true, force: true });
