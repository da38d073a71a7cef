// Runs of RL that are killed between any two lines, and go on.

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

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-rl-crash-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(
    join(directory, 'spec.yaml'),
    `
trainer: rl
log_path: whole
model_name: ./model
dataset: {builder: arithmetic, batch_size: 4, group_size: 2, n_batches: 8, test_size: 4, example: false, max_operand: 9}
max_tokens: 4
learning_rate: 0.02
lora_rank: 4
eval_every: 4
save_every: 2
rolling_save_every: 1
`,
  );
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
    expect(await timelessRows(join(directory, `${mode}_killed`))).toEqual(
      await timelessRows(join(directory, `${mode}_whole`)),
    );
    expect(await finalWeights(join(directory, `${mode}_killed`))).toBe(
      await finalWeights(join(directory, `${mode}_whole`)),
    );
  },
);

it('off-policy: a run that is killed again and again comes to its end, every group trained on', async () => {
  const overrides = ['async_config={max_steps_off_policy: 2, groups_per_batch: 4}', 'loss_fn=ppo'];
  for (const moment of MOMENTS) await run('off_policy', overrides, moment);
  expect(await run('off_policy', overrides)).toMatchObject({ code: 0 });
  const rows = await timelessRows(join(directory, 'off_policy'));
  expect(rows.slice(0, 8)).toEqual(new Array(8).fill(expect.objectContaining({ 'env/all/total_episodes': 8 })));
});
