// Small requests a second of our client beside the official Python SDK, on the same `cookbook serve`, a measurement of each in turns:
//   npx jiti bench/protocol/clients.ts [--sdk 0.38.0] [--pairs N] [--warmup N] [--count N] [--threads 1] [--only forward|sample]
// "forward": passes over eight tokens each, submitted before the first result is
// waited for. "sample": requests for one token, all at once. The model that ships. The server works for both alike, so where it is what
// takes the time the two come closer: its seconds of CPU are told. `npx tsc -p tsconfig.build.json` builds it.

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pypiPackage } from '../../test/interop/packages.ts';
import { pythonOf } from '../../test/interop/venv.ts';
import { median, spread, table } from '../engine/figures.ts';
import { Peer, typescript } from '../engine/peer.ts';
import { conversations, type Done, type Job, TINY } from './job.ts';
import { Serving } from './serving.ts';

const { values } = parseArgs({
  options: {
    sdk: { type: 'string', default: '0.38.0' },
    pairs: { type: 'string', default: '7' },
    warmup: { type: 'string', default: '2' },
    count: { type: 'string', default: '200' },
    threads: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const count = Number(values.count);
const pairs = Number(values.pairs);
const warmup = Number(values.warmup);
const threads = Number(values.threads);

const environment = await pythonOf({
  name: 'tinker-sdk',
  requirements: join(import.meta.dirname, '../../test/interop/tinker_requirements.txt'),
  packages: 'what the SDKs of the Tinker API ask for',
});
if ('missing' in environment) throw new Error(`there is nothing to compare with: ${environment.missing}`);
const sdk = await pypiPackage(environment.path, `tinker==${values.sdk}`);
if ('missing' in sdk) throw new Error(`there is nothing to compare with: ${sdk.missing}`);

const rows = (await conversations(count)).map((row) => row.slice(0, 8));
const JOBS: Job[] = [
  { task: 'forward', rows },
  { task: 'sample', prompts: rows, max_tokens: 1 },
];

const server = await Serving.cookbook(TINY, threads);
const load = { url: server.url, model: 'tiny', rank: 16 };
const peers = [
  new Peer({ name: 'cookbook', ...typescript(join(import.meta.dirname, 'worker.ts')), threads, load }),
  new Peer({
    name: `Python SDK ${values.sdk}`,
    command: environment.path,
    args: [join(import.meta.dirname, 'worker.py'), sdk.directory],
    threads,
    load,
  }),
];
for (const peer of peers) await peer.load();
for (const job of JOBS) {
  if (values.only !== undefined && values.only !== job.task) continue;
  const taken = new Map<Peer, (Done & { server_cpu: number })[]>(peers.map((peer) => [peer, []]));
  for (let round = 0; round < warmup + pairs; round++) {
    // Who begins changes from pair to pair.
    for (const peer of round % 2 === 0 ? peers : peers.toReversed()) {
      const before = server.cpuSeconds;
      const done = await peer.ask<Done>(job);
      if (round >= warmup) taken.get(peer)?.push({ ...done, server_cpu: server.cpuSeconds - before });
    }
  }
  const lines = [...taken].map(([{ name }, all]) => [
    `  ${name}`,
    `${spread(
      all.map(({ seconds }) => count / seconds),
      0,
    )} requests a second`,
    `${((1000 * median(all.map(({ cpu_seconds }) => cpu_seconds))) / count).toFixed(2)} ms of CPU each`,
    `and ${((1000 * median(all.map(({ server_cpu }) => server_cpu))) / count).toFixed(2)} in the server`,
  ]);
  const [ours, theirs] = peers.map((peer) => taken.get(peer) ?? []);
  const ratio = median(theirs.map(({ seconds }) => seconds)) / median(ours.map(({ seconds }) => seconds));
  const byPair = spread(
    ours.map(({ seconds }, i) => theirs[i].seconds / seconds),
    2,
  );
  console.log(`${job.task} × ${count} (medians of ${pairs})\n${table(lines)}`);
  console.log(`  cookbook is ${ratio.toFixed(2)}× as fast; by pair ${byPair}`);
}
for (const peer of peers) await peer.stop();
await server.stop();
