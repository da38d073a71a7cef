// SkyRL's skyrl-tx, a server of the Tinker API that shares nothing with ours: on JAX, on the CPU, as its documentation starts it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answers, freePort } from '../support/ports.ts';
import { type Python, pythonOf } from './venv.ts';

export const skyrlTx = (): Promise<Python> =>
  pythonOf({
    name: 'skyrl-tx',
    requirements: join(import.meta.dirname, 'skyrl_tx_requirements.txt'),
    packages: 'JAX, PyTorch and skyrl-tx, about 2 GB,',
  });

const START_MS = 300_000;
const BACKEND = { max_lora_adapters: 4, max_lora_rank: 16 };

export interface IndependentServer {
  url: string;
  /** What it calls its model. */
  model: string;
  stop(): Promise<void>;
}

/** Serves a model in Hugging Face layout, in float32. What it writes is in `directory`. */
export async function startSkyrlTx(python: string, model: string, directory: string): Promise<IndependentServer> {
  const served = await inFloat32(model, join(directory, 'model'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const bin = dirname(python);
  const server = spawn(
    python,
    [
      ...[
        '-m',
        'tx.tinker.api',
        '--base-model',
        served,
        '--backend',
        'jax',
        '--backend-config',
        JSON.stringify(BACKEND),
      ],
      ...['--checkpoints-base', join(directory, 'checkpoints'), '--host', '127.0.0.1', '--port', `${port}`],
      ...['--database-url', `sqlite:///${join(directory, 'tinker.db')}`],
    ],
    {
      cwd: directory,
      // It starts its engine with uv, which takes the environment that it is told of.
      env: {
        ...process.env,
        VIRTUAL_ENV: dirname(bin),
        PATH: `${bin}${delimiter}${process.env.PATH}`,
        JAX_PLATFORMS: 'cpu',
        HF_HUB_OFFLINE: '1',
        // What was compiled once lies beside the environment, for the next run.
        JAX_COMPILATION_CACHE_DIR: join(dirname(bin), 'compiled'),
        JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS: '0',
      },
      stdio: 'ignore',
      // A group of its own: its engine is a process that it starts, and both are to end.
      detached: true,
    },
  );
  const ended = once(server, 'exit');
  const stop = async () => {
    if (server.pid !== undefined && server.exitCode === null) process.kill(-server.pid, 'SIGKILL');
    await ended;
  };
  const until = performance.now() + START_MS;
  while (!(await answers(`${url}/api/v1/healthz`))) {
    if (server.exitCode !== null || performance.now() > until) {
      await stop();
      throw new Error(`skyrl-tx did not start (${server.exitCode ?? 'no answer'})`);
    }
    await sleep(200);
  }
  return { url, model: served, stop };
}

/** The same weights in a directory that asks for float32: in the half precision of files, a CPU computes slowly and roughly. */
async function inFloat32(model: string, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(model)) {
    if (name !== 'config.json') await symlink(join(model, name), join(directory, name));
  }
  const config: object = JSON.parse(await readFile(join(model, 'config.json'), 'utf8'));
  await writeFile(join(directory, 'config.json'), JSON.stringify({ ...config, torch_dtype: 'float32' }));
  return directory;
}
