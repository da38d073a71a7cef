// `tinker checkpoint download` of the official SDK, unmodified, against our server: files by their addresses, and the archive of before.

import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { readAdapterConfig } from '../../src/formats/adapter.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { openModel, openServer } from '../support/tinker_server.ts';
import { pypiPackage } from './packages.ts';
import { pythonOf } from './venv.ts';

const RUN_CLI = `import sys
sys.path.insert(0, sys.argv.pop(1))
from tinker.cli.__main__ import cli
cli()
`;

const environment = await pythonOf({
  name: 'tinker-sdk',
  requirements: join(import.meta.dirname, 'tinker_requirements.txt'),
  packages: 'what the SDKs of the Tinker API ask for',
});
if ('missing' in environment) process.stderr.write(`interop: TINKER DOWNLOADS ARE SKIPPED: ${environment.missing}\n`);

describe.skipIf('missing' in environment)('the official SDK', () => {
  it.each(['0.25.0', '0.38.0'])(
    '%s downloads a checkpoint as a PEFT adapter',
    { timeout: 180_000 },
    async (version) => {
      const python = 'missing' in environment ? '' : environment.path;
      const sdk = await pypiPackage(python, `tinker==${version}`);
      if ('missing' in sdk) throw new Error(sdk.missing);
      const { url, client, failures } = await openServer();
      const { model_id } = await openModel(client);
      const { path } = await client.done('save_weights', { model_id, seq_id: 1, path: 'one' });
      const directory = await temporaryDirectory();
      const script = join(directory, 'cli.py');
      await writeFile(script, RUN_CLI);
      const argv = [
        '-W',
        'ignore',
        script,
        sdk.directory,
        'checkpoint',
        'download',
        String(path),
        '--output',
        directory,
      ];
      await execa(python, argv, { env: { TINKER_BASE_URL: url, TINKER_API_KEY: 'tml-local' }, timeout: 120_000 });
      const [downloaded] = (await readdir(directory)).filter((name) => name !== 'cli.py');
      const files = await readdir(join(directory, downloaded));
      expect(files).toEqual(expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']));
      expect(await readAdapterConfig(join(directory, downloaded))).toMatchObject({ rank: 4 });
      expect(failures).toEqual([]);
      // What was exported for the download is gone again.
      expect(Object((await client.send('GET', 'checkpoints')).body).checkpoints).toHaveLength(1);
    },
  );
});
