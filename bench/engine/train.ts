// LoRA training and sampling against PyTorch + peft on the same cores, batch by batch in turns:
//   npx jiti bench/engine/train.ts MODEL_DIRECTORY GSM8K.jsonl [--rounds 5] [--threads 2] [--rank 16] [--rows 8]
//     [--only CASE] [--alone] [--int8] [--bf16] [--checkpointing] [--compile] [--llama PYTHON --gguf FILE]
// --int8: the engine with its frozen matrices in int8 besides; --bf16: PyTorch under autocast to bfloat16 besides, sampling from bfloat16 weights.
// The reference is the Python environment of `npm run test:interop`; --compile adds torch.compile, --llama llama.cpp from a Python that
// has llama-cpp-python, over the same weights as to_gguf.py writes them. Every case has new processes, so that its peak of memory is its own.

import { parseArgs } from 'node:util';
import { referencePython } from '../../test/interop/venv.ts';
import { Rows } from './batches.ts';
import { median, spread, table } from './figures.ts';
import { Peer } from './peer.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    rank: { type: 'string', default: '16' },
    rows: { type: 'string', default: '8' },
    only: { type: 'string' },
    alone: { type: 'boolean', default: false },
    int8: { type: 'boolean', default: false },
    bf16: { type: 'boolean', default: false },
    checkpointing: { type: 'boolean', default: false },
    compile: { type: 'boolean', default: false },
    llama: { type: 'string' },
    gguf: { type: 'string' },
  },
});
const [model, gsm8k] = positionals;
if (model === undefined || gsm8k === undefined) throw new Error('name a model directory and a file of GSM8K rows');
if ((values.llama === undefined) !== (values.gguf === undefined)) throw new Error('--llama and --gguf go together');
const rounds = Number(values.rounds);
const threads = Number(values.threads);
const rank = Number(values.rank);
const rowsOfRagged = Number(values.rows);

interface Job {
  batch?: number[][];
  generate?: number[][];
  max_new_tokens?: number;
  base?: boolean;
}

interface Case {
  /** Without the adapter, which llama.cpp is not given. */
  base?: boolean;
  name: string;
  job(round: number): Job;
  /** Batches of one case differ in shape. */
  ragged?: boolean;
  /** Sequences that are sampled at once. */
  sampled?: number;
}

const rows = await Rows.read(gsm8k, model);
const sampling = (sampled: number): Case => ({
  name: `sample ${sampled}×128`,
  sampled,
  job: () => ({ generate: rows.equal(sampled, 31, 0), max_new_tokens: 128 }),
});
const CASES: Case[] = [
  { name: 'train 4×256', job: (round) => ({ batch: rows.equal(4, 256, round) }) },
  { name: 'train 8×128', job: (round) => ({ batch: rows.equal(8, 128, round) }) },
  {
    name: `train ${rowsOfRagged} GSM8K rows`,
    ragged: true,
    job: (round) => ({ batch: rows.ragged(rowsOfRagged, round) }),
  },
  sampling(1),
  sampling(8),
  sampling(32),
  {
    name: 'sample 1×128 without an adapter',
    base: true,
    sampled: 1,
    job: () => ({ generate: rows.equal(1, 31, 0), max_new_tokens: 128, base: true }),
  },
];

/** Tokens whose loss is computed, or that are sampled: padding is nobody's work. */
function tokensOf({ batch, generate = [], max_new_tokens = 0 }: Job): number {
  if (batch !== undefined) return batch.reduce((sum, row) => sum + row.length - 1, 0);
  return generate.length * max_new_tokens;
}

async function pythonOfReference(): Promise<string> {
  const python = await referencePython();
  if ('missing' in python) throw new Error(python.missing);
  return python.path;
}
const python = values.alone ? null : await pythonOfReference();

