// Runs of DPO in a sweep that are killed between any two calls on their files and those that they share, and go on.

import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { writeChatModel } from '../support/chat_model.ts';
import { type CliResult, cookbook } from '../support/cli.ts';
import { callsOf, finalWeights, killBeforeCall, timelessRows } from '../support/crashes.ts';

/** Parts of all calls after which the process is killed, one kill a number. */
const MOMENTS = [0.15, 0.1, 0.2, 0.12, 0.08, 0.18, 0.11];
const SEQUENCES = 40;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-dpo-crash-'));
  await writeChatModel(join(directory, 'model'));
  const rows = Array.from({ length: SEQUENCES / 2 }, (_, i) => ({
    prompt: `hello ${i}?`,
    chosen: `or ${i}`,
    rejected: `he world ${i}`,
  }));
  await writeFile(join(directory, 'pairs.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await writeFile(
    join(directory, 'spec.yaml'),
    `
trainer: dpo
model_name: ./model
service: {builder: local, threads: 1}
dataset: {builder: comparison_file, file_path: pairs.jsonl, batch_size: 4, test_size: 4}
learning_rate: 0.02
lora_rank: 4
num_epochs: 2
eval_every: 4
save_every: 2
rolling_save_every: 1
`,
  );
  for (const sweep of ['whole', 'killed']) {
    await mkdir(join(directory, sweep));
    await writeFile(join(directory, sweep, 'sweep.json'), '{}');
  }
});

/** Runs the spec in a sweep; kills it right before one of its calls there, or never. */
function run(sweep: string, faultAt = 0): Promise<CliResult> {
  return cookbook(['run', 'spec.yaml', `log_path=${sweep}/run`], {
    cwd: directory,
    env: killBeforeCall(faultAt, join(directory, sweep)),
  });
}

async function results(sweep: string) {
  const read = (...names: string[]) => readFile(join(directory, sweep, ...names), 'utf8');
  const [place = ''] = await readdir(join(directory, sweep, 'reference_logprobs'));
  return {
    rows: await timelessRows(join(directory, sweep, 'run')),
    weights: await finalWeights(join(directory, sweep, 'run')),
    reference: await read('run/reference_logprobs.jsonl'),
    shared: await read('reference_logprobs', place, 'lines.jsonl'),
    beside: await readdir(join(directory, sweep, 'reference_logprobs', place)),
  };
}

it('a run that is killed again and again ends with the files of one that never was, and leaves nothing beside them', async () => {
  const whole = await run('whole');
  expect(whole).toMatchObject({ code: 0 });
  const calls = callsOf(whole);
  expect(calls).toBeGreaterThan(SEQUENCES);
  let killed = 0;
  for (const moment of MOMENTS) if ((await run('killed', Math.ceil(moment * calls))).signal === 'SIGKILL') killed += 1;
  expect(killed).toBeGreaterThan(3);
  expect(await run('killed')).toMatchObject({ code: 0 });
  const expected = await results('whole');
  expect(expected.shared.trimEnd().split('\n')).toHaveLength(SEQUENCES);
  expect(await results('killed')).toEqual(expected);
});
