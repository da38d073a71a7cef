// A thousand concurrent samples of one client on `cookbook serve`: none is lost, how long they take, and what memory both sides hold:
//   npx jiti bench/protocol/samples.ts [--count 1000] [--max-tokens 8] [--rounds 5] [--threads 2]
// The model that ships, prompts of 12 tokens that are all different, and replies that end at their limit alone. A latency is that from the
// request to the sample as the program gets it, with all asked for at once. `npx tsc -p tsconfig.build.json` builds what is served.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, spread } from '../engine/figures.ts';
import { Peer, typescript } from '../engine/peer.ts';
import { conversations, type Done, TINY } from './job.ts';
import { Serving } from './serving.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    'max-tokens': { type: 'string', default: '8' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
  },
});
const count = Number(values.count);
const max_tokens = Number(values['max-tokens']);
const rounds = Number(values.rounds);
const threads = Number(values.threads);
const WARMUP = 1;

const prompts = (await conversations(count)).map((row, i) => [...row.slice(0, 11), i % 2000]);
const server = await Serving.cookbook(TINY, threads);
const worker = typescript(join(import.meta.dirname, 'worker.ts'));
const client = new Peer({ name: 'client', ...worker, threads, load: { url: server.url, model: 'tiny', rank: 16 } });
await client.load();
const before = server.peakRss;
const taken: Done[] = [];
for (let round = 0; round < WARMUP + rounds; round++) {
  const done = await client.ask<Done>({ task: 'sample', prompts, max_tokens });
  if (done.tokens !== count * max_tokens || done.latencies.length !== count) {
    throw new Error(`${count} samples of ${max_tokens} tokens were asked for: ${done.tokens} tokens came`);
  }
  if (round >= WARMUP) taken.push(done);
}
const percentile = (share: number) => (done: Done) =>
  1000 * done.latencies.toSorted((a, b) => a - b)[Math.ceil(share * count) - 1];
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
console.log(
  `${count} samples of ${max_tokens} tokens at once (medians of ${rounds} rounds, ${threads} threads): none is lost`,
);
console.log(`  p50 ${spread(taken.map(percentile(0.5)), 0)} ms, p99 ${spread(taken.map(percentile(0.99)), 0)} ms`);
console.log(
  `  ${spread(
    taken.map(({ seconds }) => count / seconds),
    0,
  )} samples a second, client ${(1000 * median(taken.map(({ cpu_seconds }) => cpu_seconds / count))).toFixed(2)} ms of CPU each`,
);
console.log(
  `  peak memory: server ${megabytes(server.peakRss)} (${megabytes(before)} before), client ${megabytes(Math.max(...taken.map(({ peak_rss }) => peak_rss)))}`,
);
await client.stop();
await server.stop();
