// Our side of the benchmark: a run of the trainer `rl` as `cookbook run` makes it, with a step a line of standard input.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { builtinRegistry } from '../../src/builtin.ts';
import { runFile } from '../../src/run/run_spec.ts';
import type { Metrics } from '../../src/training/types.ts';
import type { Load, Step } from './job.ts';
import { stepwiseDataset } from './stepwise_dataset.ts';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const stop = new AbortController();
const last: { row: Metrics; began: number; waited: number; cpu: NodeJS.CpuUsage } = {
  row: {},
  began: 0,
  waited: 0,
  cpu: process.cpuUsage(),
};

/** Answers, with the step that is over if there was one, and waits for the next line. */
async function begin(step: number): Promise<void> {
  const now = performance.now();
  const seconds = (now - last.began) / 1000;
  const peak_rss = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ seconds, peak_rss, ...(step === 0 ? {} : figuresOf(seconds)) }));
  const { done } = await lines.next();
  if (done === true) {
    stop.abort();
    stop.signal.throwIfAborted();
  }
  last.cpu = process.cpuUsage();
  last.began = performance.now();
  last.waited = (last.began - now) / 1000;
}

function figuresOf(seconds: number): Omit<Step, 'seconds' | 'peak_rss'> {
  const of = (name: string) => Number(last.row[name]);
  // The wait for the word to begin is part of what the run takes for sampling.
  const sample = of('time/sample') - last.waited;
  const train = of('time/train');
  const { user, system } = process.cpuUsage(last.cpu);
  const sampler = of('time/save_weights_and_get_sampling_client');
  return {
    cpu_seconds: (user + system) / 1e6,
    prompt_tokens: of('env/all/total_ob_tokens'),
    sampled_tokens: of('env/all/total_ac_tokens'),
    reward: of('env/all/reward/total'),
    parts: { sample, train, sampler, other: seconds - sample - train - sampler },
  };
}

const { value } = await lines.next();
const job: Load = JSON.parse(value);
last.began = performance.now();
const directory = mkdtempSync(join(tmpdir(), 'cookbook-bench-'));
const file = join(directory, 'rl.json');
const spec = {
  trainer: 'rl',
  log_path: join(directory, 'run'),
  model_name: job.load,
  dataset: { builder: 'stepwise' },
  renderer: { builder: 'chat_template' },
  service: { builder: 'local', threads: job.threads },
  max_tokens: job.max_tokens,
  learning_rate: job.learning_rate,
  lora_rank: job.rank,
  train_unembed: false,
  save_every: 0,
};
writeFileSync(file, JSON.stringify(spec));
const registry = builtinRegistry();
registry.add(stepwiseDataset(job, begin));
const { status } = await runFile(file, {
  registry,
  overrides: [],
  cwd: directory,
  env: process.env,
  argv: [],
  ask: null,
  signal: stop.signal,
  onEvent(event) {
    if (event.type === 'step') last.row = event.metrics;
    if (event.type === 'warning') console.error(event.message);
  },
});
rmSync(directory, { recursive: true });
if (status.error !== null) {
  console.error(status.error.message);
  process.exitCode = 1;
}
