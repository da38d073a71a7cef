// `cookbook serve` beside skyrl-tx on the CPU, with the same Python SDK and model, a measurement of each in turns:
//   npx jiti bench/protocol/servers.ts [--sdk 0.16.1] [--pairs N] [--warmup N] [--threads 2] [--batch 4] [--only step|sample]
// "step": forward, backward and AdamW over conversations of configs/sl_basic.yaml, rank 16. "sample": 32 requests of 32 tokens, all at
// once. The model that ships, in float32 on both sides. skyrl-tx 0.3.0, the newest that pip has, speaks to SDKs that ask for no
// configuration, so the SDK is one of its time. It compiles for every shape: rows are cut to one length, and the warmup compiles. Both
// servers live side by side and one waits while the other works: the machine has to be quiet.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pypiPackage } from '../../test/interop/packages.ts';
import { skyrlTx, startSkyrlTx } from '../../test/interop/skyrl_tx.ts';
import { pythonOf } from '../../test/interop/venv.ts';
import { median, spread, table } from '../engine/figures.ts';
import { Peer } from '../engine/peer.ts';
import { conversations, type Done, type Job, TINY } from './job.ts';
import { Serving } from './serving.ts';

const { values } = parseArgs({
  options: {
    sdk: { type: 'string', default: '0.16.1' },
    pairs: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
    batch: { type: 'string', default: '16' },
    only: { type: 'string' },
  },
});
const pairs = Number(values.pairs);
const warmup = Number(values.warmup);
const threads = Number(values.threads);
const batch = Number(values.batch);
const SAMPLES = 32;
const TOKENS = 32;
const ROW = 65;

const environment = await pythonOf({
  name: 'tinker-sdk',
  requirements: join(import.meta.dirname, '../../test/interop/tinker_requirements.txt'),
  packages: 'what the SDKs of the Tinker API ask for',
});
if ('missing' in environment) throw new Error(`there is no client: ${environment.missing}`);
const sdk = await pypiPackage(environment.path, `tinker==${values.sdk}`);
if ('missing' in sdk) throw new Error(`there is no client: ${sdk.missing}`);
const skyrl = await skyrlTx();
if ('missing' in skyrl) throw new Error(`there is nothing to compare with: ${skyrl.missing}`);

const text = (await conversations(400)).flat();
const row = (index: number, length: number) => text.slice(index * length, (index + 1) * length);
const JOBS: { name: string; title: string; job(round: number): Job }[] = [
  {
    name: 'step',
    title: `a training step of ${batch} rows of ${ROW - 1} targets`,
    job: (round) => ({
      task: 'step',
      rows: Array.from({ length: batch }, (_, i) => row((round * batch + i) % 300, ROW)),
    }),
  },
  {
    name: 'sample',
    title: `${SAMPLES} samples of ${TOKENS} tokens at once`,
    job: (round) => ({
      task: 'sample',
      prompts: Array.from({ length: SAMPLES }, (_, i) => row(round * SAMPLES + i, 12)),
      max_tokens: TOKENS,
    }),
  },
];

const directory = mkdtempSync(join(tmpdir(), 'cookbook-bench-'));
const ours = await Serving.cookbook(TINY, threads);
const theirs = await startSkyrlTx(skyrl.path, TINY, directory);
try {
  const client = (name: string, url: string, model: string) =>
    new Peer({
      name,
      command: environment.path,
      args: [join(import.meta.dirname, 'worker.py'), sdk.directory],
      threads,
      load: { url, model, rank: 16 },
    });
  const peers = [client('cookbook serve', ours.url, 'tiny'), client('skyrl-tx', theirs.url, theirs.model)];
  for (const peer of peers) await peer.load();
  for (const { name, title, job } of JOBS) {
    if (values.only !== undefined && values.only !== name) continue;
    const taken = new Map<Peer, Done[]>(peers.map((peer) => [peer, []]));
    for (let round = 0; round < warmup + pairs; round++) {
      // Who begins changes from pair to pair.
      for (const peer of round % 2 === 0 ? peers : peers.toReversed()) {
        const done = await peer.ask<Done>(job(round));
        if (round >= warmup) taken.get(peer)?.push(done);
      }
    }
    const lines = [...taken].map(([peer, all]) => [
      `  ${peer.name}`,
      `${spread(
        all.map(({ seconds }) => seconds),
        3,
      )} s`,
      name === 'sample'
        ? `${spread(
            all.map(({ tokens, seconds }) => tokens / seconds),
            0,
          )} tokens a second`
        : `loss ${(all.at(-1)?.loss ?? Number.NaN).toFixed(3)}`,
    ]);
    const [here, there] = peers.map((peer) => taken.get(peer) ?? []);
    // The two may end a sample at different tokens: what counts is the time of a token.
    const cost = ({ seconds, tokens }: Done) => (tokens === 0 ? seconds : seconds / tokens);
    const ratio = (median(there.map(cost)) / median(here.map(cost))).toFixed(2);
    const byPair = spread(
      here.map((done, i) => cost(there[i]) / cost(done)),
      2,
    );
    console.log(`${title} (medians of ${pairs}, SDK ${values.sdk}, ${threads} threads)\n${table(lines)}`);
    console.log(`  cookbook serve is ${ratio}× as fast; by pair ${byPair}`);
  }
  for (const peer of peers) await peer.stop();
} finally {
  await theirs.stop();
  await ours.stop();
  rmSync(directory, { recursive: true, force: true });
}
