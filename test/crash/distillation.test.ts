// Runs of on-policy distillation that are killed between any two lines, and go on.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { writeChatModel } from '../support/chat_model.ts';
import { type CliResult, cookbook } from '../support/cli.ts';
import { finalWeights, killAfterLines, timelessRows } from '../support/crashes.ts';

/** Lines of progress after which the process is killed, one kill a number; 0 is as soon as it has started. */
const MOMENTS = [2, 5, 0, 4, 7];

let directory: string;

const sums = 'builder: arithmetic, batch_size: 2, group_size: 2, n_batches: 8, example: false, max_operand: 9';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-distillation-crash-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(
    join(directory, 'prompts.jsonl'),
    Array.from({ length: 16 }, (_, i) => `{"prompt": "hello ${i}"}\n`).join(''),
  );
  await writeFile(
    join(directory, 'teacher.yaml'),
    `
trainer: rl
log_path: teacher
model_name: ./model
dataset: {${sums}, test_size: 0}
max_tokens: 4
learning_rate: 0.02
lora_rank: 4
max_steps: 3
`,
  );
  await writeFile(
    join(directory, 'spec.yaml'),
    `
trainer: on_policy_distillation
log_path: whole
model_name: ./model
dataset_configs:
  - {name: sums, dataset: {${sums}, test_size: 4}, teacher: {load_checkpoint_path: {run: teacher}}}
  - {dataset: {builder: prompts, file_path: prompts.jsonl, groups_per_batch: 2, group_size: 2}, teacher: {service: local}}
max_tokens: 4
learning_rate: 0.02
lora_rank: 4
eval_every: 4
save_every: 2
rolling_save_every: 1
`,
  );
  expect(await cookbook(['run', 'teacher.yaml'], { cwd: directory })).toMatchObject({ code: 0 });
});

/** Runs the spec; kills the process with SIGKILL after a number of lines, or never. */
function run(name: string, overrides: string[], killAfter = Number.POSITIVE_INFINITY): Promise<CliResult> {
  return cookbook(['run', 'spec.yaml', `log_path=${name}`, ...overrides], {
    cwd: directory,
    onLine: killAfterLines(killAfter),
  });
}

it.each([
  ['sync', []],
  ['stream', ['stream_minibatch_config={groups_per_batch: 4, num_minibatches: 2}']],
  ['async', ['async_config={max_steps_off_policy: 0, groups_per_batch: 4}']],
])(
  '%s: a run that is killed again and again ends with the rows and the weights of one that never was',
  async (mode, overrides) => {
    expect(await run(`${mode}_whole`, overrides)).toMatchObject({ code: 0 });
    for (const moment of MOMENTS) await run(`${mode}_killed`, overrides, moment);
    expect(await run(`${mode}_killed`, overrides)).toMatchObject({ code: 0 });
    const rows = await timelessRows(join(directory, `${mode}_killed`));
    expect(rows[0]).toMatchObject({
      'teacher_kl/sums': expect.any(Number),
      'teacher_kl/dataset_1': expect.any(Number),
    });
    expect(rows).toEqual(await timelessRows(join(directory, `${mode}_whole`)));
    expect(await finalWeights(join(directory, `${mode}_killed`))).toBe(
      await finalWeights(join(directory, `${mode}_whole`)),
    );
  },
);
