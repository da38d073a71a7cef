// LoRA training and sampling in f32 against PyTorch + peft on the same cores, batch by batch in turns, medians:
//   npx jiti bench/engine/train.ts MODEL_DIRECTORY GSM8K.jsonl [--rounds 5] [--threads 2] [--rank 16] [--only CASE] [--alone] [--checkpointing]
// The reference is the Python environment of `npm run test:interop`.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { referencePython } from '../../test/interop/venv.ts';
import { Peer } from './peer.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    rank: { type: 'string', default: '16' },
    only: { type: 'string' },
    alone: { type: 'boolean', default: false },
    checkpointing: { type: 'boolean', default: false },
  },
});
const [model, gsm8k] = positionals;
if (model === undefined || gsm8k === undefined) throw new Error('name a model directory and a file of GSM8K rows');
const rounds = Number(values.rounds);
const threads = Number(values.threads);

const tokenizer = await loadTokenizer(model);
const rows = readFileSync(gsm8k, 'utf8')
  .trim()
  .split('\n')
  .slice(0, 400)
  .map((line): { question: string; answer: string } => JSON.parse(line))
  .map(({ question, answer }) => [...tokenizer.encode(`${question}\n${answer}`)].slice(0, 513));
const text = rows.flat();

/** B rows of T inputs each; a row has one token more, the last target. */
const equal = (B: number, T: number) => (round: number) =>
  Array.from({ length: B }, (_, b) => {
    const start = ((round * B + b) * (T + 1)) % (text.length - T - 1);
    return text.slice(start, start + T + 1);
  });
const ragged = (B: number) => (round: number) =>
  Array.from({ length: B }, (_, b) => rows[(round * B + b) % rows.length] ?? []);

const CASES: Record<string, (round: number) => object> = {
  'train 4×256': (round) => ({ batch: equal(4, 256)(round) }),
  'train 8×128': (round) => ({ batch: equal(8, 128)(round) }),
  'train 16 GSM8K rows': (round) => ({ batch: ragged(16)(round) }),
  'sample 1×128': () => ({ generate: [text.slice(0, 32)], max_new_tokens: 128 }),
  'sample 8×128': () => ({ generate: equal(8, 31)(0), max_new_tokens: 128 }),
  'sample 32×128': () => ({ generate: equal(32, 31)(0), max_new_tokens: 128 }),
};

/** Tokens whose loss is computed, or that are sampled: padding is nobody's work. */
function tokensOf(job: { batch?: number[][]; generate?: number[][]; max_new_tokens?: number }): number {
  if (job.batch !== undefined) return job.batch.reduce((sum, row) => sum + row.length - 1, 0);
  return (job.generate?.length ?? 0) * (job.max_new_tokens ?? 0);
}

const median = (list: number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
const mega = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

const python = await referencePython();
if ('missing' in python) throw new Error(python.missing);
const peers = [Peer.engine(threads), ...(values.alone ? [] : [Peer.torch(python.path, threads)])];
for (const peer of peers) {
  const { seconds } = await peer.ask({
    load: model,
    rank: Number(values.rank),
    threads,
    checkpointing: values.checkpointing,
  });
  console.log(`${peer.name}: ready to train after ${seconds.toFixed(2)} s`);
}
for (const [name, jobOf] of Object.entries(CASES)) {
  if (values.only !== undefined && !name.startsWith(values.only)) continue;
  const speeds = new Map(peers.map((peer) => [peer.name, [] as number[]]));
  const memory = new Map<string, number>();
  // The first round warms up and does not count.
  for (let round = 0; round <= rounds; round++) {
    const job = jobOf(round);
    for (const peer of peers) {
      const { seconds, peak_rss } = await peer.ask(job);
      memory.set(peer.name, peak_rss);
      if (round > 0) speeds.get(peer.name)?.push(tokensOf(job) / seconds);
    }
  }
  const figures = peers.map((peer) => ({ peer, speed: median(speeds.get(peer.name) ?? []) }));
  const ratio = figures.length > 1 ? `${((figures[0]?.speed ?? 0) / (figures[1]?.speed ?? 1)).toFixed(2)}×` : '';
  const parts = figures.map(
    ({ peer, speed }) => `${peer.name} ${speed.toFixed(0)} tok/s (peak ${mega(memory.get(peer.name) ?? 0)})`,
  );
  console.log([name.padEnd(20), ratio, ...parts].join('  '));
}
for (const peer of peers) peer.stop();
