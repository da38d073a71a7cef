// What HTTP costs: our client on `cookbook serve` beside the engine in the client's own process, a measurement of each in turns:
//   npx jiti bench/protocol/overhead.ts [--pairs N] [--warmup N] [--threads 2] [--only step|sample|short]
// The model that ships, rank 16. "step": forward, backward and AdamW over the 16 conversations of a step of configs/sl_basic.yaml.
// "sample": 32 requests of 128 tokens each, all at once; "short": of 32 tokens, where what a request costs counts most. Both sides get
// the same numbers, to the bit. Server, client and engine live side by side and one waits while the other works: the machine has to be
// quiet. `npx tsc -p tsconfig.build.json` builds what is served.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, spread, table } from '../engine/figures.ts';
import { Peer, typescript } from '../engine/peer.ts';
import { conversations, type Done, type Job, TINY } from './job.ts';
import { Serving } from './serving.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '15' },
    warmup: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    only: { type: 'string' },
  },
});
const pairs = Number(values.pairs);
const warmup = Number(values.warmup);
const threads = Number(values.threads);
const BATCH = 16;
const SAMPLES = 32;
const TOKENS = { sample: 128, short: 32 };

const rows = await conversations((warmup + pairs) * BATCH);
const JOBS: { name: string; title: string; job(round: number): Job }[] = [
  {
    name: 'step',
    title: `a training step of ${BATCH} conversations`,
    job: (round) => ({ task: 'step', rows: rows.slice(round * BATCH, (round + 1) * BATCH) }),
  },
  ...Object.entries(TOKENS).map(([name, max_tokens]) => ({
    name,
    title: `${SAMPLES} samples of ${max_tokens} tokens at once`,
    job: (round: number): Job => ({
      task: 'sample',
      prompts: rows.slice(round, round + SAMPLES).map((row) => row.slice(0, 12)),
      max_tokens,
    }),
  })),
];

const worker = typescript(join(import.meta.dirname, 'worker.ts'));
const server = await Serving.cookbook(TINY, threads);
const inProcess = new Peer({ name: 'in process', ...worker, threads, load: { url: null, model: TINY, rank: 16 } });
const overHttp = new Peer({
  name: 'over HTTP',
  ...worker,
  threads,
  load: { url: server.url, model: 'tiny', rank: 16 },
});
const peers = [inProcess, overHttp];
for (const peer of peers) await peer.load();
for (const { name, title, job } of JOBS) {
  if (values.only !== undefined && values.only !== name) continue;
  const taken = new Map<Peer, Done[]>(peers.map((peer) => [peer, []]));
  for (let round = 0; round < warmup + pairs; round++) {
    // Who begins changes from pair to pair.
    for (const peer of round % 2 === 0 ? peers : peers.toReversed()) {
      const before = server.cpuSeconds;
      const done = await peer.ask<Done>(job(round));
      const cpu_seconds = done.cpu_seconds + server.cpuSeconds - before;
      if (round >= warmup) taken.get(peer)?.push({ ...done, cpu_seconds });
    }
  }
  const [here, there] = peers.map((peer) => taken.get(peer) ?? []);
  if (here.some(({ loss, tokens }, i) => loss !== there[i].loss || tokens !== there[i].tokens)) {
    throw new Error('the two sides came to different numbers');
  }
  const lines = peers.map((peer) => {
    const all = taken.get(peer) ?? [];
    return [
      `  ${peer.name}`,
      `${spread(
        all.map(({ seconds }) => 1000 * seconds),
        1,
      )} ms`,
      `${spread(
        all.map(({ cpu_seconds }) => 1000 * cpu_seconds),
        0,
      )} ms of CPU`,
    ];
  });
  const overhead = (a: Done, b: Done) => 100 * (b.seconds / a.seconds - 1);
  const medians = (median(there.map(({ seconds }) => seconds)) / median(here.map(({ seconds }) => seconds)) - 1) * 100;
  const byPair = spread(
    here.map((done, i) => overhead(done, there[i])),
    1,
  );
  console.log(`${title} (medians of ${pairs}, ${threads} threads)\n${table(lines)}`);
  console.log(`  HTTP takes ${medians.toFixed(1)} % more; by pair ${byPair} %`);
}
for (const peer of peers) await peer.stop();
await server.stop();
