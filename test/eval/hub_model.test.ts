// cookbook eval of a model of the hub, whose name leads to other weights when its branch has moved.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { evalCommand } from '../../src/eval/command.ts';
import { LocalHub } from '../hub/local_hub.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const NAME = 'acme/tiny-model';
const [BEFORE, AFTER] = ['a'.repeat(40), 'b'.repeat(40)];

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A hub whose branch `main` is at this commit. Its address is another one each time: a process asks a hub once. */
async function hubAt(sha: string): Promise<void> {
  const directory = await writeChatModel(join(await temporaryDirectory(), 'model'));
  const names = await readdir(directory);
  const contents = await Promise.all(names.map((name) => readFile(join(directory, name))));
  const hub = await LocalHub.start({ name: NAME, sha, files: new Map(names.map((name, i) => [name, contents[i]])) });
  const cache = await temporaryDirectory();
  for (const [name, value] of Object.entries({
    HF_ENDPOINT: hub.endpoint,
    HF_HUB_CACHE: cache,
    HF_HOME: cache,
    HF_HUB_OFFLINE: '',
  }))
    vi.stubEnv(name, value);
}

async function evaluated(target: string, saveDir: string): Promise<void> {
  await evalCommand(
    {
      target,
      checkpoint: null,
      service: null,
      baseUrl: null,
      model: null,
      keyEnv: null,
      benchmark: 'arithmetic',
      assignments: [],
      plugins: [],
      sampling: { max_tokens: 2, temperature: 0, seed: 0, num_samples: 1, concurrency: 2, timeout_seconds: 60 },
      limit: 2,
      saveDir,
      argv: ['eval'],
      progress: null,
      notify: () => undefined,
    },
    builtinRegistry(),
  );
}

it('answers of one commit are not gone on with by another', async () => {
  const saveDir = await temporaryDirectory();
  await hubAt(BEFORE);
  await evaluated(NAME, saveDir);
  const settings = JSON.parse(await readFile(join(saveDir, 'arithmetic/settings.json'), 'utf8'));
  expect(settings).toMatchObject({ model: `${NAME}@${BEFORE}` });
  // Named by its commit it is the same model.
  await evaluated(`${NAME}@${BEFORE}`, saveDir);

  await hubAt(AFTER);
  await expect(evaluated(NAME, saveDir)).rejects.toThrow(
    `holds answers that were sampled otherwise: model "${NAME}@${BEFORE}", and this is "${NAME}@${AFTER}"`,
  );
});
