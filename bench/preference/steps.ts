// Seconds a step of DPO against TRL's DPOTrainer on the same cores, a step of each in turns:
//   npx jiti bench/preference/steps.ts tiny
//   npx jiti bench/preference/steps.ts smollm2 [--pairs FILE]
//     [--steps N] [--warmup N] [--threads 2] [--batch-size N] [--rank N] [--each]
// Both sides have the same model in float32, the same pairs in the same order through the same chat template, rank, linear layers (all but
// the unembedding, on both), beta and AdamW. Ours is the trainer `dpo` as `cookbook run` executes it, with all the files that a default run
// writes; neither side evaluates or saves. The pairs are gone through twice: in the first epoch the reference is asked here, too, later it is
// known. TRL asks it in every step, unless it is told to ask for all before the first one: both are measured. All processes live side by
// side, and the others wait while one works: the machine has to be quiet. TRL comes from PyPI into an environment outside the repository,
// made once (bench/rl/requirements.txt). --pairs names a file of comparisons, as docs/preferences.md has them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { comparisonReader } from '../../src/preference/data/rows.ts';
import { isJsonObject } from '../../src/util/json.ts';
import { pythonOf } from '../../test/interop/venv.ts';
import { median, spread, table } from '../engine/figures.ts';
import { Peer, typescript } from '../engine/peer.ts';
import { modelDirectory } from '../rl/models.ts';
import type { Job, Pair, Step } from './job.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: 'string', default: join(import.meta.dirname, '../../example_data/comparisons.jsonl') },
    steps: { type: 'string' },
    warmup: { type: 'string' },
    threads: { type: 'string', default: '2' },
    'batch-size': { type: 'string' },
    rank: { type: 'string', default: '32' },
    each: { type: 'boolean', default: false },
  },
});
const [name] = positionals;
if (name === undefined) throw new Error('name a model: tiny, smollm2 or a directory');
/** That of configs/dpo.yaml, and what a real model does in a few seconds. */
const preset = name === 'tiny' ? { batch_size: 16, warmup: 2, steps: 15 } : { batch_size: 4, warmup: 1, steps: 5 };
const batchSize = Number(values['batch-size'] ?? preset.batch_size);
const steps = Number(values.steps ?? preset.steps);
const warmup = Number(values.warmup ?? preset.warmup);
const threads = Number(values.threads);
const rank = Number(values.rank);

const python = await pythonOf({
  name: 'trl',
  requirements: join(import.meta.dirname, '../rl/requirements.txt'),
  packages: 'PyTorch and TRL',
});
if ('missing' in python) {
  console.error(`There is nothing to compare with: TRL could not be installed. ${python.missing}`);
  process.exit(1);
}

/** The first comparisons of the file that one side wins, one after the other as often as it takes. */
function pairsOf(path: string, count: number): Pair[] {
  const reader = comparisonReader({ format: 'auto', columns: null });
  const told = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .flatMap((line): Pair[] => {
      const row: unknown = JSON.parse(line);
      if (!isJsonObject(row)) throw new Error(`${path}: a line is no object`);
      const { comparison, label } = reader.read(row);
      const { prompt_conversation: prompt, completion_A: A, completion_B: B } = comparison;
      if (label === 'Tie') return [];
      return [{ prompt, chosen: label === 'A' ? A : B, rejected: label === 'A' ? B : A }];
    });
  if (told.length < count)
    throw new Error(`${path} has ${told.length} comparisons that are no ties: ${count} are needed`);
  return told.slice(0, count);
}

const model = await modelDirectory(name, python.path);
const job: Job = {
  load: model,
  pairs: pairsOf(values.pairs, (warmup + steps) * batchSize),
  batch_size: batchSize,
  // Our side stands at the door of one epoch more when the last is over.
  epochs: 3,
  rank,
  beta: 0.1,
  learning_rate: 1e-5,
  precompute: false,
};
const trl = { command: python.path, args: [join(import.meta.dirname, 'worker.py')] };
const cookbook = new Peer({
  name: 'cookbook',
  ...typescript(join(import.meta.dirname, 'worker.ts')),
  threads,
  load: job,
});
const asking = new Peer({ name: 'TRL', ...trl, threads, load: job });
const knowing = new Peer({ name: 'TRL, precomputed', ...trl, threads, load: { ...job, precompute: true } });

/** The steps that count, by side. */
async function epoch(peers: readonly Peer[]): Promise<Map<string, Step[]>> {
  const taken = new Map<string, Step[]>(peers.map((peer) => [peer.name, []]));
  for (let index = 0; index < warmup + steps; index++) {
    // Who begins changes from step to step.
    const turn = index % peers.length;
    for (const peer of [...peers.slice(turn), ...peers.slice(0, turn)]) {
      const step = await peer.ask<Step>({});
      if (values.each) console.log(`  ${index} ${peer.name}: ${JSON.stringify(step)}`);
      if (index >= warmup) taken.get(peer.name)?.push(step);
    }
  }
  return taken;
}

function report(taken: Map<string, Step[]>): string {
  const [ours] = [...taken.values()];
  const seconds = (side: readonly Step[]) => side.map((step) => step.seconds);
  return table(
    [...taken].map(([side, all]) => [
      `  ${side}`,
      `${spread(seconds(all), 3)} s a step`,
      `${(1 / median(seconds(all))).toFixed(2)} steps a second`,
      `${median(all.map((step) => step.cpu_seconds)).toFixed(3)} s of CPU`,
      `${median(all.map((step) => step.tokens))} tokens`,
      `loss ${median(all.map((step) => step.loss)).toFixed(4)}`,
      `peak ${(Math.max(...all.map((step) => step.peak_rss)) / 1e6).toFixed(0)} MB`,
      all === ours
        ? ''
        : `cookbook is ${(median(seconds(all)) / median(seconds(ours))).toFixed(2)}× as fast; by step ${spread(
            ours.map((step, i) => all[i].seconds / step.seconds),
            2,
          )}`,
    ]),
  );
}

for (const peer of [cookbook, asking, knowing]) await peer.load();
console.log(`${name}, ${batchSize} pairs a step, rank ${rank}, ${threads} threads, medians of ${steps} steps`);
console.log(`first epoch, the reference is asked\n${report(await epoch([cookbook, asking]))}`);
console.log(`second epoch, the reference is known\n${report(await epoch([cookbook, asking, knowing]))}`);
for (const peer of [cookbook, asking, knowing]) await peer.stop();
