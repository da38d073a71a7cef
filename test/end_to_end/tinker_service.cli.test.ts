// A run on a server that speaks the Tinker API: what it asks there, and that its key stands nowhere afterwards.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { conversationLines, writeChatModel } from '../support/chat_model.ts';
import { cookbook } from '../support/cli.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { FakeService, KEY } from '../tinker/http/support/fake_service.ts';

const SPEC = `
trainer: supervised
log_path: run
model_name: ./toy
dataset: {builder: conversation_file, file_path: ./data.jsonl, batch_size: 4, test_size: 4}
learning_rate: 0.02
max_steps: 4
save_every: 2
eval_every: 2
`;

async function prepared(): Promise<string> {
  const cwd = await temporaryDirectory();
  await writeChatModel(join(cwd, 'toy'));
  await writeFile(join(cwd, 'data.jsonl'), conversationLines(24));
  await writeFile(join(cwd, 'spec.yaml'), SPEC);
  return cwd;
}

async function textsBelow(directory: string): Promise<[path: string, text: string][]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return await Promise.all(
    files.map(async (path): Promise<[string, string]> => [path, await readFile(path, 'latin1')]),
  );
}

it('trains, saves and evaluates there, and the key stands in no file and on no screen', async () => {
  const cwd = await prepared();
  const fake = new FakeService();
  const address = await fake.start();
  const service = ['service.builder=tinker', `service.base_url=${address}`];
  const { code, stdout, stderr } = await cookbook(['run', 'spec.yaml', ...service], {
    cwd,
    env: { TINKER_API_KEY: KEY },
  });
  expect(stderr).toContain('is the model org/toy of the service');
  expect(code).toBe(0);
  expect(fake.done.filter((what) => !what.startsWith('forward '))).toEqual([
    'create_model',
    'forward_backward 4',
    'optim_step',
    'forward_backward 4',
    'optim_step',
    'save 000002',
    'save_for_sampler 000002',
    'forward_backward 4',
    'optim_step',
    'forward_backward 4',
    'optim_step',
    'save final',
    'save_for_sampler final',
  ]);
  expect(fake.heardOf('sessions/session-1/finish')).toHaveLength(1);
  expect(fake.heard.every(({ headers }) => headers['x-api-key'] === KEY)).toBe(true);
  const files = await textsBelow(cwd);
  expect(files.length).toBeGreaterThan(8);
  expect(files.filter(([, text]) => text.includes(KEY)).map(([path]) => path)).toEqual([]);
  expect(stdout + stderr).not.toContain(KEY);
});

it('goes on from its last state there after a failure, which is told without the key', async () => {
  const cwd = await prepared();
  const fake = new FakeService();
  const address = await fake.start();
  const run = () =>
    cookbook(['run', 'spec.yaml', 'service.builder=tinker', `service.base_url=${address}`], {
      cwd,
      env: { TINKER_API_KEY: KEY },
    });
  fake.fault = ({ path, json }) =>
    path === 'optim_step' && fake.heardOf('save_weights').length > 0 && json.model_id === 'session-1:train:0'
      ? { status: 403, body: { detail: `${KEY} has been withdrawn` } }
      : null;
  const failed = await run();
  expect(failed.stderr).toContain('POST /api/v1/optim_step: HTTP 403: [key] has been withdrawn');
  expect(failed.code).toBe(1);
  fake.fault = () => null;
  const resumed = await run();
  expect(resumed.code).toBe(0);
  expect(fake.heardOf('load_weights').map(({ json }) => [json.path, json.optimizer])).toEqual([
    ['tinker://session-1:train:0/weights/000002', true],
  ]);
  expect(fake.done.filter((what) => !what.startsWith('forward ')).slice(-7)).toEqual([
    'load_weights tinker://session-1:train:0/weights/000002 true',
    'forward_backward 4',
    'optim_step',
    'forward_backward 4',
    'optim_step',
    'save final',
    'save_for_sampler final',
  ]);
  const files = await textsBelow(cwd);
  expect(files.filter(([, text]) => text.includes(KEY)).map(([path]) => path)).toEqual([]);
});
