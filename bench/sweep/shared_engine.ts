// Runs of a sweep that share an engine against the same runs in processes of their own: seconds, and peak memory.
//
//   npx jiti bench/sweep/shared_engine.ts [MODEL] [--runs 8] [--rounds 3] [--steps 8] [--batch 8] [--trainer supervised|rl] [--python PATH]
//
// MODEL is tiny, smollm2 or a directory. Memory is the sum of PSS over the processes of the sweep, which counts what several of
// them map once. Build first: the commands of dist/ are what is started.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, spread, table } from '../engine/figures.ts';
import { modelDirectory } from '../rl/models.ts';

const ROOT = join(import.meta.dirname, '../..');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '8' },
    batch: { type: 'string', default: '8' },
    trainer: { type: 'string', default: 'supervised' },
    python: { type: 'string', default: 'python3' },
  },
});

interface Figures {
  seconds: number;
  megabytes: number;
}

const LOOK_MS = 500;

/** Processes below one, itself included. */
function familyOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : '';
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === root || isBelow(parents.get(pid)));
  return [...parents.keys()].filter(isBelow);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function pssOf(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
  return Number(kilobytes ?? 0) / 1024;
}

async function measured(child: ChildProcess): Promise<Figures> {
  const began = performance.now();
  let megabytes = 0;
  const look = () => {
    const now = familyOf(child.pid ?? 0).reduce((sum, pid) => sum + pssOf(pid), 0);
    megabytes = Math.max(megabytes, now);
  };
  const timer = setInterval(look, LOOK_MS);
  const [code] = await once(child, 'exit');
  clearInterval(timer);
  if (code !== 0) throw new Error(`the sweep ended with exit code ${code}`);
  return { seconds: (performance.now() - began) / 1000, megabytes };
}

function sweepOf(model: string, directory: string): object {
  const runs = Number(values.runs);
  const data = (name: string) => join(ROOT, 'example_data', name);
  const steps = Number(values.steps);
  const batch_size = Number(values.batch);
  const supervised = {
    trainer: 'supervised',
    dataset: { builder: 'conversation_file', file_path: data('conversations.jsonl'), batch_size },
    max_steps: steps,
  };
  const rl = {
    trainer: 'rl',
    dataset: { builder: 'arithmetic', batch_size, group_size: 4, n_batches: steps },
    max_tokens: 8,
  };
  const base = {
    ...(values.trainer === 'rl' ? rl : supervised),
    model_name: model,
    lora_rank: 16,
    eval_every: 0,
    save_every: 0,
  };
  const learning_rate = Array.from({ length: runs }, (_, i) => 1e-4 * (i + 1));
  return { base, log_path: directory, grid: { learning_rate }, execution: { max_concurrency: runs } };
}

async function sweep(model: string, root: string, share: boolean): Promise<Figures> {
  const directory = await mkdtemp(join(root, 'sweep-'));
  // JSON is YAML.
  const file = join(directory, 'sweep.yaml');
  await mkdir(join(directory, 'runs'));
  await writeFile(file, JSON.stringify(sweepOf(model, join(directory, 'runs'))));
  const argv = [join(ROOT, 'bin/run.js'), 'sweep', file, `execution.executor.share_engine=${share}`];
  return await measured(spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'inherit'] }));
}

const model = await modelDirectory(positionals[0] ?? 'tiny', values.python);
const root = await mkdtemp(join(tmpdir(), 'cookbook-bench-'));
const [shared, own]: Figures[][] = [[], []];
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    shared.push(await sweep(model, root, true));
    own.push(await sweep(model, root, false));
  }
} finally {
  await rm(root, { recursive: true, force: true });
}
const row = (name: string, figures: readonly Figures[]) => [
  name,
  spread(
    figures.map(({ seconds }) => seconds),
    1,
  ),
  spread(
    figures.map(({ megabytes }) => megabytes),
    0,
  ),
];
const ratio = (of: (figures: Figures) => number) => (median(own.map(of)) / median(shared.map(of))).toFixed(2);
console.log(
  `${values.runs} runs of ${values.steps} steps of batch ${values.batch}, ${values.trainer}, ${cpus().length} cores, ${values.rounds} rounds`,
);
console.log(
  table([
    ['', 'seconds', 'peak PSS, MB'],
    row('one engine', shared),
    row('processes of their own', own),
    ['own over shared', ratio(({ seconds }) => seconds), ratio(({ megabytes }) => megabytes)],
  ]),
);
