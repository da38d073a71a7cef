// What a sweep of many runs costs its driver: to prepare, submit, watch and settle each of them, where the runs themselves cost nothing.
//
//   npx jiti bench/sweep/bookkeeping.ts [--runs 10000] [--slots 64]
//
// The runs are over at once: their executor writes the status and the row of metrics that they would have left. Figures are CPU time of this
// process (user and system), which a busy machine changes less than it does seconds.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Type } from '@sinclair/typebox';
import { builtinRegistry } from '../../src/builtin.ts';
import { defineBuilder } from '../../src/registry/builder.ts';
import { announceJobs, recordJob } from '../../src/run_files/job.ts';
import { pendingStatus } from '../../src/run_files/status.ts';
import type { RunStatus } from '../../src/run_files/types.ts';
import { type Executor, executorSlot } from '../../src/sweep/executor.ts';
import { planSweep } from '../../src/sweep/plan.ts';
import { plainReporter } from '../../src/sweep/reporters/plain.ts';
import { runSweep } from '../../src/sweep/run_sweep.ts';
import { jsonText } from '../../src/util/files.ts';
import { thisProcess } from '../../src/util/liveness.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '10000' }, slots: { type: 'string', default: '64' } },
});
const runs = Number(values.runs);

const milliseconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1000;

/** CPU time that went into the files which the runs would have written. */
let ofRuns = 0;

function leave(directory: string): void {
  const before = process.cpuUsage();
  const now = new Date().toISOString();
  const status: RunStatus = {
    ...pendingStatus(),
    state: 'done',
    attempt: 1,
    step: 1,
    total_steps: 1,
    started_at: now,
    ended_at: now,
  };
  writeFileSync(join(directory, 'status.json'), jsonText(status));
  writeFileSync(join(directory, 'metrics.jsonl'), `{"step":0,"test/nll":${Math.random()}}\n`);
  ofRuns += milliseconds(process.cpuUsage(before));
}

const instant = defineBuilder({
  slot: executorSlot,
  name: 'instant',
  version: 1,
  doc: 'Runs that are over at once.',
  params: Type.Object({}),
  build: (_, { maxConcurrency }): Executor => ({
    slots: maxConcurrency,
    attach: async () => null,
    async submit(directories) {
      const records = await announceJobs('instant', directories);
      const own = { ...thisProcess() };
      await Promise.all(records.map((record, i) => recordJob(directories[i] ?? '', record, own)));
      for (const directory of directories) leave(directory);
      return directories.map((directory) => ({
        description: directory,
        ended: Promise.resolve('it ended'),
        stop: async () => undefined,
        kill: async () => undefined,
      }));
    },
  }),
});

const directory = mkdtempSync(join(tmpdir(), 'cookbook-bench-'));
try {
  const file = join(directory, 'sweep.yaml');
  const rates = Array.from({ length: Math.ceil(runs / 10) }, (_, i) => (i + 1) * 1e-6);
  writeFileSync(
    file,
    `base: ${join(import.meta.dirname, '../../configs/sl_basic.yaml')}
log_path: ${join(directory, 'runs')}
grid: {learning_rate: [${rates.join(', ')}]}
seeds: 10
objective: {metric: test/nll, goal: minimize}
execution: {executor: instant, max_concurrency: ${values.slots}}
`,
  );
  const registry = builtinRegistry();
  registry.add(instant);
  const plan = await planSweep(file, { overrides: [], cwd: directory, env: process.env }, registry);
  const never = new AbortController().signal;
  let lines = 0;
  const reporter = plainReporter(
    plan.runs.length,
    () => lines++,
    () => performance.now(),
  );
  const [start, before] = [performance.now(), process.cpuUsage()];
  const { states } = await runSweep(plan, registry, {
    argv: ['sweep', file],
    onEvent: (event) => reporter.onEvent(event),
    stop: never,
    kill: never,
  });
  const used = milliseconds(process.cpuUsage(before)) - ofRuns;
  const seconds = (performance.now() - start) / 1000;
  console.log(`${states.done} of ${plan.runs.length} runs are done, ${lines} lines were told`);
  console.log(`${(used / plan.runs.length).toFixed(2)} ms of CPU time a run, in ${seconds.toFixed(1)} s`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
