import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';
import { type CliResult, cookbook } from '../support/cli.ts';

/** Lines of progress after which the process is killed, one kill a number; 0 is as soon as it has started. */
const MOMENTS = [1, 2, 4, 7, 3, 9, 0, 5];

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-crash-'));
  await writeChatModel(join(directory, 'model'));
  await writeFile(join(directory, 'data.jsonl'), conversationLines(40));
  await writeFile(
    join(directory, 'spec.yaml'),
    `
trainer: supervised
log_path: whole
model_name: ./model
dataset: {builder: conversation_file, file_path: ./data.jsonl, batch_size: 4, test_size: 4}
learning_rate: 0.02
lora_rank: 4
num_epochs: 2
eval_every: 4
save_every: 2
rolling_save_every: 1
`,
  );
});

/** Runs the spec; kills the process with SIGKILL after a number of lines, or never. */
function run(name: string, killAfter = Number.POSITIVE_INFINITY): Promise<CliResult> {
  return cookbook(['run', 'spec.yaml', `log_path=${name}`], {
    cwd: directory,
    onLine: (number, child) => {
      if (number > killAfter) child.kill('SIGKILL');
    },
  });
}

async function timelessRows(name: string): Promise<unknown[]> {
  const text = await readFile(join(directory, name, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line, (key, value) => (key.startsWith('time/') ? undefined : value)));
}

it('a run that is killed again and again ends with the rows and the weights of one that never was', async () => {
  expect(await run('whole')).toMatchObject({ code: 0 });
  for (const moment of MOMENTS) expect(await run('killed', moment)).toMatchObject({ signal: 'SIGKILL' });
  expect(await run('killed')).toMatchObject({ code: 0 });

  expect(await timelessRows('killed')).toEqual(await timelessRows('whole'));
  const weights = (name: string) =>
    readFile(join(directory, name, 'checkpoints/weights/final/adapter_model.safetensors'), 'base64');
  expect(await weights('killed')).toBe(await weights('whole'));
  const status = JSON.parse(await readFile(join(directory, 'killed/status.json'), 'utf8'));
  expect(status).toMatchObject({ state: 'done', attempt: expect.any(Number) });
  expect(status.attempt).toBeGreaterThan(5);
});

it('a run that is done is not run again', async () => {
  const again = await run('whole');
  expect(again.code).toBe(0);
  expect(again.stdout).toContain('done');
  expect(JSON.parse(await readFile(join(directory, 'whole/status.json'), 'utf8')).attempt).toBe(1);
});
