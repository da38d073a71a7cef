// What a board takes of a machine that trains: CPU time of its process while a page of it is open and runs write as those of
// sweeps/lr_grid.yaml do, two at a time, a row every 0.7 seconds and a run every 15 seconds each, which is twice as fast.
//
//   npm run build && node bench/board.mjs [SECONDS [FINISHED_RUNS [STEPS]]]
//
// FINISHED_RUNS of STEPS steps lie there before. Without Chromium a reader of the stream is the page.

import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch, whyNoBrowser } from '../scripts/browser.mjs';

const [seconds = 60, finished = 22, steps = 60] = process.argv.slice(2).map(Number);
const ROW_MS = 700;
const RUN_MS = 15_000;
/** Ticks of /proc, which Linux has a hundred of in a second. */
const TICKS = 100;

const directory = mkdtempSync(join(tmpdir(), 'cookbook-board-bench-'));
const sweep = join(directory, 'runs', 'grid');

function rowAt(step) {
  const loss = 2 * Math.exp(-step / 20) + Math.random() / 10;
  return {
    step,
    train_mean_nll: loss,
    'test/nll': loss + 0.1,
    learning_rate: 1e-3,
    num_sequences: 16,
    num_tokens: 4096,
    num_loss_tokens: 3072,
    progress: step / steps,
    'optim/grad_norm': loss / 3,
    'time/total': 0.7,
  };
}

function writeStatus(run, state, step) {
  const now = new Date().toISOString();
  const status = { schema_version: 1, state, attempt: 1, step, total_steps: steps, started_at: now, updated_at: now };
  writeFileSync(
    join(run, 'status.tmp'),
    JSON.stringify({
      ...status,
      ended_at: null,
      host: 'bench',
      pid: process.pid,
      error: null,
      warnings: [],
      learned: [],
      sampler_path: null,
    }),
  );
  renameSync(join(run, 'status.tmp'), join(run, 'status.json'));
}

function begin(name) {
  const run = join(sweep, name);
  mkdirSync(run, { recursive: true });
  const identity = { version: 1, hash: name, config_hash: name, seed: 0, config: {} };
  const spec = { trainer: 'sft', model_name: 'tiny', learning_rate: 1e-3 };
  const objective = { metric: 'test/nll', goal: 'minimize', at: 'last' };
  writeFileSync(
    join(run, 'run.json'),
    JSON.stringify({ schema_version: 1, name, identity, spec, axes: {}, objective }),
  );
  return run;
}

for (let i = 0; i < finished; i++) {
  const run = begin(`finished-${i}`);
  const rows = Array.from({ length: steps }, (_, step) => `${JSON.stringify(rowAt(step))}\n`);
  writeFileSync(join(run, 'metrics.jsonl'), rows.join(''));
  writeStatus(run, 'done', steps);
}
writeFileSync(join(sweep, 'sweep.json'), '{}');

async function train(slot, until) {
  for (let n = 0; performance.now() < until; n++) {
    const run = begin(`slot-${slot}-${n}`);
    const end = performance.now() + RUN_MS;
    for (let step = 0; performance.now() < Math.min(end, until); step++) {
      // The lease of a live writer: its time of modification is its pulse.
      writeFileSync(join(run, 'lease'), JSON.stringify({ pid: process.pid, host: 'bench' }));
      appendFileSync(join(run, 'metrics.jsonl'), `${JSON.stringify(rowAt(step))}\n`);
      writeStatus(run, 'running', step + 1);
      await sleep(ROW_MS);
    }
    writeStatus(run, 'done', steps);
  }
}

function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

const program = join(import.meta.dirname, '../bin/run.js');
const board = spawn(process.execPath, [program, 'board', '--port', '0'], {
  cwd: directory,
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const first = await new Promise((done) => board.stdout.once('data', (text) => done(String(text))));
  const url = /http:\S+/.exec(first)?.[0] ?? '';
  const started = cpuSeconds(board.pid);
  const browser = whyNoBrowser === null ? await launch() : null;
  if (browser === null) void fetch(`${url}/api/events`).then((answer) => answer.text());
  else await (await browser.newPage()).goto(url);
  const until = performance.now() + seconds * 1000;
  await Promise.all([train(0, until), train(1, until)]);
  const used = cpuSeconds(board.pid) - started;
  const share = (taken) => `${((100 * taken) / (2 * seconds)).toFixed(2)} %`;
  console.log(
    `${seconds} s, ${finished} finished runs of ${steps} steps, ${cpus().length} cores, ${browser === null ? 'a reader of its stream' : 'a page open'}`,
  );
  console.log(
    `its start: ${started.toFixed(2)} s of CPU; while runs write: ${used.toFixed(2)} s, ${share(used)} of two cores`,
  );
  await browser?.close();
} finally {
  board.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}
