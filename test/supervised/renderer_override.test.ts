// Weights remember the renderer that they were trained with, and another one has to be meant.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { runFile } from '../../src/run/run_spec.ts';
import { openSamplingTarget } from '../../src/run/sampling_target.ts';
import { listCheckpoints } from '../../src/run_files/checkpoint_log.ts';
import { validateCommand } from '../../src/validate/command.ts';
import { workspace } from '../spec/workspace.ts';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';

let directory: string;

beforeAll(async () => {
  directory = await workspace({ 'data.jsonl': conversationLines(8) });
  await writeChatModel(join(directory, 'model'));
  const dataset = '{builder: conversation_file, file_path: ./data.jsonl, batch_size: 4}';
  await writeFile(
    join(directory, 'spec.yaml'),
    `{trainer: supervised, model_name: ./model, service: {builder: local, threads: 1}, dataset: ${dataset}, lora_rank: 4, num_epochs: 1}`,
  );
  await run('first', 'renderer=role_colon');
});

/** Trains, and says with which renderer. */
async function run(name: string, ...overrides: string[]): Promise<unknown> {
  await runFile(join(directory, 'spec.yaml'), {
    registry: builtinRegistry(),
    overrides: [`log_path=${join(directory, name)}`, ...overrides],
    cwd: directory,
    env: {},
    argv: [],
    ask: null,
    onEvent: () => undefined,
    signal: new AbortController().signal,
  });
  return (await listCheckpoints(join(directory, name))).at(-1)?.extra?.renderer;
}

const FROM_FIRST = 'load_checkpoint_path=first';

test('a run goes on with the renderer of the weights that it starts from, and hands it on', async () => {
  expect(await run('second', FROM_FIRST)).toMatchObject({ builder: 'role_colon' });
  expect(await run('third', 'load_checkpoint_path=second')).toMatchObject({ builder: 'role_colon' });
});

test('another renderer is an error that names both and the field that allows it', async () => {
  await run('other', FROM_FIRST, 'renderer=chat_template');
  const { state, error } = JSON.parse(await readFile(join(directory, 'other/status.json'), 'utf8'));
  expect(state).toBe('failed');
  expect(error.message).toMatch(
    /were trained with the renderer role_colon, and this is chat_template: .*renderer_override: true/,
  );
});

test('and validate tells so before, exactly where the run would refuse', async () => {
  const issues = async (...overrides: string[]) => {
    const argv = ['spec.yaml', `log_path=${join(directory, 'unborn')}`, ...overrides];
    const { diagnostics } = await validateCommand(argv, builtinRegistry, { cwd: directory, env: {} });
    return diagnostics.map(({ path, message }) => `${path}: ${message}`);
  };
  expect(await issues(FROM_FIRST, 'renderer=chat_template')).toEqual([
    'renderer: the weights (first, as it ended) were trained with the renderer role_colon, and this is chat_template: set renderer_override: true if that is meant (in "renderer=chat_template")',
  ]);
  expect(await issues(FROM_FIRST, 'renderer=chat_template', 'renderer_override=true')).toEqual([]);
  expect(await issues(FROM_FIRST, 'renderer=role_colon')).toEqual([]);
  expect(await issues(FROM_FIRST)).toEqual([]);
  expect(await issues('load_checkpoint_path=model', 'renderer=role_colon')).toEqual([]);
});

test('another renderer that is meant is used', async () => {
  const meant = await run('meant', FROM_FIRST, 'renderer=chat_template', 'renderer_override=true');
  expect(meant).toMatchObject({ builder: 'chat_template' });
});

test('whoever chats with a run speaks to it as it was trained, also where its spec names no renderer', async () => {
  await run('silent', FROM_FIRST);
  expect(JSON.parse(await readFile(join(directory, 'silent/run.json'), 'utf8')).spec.renderer).toBeNull();
  const target = await openSamplingTarget(join(directory, 'silent'), builtinRegistry());
  try {
    expect(target.renderer.getStopSequences()).toEqual(['\n\nUser:']);
  } finally {
    await target.close();
  }
});
