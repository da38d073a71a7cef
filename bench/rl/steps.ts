// Seconds a step of GRPO, rollouts included, against TRL's GRPOTrainer on the same cores, a step of each in turns:
//   npx jiti bench/rl/steps.ts tiny
//   npx jiti bench/rl/steps.ts smollm2
//     [--pairs N] [--warmup N] [--threads 2] [--groups N] [--group-size N] [--max-tokens N] [--rank N] [--only natural|equal] [--steps]
// Both sides have the same model in float32, the same sums through the same chat template, groups, tokens, rank, linear layers (all but the
// unembedding, on both), AdamW, on-policy loss without a KL term, and one update a batch. Ours is the trainer `rl` in its synchronous mode as
// `cookbook run` executes it, rows of metrics and transcripts included; neither side evaluates or saves. "natural": replies end where
// the model ends them; "equal": every reply has max_tokens, on both sides. Both processes live side by side, and one waits while the other
// works: the machine has to be quiet. TRL comes from PyPI into an environment outside the repository, made once (requirements.txt).

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pythonOf } from '../../test/interop/venv.ts';
import { median, spread, sum, table } from '../engine/figures.ts';
import { Peer, typescript } from '../engine/peer.ts';
import { type Job, type Step, sums } from './job.ts';
import { linkWithoutEnd, modelDirectory } from './models.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: 'string' },
    warmup: { type: 'string', default: '2' },
    threads: { type: 'string', default: '2' },
    groups: { type: 'string' },
    'group-size': { type: 'string', default: '8' },
    'max-tokens': { type: 'string' },
    rank: { type: 'string', default: '32' },
    only: { type: 'string' },
    steps: { type: 'boolean', default: false },
  },
});
const [name] = positionals;
if (name === undefined) throw new Error('name a model: tiny, smollm2 or a directory');
/** Those of configs/rl_basic.yaml, and what a real model does in a few seconds. */
const preset = name === 'tiny' ? { groups: 32, max_tokens: 8, pairs: 15 } : { groups: 4, max_tokens: 32, pairs: 5 };
const groups = Number(values.groups ?? preset.groups);
const pairs = Number(values.pairs ?? preset.pairs);
const warmup = Number(values.warmup);
const threads = Number(values.threads);

const python = await pythonOf({
  name: 'trl',
  requirements: join(import.meta.dirname, 'requirements.txt'),
  packages: 'PyTorch and TRL',
});
if ('missing' in python)
  throw new Error(`there is nothing to compare with, TRL could not be installed: ${python.missing}`);
const trl = { command: python.path, args: [join(import.meta.dirname, 'worker.py')] };
const cookbook = typescript(join(import.meta.dirname, 'worker.ts'));
const directory = mkdtempSync(join(tmpdir(), 'cookbook-bench-'));
const model = await modelDirectory(name, python.path);
linkWithoutEnd(model, directory);

const VARIANTS = [
  { variant: 'natural', title: 'replies end where the model ends them', load: model, equal_lengths: false },
  { variant: 'equal', title: 'every reply has all of its tokens', load: directory, equal_lengths: true },
];

/** The steps that count, by side. */
async function measure(job: Job): Promise<Map<string, Step[]>> {
  const peers = [
    new Peer({ name: 'cookbook', ...cookbook, threads, load: job }),
    new Peer({ name: 'TRL', ...trl, threads, load: job }),
  ];
  const steps = new Map<string, Step[]>(peers.map((peer) => [peer.name, []]));
  for (const peer of peers) await peer.load();
  for (let step = 0; step < warmup + pairs; step++) {
    // Who begins changes from pair to pair.
    for (const peer of step % 2 === 0 ? peers : peers.toReversed()) {
      const taken = await peer.ask<Step>({});
      if (values.steps) console.log(`  ${step} ${peer.name}: ${JSON.stringify(taken)}`);
      if (step >= warmup) steps.get(peer.name)?.push(taken);
    }
  }
  for (const peer of peers) await peer.stop();
  return steps;
}

function report(steps: Map<string, Step[]>): string {
  const [ours, theirs] = [...steps.values()];
  if (ours.some(({ prompt_tokens }, i) => prompt_tokens !== theirs[i].prompt_tokens))
    throw new Error('the two sides were asked different questions: their prompts differ in length');
  const seconds = (side: Step[]) => side.map((step) => step.seconds);
  const lines = [...steps].map(([side, all]) => [
    `  ${side}`,
    `${spread(seconds(all), 3)} s a step`,
    `${median(all.map((step) => step.cpu_seconds)).toFixed(3)} of CPU`,
    `${(sum(all.map((step) => step.prompt_tokens)) / all.length).toFixed(0)} + ${median(all.map((step) => step.sampled_tokens))} tokens`,
    `peak ${(Math.max(...all.map((step) => step.peak_rss)) / 1e6).toFixed(0)} MB`,
    Object.keys(all[0].parts)
      .map((part) => `${part} ${median(all.map((step) => step.parts[part])).toFixed(3)}`)
      .join(', '),
  ]);
  const byPair = spread(
    ours.map((step, i) => theirs[i].seconds / step.seconds),
    2,
  );
  const ratio = (median(seconds(theirs)) / median(seconds(ours))).toFixed(2);
  const perToken = spread(
    ours.map((step, i) => theirs[i].seconds / theirs[i].sampled_tokens / (step.seconds / step.sampled_tokens)),
    2,
  );
  return `${table(lines)}\n  cookbook is ${ratio}× as fast; by pair ${byPair}, for each sampled token ${perToken}`;
}

try {
  for (const { variant, title, load, equal_lengths } of VARIANTS) {
    if (values.only !== undefined && values.only !== variant) continue;
    const job: Job = {
      load,
      groups,
      group_size: Number(values['group-size']),
      max_tokens: Number(values['max-tokens'] ?? preset.max_tokens),
      equal_lengths,
      rank: Number(values.rank),
      learning_rate: 4e-5,
      // Our side stands at the door of one step more when the last is over.
      problems: sums((warmup + pairs + 1) * groups),
    };
    const shape = `${groups} sums × ${job.group_size} replies of up to ${job.max_tokens} tokens, rank ${job.rank}, ${threads} threads`;
    console.log(`${name}, ${shape}: ${title} (medians of ${pairs} steps each)`);
    console.log(report(await measure(job)));
  }
} finally {
  rmSync(directory, { recursive: true });
}
