// Several stages that are killed at any moment: the same command goes on where they were, and ends with the same numbers.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';
import { type CliResult, cookbook } from '../support/cli.ts';
import { finalWeights, killAfterLines, timelessRows } from '../support/crashes.ts';

/** Lines of progress after which the process is killed, one kill a number. */
const MOMENTS = [3, 14, 6, 0];

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-stages-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'data.jsonl'), conversationLines(20));
  await writeFile(join(directory, 'broken.jsonl'), `${conversationLines(20)}{"messages": 1}\n`);
  const stage = (name: string, fields = '', data = 'data') =>
    `  ${name}: {trainer: supervised, model_name: ./model, learning_rate: 0.02, lora_rank: 4, save_every: 2, max_steps: 4${fields},
    dataset: {builder: conversation_file, file_path: ./${data}.jsonl, batch_size: 4, test_size: 4}}\n`;
  const head = 'service: {builder: local, threads: 1}\nlog_path: whole\nstages:\n';
  const more = stage('more', ', load_checkpoint_path: {stage: sft}');
  await writeFile(join(directory, 'spec.yaml'), head + stage('sft') + more);
  await writeFile(join(directory, 'failing.yaml'), head + stage('sft', '', 'broken') + more + stage('alone'));
});

/** Runs a spec; kills the process with SIGKILL after a number of lines, or never. */
function run(name: string, { file = 'spec.yaml', killAfter = Number.POSITIVE_INFINITY } = {}): Promise<CliResult> {
  return cookbook(['run', file, `log_path=${name}`], {
    cwd: directory,
    onLine: killAfterLines(killAfter),
  });
}

it('stages that are killed again and again end with the rows and the weights of those that never were', async () => {
  expect(await run('whole')).toMatchObject({ code: 0 });
  for (const killAfter of MOMENTS) expect(await run('killed', { killAfter })).toMatchObject({ signal: 'SIGKILL' });
  expect(await run('killed')).toMatchObject({ code: 0 });
  for (const stage of ['sft', 'more']) {
    expect(await timelessRows(join(directory, `killed/${stage}`))).toEqual(
      await timelessRows(join(directory, `whole/${stage}`)),
    );
    expect(await finalWeights(join(directory, `killed/${stage}`))).toBe(
      await finalWeights(join(directory, `whole/${stage}`)),
    );
  }
  expect(await finalWeights(join(directory, 'whole/more'))).not.toBe(await finalWeights(join(directory, 'whole/sft')));
});

it('a stage that fails leaves those alone that do not start from it', async () => {
  const { code, stdout } = await run('failing', { file: 'failing.yaml' });
  expect(code).toBe(1);
  expect(stdout).toContain('1 of 3 stages done');
  expect(stdout).toMatch(/^ {2}sft {4}failed after 0 steps: .*broken\.jsonl:21: /m);
  expect(stdout).toMatch(/^ {2}more {3}not started: sft is not done$/m);
  expect(stdout).toMatch(/^ {2}alone {2}done after 4 steps/m);
});
