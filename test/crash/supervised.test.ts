import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';
import { type CliResult, cookbook } from '../support/cli.ts';
import { callsOf, finalWeights, killAfterLines, killBeforeCall, timelessRows } from '../support/crashes.ts';

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

const SHORT = `
log_path: short
model_name: ./model
learning_rate: 0.02
lora_rank: 4
save_every: 0
`;
const DATA = {
  supervised: 'dataset: {builder: conversation_file, file_path: ./data.jsonl, batch_size: 4}',
  sl_loop: 'file_path: ./data.jsonl\nbatch_size: 4',
};

/** Runs the spec; kills the process with SIGKILL after a number of lines, or never. */
function run(name: string, killAfter = Number.POSITIVE_INFINITY): Promise<CliResult> {
  return cookbook(['run', 'spec.yaml', `log_path=${name}`], {
    cwd: directory,
    onLine: killAfterLines(killAfter),
  });
}

it('a run that is killed again and again ends with the rows and the weights of one that never was', async () => {
  expect(await run('whole')).toMatchObject({ code: 0 });
  for (const moment of MOMENTS) expect(await run('killed', moment)).toMatchObject({ signal: 'SIGKILL' });
  expect(await run('killed')).toMatchObject({ code: 0 });

  expect(await timelessRows(join(directory, 'killed'))).toEqual(await timelessRows(join(directory, 'whole')));
  expect(await finalWeights(join(directory, 'killed'))).toBe(await finalWeights(join(directory, 'whole')));
  const status = JSON.parse(await readFile(join(directory, 'killed/status.json'), 'utf8'));
  expect(status).toMatchObject({ state: 'done', attempt: expect.any(Number) });
  expect(status.attempt).toBeGreaterThan(5);
});

it.each(Object.entries(DATA))(
  'a run of %s that is killed while it is made longer, its last weights saved and not yet noted, trains no step twice',
  async (trainer, data) => {
    const [whole, dead] = [`${trainer}_longer`, `${trainer}_dead`];
    await writeFile(join(directory, `${trainer}.yaml`), `trainer: ${trainer}\n${data}${SHORT}`);
    const runOf = (name: string, args: string[], faultAt = 0) =>
      cookbook(['run', `${trainer}.yaml`, `log_path=${name}`, ...args], {
        cwd: directory,
        env: killBeforeCall(faultAt, join(directory, name, 'checkpoints.jsonl')),
      });
    for (const name of [whole, dead]) expect(await runOf(name, ['max_steps=2'])).toMatchObject({ code: 0 });
    const longer = ['max_steps=4', 'if_exists=resume'];
    const counted = await runOf(whole, longer);
    const calls = callsOf(counted);
    // Behind the line of `final` the rolling checkpoint before it is forgotten, in three calls.
    expect(await runOf(dead, longer, calls - 3)).toMatchObject({ signal: 'SIGKILL' });
    expect(await runOf(dead, longer)).toMatchObject({ code: 0 });
    expect(await timelessRows(join(directory, dead))).toEqual(await timelessRows(join(directory, whole)));
    expect(await finalWeights(join(directory, dead))).toBe(await finalWeights(join(directory, whole)));
  },
);

it('a run that is done is not run again', async () => {
  const again = await run('whole');
  expect(again.code).toBe(0);
  expect(again.stdout).toContain('done');
  expect(JSON.parse(await readFile(join(directory, 'whole/status.json'), 'utf8')).attempt).toBe(1);
});
