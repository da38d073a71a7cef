// Our side of the benchmark: a run of the trainer `dpo` as `cookbook run` makes it, with a step a line of standard input.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { builtinRegistry } from '../../src/builtin.ts';
import { runFile } from '../../src/run/run_spec.ts';
import type { Metrics } from '../../src/training/types.ts';
import type { Load, Step } from './job.ts';
import { stepwiseComparisons } from './stepwise_dataset.ts';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const stop = new AbortController();
const last: { row: Metrics | null; began: number; cpu: NodeJS.CpuUsage } = {
  row: null,
  began: 0,
  cpu: process.cpuUsage(),
};

function answer(): void {
  const seconds = (performance.now() - last.began) / 1000;
  const peak_rss = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ seconds, peak_rss, ...(last.row === null ? {} : figuresOf(last.row)) }));
}

/** Answers, with the step that is over if there was one, and waits for the next line. */
async function begin(): Promise<void> {
  answer();
  const { done } = await lines.next();
  if (done === true) {
    stop.abort();
    stop.signal.throwIfAborted();
  }
  last.cpu = process.cpuUsage();
  last.began = performance.now();
}

function figuresOf({ dpo_loss, num_tokens }: Metrics): Omit<Step, 'seconds' | 'peak_rss'> {
  const { user, system } = process.cpuUsage(last.cpu);
  return { cpu_seconds: (user + system) / 1e6, loss: Number(dpo_loss), tokens: Number(num_tokens) };
}

const { value } = await lines.next();
const job: Load = JSON.parse(value);
last.began = performance.now();
const directory = mkdtempSync(join(tmpdir(), 'cookbook-bench-'));
const pairs = join(directory, 'pairs.jsonl');
writeFileSync(pairs, job.pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
const file = join(directory, 'dpo.json');
const spec = {
  trainer: 'dpo',
  log_path: join(directory, 'run'),
  model_name: job.load,
  dataset: { builder: 'stepwise_comparisons', file_path: pairs, batch_size: job.batch_size, shuffle_seed: null },
  renderer: { builder: 'chat_template' },
  service: { builder: 'local', threads: job.threads },
  dpo_beta: job.beta,
  num_epochs: job.epochs,
  learning_rate: job.learning_rate,
  lr_schedule: 'constant',
  lora_rank: job.rank,
  train_unembed: false,
  save_every: 0,
};
writeFileSync(file, JSON.stringify(spec));
const registry = builtinRegistry();
registry.add(stepwiseComparisons(begin));
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