/** Those who can do a case, the engine first, in int8 if asked for. */
function peersOf({ ragged = false, sampled, base = false }: Case): Peer[] {
  const load = { load: model, rank };
  const engine = { ...load, checkpointing: values.checkpointing };
  const peers = [
    ...(values.int8 ? [Peer.engine({ ...engine, precision: 'int8' }, threads)] : []),
    Peer.engine(engine, threads),
  ];
  if (python !== null && !base) {
    peers.push(Peer.torch(python, load, threads));
    if (values.bf16) peers.push(Peer.torch(python, { ...load, bfloat16: true }, threads));
    if (values.compile && sampled === undefined) {
      peers.push(Peer.torch(python, { ...load, compile: true, dynamic: ragged }, threads));
    }
  }
  if (base && values.llama !== undefined && values.gguf !== undefined) {
    peers.push(Peer.llama(values.llama, values.gguf, threads));
  }
  return peers;
}

class Figures {
  readonly loading: number[] = [];
  readonly ready: number[] = [];
  first = Number.NaN;
  /** Tokens a second by round. */
  readonly speeds: number[] = [];
  peak = 0;
  failure: string | null = null;
}

async function measure(one: Case): Promise<Map<string, Figures>> {
  const peers = peersOf(one);
  const all = new Map(peers.map(({ name }) => [name, new Figures()]));
  const attempt = async (peer: Peer, work: (figures: Figures) => Promise<void>) => {
    const figures = all.get(peer.name);
    if (figures === undefined || figures.failure !== null) return;
    try {
      await work(figures);
    } catch (error) {
      figures.failure = error instanceof Error ? error.message : String(error);
    }
  };
  for (const peer of peers) {
    await attempt(peer, async (figures) => {
      const { seconds, sinceStart } = await peer.load();
      figures.loading.push(seconds);
      figures.ready.push(sinceStart);
    });
  }
  // The first round warms up and does not count. Who begins changes from round to round.
  for (let round = 0; round <= rounds; round++) {
    const job = one.job(round);
    const turn = round % peers.length;
    for (const peer of [...peers.slice(turn), ...peers.slice(0, turn)]) {
      await attempt(peer, async (figures) => {
        const { seconds, peak_rss } = await peer.ask(job);
        figures.peak = peak_rss;
        if (round === 0) figures.first = seconds;
        else figures.speeds.push(tokensOf(job) / seconds);
      });
    }
  }
  for (const peer of peers) await peer.stop();
  return all;
}

function report({ name }: Case, all: Map<string, Figures>): string {
  const [own] = [...all.values()];
  const lines = [...all].map(([peer, { speeds, first, peak, failure }]) => {
    if (failure !== null) return [`  ${peer}`, 'failed', failure, '', ''];
    const against = own.speeds.map((speed, round) => speed / (speeds[round] ?? Number.NaN));
    const ratio = `cookbook is ${(median(own.speeds) / median(speeds)).toFixed(2)}× (by round ${spread(against, 2)})`;
    const cost = [`first ${first.toFixed(2)} s`, `peak ${(peak / 1e6).toFixed(0)} MB`];
    return [
      `  ${peer}`,
      `${spread(speeds, speeds[0] < 100 ? 1 : 0)} tok/s`,
      ...cost,
      speeds === own.speeds ? '' : ratio,
    ];
  });
  return `${name}\n${table(lines)}`;
}

const ready = new Map<string, Figures>();
for (const one of CASES) {
  if (values.only !== undefined && !one.name.startsWith(values.only)) continue;
  const all = await measure(one);
  console.log(report(one, all));
  for (const [name, figures] of all) {
    const total = ready.get(name) ?? new Figures();
    total.loading.push(...figures.loading);
    total.ready.push(...figures.ready);
    ready.set(name, total);
  }
}
console.log('ready for the first step, seconds');
console.log(
  table(
    [...ready].map(([name, figures]) => [
      `  ${name}`,
      `${spread(figures.loading, 2)} in the process`,
      `${spread(figures.ready, 2)} since its start, imports included`,
    ]),
  ),
);
