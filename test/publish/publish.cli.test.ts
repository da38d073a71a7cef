// `cookbook publish` as people type it.

import { expect, it } from 'vitest';
import { cookbook } from '../support/cli.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { writableHub } from '../support/writable_hub.ts';
import { finishedRun } from './support/finished_run.ts';

it('publishes a run, shows it beforehand, and says in a line what a hub refuses', { timeout: 120_000 }, async () => {
  const cwd = await temporaryDirectory();
  await finishedRun(cwd);
  const hub = await writableHub();
  const publish = (token: string, ...flags: string[]) =>
    cookbook(['publish', 'run', '--repo', 'me/sums', ...flags], {
      cwd,
      env: { HF_ENDPOINT: hub.url, HF_TOKEN: token, HF_HOME: cwd },
    });

  const shown = await publish('', '--dry-run');
  expect(shown.code).toBe(0);
  expect(shown.stdout).toContain('me/sums would hold\n');
  expect(shown.stdout).toContain('library_name: peft\n');
  expect(shown.stderr).toBe(
    'model is not on the hub: whoever loads the adapter needs it too. --merged publishes the whole model.',
  );
  expect(hub.requests).toEqual([]);

  const refused = await publish('hf_reads');
  expect(refused.code).toBe(1);
  expect(refused.stderr.replaceAll(hub.url, 'HUB').split('\n').slice(1)).toEqual([
    'HUB refuses me/sums: Invalid credentials: Bearer [token]. URL: HUB/api/repos/create',
    'It does not know the token: look at HF_TOKEN.',
  ]);

  const published = await publish('hf_writes', '--merged');
  expect(published.code).toBe(0);
  expect(published.stdout.replaceAll(/ +\d+ {2}/g, '  BYTES  ').replaceAll(hub.url, 'HUB')).toMatchInlineSnapshot(`
    "me/sums holds
      BYTES  README.md
      BYTES  config.json
      BYTES  model.safetensors
      BYTES  tokenizer.json
      BYTES  tokenizer_config.json

    HUB/me/sums/commit/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    "
  `);
  expect(hub.titles).toEqual(['Publish final of run (2 steps)']);
});
