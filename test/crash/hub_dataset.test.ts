// A run on a split of the hub that is killed while it downloads, and again and again while it trains, goes on at the very row
// where it was.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeChatModel } from '../support/chat_model.ts';
import { type CliOptions, type CliResult, cookbook } from '../support/cli.ts';
import { finalWeights, killBeforeCall, timelessRows } from '../support/crashes.ts';
import { DATASET, hubWith } from '../support/hub_data.ts';
import { writeParquet } from '../support/parquet.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

/** Calls that change the cache before which it is killed while it fills that. */
const DOWNLOADS = [2, 9];
/** Steps at which it is killed; the second epoch begins with the tenth. */
const MOMENTS = [2, 6, 10, 15];

it('killed while it downloads and while it trains, it ends with the rows and the weights of one that never was', async () => {
  const directory = await temporaryDirectory();
  await writeChatModel(join(directory, 'model'));
  await writeFile(
    join(directory, 'spec.yaml'),
    `
trainer: supervised
log_path: whole
model_name: ./model
dataset: {builder: hf_dataset, path: ${DATASET}, batch_size: 4, test_split: test, max_length: 60}
learning_rate: 0.02
lora_rank: 4
num_epochs: 2
eval_every: 4
save_every: 2
rolling_save_every: 1
`,
  );
  const parquet = async (from: number, to: number) =>
    await readFile(await writeParquet(directory, 'rows.parquet', rowsOf(from, to), 8));
  await hubWith({
    'data/train-00000-of-00002.parquet': await parquet(0, 20),
    'data/train-00001-of-00002.parquet': await parquet(20, 34),
    'data/test-00000-of-00001.parquet': await parquet(41, 45),
  });
  const run = (name: string, options: Omit<CliOptions, 'cwd'> = {}): Promise<CliResult> =>
    cookbook(['run', 'spec.yaml', `log_path=${name}`], { cwd: directory, ...options });
  const whole = await run('whole');
  expect(whole).toMatchObject({ code: 0 });
  expect(whole.stderr).toContain('left out, with every trained token beyond max_length 60');

  // Another cache, which is filled anew.
  const cache = join(directory, 'cache');
  const env = { HF_HUB_CACHE: join(cache, 'hub'), HF_HOME: cache, XDG_CACHE_HOME: cache };
  for (const call of DOWNLOADS)
    expect(await run('killed', { env: { ...env, ...killBeforeCall(call, cache) } })).toMatchObject({
      signal: 'SIGKILL',
    });
  for (const moment of MOMENTS)
    expect(await run('killed', { env, onLine: killAtStep(moment) })).toMatchObject({ signal: 'SIGKILL' });
  expect(await run('killed', { env })).toMatchObject({ code: 0 });

  const rows = await timelessRows(join(directory, 'whole'));
  expect(rows).toHaveLength(19);
  expect(await timelessRows(join(directory, 'killed'))).toEqual(rows);
  expect(await finalWeights(join(directory, 'killed'))).toBe(await finalWeights(join(directory, 'whole')));
  const status = JSON.parse(await readFile(join(directory, 'killed/status.json'), 'utf8'));
  // Those that died while they downloaded had not begun it.
  expect(status).toMatchObject({ state: 'done', attempt: MOMENTS.length + 1 });
});

/** Of every fifth row nothing can be trained on: it gives its place to the next. */
const rowsOf = (from: number, to: number) => `
  SELECT [{'role': 'user', 'content': CASE WHEN i % 5 = 0 THEN repeat('hello ', 40) ELSE '' END || 'question ' || i},
          {'role': 'assistant', 'content': 'answer ' || i}] AS messages
  FROM range(${from}, ${to}) t(i)`;

const killAtStep =
  (moment: number): CliOptions['onLine'] =>
  (_number, child, line) => {
    if (Number(/^step (\d+)\//.exec(line)?.[1] ?? 0) >= moment) child.kill('SIGKILL');
  };
